import type { LinkedMethod, LinkedPackage } from '../vm/link/linked-package.ts'
import { OPERATION } from '../vm/link/prepared-code.ts'

/** The code of a package with breakpoints in it, for one card. */
export class WatchedCode {
  readonly linked: LinkedPackage
  /** What the card runs. */
  readonly words: Int32Array
  /** First word of each instruction, ascending. */
  readonly starts: Int32Array

  /** @param buffer where the words stand; a shared one lets another thread set breakpoints while the card runs */
  constructor(linked: LinkedPackage, buffer: ArrayBufferLike = new ArrayBuffer(linked.code.length * 4)) {
    this.linked = linked
    this.words = new Int32Array(buffer, 0, linked.code.length)
    this.words.set(linked.code)
    this.starts = instructionStarts(linked)
  }

  /** The word that the linker put there. */
  originalAt(pc: number): number {
    return this.linked.code[pc]!
  }

  /** @param pc first word of an instruction */
  set(pc: number): void {
    this.words[pc] = OPERATION.breakpoint
  }

  clear(pc: number): void {
    this.words[pc] = this.linked.code[pc]!
  }

  setAll(): void {
    for (const pc of this.starts) this.words[pc] = OPERATION.breakpoint
  }

  clearAll(): void {
    this.words.set(this.linked.code)
  }

  /** First word of the instruction at an offset in Method `info`, or of the next one; undefined behind the last. */
  startAtOrAfter(capOffset: number): number | undefined {
    return this.starts.find((pc) => this.linked.capOffsets[pc]! >= capOffset)
  }

  /** The method that a word of code belongs to. */
  methodAt(pc: number): LinkedMethod {
    return methodAt(this.linked, pc)
  }
}

/** Operands, and the guard of an instruction's stack, stand under the offset of their instruction. */
function instructionStarts(linked: LinkedPackage): Int32Array {
  const headers = new Set(linked.methods.filter(({ entry }) => entry >= 0).map(({ entry }) => entry - 1))
  const { capOffsets } = linked
  const starts: number[] = []
  for (let pc = 0; pc < capOffsets.length; pc++) {
    if (!headers.has(pc) && (headers.has(pc - 1) || capOffsets[pc] !== capOffsets[pc - 1])) starts.push(pc)
  }
  return Int32Array.from(starts)
}

/** The method that a word of code belongs to. */
export function methodAt(linked: LinkedPackage, pc: number): LinkedMethod {
  let found: LinkedMethod | undefined
  for (const method of linked.methods) {
    if (method.entry >= 0 && method.entry <= pc && (found === undefined || method.entry > found.entry)) found = method
  }
  return found!
}
