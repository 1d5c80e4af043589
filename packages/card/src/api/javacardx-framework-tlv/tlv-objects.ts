import { concatBytes } from '@gridcard/bytes'
import type { Jcre } from '../../runtime/jcre.ts'
import {
  hiddenHandle,
  hiddenShort,
  lengthOf,
  newByteArray,
  newObject,
  newReferenceArray,
  putBytesAtomic,
  putHiddenShort,
  requireWritten,
  writeNonAtomic,
} from '../native-call.ts'
import { lengthBytes, MOST_LENGTH, MOST_LEVELS, readSequence, type TlvHeader } from './ber.ts'
import { encodingOf, newTag, putEncoding } from './ber-tag.ts'
import { failTlv, orFail, TLV } from './tlv-exceptions.ts'

/**
 * The state of BERTLV objects, in hidden cells: the tag, null while empty, and whether it was made here and may be
 * written again; then the value of a primitive one, or the references of a constructed one, and how much of either counts.
 */
export const BER_TLV_HIDDEN_BYTES = 4
export const CONTENTS_HIDDEN_BYTES = 4
const TAG = 0
const IS_OWN_TAG = 1
const CONTENTS = 2
const COUNT = 3

export const BER_TLV = 'javacardx/framework/tlv/BERTLV'
export const PRIMITIVE_TLV = 'javacardx/framework/tlv/PrimitiveBERTLV'
export const CONSTRUCTED_TLV = 'javacardx/framework/tlv/ConstructedBERTLV'

const WHOLE_REASONS = {
  malformed: TLV.MALFORMED_TLV,
  tooLarge: TLV.ILLEGAL_SIZE,
  outside: TLV.MALFORMED_TLV,
}

export function isConstructedTlv(jcre: Jcre, tlv: number): boolean {
  return jcre.machine.classOf(tlv).isKindOf(jcre.requireClass(CONSTRUCTED_TLV))
}

// ---- tag

export function tagOf(jcre: Jcre, tlv: number): number {
  const tag = hiddenHandle(jcre, tlv, TAG)
  return tag !== 0 ? tag : failTlv(jcre, TLV.EMPTY_TLV)
}

export function setTag(jcre: Jcre, tlv: number, tag: number): void {
  putHiddenShort(jcre, tlv, TAG, tag)
  putHiddenShort(jcre, tlv, IS_OWN_TAG, 0)
}

/** A tag object that an applet gave stays as it is; one of ours is written again, so that nothing is used up. */
function setEncoding(jcre: Jcre, tlv: number, encoding: Uint8Array): void {
  if (hiddenShort(jcre, tlv, IS_OWN_TAG) !== 0) putEncoding(jcre, hiddenHandle(jcre, tlv, TAG), encoding)
  else {
    putHiddenShort(jcre, tlv, TAG, newTag(jcre, encoding))
    putHiddenShort(jcre, tlv, IS_OWN_TAG, 1)
  }
}

// ---- contents

/** Room for so many bytes of value, or TLVs; an object whose constructor did not run gets it now. */
export function makeContents(jcre: Jcre, tlv: number, capacity: number): void {
  const array = isConstructedTlv(jcre, tlv) ? newReferenceArray(jcre, capacity) : newByteArray(jcre, capacity)
  putHiddenShort(jcre, tlv, CONTENTS, array)
}

function requireCapacity(jcre: Jcre, tlv: number, capacity: number): number {
  const array = hiddenHandle(jcre, tlv, CONTENTS)
  if (array === 0 || lengthOf(jcre, array) < capacity) makeContents(jcre, tlv, capacity)
  return jcre.memory.addressOf(hiddenHandle(jcre, tlv, CONTENTS))
}

export function valueBytes(jcre: Jcre, tlv: number): Uint8Array {
  const at = jcre.memory.addressOf(hiddenHandle(jcre, tlv, CONTENTS))
  return jcre.memory.u8.slice(at, at + hiddenShort(jcre, tlv, COUNT))
}

/** A value beyond the commit buffer is written without a promise, unless the applet has a transaction open. */
export function setValue(jcre: Jcre, tlv: number, value: Uint8Array, isOpen: boolean): void {
  const { memory } = jcre
  const address = requireCapacity(jcre, tlv, value.length)
  if (isOpen || memory.hasCommitRoomFor(value.length + CELLS_COST)) putBytesAtomic(jcre, address, value)
  else writeNonAtomic(jcre, address, value)
  putHiddenShort(jcre, tlv, COUNT, value.length)
}
/** Entries in the commit buffer for the other cells of the same step. */
const CELLS_COST = 64

