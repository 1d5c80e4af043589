import { toHex } from '@gridcard/bytes'
import { Card } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { expect, it } from 'vitest'
import { IntegrityClient, inProcessLink } from '../../src/index.ts'
import { activation, boot, first, image, order, own, profile, ready, require } from './integrity-bench.ts'

/** Random commands; a night takes a million: GRIDCARD_FUZZ=1000000. */
const FUZZ = Number(process.env['GRIDCARD_FUZZ'] ?? 10_000)

/** Small, repeatable, and no secret. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 0x1_0000_0000) * below)
  }
}

it(`${FUZZ} random commands: a status word each, floors and counters only rise, and the card works afterwards`, {
  timeout: 3_600_000,
}, async () => {
  const random = randomFrom(3)
  const made = await ready()
  await boot(made)
  const { card } = made
  const second = image({ version: 2, rollback: 2 })
  // Genuine pieces, to be sent as they are, damaged, or at the wrong place.
  const pieces = [
    first.signedHeader,
    second.signedHeader,
    first.body,
    second.header.hash,
    activation(second),
    order({ kind: 'acknowledge-alarm' }, 1n),
    order({ kind: 'raise-floor', target: 0, rollback: 1 }, 2n),
    require(await made.client.seal(1, own)),
  ]
  const instructions = [
    0x02, 0x04, 0x06, 0x08, 0x30, 0x32, 0x34, 0x36, 0x38, 0x3a, 0x40, 0x42, 0x44, 0x46, 0x48, 0x50, 0xda,
  ]
  let floor = 1
  let lastOrder = 0n
  for (let i = 0; i < FUZZ; i++) {
    const ins = random(20) === 0 ? random(256) : instructions[random(instructions.length)]!
    const p1 = random(3) === 0 ? random(256) : random(5)
    const p2 = random(2) === 0 ? 0 : random(256)
    const piece = pieces[random(pieces.length)]!.slice()
    if (random(3) === 0) piece[random(piece.length)]! ^= 1 << random(8)
    const data = random(2) === 0 ? piece : Uint8Array.from({ length: random(200) }, () => random(256))
    if (data.length > 255) continue
    const command = Uint8Array.of(0x80, ins, p1, p2, ...(data.length ? [data.length, ...data] : []), 0)
    const response = card.transmit(command)
    expect(response.length).toBeGreaterThanOrEqual(2)
    expect(response.at(-2)! === 0x6f, `6F00 for ${toHex(command)}`).toBe(false)
    if (i % 1000 !== 999) continue
    card.powerOn()
    await made.client.select()
    const now = require(await made.client.releases(0)).floor
    const status = await made.client.status()
    expect(now).toBeGreaterThanOrEqual(floor)
    expect(status.lastOrder).toBeGreaterThanOrEqual(lastOrder)
    expect(status.lifeCycle).toBe('operational')
    floor = now
    lastOrder = status.lastOrder
  }
  const again = Card.open({ profile, crypto: nodeCrypto, image: card.image() })
  again.powerOn()
  const client = new IntegrityClient(inProcessLink(again))
  await client.select()
  await boot({ client })
})
