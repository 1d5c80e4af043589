import type { webcrypto } from 'node:crypto'
import { TerminalError } from '../errors.ts'
import {
  type Authority,
  type CertificateUse,
  type Curve,
  curveOfPoint,
  type Der,
  type IssueTime,
  issueOrganisationCertificate,
  requireCertificate,
  softwareCurve,
} from './authority.ts'
import type { LineFiles } from './line-files.ts'
import type { PartyPoints } from './party-points.ts'
import { emitPem, parsePem } from './pem.ts'

interface CertifiedKey {
  readonly certificate: Der
  readonly privateKey?: Der
}

/** An owner of cards: its certificates, and where its private keys lie too, those. */
export interface Organisation {
  readonly name: string
  readonly entity: Uint8Array
  readonly sign: CertifiedKey
  readonly agree: CertifiedKey
  /** With which it says what software may run, where cards verify that. */
  readonly software?: CertifiedKey
}

const KEYS = {
  sign: { algorithm: 'ECDSA', use: 'sign', usages: ['sign', 'verify'] },
  agree: { algorithm: 'ECDH', use: 'agree', usages: ['deriveBits'] },
  software: { algorithm: 'ECDSA', use: 'sign', usages: ['sign', 'verify'] },
} as const satisfies Record<string, { algorithm: string; use: CertificateUse; usages: readonly webcrypto.KeyUsage[] }>
const pathOf = (name: string, file: string) => `owners/${name}/${file}`

/** Makes key pairs and certificates, and lays them into the organisation's folder, private keys for their owner only. */
export async function createOrganisation(
  files: LineFiles,
  organisations: Authority,
  o: IssueTime & {
    readonly name: string
    readonly entity: Uint8Array
    readonly curve: Curve
    readonly hasSoftwareKey: boolean
  },
): Promise<Organisation> {
  const make = async (name: keyof typeof KEYS): Promise<CertifiedKey> => {
    const { use, usages, algorithm } = KEYS[name]
    const kind = { name: algorithm, namedCurve: name === 'software' ? softwareCurve : o.curve }
    const pair = (await crypto.subtle.generateKey(kind, true, usages)) as webcrypto.CryptoKeyPair // no symmetric algorithm
    const point = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
    const privateKey = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey))
    const certificate = await issueOrganisationCertificate(organisations, { ...o, use, point })
    files.write(pathOf(o.name, `${name}.key.pem`), emitPem('PRIVATE KEY', privateKey), 'secret')
    files.write(pathOf(o.name, `${name}.pem`), emitPem('CERTIFICATE', certificate), 'public')
    return { certificate, privateKey }
  }
  const [sign, agree] = [await make('sign'), await make('agree')]
  const software = o.hasSoftwareKey ? { software: await make('software') } : {}
  files.write(
    pathOf(o.name, 'entity'),
    `${[...o.entity]
      .map((b) => b.toString(16).padStart(2, '0'))
      .join('')
      .toUpperCase()}\n`,
    'public',
  )
  return { name: o.name, entity: o.entity, sign, agree, ...software }
}

export function readOrganisation(files: LineFiles, name: string): Organisation | undefined {
  const entity = files.read(pathOf(name, 'entity'))?.trim()
  if (entity === undefined) return undefined
  const part = (which: keyof typeof KEYS) => {
    const certificate = files.read(pathOf(name, `${which}.pem`))
    const key = files.read(pathOf(name, `${which}.key.pem`))
    if (certificate === undefined) throw new TerminalError('TERMINAL_LINE_DAMAGED', `owner ${name} has no certificate`)
    return { certificate: parsePem(certificate)[0]!, ...(key !== undefined && { privateKey: parsePem(key)[0]! }) }
  }
  return {
    name,
    entity: Uint8Array.from(entity.match(/../g) ?? [], (hex) => Number.parseInt(hex, 16)),
    sign: part('sign'),
    agree: part('agree'),
    ...(files.read(pathOf(name, 'software.pem')) !== undefined && { software: part('software') }),
  }
}

/** Its points, if its certificates are good. @throws TerminalError `TERMINAL_LINE_CERTIFICATE` */
export async function pointsOf(
  organisation: Organisation,
  o: IssueTime & { readonly authority: Der; readonly root: Der },
): Promise<PartyPoints> {
  const sign = await requireCertificate(organisation.sign.certificate, { ...o, use: 'sign' })
  const agree = await requireCertificate(organisation.agree.certificate, { ...o, use: 'agree' })
  return { entity: organisation.entity, sign, agree }
}

/**
 * The point of the key with which it authorises software.
 * @throws TerminalError `TERMINAL_LINE_CERTIFICATE`; `TERMINAL_LINE_DAMAGED`: it has no such key
 */
export function softwarePointOf(
  { name, software }: Organisation,
  o: IssueTime & { readonly authority: Der; readonly root: Der },
): Promise<Uint8Array> {
  if (software !== undefined) return requireCertificate(software.certificate, { ...o, use: 'sign' })
  throw new TerminalError('TERMINAL_LINE_DAMAGED', `owner ${name} has no key for software`)
}

/** As a number. @throws TerminalError `TERMINAL_LINE_LOCKED`: it is not here */
export function softwareNumberOf({ name, software }: Organisation): Promise<Uint8Array> {
  if (software?.privateKey !== undefined) return numberOf(software.privateKey, softwareCurve)
  throw new TerminalError('TERMINAL_LINE_LOCKED', `the private key of ${name} for software is not here`)
}

/** Its private keys as numbers. @throws TerminalError `TERMINAL_LINE_LOCKED`: they are not here */
export async function privateNumbersOf({ name, sign, agree }: Organisation, points: PartyPoints) {
  if (sign.privateKey === undefined || agree.privateKey === undefined) {
    throw new TerminalError('TERMINAL_LINE_LOCKED', `the private keys of ${name} are not here`)
  }
  const curve = curveOfPoint(points.sign)
  return { sign: await numberOf(sign.privateKey, curve), agree: await numberOf(agree.privateKey, curve) }
}

/** A private key in PKCS #8 as a number. */
export async function numberOf(privateKey: Der, namedCurve: Curve): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('pkcs8', privateKey, { name: 'ECDH', namedCurve }, true, ['deriveBits'])
  const { d } = await crypto.subtle.exportKey('jwk', key)
  return Uint8Array.from(atob(d!.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
}
