import { ARRAY_TYPES } from '../instructions/instruction-table.ts'

/** Words for the array type operand of newarray, checkcast and instanceof. */
export const ARRAY_TYPE_WORDS: ReadonlyMap<string, number> = new Map([
  ['class', ARRAY_TYPES.classOrInterface],
  ['boolean', ARRAY_TYPES.boolean],
  ['byte', ARRAY_TYPES.byte],
  ['short', ARRAY_TYPES.short],
  ['int', ARRAY_TYPES.int],
  ['reference', ARRAY_TYPES.reference],
])

export function arrayTypeWord(arrayType: number): string | undefined {
  for (const [word, value] of ARRAY_TYPE_WORDS) if (value === arrayType) return word
  return undefined
}

/** Types whose checkcast and instanceof name a class. */
export function namesClass(arrayType: number): boolean {
  return arrayType === ARRAY_TYPES.classOrInterface || arrayType === ARRAY_TYPES.reference
}
