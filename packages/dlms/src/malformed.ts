import { ByteReader, BytesError } from '@gridcard/bytes'
import { DlmsError } from './errors.ts'

/**
 * Runs a decoder over exactly `bytes`: what it leaves over, and every reading past the end, is DLMS_MALFORMED.
 * @param what noun for the message, `GET response`
 */
export function parseExactly<T>(what: string, bytes: Uint8Array, decode: (reader: ByteReader) => T): T {
  const reader = new ByteReader(bytes)
  try {
    const value = decode(reader)
    if (!reader.isAtEnd) {
      throw new DlmsError('DLMS_MALFORMED', `${what}: bytes left over`, { offsetBytes: reader.offsetBytes })
    }
    return value
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    throw new DlmsError('DLMS_MALFORMED', `${what}: truncated or badly framed`, error.place, { cause: error })
  }
}

export function malformed(what: string, reader: ByteReader): DlmsError {
  return new DlmsError('DLMS_MALFORMED', what, { offsetBytes: reader.offsetBytes })
}
