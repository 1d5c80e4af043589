import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import { concatBytes, emitTlv, fromHex } from '@gridcard/bytes'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Extension as RawExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509Crl,
  X509CrlGenerator,
  X509CrlReason,
} from '@peculiar/x509'
import { TerminalError } from '../errors.ts'

/** DER of a certificate, or of a private key (PKCS #8). */
export type Der = Uint8Array<ArrayBuffer>
export type Curve = 'P-256' | 'P-384'
export type CertificateUse = 'sign' | 'agree'

/** Whoever issues: its certificate, and its private key, which is extractable for its keeper only. */
export interface Authority {
  readonly certificate: Der
  readonly privateKey: Der
}

/** Root, and below it an authority for devices and one for organisations. */
export interface Pki {
  readonly root: Authority
  readonly devices: Authority
  readonly organisations: Authority
}

const HASH: Readonly<Record<Curve, string>> = { 'P-256': 'SHA-256', 'P-384': 'SHA-384' }
const DAY_MS = 86_400_000
const AUTHORITY_YEARS = 25
const END_ENTITY_YEARS = 20
const SUBJECT_ALT_NAME = '2.5.29.17'
/** id-on-hardwareModuleName (RFC 4108 §5), and our type of hardware under the arc for examples: 2.999.1. */
const ON_HARDWARE_MODULE_NAME = fromHex('2B06010505070804')
const HARDWARE_TYPE = fromHex('883701')

/** Software is signed and authorised on this curve, whatever the suite: the Integrity applet knows no other. */
export const softwareCurve: Curve = 'P-256'

export interface IssueTime {
  readonly nowMs: number
}

/** A whole small PKI, keys of its own. @source RFC 5280 §4.2.1.9 (path lengths), §4.2.1.3 (key usage) */
export async function createPki(o: IssueTime & { readonly name: string; readonly curve: Curve }): Promise<Pki> {
  const root = await createAuthority({ ...o, subject: `${o.name} Root`, below: 1 })
  const devices = await createAuthority({ ...o, subject: `${o.name} Devices`, below: 0, issuer: root })
  const organisations = await createAuthority({ ...o, subject: `${o.name} Organisations`, below: 0, issuer: root })
  return { root, devices, organisations }
}

async function createAuthority(
  o: IssueTime & {
    readonly subject: string
    readonly curve: Curve
    readonly below: number
    readonly issuer?: Authority
  },
): Promise<Authority> {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: o.curve }, true, ['sign', 'verify'])
  const privateKey = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  const certificate = await issue(o.issuer ?? { privateKey, curve: o.curve }, {
    nowMs: o.nowMs,
    years: AUTHORITY_YEARS,
    subject: `CN=${o.subject}`,
    publicKey: keys.publicKey,
    extensions: [
      new BasicConstraintsExtension(true, o.below, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  })
  return { certificate, privateKey }
}

const USAGES = { sign: KeyUsageFlags.digitalSignature, agree: KeyUsageFlags.keyAgreement } as const

/**
 * A device's certificate: empty subject, EUI-64 as hardware serial number in the critical alternative name.
 * @param o.point uncompressed
 */
export function issueDeviceCertificate(
  devices: Authority,
  o: IssueTime & {
    readonly entity: Uint8Array
    readonly use: CertificateUse
    readonly point: Uint8Array
    /** A key for TLS is for nothing else. */
    readonly forTls?: boolean
  },
): Promise<Der> {
  const hardware = emitTlv(0x30, concatBytes(emitTlv(0x06, HARDWARE_TYPE), emitTlv(0x04, o.entity)))
  const otherName = emitTlv(0xa0, concatBytes(emitTlv(0x06, ON_HARDWARE_MODULE_NAME), emitTlv(0xa0, hardware)))
  const name = new RawExtension(SUBJECT_ALT_NAME, true, new Uint8Array(emitTlv(0x30, otherName)))
  const { clientAuth, serverAuth } = ExtendedKeyUsage
  const tls = o.forTls ? [new ExtendedKeyUsageExtension([clientAuth, serverAuth])] : []
  return issueForPoint(devices, { ...o, subject: '', extensions: [name, ...tls] })
}

/** An organisation's: its name, and its EUI-64 as unique identifier. */
export function issueOrganisationCertificate(
  organisations: Authority,
  o: IssueTime & {
    readonly name: string
    readonly entity: Uint8Array
    readonly use: CertificateUse
    readonly point: Uint8Array
  },
): Promise<Der> {
  const identifier = [...emitTlv(0x03, concatBytes(Uint8Array.of(0), o.entity))]
  const hex = identifier.map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return issueForPoint(organisations, { ...o, subject: `CN=${o.name}, 2.5.4.45=#${hex}`, extensions: [] })
}

async function issueForPoint(
  issuer: Authority,
  o: IssueTime & {
    readonly subject: string
    readonly use: CertificateUse
    readonly point: Uint8Array
    readonly extensions: readonly Extension[]
  },
): Promise<Der> {
  const namedCurve = curveOfPoint(o.point)
  const algorithm = { name: o.use === 'sign' ? 'ECDSA' : 'ECDH', namedCurve }
  const usages: webcrypto.KeyUsage[] = o.use === 'sign' ? ['verify'] : []
  const publicKey = await crypto.subtle.importKey('raw', new Uint8Array(o.point), algorithm, true, usages)
  return issue(issuer, {
    nowMs: o.nowMs,
    years: END_ENTITY_YEARS,
    subject: o.subject,
    publicKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(USAGES[o.use], true),
      ...o.extensions,
    ],
  })
}

export const curveOfPoint = (point: Uint8Array): Curve => (point.length === 65 ? 'P-256' : 'P-384')

