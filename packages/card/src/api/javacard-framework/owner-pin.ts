import type { Jcre } from '../../runtime/jcre.ts'
import { ACCESS } from '../../vm/firewall.ts'
import { CLEAR_ON_RESET } from '../../vm/memory/card-memory.ts'
import { ELEMENT, TYPE } from '../../vm/memory/handle-entry.ts'
import {
  byteAt,
  byteRange,
  bytesOf,
  copyAtomic,
  handleAt,
  hiddenHandle,
  hiddenShort,
  isPersistent,
  type JcreMethod,
  lengthOf,
  newByteArray,
  putHiddenShort,
  shortAt,
} from '../native-call.ts'
import { newTransient } from './jc-system.ts'

/** javacard.framework.OwnerPIN. Hidden cells: limit, tries left, length of the PIN, its bytes, the validated flag. */
export const OWNER_PIN_HIDDEN_BYTES = 10
const LIMIT = 0
const TRIES = 1
const LENGTH = 2
const VALUE = 3
const FLAG = 4
export const OWNER_PIN_REFERENCES = [VALUE, FLAG]

const ILLEGAL_VALUE = 1 // PINException
/** Virtual method tokens that a subclass may override to keep the flag elsewhere. */
const GET_VALIDATED_FLAG = 3
const SET_VALIDATED_FLAG = 7

/** Tries and blocking never join a transaction. */
function writeTries(jcre: Jcre, pin: number, tries: number): void {
  const address = jcre.machine.hiddenAddress(pin) + TRIES * 2
  jcre.memory.i16[address >> 1] = tries
  jcre.memory.copyNonAtomic(address, address, 1) // 1..127: the high byte is always 0
}

function setValidated(jcre: Jcre, pin: number, isValidated: boolean): void {
  jcre.callVirtual(pin, SET_VALIDATED_FLAG, [isValidated ? 1 : 0])
}

function isValidated(jcre: Jcre, pin: number): boolean {
  return (jcre.callVirtual(pin, GET_VALIDATED_FLAG, []) & 0xff) !== 0
}

/** @param limit, size 1..127 @returns the object */
export function makeOwnerPin(jcre: Jcre, pin: number, limit: number, size: number): number {
  putHiddenShort(jcre, pin, LIMIT, limit)
  putHiddenShort(jcre, pin, TRIES, limit)
  putHiddenShort(jcre, pin, LENGTH, -1) // never updated: nothing matches, not even an empty PIN
  putHiddenShort(jcre, pin, VALUE, newByteArray(jcre, size))
  const flag = newTransient(jcre, jcre.machine.owner, TYPE.array | ELEMENT.boolean, 1, CLEAR_ON_RESET)
  putHiddenShort(jcre, pin, FLAG, flag)
  return pin
}

const construct: JcreMethod = (jcre, at) => {
  const [limit, size] = [byteAt(jcre, at + 1), byteAt(jcre, at + 2)]
  if (limit < 1 || size < 1) jcre.machine.throwNew('javacard/framework/PINException', ILLEGAL_VALUE)
  makeOwnerPin(jcre, handleAt(jcre, at), limit, size)
  return 0
}

/**
 * The try is counted before anything is compared, so that neither a power cut nor an exception gives it back.
 * @source API OwnerPIN.check
 */
const check: JcreMethod = (jcre, at) => {
  const pin = handleAt(jcre, at)
  setValidated(jcre, pin, false)
  const tries = hiddenShort(jcre, pin, TRIES)
  if (tries === 0) return 0
  writeTries(jcre, pin, tries - 1)
  const length = byteAt(jcre, at + 3)
  const given = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
  const valueAt = jcre.memory.addressOf(hiddenHandle(jcre, pin, VALUE))
  const value = jcre.memory.u8.slice(valueAt, valueAt + Math.max(0, hiddenShort(jcre, pin, LENGTH)))
  const isSame = hiddenShort(jcre, pin, LENGTH) >= 0 && jcre.crypto.constantTimeEqual(value, given)
  value.fill(0)
  given.fill(0)
  if (!isSame) return 0
  writeTries(jcre, pin, hiddenShort(jcre, pin, LIMIT))
  setValidated(jcre, pin, true)
  return 1
}

/** Value and counter are conditional in a transaction. */
const update: JcreMethod = (jcre, at) => {
  const pin = handleAt(jcre, at)
  const length = byteAt(jcre, at + 3)
  const array = hiddenHandle(jcre, pin, VALUE)
  const source = byteRange(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length, ACCESS.read)
  if (length > lengthOf(jcre, array)) jcre.machine.throwNew('javacard/framework/PINException', ILLEGAL_VALUE)
  const { memory } = jcre
  const isOwnTransaction = !memory.inTransaction
  if (isOwnTransaction) memory.begin()
  try {
    copyAtomic(jcre, source, memory.addressOf(array), length)
    putHiddenShort(jcre, pin, LENGTH, length)
    putHiddenShort(jcre, pin, TRIES, hiddenShort(jcre, pin, LIMIT))
    if (isOwnTransaction) memory.commit()
  } catch (error) {
    if (isOwnTransaction && !jcre.isDead) memory.abort()
    throw error
  }
  setValidated(jcre, pin, false)
  return 0
}

const reset: JcreMethod = (jcre, at) => {
  const pin = handleAt(jcre, at)
  if (isValidated(jcre, pin)) resetAndUnblock(jcre, at)
  return 0
}

function resetAndUnblock(...[jcre, at]: Parameters<JcreMethod>): number {
  const pin = handleAt(jcre, at)
  setValidated(jcre, pin, false)
  writeTries(jcre, pin, hiddenShort(jcre, pin, LIMIT))
  return 0
}

function flagAddress(jcre: Jcre, pin: number): number {
  const address = jcre.memory.addressOf(hiddenHandle(jcre, pin, FLAG))
  if (isPersistent(jcre, address)) jcre.machine.throwNew('java/lang/SecurityException') // not constructed
  return address
}

export const ownerPinMethods: Readonly<Record<string, JcreMethod>> = {
  'OwnerPIN.<init>(BB)V': construct,
  'OwnerPIN.check([BSB)Z': check,
  'OwnerPIN.getTriesRemaining()B': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), TRIES),
  'OwnerPIN.getValidatedFlag()Z': (jcre, at) => jcre.memory.u8[flagAddress(jcre, handleAt(jcre, at))]!,
  'OwnerPIN.setValidatedFlag(Z)V': (jcre, at) => {
    jcre.memory.u8[flagAddress(jcre, handleAt(jcre, at))] = byteAt(jcre, at + 1) === 0 ? 0 : 1
    return 0
  },
  'OwnerPIN.isValidated()Z': (jcre, at) => (isValidated(jcre, handleAt(jcre, at)) ? 1 : 0),
  'OwnerPIN.reset()V': reset,
  'OwnerPIN.resetAndUnblock()V': resetAndUnblock,
  'OwnerPIN.update([BSB)V': update,
}
