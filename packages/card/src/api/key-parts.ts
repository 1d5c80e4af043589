import type { Jcre } from '../runtime/jcre.ts'
import { callerArrayFault } from '../vm/firewall.ts'
import { JAVA_THROW } from '../vm/machine.ts'
import { CLEAR_ON_DESELECT, CLEAR_ON_RESET } from '../vm/memory/card-memory.ts'
import { ELEMENT, TYPE } from '../vm/memory/handle-entry.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { newTransient } from './javacard-framework/jc-system.ts'
import { decryptedKeyData } from './key-decryption.ts'
import { KEY_MEMORY, KEY_TYPES, type KeyKind } from './key-types.ts'
import {
  byteRange,
  bytesOf,
  fillAtomic,
  handleAt,
  hiddenHandle,
  hiddenShort,
  isPersistent,
  type JcreMethod,
  newByteArray,
  newObject,
  putBytesAtomic,
  putHiddenShort,
  putResult,
  requireOwnObject,
  shortAt,
} from './native-call.ts'
import { forgetPrepared } from './prepared-keys.ts'

/**
 * Keys made of parts (a DES key of one, an RSA key of several). Hidden cells: type, size, and an array with all parts,
 * each behind two bytes with its length; 0 is a part not set. The array is persistent or transient as the type says, so
 * clear events need nothing of us; setting a part joins a transaction like any write.
 *
 * A key that was asked for with KeyEncryption, or with a shared domain, is of another class with two more cells: the
 * array of whoever holds the domain, which has all parts but the last, and the cipher that decrypts what is set.
 */
const KEY_TYPE = 0
const SIZE = 1
const PARTS = 2
const DOMAIN = 3
const KEY_CIPHER = 4
export const KEY_PARTS_HIDDEN_BYTES = 6
export const KEY_PARTS_HIDDEN_REFERENCES = [PARTS] as const
export const EXTENDED_KEY_HIDDEN_BYTES = 10
export const EXTENDED_KEY_HIDDEN_REFERENCES = [PARTS, DOMAIN, KEY_CIPHER] as const

export interface KeyPart {
  /** Room for this part in a key of a size. */
  maxBytes(size: number): number
  /** False: the key is initialised without it, too. */
  readonly isOptional?: true
}

export interface KeyShape {
  readonly className: string
  /** The class that has KeyEncryption; for all of its kind if it is the same. */
  readonly extendedClassName: string
  readonly parts: readonly KeyPart[]
}

const LENGTH_BYTES = 2
const ILLEGAL_TRANSIENT = 3

const totalBytes = (parts: readonly KeyPart[], size: number): number => {
  return parts.reduce((sum, part) => sum + LENGTH_BYTES + part.maxBytes(size), 0)
}

export interface NewKeyOptions {
  /** KeyEncryption was asked for. */
  readonly isExtended?: boolean
  /** A parameters object, which the caller has checked. */
  readonly domainKey?: number
}

/** The caller has checked type and size. */
export function newKey(jcre: Jcre, shape: KeyShape, keyType: number, size: number, o: NewKeyOptions = {}): number {
  const { machine } = jcre
  const { memory } = KEY_TYPES[keyType]!
  if (memory === KEY_MEMORY.transientDeselect && machine.context !== machine.selectedContext) {
    machine.throwNew('javacard/framework/SystemException', ILLEGAL_TRANSIENT)
  }
  const bytes = totalBytes(o.domainKey === undefined ? shape.parts : shape.parts.slice(-1), size)
  const event = memory === KEY_MEMORY.transientDeselect ? CLEAR_ON_DESELECT : CLEAR_ON_RESET
  const isExtended = o.isExtended === true || o.domainKey !== undefined
  const key = newObject(jcre, isExtended ? shape.extendedClassName : shape.className)
  const parts =
    memory === KEY_MEMORY.persistent
      ? newByteArray(jcre, bytes)
      : newTransient(jcre, machine.owner, TYPE.array | ELEMENT.byte, bytes, event)
  putHiddenShort(jcre, key, KEY_TYPE, keyType)
  putHiddenShort(jcre, key, SIZE, size)
  putHiddenShort(jcre, key, PARTS, parts)
  if (o.domainKey !== undefined) putHiddenShort(jcre, key, DOMAIN, hiddenHandle(jcre, o.domainKey, PARTS))
  return key
}

