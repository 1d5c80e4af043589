import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import type { Card } from '@gridcard/card'
import { beforeAll, describe, expect, it } from 'vitest'
import { meteringAppletAid } from '../../src/index.ts'
import { personalise, ready, require } from './metering-bench.ts'

/** Every instruction of the README's table. */
const TELLING = [0x02, 0x04, 0x06, 0x08, 0x0a]
const PERSONALISING = [0x10, 0x12, 0x14, 0x16, 0x18, 0x1a, 0x1e]
const MESSAGES = [0x30, 0x32, 0x34, 0x36, 0x38, 0x3a, 0x3c, 0x3e, 0x84]
const KEYS = [0x22, 0x24, 0x40, 0x42, 0x44, 0x46]
const ORDERS = [0x48, 0x4a, 0x50, 0x58, 0x5a, 0x5c]
/** They also work on a locked device: it tells what happened, and takes the order that unlocks it. */
const EVIDENCE = [0x52, 0x54, 0x56, 0x60, 0x62, 0x64]
const BIND = 0x20

const send = (card: Card, ins: number) => toHex(card.transmit(Uint8Array.of(0x80, ins, 0, 0, 1, 0, 0)).slice(-2))
const words = (card: Card, instructions: readonly number[]) =>
  Object.fromEntries(instructions.map((ins) => [ins.toString(16), send(card, ins)]))
const all = (instructions: readonly number[], sw: string) =>
  Object.fromEntries(instructions.map((ins) => [ins.toString(16), sw]))

describe('every command, in every life cycle', () => {
  const cards: Record<string, Card> = {}
  beforeAll(async () => {
    cards['personalising'] = (await personalise()).card
    cards['operational'] = (await ready()).card
    const locked = await ready()
    require(await locked.client.tamper(1))
    cards['locked'] = locked.card
    const zeroised = await ready()
    require(await zeroised.client.tamper(2))
    cards['zeroised'] = zeroised.card
    const unbound = await ready()
    unbound.card.powerOff()
    unbound.card.powerOn()
    await unbound.client.select()
    cards['unbound'] = unbound.card
  }, 240_000)
  const operation = [...MESSAGES, ...KEYS.filter((ins) => ins !== 0x22), ...ORDERS]

  it('personalising: nothing of operation, and no binding', () => {
    const card = cards['personalising']!
    expect(words(card, [...operation, ...EVIDENCE, BIND])).toEqual(all([...operation, ...EVIDENCE, BIND], '6985'))
  })

  it('not bound: nothing of operation, nothing of personalisation, in clear or not', () => {
    const card = cards['unbound']!
    const refused = [...operation, 0x22, ...EVIDENCE, ...PERSONALISING]
    expect(words(card, refused)).toEqual(all(refused, '6985'))
    expect(toHex(card.transmit(fromHex('84140000010000')))).toBe('6E00')
  })

  it('operational: personalisation is over', () => {
    expect(words(cards['operational']!, PERSONALISING)).toEqual(all(PERSONALISING, '6D00'))
  })

  it('locked: nothing but evidence and the order that unlocks', () => {
    const card = cards['locked']!
    const refused = [...operation, 0x22]
    expect(words(card, refused)).toEqual(all(refused, '6983'))
    const head = card.transmit(concatBytes(fromHex('8060000020'), new Uint8Array(32), Uint8Array.of(0)))
    expect(toHex(head.slice(-2))).toBe('9000')
  })

  it('zeroised: nothing but the status, for good', () => {
    const card = cards['zeroised']!
    const refused = [...operation, 0x22, ...EVIDENCE, ...PERSONALISING, BIND, ...TELLING.filter((ins) => ins !== 2)]
    for (let boot = 0; boot < 2; boot++) {
      expect(words(card, refused)).toEqual(all(refused, '6985'))
      expect(toHex(card.transmit(fromHex('8002000000'))).slice(2, 4)).toBe('04')
      card.powerOff()
      card.powerOn()
      card.transmit(concatBytes(fromHex('00A404000B'), meteringAppletAid))
    }
  })

  it('whoever asks is told, in every life cycle but the last, and no secret is in it', () => {
    for (const name of ['personalising', 'unbound', 'operational', 'locked']) {
      expect(toHex(cards[name]!.transmit(fromHex('8002000000')).slice(-2)), name).toBe('9000')
      expect(toHex(cards[name]!.transmit(fromHex('8004000000')).slice(-2)), name).toBe('9000')
    }
  })

  it('what is no instruction is 6D00, another class 6E00', () => {
    const card = cards['operational']!
    for (const ins of [0x00, 0x0c, 0x26, 0x4c, 0x66, 0xa0, 0xfe]) expect(send(card, ins)).toBe('6D00')
    expect(toHex(card.transmit(fromHex('B002000000')))).toBe('6E00')
  })
})
