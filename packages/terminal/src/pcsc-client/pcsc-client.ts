import type { Card, Client, Reader, ReaderStatusFlags } from 'pcsc-mini'
import type { CardLink } from '../card-link.ts'
import { parseCommand } from '../command-apdu.ts'
import { TerminalError } from '../errors.ts'

/** A reader of the system's PC/SC service, or of the endpoint that `PCSCLITE_CSOCK_NAME` names. */
export interface PcscReaderState {
  readonly name: string
  /** Undefined without a card, or with a mute one. */
  readonly atr: Uint8Array | undefined
}

export interface ConnectPcscOptions {
  /** Nobody else may use the card meanwhile. Default: true, a secure channel does not bear others in between. */
  readonly exclusive?: boolean
  /** For the service to name its readers. Default: 3 s. */
  readonly timeoutMs?: number
}

/** A card in a real reader. */
export interface PcscCardLink extends CardLink {
  readonly reader: string
  readonly atr: Uint8Array
  /** Resets the card and lets go of it. */
  close(): Promise<void>
}

type Library = typeof import('pcsc-mini')

/** The library and its native half are optional: loaded when a real reader is wanted. */
async function loadLibrary(): Promise<Library> {
  try {
    return await import('pcsc-mini')
  } catch (cause) {
    throw new TerminalError(
      'TERMINAL_PCSC_UNAVAILABLE',
      'readers of this system cannot be used: libpcsclite is missing (Debian: libpcsclite1 and pcscd), or pcsc-mini was not installed',
      {},
      { cause },
    )
  }
}

/** How long nothing new has to come, until the readers that were named are all. */
const QUIET_MS = 150

/**
 * pcsc-mini 0.1.3 ends its monitor by SCardCancel, which does nothing while the monitor is not waiting, and then waits for it
 * without end: seen when a change, our own disconnect for one, came just before. So changes get time to be dealt with.
 */
async function stop(client: Client): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS))
  client.stop()
}

interface Seen {
  readonly reader: Reader
  status: ReaderStatusFlags | undefined
  atr: Uint8Array
}

/** Starts the library's monitor, lets `act` use what it found, and stops it. */
async function withReaders<T>(
  library: Library,
  {
    timeoutMs,
    isEnough,
  }: { readonly timeoutMs: number; readonly isEnough: (seen: ReadonlyMap<string, Seen>) => boolean },
  act: (seen: ReadonlyMap<string, Seen>, client: Client) => Promise<T>,
): Promise<T> {
  const client = new library.Client()
  const seen = new Map<string, Seen>()
  await new Promise<void>((resolve, reject) => {
    let quiet: NodeJS.Timeout | undefined
    const limit = setTimeout(done, timeoutMs)
    function done() {
      clearTimeout(limit)
      clearTimeout(quiet)
      resolve()
    }
    function heard() {
      clearTimeout(quiet)
      if (isEnough(seen)) done()
      else if ([...seen.values()].every(({ status }) => status !== undefined)) quiet = setTimeout(done, QUIET_MS)
    }
    client.on('reader', (reader) => {
      const entry: Seen = { reader, status: undefined, atr: new Uint8Array() }
      seen.set(reader.name(), entry)
      reader.on('change', (status, atr) => {
        entry.status = status
        entry.atr = atr.slice()
        heard()
      })
    })
    client.on('error', (cause) => {
      clearTimeout(limit)
      clearTimeout(quiet)
      reject(
        new TerminalError(
          'TERMINAL_PCSC_UNAVAILABLE',
          `the PC/SC service does not answer: ${cause.message}`,
          {},
          { cause },
        ),
      )
    })
    client.start()
  }).catch(async (error: unknown) => {
    await stop(client)
    throw error
  })
  try {
    return await act(seen, client)
  } catch (error) {
    await stop(client)
    throw error
  }
}

/** @throws TerminalError `TERMINAL_PCSC_UNAVAILABLE` */
export async function listPcscReaders({
  timeoutMs = 1000,
}: {
  readonly timeoutMs?: number
} = {}): Promise<PcscReaderState[]> {
  const library = await loadLibrary()
  return withReaders(library, { timeoutMs, isEnough: () => false }, async (seen, client) => {
    await stop(client)
    return [...seen].map(([name, { atr }]) => ({ name, atr: atr.length === 0 ? undefined : atr }))
  })
}

/**
 * Connects to the card in a reader.
 *
 * @param name the reader's name, or a part of it that no other has
 * @throws TerminalError `TERMINAL_PCSC_UNAVAILABLE`, `TERMINAL_PCSC_NO_READER`, `TERMINAL_PCSC_CARD_FAILED`
 */
export async function connectPcscReader(name: string, options: ConnectPcscOptions = {}): Promise<PcscCardLink> {
  const library = await loadLibrary()
  const { timeoutMs = 3000, exclusive = true } = options
  const isEnough = (seen: ReadonlyMap<string, Seen>) => seen.get(name)?.status !== undefined
  return withReaders(library, { timeoutMs, isEnough }, async (seen, client) => {
    const { reader } = requireReader(seen, name)
    const mode = exclusive ? library.CardMode.EXCLUSIVE : library.CardMode.SHARED
    const card = await reader.connect(mode, library.Protocol.ANY).catch(failed(`the card in ${reader.name()}`))
    const { atr } = await card.state().catch(failed(`the card in ${reader.name()}`))
    return linkOf(library, { card, client, reader: reader.name(), atr: atr.slice() })
  })
}

function requireReader(seen: ReadonlyMap<string, Seen>, name: string): Seen {
  const exact = seen.get(name)
  if (exact !== undefined) return exact
  const matching = [...seen].filter(([candidate]) => candidate.toLowerCase().includes(name.toLowerCase()))
  if (matching.length === 1) return matching[0]![1]
  const names = [...seen.keys()].join(', ') || 'none'
  const what = matching.length === 0 ? 'there is no reader' : 'there are several readers'
  throw new TerminalError('TERMINAL_PCSC_NO_READER', `${what} "${name}"; the readers are: ${names}`)
}

const failed =
  (what: string) =>
  (cause: Error): never => {
    throw new TerminalError('TERMINAL_PCSC_CARD_FAILED', `${what} cannot be used: ${cause.message}`, {}, { cause })
  }

interface Connected {
  readonly card: Card
  readonly client: Client
  readonly reader: string
  readonly atr: Uint8Array
}

function linkOf(library: Library, { card, client, reader, atr }: Connected): PcscCardLink {
  const response = new ArrayBuffer(65_538)
  let isOpen = true
  const close = async () => {
    if (!isOpen) return
    isOpen = false
    try {
      await card.disconnect(library.CardDisposition.RESET)
    } catch {
      // The card was taken out: nothing is left to let go of.
    }
    await stop(client)
  }
  return {
    reader,
    atr,
    powerOn: async () => {
      await card
        .reconnect(library.CardMode.EXCLUSIVE, library.CardDisposition.RESET)
        .catch(failed(`the card in ${reader}`))
      return atr
    },
    async transmit(command) {
      const bytes = card.protocol() === library.Protocol.T0 ? withoutLe(command) : command
      return (await card.transmit(bytes, response).catch(failed(`the card in ${reader}`))).slice()
    },
    powerOff: close,
    close,
  }
}

/** In T=0 a command with data has no Le: the card says by 61xx what is there. @source ISO/IEC 7816-3 §12.2 */
function withoutLe(command: Uint8Array): Uint8Array {
  const { data, ne } = parseCommand(command)
  const isShort = command.length <= 261 && command[4] !== 0
  return data !== undefined && ne !== undefined && isShort ? command.slice(0, -1) : command
}
