import type { webcrypto } from 'node:crypto'
import { TerminalError } from '../errors.ts'
import {
  type Authority,
  type Curve,
  curveOfPoint,
  type Der,
  type IssueTime,
  issueOrganisationCertificate,
  requireCertificate,
} from './authority.ts'
import type { LineFiles } from './line-files.ts'
import { emitPem, parsePem } from './pem.ts'
import type { PartyPoints } from './personalise-card.ts'

/** An owner of cards: two certificates, and where its private keys lie too, those. */
export interface Organisation {
  readonly name: string
  readonly entity: Uint8Array
  readonly sign: { readonly certificate: Der; readonly privateKey?: Der }
  readonly agree: { readonly certificate: Der; readonly privateKey?: Der }
}

const USES = ['sign', 'agree'] as const
const pathOf = (name: string, file: string) => `owners/${name}/${file}`

/** Makes both key pairs and certificates, and lays them into the organisation's folder, private keys for their owner only. */
export async function createOrganisation(
  files: LineFiles,
  organisations: Authority,
  o: IssueTime & { readonly name: string; readonly entity: Uint8Array; readonly curve: Curve },
): Promise<Organisation> {
  const made: { sign?: Authority; agree?: Authority } = {}
  for (const use of USES) {
    const algorithm = { name: use === 'sign' ? 'ECDSA' : 'ECDH', namedCurve: o.curve }
    const usages: webcrypto.KeyUsage[] = use === 'sign' ? ['sign', 'verify'] : ['deriveBits']
    const pair = (await crypto.subtle.generateKey(algorithm, true, usages)) as webcrypto.CryptoKeyPair // no symmetric algorithm
    const point = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
    const privateKey = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey))
    const certificate = await issueOrganisationCertificate(organisations, { ...o, use, point })
    files.write(pathOf(o.name, `${use}.key.pem`), emitPem('PRIVATE KEY', privateKey), 'secret')
    files.write(pathOf(o.name, `${use}.pem`), emitPem('CERTIFICATE', certificate), 'public')
    made[use] = { certificate, privateKey }
  }
  files.write(
    pathOf(o.name, 'entity'),
    `${[...o.entity]
      .map((b) => b.toString(16).padStart(2, '0'))
      .join('')
      .toUpperCase()}\n`,
    'public',
  )
  return { name: o.name, entity: o.entity, sign: made.sign!, agree: made.agree! }
}

export function readOrganisation(files: LineFiles, name: string): Organisation | undefined {
  const entity = files.read(pathOf(name, 'entity'))?.trim()
  if (entity === undefined) return undefined
  const part = (use: 'sign' | 'agree') => {
    const certificate = files.read(pathOf(name, `${use}.pem`))
    const key = files.read(pathOf(name, `${use}.key.pem`))
    if (certificate === undefined) throw new TerminalError('TERMINAL_LINE_DAMAGED', `owner ${name} has no certificate`)
    return { certificate: parsePem(certificate)[0]!, ...(key !== undefined && { privateKey: parsePem(key)[0]! }) }
  }
  return {
    name,
    entity: Uint8Array.from(entity.match(/../g) ?? [], (hex) => Number.parseInt(hex, 16)),
    sign: part('sign'),
    agree: part('agree'),
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

/** Its private keys as numbers. @throws TerminalError `TERMINAL_LINE_LOCKED`: they are not here */
export async function privateNumbersOf({ name, sign, agree }: Organisation, points: PartyPoints) {
  if (sign.privateKey === undefined || agree.privateKey === undefined) {
    throw new TerminalError('TERMINAL_LINE_LOCKED', `the private keys of ${name} are not here`)
  }
  const curve = curveOfPoint(points.sign)
  return { sign: await numberOf(sign.privateKey, curve), agree: await numberOf(agree.privateKey, curve) }
}

async function numberOf(privateKey: Der, namedCurve: Curve): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('pkcs8', privateKey, { name: 'ECDH', namedCurve }, true, ['deriveBits'])
  const { d } = await crypto.subtle.exportKey('jwk', key)
  return Uint8Array.from(atob(d!.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
}
