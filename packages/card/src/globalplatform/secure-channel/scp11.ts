import { concatBytes, emitTlv, equalBytes } from '@gridcard/bytes'
import { CryptoPortError, scp11Receipt, scp11SessionKeys, scp11SharedInfo } from '@gridcard/crypto'
import { type Answer, answer, type DomainCommand, type DomainContext, OK } from '../context.ts'
import { component, type DomainKey, findKey, KEY_ACCESS, KEY_TYPE } from '../domain-keys.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { curveOf } from '../signatures.ts'
import { commandTlvs, findTlv } from '../tlv-objects.ts'
import { type Certificate, type EcPublicKey, isSignedBy } from './certificate.ts'
import { SECURITY_LEVEL } from './channel-cipher.ts'
import { countAttempt, countSuccess, requireUnblocked } from './initiation.ts'
import { parseCertificate } from './parse-certificate.ts'
import { Scp03Cipher } from './scp03-cipher.ts'
import { SecureChannelSession } from './session.ts'

/** What PERFORM SECURITY OPERATION has brought so far. */
export interface Scp11Certificates {
  /** Beginning of a certificate that comes in parts. */
  readonly part: Uint8Array
  /** The last one that was verified. */
  readonly last: Certificate | undefined
  /** Authorities that may still come, by what those before allow. */
  readonly pathLength: number
  /** It is the host's own: the chain is complete. */
  readonly isComplete: boolean
}

/** Variants as bits of i, and as the second byte of tag 90. @source GPC Amd F 1.4 tables 4-1, 7-2 */
const VARIANTS = [
  { name: 'a', bit: 0x01, parameter: 0x01, ins: 0x82, isHostAuthenticated: true },
  { name: 'b', bit: 0x02, parameter: 0x00, ins: 0x88, isHostAuthenticated: false },
  { name: 'c', bit: 0x04, parameter: 0x03, ins: 0x82, isHostAuthenticated: true },
] as const
type Variant = (typeof VARIANTS)[number]
const MORE = 0x80
const LONGEST_CERTIFICATE = 2048
const PROVIDER_TAG = 0x5f20
const { cMac, cDecryption, rMac, rEncryption } = SECURITY_LEVEL
/** Key usage of the session keys, and the level that goes with it. @source GPC Amd F 1.4 table 4-3 */
const LEVELS: readonly { readonly usage: number; readonly level: number; readonly variants: string }[] = [
  { usage: 0x34, level: cMac | rMac, variants: 'abc' },
  { usage: 0x3c, level: cMac | rMac | cDecryption | rEncryption, variants: 'abc' },
  { usage: 0x1c, level: cMac | cDecryption, variants: 'c' },
  { usage: 0x74, level: cMac | cDecryption | rMac, variants: 'c' },
]
const TAG = {
  control: 0xa6,
  protocol: 0x90,
  usage: 0x95,
  type: 0x80,
  length: 0x81,
  point: 0x5f49,
  receipt: 0x86,
  host: 0x84,
} as const
const SCP11 = 0x11

/**
 * PERFORM SECURITY OPERATION: a certificate of the host, by the domain's authority or by the one before. A key that is
 * to agree on keys checks no certificate, and the other way round.
 * @source GPC Amd F 1.4 §3.3, §7.5
 */
