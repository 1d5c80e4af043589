import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex, toHex } from '@gridcard/bytes'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSealedKeyStore, type SealedKeyStoreOptions } from './sealed-key-store.ts'

let directory: string
let options: SealedKeyStoreOptions
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gridcard-keys-'))
  options = { path: join(directory, 'keys.json'), keyFilePath: join(directory, 'keys.secret'), scryptN: 2 ** 12 }
})
afterEach(() => rm(directory, { recursive: true }))

const keys = {
  blockCipherKey: fromHex('1F2E3D4C5B6A79880011223344556678'),
  authenticationKey: fromHex('A1B2C3D4E5F60718293A4B5C6D7E8F90'),
}
const other = { ...keys, blockCipherKey: fromHex('2F2E3D4C5B6A79880011223344556678') }
const documented = fromHex('000102030405060708090A0B0C0D0E0F')
const documentedToo = fromHex('D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF')

describe('keys are refused', () => {
  test.each([
    ['the encryption key of the books', { ...keys, blockCipherKey: documented }],
    ['the authentication key of the books', { ...keys, authenticationKey: documentedToo }],
    ['the books’ keys in each other’s place', { blockCipherKey: documentedToo, authenticationKey: documented }],
    ['zeros', { ...keys, authenticationKey: new Uint8Array(16) }],
    ['equal bytes', { ...keys, blockCipherKey: new Uint8Array(16).fill(0x5a) }],
    ['one key twice', { blockCipherKey: keys.blockCipherKey, authenticationKey: keys.blockCipherKey }],
    ['a key of 15 bytes', { ...keys, blockCipherKey: keys.blockCipherKey.slice(1) }],
    ['a key of 32 bytes', { ...keys, blockCipherKey: new Uint8Array(32).map((_byte, i) => i * 7) }],
  ])('when they are %s', async (_what, bad) => {
    const store = await openSealedKeyStore(options)
    const error = await store.put('GC00000001', bad).then(
      () => undefined,
      (thrown: Error & { code: string }) => thrown,
    )
    expect(error?.code).toBe('HEADEND_KEY_REFUSED')
    expect(`${error?.message}${error?.stack}`).not.toContain(toHex(bad.blockCipherKey))
    expect(store.find('GC00000001')).toBeUndefined()
  })
  test('when the meter has others already', async () => {
    const store = await openSealedKeyStore(options)
    await store.put('GC00000001', keys)
    await expect(store.put('GC00000001', other)).rejects.toMatchObject({ code: 'HEADEND_METER_CONFLICT' })
    expect(store.find('GC00000001')).toEqual(keys)
    await store.put('GC00000001', keys)
  })
})

describe('a key store does not open', () => {
  const locked = { code: 'HEADEND_KEYSTORE_LOCKED' }
  test('with a wrong passphrase, or none', async () => {
    const withPassphrase = { ...options, passphrase: 'correct horse' }
    await (await openSealedKeyStore(withPassphrase)).put('GC00000001', keys)
    await expect(openSealedKeyStore({ ...options, passphrase: 'correct hors' })).rejects.toMatchObject(locked)
    await expect(openSealedKeyStore(options)).rejects.toMatchObject(locked)
    const opened = await openSealedKeyStore(withPassphrase)
    expect(opened.find('GC00000001')).toEqual(keys)
  })
  test('with a passphrase when it was made without', async () => {
    await openSealedKeyStore(options)
    await expect(openSealedKeyStore({ ...options, passphrase: 'x' })).rejects.toMatchObject(locked)
  })
  test('with an empty passphrase', async () => {
    await expect(openSealedKeyStore({ ...options, passphrase: '' })).rejects.toMatchObject(locked)
  })
  test('without its key file, with another, or with one that others may read', async () => {
    await openSealedKeyStore(options)
    const secret = await readFile(options.keyFilePath, 'utf8')
    await chmod(options.keyFilePath, 0o644)
    await expect(openSealedKeyStore(options)).rejects.toMatchObject(locked)
    await chmod(options.keyFilePath, 0o600)
    await writeFile(options.keyFilePath, Buffer.alloc(32, 7).toString('base64'))
    await expect(openSealedKeyStore(options)).rejects.toMatchObject(locked)
    await rm(options.keyFilePath)
    await expect(openSealedKeyStore(options)).rejects.toMatchObject(locked)
    await writeFile(options.keyFilePath, secret, { mode: 0o600 })
    await openSealedKeyStore(options)
  })
  test('when it was cut off or is something else', async () => {
    await (await openSealedKeyStore(options)).put('GC00000001', keys)
    const whole = await readFile(options.path, 'utf8')
    for (let length = 0; length < whole.length; length++) {
      await writeFile(options.path, whole.slice(0, length))
      await expect(openSealedKeyStore(options)).rejects.toMatchObject({ code: 'HEADEND_DATA_DAMAGED' })
    }
  })
})

