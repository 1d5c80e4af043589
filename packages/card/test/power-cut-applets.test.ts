import { readdirSync, readFileSync } from 'node:fs'
import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { parseCapFile } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { Card } from '../src/index.ts'
import { selectCommand } from './applet-card.ts'
import { CUTS_TIMEOUT_MS, type CutReport, type CutStep, cutEachWrite, sameEveryTime } from './cut-each-write.ts'
import {
  ACTIVATE,
  BIND,
  command,
  DEVICE_ID,
  OWN_TITLE,
  PUT_KEY_SLOT,
  READ_COUNTERS,
  SET_IDENTITY,
} from './meter-security.ts'
import { TEST_PROFILE } from './vm-fixture.ts'

// Every applet that is shipped, with the power cut at every single write: its loading, installation and deletion, a dialogue
// in which each command succeeds, and a walk through instructions that mostly do not. A sample in the unit tests, all of it
// with GRIDCARD_CUTS=all.

const PREBUILT = new URL('../../../applets/prebuilt/', import.meta.url)
const PROFILE = { ...TEST_PROFILE, nvSizeBytes: 1 << 17, ramSizeBytes: 1 << 15, commitCapacityBytes: 2048 }

const KEY = '000102030405060708090A0B0C0D0E0F'
const PEER = '4D4D4D0000000001'
const GENERATOR_OF_P_256 =
  '046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C2964FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5'

/** Message 4 of the peer to slot 0, encrypted and authenticated with the key twice. */
const message = (): string => {
  const aad = fromHex(`30${KEY}`)
  return `00000004${toHex(nodeCrypto.gcmSeal(fromHex(KEY), fromHex(`${PEER}00000004`), aad, fromHex('C001'), 12))}`
}
const SLOT = `8012000028${PEER}${KEY}${KEY}`

interface Shipped {
  readonly parameters?: string
  /** Each is answered 9000. */
  readonly dialogue: readonly string[]
  /** Commands that are several atomic steps: a cipher remembers the key and mode of its init, then a counter goes up. */
  readonly inSteps?: readonly string[]
  /** Commands that write beside the journal what counts later: a MonotonicCounter's other copy, content behind a length. */
  readonly counts?: readonly string[]
}

const METERING: Shipped = {
  parameters: '01FF08000102',
  dialogue: [
    command('80100000', `${OWN_TITLE}${DEVICE_ID}0102030000000000`),
    SLOT,
    command('80140000', KEY),
    command('80160200', `${PEER}01${GENERATOR_OF_P_256}`),
    command('80180000', '0400000200000E10'),
    command('801A0000', `${PEER}${KEY}`),
    ACTIVATE,
    BIND,
    command('80300030', 'C001'),
    command('80320030', message()),
    command('80340000', KEY),
    command('80600000', KEY + KEY),
    '80640000',
    '80640100',
    '80640200',
  ],
  // Zeroising goes on at the next power-up: the applet's own tests.
  inSteps: ['80300030', '80320030', '80340000', '80640200'],
}

