import { equalBytes } from '@gridcard/bytes'
import type { Jcre } from '../../runtime/jcre.ts'
import { handleAt, type JcreMethod, requireOwnObject, shortAt } from '../native-call.ts'
import { inOneStep } from '../one-step.ts'
import { lengthBytes, MOST_LENGTH, readHeader, type TlvHeader } from './ber.ts'
import { CONSTRUCTED_TAG, encodingAt, encodingOf, restOfArray } from './ber-tag.ts'
import { appendToBytes, construct, headerAt, initFromBytes, range, tlvAt, wholeTlv } from './ber-tlv.ts'
import { failTlv, orFail, TLV } from './tlv-exceptions.ts'
import { childrenOf, contains, encodeTlv, newTlvs, setChildren, setTag, tagOf } from './tlv-objects.ts'

/** javacardx.framework.tlv.ConstructedBERTLV: refers to the objects it is made of. */

function tagArgument(jcre: Jcre, at: number): number {
  const tag = handleAt(jcre, at)
  requireOwnObject(jcre, tag, CONSTRUCTED_TAG)
  encodingOf(jcre, tag)
  return tag
}

/** TLVs with a value of so many bytes would be; TLV_SIZE_GREATER_THAN_32767 before anything is changed. */
function requireSize(jcre: Jcre, tag: number, valueLength: number): number {
  const size = encodingOf(jcre, tag).length + lengthBytes(valueLength).length + valueLength
  return size <= MOST_LENGTH ? size : failTlv(jcre, TLV.TLV_SIZE_GREATER_THAN_32767)
}

/** @returns the size that the TLV has with these parts */
function setParts(jcre: Jcre, tlv: number, parts: readonly number[], newTag?: number): number {
  const valueLength = parts.reduce((sum, part) => Math.min(sum + encodeTlv(jcre, part).length, MOST_LENGTH + 1), 0)
  const size = requireSize(jcre, newTag ?? tagOf(jcre, tlv), valueLength)
  inOneStep(jcre, () => {
    if (newTag !== undefined) setTag(jcre, tlv, newTag)
    setChildren(jcre, tlv, parts)
  })
  return size
}

function requireNoCycle(jcre: Jcre, tlv: number, part: number): void {
  if (contains(jcre, part, tlv)) failTlv(jcre, TLV.INVALID_PARAM)
}

const initFromTlv: JcreMethod = (jcre, at) => {
  const tlv = handleAt(jcre, at)
  const tag = tagArgument(jcre, at + 1)
  const part = tlvAt(jcre, at + 2)
  requireNoCycle(jcre, tlv, part)
  return setParts(jcre, tlv, [part], tag)
}

const initFromValue: JcreMethod = (jcre, at) => {
  const tlv = handleAt(jcre, at)
  const tag = tagArgument(jcre, at + 1)
  const value = range(jcre, at + 2)
  const isOpen = jcre.memory.inTransaction
  requireSize(jcre, tag, value.length)
  return inOneStep(jcre, () => setParts(jcre, tlv, newTlvs(jcre, value, isOpen), tag))
}

const append: JcreMethod = (jcre, at) => {
  const tlv = handleAt(jcre, at)
  const part = tlvAt(jcre, at + 1)
  requireNoCycle(jcre, tlv, part)
  return setParts(jcre, tlv, [...childrenOf(jcre, tlv), part])
}

/** Where in the list the n-th occurrence of an object is; INVALID_PARAM if there are fewer. */
function occurrence(jcre: Jcre, children: readonly number[], part: number, count: number): number {
  const places = children.flatMap((child, i) => (child === part ? [i] : []))
  return places[count - 1] ?? failTlv(jcre, TLV.INVALID_PARAM)
}

const remove: JcreMethod = (jcre, at) => {
  const tlv = handleAt(jcre, at)
  const children = childrenOf(jcre, tlv)
  const place = occurrence(jcre, children, tlvAt(jcre, at + 1), shortAt(jcre, at + 2))
  return setParts(jcre, tlv, children.toSpliced(place, 1))
}

/** The first of some with a tag; of any tag, if that is null. */
function firstWith(jcre: Jcre, tag: number, children: readonly number[]): number {
  if (tag === 0) return children[0] ?? 0
  requireOwnObject(jcre, tag, 'javacardx/framework/tlv/BERTag')
  const wanted = encodingOf(jcre, tag)
  return children.find((child) => equalBytes(encodingOf(jcre, tagOf(jcre, child)), wanted)) ?? 0
}

