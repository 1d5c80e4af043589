import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex } from '@gridcard/bytes'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { findKeys } from './association-keys.ts'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gridcard-keyfile-'))
  path = join(directory, 'meter.keys')
})
afterEach(() => rmSync(directory, { recursive: true }))

const keys = {
  clientSystemTitle: '4752434845414431',
  serverSystemTitle: '4752430000000001',
  blockCipherKey: '8C1F0D3AA4C54E6B9D2E7F8091A2B3C4',
  authenticationKey: '1B2C3D4E5F60718293A4B5C6D7E8F901',
}

function refusalOf(content: unknown, mode = 0o600): { code: string; text: string } | undefined {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  chmodSync(path, mode)
  try {
    findKeys(path, {})
    return undefined
  } catch (error) {
    const { code, message, stack, cause } = error as Error & { code: string }
    return { code, text: `${message} ${stack} ${String(cause)}` }
  }
}

describe('a key file is refused', () => {
  test.each([0o604, 0o640, 0o644, 0o620, 0o601, 0o777])('with mode %o', (mode) => {
    expect(refusalOf(keys, mode)?.code).toBe('GRIDCARD_KEY_FILE_EXPOSED')
  })
  test('that is not there, or a folder', () => {
    expect(() => findKeys(join(directory, 'none'), {})).toThrow(/ENOENT/)
    chmodSync(directory, 0o700)
    expect(() => findKeys(directory, {})).toThrow(expect.objectContaining({ code: 'GRIDCARD_KEY_FILE_UNUSABLE' }))
  })
  test.each([
    ['cut off', JSON.stringify(keys).slice(0, -20)],
    ['a list', [keys]],
    ['null', null],
    ['without a title', { ...keys, clientSystemTitle: undefined }],
    ['with a short key', { ...keys, blockCipherKey: keys.blockCipherKey.slice(2) }],
    ['with a number for a key', { ...keys, blockCipherKey: 1 }],
    ['with no hex in a key', { ...keys, authenticationKey: `Z${keys.authenticationKey.slice(1)}` }],
    ['with one key twice', { ...keys, authenticationKey: keys.blockCipherKey }],
    ['with one title twice', { ...keys, clientSystemTitle: keys.serverSystemTitle }],
    ['with a field too many', { ...keys, thirdKey: keys.blockCipherKey }],
    ['with another suite', { ...keys, suite: 3 }],
    ['with keys of suite 0 in suite 2', { ...keys, suite: 2 }],
    ['with a short master key', { ...keys, masterKey: keys.blockCipherKey.slice(2) }],
    ['with a signing key in suite 0', { ...keys, clientSigningKey: '8C1F0D3A'.repeat(8) }],
    ['with a public key cut short', { ...keys, suite: 1, serverSigningPublicKey: '8C1F0D3A'.repeat(8) }],
    ['with an empty secret', { ...keys, secret: '' }],
  ])('%s, and never quoted', (_what, content) => {
    const refusal = refusalOf(content)
    expect(refusal?.code).toBe('GRIDCARD_KEY_FILE_UNUSABLE')
    expect(refusal?.text).not.toMatch(/8C1F0D3A|1B2C3D4E/)
  })
  test('half in the environment, naming the variable and not its value', () => {
    const env = { GRIDCARD_DLMS_BLOCK_CIPHER_KEY: keys.blockCipherKey }
    expect(() => findKeys(undefined, env)).toThrow(/GRIDCARD_DLMS_CLIENT_TITLE is missing/)
  })
})

test('a key file of mode 600 gives its keys, spaces in the hex or not', () => {
  expect(refusalOf({ ...keys, clientSystemTitle: '47 52 43 48 45 41 44 31' })).toBeUndefined()
  expect(findKeys(path, {})).toEqual({
    suite: 0,
    clientSystemTitle: fromHex(keys.clientSystemTitle),
    serverSystemTitle: fromHex(keys.serverSystemTitle),
    blockCipherKey: fromHex(keys.blockCipherKey),
    authenticationKey: fromHex(keys.authenticationKey),
    path,
  })
})

test('without a file and variables there are no keys', () => {
  expect(findKeys(undefined, { PATH: '/bin' })).toBeUndefined()
})
