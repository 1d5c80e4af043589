import { existsSync, statSync, writeFileSync } from 'node:fs'
import { CardError, MemoryCard, MemoryCardError } from '@gridcard/card'
import { describeStatusWord, emitCommand, parseResponse } from '@gridcard/terminal'
import { LauncherError } from '../errors.ts'
import { FileNvStore } from '../start/file-nv-store.ts'
import { MemoryCommandError } from './errors.ts'

/** Pseudo-APDUs that the commands use: PC/SC part 3, without the dialect of one make of readers. */
const INS = { presentCode: 0x20, changeCode: 0x21, readBinary: 0xb0, protect: 0x30, updateBinary: 0xd6 } as const
/** Most data bytes in one command; FF 30 has five bytes of its own. */
const CHUNK_BYTES = 240

/** What came of presenting a code. */
export interface CodeOutcome {
  readonly isAccepted: boolean
  readonly triesLeft: number
}

/** A memory card whose image is a file, powered, in a reader of its own. */
export class CardFile {
  readonly card: MemoryCard
  readonly atr: Uint8Array

  private constructor(card: MemoryCard) {
    this.card = card
    this.atr = card.powerOn()
  }

  /** @throws LauncherError if there is something already, the chip is unknown or the code does not fit */
  static create(path: string, chip: string, code: Uint8Array | undefined): MemoryCard {
    if (existsSync(path)) throw new LauncherError('GRIDCARD_BAD_OPTION', `${path} is there already`)
    try {
      const card = MemoryCard.create({ chip, ...(code && { code }) })
      writeFileSync(path, card.image(), { flag: 'wx', mode: 0o600 })
      return card
    } catch (cause) {
      if (cause instanceof MemoryCardError || isSystemError(cause)) {
        throw new LauncherError('GRIDCARD_BAD_OPTION', cause.message, {}, { cause })
      }
      throw cause
    }
  }

  /** Opens, acts, and closes the file whatever happens. */
  static use<T>(path: string, act: (file: CardFile) => T): T {
    const store = new FileNvStore(path)
    try {
      return act(new CardFile(openCard(path, store)))
    } finally {
      store.close()
    }
  }

  /** As the reader gives it: a code that was not presented reads as zeros. */
  read(from: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += CHUNK_BYTES) {
      const ne = Math.min(CHUNK_BYTES, length - at)
      bytes.set(this.#require({ ins: INS.readBinary, address: from + at, ne }, 'read'), at)
    }
    return bytes
  }

  write(address: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const data = bytes.subarray(at, at + CHUNK_BYTES)
      this.#require({ ins: INS.updateBinary, address: address + at, data }, 'write')
    }
  }

  /** Irreversible. `bytes` is what stands at `address`: the card compares. */
  protect(address: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      const to = address + at
      const data = Uint8Array.of(1, 0, 0, to >> 8, to & 0xff, ...bytes.subarray(at, at + CHUNK_BYTES))
      this.#require({ ins: INS.protect, address: 3, data }, 'protect')
    }
  }

  presentCode(code: Uint8Array): CodeOutcome {
    return this.#codeOutcome(this.#transmit({ ins: INS.presentCode, address: 0, data: code }).sw)
  }

  changeCode(oldCode: Uint8Array, newCode: Uint8Array): CodeOutcome {
    const data = Uint8Array.of(...oldCode, ...newCode)
    return this.#codeOutcome(this.#transmit({ ins: INS.changeCode, address: 0, data }).sw)
  }

  #codeOutcome(sw: number): CodeOutcome {
    if (sw !== 0x9000 && sw >> 4 !== 0x63c && sw !== 0x6983) throw refused('take the code', sw)
    return { isAccepted: sw === 0x9000, triesLeft: this.card.report().triesLeft ?? 0 }
  }

  #transmit(o: { ins: number; address: number; data?: Uint8Array; ne?: number }): { data: Uint8Array; sw: number } {
    // The 17th address bit of the largest I2C memory stands in the instruction.
    const { address, data, ne } = o
    const command = { cla: 0xff, ins: o.ins | (address >> 16), p1: (address >> 8) & 0xff, p2: address & 0xff }
    const sizes = { ...(data && { data }), ...(ne !== undefined && { ne }) }
    return parseResponse(this.card.transmit(emitCommand({ ...command, ...sizes })))
  }

  #require(o: { ins: number; address: number; data?: Uint8Array; ne?: number }, what: string): Uint8Array {
    const { data, sw } = this.#transmit(o)
    if (sw !== 0x9000) throw refused(what, sw)
    return data
  }
}

function refused(what: string, sw: number): MemoryCommandError {
  return new MemoryCommandError('GRIDCARD_MEMORY_REFUSED', `the card did not ${what}: ${describeStatusWord(sw)}`, {
    sw,
  })
}

function openCard(path: string, store: FileNvStore): MemoryCard {
  try {
    if (!statSync(path).isFile()) throw new LauncherError('GRIDCARD_BAD_OPTION', `${path} is not a file`)
    return MemoryCard.open({ store })
  } catch (cause) {
    if (cause instanceof CardError) {
      throw new LauncherError('GRIDCARD_CARD_DAMAGED', `${path}: ${cause.message}`, {}, { cause })
    }
    if (isSystemError(cause)) throw new LauncherError('GRIDCARD_BAD_OPTION', cause.message, {}, { cause })
    throw cause
  }
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error
}
