import { concatBytes } from '@gridcard/bytes'
import type { ApduCommand } from '../runtime/apdu-command.ts'

/** Pseudo-APDUs of class FF, by their instruction byte. */
export const READER_INS = {
  selectPageSize: 0x01,
  presentCode: 0x20,
  changeCode: 0x21,
  compareAndProtect: 0x30,
  readProtectionMemory: 0x3a,
  selectCardType: 0xa4,
  readMemory: 0xb0,
  readErrorCounter: 0xb1,
  readProtectionBits: 0xb2,
  writeMemory: 0xd0,
  writeProtection: 0xd1,
  writeCode: 0xd2,
  updateBinary: 0xd6,
} as const

/** Status words of PC/SC part 3 and ISO/IEC 7816-4 as readers use them for storage cards. */
export const READER_SW = {
  noError: 0x9000,
  /** Fewer bytes than asked for: the memory ends. */
  endOfMemory: 0x6282,
  /** The low digit counts the tries that are left. */
  wrongCode: 0x63c0,
  writeFailed: 0x6581,
  wrongLength: 0x6700,
  codeNotPresented: 0x6982,
  codeBlocked: 0x6983,
  wrongData: 0x6a80,
  functionNotSupported: 0x6a81,
  noSuchAddress: 0x6a82,
  wrongParameters: 0x6b00,
  /** The low byte is the length that is there. */
  wrongLe: 0x6c00,
  unknownInstruction: 0x6d00,
  unknownClass: 0x6e00,
} as const

/** READ BINARY and its kin: Le 00 reads to the end, at most 256; asking beyond it gives what there is and 6282. */
export function readBytes(
  { data, ne, p3 }: ApduCommand,
  address: number,
  sizeBytes: number,
  read: (address: number, length: number) => Uint8Array,
): Uint8Array {
  if (data.length > 0 || ne === undefined) return statusOnly(READER_SW.wrongLength)
  if (address >= sizeBytes) return statusOnly(READER_SW.noSuchAddress)
  const length = Math.min(ne, sizeBytes - address)
  const sw = length < ne && p3 !== 0 ? READER_SW.endOfMemory : READER_SW.noError
  return answer(read(address, length), sw)
}

export function answer(data: Uint8Array, sw: number): Uint8Array {
  return concatBytes(data, Uint8Array.of(sw >> 8, sw & 0xff))
}

/** A response of nothing but a status word. */
export function statusOnly(sw: number): Uint8Array {
  return Uint8Array.of(sw >> 8, sw & 0xff)
}
