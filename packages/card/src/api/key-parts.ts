import type { Jcre } from '../runtime/jcre.ts'
import { callerArrayFault } from '../vm/firewall.ts'
import { JAVA_THROW } from '../vm/machine.ts'
import { CLEAR_ON_DESELECT, CLEAR_ON_RESET } from '../vm/memory/card-memory.ts'
import { ELEMENT, TYPE } from '../vm/memory/handle-entry.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { newTransient } from './javacard-framework/jc-system.ts'
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

/**
 * Keys made of parts (a DES key of one, an RSA key of several). Hidden cells: type, size, and an array with all parts,
 * each behind two bytes with its length; 0 is a part not set. The array is persistent or transient as the type says, so
 * clear events need nothing of us; setting a part joins a transaction like any write.
 */
const KEY_TYPE = 0
const SIZE = 1
const PARTS = 2
export const KEY_PARTS_HIDDEN_BYTES = 6
export const KEY_PARTS_HIDDEN_REFERENCES = [PARTS] as const

export interface KeyPart {
  /** Room for this part in a key of a size. */
  maxBytes(size: number): number
  /** False: the key is initialised without it, too. */
  readonly isOptional?: true
}

export interface KeyShape {
  readonly className: string
  readonly parts: readonly KeyPart[]
}

const LENGTH_BYTES = 2
const ILLEGAL_TRANSIENT = 3

const totalBytes = (shape: KeyShape, size: number): number => {
  return shape.parts.reduce((sum, part) => sum + LENGTH_BYTES + part.maxBytes(size), 0)
}

/** The caller has checked type and size. */
export function newKey(jcre: Jcre, shape: KeyShape, keyType: number, size: number): number {
  const { machine } = jcre
  const { memory } = KEY_TYPES[keyType]!
  if (memory === KEY_MEMORY.transientDeselect && machine.context !== machine.selectedContext) {
    machine.throwNew('javacard/framework/SystemException', ILLEGAL_TRANSIENT)
  }
  const bytes = totalBytes(shape, size)
  const event = memory === KEY_MEMORY.transientDeselect ? CLEAR_ON_DESELECT : CLEAR_ON_RESET
  const key = newObject(jcre, shape.className)
  const parts =
    memory === KEY_MEMORY.persistent
      ? newByteArray(jcre, bytes)
      : newTransient(jcre, machine.owner, TYPE.array | ELEMENT.byte, bytes, event)
  putHiddenShort(jcre, key, KEY_TYPE, keyType)
  putHiddenShort(jcre, key, SIZE, size)
  putHiddenShort(jcre, key, PARTS, parts)
  return key
}

/** For every key, AES keys too: they keep their type in the same cell. */
export const keyTypeOf = (jcre: Jcre, key: number): number => hiddenShort(jcre, key, KEY_TYPE)
export const keyKindOf = (jcre: Jcre, key: number): KeyKind => KEY_TYPES[keyTypeOf(jcre, key)]!.kind
export const sizeOf = (jcre: Jcre, key: number): number => hiddenShort(jcre, key, SIZE)

/** The kind of a key that an init was given; ends the native method if it is not one of the caller's own. */
export function requireKey(jcre: Jcre, key: number): KeyKind {
  requireOwnObject(jcre, key, 'javacard/security/Key')
  // A class of an applet may implement Key; only ours have the hidden cells.
  if (!jcre.natives.isNativeClass(jcre.machine.classOf(key))) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  return keyKindOf(jcre, key)
}

/** Address of the parts; CLEAR_ON_DESELECT values are out of reach while another context is selected. */
function partsAddress(jcre: Jcre, key: number): number {
  const parts = hiddenHandle(jcre, key, PARTS)
  const fault = callerArrayFault(jcre.machine, parts)
  if (fault !== 0) {
    jcre.machine.thrown = fault
    throw JAVA_THROW
  }
  return jcre.memory.addressOf(parts)
}

function partAddress(jcre: Jcre, shape: KeyShape, key: number, part: number): number {
  const size = sizeOf(jcre, key)
  let address = partsAddress(jcre, key)
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
 * Atomic if the commit buffer has room. A longer part is first unset, then written, then set: after a power cut it is
 * there as a whole or not at all.
 */
export function putPart(jcre: Jcre, shape: KeyShape, key: number, part: number, bytes: Uint8Array): void {
  const address = partAddress(jcre, shape, key, part)
  const framed = Uint8Array.of(bytes.length >> 8, bytes.length, ...bytes)
  const { memory } = jcre
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

function clear(jcre: Jcre, shape: KeyShape, key: number): void {
  const address = partsAddress(jcre, key)
  const bytes = totalBytes(shape, sizeOf(jcre, key))
  const { memory } = jcre
  if (!isPersistent(jcre, address) || memory.inTransaction || memory.hasCommitRoomFor(bytes)) {
    fillAtomic(jcre, address, bytes, 0)
    return
  }
  for (const index of shape.parts.keys()) fillAtomic(jcre, partAddress(jcre, shape, key, index), LENGTH_BYTES, 0)
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
    'getType()B': (jcre, at) => keyTypeOf(jcre, handleAt(jcre, at)),
    'isInitialized()Z': (jcre, at) => (isInitialized(jcre, shape, handleAt(jcre, at)) ? 1 : 0),
  }
}

type PartCheck = (bytes: Uint8Array, size: number) => boolean

/** `setX(byte[], short, short)`: ILLEGAL_VALUE for a length of 0, one beyond the part's room, or a wrong format. */
export function partSetter(shape: KeyShape, part: number, isRight: PartCheck = () => true): JcreMethod {
  return (jcre, at) => {
    const key = handleAt(jcre, at)
    const bytes = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
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
