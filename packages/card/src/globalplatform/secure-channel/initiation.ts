import { concatBytes } from '@gridcard/bytes'
import {
  type Scp03MacBytes,
  scp02CardChallenge,
  scp02CardCryptogram,
  scp02SessionKeys,
  scp03CardChallenge,
  scp03CardCryptogram,
  scp03SessionKeys,
} from '@gridcard/crypto'
import { type Answer, answer, type DomainCommand, type DomainContext, OK } from '../context.ts'
import { type ChannelKeySet, channelKeySet, findKey, KEY_TYPE, versionsOf } from '../domain-keys.ts'
import type { SecureChannelOption } from '../globalplatform-profile.ts'
import { GP_SW, refuse, requireThat } from '../refusal.ts'
import { findTlv } from '../tlv-objects.ts'
import { SECURITY_LEVEL } from './channel-cipher.ts'
import { Scp02Cipher } from './scp02-cipher.ts'
import { Scp03Cipher } from './scp03-cipher.ts'
import { SecureChannelSession } from './session.ts'

const DIVERSIFICATION_TAG = 0xcf
const DIVERSIFICATION_BYTES = 10
const I = { s16: 0x01, pseudoRandom03: 0x10, pseudoRandom02: 0x40, responses: 0x60 } as const
const R_MAC_02 = 0x20

/** Where a domain's channel keys are: its own, or while it has none those of the domain above. @source GPC 2.3.1 §7.3.1 */
function keyHolder({ registry, owner }: DomainContext): number {
  const chain = registry.domainsAbove(owner)
  const hasKeys = (domain: number) => {
    const { keys } = registry.domain(domain)
    return versionsOf(keys).some((kvn) => channelKeySet(keys, kvn) !== undefined)
  }
  return chain.find(hasKeys) ?? owner
}

function requireKeySet(context: DomainContext, holder: number, kvn: number): ChannelKeySet {
  const { keys } = context.registry.domain(holder)
  const versions = kvn === 0 ? versionsOf(keys) : [kvn]
  for (const version of versions) {
    const set = channelKeySet(keys, version)
    if (set !== undefined && optionFor(context, holder, set) !== undefined) return set
  }
  return refuse(GP_SW.referencedDataNotFound)
}

/** The domain's way of the protocol that goes with the keys; undefined: it has none, for example no SCP02. */
function optionFor(
  { gp }: DomainContext,
  holder: number,
  set: ChannelKeySet,
  challengeBytes = 8,
): SecureChannelOption | undefined {
  const protocol = set.type === KEY_TYPE.des ? 0x02 : 0x03
  const options = gp.secureChannelsOf(holder).filter((one) => one.protocol === protocol)
  // A domain with both modes of SCP03 answers in the one that the host speaks.
  return options.find(({ i }) => protocol === 0x03 && (i & I.s16 ? 16 : 8) === challengeBytes) ?? options[0]
}

/**
 * Counted before anything is compared, so that no power cut gives a try back.
 * @throws Refusal 6983 when there have been as many in a row as the profile allows
 */
export function countAttempt({ gp, registry }: DomainContext, holder: number): void {
  const entry = registry.domain(holder)
  const most = gp.profile.mostFailedAuthentications
  requireThat(most === 0 || entry.failedAuthentications < most, GP_SW.methodBlocked)
  const failedAuthentications = Math.min(255, entry.failedAuthentications + 1)
  registry.saveDomain({ ...entry, failedAuthentications })
}

export function countSuccess({ registry }: DomainContext, holder: number): void {
  registry.saveDomain({ ...registry.domain(holder), failedAuthentications: 0 })
}

export function requireUnblocked({ gp, registry }: DomainContext, holder: number): void {
  const most = gp.profile.mostFailedAuthentications
  requireThat(most === 0 || registry.domain(holder).failedAuthentications < most, GP_SW.methodBlocked)
}

