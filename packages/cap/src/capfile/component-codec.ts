import { ByteReader, BytesError, ByteWriter, fromAscii } from '@gridcard/bytes'
import { CapFormatError } from '../errors.ts'
import { type ClassRef, HEADER_FLAGS, METHOD_BLOCK_SPAN, type PackageInfo, type Version } from './cap-file.ts'

/** Layout-deciding format version, as one number: 2.1 is 0x0201. */
export type FormatNumber = number

export const FORMAT_2_2: FormatNumber = 0x0202
export const FORMAT_2_3: FormatNumber = 0x0203
/** Extended, as 2.3 is the only version that has it. */
export const EXTENDED_FORMAT: FormatNumber = 0x10203

export function formatNumber(version: Version): FormatNumber {
  return version.major * 256 + version.minor
}

/** Added to the number of an extended format, so that it is above all compact ones. */
const EXTENDED = 0x10000

/** What decides the layout of components. */
export function layoutNumber(header: { readonly formatVersion: Version; readonly flags: number }): FormatNumber {
  const isExtended = (header.flags & HEADER_FLAGS.ACC_EXTENDED) !== 0
  return formatNumber(header.formatVersion) + (isExtended ? EXTENDED : 0)
}

export function isExtendedFormat(format: FormatNumber): boolean {
  return format >= EXTENDED
}

/** Where a method is: in extended format one byte for its block stands before the offset in that. */
export function readMethodOffset(reader: ByteReader, format: FormatNumber): number {
  return isExtendedFormat(format) ? reader.u8() * METHOD_BLOCK_SPAN + reader.u16() : reader.u16()
}

export function writeMethodOffset(writer: ByteWriter, offset: number, format: FormatNumber): void {
  if (isExtendedFormat(format)) writer.u8(Math.floor(offset / METHOD_BLOCK_SPAN)).u16(offset % METHOD_BLOCK_SPAN)
  else writer.u16(offset)
}

/**
 * Runs the parser of one component over its whole `info` item: reading past the end and bytes left over become
 * `CapFormatError`s that name the component.
 */
export function parseInfo<T>(component: string, info: Uint8Array, parse: (reader: ByteReader) => T): T {
  const reader = new ByteReader(info)
  let parsed: T
  try {
    parsed = parse(reader)
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    const place = { component, offsetBytes: reader.offsetBytes }
    throw new CapFormatError('CAP_TRUNCATED', `${component} ends too early: ${cause.message}`, place, { cause })
  }
  if (!reader.isAtEnd) {
    throw new CapFormatError('CAP_COMPONENT_SIZE', `${component} has ${reader.remaining} bytes too many`, {
      component,
      offsetBytes: reader.offsetBytes,
    })
  }
  return parsed
}

/** Runs the emitter of one component; numbers that do not fit become `CAP_VALUE_RANGE`. */
export function emitInfo(component: string, emit: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter()
  try {
    emit(writer)
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    const place = { component, offsetBytes: writer.length }
    throw new CapFormatError('CAP_VALUE_RANGE', `${component}: ${cause.message}`, place, { cause })
  }
  return writer.toBytes()
}

/** `count` items, one after the other. */
export function readMany<T>(count: number, read: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => read(index))
}

/** @source JCVM 3.1 §6.4, AID lengths 5..16 */
export function readAid(reader: ByteReader, component: string): Uint8Array {
  const at = reader.offsetBytes
  const length = reader.u8()
  if (length < 5 || length > 16) {
    throw new CapFormatError('CAP_BAD_AID', `AID of ${length} bytes`, { component, offsetBytes: at })
  }
  return reader.take(length)
}

export function writeAid(writer: ByteWriter, aid: Uint8Array, component: string): void {
  if (aid.length < 5 || aid.length > 16) {
    throw new CapFormatError('CAP_BAD_AID', `AID of ${aid.length} bytes`, { component })
  }
  writer.u8(aid.length).bytes(aid)
}

/** The minor version stands first. */
export function readVersion(reader: ByteReader): Version {
  const minor = reader.u8()
  return { major: reader.u8(), minor }
}

export function writeVersion(writer: ByteWriter, version: Version): void {
  writer.u8(version.minor).u8(version.major)
}

export function readPackageInfo(reader: ByteReader, component: string): PackageInfo {
  const version = readVersion(reader)
  return { aid: readAid(reader, component), version }
}

export function writePackageInfo(writer: ByteWriter, info: PackageInfo, component: string): void {
  writeVersion(writer, info.version)
  writeAid(writer, info.aid, component)
}

/** One length byte, then one byte per character. */
export function readName(reader: ByteReader): string {
  return String.fromCharCode(...reader.take(reader.u8()))
}

export function writeName(writer: ByteWriter, name: string): void {
  writer.u8(name.length).bytes(fromAscii(name))
}

export function classRefOf(value: number): ClassRef {
  return value & 0x8000
    ? { kind: 'external', packageToken: (value >> 8) & 0x7f, classToken: value & 0xff }
    : { kind: 'internal', classOffset: value }
}

/** The two bytes of a class_ref as one number. */
export function classRefNumber(ref: ClassRef): number {
  if (ref.kind === 'external') {
    requireRange(ref.packageToken, 0x7f, 'package token')
    requireRange(ref.classToken, 0xff, 'class token')
    return 0x8000 | (ref.packageToken << 8) | ref.classToken
  }
  requireRange(ref.classOffset, 0x7fff, 'class offset')
  return ref.classOffset
}

function requireRange(value: number, high: number, what: string): void {
  if (!Number.isInteger(value) || value < 0 || value > high) {
    throw new CapFormatError('CAP_VALUE_RANGE', `${what} ${value} is not in 0..${high}`)
  }
}

export function readClassRef(reader: ByteReader): ClassRef {
  return classRefOf(reader.u16())
}

export function writeClassRef(writer: ByteWriter, ref: ClassRef): void {
  writer.u16(classRefNumber(ref))
}
