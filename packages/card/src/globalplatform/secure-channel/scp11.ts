import { concatBytes, emitTlv } from '@gridcard/bytes'
import { CryptoPortError, scp11Receipt, scp11SessionKeys, scp11SharedInfo } from '@gridcard/crypto'
import { type Answer, answer, type DomainCommand, type DomainContext, OK } from '../context.ts'
import { component, findKey, KEY_TYPE } from '../domain-keys.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { curveOf, hashOfCurve } from '../signatures.ts'
import { commandTlvs, findTlv } from '../tlv-objects.ts'
import { type EcPublicKey, isSignedBy, parseCertificate } from './certificate.ts'
import { SECURITY_LEVEL } from './channel-cipher.ts'
import { countAttempt, countSuccess, requireUnblocked } from './initiation.ts'
import { Scp03Cipher } from './scp03-cipher.ts'
import { SecureChannelSession } from './session.ts'

/** What PERFORM SECURITY OPERATION has brought so far. */
export interface Scp11Certificates {
  /** Beginning of a certificate that comes in parts. */
  readonly part: Uint8Array
  /** Key of the last certificate that was verified. */
  readonly key: EcPublicKey | undefined
  /** It is the host's own: the chain is complete. */
  readonly isComplete: boolean
}

/** Variants as bits of i, and as the second byte of tag 90. @source GPC Amd F 1.2 tables 5-1, 7-13 */
const VARIANTS = [
  { name: 'a', bit: 0x01, parameter: 0x01, ins: 0x82, isHostAuthenticated: true },
  { name: 'b', bit: 0x02, parameter: 0x00, ins: 0x88, isHostAuthenticated: false },
  { name: 'c', bit: 0x04, parameter: 0x03, ins: 0x82, isHostAuthenticated: true },
] as const
const MORE = 0x80
const LONGEST_CERTIFICATE = 2048
/** Key usage of the session keys, and the level that goes with it. */
const LEVELS: readonly (readonly [usage: number, level: number])[] = [
  [0x34, SECURITY_LEVEL.cMac | SECURITY_LEVEL.rMac],
  [0x3c, SECURITY_LEVEL.cMac | SECURITY_LEVEL.rMac | SECURITY_LEVEL.cDecryption | SECURITY_LEVEL.rEncryption],
]
const TAG = {
  control: 0xa6,
  protocol: 0x90,
  usage: 0x95,
  type: 0x80,
  length: 0x81,
  point: 0x5f49,
  receipt: 0x86,
} as const
const SCP11 = 0x11

/** PERFORM SECURITY OPERATION: a certificate of the host, by the domain's authority or by the one before. @source GPC Amd F 1.2 §7.5 */
export function performSecurityOperation(context: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const { channel, crypto, owner } = context
  const before = channel.certificates
  channel.certificates = undefined
  requireUnblocked(context, owner)
  const bytes = concatBytes(before?.part ?? new Uint8Array(), data)
  requireThat(bytes.length > 0 && bytes.length <= LONGEST_CERTIFICATE, GP_SW.wrongData)
  const isChained = before !== undefined && !before.isComplete
  if ((p1 & MORE) !== 0) {
    channel.certificates = { part: bytes, key: isChained ? before.key : undefined, isComplete: false }
    return OK
  }
  const signer = (isChained ? before.key : undefined) ?? authorityKey(context, p1 & 0x7f, p2 & 0x7f)
  const certificate = parseCertificate(bytes)
  countAttempt(context, owner)
  requireThat(isSignedBy(crypto, signer, certificate), GP_SW.certificateWrong)
  countSuccess(context, owner)
  const isComplete = (p2 & MORE) === 0
  requireThat(!isComplete || certificate.isForKeyAgreement, GP_SW.certificateWrong)
  channel.certificates = { part: new Uint8Array(), key: certificate.key, isComplete }
  return OK
}

