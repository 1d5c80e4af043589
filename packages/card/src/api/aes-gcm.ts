import { concatBytes } from '@gridcard/bytes'
import type { GcmDecryptor, GcmEncryptor } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { aesKeyLength, openGcmKey, takeAesKey } from './aes-key.ts'
import { CIPHER_MODE, requireKeyAndMode } from './block-cipher.ts'
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
  putHiddenShorts,
  putResult,
  shortAt,
} from './native-call.ts'

/**
 * AEADCipher for AES-GCM. Hidden cells: key, mode. A message goes through these phases:
 *
 * ```
 * init -> aad (updateAAD) -> text (update) -> done (doFinal): retrieveTag or verifyTag -> init
 * ```
 *
 * After doFinal another message needs another init: going on with the same key and IV would give the key stream away.
 * After a reset the object has its key and mode and an IV of zeros, as the documentation says.
 *
 * @source API AEADCipher 3.0.5, 3.2
 */
const CLASS_NAME = 'gridcard/AesGcm'
const KEY = 0
const MODE = 1

export const ALG_AES_GCM = -13
export const CIPHER_AES_GCM = -15
const PAD_NULL = 0
/** 12 is right; a shorter one than 8 the port does not take. */
const IV_BYTES = 12
const LEAST_IV_BYTES = 8
const MOST_IV_BYTES = 128
/** @source NIST SP 800-38D §5.2.1.2 */
const TAG_LENGTHS: readonly number[] = [4, 8, 12, 13, 14, 15, 16]
const WHOLE_TAG_BYTES = 16

interface GcmSession {
  phase: 'aad' | 'text' | 'done'
  readonly iv: Uint8Array
  aad: Uint8Array
  encryptor?: GcmEncryptor
  decryptor?: GcmDecryptor
  /** What was decrypted: the tag's length is only known once it is to be verified. */
  ciphertext: Uint8Array
  tag?: Uint8Array
}

const newSession = (iv: Uint8Array): GcmSession => ({
  phase: 'aad',
  iv,
  aad: new Uint8Array(),
  ciphertext: new Uint8Array(),
})

export function newAesGcm(jcre: Jcre): number {
  return newObject(jcre, CLASS_NAME)
}

function start(jcre: Jcre, at: number, iv: Uint8Array): number {
  const cipher = handleAt(jcre, at)
  const key = handleAt(jcre, at + 1)
  const mode = byteAt(jcre, at + 2)
  requireKeyAndMode(jcre, 'aes', key, mode)
  if (iv.length < LEAST_IV_BYTES || iv.length > MOST_IV_BYTES) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  if (aesKeyLength(jcre, key) > 32) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  putHiddenShorts(jcre, cipher, KEY, [key, mode])
  forget(jcre.sessions.get(cipher) as GcmSession | undefined)
  jcre.sessions.set(cipher, newSession(iv))
  return 0
}

/** Additional data may hold an authentication key, ciphertext what became of a secret. */
function forget(session: GcmSession | undefined): void {
  session?.aad.fill(0)
  session?.ciphertext.fill(0)
}

const init: JcreMethod = (jcre, at) => start(jcre, at, new Uint8Array(IV_BYTES))

const initWithIv: JcreMethod = (jcre, at) => {
  return start(jcre, at, bytesOf(jcre, handleAt(jcre, at + 3), shortAt(jcre, at + 4), shortAt(jcre, at + 5)))
}

/** All lengths in advance: for modes that need them, which GCM does not. */
const initOffline: JcreMethod = (jcre) => failCrypto(jcre, CRYPTO.INVALID_INIT)

function sessionOf(jcre: Jcre, cipher: number): GcmSession | undefined {
  if (hiddenShort(jcre, cipher, MODE) === 0) return undefined
  let session = jcre.sessions.get(cipher) as GcmSession | undefined
  if (session === undefined) {
    session = newSession(new Uint8Array(IV_BYTES))
    jcre.sessions.set(cipher, session)
  }
  return session
}

const updateAad: JcreMethod = (jcre, at) => {
  const session = sessionOf(jcre, handleAt(jcre, at))
  if (session?.phase !== 'aad') return failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const before = session.aad
  session.aad = concatBytes(before, part)
  for (const old of [before, part]) old.fill(0)
  return 0
}