/** For every key, AES keys too: they keep their type in the same cell. */
export const keyTypeOf = (jcre: Jcre, key: number): number => hiddenShort(jcre, key, KEY_TYPE)
export const keyKindOf = (jcre: Jcre, key: number): KeyKind => KEY_TYPES[keyTypeOf(jcre, key)]!.kind
export const sizeOf = (jcre: Jcre, key: number): number => hiddenShort(jcre, key, SIZE)

const isExtendedKey = (jcre: Jcre, key: number): boolean => {
  return jcre.machine.classOf(key).hiddenBytes >= EXTENDED_KEY_HIDDEN_BYTES
}
const domainOfKey = (jcre: Jcre, key: number): number => {
  return isExtendedKey(jcre, key) ? hiddenHandle(jcre, key, DOMAIN) : 0
}

/** KeyEncryption, for keys of the extended classes. */
export const keyCipherOf = (jcre: Jcre, key: number): number => {
  return isExtendedKey(jcre, key) ? hiddenHandle(jcre, key, KEY_CIPHER) : 0
}
export const putKeyCipher = (jcre: Jcre, key: number, cipher: number): void => {
  putHiddenShort(jcre, key, KEY_CIPHER, cipher)
}

/** The kind of a key that an init was given; ends the native method if it is not one of the caller's own. */
export function requireKey(jcre: Jcre, key: number): KeyKind {
  requireOwnObject(jcre, key, 'javacard/security/Key')
  // A class of an applet may implement Key; only ours have the hidden cells.
  if (!jcre.natives.isNativeClass(jcre.machine.classOf(key))) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  return keyKindOf(jcre, key)
}

/** Address of an array of parts; CLEAR_ON_DESELECT values are out of reach while another context is selected. */
function addressOfArray(jcre: Jcre, array: number): number {
  const fault = callerArrayFault(jcre.machine, array)
  if (fault !== 0) {
    jcre.machine.thrown = fault
    throw JAVA_THROW
  }
  return jcre.memory.addressOf(array)
}

/** The arrays that a key is made of, as ranges of memory; for caches by content. */
export function keyContent(jcre: Jcre, key: number): Uint8Array[] {
  const { memory } = jcre
  const arrays = [hiddenHandle(jcre, key, PARTS), domainOfKey(jcre, key)].filter((one) => one !== 0)
  return arrays.map((array) => {
    const address = addressOfArray(jcre, array)
    return memory.u8.subarray(address, address + (memory.word1(array) & 0xffff))
  })
}

function partAddress(jcre: Jcre, shape: KeyShape, key: number, part: number): number {
  const size = sizeOf(jcre, key)
  const domain = domainOfKey(jcre, key)
  if (domain !== 0 && part === shape.parts.length - 1) return addressOfArray(jcre, hiddenHandle(jcre, key, PARTS))
  let address = addressOfArray(jcre, domain !== 0 ? domain : hiddenHandle(jcre, key, PARTS))
  for (let i = 0; i < part; i++) address += LENGTH_BYTES + shape.parts[i]!.maxBytes(size)
  return address
}

const lengthAt = ({ memory: { u8 } }: Jcre, address: number): number => (u8[address]! << 8) | u8[address + 1]!

/** A copy of a part, empty if it was not set; the caller wipes what is secret. */
export function partOf(jcre: Jcre, shape: KeyShape, key: number, part: number): Uint8Array {
  const address = partAddress(jcre, shape, key, part)
  const from = address + LENGTH_BYTES
  return jcre.memory.u8.slice(from, from + lengthAt(jcre, address))
}

export function requirePart(jcre: Jcre, shape: KeyShape, key: number, part: number): Uint8Array {
  const bytes = partOf(jcre, shape, key, part)
  return bytes.length > 0 ? bytes : failCrypto(jcre, CRYPTO.UNINITIALIZED_KEY)
}

export function isInitialized(jcre: Jcre, shape: KeyShape, key: number): boolean {
  return shape.parts.every((part, index) => {
    return part.isOptional || lengthAt(jcre, partAddress(jcre, shape, key, index)) > 0
  })
}

/**
 * Nothing happens if the part is there already: what was made of the key stays, too. Atomic if the commit buffer has room. A longer part is first unset, then written, then set: after a power cut it is
 * there as a whole or not at all.
 */