const findNext: JcreMethod = (jcre, at) => {
  const children = childrenOf(jcre, handleAt(jcre, at))
  const place = occurrence(jcre, children, tlvAt(jcre, at + 2), shortAt(jcre, at + 3))
  return firstWith(jcre, handleAt(jcre, at + 1), children.slice(place + 1))
}

// ---- in bytes

/** Places of the TLVs at the top level in a constructed one, relative to it. */
function placesIn(jcre: Jcre, bytes: Uint8Array, whole: TlvHeader): number[] {
  const places: number[] = []
  for (let at = whole.valueAt; at < whole.end; ) {
    const reasons = { malformed: TLV.MALFORMED_TLV, tooLarge: TLV.MALFORMED_TLV }
    const { end } = orFail(jcre, readHeader(bytes, at), reasons)
    if (end > whole.end) failTlv(jcre, TLV.MALFORMED_TLV)
    places.push(at)
    at = end
  }
  if (whole.end > bytes.length) jcre.machine.throwNew('java/lang/ArrayIndexOutOfBoundsException')
  return places
}

function findInBytes(jcre: Jcre, at: number, tagAt: number, startOffset: number | undefined): number {
  const { header, bytes } = headerAt(jcre, at, true)
  const offset = shortAt(jcre, at + 1)
  const places = placesIn(jcre, bytes, header)
  const wanted = handleAt(jcre, tagAt) === 0 ? undefined : encodingAt(jcre, tagAt)
  let from = 0
  if (startOffset !== undefined) {
    const place = places.indexOf(startOffset - offset)
    if (place < 0) failTlv(jcre, TLV.INVALID_PARAM)
    from = place + 1
  }
  const found = places.slice(from).find((place) => {
    return wanted === undefined || equalBytes(bytes.subarray(place, place + wanted.length), wanted)
  })
  return found === undefined ? -1 : offset + found
}

const appendBytes: JcreMethod = (jcre, at) => {
  const bytes = restOfArray(jcre, at)
  const reasons = { malformed: TLV.MALFORMED_TLV, tooLarge: TLV.MALFORMED_TLV }
  const { end } = orFail(jcre, readHeader(bytes, 0), reasons)
  if (end > bytes.length) jcre.machine.throwNew('java/lang/ArrayIndexOutOfBoundsException')
  wholeTlv(jcre, bytes.subarray(0, end))
  return appendToBytes(jcre, at + 2, true, bytes.slice(0, end))
}

export const constructedBerTlvMethods: Readonly<Record<string, JcreMethod>> = {
  'ConstructedBERTLV.<init>(S)V': construct,
  'ConstructedBERTLV.init([BSS)S': initFromBytes(true),
  'ConstructedBERTLV.init(Ljavacardx/framework/tlv/ConstructedBERTag;Ljavacardx/framework/tlv/BERTLV;)S': initFromTlv,
  'ConstructedBERTLV.init(Ljavacardx/framework/tlv/ConstructedBERTag;[BSS)S': initFromValue,
  'ConstructedBERTLV.append(Ljavacardx/framework/tlv/BERTLV;)S': append,
  'ConstructedBERTLV.delete(Ljavacardx/framework/tlv/BERTLV;S)S': remove,
  'ConstructedBERTLV.find(Ljavacardx/framework/tlv/BERTag;)Ljavacardx/framework/tlv/BERTLV;': (jcre, at) =>
    firstWith(jcre, handleAt(jcre, at + 1), childrenOf(jcre, handleAt(jcre, at))),
  'ConstructedBERTLV.findNext(Ljavacardx/framework/tlv/BERTag;Ljavacardx/framework/tlv/BERTLV;S)Ljavacardx/framework/tlv/BERTLV;':
    findNext,
  'ConstructedBERTLV.append([BS[BS)S': appendBytes,
  'ConstructedBERTLV.find([BS[BS)S': (jcre, at) => findInBytes(jcre, at, at + 2, undefined),
  'ConstructedBERTLV.findNext([BSS[BS)S': (jcre, at) => findInBytes(jcre, at, at + 3, shortAt(jcre, at + 2)),
}
