import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appletNew } from '../workbench/new/applet-new-command.ts'
import { assertAnswer, assertPowerLost } from './assertions.ts'
import { classOnChannel } from './channel.ts'
import { Coverage } from './coverage/coverage.ts'
import { Card } from './index.ts'
import './vitest.ts'
import { wearText } from './wear.ts'

const METER_SECURITY = join(import.meta.dirname, '../../../../applets/prebuilt/meter-security.cap')
const folder = mkdtempSync(join(tmpdir(), 'gridcard-test-kit-'))
const wallet = join(folder, 'wallet')
const many = join(folder, 'many')
const HELLO = '80 10 00 00 00'
const COUNT = '80 20 00 00 00'

beforeAll(() => {
  appletNew(wallet, {}, () => {})
  // An applet for several instances and channels: it takes the AID it is given, and the class byte of any channel.
  appletNew(many, {}, () => {})
  const java = join(many, 'src/many/Many.java')
  const text = readFileSync(java, 'utf8')
    .replace('register();', 'register(parameters, (short) (offset + 1), parameters[offset]);')
    .replace('buffer[ISO7816.OFFSET_CLA] != CLA', '(buffer[ISO7816.OFFSET_CLA] & 0xFC) != (CLA & 0xFC)')
  writeFileSync(java, text)
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a test is told what is wrong with it', () => {
  test('no such applet', async () => {
    await expect(Card.with(join(folder, 'none.cap'))).rejects.toThrow('there is no applet at')
  })

  test('no CAP file', async () => {
    await expect(Card.with(new Uint8Array(10))).rejects.toThrow()
  })

  test('parameters for an applet that is not there', async () => {
    await expect(Card.with(METER_SECURITY, { parameters: { F000000001: '00' } })).rejects.toThrow('no such applet')
  })

  test('hex that is none', async () => {
    const card = await Card.with(METER_SECURITY)
    await expect(card.send('80 1')).rejects.toThrow(expect.objectContaining({ code: 'BYTES_BAD_HEX' }))
  })

  test('a forgotten await', async () => {
    const card = await Card.with(METER_SECURITY)
    const promise = card.send('80020000')
    expect(() => expect(promise).toHaveStatus(0x9000)).toThrow('write "await"')
    await promise
  })

  test('more rewound than was done', async () => {
    const card = await Card.with(METER_SECURITY)
    expect(() => card.rewind(99)).toThrow('not 99')
  })
})

describe('matchers', () => {
  test('say expected and received, in words, and the command', async () => {
    const card = await Card.with(wallet)
    const answer = await card.send('80 99 00 00')
    expect(() => expect(answer).toHaveStatus(0x9000)).toThrow(
      'expected  9000 done\nreceived  6D00 instruction not supported\nto        80 99 00 00',
    )
    const hello = await card.send(HELLO)
    expect(() => expect(hello).toHaveData('48 65 6C 6C 70')).toThrow(
      'expected  48 65 6C 6C 70\nreceived  48 65 6C 6C 6F\n                      ^^',
    )
    expect(() => expect(hello).not.toHaveStatus(0x9000)).toThrow('expected another status word')
    expect(() => assertAnswer(answer)).toThrow('received  6D00')
  })

  test('accept what fits', async () => {
    const card = await Card.with(wallet)
    const answer = await card.send({ cla: 0x80, ins: 0x10, p1: 0, p2: 0, ne: 256 })
    expect(answer).toHaveStatus(0x9000)
    expect(answer).toHaveStatus('90..')
    expect(answer).toHaveData('48656C6C6F')
    expect(answer.ascii).toBe('Hello')
    expect(`${answer}`).toBe('48 65 6C 6C 6F  9000 done')
    assertAnswer(answer, { data: '48656C6C6F' })
  })
})

