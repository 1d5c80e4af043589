import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CommandIo } from '../dlms/command-io.ts'
import { cardNew } from './commands/card-new.ts'
import { gpDelete, gpDomainCreate, gpExtradite, gpLock, gpPersonalize, gpState } from './commands/content.ts'
import { gpInfo } from './commands/info.ts'
import { gpInstall } from './commands/install.ts'
import { gpKeysDelete, gpKeysList, gpKeysPut } from './commands/keys.ts'
import { gpList } from './commands/list.ts'
import type { GpOptions } from './options.ts'

const benchCap = new URL('../../../../applets/prebuilt/bench.cap', import.meta.url).pathname
const PACKAGE = 'F047524944434152440200'
const DOMAIN = 'A000000620AA01'
const FROM_CARD = { package: 'A0000001515350', module: 'A000000151535041' }

let directory: string
let image: string
let blank: Uint8Array
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'gc-'))
  image = join(directory, 'card.img')
  cardNew(ioOf().io, image, { profile: 'developer', keyVersion: '1' })
  blank = new Uint8Array(readFileSync(image))
})
afterAll(() => rmSync(directory, { recursive: true }))
beforeEach(() => writeFileSync(image, blank))

function ioOf({ answer, env = {} }: { answer?: string; env?: Record<string, string> } = {}) {
  const said = { out: '', err: '' }
  const io: CommandIo = {
    out(text) {
      said.out += text
    },
    err(text) {
      said.err += text
    },
    columns: 80,
    showsProgress: false,
    canAsk: answer !== undefined,
    env,
    ask: async () => answer ?? '',
    readStdin: async () => new Uint8Array(),
  }
  return { io, said }
}

const options = (more: Partial<GpOptions> = {}): GpOptions => ({ card: image, testKeys: true, level: 'mac', ...more })

function keyFile(name: string, content: object, mode = 0o600): string {
  const path = join(directory, name)
  writeFileSync(path, JSON.stringify(content))
  chmodSync(path, mode)
  return path
}

async function listed(
  more: Partial<GpOptions> = {},
): Promise<{ entries: { aid: string; stateName: string; domain?: string }[] }> {
  const { io, said } = ioOf()
  await gpList(io, options({ json: true, ...more }))
  return JSON.parse(said.out)
}
const stateOf = async (aid: string) => (await listed()).entries.find((entry) => entry.aid === aid)?.stateName

/** The applet of the bench package, and its package, as the card knows them after `gp install`. */
async function installed(): Promise<{ applet: string; loadFile: string }> {
  const { io, said } = ioOf()
  await gpInstall(io, benchCap, options({ json: true }))
  const { instances, loadFile } = JSON.parse(said.out) as { instances: string[]; loadFile: string }
  return { applet: instances[0]!, loadFile }
}

