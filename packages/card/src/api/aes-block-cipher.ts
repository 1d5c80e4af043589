import { concatBytes } from '@gridcard/bytes'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { takeAesKey } from './aes-key.ts'
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

/**
 * Cipher for AES in ECB and CBC without padding. Hidden cells: algorithm, key, mode; they persist, so after a reset the
 * object is as its last init left it, with an IV of zeros. Blocks begun and the chaining value live in the session.
 */
const CLASS_NAME = 'gridcard/AesBlockCipher'
const ALGORITHM = 0
const KEY = 1
const MODE = 2

export const CIPHER_MODE = { decrypt: 1, encrypt: 2 } as const
export const CRYPTO = {
  ILLEGAL_VALUE: 1,
  UNINITIALIZED_KEY: 2,
  NO_SUCH_ALGORITHM: 3,
  INVALID_INIT: 4,
  ILLEGAL_USE: 5,
} as const
export const BLOCK_ALGORITHMS = { cbc: 13, ecb: 14 } as const
const CIPHER_ALGORITHMS = { [BLOCK_ALGORITHMS.cbc]: 1, [BLOCK_ALGORITHMS.ecb]: 2 } as const
const PAD_NOPAD = 1
const BLOCK_BYTES = 16

interface BlockSession {
  /** IV, then the last ciphertext block. */
  chain: Uint8Array
  /** Fewer than 16 bytes. */
  pending: Uint8Array
  hasSeenData: boolean
}

export function failCrypto(jcre: Jcre, reason: number): never {
  return jcre.machine.throwNew('javacard/security/CryptoException', reason)
}

/** The caller has checked the algorithm. */
export function newAesBlockCipher(jcre: Jcre, algorithm: number): number {
  const cipher = newObject(jcre, CLASS_NAME)
  putHiddenShort(jcre, cipher, ALGORITHM, algorithm)
  return cipher
}

/** Key and mode of an init, checked; the key only looked at, not kept. */
export function requireKeyAndMode(jcre: Jcre, key: number, mode: number): void {
  takeAesKey(jcre, key).fill(0)
  if (mode !== CIPHER_MODE.decrypt && mode !== CIPHER_MODE.encrypt) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
}

function start(jcre: Jcre, cipher: number, key: number, mode: number, iv: Uint8Array): void {
  putHiddenShort(jcre, cipher, KEY, key)
  putHiddenShort(jcre, cipher, MODE, mode)
  jcre.sessions.set(cipher, { chain: iv, pending: new Uint8Array(), hasSeenData: false } satisfies BlockSession)
}

const init: JcreMethod = (jcre, at) => {
  const key = handleAt(jcre, at + 1)
  const mode = byteAt(jcre, at + 2)
  requireKeyAndMode(jcre, key, mode)
  start(jcre, handleAt(jcre, at), key, mode, new Uint8Array(BLOCK_BYTES))
  return 0
}

const initWithIv: JcreMethod = (jcre, at) => {
  const cipher = handleAt(jcre, at)
  const key = handleAt(jcre, at + 1)
  const mode = byteAt(jcre, at + 2)
  const iv = bytesOf(jcre, handleAt(jcre, at + 3), shortAt(jcre, at + 4), shortAt(jcre, at + 5))
  requireKeyAndMode(jcre, key, mode)
  const takesIv = hiddenShort(jcre, cipher, ALGORITHM) === BLOCK_ALGORITHMS.cbc && iv.length === BLOCK_BYTES
  if (!takesIv) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  start(jcre, cipher, key, mode, iv)
  return 0
}

function sessionOf(jcre: Jcre, cipher: number): BlockSession {
  if (hiddenShort(jcre, cipher, MODE) === 0) failCrypto(jcre, CRYPTO.INVALID_INIT)
  let session = jcre.sessions.get(cipher) as BlockSession | undefined
  if (session === undefined) {
    session = { chain: new Uint8Array(BLOCK_BYTES), pending: new Uint8Array(), hasSeenData: false }
    jcre.sessions.set(cipher, session)
  }
  return session
}

/** Runs whole blocks and moves the chaining value on. */
function transform(jcre: Jcre, cipher: number, session: BlockSession, blocks: Uint8Array): Uint8Array {
  if (blocks.length === 0) return blocks
  const { crypto } = jcre
  const key = takeAesKey(jcre, hiddenHandle(jcre, cipher, KEY))
  const isEncrypting = hiddenShort(jcre, cipher, MODE) === CIPHER_MODE.encrypt
  try {
    if (hiddenShort(jcre, cipher, ALGORITHM) === BLOCK_ALGORITHMS.ecb) {
      return isEncrypting ? crypto.aesEcbEncrypt(key, blocks) : crypto.aesEcbDecrypt(key, blocks)
    }
    const result = isEncrypting
      ? crypto.aesCbcEncrypt(key, session.chain, blocks)
      : crypto.aesCbcDecrypt(key, session.chain, blocks)
    session.chain = (isEncrypting ? result : blocks).slice(-BLOCK_BYTES)
    return result
  } finally {
    key.fill(0)
  }
}

function run(isFinal: boolean): JcreMethod {
  return (jcre, at) => {
    const cipher = handleAt(jcre, at)
    const session = sessionOf(jcre, cipher)
    takeAesKey(jcre, hiddenHandle(jcre, cipher, KEY)).fill(0)
    const length = shortAt(jcre, at + 3)
    const input = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
    const all = concatBytes(session.pending, input)
    const whole = all.length - (all.length % BLOCK_BYTES)
    if (isFinal && (whole !== all.length || (all.length === 0 && !session.hasSeenData))) {
      failCrypto(jcre, CRYPTO.ILLEGAL_USE)
    }
    const to = byteRange(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), whole)
    const result = transform(jcre, cipher, session, all.subarray(0, whole))
    putResult(jcre, to, result)
    if (isFinal) jcre.sessions.delete(cipher)
    else {
      session.pending = all.slice(whole)
      session.hasSeenData ||= length > 0
    }
    const written = result.length
    for (const part of [input, all, result]) part.fill(0)
    return written
  }
}

export const aesBlockCipherImplementation: NativeImplementation = {
  id: 2,
  name: CLASS_NAME,
  superClass: 'javacardx/crypto/Cipher',
  hiddenBytes: 6,
  methods: natives({
    'init(Ljavacard/security/Key;B)V': init,
    'init(Ljavacard/security/Key;B[BSS)V': initWithIv,
    'update([BSS[BS)S': run(false),
    'doFinal([BSS[BS)S': run(true),
    'getAlgorithm()B': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), ALGORITHM),
    'getCipherAlgorithm()B': (jcre, at) => {
      return hiddenShort(jcre, handleAt(jcre, at), ALGORITHM) === BLOCK_ALGORITHMS.cbc
        ? CIPHER_ALGORITHMS[BLOCK_ALGORITHMS.cbc]
        : CIPHER_ALGORITHMS[BLOCK_ALGORITHMS.ecb]
    },
    'getPaddingAlgorithm()B': () => PAD_NOPAD,
  }),
}
