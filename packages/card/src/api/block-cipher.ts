import { concatBytes } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { isRemovable, PAD, paddedBlocks, unpaddedLength } from './block-padding.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import {
  byteAt,
  byteRange,
  bytesOf,
  handleAt,
  hiddenHandle,
  hiddenShort,
  type JcreMethod,
  natives,
  newObject,
  putHiddenShort,
  putResult,
  shortAt,
} from './native-call.ts'
import { takeSecretKey } from './secret-keys.ts'

/**
 * Cipher for AES and DES. Hidden cells: algorithm, key, mode; they persist, so after a reset the object is as its last
 * init left it, with an IV of zeros. Blocks begun and the chaining value live in the session.
 */
const CLASS_NAME = 'gridcard/AesBlockCipher'
const ALGORITHM = 0
const KEY = 1
const MODE = 2

export const CIPHER_MODE = { decrypt: 1, encrypt: 2 } as const

type ChainMode = 'ecb' | 'cbc' | 'ctr' | 'cfb'

interface BlockScheme {
  readonly algorithm: number
  /** Cipher.CIPHER_* */
  readonly cipher: number
  readonly key: 'aes' | 'des'
  readonly chaining: ChainMode
  readonly padding: number
}

const scheme = (
  algorithm: number,
  cipher: number,
  key: 'aes' | 'des',
  chaining: ChainMode,
  padding: number,
): BlockScheme => ({ algorithm, cipher, key, chaining, padding })

const SCHEMES: readonly BlockScheme[] = [
  scheme(1, 3, 'des', 'cbc', PAD.NOPAD),
  scheme(2, 3, 'des', 'cbc', PAD.ISO9797_M1),
  scheme(3, 3, 'des', 'cbc', PAD.ISO9797_M2),
  scheme(4, 3, 'des', 'cbc', PAD.PKCS5),
  scheme(5, 4, 'des', 'ecb', PAD.NOPAD),
  scheme(6, 4, 'des', 'ecb', PAD.ISO9797_M1),
  scheme(7, 4, 'des', 'ecb', PAD.ISO9797_M2),
  scheme(8, 4, 'des', 'ecb', PAD.PKCS5),
  scheme(13, 1, 'aes', 'cbc', PAD.NOPAD),
  scheme(14, 2, 'aes', 'ecb', PAD.NOPAD),
  scheme(22, 1, 'aes', 'cbc', PAD.ISO9797_M1),
  scheme(23, 1, 'aes', 'cbc', PAD.ISO9797_M2),
  scheme(24, 1, 'aes', 'cbc', PAD.PKCS5),
  scheme(25, 2, 'aes', 'ecb', PAD.ISO9797_M1),
  scheme(26, 2, 'aes', 'ecb', PAD.ISO9797_M2),
  scheme(27, 2, 'aes', 'ecb', PAD.PKCS5),
  scheme(-16, 8, 'aes', 'ctr', PAD.NOPAD),
  scheme(28, 9, 'aes', 'cfb', PAD.NOPAD),
]
const SCHEME_BY_ALGORITHM = new Map(SCHEMES.map((one) => [one.algorithm, one]))

export const isBlockAlgorithm = (algorithm: number): boolean => SCHEME_BY_ALGORITHM.has(algorithm)

/** The algorithm of a cipher and a padding; undefined if there is none. */
export function blockAlgorithm(cipher: number, padding: number): number | undefined {
  return SCHEMES.find((one) => one.cipher === cipher && one.padding === padding)?.algorithm
}

const schemeOf = (jcre: Jcre, cipher: number): BlockScheme => {
  return SCHEME_BY_ALGORITHM.get(hiddenShort(jcre, cipher, ALGORITHM))!
}
const blockBytesOf = ({ key }: BlockScheme): number => (key === 'aes' ? 16 : 8)
const isStream = ({ chaining }: BlockScheme): boolean => chaining === 'ctr' || chaining === 'cfb'

interface BlockSession {
  /** IV, then the last ciphertext block, or the counter. */
  chain: Uint8Array
  /** The block begun; in CTR and CFB its bytes have been answered. */
  pending: Uint8Array
  hasSeenData: boolean
}

const newSession = (chain: Uint8Array): BlockSession => ({ chain, pending: new Uint8Array(), hasSeenData: false })

/** The caller has checked the algorithm. */
export function newBlockCipher(jcre: Jcre, algorithm: number): number {
  const cipher = newObject(jcre, CLASS_NAME)
  putHiddenShort(jcre, cipher, ALGORITHM, algorithm)
  return cipher
}

