import { toHex } from '@gridcard/bytes'
import type { ConstantPoolEntry } from '../capfile/cap-file.ts'
import { EXTENDED_FORMAT } from '../capfile/component-codec.ts'
import { emitConstantPool } from '../capfile/constant-pool.ts'

/** The four bytes of an entry, as a key for comparing. */
export function constantKey(entry: ConstantPoolEntry): string {
  return toHex(emitConstantPool([entry], EXTENDED_FORMAT).subarray(2))
}

/** Constant pool under construction: the first entry that fits is found again, a new one is appended. */
export class AssembledConstantPool {
  readonly entries: ConstantPoolEntry[] = []
  readonly #firstIndex = new Map<string, number>()

  append(entry: ConstantPoolEntry): number {
    const index = this.entries.push(entry) - 1
    const key = constantKey(entry)
    if (!this.#firstIndex.has(key)) this.#firstIndex.set(key, index)
    return index
  }

  indexOf(entry: ConstantPoolEntry): number {
    return this.#firstIndex.get(constantKey(entry)) ?? this.append(entry)
  }

  /** Never 0, which means everything where a handler names what it catches. */
  catchIndexOf(entry: ConstantPoolEntry): number {
    if (this.entries.length === 0) this.append(entry)
    if (this.indexOf(entry) > 0) return this.indexOf(entry)
    const key = constantKey(entry)
    const other = this.entries.findIndex((one, i) => i > 0 && constantKey(one) === key)
    return other < 0 ? this.append(entry) : other
  }
}