describe('several applets', () => {
  const OTHER = 'F0475249440011'

  test('are instances of one class with objects of their own, and go again', async () => {
    const card = await Card.with(many, { select: false })
    const [first] = card.applets
    await expect(card.install('F000000009')).rejects.toThrow('no such applet')
    await expect(card.install(first!)).rejects.toThrow(expect.objectContaining({ code: 'CARD_INSTALL_REFUSED' }))
    const before = card.snapshot()
    expect(await card.install(first!, { as: OTHER, parameters: '01 02' })).toBe(OTHER)
    await expect(card.select()).rejects.toThrow('which applet?')
    expect(await card.select(OTHER)).toHaveStatus(0x9000)
    expect(await card.send(COUNT)).toHaveData('0001')
    await card.select(first)
    expect(await card.send(COUNT)).toHaveData('0001')
    await card.reset()
    await card.delete(OTHER)
    expect(card.applets).toEqual([first])
    expect(await card.select(OTHER)).toHaveStatus(0x6999)
    await expect(card.delete(OTHER)).rejects.toThrow(expect.objectContaining({ code: 'CARD_DELETE_REFUSED' }))
    card.restore(before)
    expect(card.applets).toEqual([first])
  })

  test('of two packages work on channels of their own', async () => {
    const card = await Card.with([many, METER_SECURITY], { select: false })
    const [first, meter] = card.applets
    await card.select(meter)
    const channel = await card.openChannel()
    expect(channel.number).toBe(1)
    expect(await channel.send(HELLO)).toHaveStatus(0x6999)
    expect(await channel.select(first!)).toHaveStatus(0x9000)
    expect(await channel.send(HELLO)).toHaveData('48 65 6C 6C 6F')
    expect(await card.send(HELLO)).not.toHaveData('48 65 6C 6C 6F')
    expect(await channel.close()).toHaveStatus(0x9000)
    expect((await channel.send(HELLO)).status).not.toBe(0x9000)
    for (let number = 1; number < 20; number++) expect((await card.openChannel()).number).toBe(number)
    await expect(card.openChannel()).rejects.toThrow('no further channel: 6A81')
  })

  test('class bytes are those of ISO/IEC 7816-4', () => {
    expect([0, 3, 4, 19].map((channel) => classOnChannel(0x80, channel))).toEqual([0x80, 0x83, 0xc0, 0xcf])
    expect([3, 4].map((channel) => classOnChannel(0x84, channel))).toEqual([0x87, 0xe0])
    expect(() => classOnChannel(0xc0, 1)).toThrow('by itself')
  })
})

describe('power', () => {
  test('comes by contacts or over the air, and a snapshot knows which', async () => {
    const card = await Card.with(wallet)
    const atr = await card.reset({ medium: 'contactless-a' })
    expect(atr.length).toBeGreaterThan(2)
    await card.select()
    const overTheAir = card.snapshot()
    await expect(card.reset({ protocol: 'T=0' })).rejects.toThrow('the card speaks T=1')
    card.restore(overTheAir)
    expect(await card.send(COUNT)).toHaveData('0001')
  })

  test('is lost after the writes that were asked for, then the card starts again', async () => {
    const card = await Card.with(wallet)
    card.cutPowerAfterWrite(0)
    await expect(card.send(COUNT)).toLosePower()
    expect(await card.send(COUNT)).toHaveStatus(0x6999)
    await card.select()
    expect(await card.send(COUNT)).toHaveData('0001')
    card.cutPowerAfterWrite(0)
    await assertPowerLost(card.send(COUNT))
    await expect(expect(card.send(COUNT)).toLosePower()).rejects.toThrow('the answer was 6999')
  })

  test('can be cut before every write and in the middle of each: the count is before or after', async () => {
    const card = await Card.with(wallet)
    const seen = new Set<number>()
    const count = async (one: Card) => one.send(COUNT)
    const cuts = await card.forEveryWrite(
      count,
      async (one) => {
        await one.select()
        seen.add((await one.send(COUNT)).number)
      },
      { torn: true },
    )
    expect(cuts).toBeGreaterThan(2)
    expect([...seen].sort()).toEqual([1, 2])
    expect(await card.send(COUNT)).toHaveData('0002')
  })

  test('a check that fails says which write it was', async () => {
    const card = await Card.with(wallet)
    const failing = card.forEveryWrite(
      (one) => one.send(COUNT),
      () => {
        throw new Error('not so')
      },
    )
    await expect(failing).rejects.toThrow(/power lost after write 0 of \d+: not so/)
  })
})

