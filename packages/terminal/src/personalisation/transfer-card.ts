import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { type CryptoProvider, ecDomain } from '@gridcard/crypto'
import type { CardLink } from '../card-link.ts'
import { TerminalError } from '../errors.ts'
import { GlobalPlatformClient } from '../globalplatform/globalplatform-client.ts'
import { namedSecurityLevels } from '../globalplatform/security-level.ts'
import { IntegrityClient } from '../integrity/integrity-client.ts'
import { emitIntegrityOrder, integrityPurposes } from '../integrity/integrity-messages.ts'
import { type CardRefusal, isCardRefusal } from '../meter-security-client.ts'
import { keyIds, MeteringClient, nextGeneration } from '../metering/metering-client.ts'
import {
  commandClasses,
  emitCredentialUpdate,
  emitKeyEstablishment,
  keyEstablishmentInfo,
  partyCells,
  purposes,
} from '../metering/metering-messages.ts'
import { describeStatusWord } from '../status-words.ts'
import { type CardKeys, domainKeysOf, keyBytesOf } from './card-keys.ts'
import { type Organisation, privateNumbersOf } from './organisation.ts'
import type { PartyPoints } from './party-points.ts'
import { signed } from './plain-signature.ts'

interface Party {
  readonly organisation: Organisation
  readonly points: PartyPoints
}

export interface TransferOptions {
  readonly crypto: CryptoProvider
  readonly oldKeys: CardKeys
  readonly newKeys: CardKeys
  readonly from: Party
  readonly to: Party
  /** The card's point to agree with, from its certificate. */
  readonly agreePoint: Uint8Array
  /** Of a card that verifies software: the old owner's private number, the new one's point, to say what may run. */
  readonly software?: { readonly from: Uint8Array; readonly to: Uint8Array }
}

const LEVEL = namedSecurityLevels['mac+enc+rmac+renc']

/**
 * The supplier's cell gets the new owner, by order of the old one; from that moment the old one is nobody to the card, and
 * by another order it has no say in the device's software. Then
 * its domain gets new keys, and the new owner comes in with a master key agreed with the card. Each step looks first
 * whether it is done, so the whole may be run again.
 */
export async function transferCard(link: CardLink, o: TransferOptions): Promise<void> {
  await link.powerOn()
  const metering = new MeteringClient(link)
  await metering.select()
  required('BIND DEVICE', await metering.bindDevice(fromHex(o.oldKeys.deviceId)))
  await replaceOwner(metering, o)
  if (o.software) await replaceResponsibleParty(new IntegrityClient(link), o, o.software)
  await replaceDomainKeys(link, o)
  await metering.select()
  required('BIND DEVICE', await metering.bindDevice(fromHex(o.oldKeys.deviceId)))
  for (const slot of o.newKeys.slots.keys()) await bringKeys(metering, slot, o)
}

function required<T extends object>(what: string, answer: T | CardRefusal): T {
  if (!isCardRefusal(answer)) return answer
  const { sw } = answer
  throw new TerminalError('TERMINAL_CARD_REFUSED', `the card refused ${what}: ${describeStatusWord(sw)}`, { sw })
}

async function replaceOwner(metering: MeteringClient, { crypto, oldKeys, from, to }: TransferOptions): Promise<void> {
  const present = required('READ CREDENTIAL', await metering.credential(partyCells.supplier, commandClasses.credential))
  if (toHex(present.entity) === toHex(to.points.entity)) return
  const { sign } = await privateNumbersOf(from.organisation, from.points)
  const entry = { cell: partyCells.supplier, counterFloor: present.counter + 1n, entity: to.points.entity }
  const update = emitCredentialUpdate({
    target: fromHex(oldKeys.systemTitle),
    party: partyCells.supplier,
    newOwner: true,
    counter: present.counter + 1n,
    entries: [
      { ...entry, use: 'sign', publicKey: to.points.sign },
      { ...entry, use: 'agree', publicKey: to.points.agree },
    ],
  })
  const signature = signed(crypto, sign, concatBytes(purposes.credentialUpdate, update))
  required('SET CREDENTIAL', await metering.setCredential(concatBytes(update, signature)))
}

async function replaceResponsibleParty(
  integrity: IntegrityClient,
  { crypto, oldKeys }: TransferOptions,
  { from, to }: NonNullable<TransferOptions['software']>,
): Promise<void> {
  try {
    await integrity.select()
    const present = required('READ PUBLIC KEY', await integrity.publicKey('responsible'))
    if (toHex(present) === toHex(to)) return
    const counter = (await integrity.status()).lastOrder + 1n
    const device = fromHex(oldKeys.systemTitle)
    const order = emitIntegrityOrder({ device, counter, kind: 'new-responsible-party', publicKey: to })
    const signature = signed(crypto, from, concatBytes(integrityPurposes.order, order))
    required('ORDER', await integrity.order(concatBytes(order, signature)))
  } finally {
    from.fill(0)
  }
}