describe('sealed keys', () => {
  test('lie in files of mode 600, and not in the clear', async () => {
    await (await openSealedKeyStore(options)).put('GC00000001', keys)
    const text = await readFile(options.path, 'utf8')
    for (const key of Object.values(keys)) {
      expect(text).not.toContain(toHex(key))
      expect(text).not.toContain(Buffer.from(key).toString('base64').slice(0, 20))
    }
    for (const path of [options.path, options.keyFilePath]) expect((await stat(path)).mode & 0o777).toBe(0o600)
  })
  test('are found again after a restart, each meter its own, also when put at once', async () => {
    const store = await openSealedKeyStore(options)
    const meters = Array.from({ length: 12 }, (_unused, i) => `GC0000000${i}`)
    const keysOf = (i: number) => ({ ...keys, blockCipherKey: keys.blockCipherKey.with(0, i) })
    await Promise.all(meters.map((serial, i) => store.put(serial, keysOf(i))))
    store.close()
    const again = await openSealedKeyStore(options)
    expect(again.serials()).toEqual(meters)
    for (const [i, serial] of meters.entries()) expect(again.find(serial)).toEqual(keysOf(i))
    expect(again.find('constructor')).toBeUndefined()
  })
  test('cannot be moved to another meter, nor changed in any byte', async () => {
    await (await openSealedKeyStore(options)).put('GC00000001', keys)
    const file = JSON.parse(await readFile(options.path, 'utf8'))
    const entry = file.meters.GC00000001
    await writeFile(options.path, JSON.stringify({ ...file, meters: { GC00000002: entry } }))
    const moved = await openSealedKeyStore(options)
    expect(() => moved.find('GC00000002')).toThrow(expect.objectContaining({ code: 'HEADEND_DATA_DAMAGED' }))
    for (const field of ['iv', 'sealed']) {
      const bytes = Buffer.from(entry[field], 'base64')
      for (let i = 0; i < bytes.length; i++) {
        const changed = Buffer.from(bytes.with(i, bytes[i]! ^ 1)).toString('base64')
        const meters = { GC00000001: { ...entry, [field]: changed } }
        await writeFile(options.path, JSON.stringify({ ...file, meters }))
        const opened = await openSealedKeyStore(options)
        expect(() => opened.find('GC00000001')).toThrow(expect.objectContaining({ code: 'HEADEND_DATA_DAMAGED' }))
      }
    }
  })
  test('and other secrets lie beside each other, each under its own name', async () => {
    const store = await openSealedKeyStore(options)
    const [one, two] = [fromHex('0102030405060708090A0B0C0D0E0F'), fromHex('F1F2F3')]
    await Promise.all([store.put('GC00000001', keys, two), store.putSecret('maker', one), store.putSecret('b', two)])
    const text = await readFile(options.path, 'utf8')
    expect(text).not.toContain(Buffer.from(one).toString('base64').slice(0, 12))
    const again = await openSealedKeyStore(options)
    expect([again.findSecret('maker'), again.findSecret('card/GC00000001')]).toEqual([one, two])
    expect(again.findSecret('constructor')).toBeUndefined()
    const file = JSON.parse(text)
    await writeFile(options.path, JSON.stringify({ ...file, secrets: { maker: file.secrets.b } }))
    const moved = await openSealedKeyStore(options)
    expect(() => moved.findSecret('maker')).toThrow(expect.objectContaining({ code: 'HEADEND_DATA_DAMAGED' }))
  })
  test('given out are a copy that may be wiped', async () => {
    const store = await openSealedKeyStore(options)
    await store.put('GC00000001', keys)
    store.find('GC00000001')!.blockCipherKey.fill(0)
    expect(store.find('GC00000001')).toEqual(keys)
  })
})
