import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { runCommand } from '../../test/run-command.ts'

// `gridcard gp` as it is typed: options, exit codes and what is printed. The commands' own tests are in gp.test.ts.

const benchCap = new URL('../../../../applets/prebuilt/bench.cap', import.meta.url).pathname
const PACKAGE = 'F0475249444341524402'
const APPLET = 'F047524944434152440201'
const DOMAIN = 'A000000620AA01'
const MINE = { enc: '00112233445566778899AABBCCDDEEFF', mac: '102132435465768798A9BACBDCEDFE0F', dek: '51'.repeat(16) }

let folder: string
let blank: Uint8Array
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gc-'))
  expect(await runCommand(['card', 'new', 'blank.img'], { cwd: folder })).toMatchObject({ code: 0 })
  blank = readFileSync(join(folder, 'blank.img'))
  for (const name of ['token', 'dap', 'other']) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    file(`${name}.pem`, `${privateKey.export({ type: 'pkcs8', format: 'pem' })}`)
    file(`${name}.pub.pem`, `${publicKey.export({ type: 'spki', format: 'pem' })}`)
  }
  file('mine.json', JSON.stringify(MINE))
  file('receipt.json', JSON.stringify({ key: '42'.repeat(16) }))
  file('issuer.txt', '42021234450301AA02\n')
})
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => file('card.img', blank))

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name)
  writeFileSync(path, content, { mode: 0o600 })
  return path
}

const bare = (...args: readonly string[]) => runCommand(['gp', ...args, '--card', 'card.img'], { cwd: folder })
const gp = (...args: readonly string[]) => bare(...args, '--test-keys', '--yes')

