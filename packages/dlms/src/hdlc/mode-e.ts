import { DlmsError } from '../errors.ts'
import type { ByteStream, Timer } from './byte-stream.ts'

/** Speeds of the identification character. @source IEC 62056-21 §6.3.14, mode C and E */
export const modeESpeeds: Readonly<Record<string, number>> = {
  '0': 300,
  '1': 600,
  '2': 1200,
  '3': 2400,
  '4': 4800,
  '5': 9600,
  '6': 19_200,
}

/** How a line is to be set: the sign-on is spoken with 7 bits and even parity, HDLC with 8 and none. */
export interface LineSettings {
  readonly baud: number
  readonly characters: '7E1' | '8N1'
}

export interface ModeEOptions {
  readonly stream: ByteStream
  readonly timer: Timer
  /** Sets a serial port; a line behind a gateway needs none. */
  readonly setLine?: (settings: LineSettings) => Promise<void>
  /** Up to 32 characters; without it whoever is at the other end answers. */
  readonly deviceAddress?: string
  /** Fastest speed to go to. Default 19,200. */
  readonly mostBaud?: number
  /** For the identification, default 3 s: 300 baud are slow. */
  readonly timeoutMs?: number
}

export interface ModeESignOn {
  /** The line as HDLC goes on with it. */
  readonly stream: ByteStream
  /** Three letters of the maker, and what follows the speed. */
  readonly maker: string
  readonly identification: string
  readonly baud: number
}

const ACK = 0x06
const LINE_FEED = 0x0a
const LONGEST_LINE = 128
/** A meter may echo the acknowledgement before it changes over. */
const ECHO_WAIT_MS = 1200
/** @source IEC 62056-21 §6.5.2: time for both ends to change over */
const CHANGEOVER_MS = 300

/**
 * The way from a terminal line into HDLC: request, identification, acknowledgement with protocol 2 and mode 2, the new speed.
 * @throws DlmsError `DLMS_TIMEOUT` when nobody identifies itself; `DLMS_LINK_REFUSED` for an identification without a speed that
 * mode E has; `DLMS_TRANSPORT_CLOSED`
 * @source IEC 62056-21 §6.3.1, §6.3.2, annex E
 */
export async function signOnModeE(options: ModeEOptions): Promise<ModeESignOn> {
  const { stream, timer, setLine, deviceAddress = '', mostBaud = 19_200, timeoutMs = 3000 } = options
  if (!/^[A-Za-z0-9 ]{0,32}$/.test(deviceAddress)) {
    throw new DlmsError('DLMS_CONFIGURATION', 'a device address has up to 32 letters, digits or spaces')
  }
  const line = new TerminalLine(stream, timer)
  await setLine?.({ baud: 300, characters: '7E1' })
  line.write(`/?${deviceAddress}!\r\n`)
  const identification = await line.read(timeoutMs, (text) => text.startsWith('/'))
  if (identification === undefined) throw new DlmsError('DLMS_TIMEOUT', 'no meter identifies itself on this line')
  const [, maker, speed, rest] = /^\/([A-Za-z]{3})(.)([^\r\n]*)/.exec(identification) ?? []
  const offered = speed === undefined ? undefined : modeESpeeds[speed]
  if (maker === undefined || offered === undefined) {
    throw new DlmsError('DLMS_LINK_REFUSED', 'the meter offers no speed of mode E', { identification })
  }
  const [digit, baud] = fastest(Math.min(offered, mostBaud))
  line.write(`${String.fromCharCode(ACK)}2${digit}2\r\n`)
  const echo = await line.read(ECHO_WAIT_MS, (text) => text.charCodeAt(0) === ACK)
  const agreed = echo === undefined ? baud : (modeESpeeds[echo[2] ?? ''] ?? baud)
  if (echo === undefined) await pause(timer, CHANGEOVER_MS)
  await setLine?.({ baud: agreed, characters: '8N1' })
  return { stream: line.handOver(), maker, identification: rest ?? '', baud: agreed }
}

function fastest(most: number): [digit: string, baud: number] {
  const usable = Object.entries(modeESpeeds).filter(([, baud]) => baud <= most)
  return usable.at(-1) ?? ['0', 300]
}

const pause = (timer: Timer, ms: number) => new Promise<void>((resolve) => timer.after(ms, resolve))

/** Lines of text on a byte stream, until somebody else takes it over. */
class TerminalLine {
  readonly #stream: ByteStream
  readonly #timer: Timer
  #text = ''
  #waiting: (() => void) | undefined
  #closed: { readonly cause?: unknown } | undefined
  #onBytes: ((chunk: Uint8Array) => void) | undefined
  #onClose: ((cause?: unknown) => void) | undefined

  constructor(stream: ByteStream, timer: Timer) {
    this.#stream = stream
    this.#timer = timer
    stream.onBytes((chunk) => {
      if (this.#onBytes !== undefined) {
        this.#onBytes(chunk)
        return
      }
      // Behind a gateway the parity bit may still be there.
      for (const octet of chunk) this.#text += String.fromCharCode(octet & 0x7f)
      this.#text = this.#text.slice(-LONGEST_LINE)
      this.#waiting?.()
    })
    stream.onClose((cause) => {
      this.#closed = { cause }
      this.#waiting?.()
      this.#onClose?.(cause)
    })
  }

  write(text: string): void {
    this.#stream.write(Uint8Array.from(text, (character) => character.charCodeAt(0)))
  }

  /** The next whole line that is wanted, without what stood before it; undefined when the time is up. */
  read(timeoutMs: number, isWanted: (line: string) => boolean): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      const finish = (act: () => void) => {
        cancel()
        this.#waiting = undefined
        act()
      }
      const cancel = this.#timer.after(timeoutMs, () => finish(() => resolve(undefined)))
      const look = () => {
        const line = this.#takeLine(isWanted)
        if (line !== undefined) finish(() => resolve(line))
        else if (this.#closed !== undefined) {
          const { cause } = this.#closed
          const options = cause === undefined ? {} : { cause }
          finish(() => reject(new DlmsError('DLMS_TRANSPORT_CLOSED', 'the line was closed', {}, options)))
        }
      }
      this.#waiting = look
      look()
    })
  }

  #takeLine(isWanted: (line: string) => boolean): string | undefined {
    for (;;) {
      const end = this.#text.indexOf(String.fromCharCode(LINE_FEED))
      if (end === -1) return undefined
      const line = this.#text.slice(0, end)
      this.#text = this.#text.slice(end + 1)
      // An optical head may echo what we sent ourselves, so a request is no identification.
      if (isWanted(line) && !line.startsWith('/?')) return line
    }
  }

  handOver(): ByteStream {
    return {
      write: (bytes) => this.#stream.write(bytes),
      close: () => this.#stream.close(),
      onBytes: (listener) => {
        this.#onBytes = listener
      },
      onClose: (listener) => {
        this.#onClose = listener
        if (this.#closed !== undefined) listener(this.#closed.cause)
      },
    }
  }
}
