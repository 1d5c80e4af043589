import { concatBytes } from '@gridcard/bytes'
import type { Jcre } from '../../runtime/jcre.ts'
import { ACCESS } from '../../vm/firewall.ts'
import {
  byteRange,
  bytesOf,
  handleAt,
  type JcreMethod,
  putResult,
  requireByteArray,
  requireOwnObject,
  shortAt,
} from '../native-call.ts'
import { inOneStep } from '../one-step.ts'
import {
  isConstructed,
  lengthBytes,
  MOST_LENGTH,
  readHeader,
  readLength,
  readTag,
  readWhole,
  type TlvHeader,
} from './ber.ts'
import { encodingAt, encodingOf, PRIMITIVE_TAG, restOfArray } from './ber-tag.ts'
import { failTlv, orFail, TLV } from './tlv-exceptions.ts'
import {
  encodeTlv,
  fillTlv,
  lengthOfTlv,
  makeContents,
  newTlv,
  setTag,
  setValue,
  tagOf,
  valueBytes,
} from './tlv-objects.ts'

/** javacardx.framework.tlv.BERTLV and PrimitiveBERTLV. Capacities grow as needed. */

const MALFORMED = { malformed: TLV.MALFORMED_TLV, tooLarge: TLV.TLV_SIZE_GREATER_THAN_32767 }

export function put(jcre: Jcre, at: number, bytes: Uint8Array): number {
  putResult(jcre, byteRange(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), bytes.length), bytes)
  return bytes.length
}

/** Array, offset and length. */
export function range(jcre: Jcre, at: number): Uint8Array {
  return bytesOf(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), shortAt(jcre, at + 2))
}

export function wholeTlv(jcre: Jcre, bytes: Uint8Array): TlvHeader {
  return orFail(jcre, readWhole(bytes), {
    malformed: TLV.MALFORMED_TLV,
    tooLarge: TLV.ILLEGAL_SIZE,
    outside: TLV.MALFORMED_TLV,
  })
}

/** Tag and length at an array and offset, of a TLV of the wanted kind. */
export function headerAt(jcre: Jcre, at: number, wantsConstructed: boolean): { header: TlvHeader; bytes: Uint8Array } {
  const bytes = restOfArray(jcre, at)
  const header = orFail(jcre, readHeader(bytes, 0), MALFORMED)
  if (header.isConstructed !== wantsConstructed) failTlv(jcre, TLV.MALFORMED_TLV)
  return { header, bytes }
}

/** From one array to another that begins with a TLV: more value at its end. @returns the size it has then */
export function appendToBytes(jcre: Jcre, at: number, wantsConstructed: boolean, more: Uint8Array): number {
  const { header, bytes } = headerAt(jcre, at, wantsConstructed)
  if (header.end > bytes.length) jcre.machine.throwNew('java/lang/ArrayIndexOutOfBoundsException')
  const length = header.length.value + more.length
  if (length > MOST_LENGTH) failTlv(jcre, TLV.TLV_SIZE_GREATER_THAN_32767)
  const value = bytes.subarray(header.valueAt, header.end)
  const tag = bytes.subarray(0, header.tag.sizeBytes)
  return put(jcre, at, concatBytes(tag, lengthBytes(length, Math.min(3, header.length.sizeBytes)), value, more))
}

// ---- BERTLV

const getInstance: JcreMethod = (jcre, at) => {
  const bytes = range(jcre, at)
  const header = wholeTlv(jcre, bytes)
  const isOpen = jcre.memory.inTransaction
  return inOneStep(jcre, () => newTlv(jcre, bytes, header, isOpen))
}

export function initFromBytes(wantsConstructed: boolean): JcreMethod {
  return (jcre, at) => {
    const tlv = handleAt(jcre, at)
    const bytes = range(jcre, at + 1)
    const header = wholeTlv(jcre, bytes)
    if (header.isConstructed !== wantsConstructed) failTlv(jcre, TLV.MALFORMED_TLV)
    const isOpen = jcre.memory.inTransaction
    inOneStep(jcre, () => fillTlv(jcre, tlv, bytes, header, isOpen))
    return encodeTlv(jcre, tlv).length
  }
}

const getTagOfBytes: JcreMethod = (jcre, at) => {
  const bytes = restOfArray(jcre, at)
  const tag = orFail(jcre, readTag(bytes, 0), { malformed: TLV.MALFORMED_TLV, tooLarge: TLV.ILLEGAL_SIZE })
  if (readLength(bytes, tag.sizeBytes) === 'malformed') failTlv(jcre, TLV.MALFORMED_TLV)
  return put(jcre, at + 2, bytes.subarray(0, tag.sizeBytes))
}

const getLengthOfBytes: JcreMethod = (jcre, at) => {
  const reasons = { malformed: TLV.MALFORMED_TLV, tooLarge: TLV.TLV_LENGTH_GREATER_THAN_32767 }
  return orFail(jcre, readHeader(restOfArray(jcre, at), 0), reasons).length.value
}

