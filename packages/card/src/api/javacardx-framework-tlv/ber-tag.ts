import { equalBytes } from '@gridcard/bytes'
import type { Jcre } from '../../runtime/jcre.ts'
import { ACCESS } from '../../vm/firewall.ts'
import {
  byteAt,
  byteRange,
  bytesOf,
  handleAt,
  type JcreMethod,
  lengthOf,
  newObject,
  putBytesAtomic,
  putResult,
  requireByteArray,
  requireOwnObject,
  shortAt,
} from '../native-call.ts'
import { isConstructed, MOST_TAG_NUMBER, readTag, type Tag, tagBytes } from './ber.ts'
import { failTlv, orFail, TLV } from './tlv-exceptions.ts'

/** javacardx.framework.tlv.BERTag and its subclasses. Hidden: size of the encoding, 0 while empty, and up to 4 bytes. */
export const BER_TAG_HIDDEN_BYTES = 6
const ENCODING = 1
const MOST_BYTES = 4

const BER_TAG = 'javacardx/framework/tlv/BERTag'
export const PRIMITIVE_TAG = 'javacardx/framework/tlv/PrimitiveBERTag'
export const CONSTRUCTED_TAG = 'javacardx/framework/tlv/ConstructedBERTag'

const TAG_REASONS = { malformed: TLV.MALFORMED_TAG, tooLarge: TLV.ILLEGAL_SIZE }

/** Encoding of a tag object; EMPTY_TAG if it has none. */
export function encodingOf(jcre: Jcre, tag: number): Uint8Array {
  const at = jcre.machine.hiddenAddress(tag)
  const size = jcre.memory.u8[at]!
  return size === 0 ? failTlv(jcre, TLV.EMPTY_TAG) : jcre.memory.u8.slice(at + ENCODING, at + ENCODING + size)
}

export function putEncoding(jcre: Jcre, tag: number, encoding: Uint8Array): void {
  const bytes = new Uint8Array(ENCODING + MOST_BYTES)
  bytes.set(encoding, ENCODING)
  bytes[0] = encoding.length
  putBytesAtomic(jcre, jcre.machine.hiddenAddress(tag), bytes)
}

/** A new tag object, primitive or constructed as its first byte says. */
export function newTag(jcre: Jcre, encoding: Uint8Array): number {
  const tag = newObject(jcre, isConstructed(encoding[0]!) ? CONSTRUCTED_TAG : PRIMITIVE_TAG)
  putEncoding(jcre, tag, encoding)
  return tag
}

/** From the offset to the end of the array; a tag says itself where it ends. */
export function restOfArray(jcre: Jcre, at: number): Uint8Array {
  const array = handleAt(jcre, at)
  const offset = shortAt(jcre, at + 1)
  requireByteArray(jcre, array, ACCESS.read)
  if (offset < 0) jcre.machine.throwNew('java/lang/ArrayIndexOutOfBoundsException')
  return bytesOf(jcre, array, offset, Math.max(0, lengthOf(jcre, array) - offset))
}

/** The encoding that begins at an array and offset. */
export function encodingAt(jcre: Jcre, at: number): Uint8Array {
  const bytes = restOfArray(jcre, at)
  return bytes.subarray(0, orFail(jcre, readTag(bytes, 0), TAG_REASONS).sizeBytes)
}

function tagIn(jcre: Jcre, encoding: Uint8Array): Tag {
  return orFail(jcre, readTag(encoding, 0), TAG_REASONS)
}

function numberOf(jcre: Jcre, encoding: Uint8Array): number {
  const { number } = tagIn(jcre, encoding)
  return number <= 0x7fff ? number : failTlv(jcre, TLV.TAG_NUMBER_GREATER_THAN_32767)
}

function put(jcre: Jcre, at: number, bytes: Uint8Array): number {
  putResult(jcre, byteRange(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), bytes.length), bytes)
  return bytes.length
}

function requireParameters(jcre: Jcre, tagClass: number, number: number): void {
  if (tagClass < 0 || tagClass > 3 || number < 0 || number > MOST_TAG_NUMBER) failTlv(jcre, TLV.INVALID_PARAM)
}

