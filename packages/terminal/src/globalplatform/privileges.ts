import { TerminalError } from '../errors.ts'

/** Privileges by name: byte and bit. @source GPC 2.3.1 §6.6.1, tables 11-7 to 11-9 */
export const privilegeBits = {
  SecurityDomain: [0, 0x80],
  DapVerification: [0, 0xc0],
  DelegatedManagement: [0, 0xa0],
  CardLock: [0, 0x10],
  CardTerminate: [0, 0x08],
  CardReset: [0, 0x04],
  CvmManagement: [0, 0x02],
  MandatedDapVerification: [0, 0xc1],
  TrustedPath: [1, 0x80],
  AuthorizedManagement: [1, 0x40],
  TokenVerification: [1, 0x20],
  GlobalDelete: [1, 0x10],
  GlobalLock: [1, 0x08],
  GlobalRegistry: [1, 0x04],
  FinalApplication: [1, 0x02],
  GlobalService: [1, 0x01],
  ReceiptGeneration: [2, 0x80],
  CipheredLoadFileDataBlock: [2, 0x40],
  ContactlessActivation: [2, 0x20],
  ContactlessSelfActivation: [2, 0x10],
} as const satisfies Record<string, readonly [number, number]>

export type PrivilegeName = keyof typeof privilegeBits

const names = Object.keys(privilegeBits) as PrivilegeName[]

/** One byte if that is enough, else three. */
export function emitPrivileges(privileges: readonly PrivilegeName[]): Uint8Array {
  const bytes = new Uint8Array(3)
  for (const name of privileges) {
    const [index, bits] = privilegeBits[name]
    bytes[index]! |= bits
  }
  return bytes[1] === 0 && bytes[2] === 0 ? bytes.slice(0, 1) : bytes
}

/** @param bytes one or three; others that the card may have are ignored */
export function parsePrivileges(bytes: Uint8Array): PrivilegeName[] {
  return names.filter((name) => {
    const [index, bits] = privilegeBits[name]
    return ((bytes[index] ?? 0) & bits) === bits
  })
}

/** @throws TerminalError `TERMINAL_GP_BAD_INPUT`, naming those that there are */
export function requirePrivilege(text: string): PrivilegeName {
  const plain = text.replaceAll(/[^a-z]/gi, '').toLowerCase()
  const name = names.find((candidate) => candidate.toLowerCase() === plain)
  if (name === undefined) {
    throw new TerminalError('TERMINAL_GP_BAD_INPUT', `there is no privilege ${text}, but ${names.join(', ')}`)
  }
  return name
}
