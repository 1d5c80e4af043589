import { spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { concatBytes, fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { emitComponents, parseCapFile } from '@gridcard/cap'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  type CardLink,
  commandClasses,
  emitCommandHeader,
  emitQuotaGrant,
  GlobalPlatformClient,
  MeteringClient,
  meterSetTree,
  partyCells,
  purposes,
} from '@gridcard/terminal'
import {
  type CardKeys,
  type LineCards,
  type LineFiles,
  openKeyFile,
  ownerDomainAid,
  ProductionLine,
  parseCardKeys,
} from '@gridcard/terminal/personalisation'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readBundledCap } from '../bundled.ts'
import type { CommandIo } from '../dlms/command-io.ts'
import { lineCards } from './line-cards.ts'
import { LineFolder } from './line-folder.ts'
import {
  personaliseInit,
  personaliseOwner,
  personaliseRun,
  personaliseStatus,
  personaliseTransfer,
  personaliseVerify,
} from './personalise.ts'

/** Each n-th point of interruption; a night takes all: GRIDCARD_CUTS=all. */
const EVERY = process.env['GRIDCARD_CUTS'] === 'all' ? 1 : 9
const NOW_MS = Date.UTC(2026, 10, 30)
const loadFiles = new Map([['metering', emitComponents(parseCapFile(readBundledCap('metering')))]])

// Keys, certificates and cards for each: on a busy machine that takes its time.
vi.setConfig({ testTimeout: 120_000 })

let root: string
/** A line with two cards of citynet, and another owner. */
let made: string
const folders: string[] = []

function fresh(from?: string): string {
  const folder = join(root, `line ${folders.length}`)
  folders.push(folder)
  if (from !== undefined) cpSync(from, folder, { recursive: true })
  return folder
}

function ioOf() {
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
    canAsk: false,
    env: {},
    ask: async () => '',
    readStdin: async () => new Uint8Array(),
  }
  return { io, said }
}

const optionsFor = (
  folder: string,
  change: { files?: LineFiles; cards?: LineCards; crypto?: typeof nodeCrypto } = {},
) => ({
  files: new LineFolder(folder),
  cards: lineCards(folder),
  crypto: nodeCrypto,
  nowMs: () => NOW_MS,
  loadFiles,
  ...change,
})

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'gridcard-line-'))
  made = fresh()
  await personaliseInit(ioOf().io, made, { name: 'Test', owner: 'citynet', suite: '1' })
  expect(await personaliseRun(ioOf().io, made, { count: '2', first: '1' })).toBe(0)
  expect(await personaliseOwner(ioOf().io, made, 'newco', {})).toBe(0)
}, 240_000)
afterAll(() => rmSync(root, { recursive: true }))

const codeOf = (code: string) => ({ code })

