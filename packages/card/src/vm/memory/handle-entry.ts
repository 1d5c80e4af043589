/**
 * A handle entry is two 32-bit words:
 *
 * ```
 * word 0   owner (8)  address (24)      where the contents are: below nvSizeBytes persistent, else in RAM
 * word 1   type (16)  length (16)       arrays: elements; objects: bytes of their cells; blocks: units of 4 bytes
 * ```
 *
 * `owner` is 0 for null and freed handles, `JCRE_OWNER`, or a number given to an applet instance or to the context of a
 * package (for the arrays of its static fields). With `DESELECT_OWNER` added the contents are CLEAR_ON_DESELECT: such an
 * entry equals no plain owner, so the fast comparison of the interpreter fails unless the owner's context is selected.
 */
export const NO_OWNER = 0
export const JCRE_OWNER = 1
export const FIRST_FREE_OWNER = 2
export const LAST_OWNER = 0x7e
/** Of an array view: no applet and no package has this number, so each access asks the firewall. */
export const VIEW_OWNER = 0x7f
export const DESELECT_OWNER = 0x80
export const OWNER_MASK = 0x7f

export const ADDRESS_MASK = 0xff_ffff
export const LENGTH_MASK = 0xffff

/** Bits of the type half; `CLASS_ID_MASK` is the class of an object, or of the elements of a reference array. */
export const TYPE = {
  array: 0x8000,
  /** with `array`: elements are references */
  references: 0x4000,
  /** with `array`: accessible from every context, not storable (JCRE 3.1 §6.2.2) */
  global: 0x2000,
  /** of an object: JCRE entry point, not storable (JCRE 3.1 §6.2.1) */
  temporaryEntryPoint: 0x4000,
  /** of an object: JCRE entry point, storable */
  permanentEntryPoint: 0x2000,
} as const
export const CLASS_ID_MASK = 0x1fff

/** Element kinds of primitive arrays, the low bits of their type; the numbers are those of the CAP format. */
export const ELEMENT = { boolean: 2, byte: 3, short: 4, int: 5 } as const
export type ElementKind = (typeof ELEMENT)[keyof typeof ELEMENT]

export const BYTE_ARRAY_TYPE = TYPE.array | ELEMENT.byte
export const SHORT_ARRAY_TYPE = TYPE.array | ELEMENT.short

/** The JCRE's own data, at the top of the class ids; no applet can reach a block, it is no entry point. */
export const BLOCK_TYPE = {
  globalPlatform: 0x1ffb,
  staticFields: 0x1ffc,
  loadFile: 0x1ffd,
  packageRecord: 0x1ffe,
  appletRecord: 0x1fff,
} as const
export const BLOCK_LENGTH_UNIT_BYTES = 4

export function isBlock(type: number): boolean {
  return type >= BLOCK_TYPE.globalPlatform && type <= BLOCK_TYPE.appletRecord
}

/** Bytes of one element, for a primitive or reference array type. */
export function elementBytes(arrayType: number): number {
  if (arrayType & TYPE.references) return 2
  const kind = arrayType & 7
  return kind === ELEMENT.short ? 2 : kind === ELEMENT.int ? 4 : 1
}
