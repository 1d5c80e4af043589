import type { Jcre } from '../../runtime/jcre.ts'
import { byteRange, bytesOf, handleAt, type JcreMethod, putResult, shortAt } from '../native-call.ts'
import { fromBcd, fromBinary, isBcd, toBcd, toBinary } from './decimal.ts'

/** javacardx.framework.math.BCDUtil. Results have as few bytes as hold them. */

/** Of a binary number. */
export const MOST_BINARY_BYTES = 64

export function failArithmetic(jcre: Jcre): never {
  return jcre.machine.throwNew('java/lang/ArithmeticException')
}

function input(jcre: Jcre, at: number): Uint8Array {
  const bytes = bytesOf(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), shortAt(jcre, at + 2))
  return bytes.length > 0 ? bytes : failArithmetic(jcre)
}

function putConverted(jcre: Jcre, at: number, bytes: Uint8Array): number {
  putResult(jcre, byteRange(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), bytes.length), bytes)
  return bytes.length
}

const convertToHex: JcreMethod = (jcre, at) => {
  byteRange(jcre, handleAt(jcre, at + 3), shortAt(jcre, at + 4), 0)
  const value = fromBcd(input(jcre, at)) ?? failArithmetic(jcre)
  const binary = toBinary(value)
  if (binary.length > MOST_BINARY_BYTES) failArithmetic(jcre)
  return putConverted(jcre, at + 3, binary)
}

const convertToBcd: JcreMethod = (jcre, at) => {
  byteRange(jcre, handleAt(jcre, at + 3), shortAt(jcre, at + 4), 0)
  const binary = input(jcre, at)
  if (binary.length > MOST_BINARY_BYTES) failArithmetic(jcre)
  return putConverted(jcre, at + 3, toBcd(fromBinary(binary)))
}

export const bcdUtilMethods: Readonly<Record<string, JcreMethod>> = {
  'BCDUtil.<init>()V': () => 0,
  'BCDUtil.getMaxBytesSupported()S': () => MOST_BINARY_BYTES,
  'BCDUtil.convertToHex([BSS[BS)S': convertToHex,
  'BCDUtil.convertToBCD([BSS[BS)S': convertToBcd,
  'BCDUtil.isBCDFormat([BSS)Z': (jcre, at) => (isBcd(input(jcre, at)) ? 1 : 0),
}
