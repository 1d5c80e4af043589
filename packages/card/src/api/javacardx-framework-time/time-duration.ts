import type { Jcre } from '../../runtime/jcre.ts'
import { CLEAR_ON_DESELECT, CLEAR_ON_RESET } from '../../vm/memory/card-memory.ts'
import { ELEMENT, TYPE } from '../../vm/memory/handle-entry.ts'
import { newTransient } from '../javacard-framework/jc-system.ts'
import {
  byteAt,
  byteRange,
  bytesOf,
  handleAt,
  hiddenHandle,
  hiddenShort,
  type JcreMethod,
  newByteArray,
  newObject,
  putBytesAtomic,
  putHiddenShort,
  putResult,
  requireOwnObject,
  shortAt,
} from '../native-call.ts'

/**
 * javacardx.framework.time.TimeDuration: signed microseconds in 64 bits, in memory of the kind asked for. Methods that
 * answer a duration change this one and give it back. Hidden cells: a byte[8], big-endian; the memory type.
 */
export const TIME_DURATION_HIDDEN_BYTES = 4
const VALUE = 0
const MEMORY_TYPE = 1
export const TIME_DURATION_REFERENCES = [VALUE]

const CLASS_NAME = 'javacardx/framework/time/TimeDuration'
const VALUE_BYTES = 8
const DATE_TIME = { INVALID_VALUE: 1, INVALID_UNIT: 2 } as const
const MEMORY = { persistent: 0, reset: CLEAR_ON_RESET, deselect: CLEAR_ON_DESELECT } as const
const SYSTEM = { ILLEGAL_VALUE: 1, ILLEGAL_TRANSIENT: 3 } as const

/** Index: unit. */
const MICROS_OF_UNIT: readonly (bigint | undefined)[] = [
  undefined,
  undefined,
  1n,
  1_000n,
  1_000_000n,
  60_000_000n,
  3_600_000_000n,
  86_400_000_000n,
]

function failDateTime(jcre: Jcre, reason: number): never {
  return jcre.machine.throwNew('javacardx/framework/time/DateTimeException', reason)
}

function microsOf(jcre: Jcre, unit: number): bigint {
  return MICROS_OF_UNIT[unit] ?? failDateTime(jcre, DATE_TIME.INVALID_UNIT)
}

/** Amount and unit. */
function amountAt(jcre: Jcre, at: number): bigint {
  return BigInt(shortAt(jcre, at)) * microsOf(jcre, shortAt(jcre, at + 1))
}

/** An object that no getInstance made has no value. */
function addressOf(jcre: Jcre, duration: number): number {
  const array = hiddenHandle(jcre, duration, VALUE)
  return array !== 0 ? jcre.memory.addressOf(array) : jcre.machine.throwNew('java/lang/SecurityException')
}

function read(jcre: Jcre, duration: number): bigint {
  return new DataView(jcre.memory.buffer).getBigInt64(addressOf(jcre, duration))
}

function write(jcre: Jcre, duration: number, micros: bigint): number {
  if (BigInt.asIntN(64, micros) !== micros) jcre.machine.throwNew('java/lang/ArithmeticException')
  const bytes = new Uint8Array(VALUE_BYTES)
  new DataView(bytes.buffer).setBigInt64(0, micros)
  putBytesAtomic(jcre, addressOf(jcre, duration), bytes)
  return duration
}

function other(jcre: Jcre, at: number): bigint {
  const duration = handleAt(jcre, at)
  requireOwnObject(jcre, duration, CLASS_NAME)
  return read(jcre, duration)
}

function newValue(jcre: Jcre, memoryType: number): number {
  const { machine } = jcre
  if (memoryType === MEMORY.persistent) return newByteArray(jcre, VALUE_BYTES)
  if (memoryType !== MEMORY.reset && memoryType !== MEMORY.deselect) {
    machine.throwNew('javacard/framework/SystemException', SYSTEM.ILLEGAL_VALUE)
  }
  if (memoryType === MEMORY.deselect && machine.context !== machine.selectedContext) {
    machine.throwNew('javacard/framework/SystemException', SYSTEM.ILLEGAL_TRANSIENT)
  }
  const event = memoryType === MEMORY.reset ? CLEAR_ON_RESET : CLEAR_ON_DESELECT
  return newTransient(jcre, machine.owner, TYPE.array | ELEMENT.byte, VALUE_BYTES, event)
}