describe('refused', () => {
  const { io } = ioOf()
  test.each<[string, () => Promise<unknown>, string]>([
    ['no card', () => gpInfo(io, { level: 'mac' }), 'GRIDCARD_BAD_OPTION'],
    ['a card and a reader', () => gpInfo(io, options({ reader: 'x' })), 'GRIDCARD_BAD_OPTION'],
    ['no keys', () => gpList(io, { card: image, level: 'mac' }), 'GRIDCARD_GP_NO_KEYS'],
    ['two kinds of keys', () => gpList(io, options({ keyFile: 'x' })), 'GRIDCARD_BAD_OPTION'],
    ['a level that there is not', () => gpList(io, options({ level: 'most' })), 'GRIDCARD_BAD_OPTION'],
    ['a protocol that the card does not choose', () => gpList(io, options({ scp: '02' })), 'TERMINAL_GP_UNSUPPORTED'],
    ['a key version that is not there', () => gpList(io, options({ keyVersion: '99' })), 'TERMINAL_CARD_REFUSED'],
    ['no CAP file', () => gpInstall(io, image, options()), 'GRIDCARD_BAD_OPTION'],
    [
      'an applet that is not in it',
      () => gpInstall(io, benchCap, { ...options(), applet: 'A0000000010203' }),
      'GRIDCARD_BAD_OPTION',
    ],
    [
      'a privilege that there is not',
      () => gpInstall(io, benchCap, { ...options(), privileges: 'root' }),
      'TERMINAL_GP_BAD_INPUT',
    ],
    [
      'something that is not there',
      () => gpDelete(io, 'A0000000010203', options({ yes: true })),
      'TERMINAL_CARD_REFUSED',
    ],
    ['nobody to ask', () => gpDelete(io, PACKAGE, options()), 'GRIDCARD_BAD_OPTION'],
    [
      'memory that is no number',
      () => gpInstall(io, benchCap, { ...options(), maxMemory: '4k' }),
      'GRIDCARD_BAD_OPTION',
    ],
    [
      'more memory than the card has',
      () => gpInstall(io, benchCap, { ...options(), reserveMemory: '2000000000' }),
      'TERMINAL_CARD_REFUSED',
    ],
    ['a state that there is not', () => gpState(io, 'broken', options()), 'GRIDCARD_BAD_OPTION'],
  ])('%s', async (_, act, code) => {
    await expect(act()).rejects.toMatchObject({ code })
    expect(new Uint8Array(readFileSync(image)).length).toBe(blank.length)
  })

  test('a question answered with no', async () => {
    const asked = ioOf({ answer: 'n' })
    await expect(gpDelete(asked.io, PACKAGE, options())).rejects.toMatchObject({ code: 'GRIDCARD_GP_DECLINED' })
  })

  test('wrong keys: the card is told nothing more, and no key stands in the message', async () => {
    const path = keyFile('wrong.json', { key: '00112233445566778899AABBCCDDEEFF' })
    const failing = gpList(ioOf().io, { card: image, level: 'mac', keyFile: path })
    await expect(failing).rejects.toMatchObject({ code: 'TERMINAL_GP_CARD_NOT_AUTHENTIC' })
    await expect(failing).rejects.not.toThrow('0011')
  })

  test.each([
    ['read by others', { key: '00' }, 0o644, 'chmod 600'],
    ['too short', { key: '001122' }, 0o600, '16, 24 or 32 bytes'],
    ['one and three', { key: '00112233445566778899AABBCCDDEEFF', enc: '00' }, 0o600, 'either one key'],
    [
      'two of three',
      { enc: '00112233445566778899AABBCCDDEEFF', mac: '00112233445566778899AABBCCDDEEFF' },
      0o600,
      'dek',
    ],
    ['strange', { password: 'x' }, 0o600, 'unknown field'],
  ])('a key file that is %s', async (_, content, mode, message) => {
    const path = keyFile('bad.json', content, mode)
    await expect(gpList(ioOf().io, { card: image, level: 'mac', keyFile: path })).rejects.toThrow(message)
  })

  test('a card that is there already is not overwritten', () => {
    expect(() => cardNew(ioOf().io, image, { profile: 'developer', keyVersion: '1' })).toThrow('never overwritten')
    const path = join(directory, 'metering.img')
    expect(() => cardNew(ioOf().io, path, { profile: 'metering', keyVersion: '1' })).toThrow('--key-file')
    expect(existsSync(path)).toBe(false)
  })
})

test('info needs no keys', async () => {
  const { io, said } = ioOf()
  await gpInfo(io, { card: image, level: 'mac' })
  expect(said.out).toContain('security domain     A000000151000000')
  expect(said.out).toMatch(/^card specification {2}2\.3\.1$/m)
  expect(said.out.split('\n').every((line) => line.length <= 80)).toBe(true)
})

test('keys from the environment', async () => {
  const { io, said } = ioOf({ env: { GRIDCARD_GP_KEY: '404142434445464748494A4B4C4D4E4F' } })
  await gpList(io, { card: image, level: 'mac+enc+rmac+renc' })
  expect(said.out).toContain('OP_READY')
})

test.each(['clear', 'mac', 'mac+enc', 'mac+rmac', 'mac+enc+rmac', 'mac+enc+rmac+renc'])(
  'install, list, lock, unlock, delete with %s',
  async (level) => {
    const o = options({ level, yes: true })
    await gpInstall(ioOf().io, benchCap, o)
    const { io, said } = ioOf()
    await gpList(io, o)
    expect(said.out.split('\n').every((line) => line.length <= 80)).toBe(true)
    const applet = /applet (F0\w+)/.exec(said.out)![1]!
    await gpLock(ioOf().io, applet, o, true)
    expect(await stateOf(applet)).toBe('LOCKED')
    await gpLock(ioOf().io, applet, o, false)
    expect(await stateOf(applet)).toBe('SELECTABLE')
    const loadFile = /package +(F0\w+)/.exec(said.out)![1]!
    await gpDelete(ioOf().io, loadFile, { ...o, withInstances: true })
    expect((await listed()).entries).toHaveLength(2)
  },
)

