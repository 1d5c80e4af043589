import type { Jcre } from '../runtime/jcre.ts'
import type { NativeBinding } from '../vm/link/native-library.ts'
import { CLEAR_ON_DESELECT, CLEAR_ON_RESET } from '../vm/memory/card-memory.ts'
import { BYTE_ARRAY_TYPE } from '../vm/memory/handle-entry.ts'
import { newTransient } from './javacard-framework/jc-system.ts'
import { KEY_MEMORY } from './key-types.ts'
import {
  byteAt,
  byteRange,
  bytesOf,
  handleAt,
  hiddenHandle,
  hiddenShort,
  type JcreMethod,
  natives,
  newByteArray,
  newObject,
  putHiddenShort,
  putResult,
  requireOwnObject,
  shortAt,
  writeNonAtomic,
} from './native-call.ts'

/**
 * javacardx.security.util.MonotonicCounter: a big-endian number of a size in bytes that only grows. Hidden cells: size,
 * memory, and an array with two numbers behind a byte that says which of them counts.
 *
 * A change never joins a transaction: rolled back, the counter would have gone back. It is written beside the number that
 * counts, then the one byte is turned over, so a power cut leaves before or after.
 *
 * @source API MonotonicCounter 3.1: names and types; see docs/sources.md for what no text confirmed
 */
const CLASS_NAME = 'javacardx/security/util/MonotonicCounter'
const SIZE = 0
const MEMORY = 1
const VALUE = 2
const MOST_BYTES = 64
const SYSTEM = { ILLEGAL_VALUE: 1, ILLEGAL_TRANSIENT: 3 } as const

const failSystem = (jcre: Jcre, reason: number): never => {
  return jcre.machine.throwNew('javacard/framework/SystemException', reason)
}

function newCells(jcre: Jcre, memory: number, bytes: number): number {
  const { machine } = jcre
  if (memory === KEY_MEMORY.persistent) return newByteArray(jcre, bytes)
  if (memory === KEY_MEMORY.transientReset)
    return newTransient(jcre, machine.owner, BYTE_ARRAY_TYPE, bytes, CLEAR_ON_RESET)
  if (machine.context !== machine.selectedContext) failSystem(jcre, SYSTEM.ILLEGAL_TRANSIENT)
  return newTransient(jcre, machine.owner, BYTE_ARRAY_TYPE, bytes, CLEAR_ON_DESELECT)
}

const getInstance: JcreMethod = (jcre, at) => {
  const [size, memory] = [shortAt(jcre, at), byteAt(jcre, at + 1)]
  const isMemory = Object.values<number>(KEY_MEMORY).includes(memory)
  if (size < 1 || size > MOST_BYTES || !isMemory) failSystem(jcre, SYSTEM.ILLEGAL_VALUE)
  const cells = newCells(jcre, memory, 1 + 2 * size)
  const counter = newObject(jcre, CLASS_NAME)
  putHiddenShort(jcre, counter, SIZE, size)
  putHiddenShort(jcre, counter, MEMORY, memory)
  putHiddenShort(jcre, counter, VALUE, cells)
  return counter
}

const sizeOf = (jcre: Jcre, counter: number): number => hiddenShort(jcre, counter, SIZE)

/** Where the two numbers lie; the firewall has its say about transient ones. */
function cellsAddress(jcre: Jcre, counter: number): number {
  return byteRange(jcre, hiddenHandle(jcre, counter, VALUE), 0, 1 + 2 * sizeOf(jcre, counter))
}

function numberOf(jcre: Jcre, counter: number): Uint8Array {
  const [address, size] = [cellsAddress(jcre, counter), sizeOf(jcre, counter)]
  const from = address + 1 + (jcre.memory.u8[address]! & 1) * size
  return jcre.memory.u8.slice(from, from + size)
}