export function childrenOf(jcre: Jcre, tlv: number): number[] {
  const at = jcre.memory.addressOf(hiddenHandle(jcre, tlv, CONTENTS)) >> 1
  return Array.from({ length: hiddenShort(jcre, tlv, COUNT) }, (_, i) => jcre.memory.i16[at + i]! & 0xffff)
}

export function setChildren(jcre: Jcre, tlv: number, children: readonly number[]): void {
  const before = childrenOf(jcre, tlv)
  const address = requireCapacity(jcre, tlv, children.length)
  for (let i = 0; i < Math.max(before.length, children.length); i++) {
    const child = children[i] ?? 0 // what is removed must not be kept alive
    const cell = address + 2 * i
    if ((jcre.memory.i16[cell >> 1]! & 0xffff) === child) continue
    requireWritten(jcre, jcre.memory.putShort(cell, child))
  }
  putHiddenShort(jcre, tlv, COUNT, children.length)
}

// ---- to and from bytes

/** The whole encoding; a TLV may be in it many times, so the bytes are counted while they are made. */
export function encodeTlv(jcre: Jcre, tlv: number): Uint8Array {
  let total = 0
  const count = (bytes: Uint8Array): Uint8Array => {
    total += bytes.length
    if (total > MOST_LENGTH) failTlv(jcre, TLV.TLV_SIZE_GREATER_THAN_32767)
    return bytes
  }
  const encode = (one: number, level: number): Uint8Array => {
    if (level > MOST_LEVELS) failTlv(jcre, TLV.ILLEGAL_SIZE)
    const tag = count(encodingOf(jcre, tagOf(jcre, one)))
    const value = isConstructedTlv(jcre, one)
      ? concatBytes(...childrenOf(jcre, one).map((child) => encode(child, level + 1)))
      : count(valueBytes(jcre, one))
    return concatBytes(tag, count(lengthBytes(value.length)), value)
  }
  return encode(tlv, 0)
}

/** Length of the value alone. */
export function lengthOfTlv(jcre: Jcre, tlv: number): number {
  if (!isConstructedTlv(jcre, tlv)) {
    tagOf(jcre, tlv)
    return hiddenShort(jcre, tlv, COUNT)
  }
  const size = encodeTlv(jcre, tlv).length - encodingOf(jcre, tagOf(jcre, tlv)).length
  const sizeOfLength = [1, 2, 3].find((one) => lengthBytes(size - one).length === one)!
  return size - sizeOfLength
}

/** Writes what bytes say into an object of the right class. */
export function fillTlv(jcre: Jcre, tlv: number, bytes: Uint8Array, header: TlvHeader, isOpen: boolean): void {
  const value = bytes.subarray(header.valueAt, header.end)
  setEncoding(jcre, tlv, bytes.slice(0, header.tag.sizeBytes))
  if (header.isConstructed) setChildren(jcre, tlv, newTlvs(jcre, value, isOpen))
  else setValue(jcre, tlv, value, isOpen)
}

/** An object for each of the TLVs that fill some bytes. */
export function newTlvs(jcre: Jcre, bytes: Uint8Array, isOpen: boolean): number[] {
  return orFail(jcre, readSequence(bytes), WHOLE_REASONS).map(({ at, header }) => {
    const shift = (one: TlvHeader): TlvHeader => ({ ...one, valueAt: one.valueAt - at, end: one.end - at })
    return newTlv(jcre, bytes.subarray(at, header.end), shift(header), isOpen)
  })
}

export function newTlv(jcre: Jcre, bytes: Uint8Array, header: TlvHeader, isOpen: boolean): number {
  const tlv = newObject(jcre, header.isConstructed ? CONSTRUCTED_TLV : PRIMITIVE_TLV)
  makeContents(jcre, tlv, header.isConstructed ? 0 : header.length.value)
  fillTlv(jcre, tlv, bytes, header, isOpen)
  return tlv
}

/** True if `wanted` is `tlv`, or in it at any level. */
export function contains(jcre: Jcre, tlv: number, wanted: number): boolean {
  const seen = new Set([tlv])
  for (const one of seen) {
    if (one === wanted) return true
    if (isConstructedTlv(jcre, one)) for (const child of childrenOf(jcre, one)) seen.add(child)
  }
  return false
}
