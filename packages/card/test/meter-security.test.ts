import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { nobleCrypto } from '@gridcard/crypto/noble'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import {
  ACTIVATE,
  AUTHENTICATION_KEY,
  BIND,
  command,
  ENCRYPTION_KEY,
  MeterCard,
  OWN_TITLE,
  PEER_TITLE,
  PUT_KEY_SLOT,
  READ_COUNTERS,
  SELECT,
  SET_IDENTITY,
} from './meter-security.ts'

/** What the peer at the other end computes, from the same keys, with one call of the crypto room. */
function seal(title: string, counter: string, plaintext: Uint8Array): Uint8Array {
  const aad = concatBytes(Uint8Array.of(0x30), AUTHENTICATION_KEY)
  return nodeCrypto.gcmSeal(ENCRYPTION_KEY, fromHex(title + counter), aad, plaintext, 12)
}

describe.each([
  ['node', nodeCrypto],
  ['noble', nobleCrypto],
])('the MeterSecurity applet, as shipped, over the %s provider', (_, crypto) => {
  it('refuses to work before it is personalised, bound or given a slot', () => {
    const meter = MeterCard.blank({ crypto })
    meter.card.powerOn()
    expect(meter.send(SELECT)).toBe('9000')
    expect(meter.send('0002000000')).toBe('6E00')
    expect(meter.send('80FF000000')).toBe('6D00')
    expect(meter.send(BIND)).toBe('6985')
    expect(meter.send(ACTIVATE)).toBe('6985')
    expect(meter.send('8010000001AA')).toBe('6700')
    expect(meter.send(SET_IDENTITY)).toBe('9000')
    expect(meter.send(PUT_KEY_SLOT)).toMatch(/^C6A13B.{6}9000$/)
    expect(meter.send(ACTIVATE)).toBe('9000')
    expect(meter.send(command('80300030', 'C001'))).toBe('6985')
    expect(meter.send(`8020000010${'00'.repeat(16)}`)).toBe('6982')
    expect(meter.send(BIND)).toBe('9000')
    expect(meter.send(command('80300130', 'C001'))).toBe('6A88')
    expect(meter.send(command('80300020', 'C001'))).toBe('6A86')
  })

  it('protects what its peer can open, and never uses a counter twice', () => {
    const meter = MeterCard.ready({ crypto })
    for (const [i, length] of [0, 1, 13, 128, 255, 256, 1000, 1184].entries()) {
      const plaintext = Uint8Array.from({ length }, (_, k) => k)
      const counter = i.toString(16).padStart(8, '0').toUpperCase()
      const head = length === 0 ? '80300030' : command('80300030', toHex(plaintext))
      expect(meter.send(head), `${length} bytes`).toBe(`${counter}${toHex(seal(OWN_TITLE, counter, plaintext))}9000`)
    }
  })

  it('opens what its peer has protected, once', () => {
    const meter = MeterCard.ready({ crypto })
    const plaintext = fromHex('C001C1000100002A0000FF0200')
    const message = (counter: string) =>
      command('80320030', counter + toHex(seal(PEER_TITLE, counter, plaintext)), '00')
    expect(meter.send(message('00000005'))).toBe(`${toHex(plaintext)}9000`)
    expect(meter.send(message('00000005')), 'a replay').toBe('6984')
    expect(meter.send(message('00000004'))).toBe('6984')
    expect(meter.send(message('FFFFFFFF'))).toBe('6984')
    expect(meter.send(READ_COUNTERS)).toBe('0000000000000006000000009000')
    const forged = message('00000006').replace(/..00$/, '0000')
    expect(meter.send(forged)).toBe('6988')
    expect(meter.send(READ_COUNTERS), 'the floor stays').toBe('0000000000000006000000009000')
    const large = Uint8Array.from({ length: 1184 }, (_, k) => 255 - k)
    const sealed = command('80320030', `00000007${toHex(seal(PEER_TITLE, '00000007', large))}`, '00')
    expect(meter.send(sealed)).toBe(`${toHex(large)}9000`)
  })

  it('answers a challenge as the Green Book does', () => {
    const meter = MeterCard.ready({ crypto })
    for (let i = 0; i < 3; i++) meter.send('80300030')
    const answer = meter.send(command('80340000', '503677524A323146'))
    const aad = concatBytes(Uint8Array.of(0x10), AUTHENTICATION_KEY, fromHex('503677524A323146'))
    const tag = nodeCrypto.gcmSeal(ENCRYPTION_KEY, fromHex(`${OWN_TITLE}00000003`), aad, new Uint8Array(), 12)
    expect(answer).toBe(`1000000003${toHex(tag)}9000`)
  })

  it('verifies the answer to its own challenge, once', () => {
    const meter = MeterCard.ready({ crypto })
    const challenge = meter.send('8084001000').slice(0, 32)
    const aad = concatBytes(Uint8Array.of(0x10), AUTHENTICATION_KEY, fromHex(challenge))
    const tag = nodeCrypto.gcmSeal(ENCRYPTION_KEY, fromHex(`${PEER_TITLE}00000009`), aad, new Uint8Array(), 12)
    const token = command('80360000', `1000000009${toHex(tag)}`)
    expect(meter.send(token)).toBe('9000')
    expect(meter.send(token)).toBe('6985')
  })

  it('says what it takes of the card', () => {
    const meter = MeterCard.ready({ crypto })
    const status = meter.send('8002000000')
    const appletBytes = Number.parseInt(status.slice(26, 34), 16)
    const free = Number.parseInt(status.slice(34, 42), 16)
    const { applets, memory } = meter.card.report()
    expect(free).toBe(memory.nvSizeBytes - memory.nvUsedBytes)
    // Measured in the constructor: everything but the applet object itself, made before, and one array of install.
    expect(applets[0]!.persistentBytes - appletBytes).toBeLessThan(64)
  })
})

describe('a card opened again from its image', () => {
  it('goes on where it was', () => {
    const meter = MeterCard.ready()
    meter.send('80300030')
    const again = MeterCard.open(meter.card.image())
    expect(again.card.report()).toMatchObject({ applets: meter.card.report().applets.map((one) => ({ aid: one.aid })) })
    expect(again.counters()).toBe('0000000100000000000000009000')
    expect(again.send('80300030')).toBe(`00000001${toHex(seal(OWN_TITLE, '00000001', new Uint8Array()))}9000`)
  })

  it('is bound no more', () => {
    const again = MeterCard.open(MeterCard.ready().card.image())
    again.card.powerOn()
    again.send(SELECT)
    expect(again.send('80300030')).toBe('6985')
  })

  it('is a clone: both go their own way', () => {
    const meter = MeterCard.ready()
    const clone = MeterCard.open(meter.card.image())
    clone.counters()
    clone.send('80300030')
    expect(meter.send(READ_COUNTERS)).toBe('0000000000000000000000009000')
    expect(clone.send(READ_COUNTERS)).toBe('0000000100000000000000009000')
  })

  it('gives equal images for equal histories', () => {
    const seeded = { ...nodeCrypto, randomBytes: (length: number) => new Uint8Array(length).fill(7) }
    const image = () => {
      const meter = MeterCard.ready({ crypto: seeded })
      meter.send('8084001000')
      meter.send('80300030')
      return meter.card.image()
    }
    expect(image()).toEqual(image())
  })
})