/** Key and mode of an init, checked; the key only looked at, not kept. */
export function requireKeyAndMode(jcre: Jcre, kind: 'aes' | 'des', key: number, mode: number): void {
  takeSecretKey(jcre, key, kind).fill(0)
  if (mode !== CIPHER_MODE.decrypt && mode !== CIPHER_MODE.encrypt) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
}

function start(jcre: Jcre, at: number, iv: Uint8Array): number {
  const cipher = handleAt(jcre, at)
  putHiddenShort(jcre, cipher, KEY, handleAt(jcre, at + 1))
  putHiddenShort(jcre, cipher, MODE, byteAt(jcre, at + 2))
  jcre.sessions.set(cipher, newSession(iv))
  return 0
}

const init: JcreMethod = (jcre, at) => {
  const found = schemeOf(jcre, handleAt(jcre, at))
  requireKeyAndMode(jcre, found.key, handleAt(jcre, at + 1), byteAt(jcre, at + 2))
  return start(jcre, at, new Uint8Array(blockBytesOf(found)))
}

const initWithIv: JcreMethod = (jcre, at) => {
  const found = schemeOf(jcre, handleAt(jcre, at))
  const iv = bytesOf(jcre, handleAt(jcre, at + 3), shortAt(jcre, at + 4), shortAt(jcre, at + 5))
  requireKeyAndMode(jcre, found.key, handleAt(jcre, at + 1), byteAt(jcre, at + 2))
  if (found.chaining === 'ecb' || iv.length !== blockBytesOf(found)) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  return start(jcre, at, iv)
}

function sessionOf(jcre: Jcre, cipher: number): BlockSession {
  if (hiddenShort(jcre, cipher, MODE) === 0) failCrypto(jcre, CRYPTO.INVALID_INIT)
  let session = jcre.sessions.get(cipher) as BlockSession | undefined
  if (session === undefined) {
    session = newSession(new Uint8Array(blockBytesOf(schemeOf(jcre, cipher))))
    jcre.sessions.set(cipher, session)
  }
  return session
}

type Operation = (crypto: CryptoProvider, key: Uint8Array, iv: Uint8Array, bytes: Uint8Array) => Uint8Array

const OPERATIONS: Readonly<Record<string, readonly [encrypt: Operation, decrypt: Operation]>> = {
  'aes ecb': [(c, key, _, bytes) => c.aesEcbEncrypt(key, bytes), (c, key, _, bytes) => c.aesEcbDecrypt(key, bytes)],
  'des ecb': [(c, key, _, bytes) => c.desEcbEncrypt(key, bytes), (c, key, _, bytes) => c.desEcbDecrypt(key, bytes)],
  'aes cbc': [(c, ...rest) => c.aesCbcEncrypt(...rest), (c, ...rest) => c.aesCbcDecrypt(...rest)],
  'des cbc': [(c, ...rest) => c.desCbcEncrypt(...rest), (c, ...rest) => c.desCbcDecrypt(...rest)],
  'aes ctr': [(c, ...rest) => c.aesCtr(...rest), (c, ...rest) => c.aesCtr(...rest)],
  'aes cfb': [(c, ...rest) => c.aesCfbEncrypt(...rest), (c, ...rest) => c.aesCfbDecrypt(...rest)],
}

/** Big-endian, wraps to zero. */
function countedUp(counter: Uint8Array, blocks: number): Uint8Array {
  const result = counter.slice()
  for (let at = result.length - 1, carry = blocks; at >= 0 && carry > 0; at--) {
    carry += result[at]!
    result[at] = carry & 0xff
    carry = Math.floor(carry / 256)
  }
  return result
}

/** Runs bytes, whole blocks except in CTR and CFB, and moves the chaining value on. */
function transform(jcre: Jcre, cipher: number, session: BlockSession, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes
  const found = schemeOf(jcre, cipher)
  const key = takeSecretKey(jcre, hiddenHandle(jcre, cipher, KEY), found.key)
  const isEncrypting = hiddenShort(jcre, cipher, MODE) === CIPHER_MODE.encrypt
  const [encrypt, decrypt] = OPERATIONS[`${found.key} ${found.chaining}`]!
  try {
    const result = (isEncrypting ? encrypt : decrypt)(jcre.crypto, key, session.chain, bytes)
    const blockBytes = blockBytesOf(found)
    const whole = bytes.length - (bytes.length % blockBytes)
    if (found.chaining === 'ctr') session.chain = countedUp(session.chain, whole / blockBytes)
    else if (whole > 0) session.chain = (isEncrypting ? result : bytes).slice(whole - blockBytes, whole)
    return result
  } finally {
    key.fill(0)
  }
}

