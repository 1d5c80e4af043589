import type { CardLink } from '../card-link.ts'
import { TerminalError } from '../errors.ts'
import { NAME_BYTES } from './message-table.ts'
import { type ConnectionPort, PcscConnection } from './pcsc-connection.ts'
import { ReaderSlot, type SlotSurroundings } from './reader-slot.ts'
import { emitReaderName, emitReaderStates, STATE_ENTRIES } from './reader-state.ts'

export interface PcscEndpointOptions {
  /** A random number of 31 bits, not 0. Default: the system's randomness. */
  readonly newHandle?: () => number
  /** Timers. Default: setTimeout. */
  readonly after?: SlotSurroundings['after']
  /** A link that failed, or a mistake of ours that cost a client its connection. Default: nobody is told. */
  readonly onTrouble?: (error: unknown) => void
}

/** One virtual reader, for whoever moves cards. */
export interface PcscReader {
  readonly name: string
  readonly isCardPresent: boolean
  /**
   * Puts a card in and powers it; waiting clients are told.
   * @throws TerminalError `TERMINAL_PCSC_SLOT_OCCUPIED`
   */
  insert(link: CardLink): Promise<void>
  /** Takes the card out; every client that uses it is told. */
  remove(): Promise<void>
}

/**
 * The server side of the pcsc-lite client protocol without its socket: readers on one side, byte streams of clients on the
 * other. Any number of clients, up to 16 readers.
 */
export class PcscEndpoint {
  readonly #slots: (ReaderSlot | undefined)[] = Array.from({ length: STATE_ENTRIES })
  readonly #connections = new Set<PcscConnection>()
  readonly #numbers = new Set<number>()
  readonly #newHandle: () => number
  readonly #after: SlotSurroundings['after']
  readonly #onTrouble: (error: unknown) => void
  #readerEvents = 0

  constructor(options: PcscEndpointOptions = {}) {
    this.#newHandle = options.newHandle ?? randomHandle
    this.#after = options.after ?? systemTimer
    this.#onTrouble = options.onTrouble ?? (() => {})
  }

  /**
   * @param name 1 to 127 bytes of UTF-8, unlike the others
   * @throws TerminalError `TERMINAL_PCSC_READER_NAME`, `TERMINAL_PCSC_TOO_MANY_READERS`
   */
  addReader(name: string): PcscReader {
    const lengthBytes = emitReaderName(name).length
    if (lengthBytes === 0 || lengthBytes >= NAME_BYTES || name.includes('\0') || !name.isWellFormed()) {
      throw new TerminalError('TERMINAL_PCSC_READER_NAME', 'a reader name has 1 to 127 bytes and no NUL', {
        lengthBytes,
      })
    }
    if (this.findSlot(name) !== undefined) {
      throw new TerminalError('TERMINAL_PCSC_READER_NAME', `there is a reader named ${name}`, { name })
    }
    const free = this.#slots.indexOf(undefined)
    if (free < 0) {
      throw new TerminalError('TERMINAL_PCSC_TOO_MANY_READERS', `there are ${STATE_ENTRIES} readers, no more fit`)
    }
    const slot = new ReaderSlot(name, {
      onChange: () => this.#signalAll(),
      onTrouble: this.#onTrouble,
      after: this.#after,
    })
    this.#slots[free] = slot
    this.#readersChanged()
    return slot
  }

  /** Unplugs a reader; a card in it is taken out first. Does nothing when there is none of that name. */
  async removeReader(name: string): Promise<void> {
    const slot = this.findSlot(name)
    if (slot === undefined) return
    await slot.remove()
    this.#slots[this.#slots.indexOf(slot)] = undefined
    this.#readersChanged()
  }

  get readers(): readonly PcscReader[] {
    return this.#slots.filter((slot) => slot !== undefined)
  }

  /** A new client. Hand every chunk that it sends to `receive`, and say when it is gone. */
  connect(port: ConnectionPort): PcscConnection {
    const connection = new PcscConnection(port, {
      findSlot: (name) => this.findSlot(name),
      readerStates: () => emitReaderStates(this.#slots.map((slot) => slot?.state)),
      readerEvents: () => this.#readerEvents,
      takeNumber: () => this.#takeNumber(),
      giveNumberBack: (number) => this.#numbers.delete(number),
      cancel: (context) => this.#cancel(context),
      onTrouble: this.#onTrouble,
      onClosed: () => this.#connections.delete(connection),
    })
    this.#connections.add(connection)
    return connection
  }

  findSlot(name: string): ReaderSlot | undefined {
    return this.#slots.find((slot) => slot?.name === name)
  }

  /** Clients look handles up over all their contexts, so no number is given twice while in use. */
  #takeNumber(): number {
    let number: number
    do number = this.#newHandle() & 0x7fff_ffff
    while (number === 0 || this.#numbers.has(number))
    this.#numbers.add(number)
    return number
  }

  #cancel(context: number): boolean {
    for (const connection of this.#connections) {
      if (connection.context !== context) continue
      connection.cancelWait()
      return true
    }
    return false
  }

  #readersChanged(): void {
    this.#readerEvents = (this.#readerEvents + 1) & 0xffff
    this.#signalAll()
  }

  #signalAll(): void {
    for (const connection of this.#connections) connection.signalChange()
  }
}

function randomHandle(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! & 0x7fff_ffff
}

function systemTimer(timeoutMs: number, act: () => void): () => void {
  const timer = setTimeout(act, timeoutMs)
  return () => clearTimeout(timer)
}
