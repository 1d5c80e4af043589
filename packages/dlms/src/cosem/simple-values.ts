import { type ByteReader, BytesError, type ByteWriter, readBerLength, writeBerLength } from '@gridcard/bytes'
import { DlmsError } from '../errors.ts'
import { malformed } from '../malformed.ts'
import type { CosemData, CosemNumberType, CosemType } from './cosem-data.ts'
import { numberCodecs, timeLengthBytes } from './data-tags.ts'

/** Everything but the containers. */
export type SimpleType = Exclude<CosemType, 'array' | 'structure' | 'compact-array'>
export type SimpleValue = Extract<CosemData, { type: SimpleType }>

/** The value after its tag. */
export function readSimple(reader: ByteReader, type: SimpleType): SimpleValue {
  switch (type) {
    case 'null-data':
    case 'dont-care':
      return { type }
    case 'boolean':
      // Any octet but 0 is true in A-XDR; we write 1.
      return { type, value: reader.u8() !== 0 }
    case 'bit-string': {
      const lengthBits = readBerLength(reader)
      return { type, lengthBits, value: reader.take(Math.ceil(lengthBits / 8)) }
    }
    case 'octet-string':
      return { type, value: readOctets(reader) }
    case 'visible-string':
      return { type, value: latin1Text(readOctets(reader)) }
    case 'utf8-string':
      return { type, value: utf8Text(reader, readOctets(reader)) }
    case 'long64':
      return { type, value: reader.i64() }
    case 'long64-unsigned':
      return { type, value: reader.u64() }
    case 'date-time':
    case 'date':
    case 'time':
      return { type, value: reader.take(timeLengthBytes[type]) }
    default:
      return { type, value: numberCodecs[type].read(reader) }
  }
}

/** The value without its tag. @throws DlmsError `DLMS_NOT_REPRESENTABLE` */
export function writeSimple(writer: ByteWriter, data: SimpleValue): void {
  switch (data.type) {
    case 'null-data':
    case 'dont-care':
      return
    case 'boolean':
      writer.u8(data.value ? 1 : 0)
      return
    case 'bit-string':
      requireRepresentable(data.value.length === Math.ceil(data.lengthBits / 8), data.type)
      writeBerLength(writer, data.lengthBits)
      writer.bytes(data.value)
      return
    case 'octet-string':
      writeOctets(writer, data.value)
      return
    case 'visible-string': {
      const octets = latin1Octets(data.value)
      requireRepresentable(octets !== undefined, data.type)
      writeOctets(writer, octets)
      return
    }
    case 'utf8-string':
      requireRepresentable(data.value.isWellFormed(), data.type)
      writeOctets(writer, new TextEncoder().encode(data.value))
      return
    case 'long64':
      requireRepresentable(BigInt.asIntN(64, data.value) === data.value, data.type)
      writer.i64(data.value)
      return
    case 'long64-unsigned':
      requireRepresentable(BigInt.asUintN(64, data.value) === data.value, data.type)
      writer.u64(data.value)
      return
    case 'date-time':
    case 'date':
    case 'time':
      requireRepresentable(data.value.length === timeLengthBytes[data.type], data.type)
      writer.bytes(data.value)
      return
    default:
      writeNumber(writer, data)
  }
}

function writeNumber(writer: ByteWriter, data: { type: CosemNumberType; value: number }): void {
  try {
    numberCodecs[data.type].write(writer, data.value)
  } catch (error) {
    // The message of the writer carries the value, which may be a reading: it stops here.
    requireRepresentable(!(error instanceof BytesError), data.type)
    throw error
  }
}

const readOctets = (reader: ByteReader): Uint8Array => reader.take(readBerLength(reader))

function writeOctets(writer: ByteWriter, octets: Uint8Array): void {
  writeBerLength(writer, octets.length)
  writer.bytes(octets)
}

// Not TextDecoder('latin1'): that is windows-1252 by the Encoding standard and would not give the octets back.
function latin1Text(octets: Uint8Array): string {
  let text = ''
  for (const octet of octets) text += String.fromCharCode(octet)
  return text
}

function latin1Octets(text: string): Uint8Array | undefined {
  const codes = Array.from(text, (character) => character.codePointAt(0)!)
  return codes.every((code) => code <= 0xff) ? Uint8Array.from(codes) : undefined
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function utf8Text(reader: ByteReader, octets: Uint8Array): string {
  try {
    return utf8.decode(octets)
  } catch {
    throw malformed('utf8-string is not UTF-8', reader)
  }
}

function requireRepresentable(condition: boolean, type: CosemType): asserts condition {
  if (!condition) throw new DlmsError('DLMS_NOT_REPRESENTABLE', `value does not fit ${type}`, { type })
}