/** With the first text, or none at all: the additional data is complete. */
function beginText(jcre: Jcre, cipher: number, session: GcmSession): void {
  const key = openGcmKey(jcre, hiddenHandle(jcre, cipher, KEY))
  if (hiddenShort(jcre, cipher, MODE) === CIPHER_MODE.encrypt) {
    session.encryptor = key.createEncryptor(session.iv, session.aad)
  } else session.decryptor = key.createDecryptor(session.iv, session.aad, WHOLE_TAG_BYTES)
  session.phase = 'text'
}

function run(isFinal: boolean): JcreMethod {
  return (jcre, at) => {
    const cipher = handleAt(jcre, at)
    const session = sessionOf(jcre, cipher)
    if (session === undefined || session.phase === 'done') return failCrypto(jcre, CRYPTO.INVALID_INIT)
    takeAesKey(jcre, hiddenHandle(jcre, cipher, KEY)).fill(0)
    const length = shortAt(jcre, at + 3)
    const input = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
    const to = byteRange(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), length)
    if (session.phase === 'aad' && (isFinal || length > 0)) beginText(jcre, cipher, session)
    if (length > 0) {
      const result = session.encryptor ? session.encryptor.update(input) : session.decryptor!.update(input)
      if (session.decryptor) {
        const before = session.ciphertext
        session.ciphertext = concatBytes(before, input)
        before.fill(0)
      }
      putResult(jcre, to, result)
      result.fill(0)
    }
    input.fill(0)
    if (isFinal) {
      session.phase = 'done'
      if (session.encryptor) {
        session.tag = session.encryptor.finish()
        forget(session)
      }
    }
    return length
  }
}

/** The session of a message that has ended in this mode. */
function finished(jcre: Jcre, cipher: number, mode: number): GcmSession {
  const session = sessionOf(jcre, cipher)
  const isRight = session?.phase === 'done' && hiddenShort(jcre, cipher, MODE) === mode
  return isRight ? session : failCrypto(jcre, CRYPTO.ILLEGAL_USE)
}

const retrieveTag: JcreMethod = (jcre, at) => {
  const session = finished(jcre, handleAt(jcre, at), CIPHER_MODE.encrypt)
  const length = shortAt(jcre, at + 3)
  if (!TAG_LENGTHS.includes(length)) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  const to = byteRange(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
  putResult(jcre, to, session.tag!.subarray(0, length))
  return length
}

/** All bytes received have to be right; fewer than required are not enough. */
const verifyTag: JcreMethod = (jcre, at) => {
  const cipher = handleAt(jcre, at)
  const session = finished(jcre, cipher, CIPHER_MODE.decrypt)
  const received = shortAt(jcre, at + 3)
  const required = shortAt(jcre, at + 4)
  if (!TAG_LENGTHS.includes(received) || !TAG_LENGTHS.includes(required)) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  const tag = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), received)
  if (received < required) return 0
  const key = openGcmKey(jcre, hiddenHandle(jcre, cipher, KEY))
  const verifier = key.createDecryptor(session.iv, session.aad, received)
  verifier.update(session.ciphertext).fill(0)
  return verifier.verify(tag) ? 1 : 0
}

export const aesGcmImplementation: NativeImplementation = {
  id: 3,
  name: CLASS_NAME,
  superClass: 'javacardx/crypto/AEADCipher',
  hiddenBytes: 4,
  hiddenReferences: [KEY],
  methods: natives({
    'init(Ljavacard/security/Key;B)V': init,
    'init(Ljavacard/security/Key;B[BSS)V': initWithIv,
    'init(Ljavacard/security/Key;B[BSSSSS)V': initOffline,
    'updateAAD([BSS)V': updateAad,
    'update([BSS[BS)S': run(false),
    'doFinal([BSS[BS)S': run(true),
    'retrieveTag([BSS)S': retrieveTag,
    'verifyTag([BSSS)Z': verifyTag,
    'getAlgorithm()B': () => ALG_AES_GCM,
    'getCipherAlgorithm()B': () => CIPHER_AES_GCM,
    'getPaddingAlgorithm()B': () => PAD_NULL,
  }),
}
