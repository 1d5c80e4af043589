import { concatBytes } from '@gridcard/bytes'
import { DlmsError } from '../errors.ts'

/** Three octets before every APDU: both LSAPs, and a quality that is always 0. @source IEC 62056-46 §5.3 */
export const llcHeaders = {
  command: Uint8Array.of(0xe6, 0xe6, 0x00),
  response: Uint8Array.of(0xe6, 0xe7, 0x00),
} as const

export const llcHeaderBytes = 3

export const withLlc = (form: keyof typeof llcHeaders, apdu: Uint8Array): Uint8Array =>
  concatBytes(llcHeaders[form], apdu)

/** The APDU behind the header. @throws DlmsError `DLMS_MALFORMED` for another header */
export function withoutLlc(form: keyof typeof llcHeaders, message: Uint8Array): Uint8Array {
  if (!llcHeaders[form].every((octet, i) => message[i] === octet)) {
    throw new DlmsError('DLMS_MALFORMED', 'no LLC header before the APDU')
  }
  return message.slice(llcHeaderBytes)
}
