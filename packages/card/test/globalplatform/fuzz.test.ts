import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { loadPackage, openCard, reopen, testPackage } from './gp-card.ts'
import { byte, type GpHost, lv } from './gp-host.ts'
import { ISD_AID } from './gp-profiles.ts'

/** 10,000 unless the environment says more. */
const COUNT = Number(process.env['GRIDCARD_FUZZ'] ?? 10_000)

/** Numbers from a seed (mulberry32). */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

const INSTRUCTIONS = [
  0x2a, 0x50, 0x78, 0x7a, 0x82, 0x88, 0xa4, 0xc0, 0xca, 0xcb, 0xd8, 0xe2, 0xe4, 0xe6, 0xe8, 0xea, 0xf0, 0xf2,
]
const ONE = testPackage(1)
const INSTANCE = fromHex('F04752494401')
/** Real beginnings, from which bytes are changed, cut and repeated. */
const SEEDS = [
  '4F00',
  '4F0005C',
  `${lv(ONE.aid)}00000000`,
  `${lv(ONE.aid)}${lv(ONE.module)}${lv(INSTANCE)}010002C90000`,
  `4F${lv(ONE.aid)}`,
  `4F${lv(INSTANCE)}`,
  `0000${lv(INSTANCE)}000000`,
  `${lv(ISD_AID)}00${lv(INSTANCE)}000000`,
  '42021234450301AA02',
  '00B90E B90C 950118 800188 810110 820101',
  'D00101D20101',
  toHex(ONE.loadFile.slice(0, 200)),
  '01881110000102030405060708090A0B0C0D0E0F03AABBCC',
  'A60D9002110095013C8001888101105F494104',
  `A10A4F${lv(ONE.aid)}`,
  `${lv(ONE.aid)}${lv(ONE.module)}${lv(INSTANCE)}01000BC902AABBEF05C802400000`,
].map((hex) => fromHex(hex.replaceAll(' ', '').slice(0, hex.replaceAll(' ', '').length & ~1)))

function mutated(next: (below: number) => number): Uint8Array {
  const bytes = [...SEEDS[next(SEEDS.length)]!]
  for (let changes = next(4); changes > 0; changes--) {
    const at = next(bytes.length + 1)
    const kind = next(4)
    if (kind === 0) bytes.splice(at, 1)
    else if (kind === 1) bytes.splice(at, 0, next(256))
    else if (kind === 2) bytes.length = at
    else bytes[at] = next(256)
  }
  return Uint8Array.from(bytes.slice(0, 255))
}

/** Locked, terminated, or its keys changed: then a new card begins. */
function isUsable(host: GpHost): boolean {
  host.card.powerOn()
  host.select()
  return host.open() === '9000' && host.getStatus(0x80).includes('9F7001')
}

describe('any command', () => {
  it(
    'gets an answer, and the card goes on',
    () => {
      const next = random(20260)
      let host = openCard()
      let withoutTrouble = 0
      for (let i = 0; i < COUNT; i++) {
        const ins = next(20) === 0 ? next(256) : INSTRUCTIONS[next(INSTRUCTIONS.length)]!
        const p1 =
          next(3) === 0 ? next(256) : [0x00, 0x02, 0x04, 0x0c, 0x0e, 0x10, 0x20, 0x40, 0x80, 0x01, 0x08][next(11)]!
        const p2 = next(3) === 0 ? next(256) : [0x00, 0x01, 0x02, 0x03, 0x80, 0x81][next(6)]!
        const data = mutated(next)
        const isBare = next(4) === 0
        const answer = isBare
          ? host.raw(
              `${['80', '00', '84', 'C0', '90', '81'][next(6)]}${byte(ins)}${byte(p1)}${byte(p2)}${data.length > 0 ? lv(data) : ''}00`,
            )
          : host.send(ins, p1, p2, data.slice(0, 230))
        expect(answer, `${i}: ${byte(ins)} ${byte(p1)} ${byte(p2)} ${toHex(data)}`).toMatch(/(9000|6[1-9A-E]..)$/)
        withoutTrouble++
        if (answer.endsWith('6982') || next(50) === 0) {
          if (!isUsable(host)) host = openCard()
        }
      }
      expect(withoutTrouble).toBe(COUNT)
      host = isUsable(host) ? host : openCard()
      host.delete(ONE.aid, true)
      expect(loadPackage(reopen(host), ONE)).toBe('009000')
    },
    60_000 + COUNT * 5,
  )
})