export function performSecurityOperation(context: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const { channel, crypto, owner } = context
  const before = channel.certificates
  channel.certificates = undefined
  requireUnblocked(context, owner)
  const bytes = concatBytes(before?.part ?? new Uint8Array(), data)
  requireThat(bytes.length > 0 && bytes.length <= LONGEST_CERTIFICATE, GP_SW.wrongData)
  const chain = before?.isComplete ? undefined : before
  const last = chain?.last
  const pathLength = chain?.pathLength ?? Number.POSITIVE_INFINITY
  if ((p1 & MORE) !== 0) {
    channel.certificates = { part: bytes, last, pathLength, isComplete: false }
    return OK
  }
  const signer = last?.key ?? authorityKey(context, p1 & 0x7f, p2 & 0x7f)
  const certificate = parseCertificate(bytes)
  requireThat(last === undefined || last.form === certificate.form, GP_SW.wrongData)
  countAttempt(context, owner)
  requireThat(isSignedBy(crypto, signer, certificate), GP_SW.certificateWrong)
  countSuccess(context, owner)
  const isComplete = (p2 & MORE) === 0
  requireThat(certificate.role === (isComplete ? 'key agreement' : 'authority'), GP_SW.certificateWrong)
  requireThat(isComplete || pathLength > 0, GP_SW.certificateWrong)
  requireThat(!last?.names || equalBytes(last.names.subject, certificate.names!.issuer), GP_SW.certificateWrong)
  const left = Math.min(pathLength - 1, certificate.pathLength)
  channel.certificates = { part: new Uint8Array(), last: certificate, pathLength: left, isComplete }
  return OK
}

/** PK.CA-KLOC: a public key of the domain. */
function authorityKey({ domain }: DomainContext, kvn: number, id: number): EcPublicKey {
  const key = findKey(domain.keys, kvn, id)
  const point = key && component(key, KEY_TYPE.ecPublic)
  const curve = key && curveOf(key, domain.keys)
  return point && curve ? { domain: curve, point } : refuse(GP_SW.referencedDataNotFound)
}

/** MUTUAL AUTHENTICATE (a, c) and INTERNAL AUTHENTICATE (b). @source GPC Amd F 1.4 §7.6, §7.7 */
export function scp11Authenticate(context: DomainContext, command: DomainCommand): Answer {
  const { channel, crypto, gp, owner, registry } = context
  const host = channel.certificates?.isComplete ? channel.certificates.last : undefined
  channel.secureChannel?.close()
  channel.secureChannel = undefined
  channel.certificates = undefined
  requireUnblocked(context, owner)
  const { keys } = registry.domain(owner)
  const key = findKey(keys, command.p1, command.p2)
  const secret = key && component(key, KEY_TYPE.ecPrivate)
  const curve = key && curveOf(key, keys)
  if (key === undefined || secret === undefined || curve === undefined) return refuse(GP_SW.referencedDataNotFound)
  const objects = commandTlvs(command.data)
  const request = parseControl(findTlv(objects, TAG.control) ?? refuse(GP_SW.wrongData))
  const hostPoint = findTlv(objects, TAG.point) ?? refuse(GP_SW.wrongData)
  const variant = VARIANTS.find((one) => one.parameter === request.parameter && one.ins === command.ins)
  const option = gp.secureChannelsOf(owner).find((one) => one.protocol === SCP11)
  if (variant === undefined || option === undefined) return refuse(GP_SW.wrongData)
  const level = levelFor(request.usage, variant)
  requireThat((option.i & variant.bit) !== 0, GP_SW.conditions)
  requireThat(!variant.isHostAuthenticated || host !== undefined, GP_SW.conditions)
  requireThat(mayUse(context, key), GP_SW.conditions)
  const isReplayable = variant.name === 'c'
  requireThat(!isReplayable || !gp.hasReplayableSession(owner), GP_SW.conditions)
  // c has no secret of the moment on the card: scripts can be made without it. @source GPC Amd F 1.4 §3.1.1
  const second = isReplayable ? secret.slice() : crypto.generateEcPrivateKey(curve)
  try {
    const firstSecret = agree(context, curve, second, hostPoint)
    const staticSecret = agree(context, curve, secret, variant.isHostAuthenticated ? host!.key.point : hostPoint)
    const {
      receipt: receiptKey,
      dek,
      ...sessionKeys
    } = scp11SessionKeys(crypto, {
      // Whatever the curve. @source GPC Amd F 1.4 §7.6.2.3
      hash: 'sha256',
      ephemeralSecret: firstSecret,
      staticSecret,
      sharedInfo: scp11SharedInfo({
        keyUsage: request.usage,
        keyType: KEY_TYPE.aes,
        keyLengthBytes: request.lengthBytes,
      }),
      keyLengthBytes: request.lengthBytes,
    })
    for (const one of [firstSecret, staticSecret]) one.fill(0)
    const cardPoint = emitTlv(TAG.point, crypto.ecPublicKey(curve, second))
    const receipt = scp11Receipt(crypto, receiptKey, command.data, cardPoint)
    receiptKey.fill(0)
    const cipher = new Scp03Cipher(crypto, {
      protocol: SCP11,
      keys: sessionKeys,
      dek,
      macLengthBytes: 8,
      context: new Uint8Array(),
      chaining: receipt,
    })
    const session = new SecureChannelSession({
      domain: owner,
      application: context.application,
      keyVersion: command.p1,
      keyId: command.p2,
      cipher,
      responseLevels: 0,
      isReplayable,
    })
    session.open(level | (variant.isHostAuthenticated ? authenticationOf(context, host!) : SECURITY_LEVEL.none))
    channel.secureChannel = session
    return answer(concatBytes(cardPoint, emitTlv(TAG.receipt, receipt)))
  } finally {
    second.fill(0)
  }
}