/** How many of the bytes at hand can be run now: in decryption the last block may hold padding, and waits. */
function readyBytes(found: BlockScheme, isEncrypting: boolean, length: number): number {
  const blockBytes = blockBytesOf(found)
  const waits = !isEncrypting && isRemovable(found.padding) && length > 0 ? 1 : 0
  return length - waits - ((length - waits) % blockBytes)
}

/** The last bytes, padded or with their padding taken off. */
function finish(jcre: Jcre, cipher: number, session: BlockSession, all: Uint8Array): Uint8Array {
  const found = schemeOf(jcre, cipher)
  const blockBytes = blockBytesOf(found)
  const isEncrypting = hiddenShort(jcre, cipher, MODE) === CIPHER_MODE.encrypt
  const padding = isEncrypting ? found.padding : PAD.NOPAD
  const blocks = paddedBlocks(all, padding, blockBytes)
  const isEmpty = all.length === 0 && !session.hasSeenData
  if (blocks === undefined || (isEmpty && found.padding === PAD.NOPAD)) return failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  const result = transform(jcre, cipher, session, blocks)
  if (isEncrypting || !isRemovable(found.padding)) return result
  const kept = unpaddedLength(result.subarray(-blockBytes), found.padding)
  if (kept === undefined) {
    result.fill(0)
    jcre.sessions.delete(cipher)
    return failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  }
  return result.subarray(0, result.length - blockBytes + kept)
}

/** CTR and CFB: as many bytes out as in; a block begun is run again from its start. */
function runStream(jcre: Jcre, cipher: number, session: BlockSession, input: Uint8Array): Uint8Array {
  const begun = session.pending
  const all = concatBytes(begun, input)
  const result = transform(jcre, cipher, session, all).slice(begun.length)
  session.pending = all.slice(all.length - (all.length % blockBytesOf(schemeOf(jcre, cipher))))
  all.fill(0)
  return result
}

/** Nothing has happened if the result finds no room. */
function restoring<T>(session: BlockSession, work: () => T): T {
  const before = { ...session }
  try {
    return work()
  } catch (error) {
    Object.assign(session, before)
    throw error
  }
}

function run(isFinal: boolean): JcreMethod {
  return (jcre, at) => {
    const cipher = handleAt(jcre, at)
    const session = sessionOf(jcre, cipher)
    const found = schemeOf(jcre, cipher)
    takeSecretKey(jcre, hiddenHandle(jcre, cipher, KEY), found.key).fill(0)
    const input = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
    return restoring(session, () => {
      let result: Uint8Array
      if (isStream(found)) {
        if (isFinal && input.length === 0 && !session.hasSeenData) failCrypto(jcre, CRYPTO.ILLEGAL_USE)
        result = runStream(jcre, cipher, session, input)
      } else {
        const all = concatBytes(session.pending, input)
        const isEncrypting = hiddenShort(jcre, cipher, MODE) === CIPHER_MODE.encrypt
        const ready = isFinal ? all.length : readyBytes(found, isEncrypting, all.length)
        result = isFinal ? finish(jcre, cipher, session, all) : transform(jcre, cipher, session, all.subarray(0, ready))
        session.pending = all.slice(ready)
        if (result.buffer !== all.buffer) all.fill(0)
      }
      putResult(jcre, byteRange(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), result.length), result)
      if (isFinal) jcre.sessions.delete(cipher)
      session.hasSeenData ||= input.length > 0
      input.fill(0)
      const { length } = result
      result.fill(0)
      return length
    })
  }
}

export const blockCipherImplementation: NativeImplementation = {
  id: 2,
  name: CLASS_NAME,
  superClass: 'javacardx/crypto/Cipher',
  hiddenBytes: 6,
  hiddenReferences: [KEY],
  methods: natives({
    'init(Ljavacard/security/Key;B)V': init,
    'init(Ljavacard/security/Key;B[BSS)V': initWithIv,
    'update([BSS[BS)S': run(false),
    'doFinal([BSS[BS)S': run(true),
    'getAlgorithm()B': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), ALGORITHM),
    'getCipherAlgorithm()B': (jcre, at) => schemeOf(jcre, handleAt(jcre, at)).cipher,
    'getPaddingAlgorithm()B': (jcre, at) => schemeOf(jcre, handleAt(jcre, at)).padding,
  }),
}