/** It has to end with 0. @returns what it printed */
async function done(ended: ReturnType<typeof gp>): Promise<string> {
  const { code, stdout, stderr } = await ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

/** It has to end with one line on standard error. */
async function refused(ended: ReturnType<typeof gp>, code: 1 | 2, message: string): Promise<void> {
  const { stdout, stderr, ...rest } = await ended
  expect({ ...rest, stdout }).toEqual({ code, stdout: '' })
  expect(stderr).toMatch(/^gridcard: .*\n$/)
  expect(stderr).toContain(message)
}

const listed = async () => JSON.parse(await done(gp('list', '--json'))).entries as { aid: string; stateName: string }[]
const stateOf = async (aid: string) => (await listed()).find((one) => one.aid === aid)?.stateName

test('lock and unlock', async () => {
  await refused(gp('lock', APPLET), 1, 'TERMINAL_CARD_REFUSED')
  await refused(bare('lock', APPLET), 2, 'GRIDCARD_GP_NO_KEYS')
  await done(gp('install', benchCap))
  await done(gp('lock', APPLET))
  expect(await stateOf(APPLET)).toBe('LOCKED')
  await done(gp('unlock', APPLET))
  expect(await stateOf(APPLET)).toBe('SELECTABLE')
})

test('domain create, privileges and extradite', async () => {
  await refused(gp('domain', 'create', 'xyz'), 2, 'AID')
  await refused(gp('domain', 'create', DOMAIN, '--privileges', 'Root'), 2, 'Root')
  expect(await done(gp('domain', 'create', DOMAIN))).toContain(DOMAIN)
  await refused(gp('domain', 'create', DOMAIN), 1, 'TERMINAL_CARD_REFUSED')
  await done(gp('install', benchCap))
  await refused(gp('domain', 'extradite', APPLET, '--to', 'A000000620AA02'), 1, 'TERMINAL_CARD_REFUSED')
  await done(gp('domain', 'extradite', APPLET, '--to', DOMAIN))
  await refused(gp('domain', 'privileges', APPLET, 'Root'), 2, 'Root')
  await done(gp('domain', 'privileges', APPLET, 'CardReset'))
  expect(await done(gp('list'))).toContain('CardReset')
})

test('keys put, list and delete', async () => {
  await refused(gp('keys', 'put', '--new-version', '48'), 2, 'which keys')
  await refused(gp('keys', 'put', '--new-keys', 'mine.json', '--new-version', '128'), 2, '--new-version')
  await refused(gp('keys', 'put', '--new-keys', 'none.json', '--new-version', '48'), 2, 'none.json')
  await refused(gp('keys', 'delete'), 2, 'which keys')
  await done(gp('keys', 'put', '--new-keys', 'mine.json', '--new-version', '48'))
  expect(await done(bare('keys', 'list'))).toContain('version 48')
  expect(await done(bare('list', '--key-file', 'mine.json', '--key-version', '48'))).toContain('OP_READY')
  await refused(gp('keys', 'delete', '--version', '49'), 1, 'TERMINAL_CARD_REFUSED')
  expect(await done(gp('keys', 'delete', '--version', '48'))).toBe('the keys are deleted\n')
  expect(await done(bare('keys', 'list'))).not.toContain('version 48')
})

test('upgrade', async () => {
  await refused(gp('upgrade'), 2, 'one of: a CAP file, --resume, --abort, --status')
  await refused(gp('upgrade', benchCap, '--status'), 2, 'one of')
  await refused(gp('upgrade', benchCap), 1, '6A88') // the package is not there
  await refused(gp('upgrade', '--resume'), 1, '6985')
  await refused(gp('upgrade', '--abort'), 1, '6985')
  expect(await done(gp('upgrade', '--status'))).toBe('upgrade: no session\n')
  await done(gp('install', benchCap))
  expect(await done(gp('upgrade', benchCap))).toBe(`upgrade: completed (package ${PACKAGE})\n`)
  expect(await stateOf(APPLET)).toBe('SELECTABLE')
})

test('install with a token, in a domain of its provider, and a receipt that is checked', async () => {
  await done(gp('keys', 'put', '--public-key', 'token.pub.pem', '--new-version', '112'))
  await done(gp('keys', 'put', '--new-keys', 'receipt.json', '--new-version', '113'))
  await done(gp('personalize', '--input', 'issuer.txt', '--format', 'ber'))
  await done(gp('domain', 'create', DOMAIN, '--privileges', 'DelegatedManagement'))
  await done(gp('keys', 'put', '--new-keys', 'mine.json', '--new-version', '48', '--sd', DOMAIN))
  const provider = (...more: readonly string[]) =>
    bare('install', benchCap, '--sd', DOMAIN, '--key-file', 'mine.json', '--domain', DOMAIN, ...more)
  await refused(provider('--token-key', 'none.pem'), 2, 'none.pem')
  await refused(provider(), 1, '6982')
  await refused(provider('--token-key', 'other.pem'), 1, '6982')
  expect(await stateOf(PACKAGE)).toBeUndefined()
  expect(await done(provider('--token-key', 'token.pem', '--receipt-key', 'receipt.json'))).toContain(APPLET)
  expect(await stateOf(PACKAGE)).toBe('LOADED')
})

test('install with a signature that a domain checks', async () => {
  await done(gp('domain', 'create', DOMAIN, '--privileges', 'DapVerification'))
  await done(gp('keys', 'put', '--public-key', 'dap.pub.pem', '--new-version', '115', '--sd', DOMAIN))
  const install = (...more: readonly string[]) => gp('install', benchCap, ...more)
  await refused(install('--dap-key', 'dap.pem'), 2, '--dap-domain')
  await refused(install('--hash', 'md5'), 2, '--hash')
  await refused(install('--dap-key', 'none.pem', '--dap-domain', DOMAIN), 2, 'none.pem')
  await refused(install('--dap-key', 'other.pem', '--dap-domain', DOMAIN), 1, '6982')
  expect(await stateOf(PACKAGE)).toBeUndefined()
  expect(await done(install('--dap-key', 'dap.pem', '--dap-domain', DOMAIN))).toContain(APPLET)
})