/** A TLV object that the applet gives. */
export function tlvAt(jcre: Jcre, at: number): number {
  const tlv = handleAt(jcre, at)
  requireOwnObject(jcre, tlv, 'javacardx/framework/tlv/BERTLV')
  return tlv
}

// ---- PrimitiveBERTLV

export const construct: JcreMethod = (jcre, at) => {
  const capacity = shortAt(jcre, at + 1)
  if (capacity < 0) failTlv(jcre, TLV.INVALID_PARAM)
  makeContents(jcre, handleAt(jcre, at), capacity)
  return 0
}

function changeValue(jcre: Jcre, tlv: number, value: Uint8Array, tag?: number): number {
  const size = encodingOf(jcre, tag ?? tagOf(jcre, tlv)).length + lengthBytes(value.length).length + value.length
  if (size > MOST_LENGTH) failTlv(jcre, TLV.TLV_SIZE_GREATER_THAN_32767)
  const isOpen = jcre.memory.inTransaction
  inOneStep(jcre, () => {
    if (tag !== undefined) setTag(jcre, tlv, tag)
    setValue(jcre, tlv, value, isOpen)
  })
  return size
}

const initFromTag: JcreMethod = (jcre, at) => {
  const tag = handleAt(jcre, at + 1)
  requireOwnObject(jcre, tag, PRIMITIVE_TAG)
  return changeValue(jcre, handleAt(jcre, at), range(jcre, at + 2), tag)
}

const appendValue: JcreMethod = (jcre, at) => {
  const tlv = handleAt(jcre, at)
  const more = range(jcre, at + 1)
  tagOf(jcre, tlv)
  return changeValue(jcre, tlv, concatBytes(valueBytes(jcre, tlv), more))
}

const getValue: JcreMethod = (jcre, at) => {
  const tlv = handleAt(jcre, at)
  tagOf(jcre, tlv)
  return put(jcre, at + 1, valueBytes(jcre, tlv))
}

const toBytesOfParts: JcreMethod = (jcre, at) => {
  const tag = encodingAt(jcre, at)
  if (isConstructed(tag[0]!)) failTlv(jcre, TLV.MALFORMED_TAG)
  const value = range(jcre, at + 2)
  const bytes = concatBytes(tag, lengthBytes(value.length), value)
  if (bytes.length > MOST_LENGTH) failTlv(jcre, TLV.TLV_SIZE_GREATER_THAN_32767)
  return put(jcre, at + 5, bytes)
}

export const berTlvMethods: Readonly<Record<string, JcreMethod>> = {
  'BERTLV.<init>()V': () => 0,
  'BERTLV.getInstance([BSS)Ljavacardx/framework/tlv/BERTLV;': getInstance,
  'BERTLV.verifyFormat([BSS)Z': (jcre, at) => (typeof readWhole(range(jcre, at)) === 'string' ? 0 : 1),
  'BERTLV.getTag([BS[BS)S': getTagOfBytes,
  'BERTLV.getLength([BS)S': getLengthOfBytes,
  'BERTLV.toBytes([BS)S': (jcre, at) => {
    requireByteArray(jcre, handleAt(jcre, at + 1), ACCESS.write)
    return put(jcre, at + 1, encodeTlv(jcre, handleAt(jcre, at)))
  },
  'BERTLV.getTag()Ljavacardx/framework/tlv/BERTag;': (jcre, at) => tagOf(jcre, handleAt(jcre, at)),
  'BERTLV.getLength()S': (jcre, at) => lengthOfTlv(jcre, handleAt(jcre, at)),
  'BERTLV.size()S': (jcre, at) => encodeTlv(jcre, handleAt(jcre, at)).length,
  'PrimitiveBERTLV.<init>(S)V': construct,
  'PrimitiveBERTLV.init([BSS)S': initFromBytes(false),
  'PrimitiveBERTLV.init(Ljavacardx/framework/tlv/PrimitiveBERTag;[BSS)S': initFromTag,
  'PrimitiveBERTLV.appendValue([BSS)S': appendValue,
  'PrimitiveBERTLV.replaceValue([BSS)S': (jcre, at) => changeValue(jcre, handleAt(jcre, at), range(jcre, at + 1)),
  'PrimitiveBERTLV.getValue([BS)S': getValue,
  'PrimitiveBERTLV.getValueOffset([BS)S': (jcre, at) => {
    return shortAt(jcre, at + 1) + headerAt(jcre, at, false).header.valueAt
  },
  'PrimitiveBERTLV.toBytes([BS[BSS[BS)S': toBytesOfParts,
  'PrimitiveBERTLV.appendValue([BS[BSS)S': (jcre, at) => appendToBytes(jcre, at, false, range(jcre, at + 2)),
}
