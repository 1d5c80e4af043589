import type { MethodSource } from '@gridcard/cap'

/** One test of an instruction: assembler text and what must come of it, on every engine. */
export interface OpcodeCase {
  readonly name: string
  /** Body of a static method; a return that fits the expectation is added when none ends it. */
  readonly run: string
  /** `from to target any|Class`, inner first. */
  readonly catches?: readonly string[]
  /** Short result, or a boolean or reference as a number. */
  readonly gives?: number
  readonly givesInt?: number
  /** Simple name of the exception that leaves the method. */
  readonly throws?: string
  readonly reason?: number
  /** Why the VM stops for good. */
  readonly halts?: string
  /** Words, beside the arguments. Default 6. */
  readonly locals?: number
  readonly stack?: number
  readonly args?: readonly number[]
  /** Further static methods. */
  readonly methods?: Readonly<Record<string, MethodSource>>
  /** Instance cells of the class `main`, the first two of them references; default 6. */
  readonly cells?: number
  /** More assembler text: `.statics`, `.class`. */
  readonly text?: string
}

export function opcode(name: string, expectation: Omit<OpcodeCase, 'name'>): OpcodeCase {
  return { name, ...expectation }
}