function levelFor(usage: number, { name }: Variant): number {
  return LEVELS.find((one) => one.usage === usage && one.variants.includes(name))?.level ?? refuse(GP_SW.wrongData)
}

/** Key access: by the domain itself, or for an application associated with it. @source GPC Amd F 1.4 §5.3.3 */
function mayUse({ application, owner }: DomainContext, { access }: DomainKey): boolean {
  if (access === KEY_ACCESS.any) return true
  return access === (application === owner ? KEY_ACCESS.domain : KEY_ACCESS.application)
}

/** The owner of the domain is whom its provider identifier names; anybody else is just known. @source GPC Amd F 1.4 §4.7; GPC 2.3.1 §10.4.2 */
function authenticationOf({ domain, self }: DomainContext, host: Certificate): number {
  const provider = findTlv(domain.objects, PROVIDER_TAG) ?? findTlv(self.entry.objects, PROVIDER_TAG)
  const isOwner = provider !== undefined && equalBytes(provider, host.subjectIdentifier)
  return isOwner ? SECURITY_LEVEL.authenticated : SECURITY_LEVEL.anyAuthenticated
}

/** @source GPC Amd F 1.4 tables 7-15, 7-21 */
function parseControl(control: Uint8Array) {
  const objects = commandTlvs(control)
  const [protocol, usage] = [findTlv(objects, TAG.protocol), findTlv(objects, TAG.usage)]
  const [type, length] = [findTlv(objects, TAG.type), findTlv(objects, TAG.length)]
  requireThat(protocol?.length === 2 && protocol[0] === SCP11 && usage?.length === 1, GP_SW.wrongData)
  requireThat(type?.length === 1 && type[0] === KEY_TYPE.aes && length?.length === 1, GP_SW.wrongData)
  // Identifiers of host and card go into the keys only if the parameter says so, and here it never does.
  requireThat(findTlv(objects, TAG.host) === undefined, GP_SW.wrongData)
  const lengthBytes = length[0]!
  requireThat([16, 24, 32].includes(lengthBytes), GP_SW.wrongData)
  return { parameter: protocol[1]!, usage: usage[0]!, lengthBytes }
}

/** @throws Refusal 6A80 for a point that is none */
function agree(
  { crypto }: DomainContext,
  curve: EcPublicKey['domain'],
  secret: Uint8Array,
  point: Uint8Array,
): Uint8Array {
  try {
    return crypto.ecdh(curve, secret, point)
  } catch (error) {
    if (error instanceof CryptoPortError) return refuse(GP_SW.wrongData)
    throw error
  }
}