test('install again: refused, with --replace not', async () => {
  const { applet } = await installed()
  await expect(gpInstall(ioOf().io, benchCap, options())).rejects.toMatchObject({ code: 'TERMINAL_CARD_REFUSED' })
  await gpInstall(ioOf().io, benchCap, { ...options({ yes: true }), replace: true })
  expect(await stateOf(applet)).toBe('SELECTABLE')
})

test('a domain gets an applet', async () => {
  const { applet } = await installed()
  await gpDomainCreate(ioOf().io, DOMAIN, { ...options(), ...FROM_CARD })
  expect(await stateOf(DOMAIN)).toBe('SELECTABLE')
  await gpExtradite(ioOf().io, applet, { ...options(), to: DOMAIN })
  expect((await listed()).entries.find(({ aid }) => aid === applet)?.domain).toBe(DOMAIN)
})

test('a domain holds no more memory than it was granted', async () => {
  const { io } = ioOf()
  await gpDomainCreate(io, DOMAIN, { ...options(), ...FROM_CARD, maxMemory: '600,100' })
  await expect(gpInstall(io, benchCap, { ...options(), domain: DOMAIN })).rejects.toMatchObject({
    code: 'TERMINAL_CARD_REFUSED',
    place: { sw: 0x6a84 },
  })
  expect((await listed()).entries.map(({ aid }) => aid)).not.toContain(PACKAGE)
})

describe('keys', () => {
  const enc = '00112233445566778899AABBCCDDEEFF'
  const mac = '102132435465768798A9BACBDCEDFE0F'
  const dek = '2031425364758697A8B9CADBECFD0E1F'

  test('changed, the old ones are gone; the trace has neither', async () => {
    const mine = keyFile('mine.json', { enc, mac, dek })
    const { io, said } = ioOf()
    await gpKeysPut(io, { ...options({ yes: true, trace: true }), newKeys: mine, newVersion: '2', replaces: '1' })
    expect(said.out).toBe('3 keys of version 2 are on the card\n')
    for (const key of [enc, mac, dek, '404142434445464748494A4B4C4D4E4F']) expect(said.err).not.toContain(key)
    await expect(gpList(ioOf().io, options())).rejects.toMatchObject({ code: 'TERMINAL_GP_CARD_NOT_AUTHENTIC' })
    await gpList(ioOf().io, { card: image, level: 'mac', keyFile: mine })
    const list = ioOf()
    await gpKeysList(list.io, options())
    expect(list.said.out).toBe([1, 2, 3].map((id) => `version 2  key ${id}  AES, 16 bytes\n`).join(''))
  })

  test('added, then deleted', async () => {
    const mine = keyFile('mine.json', { enc, mac, dek })
    await gpKeysPut(ioOf().io, { ...options(), newKeys: mine, newVersion: '32' })
    await gpList(ioOf().io, { card: image, level: 'mac', keyFile: mine, keyVersion: '32' })
    await gpKeysDelete(ioOf().io, { ...options({ yes: true }), version: '32' })
    const { io, said } = ioOf()
    await gpKeysList(io, options({ json: true }))
    expect(JSON.parse(said.out).keys).toHaveLength(3)
  })
})

test('data for an applet: refused where it takes none, and the trace does not show them', async () => {
  const { applet } = await installed()
  const input = join(directory, 'blocks.txt')
  writeFileSync(input, '# two blocks\n0102030405060708\nA1B2C3D4E5F60718\n')
  const { io, said } = ioOf()
  const sending = gpPersonalize(io, applet, { ...options({ trace: true }), input, format: 'plain' })
  await expect(sending).rejects.toMatchObject({ code: 'TERMINAL_CARD_REFUSED' })
  expect(said.err).not.toContain('A1B2C3D4E5F60718')
  expect(said.err).not.toContain('0102030405060708')
})

test("the card's life cycle, and the card locked", async () => {
  const o = options({ yes: true })
  await gpState(ioOf().io, 'INITIALIZED', o)
  await gpState(ioOf().io, 'SECURED', o)
  await gpLock(ioOf().io, 'card', o, true)
  expect((await listed()).entries[0]!.stateName).toBe('CARD_LOCKED')
  await gpLock(ioOf().io, 'card', o, false)
  expect((await listed()).entries[0]!.stateName).toBe('SECURED')
})
