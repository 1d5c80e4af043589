import { ByteReader, equalBytes, fromHex, parseTlvs, readTlv, type Tlv, toHex } from '@gridcard/bytes'
import { type EcCurveName, ecDomain } from '@gridcard/crypto'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import type { Certificate, CertificateRole, EcPublicKey } from './certificate.ts'

/** Object identifiers of curves, as they stand in a subjectPublicKeyInfo. @source RFC 5480 §2.1.1.1, RFC 5639 §4.1 */
const CURVE_OIDS: readonly (readonly [string, EcCurveName])[] = [
  ['2A8648CE3D030107', 'P-256'],
  ['2B81040022', 'P-384'],
  ['2B81040023', 'P-521'],
  ['2B2403030208010107', 'brainpoolP256r1'],
  ['2B240303020801010B', 'brainpoolP384r1'],
  ['2B240303020801010D', 'brainpoolP512r1'],
]
const EC_PUBLIC_KEY = '2A8648CE3D0201'

const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  version: 0xa0,
  extensions: 0xa3,
} as const
const VERSION_3 = '020102'

/** Extensions that are read; a critical one that is not here makes the certificate one that the card cannot judge. */
const EXTENSION = {
  keyUsage: '551D0F',
  basicConstraints: '551D13',
  certificatePolicies: '551D20',
  /** id-scp11-auth and id-sd-subject-id. @source GPC Amd F 1.4 annex C */
  authorizations: '2A864886FC6B64000A020001',
  subjectIdentifier: '2A864886FC6B64000A020002',
} as const
/** id-oce and id-kloc-ka: what a policy says that a certificate is for. @source GPC Amd F 1.4 annex C */
const POLICY_BY_ROLE: Readonly<Record<CertificateRole, string>> = {
  'key agreement': '2A864886FC6B64000A020100',
  authority: '2A864886FC6B64000A020128',
}
/** First byte of the key usage bits. @source RFC 5280 §4.2.1.3 */
const USAGE = { keyAgreement: 0x08, keyCertSign: 0x04 } as const

interface Extension {
  readonly isCritical: boolean
  readonly value: Uint8Array
}

/**
 * What the card does not read: validity, since it has no calendar, and revocation.
 * @throws BytesError, Refusal
 * @source RFC 5280 §4.1, §4.2; GPC Amd F 1.4 §6.2
 */
export function parseX509(tag: number, body: Uint8Array): Certificate {
  requireThat(tag === DER.sequence, GP_SW.wrongData)
  const reader = new ByteReader(body)
  const tbs = readTlv(reader)
  const signed = body.slice(0, reader.offsetBytes)
  const algorithm = readTlv(reader)
  const signature = bitString(readTlv(reader))
  requireThat(tbs.tag === DER.sequence && algorithm.tag === DER.sequence && reader.isAtEnd, GP_SW.wrongData)
  const [version, serialNumber, innerAlgorithm, issuer, validity, subject, publicKey, ...rest] = parseTlvs(tbs.value)
  requireThat(version?.tag === DER.version && toHex(version.value) === VERSION_3, GP_SW.wrongData)
  requireThat(serialNumber?.tag === DER.integer, GP_SW.wrongData)
  for (const one of [innerAlgorithm, issuer, validity, subject, publicKey]) {
    requireThat(one?.tag === DER.sequence, GP_SW.wrongData)
  }
  // What is signed says by which algorithm. @source RFC 5280 §4.1.1.2
  requireThat(equalBytes(innerAlgorithm!.value, algorithm.value), GP_SW.wrongData)
  const extensions = parseExtensions(rest)
  requireThat(!extensions.has(EXTENSION.authorizations), GP_SW.functionNotSupported)
  const isJudged = [...extensions].every(([oid, { isCritical }]) => !isCritical || isRead(oid))
  const constraints = basicConstraints(extensions.get(EXTENSION.basicConstraints))
  const role = isJudged ? roleOf(extensions, constraints.isAuthority) : undefined
  return {
    form: 'X.509',
    key: publicKeyOf(publicKey!),
    role,
    // Without the extension it is the name. @source GPC Amd F 1.4 table 6-7
    subjectIdentifier: subjectIdentifier(extensions.get(EXTENSION.subjectIdentifier)) ?? subject!.value,
    names: { issuer: issuer!.value, subject: subject!.value },
    pathLength: constraints.pathLength,
    signed,
    signature,
    encoding: 'der',
  }
}

