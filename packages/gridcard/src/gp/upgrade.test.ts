import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex } from '@gridcard/bytes'
import { assemblePackage, emitComponents } from '@gridcard/cap'
import { Card, cardProfile } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { CommandIo } from '../dlms/command-io.ts'
import { cardNew } from './commands/card-new.ts'
import { gpDomainCreate, gpExtradite } from './commands/content.ts'
import { gpInstall, gpUpgrade, type UpgradeOptions } from './commands/install.ts'
import { gpList } from './commands/list.ts'
import type { GpOptions } from './options.ts'

const PACKAGE = 'F0475249445550'
const APPLET = 'F047524944555001'
const DOMAIN = 'F04752494444'
const UPGRADE = 'org/globalplatform/upgrade'
const ELEMENT = `${UPGRADE}/Element`

/** Counts with every command; the number and the version are its status word. In some versions it does not take its data back. */
function capOf(version: number, { fails = false } = {}): Uint8Array {
  const { cap } = assemblePackage(`.package ${PACKAGE} 1.${version}
    .applet ${APPLET} counter_install
    .class counter extends javacard/framework/Applet
      .instance 1 references 0 from 255
      .public 7 counter_process counter_save counter_cleanup counter_restore counter_consolidate
      .implements ${UPGRADE}/OnUpgradeListener 8 9 10 11
    .end
    .method counter_process stack 6 args 2
      aload_0 invokevirtual javacard/framework/Applet.selectingApplet()Z ifeq START return
      START: aload_0 getfield_s_this counter.0 sconst_1 sadd putfield_s counter.0
      sspush ${0x7000 + version * 0x100} getfield_s_this counter.0 sadd
      invokestatic javacard/framework/ISOException.throwIt(S)V return
    .end
    .method counter_save stack 6 args 1
      sconst_1 sconst_2 sconst_0 invokestatic ${UPGRADE}/UpgradeManager.createElement(BSS)L${ELEMENT};
      getfield_s_this counter.0 invokeinterface 2 ${ELEMENT}.write(S)L${ELEMENT}; areturn
    .end
    .method counter_cleanup args 1
      return
    .end
    .method counter_restore stack 6 args 2
      ${fails ? 'sspush 27012 invokestatic javacard/framework/ISOException.throwIt(S)V' : ''}
      aload_1 invokeinterface 1 ${ELEMENT}.initRead()V
      aload_0 aload_1 invokeinterface 1 ${ELEMENT}.readShort()S putfield_s counter.0 return
    .end
    .method counter_consolidate args 1
      return
    .end
    .method counter_init stack 1 args 1
      aload_0 invokespecial javacard/framework/Applet.<init>()V return
    .end
    .method counter_install stack 2 args 3
      new counter dup invokespecial counter_init invokevirtual javacard/framework/Applet.register()V return
    .end`)
  return emitComponents(cap)
}

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

const options = (more: Partial<GpOptions> = {}): GpOptions => ({ card: image, testKeys: true, level: 'mac', ...more })

function file(name: string, bytes: Uint8Array): string {
  const path = join(directory, name)
  writeFileSync(path, bytes)
  return path
}

async function upgrade(path: string | undefined, more: Partial<UpgradeOptions> = {}): Promise<string> {
  const { io, said } = ioOf()
  await gpUpgrade(io, path, { ...options(), ...more })
  return said.out
}

/** Version and number after one more command. */
function count(): string {
  const card = Card.open({
    profile: cardProfile('developer'),
    crypto: nodeCrypto,
    image: new Uint8Array(readFileSync(image)),
  })
  card.powerOn()
  const selected = card.transmit(fromHex(`00A4040008${APPLET}00`))
  if (selected.at(-2) !== 0x90) return 'not there'
  const answer = card.transmit(fromHex('8001000000'))
  writeFileSync(image, card.image())
  return Buffer.from(answer).toString('hex')
}

describe('gridcard gp upgrade', () => {
  test('gives a package a new version; the applet goes on where it was', async () => {
    const { io, said } = ioOf()
    await gpInstall(io, file('v1.ijc', capOf(1)), options())
    expect([count(), count()]).toEqual(['7101', '7102'])
    expect(await upgrade(undefined, { status: true })).toBe('upgrade: no session\n')
    expect(await upgrade(file('v2.ijc', capOf(2)))).toBe(`upgrade: completed (package ${PACKAGE})\n`)
    expect(count()).toBe('7203')
    await gpList(io, options())
    expect(said.out).toMatch(new RegExp(`package +${PACKAGE} +LOADED +1\\.2`))
  })

  test('a package of another domain stays there', async () => {
    const { io, said } = ioOf()
    await gpInstall(io, file('v1.ijc', capOf(1)), options())
    await gpDomainCreate(io, DOMAIN, { ...options(), package: 'A0000001515350', module: 'A000000151535041' })
    for (const aid of [PACKAGE, APPLET]) await gpExtradite(io, aid, { ...options(), to: DOMAIN })
    expect(await upgrade(file('v2.ijc', capOf(2)))).toContain('completed')
    await gpList(io, options({ json: true }))
    const { entries } = JSON.parse(said.out.split('\n').find((line) => line.startsWith('{'))!) as {
      entries: { aid: string; domain?: string }[]
    }
    expect(entries.find(({ aid }) => aid === PACKAGE)?.domain).toBe(DOMAIN)
  })

  test('a version that fails: the old one waits for --abort, or for a better one', async () => {
    const { io } = ioOf()
    await gpInstall(io, file('v1.ijc', capOf(1)), options())
    expect(count()).toBe('7101')
    await expect(upgrade(file('v2.ijc', capOf(2, { fails: true })))).rejects.toMatchObject({
      code: 'GRIDCARD_GP_UPGRADE_UNFINISHED',
    })
    expect(count()).toBe('not there')
    expect(await upgrade(undefined, { status: true })).toContain('the applet failed')
    await expect(upgrade(undefined, { resume: true })).rejects.toThrow('--abort takes it back')
    await expect(upgrade(file('v3.ijc', capOf(3)))).rejects.toThrow('an upgrade goes on already')
    expect(await upgrade(undefined, { abort: true })).toBe('upgrade: no session\n')
    expect(count()).toBe('7102')
    expect(await upgrade(file('v3.ijc', capOf(3)))).toContain('completed')
    expect(count()).toBe('7303')
  })

  test('of a package that is not there is refused', async () => {
    await expect(upgrade(file('v1.ijc', capOf(1)))).rejects.toThrow('there is no such package on the card')
  })

  test.each([{ resume: true }, { abort: true }] as const)('%j without an upgrade is refused', async (o) => {
    await expect(upgrade(undefined, o)).rejects.toThrow('no upgrade goes on')
  })
})
