import type { Jcre } from '../../runtime/jcre.ts'
import {
  byteAt,
  byteRange,
  bytesOf,
  handleAt,
  hiddenHandle,
  type JcreMethod,
  lengthOf,
  newByteArray,
  putBytesAtomic,
  putHiddenShort,
  putResult,
  requireOwnObject,
  shortAt,
} from '../native-call.ts'
import { failArithmetic, MOST_BINARY_BYTES } from './bcd-util.ts'
import { fromBcd, fromBinary, toBcd, toBinary } from './decimal.ts'

/** javacardx.framework.math.BigNumber. Hidden cells: the number and its maximum, each a byte[] of maxBytes. */
export const BIG_NUMBER_HIDDEN_BYTES = 4
const VALUE = 0
const MAXIMUM = 1
export const BIG_NUMBER_REFERENCES = [VALUE, MAXIMUM]

const FORMAT = { BCD: 1, HEX: 2 } as const

/** An object whose constructor did not run has no cells to work on. */
function cell(jcre: Jcre, number: number, index: number): number {
  const array = hiddenHandle(jcre, number, index)
  return array !== 0 ? array : jcre.machine.throwNew('java/lang/SecurityException')
}

function read(jcre: Jcre, number: number, index: number): bigint {
  const array = cell(jcre, number, index)
  const address = jcre.memory.addressOf(array)
  return fromBinary(jcre.memory.u8.subarray(address, address + lengthOf(jcre, array)))
}

function write(jcre: Jcre, number: number, index: number, value: bigint): void {
  const array = cell(jcre, number, index)
  putBytesAtomic(jcre, jcre.memory.addressOf(array), rightJustified(toBinary(value), lengthOf(jcre, array)))
}

function rightJustified(bytes: Uint8Array, length: number): Uint8Array {
  const justified = new Uint8Array(length)
  justified.set(bytes, length - bytes.length)
  return justified
}

/** Array, offset, length and format of a number from `at` on. */
function operand(jcre: Jcre, at: number): bigint {
  const bytes = bytesOf(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), shortAt(jcre, at + 2))
  const format = byteAt(jcre, at + 3)
  if (bytes.length === 0) failArithmetic(jcre)
  if (format === FORMAT.HEX) return fromBinary(bytes)
  return (format === FORMAT.BCD ? fromBcd(bytes) : undefined) ?? failArithmetic(jcre)
}

const construct: JcreMethod = (jcre, at) => {
  const number = handleAt(jcre, at)
  const size = shortAt(jcre, at + 1)
  if (size < 1 || size > MOST_BINARY_BYTES) failArithmetic(jcre)
  putHiddenShort(jcre, number, VALUE, newByteArray(jcre, size))
  putHiddenShort(jcre, number, MAXIMUM, newByteArray(jcre, size))
  write(jcre, number, MAXIMUM, (1n << BigInt(8 * size)) - 1n)
  return 0
}

const setMaximum: JcreMethod = (jcre, at) => {
  const number = handleAt(jcre, at)
  const maximum = operand(jcre, at + 1)
  const capacity = 8 * lengthOf(jcre, cell(jcre, number, MAXIMUM))
  if (maximum < read(jcre, number, VALUE) || maximum >> BigInt(capacity) > 0n) failArithmetic(jcre)
  write(jcre, number, MAXIMUM, maximum)
  return 0
}

/** A result below zero or above the maximum leaves the number as it is. */
function replaceBy(result: (value: bigint, operand: bigint) => bigint): JcreMethod {
  return (jcre, at) => {
    const number = handleAt(jcre, at)
    const value = result(read(jcre, number, VALUE), operand(jcre, at + 1))
    if (value < 0n || value > read(jcre, number, MAXIMUM)) failArithmetic(jcre)
    write(jcre, number, VALUE, value)
    return 0
  }
}

const sign = (difference: bigint): number => (difference < 0n ? -1 : difference > 0n ? 1 : 0)

const compareToNumber: JcreMethod = (jcre, at) => {
  const other = handleAt(jcre, at + 1)
  requireOwnObject(jcre, other, 'javacardx/framework/math/BigNumber')
  return sign(read(jcre, handleAt(jcre, at), VALUE) - read(jcre, other, VALUE))
}

function formatted(jcre: Jcre, number: number, format: number): Uint8Array {
  if (format !== FORMAT.BCD && format !== FORMAT.HEX) failArithmetic(jcre)
  const value = read(jcre, number, VALUE)
  return format === FORMAT.BCD ? toBcd(value) : toBinary(value)
}

const toBytes: JcreMethod = (jcre, at) => {
  const length = shortAt(jcre, at + 3)
  const address = byteRange(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
  const bytes = formatted(jcre, handleAt(jcre, at), byteAt(jcre, at + 4))
  if (bytes.length > length) failArithmetic(jcre)
  putResult(jcre, address, rightJustified(bytes, length))
  return 0
}

export const bigNumberMethods: Readonly<Record<string, JcreMethod>> = {
  'BigNumber.<init>(S)V': construct,
  'BigNumber.getMaxBytesSupported()S': () => MOST_BINARY_BYTES,
  'BigNumber.setMaximum([BSSB)V': setMaximum,
  'BigNumber.init([BSSB)V': replaceBy((_, operand) => operand),
  'BigNumber.add([BSSB)V': replaceBy((value, operand) => value + operand),
  'BigNumber.subtract([BSSB)V': replaceBy((value, operand) => value - operand),
  'BigNumber.multiply([BSSB)V': replaceBy((value, operand) => value * operand),
  'BigNumber.compareTo(Ljavacardx/framework/math/BigNumber;)B': compareToNumber,
  'BigNumber.compareTo([BSSB)B': (jcre, at) => sign(read(jcre, handleAt(jcre, at), VALUE) - operand(jcre, at + 1)),
  'BigNumber.toBytes([BSSB)V': toBytes,
  'BigNumber.getByteLength(B)S': (jcre, at) => formatted(jcre, handleAt(jcre, at), byteAt(jcre, at + 1)).length,
  'BigNumber.reset()V': (jcre, at) => {
    write(jcre, handleAt(jcre, at), VALUE, 0n)
    return 0
  },
}
