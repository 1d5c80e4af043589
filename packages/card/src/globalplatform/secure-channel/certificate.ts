import { ByteReader, BytesError, equalBytes, fromHex, parseTlvs, readTlv, type Tlv } from '@gridcard/bytes'
import { CryptoPortError, type CryptoProvider, type EcCurveName, type EcDomain, ecDomain } from '@gridcard/crypto'
import { GP_SW, refuse } from '../refusal.ts'
import { CURVES, hashOfCurve } from '../signatures.ts'
import { findTlv } from '../tlv-objects.ts'

export interface EcPublicKey {
  readonly domain: EcDomain
  /** Uncompressed. */
  readonly point: Uint8Array
}

/** What SCP11 needs of a certificate: GlobalPlatform's own form, or X.509. */
export interface Certificate {
  readonly key: EcPublicKey
  /** 0080 of GlobalPlatform's form; X.509: taken for granted. */
  readonly isForKeyAgreement: boolean
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  readonly encoding: 'plain' | 'der'
}

/** Object identifiers of curves, as they stand in a subjectPublicKeyInfo. @source RFC 5480 §2.1.1.1, RFC 5639 §4.1 */
const CURVE_OIDS: readonly (readonly [string, EcCurveName])[] = [
  ['2A8648CE3D030107', 'P-256'],
  ['2B81040022', 'P-384'],
  ['2B81040023', 'P-521'],
  ['2B2403030208010107', 'brainpoolP256r1'],
  ['2B240303020801010B', 'brainpoolP384r1'],
  ['2B240303020801010D', 'brainpoolP512r1'],
]
const GLOBALPLATFORM = 0x7f21
const TAG = { publicKey: 0x7f49, point: 0xb0, curve: 0xf0, usage: 0x95, signature: 0x5f37 } as const

/** @throws Refusal 6A80 */
export function parseCertificate(bytes: Uint8Array): Certificate {
  try {
    const reader = new ByteReader(bytes)
    const { tag, value } = readTlv(reader)
    if (!reader.isAtEnd) return refuse(GP_SW.wrongData)
    return tag === GLOBALPLATFORM ? parseGlobalPlatform(value) : parseX509(value)
  } catch (error) {
    if (error instanceof BytesError) return refuse(GP_SW.wrongData)
    throw error
  }
}

/** The signature is over all that stands before it. @source GPC Amd F 1.2 table 6-1 */
function parseGlobalPlatform(body: Uint8Array): Certificate {
  const reader = new ByteReader(body)
  const objects: Tlv[] = []
  let signed = body
  while (!reader.isAtEnd) {
    const at = reader.offsetBytes
    const object = readTlv(reader)
    if (object.tag === TAG.signature) signed = body.slice(0, at)
    objects.push(object)
  }
  const key = parseTlvs(findTlv(objects, TAG.publicKey) ?? new Uint8Array())
  const [point, signature, usage] = [
    findTlv(key, TAG.point),
    findTlv(objects, TAG.signature),
    findTlv(objects, TAG.usage),
  ]
  const curve = CURVES[findTlv(key, TAG.curve)?.at(-1) ?? 0]
  if (!point || !signature || !curve || objects.at(-1)?.tag !== TAG.signature) return refuse(GP_SW.wrongData)
  const isForKeyAgreement = usage?.length === 2 && (usage[1]! & 0x80) !== 0
  return { key: { domain: ecDomain(curve), point }, isForKeyAgreement, signed, signature, encoding: 'plain' }
}

/** @source RFC 5280 §4.1 */
function parseX509(body: Uint8Array): Certificate {
  const reader = new ByteReader(body)
  const tbs = readTlv(reader)
  const signed = body.slice(0, reader.offsetBytes)
  readTlv(reader)
  const signature = bitString(readTlv(reader))
  for (const { tag, value } of parseTlvs(tbs.value)) {
    // The element that holds an algorithm identifier and a bit string is the public key.
    if (tag !== 0x30) continue
    const [algorithm, key] = parseTlvs(value)
    if (algorithm?.tag !== 0x30 || key?.tag !== 0x03) continue
    const parameters = parseTlvs(algorithm.value)[1]?.value ?? new Uint8Array()
    const curve = CURVE_OIDS.find(([oid]) => equalBytes(fromHex(oid), parameters))?.[1] ?? refuse(GP_SW.wrongData)
    const publicKey = { domain: ecDomain(curve), point: bitString(key) }
    return { key: publicKey, isForKeyAgreement: true, signed, signature, encoding: 'der' }
  }
  return refuse(GP_SW.wrongData)
}

function bitString({ tag, value }: Tlv): Uint8Array {
  return tag === 0x03 && value[0] === 0 ? value.slice(1) : refuse(GP_SW.wrongData)
}

export function isSignedBy(crypto: CryptoProvider, { domain, point }: EcPublicKey, certificate: Certificate): boolean {
  const { signed, signature, encoding } = certificate
  try {
    return crypto.createEcdsaVerifier({ domain, hash: hashOfCurve(domain), encoding }, point).verify(signed, signature)
  } catch (error) {
    if (error instanceof CryptoPortError) return false // a point that is none
    throw error
  }
}