const SHIPPED: Readonly<Record<string, Shipped>> = {
  'bench.cap': { dialogue: ['80010000040A0B0C0D', '8002000400', `80030002${command('', KEY)}`, '800400000401020304'] },
  'crypto-probe.cap': {
    dialogue: ['80020000', '800201C8', '800202000203E8', '80020403', `80040000${command('', KEY)}`],
    inSteps: ['80010000', '80040000'],
    counts: ['800201C8', '80020200', '80020403'],
  },
  'integrity.cap': {
    parameters: '01',
    dialogue: [
      command('80DA0101', `${PEER}000000010001`),
      command('80DA0102', GENERATOR_OF_P_256),
      command('80DA0103', GENERATOR_OF_P_256),
      command('80DA0104', `000000000100000001${KEY}${KEY}`),
      '80DA0106',
      '80DA01FF',
      '8002000000',
      command('80400400', KEY + KEY),
      command('80400800', KEY + KEY),
      command('80440010', `00000010${KEY}`),
    ],
    // What is put is stored, then marked as there: the applet's own tests.
    inSteps: ['80DA0101', '80DA0102', '80DA0103', '80DA0104', '80DA0106', '80DA01FF', '80400800', '80440010'],
  },
  'iot-safe.cap': {
    parameters: '0101010101',
    dialogue: [
      command('80E20000', 'C20F8501016001034B01134E0101610101'),
      command('80E20001', 'C1128401016001024B01134E0101610103850101'),
      command('80E20002', `C4218601016001004B01A0610108940101D110${KEY}`),
      command('80E20003', 'C30D83010160010121010120020010'),
      command('80E20004', `B01983010122020000 5310${KEY}`.replace(' ', '')),
      command('80E20005', 'B903840101'),
      command('80E28006', 'CF00'),
      `${command('80B90000', '840101')}00`,
      command('80240000', '850101'),
      command('80D88000', `344549438641${GENERATOR_OF_P_256}`),
      command('802A0000', '840101A1010191020001920104'),
      `${command('802B8000', '9B0161')}00`,
      `${command('80480000', 'D10161D20161D30110')}00`,
      `${command('804A0000', 'D10161D50161910101')}00`,
    ],
    // Objects are made before they are listed, and read back: the applet's own tests.
    inSteps: [
      '80E20000',
      '80E20001',
      '80E20002',
      '80E20003',
      '80E20004',
      '80E28006',
      '80B90000',
      '802B8000',
      '80480000',
    ],
    // The bytes of a file go in without the journal; its length, which makes them count, with it.
    counts: ['80E20004'],
  },
  'meter-security.cap': {
    dialogue: [
      SET_IDENTITY,
      SLOT,
      PUT_KEY_SLOT.replace('80120000', '80120100'),
      ACTIVATE,
      BIND,
      command('80300030', 'C001'),
      command('80320030', message()),
      command('80340000', KEY),
      command('80300110', 'C001'),
      READ_COUNTERS,
    ],
    inSteps: ['80120000', '80120100', '80300030', '80320030', '80340000', '80300110'],
  },
  'metering-304.cap': METERING,
  'metering.cap': METERING,
}

const hex = (text: string): CutStep => ({ name: text.slice(0, 8), act: (card) => card.transmit(fromHex(text)) })

function expectSteps({ between, unjournalled }: CutReport, { inSteps = [], counts = [] }: Shipped): void {
  expect(inSteps).toEqual(expect.arrayContaining(between))
  expect(counts).toEqual(expect.arrayContaining(unjournalled))
}

it('every applet that is shipped has a dialogue', () => {
  expect(readdirSync(PREBUILT).filter((name) => name.endsWith('.cap'))).toEqual(Object.keys(SHIPPED))
})

describe.each(Object.entries(SHIPPED))('%s', (name, shipped) => {
  const { parameters = '', dialogue } = shipped
  const cap = parseCapFile(new Uint8Array(readFileSync(new URL(name, PREBUILT))))
  const packageAid = cap.header.package.aid
  const appletAid = cap.applet!.applets[0]!.aid
  const load: CutStep = { name: 'load', act: (card) => card.loadPackage(cap) }
  const install: CutStep = {
    name: 'install',
    act: (card) => card.installApplet({ packageAid, appletAid, parameters: fromHex(parameters) }),
  }
  const remove: CutStep = { name: 'delete', act: (card) => card.deletePackage(packageAid, { withApplets: true }) }
  const begin = [{ name: 'power on', act: (card: Card) => card.powerOn() }, hex(selectCommand(appletAid))]
  const blank = Card.create({ profile: PROFILE, crypto: nodeCrypto }).image()
  const installed = () => {
    const card = Card.open({ profile: PROFILE, crypto: sameEveryTime, image: blank })
    load.act(card)
    install.act(card)
    return card
  }

  it('is loaded, installed and deleted', { timeout: CUTS_TIMEOUT_MS }, () => {
    const report = cutEachWrite(PROFILE, blank, [load, install, remove])
    expectSteps(report, { dialogue: [] })
    expect(report.cuts).toBeGreaterThan(20)
  })

  it('answers what it is there for', { timeout: CUTS_TIMEOUT_MS }, () => {
    const card = installed()
    const image = card.image()
    for (const step of begin) step.act(card)
    for (const one of dialogue) expect(toHex(card.transmit(fromHex(one))), one).toMatch(/9000$/)
    expectSteps(cutEachWrite(PROFILE, image, [...begin, ...dialogue.map(hex)]), shipped)
  })

  it('refuses what it does not want', { timeout: CUTS_TIMEOUT_MS }, () => {
    const walk = [...begin]
    for (let ins = 0; ins < 0x70; ins++) {
      const head = concatBytes(Uint8Array.of(0x80, ins, 0, 0))
      for (const data of ['', '5A'.repeat(0x18)]) walk.push(hex(command(toHex(head), data)))
    }
    expectSteps(cutEachWrite(PROFILE, installed().image(), walk), shipped)
  })
})