function put(jcre: Jcre, counter: number, value: Uint8Array): void {
  const address = cellsAddress(jcre, counter)
  const other = (jcre.memory.u8[address]! & 1) ^ 1
  writeNonAtomic(jcre, address + 1 + other * value.length, value)
  writeNonAtomic(jcre, address, Uint8Array.of(other))
}

/** Of numbers of any lengths. */
function compared(a: Uint8Array, b: Uint8Array): number {
  const length = Math.max(a.length, b.length)
  for (let i = -length; i < 0; i++) {
    const [left, right] = [a[a.length + i] ?? 0, b[b.length + i] ?? 0]
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}

/** The offset behind what was written, as the vendor's sample of a wallet takes it. */
const get: JcreMethod = (jcre, at) => {
  const value = numberOf(jcre, handleAt(jcre, at))
  const offset = shortAt(jcre, at + 2)
  putResult(jcre, byteRange(jcre, handleAt(jcre, at + 1), offset, value.length), value)
  return offset + value.length
}

/** A smaller number, or one that does not fit, is ILLEGAL_VALUE. */
const setValue: JcreMethod = (jcre, at) => {
  const counter = handleAt(jcre, at)
  const given = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const current = numberOf(jcre, counter)
  const lead = given.length - current.length
  const isTooLong = lead > 0 && given.subarray(0, lead).some((byte) => byte !== 0)
  if (given.length === 0 || isTooLong || compared(given, current) < 0) failSystem(jcre, SYSTEM.ILLEGAL_VALUE)
  const value = new Uint8Array(current.length)
  value.set(given.subarray(Math.max(lead, 0)), Math.max(-lead, 0))
  put(jcre, counter, value)
  return current.length
}

/** Beyond the greatest number is an ArithmeticException, and the counter stays. */
const incrementBy: JcreMethod = (jcre, at) => {
  const [counter, increment] = [handleAt(jcre, at), shortAt(jcre, at + 1)]
  if (increment < 0) failSystem(jcre, SYSTEM.ILLEGAL_VALUE)
  const value = numberOf(jcre, counter)
  let carry = increment
  for (let i = value.length - 1; i >= 0 && carry > 0; i--) {
    carry += value[i]!
    value[i] = carry & 0xff
    carry >>= 8
  }
  if (carry > 0) jcre.machine.throwNew('java/lang/ArithmeticException')
  put(jcre, counter, value)
  return value.length
}

const compareToBytes: JcreMethod = (jcre, at) => {
  const given = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  return compared(numberOf(jcre, handleAt(jcre, at)), given)
}

const compareToCounter: JcreMethod = (jcre, at) => {
  const other = handleAt(jcre, at + 1)
  requireOwnObject(jcre, other, CLASS_NAME)
  return compared(numberOf(jcre, handleAt(jcre, at)), numberOf(jcre, other))
}

export const javacardxSecurityUtil: NativeBinding = {
  package: 'javacardx/security/util',
  methods: natives({
    [`MonotonicCounter.getInstance(SB)L${CLASS_NAME};`]: getInstance,
    'MonotonicCounter.getMemoryType()B': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), MEMORY),
    'MonotonicCounter.getSize()S': (jcre, at) => sizeOf(jcre, handleAt(jcre, at)),
    'MonotonicCounter.setValue([BSS)S': setValue,
    'MonotonicCounter.get([BS)S': get,
    'MonotonicCounter.incrementBy(S)S': incrementBy,
    'MonotonicCounter.compareTo([BSS)S': compareToBytes,
    [`MonotonicCounter.compareTo(L${CLASS_NAME};)S`]: compareToCounter,
    'MonotonicCounter.equalsMax()Z': (jcre, at) => {
      return numberOf(jcre, handleAt(jcre, at)).every((byte) => byte === 0xff) ? 1 : 0
    },
  }),
  hiddenBytes: { MonotonicCounter: 6 },
  hiddenReferences: { MonotonicCounter: [VALUE] },
}
