import { concatBytes } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { aesKeyLength, openAesKey } from './aes-key.ts'
import { isRemovable, PAD, paddedBlocks, unpaddedLength } from './block-padding.ts'
import { CRYPTO, failCrypto, orFail } from './crypto-exceptions.ts'
import { addKeyDecryptor } from './key-decryption.ts'
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
  putHiddenShorts,
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

type ChainMode = 'ecb' | 'cbc' | 'ctr' | 'cfb' | 'xts'

interface BlockScheme {
  readonly algorithm: number
  /** Cipher.CIPHER_* */
  readonly cipher: number
  readonly key: 'aes' | 'des'
  readonly chaining: ChainMode
  readonly padding: number
  /** Length of the key, for algorithms that name it. */
  readonly keyBytes?: number
}

const scheme = (
  algorithm: number,
  cipher: number,
  key: 'aes' | 'des',
  chaining: ChainMode,
  padding: number,
  keyBytes?: number,
): BlockScheme => ({ algorithm, cipher, key, chaining, padding, ...(keyBytes !== undefined && { keyBytes }) })

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
  // Named after blocks that AES does not have; taken for what they are used for, keys of that length.
  scheme(18, 1, 'aes', 'cbc', PAD.NOPAD, 24),
  scheme(19, 2, 'aes', 'ecb', PAD.NOPAD, 24),
  scheme(20, 1, 'aes', 'cbc', PAD.NOPAD, 32),
  scheme(21, 2, 'aes', 'ecb', PAD.NOPAD, 32),
  scheme(22, 1, 'aes', 'cbc', PAD.ISO9797_M1),
  scheme(23, 1, 'aes', 'cbc', PAD.ISO9797_M2),
  scheme(24, 1, 'aes', 'cbc', PAD.PKCS5),
  scheme(25, 2, 'aes', 'ecb', PAD.ISO9797_M1),
  scheme(26, 2, 'aes', 'ecb', PAD.ISO9797_M2),
  scheme(27, 2, 'aes', 'ecb', PAD.PKCS5),
  scheme(-16, 8, 'aes', 'ctr', PAD.NULL),
  scheme(28, 9, 'aes', 'cfb', PAD.NULL),
  scheme(29, 10, 'aes', 'xts', PAD.NULL),
]
const SCHEME_BY_ALGORITHM = new Map(SCHEMES.map((one) => [one.algorithm, one]))

const isStream = ({ chaining }: BlockScheme): boolean => chaining === 'ctr' || chaining === 'cfb'

export const isBlockAlgorithm = (algorithm: number): boolean => SCHEME_BY_ALGORITHM.has(algorithm)

/** The algorithm of a cipher and a padding; undefined if there is none. */
export function blockAlgorithm(cipher: number, padding: number): number | undefined {
  const found = SCHEMES.find((one) => one.cipher === cipher && one.padding === padding)
  // PAD_NULL is the right word for a stream; PAD_NOPAD was taken too, and still is.
  return (found ?? SCHEMES.find((one) => isStream(one) && one.cipher === cipher && padding === PAD.NOPAD))?.algorithm
}

const schemeOf = (jcre: Jcre, cipher: number): BlockScheme => {
  return SCHEME_BY_ALGORITHM.get(hiddenShort(jcre, cipher, ALGORITHM))!
}
const blockBytesOf = ({ key }: BlockScheme): number => (key === 'aes' ? 16 : 8)

interface BlockSession {
  /** IV, then the last ciphertext block, or the counter. */
  chain: Uint8Array
  /** The block begun; in CTR and CFB its bytes have been answered. */
  pending: Uint8Array
  hasSeenData: boolean
}

const NOTHING = new Uint8Array()
const newSession = (chain: Uint8Array): BlockSession => ({ chain, pending: NOTHING, hasSeenData: false })

/** The caller has checked the algorithm. */
export function newBlockCipher(jcre: Jcre, algorithm: number): number {
  const cipher = newObject(jcre, CLASS_NAME)
  becomeBlockCipher(jcre, cipher, algorithm)
  return cipher
}

/** Also for one-shot objects, which have the same cells. */
export function becomeBlockCipher(jcre: Jcre, cipher: number, algorithm: number): void {
  putHiddenShort(jcre, cipher, ALGORITHM, algorithm)
  putHiddenShort(jcre, cipher, KEY, 0)
  putHiddenShort(jcre, cipher, MODE, 0)
}

/** Key and mode of an init, checked; the key only looked at, not kept. */
export function requireKeyAndMode(jcre: Jcre, kind: 'aes' | 'des', key: number, mode: number): void {
  takeSecretKey(jcre, key, kind).fill(0)
  if (mode !== CIPHER_MODE.decrypt && mode !== CIPHER_MODE.encrypt) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
}

