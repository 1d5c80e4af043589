import type { AesKeyOperations, GcmKey } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import { callerArrayFault } from '../vm/firewall.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { JAVA_THROW } from '../vm/machine.ts'
import { CLEAR_ON_DESELECT, CLEAR_ON_RESET } from '../vm/memory/card-memory.ts'
import { ELEMENT, TYPE } from '../vm/memory/handle-entry.ts'
import { CRYPTO, failCrypto, orFail } from './crypto-exceptions.ts'
import { newTransient } from './javacard-framework/jc-system.ts'
import { keyEncryptionMethods } from './key-encryption.ts'
import {
  EXTENDED_KEY_HIDDEN_BYTES,
  EXTENDED_KEY_HIDDEN_REFERENCES,
  type KeyShape,
  keyContent,
  keyMethods,
  partGetter,
  putPart,
  requirePart,
  sizeOf,
  wholeKeySetter,
} from './key-parts.ts'
import {
  byteRange,
  bytesOf,
  fillAtomic,
  handleAt,
  hiddenHandle,
  hiddenShort,
  type JcreMethod,
  natives,
  newByteArray,
  newObject,
  putBytesAtomic,
  putHiddenShort,
  putResult,
  requireOwnObject,
  shortAt,
} from './native-call.ts'
import { forgetPrepared, prepared } from './prepared-keys.ts'

/**
 * The AESKey behind KeyBuilder. Hidden cells: type, bytes of the key, and an array with the key and one byte that is 1
 * once it is set. The array is persistent or transient as the type says, so clear events need nothing of us; setting a
 * key joins a transaction like any write.
 */
const CLASS_NAME = 'gridcard/AesKey'
const KEY_TYPE = 0
const SIZE = 1
const VALUE = 2

/** The one that was asked for with KeyEncryption is made of parts like other keys. */
export const extendedAesShape: KeyShape = {
  className: 'gridcard/EncryptedAesKey',
  extendedClassName: 'gridcard/EncryptedAesKey',
  parts: [{ maxBytes: (bits) => bits / 8 }],
}

const KEY_TYPES = { aesTransientReset: 13, aesTransientDeselect: 14, aes: 15 } as const

const ILLEGAL_TRANSIENT = 3

/** The caller has checked type and size. */
export function newAesKey(jcre: Jcre, keyType: number, bits: number): number {
  const { machine } = jcre
  const bytes = bits / 8
  if (keyType === KEY_TYPES.aesTransientDeselect && machine.context !== machine.selectedContext) {
    machine.throwNew('javacard/framework/SystemException', ILLEGAL_TRANSIENT)
  }
  const event = keyType === KEY_TYPES.aesTransientDeselect ? CLEAR_ON_DESELECT : CLEAR_ON_RESET
  const key = newObject(jcre, CLASS_NAME)
  const value =
    keyType === KEY_TYPES.aes
      ? newByteArray(jcre, bytes + 1)
      : newTransient(jcre, machine.owner, TYPE.array | ELEMENT.byte, bytes + 1, event)
  putHiddenShort(jcre, key, KEY_TYPE, keyType)
  putHiddenShort(jcre, key, SIZE, bytes)
  putHiddenShort(jcre, key, VALUE, value)
  return key
}

/** Address of the key bytes; CLEAR_ON_DESELECT values are out of reach while another context is selected. */
function valueAddress(jcre: Jcre, key: number): number {
  const value = hiddenHandle(jcre, key, VALUE)
  const fault = callerArrayFault(jcre.machine, value)
  if (fault !== 0) {
    jcre.machine.thrown = fault
    throw JAVA_THROW
  }
  return jcre.memory.addressOf(value)
}

function isSet(jcre: Jcre, key: number): boolean {
  return jcre.memory.u8[valueAddress(jcre, key) + hiddenShort(jcre, key, SIZE)] === 1
}

/**
 * A copy of the key, for one operation; the caller wipes it. Ends the native method if the reference is not an AES key
 * of the caller's (ILLEGAL_VALUE for other keys), or not set (UNINITIALIZED_KEY).
 */
export function takeAesKey(jcre: Jcre, key: number): Uint8Array {
  requireOwnObject(jcre, key, 'javacard/security/Key')
  const { name } = jcre.machine.classOf(key)
  if (name === extendedAesShape.className) return requirePart(jcre, extendedAesShape, key, 0)
  if (name !== CLASS_NAME) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  if (!isSet(jcre, key)) failCrypto(jcre, CRYPTO.UNINITIALIZED_KEY)
  const at = valueAddress(jcre, key)
  return jcre.memory.u8.slice(at, at + hiddenShort(jcre, key, SIZE))
}