describe('time travel', () => {
  test('brings back RAM, selection and sessions, again and again', async () => {
    const card = await Card.with(wallet)
    await card.send(COUNT)
    const then = card.snapshot()
    for (let round = 0; round < 2; round++) {
      expect(await card.send(COUNT)).toHaveData('0002')
      expect(await card.send(COUNT)).toHaveData('0003')
      await card.reset()
      card.restore(then)
    }
    card.rewind()
    expect(await card.send(COUNT)).toHaveData('0001')
  })

  test('and chance: what was random then is the same again', async () => {
    const card = await Card.with(METER_SECURITY)
    const image = card.image()
    const then = card.snapshot()
    card.restore(then)
    expect(card.image()).toEqual(image)
  })
})

describe('what a command cost', () => {
  test('is told by the fields of the source', async () => {
    const card = await Card.with(wallet)
    const { work } = await card.send(COUNT)
    expect(work.places.filter(({ isApplets }) => isApplets)).toEqual([
      { name: 'Wallet.count', isApplets: true, writes: 1, bytes: 2 },
    ])
    expect(work.byteCodes).toBeGreaterThan(20)
    expect(work.byteCodes).toBeLessThan(200)
    expect(work.persistentBytes).toBe(0)
    expect(await card.send(HELLO)).toWriteAtMost(0)
    const again = await card.send(COUNT)
    expect(() => expect(again).toWriteAtMost(0)).toThrow('Wallet.count')
  })

  test('adds up to the wear of the card', async () => {
    const card = await Card.with(wallet)
    for (let i = 0; i < 10; i++) await card.send(COUNT)
    const { hottest } = card.wear()
    expect(hottest.find(({ name }) => name === 'Wallet.count')?.writes).toBe(10)
    expect(wearText(card.wear())).toMatch(/Wallet\.count +10\n/)
  })
})

describe('coverage of Java', () => {
  test('tells lines that ran, ran in part, and did not', async () => {
    const coverage = new Coverage()
    const card = await Card.with(wallet, { coverage })
    await card.send(HELLO)
    const [file] = coverage.report().files
    const source = file!.source!.split('\n')
    const lineOf = (text: string) => source.findIndex((line) => line.includes(text)) + 1
    const state = (text: string) => file!.lines.get(lineOf(text))
    expect(state('Util.arrayCopyNonAtomic')!.ran).toBe(state('Util.arrayCopyNonAtomic')!.instructions)
    expect(state('count++')!.ran).toBe(0)
    const refused = state('SW_CLA_NOT_SUPPORTED')!
    expect(refused.ran).toBeGreaterThan(0)
    expect(refused.ran).toBeLessThan(refused.instructions)
    await card.send(COUNT)
    expect(coverage.report().files[0]!.lines.get(lineOf('count++'))!.ran).toBeGreaterThan(0)
    expect(coverage.text()).toMatch(/wallet\/Wallet\.java +\d+ % {2}missed \d+; partly \d+/)
    expect(coverage.lcov()).toContain(`DA:${lineOf('count++')},1`)
    const index = coverage.write(join(folder, 'coverage'))
    expect(readFileSync(index, 'utf8')).toContain('Wallet.java')
    expect(readFileSync(join(folder, 'coverage', 'Wallet.java.html'), 'utf8')).toContain('count')
  })

  test('of a package without debug information counts instructions', async () => {
    const coverage = new Coverage()
    const cap = new Uint8Array(readFileSync(METER_SECURITY))
    await Card.with(cap, { coverage })
    const { files, withoutSource } = coverage.report()
    expect(files).toEqual([])
    expect(withoutSource[0]!.ran).toBeGreaterThan(0)
  })
})