describe('refused', () => {
  const init = { name: 'Test', owner: 'citynet', suite: '1' }
  test.each<[string, () => Promise<unknown>, string]>([
    [
      'a folder without a line',
      () => personaliseRun(ioOf().io, join(root, 'x'), { count: '1', first: '1' }),
      'GRIDCARD_BAD_OPTION',
    ],
    ['a line over a line', () => personaliseInit(ioOf().io, made, init), 'GRIDCARD_BAD_OPTION'],
    [
      'an owner that is a path',
      () => personaliseInit(ioOf().io, fresh(), { ...init, owner: '../x' }),
      'GRIDCARD_BAD_OPTION',
    ],
    [
      'a name that is more than one',
      () => personaliseInit(ioOf().io, fresh(), { ...init, name: 'a, O=b' }),
      'GRIDCARD_BAD_OPTION',
    ],
    ['no suite', () => personaliseInit(ioOf().io, fresh(), { ...init, suite: '3' }), 'GRIDCARD_BAD_OPTION'],
    ['no cards', () => personaliseRun(ioOf().io, made, { count: '0', first: '1' }), 'GRIDCARD_BAD_OPTION'],
    ['an owner twice', () => personaliseOwner(ioOf().io, made, 'newco', {}), 'TERMINAL_LINE_DUPLICATE'],
    [
      'a card that is not there',
      () => personaliseTransfer(ioOf().io, made, 'GC00000009', { to: 'newco' }),
      'TERMINAL_LINE_DAMAGED',
    ],
    [
      'an owner that is not there',
      () => personaliseTransfer(ioOf().io, made, 'GC00000001', { to: 'nobody' }),
      'TERMINAL_LINE_DAMAGED',
    ],
    [
      "its owner's already",
      () => personaliseTransfer(ioOf().io, made, 'GC00000001', { to: 'citynet' }),
      'TERMINAL_LINE_DUPLICATE',
    ],
  ])('%s', async (_, act, code) => {
    await expect(act()).rejects.toMatchObject(codeOf(code))
  })

  test('a key that others can read, another key, none', async () => {
    const folder = fresh(made)
    const key = join(folder, 'line.key')
    chmodSync(key, 0o640)
    await expect(personaliseStatus(ioOf().io, folder, {})).rejects.toMatchObject(codeOf('GRIDCARD_LINE_EXPOSED'))
    chmodSync(key, 0o600)
    writeFileSync(key, `${'5A'.repeat(32)}\n`)
    await expect(personaliseStatus(ioOf().io, folder, {})).rejects.toMatchObject(codeOf('TERMINAL_LINE_LOCKED'))
    rmSync(key)
    await expect(personaliseStatus(ioOf().io, folder, {})).rejects.toMatchObject(codeOf('TERMINAL_LINE_LOCKED'))
  })

  test('a line at which a process works', async () => {
    const folder = fresh(made)
    writeFileSync(join(folder, 'lock'), `${process.pid} 00000000-0000-0000-0000-000000000000`)
    await expect(personaliseStatus(ioOf().io, folder, {})).rejects.toMatchObject(codeOf('GRIDCARD_LINE_IN_USE'))
  })

  test.each<[string, (length: number) => Uint8Array, string]>([
    ['all bytes equal', (length) => new Uint8Array(length).fill(0x5a), 'equal'],
    ['00 01 02 ..', (length) => Uint8Array.from({ length }, (_, i) => i), 'documentation'],
    ['D0 D1 D2 ..', (length) => Uint8Array.from({ length }, (_, i) => 0xd0 + i), 'documentation'],
    ['40 41 42 ..', (length) => Uint8Array.from({ length }, (_, i) => 0x40 + i), 'documentation'],
    ['the key of FIPS 197', (length) => fromHex('2B7E151628AED2A6ABF7158809CF4F3C').slice(0, length), 'standard'],
    ['the same twice', (length) => Uint8Array.from({ length }, (_, i) => i * i * 7 + 3), 'again'],
  ])('keys of a broken source of randomness: %s', async (_, randomBytes, why) => {
    const crypto = { ...nodeCrypto, randomBytes }
    const creating = ProductionLine.create(optionsFor(fresh(), { crypto }), { name: 'T', owner: 'o', suite: 1 })
    await expect(creating).rejects.toMatchObject(codeOf('TERMINAL_LINE_KEY_REFUSED'))
    await expect(creating).rejects.toThrow(why)
  })

  test('keys that a card had before', async () => {
    let count = 0
    const crypto = {
      ...nodeCrypto,
      // Each card draws the same ones.
      randomBytes: (length: number) =>
        length === 16 ? nodeCrypto.sha256(Uint8Array.of(count++ % 20)).slice(0, 16) : nodeCrypto.randomBytes(length),
    }
    const line = ProductionLine.open(optionsFor(fresh(made), { crypto }))
    await line.run({ first: 11, count: 1 })
    count = 0
    await expect(line.run({ first: 12, count: 1 })).rejects.toMatchObject(codeOf('TERMINAL_LINE_DUPLICATE'))
  })

  test('a journal that says a card was done twice, or speaks of one it does not know', () => {
    for (const line of [
      '{"event":"done","serial":"GC00000001","owner":"citynet","prints":[]}\n',
      '{"event":"done","serial":"GC00000077","owner":"citynet","prints":[]}\n',
      '{"event":"begun","serial":"GC00000077","title":"4752430100000001"}\n',
      'nonsense\n',
    ]) {
      const folder = fresh(made)
      writeFileSync(join(folder, 'journal.jsonl'), line, { flag: 'a' })
      expect(() => ProductionLine.open(optionsFor(folder))).toThrow(/done already|never begun|another card|no entry/)
    }
  })
})