/** The key made ready for blocks; it ends the native method as `takeAesKey` does, and for keys of 512 bits. */
export function openAesKey(jcre: Jcre, key: number): AesKeyOperations {
  requireOwnObject(jcre, key, 'javacard/security/Key')
  const content = contentOf(jcre, key)
  return prepared(jcre, key, content, 'aes', () => {
    const bytes = takeAesKey(jcre, key)
    try {
      return orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => jcre.crypto.openAesKey(bytes))
    } finally {
      bytes.fill(0)
    }
  })
}

/** The key made ready for GCM, as `openAesKey` does it for blocks. */
export function openGcmKey(jcre: Jcre, key: number): GcmKey {
  requireOwnObject(jcre, key, 'javacard/security/Key')
  return prepared(jcre, key, contentOf(jcre, key), 'gcm', () => {
    const bytes = takeAesKey(jcre, key)
    try {
      return orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => jcre.crypto.openGcmKey(bytes))
    } finally {
      bytes.fill(0)
    }
  })
}

function contentOf(jcre: Jcre, key: number): Uint8Array[] {
  if (jcre.machine.classOf(key).name !== CLASS_NAME) {
    return jcre.machine.classOf(key).name === extendedAesShape.className ? keyContent(jcre, key) : []
  }
  const at = valueAddress(jcre, key)
  return [jcre.memory.u8.subarray(at, at + hiddenShort(jcre, key, SIZE) + 1)]
}

export function aesKeyLength(jcre: Jcre, key: number): number {
  const isExtended = jcre.machine.classOf(key).name === extendedAesShape.className
  return isExtended ? sizeOf(jcre, key) / 8 : hiddenShort(jcre, key, SIZE)
}

/** As many bytes as the key has; the caller wipes its copy. */
export function putAesKey(jcre: Jcre, key: number, bytes: Uint8Array): void {
  if (jcre.machine.classOf(key).name === extendedAesShape.className) {
    putPart(jcre, extendedAesShape, key, 0, bytes)
    return
  }
  const withFlag = Uint8Array.of(...bytes, 1)
  forgetPrepared(jcre, key)
  try {
    putBytesAtomic(jcre, valueAddress(jcre, key), withFlag)
  } finally {
    withFlag.fill(0)
  }
}

const setKey: JcreMethod = (jcre, at) => {
  const key = handleAt(jcre, at)
  const size = hiddenShort(jcre, key, SIZE)
  const bytes = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), size)
  try {
    putAesKey(jcre, key, bytes)
  } finally {
    bytes.fill(0)
  }
  return 0
}

const getKey: JcreMethod = (jcre, at) => {
  const key = handleAt(jcre, at)
  const bytes = takeAesKey(jcre, key)
  try {
    putResult(jcre, byteRange(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), bytes.length), bytes)
    return bytes.length
  } finally {
    bytes.fill(0)
  }
}

const clearKey: JcreMethod = (jcre, at) => {
  const key = handleAt(jcre, at)
  forgetPrepared(jcre, key)
  fillAtomic(jcre, valueAddress(jcre, key), hiddenShort(jcre, key, SIZE) + 1, 0)
  return 0
}

export const aesKeyImplementation: NativeImplementation = {
  id: 0,
  name: CLASS_NAME,
  interfaces: ['javacard/security/AESKey'],
  hiddenBytes: 6,
  hiddenReferences: [VALUE],
  methods: natives({
    'setKey([BS)V': setKey,
    'getKey([BS)B': getKey,
    'clearKey()V': clearKey,
    'getSize()S': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), SIZE) * 8,
    'getType()B': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), KEY_TYPE),
    'isInitialized()Z': (jcre, at) => (isSet(jcre, handleAt(jcre, at)) ? 1 : 0),
  }),
}

export const extendedAesKeyImplementation: NativeImplementation = {
  id: 30,
  name: extendedAesShape.className,
  interfaces: ['javacard/security/AESKey', 'javacardx/crypto/KeyEncryption'],
  hiddenBytes: EXTENDED_KEY_HIDDEN_BYTES,
  hiddenReferences: EXTENDED_KEY_HIDDEN_REFERENCES,
  methods: natives({
    ...keyMethods(extendedAesShape),
    ...keyEncryptionMethods,
    'setKey([BS)V': wholeKeySetter(extendedAesShape),
    'getKey([BS)B': partGetter(extendedAesShape, 0),
  }),
}