function newDuration(jcre: Jcre, memoryType: number, micros: bigint): number {
  const value = newValue(jcre, memoryType)
  const duration = newObject(jcre, CLASS_NAME)
  putHiddenShort(jcre, duration, VALUE, value)
  putHiddenShort(jcre, duration, MEMORY_TYPE, memoryType)
  return write(jcre, duration, micros)
}

/** Changes the duration to what comes of it and, perhaps, the arguments from `at + 1` on. */
function change(result: (micros: bigint, jcre: Jcre, argumentsAt: number) => bigint): JcreMethod {
  return (jcre, at) => {
    const duration = handleAt(jcre, at)
    return write(jcre, duration, result(read(jcre, duration), jcre, at + 1))
  }
}

const sign = (difference: bigint): number => (difference < 0n ? -1 : difference > 0n ? 1 : 0)

/** A signed big-endian number of units. */
const set: JcreMethod = (jcre, at) => {
  const bytes = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const unit = microsOf(jcre, shortAt(jcre, at + 4))
  if (bytes.length === 0) failDateTime(jcre, DATE_TIME.INVALID_VALUE)
  const unsigned = bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
  return write(jcre, handleAt(jcre, at), BigInt.asIntN(8 * bytes.length, unsigned) * unit)
}

/** As few bytes as hold a signed number, at least one. */
function byteLength(value: bigint): number {
  let length = 1
  while (BigInt.asIntN(8 * length, value) !== value) length++
  return length
}

/** Whole units, the rest cut off; right-justified, with the sign in front. */
const toBytes: JcreMethod = (jcre, at) => {
  const length = shortAt(jcre, at + 3)
  const address = byteRange(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
  const value = read(jcre, handleAt(jcre, at)) / microsOf(jcre, shortAt(jcre, at + 4))
  if (byteLength(value) > length) failDateTime(jcre, DATE_TIME.INVALID_VALUE)
  const bytes = Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 0xffn))
  putResult(jcre, address, bytes)
  return length
}

/** Time since the card got its power, in whole microseconds. */
const uptime: JcreMethod = (jcre, at) => {
  const duration = handleAt(jcre, at)
  requireOwnObject(jcre, duration, CLASS_NAME)
  const elapsedMs = Math.max(0, jcre.clock() - jcre.poweredOnMs)
  write(jcre, duration, BigInt(Math.floor(elapsedMs * 1000)))
  return 0
}

const DURATION = 'Ljavacardx/framework/time/TimeDuration;'

export const timeDurationMethods: Readonly<Record<string, JcreMethod>> = {
  [`SysTime.uptime(${DURATION})V`]: uptime,
  [`TimeDuration.getInstance(B)${DURATION}`]: (jcre, at) => newDuration(jcre, byteAt(jcre, at), 0n),
  [`TimeDuration.getInstance(BSS)${DURATION}`]: (jcre, at) =>
    newDuration(jcre, byteAt(jcre, at), amountAt(jcre, at + 1)),
  'TimeDuration.getMemoryType()B': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), MEMORY_TYPE),
  'TimeDuration.isNegative()Z': (jcre, at) => (read(jcre, handleAt(jcre, at)) < 0n ? 1 : 0),
  [`TimeDuration.abs()${DURATION}`]: change((micros) => (micros < 0n ? -micros : micros)),
  [`TimeDuration.neg()${DURATION}`]: change((micros) => -micros),
  [`TimeDuration.reset()${DURATION}`]: change(() => 0n),
  [`TimeDuration.compareTo(${DURATION})S`]: (jcre, at) => sign(read(jcre, handleAt(jcre, at)) - other(jcre, at + 1)),
  'TimeDuration.compareTo(SS)S': (jcre, at) => sign(read(jcre, handleAt(jcre, at)) - amountAt(jcre, at + 1)),
  [`TimeDuration.minus(${DURATION})${DURATION}`]: change((micros, jcre, at) => micros - other(jcre, at)),
  [`TimeDuration.minus(SS)${DURATION}`]: change((micros, jcre, at) => micros - amountAt(jcre, at)),
  [`TimeDuration.plus(${DURATION})${DURATION}`]: change((micros, jcre, at) => micros + other(jcre, at)),
  [`TimeDuration.plus(SS)${DURATION}`]: change((micros, jcre, at) => micros + amountAt(jcre, at)),
  [`TimeDuration.set([BSSS)${DURATION}`]: set,
  'TimeDuration.toBytes([BSSS)S': toBytes,
  'TimeDuration.getByteLength(S)S': (jcre, at) =>
    byteLength(read(jcre, handleAt(jcre, at)) / microsOf(jcre, shortAt(jcre, at + 1))),
}