/** INITIALIZE UPDATE: ends what was open, begins anew. @source GPC 2.3.1 §E.5.1; Amd D §7.1.1 */
export function initializeUpdate(context: DomainContext, { cla, p1, p2, data }: DomainCommand): Answer {
  const { channel } = context
  channel.secureChannel?.close()
  channel.secureChannel = undefined
  channel.load = undefined
  channel.personalized = undefined
  channel.storeData = undefined
  requireThat((cla & 0x0c) === 0 || (cla & 0x40) !== 0, GP_SW.invalidClass)
  const holder = keyHolder(context)
  requireUnblocked(context, holder)
  const set = requireKeySet(context, holder, p1)
  requireThat(
    p2 === 0 || findKey(context.registry.domain(holder).keys, set.kvn, p2) !== undefined,
    GP_SW.referencedDataNotFound,
  )
  const option = optionFor(context, holder, set, data.length)!
  return option.protocol === 0x02
    ? initializeScp02(context, { holder, set, i: option.i, hostChallenge: data })
    : initializeScp03(context, { holder, set, i: option.i, hostChallenge: data })
}

interface Initiation {
  readonly holder: number
  readonly set: ChannelKeySet
  readonly i: number
  readonly hostChallenge: Uint8Array
}

function diversificationData({ registry }: DomainContext, holder: number): Uint8Array {
  const stored = findTlv(registry.domain(holder).objects, DIVERSIFICATION_TAG)
  const padded = new Uint8Array(DIVERSIFICATION_BYTES)
  padded.set((stored ?? new Uint8Array()).subarray(0, DIVERSIFICATION_BYTES))
  return padded
}

/** AID of the application whose session it is: part of pseudo-random challenges. */
function applicationAid({ jcre, application }: DomainContext): Uint8Array {
  return jcre.registry.ownedBy(application)?.aid ?? new Uint8Array()
}

function initializeScp02(context: DomainContext, { holder, set, i, hostChallenge }: Initiation): Answer {
  const { crypto } = context
  requireThat(hostChallenge.length === 8, GP_SW.wrongLength)
  requireThat(set.sequenceCounter < 0xffff, GP_SW.conditions)
  const sequenceCounter = Uint8Array.of(set.sequenceCounter >> 8, set.sequenceCounter)
  const keys = scp02SessionKeys(crypto, set, sequenceCounter)
  const isPseudoRandom = (i & I.pseudoRandom02) !== 0
  const cardChallenge = isPseudoRandom
    ? scp02CardChallenge(crypto, keys.cMac, applicationAid(context))
    : crypto.randomBytes(6)
  const challenges = { hostChallenge, sequenceCounter, cardChallenge }
  begin(context, {
    holder,
    set,
    cipher: new Scp02Cipher(crypto, keys, challenges),
    responseLevels: i & R_MAC_02 ? SECURITY_LEVEL.rMac : 0,
  })
  const cryptogram = scp02CardCryptogram(crypto, keys.enc, challenges)
  const head = concatBytes(diversificationData(context, holder), Uint8Array.of(set.kvn, 0x02))
  return answer(concatBytes(head, sequenceCounter, cardChallenge, cryptogram))
}

function initializeScp03(context: DomainContext, { holder, set, i, hostChallenge }: Initiation): Answer {
  const { crypto } = context
  const macLengthBytes: Scp03MacBytes = i & I.s16 ? 16 : 8
  requireThat(hostChallenge.length === macLengthBytes, GP_SW.wrongLength)
  const isPseudoRandom = (i & I.pseudoRandom03) !== 0
  const counter = isPseudoRandom ? countSession(context, holder, set, 0xff_ffff) : 0
  const counterBytes = Uint8Array.of(counter >>> 16, counter >>> 8, counter)
  const cardChallenge = isPseudoRandom
    ? scp03CardChallenge(crypto, set.enc, counterBytes, applicationAid(context), macLengthBytes)
    : crypto.randomBytes(macLengthBytes)
  const transcript = concatBytes(hostChallenge, cardChallenge)
  const keys = scp03SessionKeys(crypto, set, transcript)
  const cipher = new Scp03Cipher(crypto, {
    protocol: 0x03,
    keys,
    dek: set.dek,
    macLengthBytes,
    context: transcript,
    chaining: new Uint8Array(16),
  })
  begin(context, { holder, set, cipher, responseLevels: responseLevels(i) })
  const cryptogram = scp03CardCryptogram(crypto, keys.mac, transcript, macLengthBytes)
  const head = concatBytes(diversificationData(context, holder), Uint8Array.of(set.kvn, 0x03, i))
  const tail = isPseudoRandom ? counterBytes : new Uint8Array()
  return answer(concatBytes(head, cardChallenge, cryptogram, tail))
}

