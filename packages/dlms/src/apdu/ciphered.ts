import { type ByteReader, ByteWriter, readBerLength, writeBerLength } from '@gridcard/bytes'
import { malformed, parseExactly } from '../malformed.ts'
import { apduTags, plainTagOf } from './apdu-tags.ts'
import { readOctets, writeOctets } from './fields.ts'

/** `SC || IC || body`: the security header and what it protects. */
export interface SecuredBody {
  readonly securityControl: number
  readonly invocationCounter: number
  /** Ciphertext and tag, ciphertext alone, or plaintext and tag, as the control says; opaque here. */
  readonly body: Uint8Array
}

/** A service with a tag of its own under the global or the dedicated key. */
export interface ServiceCiphered extends SecuredBody {
  readonly kind: 'glo-ciphered' | 'ded-ciphered'
  /** 0x21 .. 0x38 and 0xC8 .. 0xCF under the global key, 0x41 .. 0x58 and 0xD0 .. 0xD7 under the dedicated one. */
  readonly tag: number
}

/** Any service under the global or the dedicated key of the system whose title is named. */
export interface TitledCiphering extends SecuredBody {
  readonly kind: 'general-glo-ciphering' | 'general-ded-ciphering'
  readonly systemTitle: Uint8Array
}

/** Security header octets: control and counter. */
const HEADER_BYTES = 5

/** Octets that protection adds to a plain APDU at most: tag, length, header and authentication tag. */
export const cipheringOverheadBytes = 1 + 3 + HEADER_BYTES + 12

/** The same for general-glo-ciphering and general-ded-ciphering, with an 8-byte title. */
export const generalCipheringOverheadBytes = cipheringOverheadBytes + 9

/** @source Green Book ed. 8 §9.2.7.2.4.5 */
export function emitServiceCiphered(frame: Omit<ServiceCiphered, 'kind'>): Uint8Array {
  const writer = new ByteWriter().u8(frame.tag)
  writeSecured(writer, frame)
  return writer.toBytes()
}

export function parseServiceCiphered(bytes: Uint8Array): ServiceCiphered {
  return parseExactly('ciphered APDU', bytes, (reader) => {
    const tag = reader.u8()
    const plain = plainTagOf(tag)
    if (plain === undefined) throw malformed(`tag ${tag} is no ciphered service`, reader)
    return { kind: plain.key === 'glo' ? 'glo-ciphered' : 'ded-ciphered', tag, ...readSecured(reader) }
  })
}

/** @source Green Book ed. 8 §9.5 (General-Glo-Ciphering, General-Ded-Ciphering) */
export function emitTitledCiphering(frame: TitledCiphering): Uint8Array {
  const writer = new ByteWriter().u8(apduTags[frame.kind])
  writeOctets(writer, frame.systemTitle)
  writeSecured(writer, frame)
  return writer.toBytes()
}

export function parseTitledCiphering(bytes: Uint8Array): TitledCiphering {
  return parseExactly('general ciphering', bytes, (reader) => {
    const tag = reader.u8()
    if (tag !== apduTags['general-glo-ciphering'] && tag !== apduTags['general-ded-ciphering']) {
      throw malformed('neither general-glo- nor general-ded-ciphering', reader)
    }
    const kind = tag === apduTags['general-glo-ciphering'] ? 'general-glo-ciphering' : 'general-ded-ciphering'
    const systemTitle = readOctets(reader)
    return { kind, systemTitle, ...readSecured(reader) }
  })
}

export function writeSecured(writer: ByteWriter, frame: SecuredBody): void {
  writeBerLength(writer, HEADER_BYTES + frame.body.length)
  writer.u8(frame.securityControl).u32(frame.invocationCounter).bytes(frame.body)
}

export function readSecured(reader: ByteReader): SecuredBody {
  const content = reader.sub(readBerLength(reader))
  return { securityControl: content.u8(), invocationCounter: content.u32(), body: content.rest() }
}
