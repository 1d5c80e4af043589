import { ByteWriter } from '@gridcard/bytes'
import { malformed, parseExactly } from '../malformed.ts'
import { apduTags } from './apdu-tags.ts'
import { readOctets, writeOctets } from './fields.ts'
import { type GeneralHeader, readGeneralHeader, writeGeneralHeader } from './general-header.ts'

/** Any APDU, plain or ciphered, with the originator's digital signature. */
export interface GeneralSigning extends GeneralHeader {
  readonly kind: 'general-signing'
  /** A whole APDU. */
  readonly content: Uint8Array
  /** r || s: 64 octets in suite 1, 96 in suite 2. */
  readonly signature: Uint8Array
}

/** @source Green Book ed. 8 §9.5 (General-Signing) */
export function parseGeneralSigning(bytes: Uint8Array): GeneralSigning {
  return parseExactly('general-signing', bytes, (reader) => {
    if (reader.u8() !== apduTags['general-signing']) throw malformed('not general-signing', reader)
    const header = readGeneralHeader(reader)
    return { kind: 'general-signing', ...header, content: readOctets(reader), signature: readOctets(reader) }
  })
}

export function emitGeneralSigning(frame: Omit<GeneralSigning, 'kind'>): Uint8Array {
  const writer = new ByteWriter().u8(apduTags['general-signing']).bytes(signedOctets(frame))
  writeOctets(writer, frame.signature)
  return writer.toBytes()
}

/**
 * What the signature is made over: everything after the tag up to and including the content, lengths too. So do the
 * frames of the British smart metering system (GBCS).
 * @param form 'content-without-length' leaves the content's length out, as Gurux does
 * @source Green Book ed. 8 §9.2.7.2.5
 */
export function signedOctets(
  frame: Omit<GeneralSigning, 'kind' | 'signature'>,
  form: SignedForm = 'whole',
): Uint8Array {
  const writer = new ByteWriter()
  writeGeneralHeader(writer, frame)
  if (form === 'whole') writeOctets(writer, frame.content)
  else writer.bytes(frame.content)
  return writer.toBytes()
}

export type SignedForm = 'whole' | 'content-without-length'