/** PK.CA-KLOC: a public key of the domain. */
function authorityKey({ domain }: DomainContext, kvn: number, id: number): EcPublicKey {
  const key = findKey(domain.keys, kvn, id)
  const point = key && component(key, KEY_TYPE.ecPublic)
  const curve = key && curveOf(key, domain.keys)
  return point && curve ? { domain: curve, point } : refuse(GP_SW.referencedDataNotFound)
}

/** MUTUAL AUTHENTICATE (a, c) and INTERNAL AUTHENTICATE (b). @source GPC Amd F 1.2 §7.2, §7.4 */
export function scp11Authenticate(context: DomainContext, command: DomainCommand): Answer {
  const { channel, crypto, gp, owner, registry } = context
  const host = channel.certificates
  channel.secureChannel?.close()
  channel.secureChannel = undefined
  channel.certificates = undefined
  requireUnblocked(context, owner)
  const { keys } = registry.domain(owner)
  const key = findKey(keys, command.p1, command.p2)
  const secret = key && component(key, KEY_TYPE.ecPrivate)
  const curve = key && curveOf(key, keys)
  if (secret === undefined || curve === undefined) return refuse(GP_SW.referencedDataNotFound)
  const objects = commandTlvs(command.data)
  const request = parseControl(findTlv(objects, TAG.control) ?? refuse(GP_SW.wrongData))
  const hostPoint = findTlv(objects, TAG.point) ?? refuse(GP_SW.wrongData)
  const variant = VARIANTS.find((one) => one.parameter === request.parameter && one.ins === command.ins)
  const option = gp.secureChannelsOf(owner).find((one) => one.protocol === SCP11)
  if (variant === undefined || option === undefined) return refuse(GP_SW.wrongData)
  requireThat((option.i & variant.bit) !== 0, GP_SW.conditions)
  const hostKey = host?.isComplete ? host.key : undefined
  requireThat(!variant.isHostAuthenticated || hostKey !== undefined, GP_SW.conditions)
  const ephemeral = crypto.generateEcPrivateKey(curve)
  try {
    const ephemeralSecret = agree(context, curve, ephemeral, hostPoint)
    const staticSecret = agree(context, curve, secret, variant.isHostAuthenticated ? hostKey!.point : hostPoint)
    const {
      receipt: receiptKey,
      dek,
      ...sessionKeys
    } = scp11SessionKeys(crypto, {
      hash: hashOfCurve(curve),
      ephemeralSecret,
      staticSecret,
      sharedInfo: scp11SharedInfo({
        keyUsage: request.usage,
        keyType: KEY_TYPE.aes,
        keyLengthBytes: request.lengthBytes,
      }),
      keyLengthBytes: request.lengthBytes,
    })
    for (const one of [ephemeralSecret, staticSecret]) one.fill(0)
    const cardPoint = emitTlv(TAG.point, crypto.ecPublicKey(curve, ephemeral))
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
    })
    session.open(request.level | (variant.isHostAuthenticated ? SECURITY_LEVEL.authenticated : SECURITY_LEVEL.none))
    channel.secureChannel = session
    return answer(concatBytes(cardPoint, emitTlv(TAG.receipt, receipt)))
  } finally {
    ephemeral.fill(0)
  }
}

function parseControl(control: Uint8Array) {
  const objects = commandTlvs(control)
  const [protocol, usage] = [findTlv(objects, TAG.protocol), findTlv(objects, TAG.usage)]
  const [type, length] = [findTlv(objects, TAG.type), findTlv(objects, TAG.length)]
  requireThat(protocol?.length === 2 && protocol[0] === SCP11 && usage?.length === 1, GP_SW.wrongData)
  requireThat(type?.length === 1 && type[0] === KEY_TYPE.aes && length?.length === 1, GP_SW.wrongData)
  const lengthBytes = length[0]!
  requireThat([16, 24, 32].includes(lengthBytes), GP_SW.wrongData)
  const level = LEVELS.find(([one]) => one === usage[0])?.[1] ?? refuse(GP_SW.wrongData)
  return { parameter: protocol[1]!, usage: usage[0]!, lengthBytes, level }
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