describe('a run', () => {
  test('leaves cards that are what it says, secrets for their owner only, and nothing in clear', async () => {
    const { io, said } = ioOf()
    expect(await personaliseVerify(io, made, { json: true })).toBe(0)
    expect(JSON.parse(said.out)).toEqual({ cards: 2, findings: [] })
    const keys = await keysOf(made, 'citynet', 'GC00000001')
    const modes: Record<string, number> = {}
    for (const path of readdirSync(made, { recursive: true, encoding: 'utf8' })) {
      const file = join(made, path)
      if (!statSync(file).isFile()) continue
      modes[path] = statSync(file).mode & 0o777
      const text = readFileSync(file)
      if (!path.endsWith('.img')) {
        for (const key of [keys.masterKey, keys.domain.enc, keys.slots[0]!.unicast]) {
          expect(text.includes(key), path).toBe(false)
          expect(text.includes(Buffer.from(fromHex(key))), path).toBe(false)
        }
      }
    }
    for (const secret of ['line.key', 'line.sealed', 'journal.jsonl', 'keys/GC00000001.p7m', 'cards/GC00000001.img']) {
      expect(modes[secret], secret).toBe(0o600)
    }
    expect(modes['owners/citynet/sign.key.pem']).toBe(0o600)
  })

  test('again makes nothing, and says so', async () => {
    const { io, said } = ioOf()
    expect(await personaliseRun(io, made, { count: '2', first: '1', json: true })).toBe(0)
    expect(JSON.parse(said.out)).toMatchObject({ made: 0, already: 2, done: 2 })
    expect(said.err).toBe('1 of 2\n2 of 2\n')
  })

  test("gives each card keys of its own, in a file that the line's other owner cannot open", async () => {
    const [one, two] = [await keysOf(made, 'citynet', 'GC00000001'), await keysOf(made, 'citynet', 'GC00000002')]
    expect(one.slots[0]!.unicast).not.toBe(two.slots[0]!.unicast)
    await expect(keysOf(made, 'newco', 'GC00000001')).rejects.toMatchObject(codeOf('TERMINAL_LINE_KEY_FILE'))
  })

  test('shows a card that was changed or swapped', async () => {
    const folder = fresh(made)
    cpSync(join(folder, 'cards/GC00000002.img'), join(folder, 'cards/GC00000001.img'))
    cpSync(join(folder, 'keys/GC00000001.p7m'), join(folder, 'keys/GC00000002.p7m'))
    const { io, said } = ioOf()
    expect(await personaliseVerify(io, folder, { json: true })).toBe(1)
    expect(JSON.parse(said.out).findings).toMatchObject([
      { serial: 'GC00000001', problem: expect.stringContaining('another title') },
      { serial: 'GC00000002', problem: expect.stringContaining('another device') },
    ])
  })

  test('cut off at any point goes on: the card is made again, and its first certificates are revoked', async () => {
    for (let n = 0; ; n += EVERY > 1 ? 3 : 1) {
      const folder = fresh(made)
      const files = new CutFolder(folder, n)
      const ended = await ProductionLine.open(optionsFor(folder, { files }))
        .run({ first: 3, count: 1 })
        .then(
          () => 'whole',
          (error: Error) => error.message,
        )
      expect(ended).toMatch(/whole|cut/)
      const line = ProductionLine.open(optionsFor(folder))
      const wasDone = line.status.done === 3
      expect(await line.run({ first: 3, count: 1 }), `cut at ${n}`).toBe(wasDone ? 0 : 1)
      expect(line.status).toMatchObject({ done: 3, interrupted: [] })
      expect(await line.verify(), `cut at ${n}`).toEqual([])
      if (ended === 'whole') {
        expect(n).toBeGreaterThan(6)
        return
      }
    }
  })

  test('killed by the system goes on', async () => {
    const folder = fresh(made)
    const cli = new URL('../cli.ts', import.meta.url).pathname
    const child = spawn(process.execPath, [cli, 'personalise', 'run', folder, '--first', '20', '--count', '20'])
    const signal = await new Promise((resolve) => {
      child.stderr.once('data', () => child.kill('SIGKILL'))
      child.once('exit', (_code, by) => resolve(by))
    })
    expect(signal).toBe('SIGKILL')
    expect(await personaliseRun(ioOf().io, folder, { first: '20', count: '3' })).toBe(0)
    const line = ProductionLine.open(optionsFor(folder))
    expect(line.status.done).toBeGreaterThanOrEqual(5)
    expect(await line.verify()).toEqual([])
  })
})