const curveOf = (certificate: X509Certificate): Curve =>
  (certificate.publicKey.algorithm as webcrypto.EcKeyAlgorithm).namedCurve as Curve // all keys of this PKI are on curves

interface ReadyAuthority {
  readonly certificate: X509Certificate
  readonly signingKey: webcrypto.CryptoKey
  readonly keyIdentifier: AuthorityKeyIdentifierExtension
}

const readyAuthorities = new WeakMap<Authority, Promise<ReadyAuthority>>()

/** Made ready once: an authority signs thousands. */
function readyAuthority(authority: Authority): Promise<ReadyAuthority> {
  const known = readyAuthorities.get(authority)
  if (known) return known
  const makeReady = async (): Promise<ReadyAuthority> => {
    const certificate = new X509Certificate(authority.certificate)
    const algorithm = { name: 'ECDSA', namedCurve: curveOf(certificate) }
    const signingKey = await crypto.subtle.importKey('pkcs8', authority.privateKey, algorithm, false, ['sign'])
    const keyIdentifier = await AuthorityKeyIdentifierExtension.create(certificate.publicKey)
    return { certificate, signingKey, keyIdentifier }
  }
  const ready = makeReady()
  readyAuthorities.set(authority, ready)
  return ready
}

async function issue(
  issuer: Authority | { readonly privateKey: Der; readonly curve: Curve },
  o: IssueTime & {
    readonly years: number
    readonly subject: string
    readonly publicKey: webcrypto.CryptoKey
    readonly extensions: readonly Extension[]
  },
): Promise<Der> {
  const above = 'curve' in issuer ? undefined : await readyAuthority(issuer)
  const namedCurve = 'curve' in issuer ? issuer.curve : curveOf(above!.certificate)
  const signingKey =
    above?.signingKey ??
    (await crypto.subtle.importKey('pkcs8', issuer.privateKey, { name: 'ECDSA', namedCurve }, false, ['sign']))
  const authorityKey = above?.keyIdentifier ?? (await AuthorityKeyIdentifierExtension.create(o.publicKey))
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: o.subject,
    issuer: above?.certificate.subject ?? o.subject,
    notBefore: new Date(o.nowMs - DAY_MS), // clocks differ
    notAfter: new Date(o.nowMs + o.years * 365 * DAY_MS),
    publicKey: o.publicKey,
    signingKey,
    signingAlgorithm: { name: 'ECDSA', hash: HASH[namedCurve] },
    extensions: [...o.extensions, await SubjectKeyIdentifierExtension.create(o.publicKey), authorityKey],
  })
  return new Uint8Array(certificate.rawData)
}

/** 16 random bytes, positive. @source RFC 5280 §4.1.2.2 */
function newSerialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

export const serialNumberOf = (certificate: Der): string => new X509Certificate(certificate).serialNumber.toUpperCase()

/** The list of what an authority takes back; `number` grows with each list. @source RFC 5280 §5.2.3 */
export async function issueCrl(
  authority: Authority,
  o: IssueTime & { readonly revoked: readonly string[]; readonly validDays: number },
): Promise<Der> {
  const { certificate: above, signingKey, keyIdentifier } = await readyAuthority(authority)
  const crl = await X509CrlGenerator.create({
    issuer: above.subject,
    thisUpdate: new Date(o.nowMs),
    nextUpdate: new Date(o.nowMs + o.validDays * DAY_MS),
    entries: o.revoked.map((serialNumber) => ({
      serialNumber,
      revocationDate: new Date(o.nowMs),
      reason: X509CrlReason.superseded,
    })),
    signingKey,
    signingAlgorithm: { name: 'ECDSA', hash: HASH[curveOf(above)] },
    extensions: [keyIdentifier],
  })
  return new Uint8Array(crl.rawData)
}

/**
 * The point of a certificate that its authority issued, that the root issued, in time and not taken back.
 * @throws TerminalError `TERMINAL_LINE_CERTIFICATE`
 */
export async function requireCertificate(
  certificate: Der,
  o: IssueTime & {
    readonly authority: Der
    readonly root: Der
    readonly crl?: Der
    readonly use: CertificateUse
  },
): Promise<Uint8Array> {
  const refuse = (why: string): never => {
    throw new TerminalError('TERMINAL_LINE_CERTIFICATE', `the certificate is refused: ${why}`)
  }
  const [one, authority, root] = [certificate, o.authority, o.root].map((der) => new X509Certificate(der)) as [
    X509Certificate,
    X509Certificate,
    X509Certificate,
  ]
  const date = new Date(o.nowMs)
  for (const [below, above] of [
    [one, authority],
    [authority, root],
    [root, root],
  ] as const) {
    if (below.issuer !== above.subject) refuse('another authority issued it')
    if (!(await below.verify({ publicKey: above.publicKey, date }))) refuse('a signature or a date is wrong')
  }
  if (o.crl !== undefined) {
    const crl = new X509Crl(o.crl)
    if (!(await crl.verify({ publicKey: authority }))) refuse('the list of revoked ones is not genuine')
    if (crl.findRevoked(one.serialNumber) !== null) refuse('it was revoked')
  }
  const usage = one.getExtension(KeyUsagesExtension)
  if (usage === null || usage.usages !== USAGES[o.use]) refuse(`it is not to ${o.use}`)
  return pointOfCertificate(certificate)
}

/** Uncompressed. */
export async function pointOfCertificate(certificate: Der): Promise<Uint8Array> {
  const one = new X509Certificate(certificate)
  const algorithm = { name: 'ECDH', namedCurve: curveOf(one) }
  const key = await crypto.subtle.importKey('spki', one.publicKey.rawData, algorithm, true, [])
  return new Uint8Array(await crypto.subtle.exportKey('raw', key))
}
