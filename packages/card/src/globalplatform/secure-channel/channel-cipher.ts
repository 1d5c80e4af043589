/** Security levels, as SecureChannel of the API numbers them. @source GPC 2.3.1 table 10-1 */
export const SECURITY_LEVEL = {
  none: 0x00,
  cMac: 0x01,
  cDecryption: 0x02,
  rMac: 0x10,
  rEncryption: 0x20,
  anyAuthenticated: 0x40,
  authenticated: 0x80,
} as const

/** A command as it came, with its secure messaging still on. */
export interface ProtectedCommand {
  /** As sent; the channel number is no part of any MAC. */
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  /** With the MAC at its end. */
  readonly data: Uint8Array
}

/** The cryptographic half of a session: keys, chaining values and counters of one protocol. */
export interface ChannelCipher {
  /** 02, 03 or 11. */
  readonly protocol: number
  /** Length of a C-MAC, and of cryptograms. */
  readonly macLengthBytes: number
  /** What EXTERNAL AUTHENTICATE brings: cryptogram, then C-MAC. */
  authenticate(command: ProtectedCommand): 'authentic' | 'wrong cryptogram' | 'wrong MAC'
  /** The data in clear; undefined: the MAC is wrong, or what it protects is not well formed. */
  unwrap(command: ProtectedCommand, isEncrypted: boolean): Uint8Array | undefined
  /** Counts a command that came without secure messaging. */
  skip(): void
  /** Response data with its R-MAC. */
  wrap(data: Uint8Array, statusWord: number, isEncrypted: boolean): Uint8Array
  /** An error goes out without a MAC, but in SCP02 the chain of the responses goes through it. @source GPC 2.3.1 §E.4.5 */
  chainError?(statusWord: number): void
  /** Keys and other secrets in a command's data; whole blocks. */
  decryptSensitive(blocks: Uint8Array): Uint8Array
  encryptSensitive(blocks: Uint8Array): Uint8Array
  readonly sensitiveBlockBytes: number
  /** Longest data of a response with short Le. */
  wipe(): void
}

/** CLA as it goes into MACs: secure messaging said in the first interindustry way, no channel. @source GPC Amd D §6.2.4 */
export function macClass(cla: number): number {
  return (cla & 0x80) | 0x04
}

/** Length field of a command: one byte, or three for more than 255. @source GPC 2.3.1 §11.1.5.1 */
export function lengthField(length: number): Uint8Array {
  return length <= 255 ? Uint8Array.of(length) : Uint8Array.of(0, length >> 8, length)
}
