import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { fromHex } from '@gridcard/bytes'
import { type KeyDiversification, keyDiversifications, type StaticKeys } from '@gridcard/crypto'
import { badOption, type GpOptions, parseChoice, parseNumber } from './options.ts'

/** Keys to open a secure channel with. */
export interface ChannelKeys {
  readonly keys: StaticKeys
  readonly diversification: KeyDiversification | undefined
  readonly keyVersion: number
}

export const keyEnvironment = {
  key: 'GRIDCARD_GP_KEY',
  enc: 'GRIDCARD_GP_KEY_ENC',
  mac: 'GRIDCARD_GP_KEY_MAC',
  dek: 'GRIDCARD_GP_KEY_DEK',
} as const

/** 40 41 .. 4F: what cards for developers come with, and anybody can open them with. */
const TEST_KEY = '404142434445464748494A4B4C4D4E4F'

const MAX_FILE_BYTES = 64 * 1024

/**
 * Keys of the file, else of the environment, else the test key if it was asked for; never from arguments, which every
 * process list shows. Undefined: none were given.
 */
export function findChannelKeys(
  o: Pick<GpOptions, 'keyFile' | 'testKeys' | 'keyVersion' | 'kdf'>,
  env: Readonly<Record<string, string | undefined>>,
): ChannelKeys | undefined {
  const fromEnvironment = Object.values(keyEnvironment).some((name) => env[name] !== undefined)
  if (o.keyFile !== undefined && o.testKeys) throw badOption('--key-file and --test-keys exclude each other')
  const given =
    o.keyFile !== undefined
      ? readKeyFile(o.keyFile)
      : o.testKeys
        ? { key: TEST_KEY }
        : fromEnvironment
          ? Object.fromEntries(Object.entries(keyEnvironment).map(([field, name]) => [field, env[name]]))
          : undefined
  if (given === undefined) return undefined
  const where = o.keyFile ?? 'the environment'
  const kdf = o.kdf ?? given['kdf']
  const version = o.keyVersion ?? given['keyVersion']
  return {
    keys: staticKeys(given, where),
    diversification: kdf === undefined ? undefined : parseChoice('--kdf', String(kdf), keyDiversifications),
    keyVersion: version === undefined ? 0 : parseNumber('--key-version', String(version), 0, 255),
  }
}

function staticKeys(given: Readonly<Record<string, unknown>>, where: string): StaticKeys {
  const { key } = given
  const three = (['enc', 'mac', 'dek'] as const).map((name) => given[name])
  if (key !== undefined) {
    if (three.some((one) => one !== undefined)) throw badOption(`${where}: either one key, or enc, mac and dek`)
    return { enc: oneKey(key, where, 'key'), mac: oneKey(key, where, 'key'), dek: oneKey(key, where, 'key') }
  }
  return {
    enc: oneKey(given['enc'], where, 'enc'),
    mac: oneKey(given['mac'], where, 'mac'),
    dek: oneKey(given['dek'], where, 'dek'),
  }
}

/** What stands there never stands in the message. */
function oneKey(text: unknown, where: string, name: string): Uint8Array {
  const refuse = () => badOption(`${where}: ${name} is a key of 16, 24 or 32 bytes in hex`)
  if (typeof text !== 'string') throw refuse()
  let key: Uint8Array
  try {
    key = fromHex(text)
  } catch {
    throw refuse()
  }
  if (![16, 24, 32].includes(key.length)) throw refuse()
  return key
}

const FIELDS = ['key', 'enc', 'mac', 'dek', 'kdf', 'keyVersion', 'type']

/** A JSON object with `key`, or `enc`, `mac` and `dek`; also `kdf`, `keyVersion` and `type`. Others must not be able to read it. */
export function readKeyFile(path: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(readPrivateFile(path))
  } catch (error) {
    // Not the cause: a parser's message quotes the file.
    if (error instanceof SyntaxError) throw badOption(`${path} is no JSON`)
    throw error
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw badOption(`${path} is no JSON object`)
  const stranger = Object.keys(value).find((name) => !FIELDS.includes(name))
  if (stranger !== undefined) throw badOption(`${path}: unknown field ${JSON.stringify(stranger.slice(0, 40))}`)
  return value as Record<string, unknown>
}

/** New keys for PUT KEY: of a key file, whose `type` is aes unless it says des. */
export function readNewKeys(path: string): { readonly keys: StaticKeys; readonly type: 'aes' | 'des' } {
  const given = readKeyFile(path)
  return {
    keys: staticKeys(given, path),
    type: parseChoice(`${path}: type`, String(given['type'] ?? 'aes'), ['aes', 'des']),
  }
}

/** The text of a file that holds secrets, if nobody else may read it. */
export function readPrivateFile(path: string): string {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    throw badOption(`${path} cannot be opened (${(error as NodeJS.ErrnoException).code})`, error)
  }
  try {
    // Asked of the open file, so that nobody can put another in its place in between.
    const { mode, size } = fstatSync(fd)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw badOption(`${path} may be read by others: chmod 600 it, and think of the keys as known`)
    }
    if (size > MAX_FILE_BYTES) throw badOption(`${path} is too long for a key file`)
    const buffer = new Uint8Array(size)
    readSync(fd, buffer, 0, size, 0)
    return new TextDecoder().decode(buffer)
  } finally {
    closeSync(fd)
  }
}