const isRead = (oid: string) => (Object.values(EXTENSION) as string[]).includes(oid)

function parseExtensions(rest: readonly Tlv[]): Map<string, Extension> {
  const found = new Map<string, Extension>()
  const outer = rest.find(({ tag }) => tag === DER.extensions)
  const [list] = parseTlvs(outer?.value ?? new Uint8Array())
  for (const { value } of parseTlvs(list?.value ?? new Uint8Array())) {
    const parts = parseTlvs(value)
    const [oid, last] = [parts[0], parts.at(-1)]
    const critical = parts.length === 3 ? parts[1] : undefined
    requireThat(oid?.tag === DER.oid && last?.tag === DER.octetString && parts.length <= 3, GP_SW.wrongData)
    requireThat(critical === undefined || critical.tag === DER.boolean, GP_SW.wrongData)
    const name = toHex(oid.value)
    requireThat(!found.has(name), GP_SW.wrongData)
    found.set(name, { isCritical: critical?.value[0] === 0xff, value: last.value })
  }
  return found
}

/** Certificates of both kinds say a key usage; an authority says that it is one, too. @source GPC Amd F 1.4 tables 6-6, 6-7 */
function roleOf(extensions: ReadonlyMap<string, Extension>, isAuthority: boolean): CertificateRole | undefined {
  const usage = extensions.get(EXTENSION.keyUsage)
  if (usage === undefined) return undefined
  const [bits] = parseTlvs(usage.value)
  requireThat(bits?.tag === DER.bitString && bits.value.length >= 2, GP_SW.wrongData)
  const first = bits.value[1]!
  const signs = (first & USAGE.keyCertSign) !== 0
  const agrees = (first & USAGE.keyAgreement) !== 0
  if (signs === agrees || signs !== isAuthority) return undefined
  const role = signs ? 'authority' : 'key agreement'
  return allowsPolicy(extensions.get(EXTENSION.certificatePolicies), role) ? role : undefined
}

/** A critical policy is one that the card knows, or the card may not take the certificate. @source RFC 5280 §4.2.1.4 */
function allowsPolicy(policies: Extension | undefined, role: CertificateRole): boolean {
  if (policies === undefined) return true
  const [list] = parseTlvs(policies.value)
  const names = parseTlvs(list?.value ?? new Uint8Array()).map(({ value }) => toHex(parseTlvs(value)[0]!.value))
  const ofScp11 = names.filter((one) => Object.values(POLICY_BY_ROLE).includes(one))
  return ofScp11.length === 0 ? !policies.isCritical : ofScp11.every((one) => one === POLICY_BY_ROLE[role])
}

/** Without a length the path may be any. @source RFC 5280 §4.2.1.9 */
function basicConstraints(extension: Extension | undefined): { isAuthority: boolean; pathLength: number } {
  const [sequence] = parseTlvs(extension?.value ?? new Uint8Array())
  const parts = parseTlvs(sequence?.value ?? new Uint8Array())
  const length = parts.find(({ tag }) => tag === DER.integer)?.value
  return {
    isAuthority: parts.some(({ tag, value }) => tag === DER.boolean && value[0] === 0xff),
    pathLength: length === undefined ? Number.POSITIVE_INFINITY : length.reduce((n, byte) => n * 256 + byte, 0),
  }
}

/** Octets in octets, or as they are. */
function subjectIdentifier(extension: Extension | undefined): Uint8Array | undefined {
  if (extension === undefined) return undefined
  const { value } = extension
  return value[0] === DER.octetString && value[1] === value.length - 2 ? value.slice(2) : value
}

function publicKeyOf({ value }: Tlv): EcPublicKey {
  const [algorithm, key] = parseTlvs(value)
  requireThat(algorithm?.tag === DER.sequence && key?.tag === DER.bitString, GP_SW.wrongData)
  const [name, parameters] = parseTlvs(algorithm.value)
  requireThat(name !== undefined && parameters !== undefined && toHex(name.value) === EC_PUBLIC_KEY, GP_SW.wrongData)
  const curve = CURVE_OIDS.find(([oid]) => equalBytes(fromHex(oid), parameters.value))?.[1] ?? refuse(GP_SW.wrongData)
  return { domain: ecDomain(curve), point: bitString(key) }
}

function bitString({ tag, value }: Tlv): Uint8Array {
  return tag === DER.bitString && value[0] === 0 ? value.slice(1) : refuse(GP_SW.wrongData)
}
