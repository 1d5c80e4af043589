import { type ByteReader, ByteWriter } from '@gridcard/bytes'
import { malformed, parseExactly } from '../malformed.ts'
import { apduTags } from './apdu-tags.ts'
import { readSecured, type SecuredBody, writeSecured } from './ciphered.ts'
import { readOctets, readOptional, writeOctets, writeOptional } from './fields.ts'
import { type GeneralHeader, readGeneralHeader, writeGeneralHeader } from './general-header.ts'

/** Which key a general-ciphering APDU is under, and how the recipient gets it. */
export type KeyInfo =
  /** Both ends have it. */
  | { readonly kind: 'identified-key'; readonly keyId: number }
  /** It comes along, wrapped under a key that both ends have. */
  | { readonly kind: 'wrapped-key'; readonly kekId: number; readonly keyCipheredData: Uint8Array }
  /** Both ends compute it. */
  | { readonly kind: 'agreed-key'; readonly keyParameters: Uint8Array; readonly keyCipheredData: Uint8Array }

export const keyIds = { 'global-unicast': 0, 'global-broadcast': 1 } as const
export const kekIds = { master: 0 } as const

/** First and only octet of the key-parameters of an agreed key. */
export const agreementSchemes = { 'one-pass': 1, static: 2 } as const

/** Any APDU from any party to any other, under a key that the frame tells of. */
export interface GeneralCiphering extends GeneralHeader, SecuredBody {
  readonly kind: 'general-ciphering'
  /** Absent: both ends know from elsewhere. */
  readonly keyInfo?: KeyInfo | undefined
}

/** @source Green Book ed. 8 §9.5 (General-Ciphering) */
export function parseGeneralCiphering(bytes: Uint8Array): GeneralCiphering {
  return parseExactly('general-ciphering', bytes, (reader) => {
    if (reader.u8() !== apduTags['general-ciphering']) throw malformed('not general-ciphering', reader)
    const header = readGeneralHeader(reader)
    const keyInfo = readOptional(reader, () => readKeyInfo(reader))
    return { kind: 'general-ciphering', ...header, ...(keyInfo && { keyInfo }), ...readSecured(reader) }
  })
}

export function emitGeneralCiphering(frame: Omit<GeneralCiphering, 'kind'>): Uint8Array {
  const writer = new ByteWriter().u8(apduTags['general-ciphering'])
  writeGeneralHeader(writer, frame)
  writeOptional(writer, frame.keyInfo, (keyInfo) => writeKeyInfo(writer, keyInfo))
  writeSecured(writer, frame)
  return writer.toBytes()
}

function readKeyInfo(reader: ByteReader): KeyInfo {
  switch (reader.u8()) {
    case 0:
      return { kind: 'identified-key', keyId: reader.u8() }
    case 1:
      return { kind: 'wrapped-key', kekId: reader.u8(), keyCipheredData: readOctets(reader) }
    case 2:
      return { kind: 'agreed-key', keyParameters: readOctets(reader), keyCipheredData: readOctets(reader) }
    default:
      throw malformed('unknown choice of Key-Info', reader)
  }
}

function writeKeyInfo(writer: ByteWriter, keyInfo: KeyInfo): void {
  switch (keyInfo.kind) {
    case 'identified-key':
      writer.u8(0).u8(keyInfo.keyId)
      break
    case 'wrapped-key':
      writeOctets(writer.u8(1).u8(keyInfo.kekId), keyInfo.keyCipheredData)
      break
    case 'agreed-key':
      writeOctets(writer.u8(2), keyInfo.keyParameters)
      writeOctets(writer, keyInfo.keyCipheredData)
  }
}
