import { type ByteReader, ByteWriter, readBerLength, writeBerLength } from '@gridcard/bytes'
import { malformed, parseExactly } from '../malformed.ts'
import { apduTags, plainTagOf } from './apdu-tags.ts'
import { readOctets, writeOctets } from './fields.ts'

/** `SC || IC || body`, as it stands in every frame of suite 0. */
export interface SecuredBody {
  readonly securityControl: number
  readonly invocationCounter: number
  /** Ciphertext and tag, opaque here. */
  readonly body: Uint8Array
}

/** A service under the global key, with its own tag. */
export interface GloCiphered extends SecuredBody {
  readonly kind: 'glo-ciphered'
  /** 0x21, 0x28, 0x2E, 0xC8 .. 0xCF. */
  readonly tag: number
}

/** Any service under the global key of the system whose title is named. */
export interface GeneralGloCiphering extends SecuredBody {
  readonly kind: 'general-glo-ciphering'
  readonly systemTitle: Uint8Array
}

/** Security header octets: control and counter. */
const HEADER_BYTES = 5

/** Octets that protection adds to a plain APDU in suite 0, at most: tag, length, header and authentication tag. */
export const cipheringOverheadBytes = 1 + 3 + HEADER_BYTES + 12

/** The same for general-glo-ciphering, with an 8-byte title. */
export const generalCipheringOverheadBytes = cipheringOverheadBytes + 9

/** @source Green Book ed. 8 §9.2.7.2.4.5 */
export function emitGloCiphered(frame: Omit<GloCiphered, 'kind'>): Uint8Array {
  const writer = new ByteWriter().u8(frame.tag)
  writeSecured(writer, frame)
  return writer.toBytes()
}

export function parseGloCiphered(bytes: Uint8Array): GloCiphered {
  return parseExactly('glo-ciphered APDU', bytes, (reader) => {
    const tag = reader.u8()
    if (plainTagOf(tag) === undefined) throw malformed(`tag ${tag} is not glo-ciphered`, reader)
    return { kind: 'glo-ciphered', tag, ...readSecured(reader) }
  })
}

/** @source Green Book ed. 8 §9.5 (General-Glo-Ciphering) */
export function emitGeneralGloCiphering(frame: Omit<GeneralGloCiphering, 'kind'>): Uint8Array {
  const writer = new ByteWriter().u8(apduTags['general-glo-ciphering'])
  writeOctets(writer, frame.systemTitle)
  writeSecured(writer, frame)
  return writer.toBytes()
}

export function parseGeneralGloCiphering(bytes: Uint8Array): GeneralGloCiphering {
  return parseExactly('general-glo-ciphering', bytes, (reader) => {
    if (reader.u8() !== apduTags['general-glo-ciphering']) throw malformed('not general-glo-ciphering', reader)
    const systemTitle = readOctets(reader)
    return { kind: 'general-glo-ciphering', systemTitle, ...readSecured(reader) }
  })
}

function writeSecured(writer: ByteWriter, frame: SecuredBody): void {
  writeBerLength(writer, HEADER_BYTES + frame.body.length)
  writer.u8(frame.securityControl).u32(frame.invocationCounter).bytes(frame.body)
}

function readSecured(reader: ByteReader): SecuredBody {
  const content = reader.sub(readBerLength(reader))
  return { securityControl: content.u8(), invocationCounter: content.u32(), body: content.rest() }
}