export function putPart(jcre: Jcre, shape: KeyShape, key: number, part: number, bytes: Uint8Array): void {
  const address = partAddress(jcre, shape, key, part)
  const { memory } = jcre
  if (lengthAt(jcre, address) === bytes.length && memory.holds(address + LENGTH_BYTES, bytes)) return
  const framed = Uint8Array.of(bytes.length >> 8, bytes.length, ...bytes)
  forgetPrepared(jcre, key)
  if (!isPersistent(jcre, address) || memory.inTransaction || memory.hasCommitRoomFor(framed.length)) {
    putBytesAtomic(jcre, address, framed)
  } else {
    fillAtomic(jcre, address, LENGTH_BYTES, 0)
    memory.u8.set(bytes, address + LENGTH_BYTES)
    memory.copyNonAtomic(address + LENGTH_BYTES, address + LENGTH_BYTES, bytes.length)
    putBytesAtomic(jcre, address, framed.subarray(0, LENGTH_BYTES))
  }
  framed.fill(0)
}

/** A shared domain stays: it is other keys' too. */
function clear(jcre: Jcre, shape: KeyShape, key: number): void {
  forgetPrepared(jcre, key)
  const isShared = domainOfKey(jcre, key) !== 0
  const parts = isShared ? shape.parts.slice(-1) : shape.parts
  const address = addressOfArray(jcre, hiddenHandle(jcre, key, PARTS))
  const size = sizeOf(jcre, key)
  const bytes = totalBytes(parts, size)
  const { memory } = jcre
  if (!isPersistent(jcre, address) || memory.inTransaction || memory.hasCommitRoomFor(bytes)) {
    fillAtomic(jcre, address, bytes, 0)
    return
  }
  let at = address
  for (const part of parts) {
    fillAtomic(jcre, at, LENGTH_BYTES, 0)
    at += LENGTH_BYTES + part.maxBytes(size)
  }
  memory.fillNonAtomic(address, bytes, 0)
}

// ---- methods of the interfaces

/** The methods of Key. */
export function keyMethods(shape: KeyShape): Readonly<Record<string, JcreMethod>> {
  return {
    'clearKey()V': (jcre, at) => {
      clear(jcre, shape, handleAt(jcre, at))
      return 0
    },
    'getSize()S': (jcre, at) => sizeOf(jcre, handleAt(jcre, at)),
    'getType()B': (jcre, at) => {
      const type = keyTypeOf(jcre, handleAt(jcre, at))
      return KEY_TYPES[type]!.told ?? type
    },
    'isInitialized()Z': (jcre, at) => (isInitialized(jcre, shape, handleAt(jcre, at)) ? 1 : 0),
  }
}

type PartCheck = (bytes: Uint8Array, size: number) => boolean

/**
 * What a setter was given, decrypted if the key has a cipher for that; the caller wipes it.
 * @source API javacardx.crypto.KeyEncryption
 */
export function keyInput(jcre: Jcre, key: number, array: number, offset: number, length: number): Uint8Array {
  const cipher = keyCipherOf(jcre, key)
  const given = bytesOf(jcre, array, offset, length)
  return cipher === 0 ? given : decryptedKeyData(jcre, cipher, given)
}

/** `setX(byte[], short, short)`: ILLEGAL_VALUE for a length of 0, one beyond the part's room, or a wrong format. */
export function partSetter(shape: KeyShape, part: number, isRight: PartCheck = () => true): JcreMethod {
  return (jcre, at) => {
    const key = handleAt(jcre, at)
    const bytes = keyInput(jcre, key, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
    const size = sizeOf(jcre, key)
    try {
      const fits = bytes.length > 0 && bytes.length <= shape.parts[part]!.maxBytes(size)
      if (!fits || !isRight(bytes, size)) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
      putPart(jcre, shape, key, part, bytes)
    } finally {
      bytes.fill(0)
    }
    return 0
  }
}

/** `setKey(byte[], short)` of a key with one part as long as its size says. */
export function wholeKeySetter(shape: KeyShape): JcreMethod {
  return (jcre, at) => {
    const key = handleAt(jcre, at)
    const length = shape.parts[0]!.maxBytes(sizeOf(jcre, key))
    const bytes = keyInput(jcre, key, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
    try {
      if (bytes.length !== length) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
      putPart(jcre, shape, key, 0, bytes)
    } finally {
      bytes.fill(0)
    }
    return 0
  }
}

/** `getX(byte[], short)`, with the length as result. */
export function partGetter(shape: KeyShape, part: number): JcreMethod {
  return (jcre, at) => {
    const bytes = requirePart(jcre, shape, handleAt(jcre, at), part)
    try {
      putResult(jcre, byteRange(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), bytes.length), bytes)
      return bytes.length
    } finally {
      bytes.fill(0)
    }
  }
}
