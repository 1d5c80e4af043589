import { ByteReader, BytesError, parseTlvs, readTlv, type Tlv } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { CURVES } from '../signatures.ts'
import { findTlv } from '../tlv-objects.ts'
import type { Certificate, CertificateRole } from './certificate.ts'
import { parseX509 } from './x509-certificate.ts'

const GLOBALPLATFORM = 0x7f21
const TAG = {
  serialNumber: 0x93,
  authority: 0x42,
  subject: 0x5f20,
  usage: 0x95,
  expiry: 0x5f24,
  authorizations: 0xbf20,
  publicKey: 0x7f49,
  point: 0xb0,
  curve: 0xf0,
  signature: 0x5f37,
} as const
/** Tag 95. @source GPC Amd F 1.4 table 6-1 */
const ROLES: readonly (readonly [usage: readonly number[], role: CertificateRole])[] = [
  [[0x82], 'authority'],
  [[0x82, 0x00], 'authority'],
  [[0x00, 0x80], 'key agreement'],
]

/** @throws Refusal 6A80; 6A81 for authorizations, which this card does not have */
export function parseCertificate(bytes: Uint8Array): Certificate {
  try {
    const reader = new ByteReader(bytes)
    const { tag, value } = readTlv(reader)
    if (!reader.isAtEnd) return refuse(GP_SW.wrongData)
    return tag === GLOBALPLATFORM ? parseGlobalPlatform(value) : parseX509(tag, value)
  } catch (error) {
    if (error instanceof BytesError) return refuse(GP_SW.wrongData)
    throw error
  }
}

/** The signature is over all that stands before it. @source GPC Amd F 1.4 tables 6-1 to 6-3 */
function parseGlobalPlatform(body: Uint8Array): Certificate {
  const reader = new ByteReader(body)
  const objects: Tlv[] = []
  let signed = body
  while (!reader.isAtEnd) {
    const at = reader.offsetBytes
    const object = readTlv(reader)
    if (object.tag === TAG.signature) signed = body.slice(0, at)
    // The first of two might be what is checked, and the second what is meant.
    requireThat(findTlv(objects, object.tag) === undefined, GP_SW.wrongData)
    objects.push(object)
  }
  requireThat(objects.at(-1)?.tag === TAG.signature, GP_SW.wrongData)
  // They limit what the host may do. Whoever ignores them allows too much. @source GPC Amd F 1.4 §7.5.4
  requireThat(findTlv(objects, TAG.authorizations) === undefined, GP_SW.functionNotSupported)
  const required = (tag: number, least: number, most: number) => {
    const value = findTlv(objects, tag) ?? refuse(GP_SW.wrongData)
    requireThat(value.length >= least && value.length <= most, GP_SW.wrongData)
    return value
  }
  required(TAG.serialNumber, 1, 16)
  required(TAG.authority, 1, 16)
  required(TAG.expiry, 4, 4)
  const usage = required(TAG.usage, 1, 2)
  const key = parseTlvs(required(TAG.publicKey, 1, body.length))
  const point = findTlv(key, TAG.point)
  const curve = CURVES[findTlv(key, TAG.curve)?.at(-1) ?? 0]
  if (!point || !curve) return refuse(GP_SW.wrongData)
  return {
    form: 'GlobalPlatform',
    key: { domain: ecDomain(curve), point },
    role: ROLES.find(([bytes]) => bytes.length === usage.length && bytes.every((byte, i) => byte === usage[i]))?.[1],
    subjectIdentifier: required(TAG.subject, 0, body.length),
    pathLength: Number.POSITIVE_INFINITY,
    signed,
    signature: required(TAG.signature, 1, body.length),
    encoding: 'plain',
  }
}
