import type { Jcre } from '../../runtime/jcre.ts'
import type { NativeImplementation } from '../../vm/link/native-library.ts'
import {
  byteAt,
  bytesOf,
  handleAt,
  hiddenHandle,
  hiddenShort,
  type JcreMethod,
  lengthOf,
  natives,
  newByteArray,
  newObject,
  putBytesAtomic,
  putHiddenShort,
  shortAt,
} from '../native-call.ts'
import { inOneStep } from '../one-step.ts'
import { TRIES_BYTES, TRIES_FLAG_CELL, Tries } from '../tries.ts'
import { makeOwnerPin } from './owner-pin.ts'

/**
 * OwnerPINBuilder, OwnerPINx and OwnerPINxWithPredecrement. Presenting a PIN never joins a transaction, what an owner
 * changes does. Hidden: the tries, the length of the PIN, its bytes.
 *
 * @source API 3.0.5 OwnerPINx, OwnerPINxWithPredecrement, OwnerPINBuilder
 */
const LENGTH = TRIES_BYTES / 2
const VALUE = LENGTH + 1
const HIDDEN_BYTES = TRIES_BYTES + 4

const PIN = { ILLEGAL_VALUE: 1, ILLEGAL_STATE: 2 } as const
const TYPE = { OWNER_PIN: 1, OWNER_PIN_X: 2, OWNER_PIN_X_WITH_PREDECREMENT: 3 } as const
const PLAIN = 'gridcard/OwnerPINx'
const WITH_PREDECREMENT = 'gridcard/OwnerPINxWithPredecrement'

const fail = (jcre: Jcre, reason: number): never => jcre.machine.throwNew('javacard/framework/PINException', reason)
const triesOf = (jcre: Jcre, pin: number): Tries => new Tries(jcre, pin, 0)

/** Limit, longest PIN, type. */
const buildOwnerPin: JcreMethod = (jcre, at) => {
  const [limit, size, type] = [byteAt(jcre, at), byteAt(jcre, at + 1), byteAt(jcre, at + 2)]
  if (limit < 1 || size < 1 || type < TYPE.OWNER_PIN || type > TYPE.OWNER_PIN_X_WITH_PREDECREMENT) {
    fail(jcre, PIN.ILLEGAL_VALUE)
  }
  return inOneStep(jcre, () => {
    if (type === TYPE.OWNER_PIN) return makeOwnerPin(jcre, newObject(jcre, 'javacard/framework/OwnerPIN'), limit, size)
    const pin = newObject(jcre, type === TYPE.OWNER_PIN_X ? PLAIN : WITH_PREDECREMENT)
    triesOf(jcre, pin).make(limit)
    putHiddenShort(jcre, pin, LENGTH, -1) // never updated: nothing matches, not even an empty PIN
    putHiddenShort(jcre, pin, VALUE, newByteArray(jcre, size))
    return pin
  })
}

/** After the try was taken. */
function compare(jcre: Jcre, pin: number, at: number): number {
  const given = bytesOf(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), byteAt(jcre, at + 2))
  const length = hiddenShort(jcre, pin, LENGTH)
  const valueAt = jcre.memory.addressOf(hiddenHandle(jcre, pin, VALUE))
  const value = jcre.memory.u8.slice(valueAt, valueAt + Math.max(0, length))
  const isSame = length >= 0 && jcre.crypto.constantTimeEqual(value, given)
  value.fill(0)
  given.fill(0)
  if (!isSame) return 0
  const tries = triesOf(jcre, pin)
  tries.refill()
  tries.isValidated = true
  return 1
}

const check: JcreMethod = (jcre, at) => {
  const pin = handleAt(jcre, at)
  return triesOf(jcre, pin).take() ? compare(jcre, pin, at + 1) : 0
}

/** The try was taken by decrementTriesRemaining; also the last one counts. */
const checkWithPredecrement: JcreMethod = (jcre, at) => {
  const pin = handleAt(jcre, at)
  const isTaken = triesOf(jcre, pin).takenInAdvance() ?? fail(jcre, PIN.ILLEGAL_STATE)
  return isTaken ? compare(jcre, pin, at + 1) : 0
}

const update: JcreMethod = (jcre, at) => {
  const pin = handleAt(jcre, at)
  const length = byteAt(jcre, at + 3)
  const value = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
  const array = hiddenHandle(jcre, pin, VALUE)
  if (length > lengthOf(jcre, array)) fail(jcre, PIN.ILLEGAL_VALUE)
  inOneStep(jcre, () => {
    putBytesAtomic(jcre, jcre.memory.addressOf(array), value)
    putHiddenShort(jcre, pin, LENGTH, length)
    const tries = triesOf(jcre, pin)
    tries.administrate({ limit: tries.limit, left: tries.limit })
  })
  value.fill(0)
  return 0
}

const setTryLimit: JcreMethod = (jcre, at) => {
  const limit = byteAt(jcre, at + 1)
  if (limit < 1) fail(jcre, PIN.ILLEGAL_VALUE)
  inOneStep(jcre, () => triesOf(jcre, handleAt(jcre, at)).administrate({ limit, left: limit }))
  return 0
}

const setTriesRemaining: JcreMethod = (jcre, at) => {
  const left = byteAt(jcre, at + 1)
  const tries = triesOf(jcre, handleAt(jcre, at))
  const { limit } = tries
  if (left < 0 || left > limit) fail(jcre, PIN.ILLEGAL_VALUE)
  inOneStep(jcre, () => tries.administrate({ limit, left }))
  return 0
}

const decrementTriesRemaining: JcreMethod = (jcre, at) => {
  const tries = triesOf(jcre, handleAt(jcre, at))
  tries.takeInAdvance()
  return tries.left
}

const methods: Readonly<Record<string, JcreMethod>> = {
  'getTriesRemaining()B': (jcre, at) => triesOf(jcre, handleAt(jcre, at)).left,
  'isValidated()Z': (jcre, at) => (triesOf(jcre, handleAt(jcre, at)).isValidated ? 1 : 0),
  'reset()V': (jcre, at) => {
    triesOf(jcre, handleAt(jcre, at)).isValidated = false
    return 0
  },
  'update([BSB)V': update,
  'getTryLimit()B': (jcre, at) => triesOf(jcre, handleAt(jcre, at)).limit,
  'setTryLimit(B)V': setTryLimit,
  'setTriesRemaining(B)V': setTriesRemaining,
}

const state = { hiddenBytes: HIDDEN_BYTES, hiddenReferences: [TRIES_FLAG_CELL, VALUE] }

export const ownerPinxImplementations: readonly NativeImplementation[] = [
  {
    id: 45,
    name: PLAIN,
    interfaces: ['javacard/framework/PIN', 'javacard/framework/OwnerPINx'],
    ...state,
    methods: natives({ ...methods, 'check([BSB)Z': check }),
  },
  {
    id: 46,
    name: WITH_PREDECREMENT,
    interfaces: [
      'javacard/framework/PIN',
      'javacard/framework/OwnerPINx',
      'javacard/framework/OwnerPINxWithPredecrement',
    ],
    ...state,
    methods: natives({
      ...methods,
      'check([BSB)Z': checkWithPredecrement,
      'decrementTriesRemaining()B': decrementTriesRemaining,
    }),
  },
]

export const ownerPinBuilderMethods: Readonly<Record<string, JcreMethod>> = {
  'OwnerPINBuilder.buildOwnerPIN(BBB)Ljavacard/framework/PIN;': buildOwnerPin,
}