const MOST_AES_KEY_BYTES = 32

/** XTS takes two keys in one; an algorithm that names a length takes only that. */
function requireFittingLength(jcre: Jcre, { key: kind, chaining, keyBytes }: BlockScheme, key: number): void {
  if (kind !== 'aes') return
  const length = aesKeyLength(jcre, key)
  const isRight =
    chaining === 'xts'
      ? length === 32 || length === 64
      : keyBytes === undefined
        ? length <= MOST_AES_KEY_BYTES
        : length === keyBytes
  if (!isRight) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
}

function start(jcre: Jcre, at: number, iv: Uint8Array): number {
  const cipher = handleAt(jcre, at)
  putHiddenShorts(jcre, cipher, KEY, [handleAt(jcre, at + 1), byteAt(jcre, at + 2)])
  jcre.sessions.set(cipher, newSession(iv))
  return 0
}

const init: JcreMethod = (jcre, at) => {
  const found = schemeOf(jcre, handleAt(jcre, at))
  requireKeyAndMode(jcre, found.key, handleAt(jcre, at + 1), byteAt(jcre, at + 2))
  requireFittingLength(jcre, found, handleAt(jcre, at + 1))
  return start(jcre, at, new Uint8Array(blockBytesOf(found)))
}

const initWithIv: JcreMethod = (jcre, at) => {
  const found = schemeOf(jcre, handleAt(jcre, at))
  const iv = bytesOf(jcre, handleAt(jcre, at + 3), shortAt(jcre, at + 4), shortAt(jcre, at + 5))
  requireKeyAndMode(jcre, found.key, handleAt(jcre, at + 1), byteAt(jcre, at + 2))
  requireFittingLength(jcre, found, handleAt(jcre, at + 1))
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

/** For keys that are not made ready. */
const OPERATIONS: Readonly<Record<string, readonly [encrypt: Operation, decrypt: Operation]>> = {
  'des ecb': [(c, key, _, bytes) => c.desEcbEncrypt(key, bytes), (c, key, _, bytes) => c.desEcbDecrypt(key, bytes)],
  'des cbc': [(c, ...rest) => c.desCbcEncrypt(...rest), (c, ...rest) => c.desCbcDecrypt(...rest)],
  'aes ctr': [(c, ...rest) => c.aesCtr(...rest), (c, ...rest) => c.aesCtr(...rest)],
  'aes cfb': [(c, ...rest) => c.aesCfbEncrypt(...rest), (c, ...rest) => c.aesCfbDecrypt(...rest)],
  'aes xts': [(c, ...rest) => c.aesXtsEncrypt(...rest), (c, ...rest) => c.aesXtsDecrypt(...rest)],
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

/** AES in ECB and CBC, for which the key is kept ready. */
function run(
  jcre: Jcre,
  key: number,
  isChained: boolean,
  isEncrypting: boolean,
  o: { iv: Uint8Array; blocks: Uint8Array },
) {
  const opened = openAesKey(jcre, key)
  if (isChained) return isEncrypting ? opened.cbcEncrypt(o.iv, o.blocks) : opened.cbcDecrypt(o.iv, o.blocks)
  return isEncrypting ? opened.ecbEncrypt(o.blocks) : opened.ecbDecrypt(o.blocks)
}

function runWithKey(
  jcre: Jcre,
  found: BlockScheme,
  handle: number,
  isEncrypting: boolean,
  o: { iv: Uint8Array; blocks: Uint8Array },
) {
  const key = takeSecretKey(jcre, handle, found.key)
  const [encrypt, decrypt] = OPERATIONS[`${found.key} ${found.chaining}`]!
  try {
    return orFail(jcre, CRYPTO.ILLEGAL_USE, () => (isEncrypting ? encrypt : decrypt)(jcre.crypto, key, o.iv, o.blocks))
  } finally {
    key.fill(0)
  }
}

/** Runs bytes, whole blocks except in CTR, CFB and XTS, and moves the chaining value on. */
function transform(jcre: Jcre, cipher: number, session: BlockSession, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes
  const found = schemeOf(jcre, cipher)
  const key = hiddenHandle(jcre, cipher, KEY)
  const isEncrypting = hiddenShort(jcre, cipher, MODE) === CIPHER_MODE.encrypt
  const { chaining } = found
  const isReady = found.key === 'aes' && (chaining === 'ecb' || chaining === 'cbc')
  const operands = { iv: session.chain, blocks: bytes }
  const result = isReady
    ? run(jcre, key, chaining === 'cbc', isEncrypting, operands)
    : runWithKey(jcre, found, key, isEncrypting, operands)
  if (chaining === 'ecb' || chaining === 'xts') return result
  const blockBytes = blockBytesOf(found)
  const whole = bytes.length - (bytes.length % blockBytes)
  if (chaining === 'ctr') session.chain = countedUp(session.chain, whole / blockBytes)
  else if (whole > 0) session.chain = (isEncrypting ? result : bytes).slice(whole - blockBytes, whole)
  return result
}

/** How many of the bytes at hand can be run now: in decryption the last block may hold padding, and waits; XTS waits for all. */
function readyBytes(found: BlockScheme, isEncrypting: boolean, length: number): number {
  if (found.chaining === 'xts') return 0
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
  const blocks = found.chaining === 'xts' ? all : paddedBlocks(all, padding, blockBytes)
  const isEmpty = all.length === 0 && !session.hasSeenData
  if (blocks === undefined || (isEmpty && (found.padding === PAD.NOPAD || found.padding === PAD.NULL))) {
    return failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  }
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

/** What update or doFinal answer. UNINITIALIZED_KEY where the key was cleared, also if there is nothing to run. */
function processed(jcre: Jcre, cipher: number, session: BlockSession, input: Uint8Array, isFinal: boolean): Uint8Array {
  const found = schemeOf(jcre, cipher)
  if (isStream(found)) {
    requireKeyIsThere(jcre, cipher, found)
    if (isFinal && input.length === 0 && !session.hasSeenData) failCrypto(jcre, CRYPTO.ILLEGAL_USE)
    return runStream(jcre, cipher, session, input)
  }
  const all = session.pending.length === 0 ? input : concatBytes(session.pending, input)
  const isEncrypting = hiddenShort(jcre, cipher, MODE) === CIPHER_MODE.encrypt
  const ready = isFinal ? all.length : readyBytes(found, isEncrypting, all.length)
  if (ready === 0) requireKeyIsThere(jcre, cipher, found)
  const result = isFinal ? finish(jcre, cipher, session, all) : transform(jcre, cipher, session, all.subarray(0, ready))
  session.pending = ready === all.length ? NOTHING : all.slice(ready)
  if (all !== input && result.buffer !== all.buffer) all.fill(0)
  return result
}

function requireKeyIsThere(jcre: Jcre, cipher: number, found: BlockScheme): void {
  takeSecretKey(jcre, hiddenHandle(jcre, cipher, KEY), found.key).fill(0)
}

function work(isFinal: boolean): JcreMethod {
  return (jcre, at) => {
    const cipher = handleAt(jcre, at)
    const session = sessionOf(jcre, cipher)
    const input = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
    const { chain, pending } = session
    try {
      const result = processed(jcre, cipher, session, input, isFinal)
      putResult(jcre, byteRange(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), result.length), result)
      if (isFinal) resetSession(session)
      else session.hasSeenData ||= input.length > 0
      const { length } = result
      result.fill(0)
      input.fill(0)
      return length
    } catch (error) {
      // Nothing has happened if the result finds no room.
      session.chain = chain
      session.pending = pending
      throw error
    }
  }
}

const ZERO_IV = new Uint8Array(16)

/** As after init, but with an IV of zeros. */
function resetSession(session: BlockSession): void {
  session.chain = session.chain.length === 16 ? ZERO_IV : new Uint8Array(session.chain.length)
  session.pending = NOTHING
  session.hasSeenData = false
}

/** For KeyEncryption: the whole of a key, as doFinal does it. */
function decryptKey(jcre: Jcre, cipher: number, input: Uint8Array): Uint8Array {
  const session = sessionOf(jcre, cipher)
  if (hiddenShort(jcre, cipher, MODE) !== CIPHER_MODE.decrypt) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  const result = processed(jcre, cipher, session, input, true).slice()
  resetSession(session)
  return result
}
addKeyDecryptor(CLASS_NAME, decryptKey)

/** Methods of Cipher; also of its one-shot objects. */
export const blockCipherMethods: Readonly<Record<string, JcreMethod>> = {
  'init(Ljavacard/security/Key;B)V': init,
  'init(Ljavacard/security/Key;B[BSS)V': initWithIv,
  'update([BSS[BS)S': work(false),
  'doFinal([BSS[BS)S': work(true),
  'getAlgorithm()B': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), ALGORITHM),
  'getCipherAlgorithm()B': (jcre, at) => schemeOf(jcre, handleAt(jcre, at)).cipher,
  'getPaddingAlgorithm()B': (jcre, at) => schemeOf(jcre, handleAt(jcre, at)).padding,
}

export const blockCipherImplementation: NativeImplementation = {
  id: 2,
  name: CLASS_NAME,
  superClass: 'javacardx/crypto/Cipher',
  hiddenBytes: 6,
  hiddenReferences: [KEY],
  methods: natives(blockCipherMethods),
}
