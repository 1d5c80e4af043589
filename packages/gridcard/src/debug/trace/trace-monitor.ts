import { basename } from 'node:path'
import {
  type CodePosition,
  type LinkedMethod,
  type LinkedPackage,
  type Machine,
  type Monitor,
  reasonAt,
  WatchedCode,
} from '@gridcard/card/monitor'
import type { CardSymbols } from '../../symbols/card-symbols.ts'

/** Writes a line for each instruction that runs: method, offset, source line, text. */
export class TraceMonitor implements Monitor {
  readonly #codes = new Map<LinkedPackage, WatchedCode>()
  readonly #symbols: CardSymbols
  readonly #write: (line: string) => void
  /** By package and offset. */
  readonly #texts = new Map<string, string>()

  constructor(symbols: CardSymbols, write: (line: string) => void) {
    this.#symbols = symbols
    this.#write = write
  }

  codeOf(linked: LinkedPackage): Int32Array {
    let code = this.#codes.get(linked)
    if (code === undefined) {
      code = new WatchedCode(linked)
      code.setAll()
      this.#codes.set(linked, code)
    }
    return code.words
  }

  reached({ memory }: Machine, { instance, pc, sp, control }: CodePosition): number {
    const code = this.#codes.get(instance.linked)!
    const offset = instance.linked.capOffsets[pc]!
    const bottom = (control << 1) + CONTROL_WORDS
    const stack = Array.from({ length: Math.max(0, Math.min(4, sp - bottom)) }, (_, i) => memory.i16[sp - 1 - i])
    this.#write(`${this.#text(instance.linked, offset).padEnd(STACK_COLUMN)}  [${stack.join(' ')}]\n`)
    return code.originalAt(pc)
  }

  /** Told only where the instruction does not name it: a virtual call that ends in another class. */
  callingNative(_machine: Machine, { instance: { linked }, pc }: CodePosition, method: LinkedMethod): void {
    if (this.#text(linked, linked.capOffsets[pc]!).endsWith(method.name)) return
    this.#write(`${' '.repeat(INDENT)}  calls ${method.name}\n`)
  }

  raised(machine: Machine, _at: CodePosition, thrown: number): void {
    const name = this.#symbols.className(machine.classOf(thrown))
    const reason = reasonAt(machine, thrown)
    const digits = reason === undefined ? '' : ` ${(reason & 0xffff).toString(16).toUpperCase().padStart(4, '0')}`
    this.#write(`${' '.repeat(INDENT)}  throws ${name}${digits}\n`)
  }

  halting({ halted }: Machine): void {
    this.#write(`${' '.repeat(INDENT)}  halts: ${halted}\n`)
  }

  #text({ aid }: LinkedPackage, offset: number): string {
    const key = `${aid}:${offset}`
    let text = this.#texts.get(key)
    if (text === undefined) {
      const symbols = this.#symbols.of(aid)
      const place = symbols?.placeAt(offset)
      const where = place === undefined ? '' : ` (${basename(place.path)}:${place.line})`
      const name = `${symbols?.methodName(offset) ?? aid}${where}`
      text = `${name.padEnd(INDENT - 6)}  ${offset.toString(16).padStart(4, '0')}  ${symbols?.instructionAt(offset)?.text ?? ''}`
      this.#texts.set(key, text)
    }
    return text
  }
}

const CONTROL_WORDS = 6
const INDENT = 40
const STACK_COLUMN = 76