/** A disk on which the n-th change does not happen, or of an entry of the journal the first half. */
class CutFolder extends LineFolder {
  #left: number

  constructor(folder: string, left: number) {
    super(folder)
    this.#left = left
  }

  override write(path: string, content: string | Uint8Array, access: 'secret' | 'public'): void {
    this.#count()
    super.write(path, content, access)
  }

  override append(path: string, text: string): void {
    if (this.#left === 0) super.append(path, text.slice(0, text.length >> 1))
    this.#count()
    super.append(path, text)
  }

  #count(): void {
    if (this.#left-- === 0) throw new Error('cut')
  }
}

function authorityOf(folder: string, owner: string) {
  const der = (path: string) =>
    new Uint8Array(Buffer.from(readFileSync(join(folder, path), 'utf8').replaceAll(/-----[^-]+-----/g, ''), 'base64'))
  return {
    certificate: der(`owners/${owner}/agree.pem`),
    privateKey: der(`owners/${owner}/agree.key.pem`),
    maker: der('pki/maker.pem'),
  }
}

async function keysOf(folder: string, owner: string, serial: string): Promise<CardKeys> {
  const { maker, ...recipient } = authorityOf(folder, owner)
  const file = new Uint8Array(readFileSync(join(folder, `keys/${serial}.p7m`)))
  return parseCardKeys(await openKeyFile(file, { signer: maker, recipient }))
}

describe('a transfer', () => {
  const serial = 'GC00000001'

  /** A card as its device has it: bound, in its file. */
  async function device(
    folder: string,
    keys: CardKeys,
  ): Promise<{ link: CardLink; client: MeteringClient; close: () => void }> {
    const { link, close } = lineCards(folder).open(`cards/${serial}.img`)
    await link.powerOn()
    const client = new MeteringClient(link)
    await client.select()
    expect(await client.bindDevice(fromHex(keys.deviceId))).toEqual({ ok: true })
    return { link, client, close }
  }

  const ownerKey = async (folder: string, owner: string) => {
    const text = readFileSync(join(folder, `owners/${owner}/sign.key.pem`), 'utf8').replaceAll(/-----[^-]+-----/g, '')
    const key = await crypto.subtle.importKey(
      'pkcs8',
      new Uint8Array(Buffer.from(text, 'base64')),
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['sign'],
    )
    return async (octets: Uint8Array) =>
      new Uint8Array(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, new Uint8Array(octets)))
  }

  async function commandBy(folder: string, owner: string, title: string, counter: bigint): Promise<Uint8Array> {
    const header = emitCommandHeader({
      target: fromHex(title),
      party: partyCells.supplier,
      commandClass: commandClasses.disconnect,
      counter,
      notBefore: 100,
      notAfter: 1000,
      payloadHash: nodeCrypto.sha256(fromAscii('off')),
    })
    return concatBytes(header, await (await ownerKey(folder, owner))(concatBytes(purposes.command, header)))
  }

  const sealed = ({ slots, suite }: CardKeys, counter: number) => {
    const { unicast, authentication, peer } = slots[0]!
    const iv = concatBytes(fromHex(peer), Uint8Array.of(0, 0, 0, counter))
    const aad = concatBytes(Uint8Array.of(0x30 | suite), fromHex(authentication))
    return nodeCrypto.gcmSeal(fromHex(unicast), iv, aad, fromAscii('hello'), 12)
  }

  test('what the old owner knew is dead: keys, ticket, quota, commands, domain; the new one has the card', async () => {
    const folder = fresh(made)
    const oldKeys = await keysOf(folder, 'citynet', serial)
    const tree = meterSetTree([fromHex(oldKeys.systemTitle)], (bytes) => nodeCrypto.sha256(bytes))
    const grant = emitQuotaGrant({
      target: fromHex(oldKeys.systemTitle),
      party: partyCells.supplier,
      index: 0,
      commandClass: commandClasses.limiter,
      counter: 1n,
      notBefore: 100,
      notAfter: 1000,
      count: 5,
      root: tree.root,
    })
    const consume = { now: 200, meter: fromHex(oldKeys.systemTitle), proof: tree.proof(0) }
    const before = await device(folder, oldKeys)
    const signature = await (await ownerKey(folder, 'citynet'))(concatBytes(purposes.quotaGrant, grant))
    expect(await before.client.grantQuota(200, concatBytes(grant, signature))).toEqual({ ok: true })
    expect(await before.client.consumeQuota(0, commandClasses.limiter, consume)).toEqual({ remaining: 4 })
    const ticket = await before.client.verifyCommand(200, await commandBy(folder, 'citynet', oldKeys.systemTitle, 1n))
    if ('sw' in ticket) throw new Error(`refused: ${ticket.sw.toString(16)}`)
    before.close()

    expect(await personaliseTransfer(ioOf().io, folder, serial, { to: 'newco' })).toBe(0)
    const newKeys = await keysOf(folder, 'newco', serial)
    const { link, client, close } = await device(folder, newKeys)
    const control = 0x30 | newKeys.suite
    expect(await client.unprotect(0, control, 9, sealed(oldKeys, 9))).toEqual({ sw: 0x6988 })
    expect(await client.redeemTicket(ticket.ticket, fromAscii('off'))).toEqual({ sw: 0x6985 })
    expect(await client.consumeQuota(0, commandClasses.limiter, consume)).toEqual({ sw: 0x6a88 })
    const byOld = await commandBy(folder, 'citynet', oldKeys.systemTitle, 100n)
    expect(await client.verifyCommand(300, byOld)).toEqual({ sw: 0x6988 })
    const wrapped = nodeCrypto.aesKeyWrap(fromHex(oldKeys.masterKey), nodeCrypto.randomBytes(16))
    expect(await client.unwrapKeys(0, [{ id: 0, wrapped }])).toEqual({ sw: 0x6988 })
    const old = new GlobalPlatformClient(link, { crypto: nodeCrypto })
    const { enc, mac, dek } = oldKeys.domain
    const domainKeys = { enc: fromHex(enc), mac: fromHex(mac), dek: fromHex(dek) }
    await old.select(ownerDomainAid)
    await expect(old.open({ keys: domainKeys, protocol: 'SCP03' })).rejects.toMatchObject(
      codeOf('TERMINAL_GP_CARD_NOT_AUTHENTIC'),
    )
    close()

    const after = await device(folder, newKeys)
    expect(await after.client.unprotect(0, control, 9, sealed(newKeys, 9))).toEqual({ plaintext: fromAscii('hello') })
    const byNew = await commandBy(folder, 'newco', newKeys.systemTitle, 100n)
    expect(await after.client.verifyCommand(300, byNew)).toHaveProperty('ticket')
    after.close()
    expect(toHex(fromHex(newKeys.deviceId))).toBe(oldKeys.deviceId)
    const { io, said } = ioOf()
    expect(await personaliseStatus(io, folder, { json: true })).toBe(0)
    expect(JSON.parse(said.out).owners).toEqual({ citynet: 1, newco: 1 })
    expect(await personaliseVerify(ioOf().io, folder, {})).toBe(0)
  })

  test('cut off at any command goes on when it is started again, and never to a third owner', {
    timeout: 120_000,
  }, async () => {
    let cuts = 0
    for (let n = 0; ; n += EVERY) {
      const folder = fresh(made)
      const whole = lineCards(folder)
      const cards: LineCards = {
        ...whole,
        open(path) {
          const opened = whole.open(path)
          let left = n
          const transmit = async (command: Uint8Array) => {
            if (left-- === 0) throw new Error('cut')
            return opened.link.transmit(command)
          }
          return { ...opened, link: { ...opened.link, transmit } }
        },
      }
      const ended = await ProductionLine.open(optionsFor(folder, { cards }))
        .transfer(serial, 'newco')
        .then(
          () => 'whole',
          (error: Error) => error.message,
        )
      expect(ended).toMatch(/whole|cut/)
      const line = ProductionLine.open(optionsFor(folder))
      if (ended === 'whole') break
      cuts++
      if (cuts === 1) {
        await line.addOwner('third')
        await expect(line.transfer(serial, 'third')).rejects.toMatchObject(codeOf('TERMINAL_LINE_DUPLICATE'))
      }
      await line.transfer(serial, 'newco')
      expect(line.status.owners, `cut at ${n}`).toEqual({ citynet: 1, newco: 1 })
      expect(await line.verify(), `cut at ${n}`).toEqual([])
    }
    expect(cuts).toBeGreaterThan(1)
  })
})
