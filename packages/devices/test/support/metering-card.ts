import { readFileSync } from 'node:fs'
import { fromHex } from '@gridcard/bytes'
import { Card, type CardProfile } from '@gridcard/card'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { type MeterIdentity, MeteringSecurityModule, type MeteringSlot } from '@gridcard/devices'
import { type KeySet, memoryCounterStore, type SecuritySuiteId, SoftwareSecurityModule } from '@gridcard/dlms'
import {
  type CardLink,
  commandClasses,
  inProcessLink,
  isCardRefusal,
  MeteringClient,
  meteringAppletAid,
  meteringInstallData,
  meteringPackageAid,
  partyCells,
} from '@gridcard/terminal'
import { headendTitle } from './meter-bench.ts'

const profile: CardProfile = {
  name: 'metering module test',
  nvSizeBytes: 64 * 1024,
  ramSizeBytes: 16 * 1024,
  commitCapacityBytes: 2 * 1024,
  atr: fromHex('3B800181'),
}
const cap = new Uint8Array(readFileSync(new URL('../../../../applets/prebuilt/metering.cap', import.meta.url)))

export const meteringSlot = 0
/** The host has a peer for it, the card no keys. */
export const emptyMeteringSlot = 1
const headendCell = partyCells.networkOperator

/** A card personalised for one head-end in one suite, and the key set that the head-end has. */
export interface MeteringCardFixture {
  readonly image: Uint8Array
  readonly suite: SecuritySuiteId
  readonly identity: MeterIdentity
  readonly headend: KeySet
  /** With which the head-end signs, and the point with which the card does. */
  readonly signing: { readonly privateKey: Uint8Array; readonly cardPoint: Uint8Array }
  readonly slots: ReadonlyMap<number, MeteringSlot>
}

export async function makeMeteringCard(identity: MeterIdentity, suite: SecuritySuiteId): Promise<MeteringCardFixture> {
  const domain = ecDomain(suite === 2 ? 'P-384' : 'P-256')
  const keyBytes = suite === 2 ? 32 : 16
  const shared = {
    suite,
    blockCipherKey: nodeCrypto.randomBytes(keyBytes),
    authenticationKey: nodeCrypto.randomBytes(keyBytes),
    masterKey: nodeCrypto.randomBytes(keyBytes),
  }
  const own = { sign: nodeCrypto.generateEcPrivateKey(domain), agree: nodeCrypto.generateEcPrivateKey(domain) }
  const card = Card.create({ profile, crypto: nodeCrypto })
  card.loadPackage(cap)
  const parameters = meteringInstallData({
    suites: [suite, suite],
    cells: [headendCell],
    quotas: 0,
    clearPersonalisation: true,
    partiesHaveP384: suite === 2,
  })
  card.installApplet({ packageAid: meteringPackageAid, appletAid: meteringAppletAid, parameters })
  card.powerOn()
  const client = new MeteringClient(inProcessLink(card))
  await client.select()
  await client.setIdentity({ systemTitle: identity.systemTitle, deviceId: identity.deviceId })
  await client.putKeySlot(meteringSlot, {
    peerSystemTitle: headendTitle,
    unicastKey: shared.blockCipherKey,
    authenticationKey: shared.authenticationKey,
  })
  await client.putKek(shared.masterKey)
  for (const use of ['sign', 'agree'] as const) {
    const publicKey = nodeCrypto.ecPublicKey(domain, own[use])
    await client.putCredential(headendCell, { entity: headendTitle, use, publicKey })
  }
  const most = { count: 3, windowSeconds: 3600 }
  await client.putPolicy(commandClasses.disconnect, { parties: [headendCell], most })
  await client.putPolicy(commandClasses.reconnect, { parties: [headendCell] })
  const curve = suite === 2 ? 2 : 1
  const points: { sign: Uint8Array; agree: Uint8Array } = { sign: new Uint8Array(), agree: new Uint8Array() }
  for (const use of ['sign', 'agree'] as const) {
    const point = await client.generateKeyPair(curve, use)
    if (isCardRefusal(point)) throw new Error(`refused: ${point.sw.toString(16)}`)
    points[use] = point
  }
  await client.activate()
  card.powerOff()
  return {
    image: card.image(),
    suite,
    identity,
    headend: {
      ...shared,
      peerSystemTitle: identity.systemTitle,
      ...(suite > 0 && {
        signing: { privateKey: own.sign, peerPublicKey: points.sign.slice(1) },
        agreement: { privateKey: own.agree, peerPublicKey: points.agree.slice(1) },
      }),
    },
    signing: { privateKey: own.sign, cardPoint: points.sign },
    slots: new Map([
      [meteringSlot, { suite, peerSystemTitle: headendTitle, cell: headendCell }],
      [emptyMeteringSlot, { suite, peerSystemTitle: headendTitle }],
    ]),
  }
}

/** A reader with the card in it; `changeCard` puts in what its memory says. */
export function readerOf({ image }: MeteringCardFixture) {
  let card = Card.open({ profile, crypto: nodeCrypto, image })
  const link: CardLink = {
    powerOn: async () => card.powerOn(),
    transmit: async (command) => card.transmit(command),
    powerOff: async () => card.powerOff(),
  }
  const changeCard = () => {
    card = Card.open({ profile, crypto: nodeCrypto, image: card.image() })
  }
  return { link, changeCard }
}

export function meteringModule(
  { identity, slots }: MeteringCardFixture,
  link: CardLink,
  change: { readonly deviceId?: Uint8Array; readonly systemTitle?: Uint8Array } = {},
): MeteringSecurityModule {
  const { systemTitle, deviceId } = { ...identity, ...change }
  return new MeteringSecurityModule({ link, systemTitle, deviceId, slots, randomBytes: nodeCrypto.randomBytes })
}

/** The head-end's side in software; its keys may change. */
export function headendModule({ headend }: MeteringCardFixture) {
  const kept = { keys: headend }
  const module = new SoftwareSecurityModule({
    crypto: nodeCrypto,
    systemTitle: headendTitle,
    slots: (slot) => (slot === meteringSlot ? kept.keys : undefined),
    storeKeys: (_slot, changes) => {
      kept.keys = { ...kept.keys, ...changes }
    },
    counters: memoryCounterStore(),
  })
  return { module, kept }
}