function initFromBytes(wantsConstructed: boolean): JcreMethod {
  return (jcre, at) => {
    const encoding = encodingAt(jcre, at + 1)
    if (isConstructed(encoding[0]!) !== wantsConstructed) failTlv(jcre, TLV.MALFORMED_TAG)
    putEncoding(jcre, handleAt(jcre, at), encoding)
    return 0
  }
}

function initFromNumber(constructed: boolean): JcreMethod {
  return (jcre, at) => {
    const tagClass = byteAt(jcre, at + 1)
    const number = shortAt(jcre, at + 2)
    requireParameters(jcre, tagClass, number)
    putEncoding(jcre, handleAt(jcre, at), tagBytes(tagClass, constructed, number))
    return 0
  }
}

const toBytesOfParameters: JcreMethod = (jcre, at) => {
  const tagClass = shortAt(jcre, at)
  const number = shortAt(jcre, at + 2)
  requireParameters(jcre, tagClass, number)
  return put(jcre, at + 3, tagBytes(tagClass, byteAt(jcre, at + 1) !== 0, number))
}

/** Two empty tags are equal; null equals nothing. */
const equals: JcreMethod = (jcre, at) => {
  const [tag, other] = [handleAt(jcre, at), handleAt(jcre, at + 1)]
  if (other === 0) return 0
  requireOwnObject(jcre, other, BER_TAG)
  const contents = (handle: number) => {
    const address = jcre.machine.hiddenAddress(handle)
    return jcre.memory.u8.subarray(address, address + ENCODING + MOST_BYTES)
  }
  return equalBytes(contents(tag), contents(other)) ? 1 : 0
}

/** Constructed tags are asked for by the same questions, of an object or of bytes. */
const own = (answer: (jcre: Jcre, encoding: Uint8Array) => number): JcreMethod => {
  return (jcre, at) => answer(jcre, encodingOf(jcre, handleAt(jcre, at)))
}
const inBytes = (answer: (jcre: Jcre, encoding: Uint8Array) => number): JcreMethod => {
  return (jcre, at) => answer(jcre, encodingAt(jcre, at))
}
const sizeOf = (_: Jcre, encoding: Uint8Array): number => encoding.length
const constructedFlag = (_: Jcre, encoding: Uint8Array): number => (isConstructed(encoding[0]!) ? 1 : 0)
const classOf = (_: Jcre, encoding: Uint8Array): number => encoding[0]! >> 6

const verifyFormat: JcreMethod = (jcre, at) => {
  const found = readTag(restOfArray(jcre, at), 0)
  if (found === 'outside') jcre.machine.throwNew('java/lang/ArrayIndexOutOfBoundsException')
  return typeof found === 'string' ? 0 : 1
}

export const berTagMethods: Readonly<Record<string, JcreMethod>> = {
  'BERTag.<init>()V': () => 0,
  'BERTag.getInstance([BS)Ljavacardx/framework/tlv/BERTag;': (jcre, at) => newTag(jcre, encodingAt(jcre, at)),
  'BERTag.toBytes(SZS[BS)S': toBytesOfParameters,
  'BERTag.size([BS)B': inBytes(sizeOf),
  'BERTag.tagNumber([BS)S': inBytes(numberOf),
  'BERTag.isConstructed([BS)Z': inBytes(constructedFlag),
  'BERTag.tagClass([BS)B': inBytes(classOf),
  'BERTag.verifyFormat([BS)Z': verifyFormat,
  'BERTag.size()B': own(sizeOf),
  'BERTag.toBytes([BS)S': (jcre, at) => put(jcre, at + 1, encodingOf(jcre, handleAt(jcre, at))),
  'BERTag.tagNumber()S': own(numberOf),
  'BERTag.isConstructed()Z': own(constructedFlag),
  'BERTag.tagClass()B': own(classOf),
  'BERTag.equals(Ljavacardx/framework/tlv/BERTag;)Z': equals,
  'PrimitiveBERTag.<init>()V': () => 0,
  'PrimitiveBERTag.init([BS)V': initFromBytes(false),
  'PrimitiveBERTag.init(BS)V': initFromNumber(false),
  'ConstructedBERTag.<init>()V': () => 0,
  'ConstructedBERTag.init([BS)V': initFromBytes(true),
  'ConstructedBERTag.init(BS)V': initFromNumber(true),
}
