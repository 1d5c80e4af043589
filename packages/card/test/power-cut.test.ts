import { fromHex, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card } from '../src/index.ts'
import { CuttingStore, everyCut } from './cutting-store.ts'
import {
  APPLET_AID,
  AUTHENTICATION_KEY,
  command,
  ENCRYPTION_KEY,
  METER_PROFILE,
  METER_SECURITY_CAP,
  MeterCard,
  PACKAGE_AID,
  PEER_TITLE,
  PUT_KEY_SLOT,
  READ_COUNTERS,
  SELECT,
  SET_IDENTITY,
} from './meter-security.ts'

/**
 * Does `act` on the card of an image over a store that fails at each write, torn in several places, and looks at the
 * card that is opened from what was stored: it must be one of the two states around `act`.
 */
function cutEverywhere(
  image: Uint8Array,
  act: (card: Card) => void,
  look: (card: Card) => unknown,
): { cuts: number; before: unknown; after: unknown } {
  const open = (store: CuttingStore) => Card.open({ profile: METER_PROFILE, crypto: nodeCrypto, store })
  const lookAt = (bytes: Uint8Array) => look(Card.open({ profile: METER_PROFILE, crypto: nodeCrypto, image: bytes }))
  const whole = new CuttingStore(image)
  act(open(whole))
  const before = lookAt(image)
  const after = lookAt(whole.read()!)
  let cuts = 0
  for (const { cutAt, tornBytes } of everyCut(whole.sizes)) {
    const store = new CuttingStore(image, cutAt, tornBytes)
    const card = open(store)
    expect(() => act(card), `write ${cutAt}`).toThrow(expect.objectContaining({ code: 'CARD_POWER_CUT' }))
    expect(() => card.powerOn(), 'a dead card').toThrow(expect.objectContaining({ code: 'CARD_POWER_CUT' }))
    expect([before, after], `write ${cutAt} torn after ${tornBytes} bytes`).toContainEqual(lookAt(store.read()!))
    cuts++
  }
  return { cuts, before, after }
}

const transmit = (card: Card, ...commands: string[]) => {
  card.powerOn()
  return commands.map((one) => toHex(card.transmit(fromHex(one))))
}

describe('a power cut in any write, torn anywhere, leaves before or after', () => {
  it('of loading a package', () => {
    const blank = Card.create({ profile: METER_PROFILE, crypto: nodeCrypto }).image()
    const { before, after } = cutEverywhere(
      blank,
      (card) => card.loadPackage(METER_SECURITY_CAP),
      (card) => card.report(),
    )
    expect(before).not.toEqual(after)
  })

  it('of installing an applet', () => {
    const loaded = Card.create({ profile: METER_PROFILE, crypto: nodeCrypto })
    loaded.loadPackage(METER_SECURITY_CAP)
    const { before, after } = cutEverywhere(
      loaded.image(),
      (card) => card.installApplet({ packageAid: PACKAGE_AID, appletAid: APPLET_AID }),
      (card) => ({ report: card.report(), select: transmit(card, SELECT) }),
    )
    expect(before).toMatchObject({ select: ['6999'] })
    expect(after).toMatchObject({ select: ['9000'] })
  })

  it('of a command that writes a key, two arrays, counters and a flag in one transaction', () => {
    const meter = MeterCard.blank()
    meter.card.powerOn()
    meter.send(SELECT)
    meter.send(SET_IDENTITY)
    const image = meter.card.image()
    // The same slot with other keys: the key check of the answer tells which are there. Boot count aside.
    const other = PUT_KEY_SLOT.replace('000102', 'AABBCC')
    const { cuts, before, after } = cutEverywhere(
      image,
      (card) => transmit(card, SELECT, other),
      (card) => [...transmit(card, SELECT, '8002000000'), ...keyBytes(card)],
    )
    expect(cuts).toBeGreaterThan(20)
    expect(before).not.toEqual(after)
  })

  it('of a counter, before anything made with it has left', () => {
    const image = MeterCard.ready().card.image()
    const look = (card: Card) => new MeterCard(card).counters()
    const protect = (card: Card) => {
      const meter = new MeterCard(card)
      meter.counters()
      meter.send(command('80300030', 'C001'))
    }
    expect(cutEverywhere(image, protect, look)).toMatchObject({
      before: '0000000000000000000000009000',
      after: '0000000100000000000000009000',
    })
  })
})

/** Slot 0 as the image has it: loaded keys and counters are the bytes that differ. */
function keyBytes(card: Card): string[] {
  const image = toHex(card.image())
  return ['AABBCC030405060708090A0B0C0D0E0F', '4D4D4D0000000001'].map((needle) => `${image.includes(needle)}`)
}

describe('a card over a store', () => {
  it('answers only when the counter is stored', () => {
    const store = new CuttingStore()
    const meter = MeterCard.ready({ store })
    const writes = store.writes
    const answer = meter.send('80300030')
    expect(answer).toMatch(/^00000000.*9000$/)
    expect(store.writes).toBeGreaterThan(writes)
    const again = Card.open({ profile: METER_PROFILE, crypto: nodeCrypto, store })
    expect(new MeterCard(again).counters()).toBe('0000000100000000000000009000')
  })

  it('writes a counter, and key and mode of a cipher only where they change, in one step', () => {
    const store = new CuttingStore()
    const meter = MeterCard.ready({ store })
    const sealed = (counter: string) => {
      const aad = Uint8Array.of(0x30, ...AUTHENTICATION_KEY)
      const iv = fromHex(PEER_TITLE + counter)
      return counter + toHex(nodeCrypto.gcmSeal(ENCRYPTION_KEY, iv, aad, fromHex('C001'), 12))
    }
    const writesOf = (apdu: string) => {
      const before = store.writes
      expect(meter.send(apdu)).toMatch(/9000$/)
      return store.writes - before
    }
    // A step of several bytes is four writes: old bytes, new bytes, commit, old bytes wiped.
    expect(writesOf('80300030')).toBe(8)
    expect(writesOf('80300030')).toBe(4)
    expect(writesOf(command('80320030', sealed('00000005')))).toBe(8)
    expect(writesOf(command('80320030', sealed('00000006')))).toBe(4)
    expect(writesOf(READ_COUNTERS)).toBe(0)
  })

  it('holds in the store what it holds in memory', () => {
    const store = new CuttingStore()
    const meter = MeterCard.ready({ store })
    expect(store.read()).toEqual(meter.card.image())
  })

  it('is missing when the store is empty', () => {
    const open = () => Card.open({ profile: METER_PROFILE, crypto: nodeCrypto, store: new CuttingStore() })
    expect(open).toThrow(expect.objectContaining({ code: 'CARD_IMAGE_MISSING' }))
  })

  it('refuses to be called from inside its own store', () => {
    let card: Card | undefined
    const seen: unknown[] = []
    const store = {
      read: () => undefined,
      write() {
        try {
          card?.loadPackage(METER_SECURITY_CAP)
        } catch (error) {
          seen.push(error)
        }
      },
    }
    card = Card.create({ profile: METER_PROFILE, crypto: nodeCrypto, store })
    card.loadPackage(METER_SECURITY_CAP)
    expect(seen[0]).toMatchObject({ code: 'CARD_BUSY' })
  })
})
