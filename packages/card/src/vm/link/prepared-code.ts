/**
 * Prepared code: what the linker makes of byte code and the engines run.
 *
 * One instruction is one 32-bit word, operation in the low byte, operand in the 24 bits above; a few take words after
 * it. Operands are resolved: branch targets and methods are indices of words, fields are byte offsets, constants are
 * values. Instructions that differ only in the encoding of an operand (`sload_0`, `sload`; `goto`, `goto_w`; field
 * access by byte or wide index), or in types that look the same in a 16-bit word (references, shorts and bytes in
 * cells), become one operation. Where an operation does what one instruction does it has that instruction's number, so
 * the interpreter can be read beside JCVM ch. 7; numbers from 185 on are our own.
 *
 * The word before the first of a method is its header, see `methodHeader`.
 */
export const OPERATION = {
  nop: 0x00,
  /** value; also aconst_null, sconst_x, bspush */
  sspush: 0x11,
  /** next word: value; also iconst_x, bipush, sipush */
  iipush: 0x14,
  /** local; also aload and the short forms */
  sload: 0x16,
  iload: 0x17,
  aaload: 0x24,
  baload: 0x25,
  saload: 0x26,
  iaload: 0x27,
  sstore: 0x29,
  istore: 0x2a,
  aastore: 0x37,
  bastore: 0x38,
  sastore: 0x39,
  iastore: 0x3a,
  pop: 0x3b,
  pop2: 0x3c,
  dup: 0x3d,
  dup2: 0x3e,
  dup_x: 0x3f,
  swap_x: 0x40,
  sadd: 0x41,
  iadd: 0x42,
  ssub: 0x43,
  isub: 0x44,
  smul: 0x45,
  imul: 0x46,
  sdiv: 0x47,
  idiv: 0x48,
  srem: 0x49,
  irem: 0x4a,
  sneg: 0x4b,
  ineg: 0x4c,
  sshl: 0x4d,
  ishl: 0x4e,
  sshr: 0x4f,
  ishr: 0x50,
  sushr: 0x51,
  iushr: 0x52,
  sand: 0x53,
  iand: 0x54,
  sor: 0x55,
  ior: 0x56,
  sxor: 0x57,
  ixor: 0x58,
  /** local (8), constant (16 bits above); also sinc_w */
  sinc: 0x59,
  iinc: 0x5a,
  s2b: 0x5b,
  s2i: 0x5c,
  i2b: 0x5d,
  i2s: 0x5e,
  icmp: 0x5f,
  /** target; also ifnull and the wide forms */
  ifeq: 0x60,
  ifne: 0x61,
  iflt: 0x62,
  ifge: 0x63,
  ifgt: 0x64,
  ifle: 0x65,
  /** target; also if_acmpeq */
  if_scmpeq: 0x6a,
  if_scmpne: 0x6b,
  if_scmplt: 0x6c,
  if_scmpge: 0x6d,
  if_scmpgt: 0x6e,
  if_scmple: 0x6f,
  goto: 0x70,
  /** target; next word: number of the return point in the method */
  jsr: 0x71,
  /** local; next word: count of return points, then their words */
  ret: 0x72,
  /** next words: default, low, high, targets */
  stableswitch: 0x73,
  itableswitch: 0x74,
  /** next words: default, count, then match and target of each pair, ascending */
  slookupswitch: 0x75,
  ilookupswitch: 0x76,
  /** also areturn */
  sreturn: 0x78,
  ireturn: 0x79,
  return: 0x7a,
  /** offset in the static image */
  getstatic_b: 0x7c,
  /** also getstatic_a */
  getstatic_s: 0x7d,
  getstatic_i: 0x7e,
  putstatic_a: 0x7f,
  putstatic_b: 0x80,
  putstatic_s: 0x81,
  putstatic_i: 0x82,
  /** byte offset of the cell; also getfield_a, getfield_b */
  getfield_s: 0x85,
  getfield_i: 0x86,
  putfield_a: 0x87,
  putfield_b: 0x88,
  putfield_s: 0x89,
  putfield_i: 0x8a,
  /** token (8), nargs (8), return words (2) */
  invokevirtual: 0x8b,
  /** word of the method's code */
  invokespecial: 0x8c,
  invokestatic: 0x8d,
  /** class reference (16); next word: token (8), nargs (8), return words (2) */
  invokeinterface: 0x8e,
  /** class reference */
  new: 0x8f,
  /** element kind */
  newarray: 0x90,
  anewarray: 0x91,
  arraylength: 0x92,
  athrow: 0x93,
  /** array type as in the instruction (8), class reference (16 bits above) */
  checkcast: 0x94,
  instanceof: 0x95,
  getfield_s_this: 0xaf,
  getfield_i_this: 0xb0,
  putfield_a_this: 0xb5,
  putfield_b_this: 0xb6,
  putfield_s_this: 0xb7,
  putfield_i_this: 0xb8,
  /** as invokevirtual, through the package-visible table */
  invokevirtual_package: 0xb9,
  /** external method: native, or of another package */
  invokespecial_external: 0xba,
  invokestatic_external: 0xbb,
  /** operation (8), external package (16 bits above); next word: offset */
  static_external: 0xbc,
  /** least (8) and greatest (8) height of the operand stack; anything else is the end */
  stack_guard: 0xbd,
  /** in the copy of a card that is watched, never in linked code: the monitor has the word that belongs here */
  breakpoint: 0xbe,
} as const

export type OperationName = keyof typeof OPERATION

/** nargs (8), all locals with the arguments (9), operand stack (8), return words (2) */
export function methodHeader(nargs: number, locals: number, maxStack: number, returnWords: number): number {
  return nargs | (locals << 8) | (maxStack << 17) | (returnWords << 25)
}

/** Operand of the virtual calls, and second word of invokeinterface. */
export function callSite(token: number, nargs: number, returnWords: number): number {
  return token | (nargs << 8) | (returnWords << 16)
}

/** Operands are signed: 24 bits above the operation. */
export function word(operation: number, operand: number): number {
  return operation | (operand << 8)
}
