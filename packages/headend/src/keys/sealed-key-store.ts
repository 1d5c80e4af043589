import { createCipheriv, createDecipheriv, randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { open, readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { concatBytes } from '@gridcard/bytes'
import { HeadendError, isSystemError } from '../errors.ts'
import { replaceFile } from '../store/atomic-file.ts'
import { type KeyStore, type MeterKeys, wipeKeys } from './key-store.ts'
import { requireUsableKeys } from './refused-keys.ts'

export interface SealedKeyStoreOptions {
  /** The sealed file; made at the first start. */
  readonly path: string
  /** Where the random key lies that is used without a passphrase; made at the first start, mode 0600. */
  readonly keyFilePath: string
  readonly passphrase?: string | undefined
  /** Cost of the passphrase's scrypt for a new file, a power of 2. Default 2^17, which takes about half a second. */
  readonly scryptN?: number
}

/**
 * Key sets sealed with AES-256-GCM, a random IV each and the meter's serial as associated data, so that a sealed set
 * cannot be moved to another meter. They lie in memory as they lie in the file; only `find` opens one.
 *
 * The key that seals is derived from a passphrase, or is a random one in a file beside: then whoever can read the folder
 * can read the keys, and the sealing only keeps them out of backups and copies of the one file.
 */
interface SealedFile {
  readonly format: 'gridcard-keys'
  readonly version: 1
  readonly unlockedBy: { readonly kind: 'key-file' } | PassphraseParameters
  /** A known text, to tell a wrong passphrase at once. */
  readonly check: SealedBytes
  readonly meters: Record<string, SealedBytes>
  /** Since there are others than of meters; by name. */
  readonly secrets?: Record<string, SealedBytes>
}

interface PassphraseParameters {
  readonly kind: 'passphrase'
  /** Base64, 16 bytes. */
  readonly salt: string
  readonly n: number
  readonly r: number
  readonly p: number
}

interface SealedBytes {
  /** Base64, 12 bytes. */
  readonly iv: string
  /** Base64, ciphertext and 16 bytes of tag. */
  readonly sealed: string
}

const CHECK_TEXT = Buffer.from('gridcard key store')
const KEY_BYTES = 16

/** @throws HeadendError `HEADEND_KEYSTORE_LOCKED`, `HEADEND_DATA_DAMAGED` */
export async function openSealedKeyStore(options: SealedKeyStoreOptions): Promise<KeyStore> {
  const text = await readIfThere(options.path)
  if (text !== undefined) {
    const file = parseFile(text, options.path)
    const key = await unlock(file, options)
    return new SealedKeyStore(options.path, file, key)
  }
  const unlockedBy = newParameters(options)
  const key =
    unlockedBy.kind === 'passphrase'
      ? await deriveKey(options.passphrase!, unlockedBy)
      : ((await readKeyFile(options.keyFilePath)) ?? (await makeKeyFile(options.keyFilePath)))
  const check = seal(key, 'check', CHECK_TEXT)
  const file: SealedFile = { format: 'gridcard-keys', version: 1, unlockedBy, check, meters: {} }
  await replaceFile(options.path, JSON.stringify(file))
  return new SealedKeyStore(options.path, file, key)
}

class SealedKeyStore implements KeyStore {
  readonly #path: string
  readonly #key: Buffer
  #file: SealedFile
  #writing: Promise<unknown> = Promise.resolve()

  constructor(path: string, file: SealedFile, key: Buffer) {
    this.#path = path
    this.#file = file
    this.#key = key
  }

  serials(): readonly string[] {
    return Object.keys(this.#file.meters)
  }

  find(serial: string): MeterKeys | undefined {
    const entry = Object.hasOwn(this.#file.meters, serial) ? this.#file.meters[serial] : undefined
    if (entry === undefined) return undefined
    const both = unseal(this.#key, meterContext(serial), entry)
    if (both?.length !== 2 * KEY_BYTES) {
      throw new HeadendError('HEADEND_DATA_DAMAGED', `the sealed keys of ${serial} were changed`, { serial })
    }
    const keys = {
      blockCipherKey: Uint8Array.from(both.subarray(0, KEY_BYTES)),
      authenticationKey: Uint8Array.from(both.subarray(KEY_BYTES)),
    }
    both.fill(0)
    return keys
  }

  async put(serial: string, keys: MeterKeys, cardKeys?: Uint8Array): Promise<void> {
    requireUsableKeys(serial, keys)
    const held = this.find(serial)
    if (held !== undefined) {
      const isSame = sameKeys(held, keys)
      wipeKeys(held)
      if (isSame) return
      throw new HeadendError('HEADEND_METER_CONFLICT', `${serial} is registered with other keys`, { serial })
    }
    const both = concatBytes(keys.blockCipherKey, keys.authenticationKey)
    const entry = seal(this.#key, meterContext(serial), both)
    both.fill(0)
    const name = cardSecret(serial)
    const secret = cardKeys && { [name]: seal(this.#key, secretContext(name), cardKeys) }
    await this.#write((file) => ({
      ...file,
      meters: { ...file.meters, [serial]: entry },
      ...(secret && { secrets: { ...file.secrets, ...secret } }),
    }))
  }

  findSecret(name: string): Uint8Array | undefined {
    const { secrets = {} } = this.#file
    const entry = Object.hasOwn(secrets, name) ? secrets[name] : undefined
    if (entry === undefined) return undefined
    const opened = unseal(this.#key, secretContext(name), entry)
    if (opened === undefined) throw new HeadendError('HEADEND_DATA_DAMAGED', `the sealed secret ${name} was changed`)
    const secret = Uint8Array.from(opened)
    opened.fill(0)
    return secret
  }

  putSecret(name: string, secret: Uint8Array): Promise<void> {
    const entry = seal(this.#key, secretContext(name), secret)
    return this.#write((file) => ({ ...file, secrets: { ...file.secrets, [name]: entry } }))
  }

  async #write(change: (file: SealedFile) => SealedFile): Promise<void> {
    const written = this.#writing.then(async () => {
      const file = change(this.#file)
      await replaceFile(this.#path, JSON.stringify(file))
      this.#file = file
    })
    this.#writing = written.catch(() => {})
    await written
  }

  close(): void {
    this.#key.fill(0)
  }
}

const meterContext = (serial: string) => `meter/${serial}`
const secretContext = (name: string) => `secret/${name}`
const cardSecret = (serial: string) => `card/${serial}`

function sameKeys(a: MeterKeys, b: MeterKeys): boolean {
  const sameCipherKey = timingSafeEqual(a.blockCipherKey, b.blockCipherKey)
  const sameAuthenticationKey = timingSafeEqual(a.authenticationKey, b.authenticationKey)
  return sameCipherKey && sameAuthenticationKey
}

function seal(key: Buffer, context: string, plaintext: Uint8Array): SealedBytes {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(`gridcard-keys/1/${context}`))
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
  return { iv: iv.toString('base64'), sealed: sealed.toString('base64') }
}

/** Undefined if the key is another or the bytes were changed. */
function unseal(key: Buffer, context: string, entry: SealedBytes): Buffer | undefined {
  const iv = Buffer.from(entry.iv, 'base64')
  const sealed = Buffer.from(entry.sealed, 'base64')
  if (iv.length !== 12 || sealed.length < 16) return undefined
  const opener = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: 16 })
  opener.setAAD(Buffer.from(`gridcard-keys/1/${context}`)).setAuthTag(sealed.subarray(-16))
  try {
    return Buffer.concat([opener.update(sealed.subarray(0, -16)), opener.final()])
  } catch {
    return undefined
  }
}

async function unlock(file: SealedFile, options: SealedKeyStoreOptions): Promise<Buffer> {
  const key = await unlockingKey(file, options)
  if (unseal(key, 'check', file.check)?.equals(CHECK_TEXT) === true) return key
  throw lockedBecause(file.unlockedBy.kind === 'passphrase' ? 'the passphrase is wrong' : 'its key file is another')
}

async function unlockingKey(file: SealedFile, options: SealedKeyStoreOptions): Promise<Buffer> {
  const { unlockedBy } = file
  if (unlockedBy.kind === 'passphrase') {
    if (options.passphrase === undefined) {
      throw lockedBecause('it was made with a passphrase, give it in GRIDCARD_KEYSTORE_PASSPHRASE')
    }
    return deriveKey(options.passphrase, unlockedBy)
  }
  // Going on would let the owner believe that the passphrase protects the keys.
  if (options.passphrase !== undefined) throw lockedBecause('it was made without a passphrase, start without one')
  const key = await readKeyFile(options.keyFilePath)
  if (key === undefined) throw lockedBecause('its key file is missing')
  return key
}

function lockedBecause(why: string): HeadendError {
  return new HeadendError('HEADEND_KEYSTORE_LOCKED', `the key store does not open: ${why}`)
}

function newParameters(options: SealedKeyStoreOptions): SealedFile['unlockedBy'] {
  if (options.passphrase === undefined) return { kind: 'key-file' }
  if (options.passphrase === '') throw lockedBecause('an empty passphrase protects nothing')
  const salt = randomBytes(16).toString('base64')
  return { kind: 'passphrase', salt, n: options.scryptN ?? 2 ** 17, r: 8, p: 1 }
}

const scryptKey: (passphrase: string, salt: Buffer, lengthBytes: number, options: ScryptOptions) => Promise<Buffer> =
  promisify(scrypt)

async function deriveKey(passphrase: string, { salt, n, r, p }: PassphraseParameters): Promise<Buffer> {
  const maxmem = 128 * r * (n + p + 2)
  return scryptKey(passphrase.normalize('NFKC'), Buffer.from(salt, 'base64'), 32, { N: n, r, p, maxmem })
}

async function readKeyFile(path: string): Promise<Buffer | undefined> {
  const text = await readIfThere(path)
  if (text === undefined) return undefined
  const key = Buffer.from(text.trim(), 'base64')
  if (key.length !== 32) throw lockedBecause('its key file is damaged')
  if (process.platform !== 'win32' && ((await stat(path)).mode & 0o077) !== 0) {
    throw lockedBecause('others may read its key file, set its mode to 600')
  }
  return key
}

async function makeKeyFile(path: string): Promise<Buffer> {
  const key = randomBytes(32)
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(`${key.toString('base64')}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  return key
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

function parseFile(text: string, path: string): SealedFile {
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch {
    file = undefined
  }
  if (!isSealedFile(file)) throw new HeadendError('HEADEND_DATA_DAMAGED', `the key store is not readable: ${path}`)
  return file
}

function isSealedFile(value: unknown): value is SealedFile {
  if (!isRecord(value) || value['format'] !== 'gridcard-keys' || value['version'] !== 1) return false
  const { unlockedBy, check, meters, secrets = {} } = value
  const areSealed = (entries: unknown) => isRecord(entries) && Object.values(entries).every(isSealedBytes)
  return isParameters(unlockedBy) && isSealedBytes(check) && areSealed(meters) && areSealed(secrets)
}

/** Bounds keep a changed file from asking for all the memory there is. */
function isParameters(value: unknown): boolean {
  if (!isRecord(value)) return false
  if (value['kind'] === 'key-file') return true
  const { kind, salt, n, r, p } = value
  const isCost = (cost: unknown, most: number) =>
    Number.isSafeInteger(cost) && Number(cost) >= 1 && Number(cost) <= most
  return kind === 'passphrase' && typeof salt === 'string' && isCost(n, 2 ** 20) && isCost(r, 16) && isCost(p, 16)
}

const isSealedBytes = (value: unknown): boolean =>
  isRecord(value) && typeof value['iv'] === 'string' && typeof value['sealed'] === 'string'

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