/** b7 b6 of i: none, R-MAC, or both. @source GPC Amd D table 5-1 */
function responseLevels(i: number): number {
  if ((i & I.responses) === I.responses) return SECURITY_LEVEL.rMac | SECURITY_LEVEL.rEncryption
  return i & 0x20 ? SECURITY_LEVEL.rMac : 0
}

/** The next value of a key set's sequence counter, stored before it is used. */
function countSession({ registry }: DomainContext, holder: number, set: ChannelKeySet, most: number): number {
  requireThat(set.sequenceCounter < most, GP_SW.conditions)
  const next = set.sequenceCounter + 1
  const entry = registry.domain(holder)
  const keys = entry.keys.map((key) => (key.kvn === set.kvn && key.id === 1 ? { ...key, sequenceCounter: next } : key))
  registry.saveDomain({ ...entry, keys })
  return next
}

function begin(
  context: DomainContext,
  o: { holder: number; set: ChannelKeySet; cipher: Scp02Cipher | Scp03Cipher; responseLevels: number },
): void {
  context.channel.secureChannel = new SecureChannelSession({
    domain: o.holder,
    application: context.application,
    keyVersion: o.set.kvn,
    keyId: 1,
    cipher: o.cipher,
    responseLevels: o.responseLevels,
  })
}

/** EXTERNAL AUTHENTICATE. @source GPC 2.3.1 §E.5.2; Amd D §7.1.2 */
export function externalAuthenticate(context: DomainContext, command: DomainCommand): Answer {
  const { channel, registry } = context
  const session = channel.secureChannel
  requireThat(session?.isBegun ?? false, GP_SW.conditions)
  requireThat(command.p2 === 0, GP_SW.incorrectP1P2)
  requireThat(command.data.length === 2 * session!.macLengthBytes, GP_SW.wrongLength)
  requireThat(session!.allows(command.p1), GP_SW.incorrectP1P2)
  const holder = session!.domain
  countAttempt(context, holder)
  const outcome = session!.authenticate(command)
  if (outcome === 'wrong cryptogram') return refuse(GP_SW.authenticationFailed)
  if (outcome === 'wrong MAC') return refuse(GP_SW.securityStatus)
  const entry = registry.domain(holder)
  // SCP02 counts sessions that were authenticated. @source GPC 2.3.1 §E.1.2.1
  const isScp02 = session!.protocol === 0x02
  const counted = entry.keys.map((key) => {
    const isCounter = isScp02 && key.kvn === session!.keyVersion && key.id === 1
    return isCounter ? { ...key, sequenceCounter: key.sequenceCounter + 1 } : key
  })
  registry.saveDomain({ ...entry, keys: counted, failedAuthentications: 0 })
  return OK
}

/** BEGIN R-MAC SESSION: more security for answers. @source GPC Amd D §7.1.3 */
export function beginRMacSession({ channel }: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const session = channel.secureChannel
  requireThat(session !== undefined && (session.level & SECURITY_LEVEL.cMac) !== 0, GP_SW.conditions)
  requireThat(p2 === 0x01, GP_SW.incorrectP1P2)
  requireThat(data.length === 0 || data[0] === data.length - 1, GP_SW.wrongData)
  requireThat(session.mayBeginRMac(p1), GP_SW.conditions)
  // Its own answer has the level of before.
  const response = session.wrap(new Uint8Array(), 0x9000)
  session.beginRMac(p1)
  return answer(response)
}

/** END R-MAC SESSION: back to the level of the beginning; its own answer still has the R-MAC. @source GPC Amd D §7.1.4 */
export function endRMacSession({ channel }: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const session = channel.secureChannel
  requireThat(p1 === 0x00 && p2 === 0x03, GP_SW.incorrectP1P2)
  requireThat(data.length === 0, GP_SW.wrongData)
  requireThat(session?.isInRMacSession ?? false, GP_SW.conditions)
  const response = session!.wrap(new Uint8Array(), 0x9000)
  session!.endRMac()
  return answer(response)
}
