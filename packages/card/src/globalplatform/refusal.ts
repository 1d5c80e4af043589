/** Status words of GlobalPlatform. @source GPC 2.3.1 table 11-10 and the error tables of chapter 11 */
export const GP_SW = {
  ok: 0x9000,
  authenticationFailed: 0x6300,
  moreData: 0x6310,
  cardLockedWarning: 0x6283,
  noDiagnosis: 0x6400,
  memoryFailure: 0x6581,
  certificateWrong: 0x6600,
  wrongLength: 0x6700,
  securityStatus: 0x6982,
  methodBlocked: 0x6983,
  conditions: 0x6985,
  wrongData: 0x6a80,
  functionNotSupported: 0x6a81,
  notFound: 0x6a82,
  notEnoughMemory: 0x6a84,
  incorrectP1P2: 0x6a86,
  referencedDataNotFound: 0x6a88,
  invalidInstruction: 0x6d00,
  invalidClass: 0x6e00,
} as const

/** Ends a command with a status word; caught where the command came in. */
export class Refusal extends Error {
  readonly statusWord: number
  constructor(statusWord: number) {
    super(`refused with ${statusWord.toString(16)}`)
    this.statusWord = statusWord
  }
}

export function refuse(statusWord: number): never {
  throw new Refusal(statusWord)
}

/** Refuses unless the condition holds. */
export function requireThat(condition: boolean, statusWord: number): asserts condition {
  if (!condition) refuse(statusWord)
}