/** The new keys take the place of the old version; a second run finds them there. */
async function replaceDomainKeys(link: CardLink, { crypto, oldKeys, newKeys }: TransferOptions): Promise<void> {
  const client = new GlobalPlatformClient(link, { crypto })
  try {
    const selected = await client.select(fromHex(oldKeys.domain.aid))
    const versions = (await client.keyInformation())?.map(({ version }) => version) ?? []
    if (selected.aid.length === 0 || !versions.includes(oldKeys.domain.keyVersion)) return
    await client.open({
      keys: domainKeysOf(oldKeys),
      keyVersion: oldKeys.domain.keyVersion,
      level: LEVEL,
      protocol: 'SCP03',
    })
    const { enc, mac, dek } = domainKeysOf(newKeys)
    await client.putKeys(
      newKeys.domain.keyVersion,
      [enc, mac, dek].map((key) => ({ type: 'aes' as const, key })),
      { replaces: oldKeys.domain.keyVersion },
    )
  } finally {
    client.close()
  }
}

/**
 * Keys of a slot under the new owner's master key, then the first genuine message under them, which ends the change. What waits
 * in the card from an interrupted run needs that message only.
 */
async function bringKeys(metering: MeteringClient, slot: number, o: TransferOptions): Promise<void> {
  const { crypto, newKeys } = o
  const { loadedSlots, changingSlots } = await metering.status()
  const isChanging = ((changingSlots >> slot) & 1) === 1
  if (((loadedSlots >> slot) & 1) === 1 && !isChanging) return
  const { unicast, authentication, peer } = newKeys.slots[slot]!
  const wrap = (key: Uint8Array) => crypto.aesKeyWrap(fromHex(newKeys.masterKey), key)
  const entries = [
    { id: keyIds.peerTitle, wrapped: wrap(concatBytes(fromHex(peer), new Uint8Array(8))) },
    { id: keyIds.unicast, wrapped: wrap(fromHex(unicast)) },
    { id: keyIds.authentication, wrapped: wrap(fromHex(authentication)) },
  ]
  if (!isChanging) {
    const answer = await metering.unwrapKeys(slot, entries)
    if (isCardRefusal(answer)) {
      // The master key is not there yet.
      await bringMasterKey(metering, slot, o)
      required('UNWRAP KEY', await metering.unwrapKeys(slot, entries, true))
    }
  }
  const control = 0x30 | newKeys.suite
  const iv = concatBytes(fromHex(peer), new Uint8Array(4))
  const aad = concatBytes(Uint8Array.of(control), fromHex(authentication))
  const body = crypto.gcmSeal(fromHex(unicast), iv, aad, Uint8Array.of(0), 12)
  required('the first message under the new keys', await metering.unprotect(slot | nextGeneration, control, 0, body))
}

/** A key agreed from an ephemeral one of the new owner, which it signs, and the card's own; under it the new master key. */
async function bringMasterKey(metering: MeteringClient, slot: number, o: TransferOptions): Promise<void> {
  const { crypto, newKeys, to, agreePoint } = o
  const suite = newKeys.suite === 2 ? 2 : 1
  const target = fromHex(newKeys.systemTitle)
  const domain = ecDomain(suite === 2 ? 'P-384' : 'P-256')
  const present = required('READ CREDENTIAL', await metering.credential(partyCells.supplier, commandClasses.credential))
  const counter = present.counter + 1n
  const ephemeral = crypto.generateEcPrivateKey(domain)
  const { sign } = await privateNumbersOf(to.organisation, to.points)
  try {
    const request = emitKeyEstablishment({
      target,
      party: partyCells.supplier,
      counter,
      ephemeralPublicKey: crypto.ecPublicKey(domain, ephemeral),
    })
    const signature = signed(crypto, sign, concatBytes(purposes.keyEstablishment, request))
    const bytes = keyBytesOf(newKeys.suite)
    required('ESTABLISH KEK', await metering.establishKek(suite, bytes, concatBytes(request, signature)))
    const z = crypto.ecdh(domain, ephemeral, agreePoint)
    const hash = suite === 2 ? 'sha384' : 'sha256'
    const agreed = crypto.concatenationKdf(hash, z, keyEstablishmentInfo(target, counter), bytes)
    const master = { id: keyIds.master, wrapped: crypto.aesKeyWrap(agreed, fromHex(newKeys.masterKey)) }
    required('UNWRAP KEY of the master key', await metering.unwrapKeys(slot, [master]))
  } finally {
    ephemeral.fill(0)
    sign.fill(0)
  }
}
