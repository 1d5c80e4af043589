import { concatBytes } from '@gridcard/bytes'
import { CryptoPortError } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { takeAesKey } from './aes-key.ts'
import { CIPHER_MODE, requireKeyAndMode } from './block-cipher.ts'
import { PAD } from './block-padding.ts'
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
 * AEADCipher for AES-CCM. Hidden cells: key, mode. All lengths are told in advance, so a message is one of an init:
 *
 * ```
 * init(.., nonce, adataLen, messageLen, tagSize) -> updateAAD -> update -> doFinal: retrieveTag or verifyTag -> init
 * ```
 *
 * As many bytes come out of update and doFinal as went in: the text is encrypted in counter mode, block by block. A reset
 * loses nonce and lengths, so it takes another init, too.
 *
 * @source API AEADCipher 3.0.5; RFC 3610 §2.3
 */
const CLASS_NAME = 'gridcard/AesCcm'
const KEY = 0
const MODE = 1

export const ALG_AES_CCM = -12
export const CIPHER_AES_CCM = -14

interface CcmSession {
  readonly nonce: Uint8Array
  readonly aadLength: number
  readonly messageLength: number
  readonly tagLength: number
  aad: Uint8Array
  /** What was given so far: plaintext, or ciphertext. */
  input: Uint8Array
  hasEnded: boolean
}

export const newAesCcm = (jcre: Jcre): number => newObject(jcre, CLASS_NAME)

const initOnline: JcreMethod = (jcre) => failCrypto(jcre, CRYPTO.INVALID_INIT)

const initOffline: JcreMethod = (jcre, at) => {
  const cipher = handleAt(jcre, at)
  const [key, mode] = [handleAt(jcre, at + 1), byteAt(jcre, at + 2)]
  requireKeyAndMode(jcre, 'aes', key, mode)
  const nonce = bytesOf(jcre, handleAt(jcre, at + 3), shortAt(jcre, at + 4), shortAt(jcre, at + 5))
  const [aadLength, messageLength, tagLength] = [shortAt(jcre, at + 6), shortAt(jcre, at + 7), shortAt(jcre, at + 8)]
  requireLengths(jcre, key, { nonce, aadLength, messageLength, tagLength })
  putHiddenShorts(jcre, cipher, KEY, [key, mode])
  forget(jcre, cipher)
  const session: CcmSession = {
    nonce,
    aadLength,
    messageLength,
    tagLength,
    aad: new Uint8Array(),
    input: new Uint8Array(),
    hasEnded: false,
  }
  jcre.sessions.set(cipher, session)
  return 0
}

/** The port says which lengths there are, on an empty message of that length. */
function requireLengths(
  jcre: Jcre,
  key: number,
  o: Pick<CcmSession, 'nonce' | 'aadLength' | 'messageLength' | 'tagLength'>,
): void {
  if (o.aadLength < 0 || o.messageLength < 0) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  const bytes = takeAesKey(jcre, key)
  try {
    jcre.crypto.ccmSeal(bytes, o.nonce, new Uint8Array(), new Uint8Array(), o.tagLength)
  } catch (error) {
    if (error instanceof CryptoPortError) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
    throw error
  } finally {
    bytes.fill(0)
  }
}

function forget(jcre: Jcre, cipher: number): void {
  const session = jcre.sessions.get(cipher) as CcmSession | undefined
  session?.aad.fill(0)
  session?.input.fill(0)
}

const sessionOf = (jcre: Jcre, cipher: number) => jcre.sessions.get(cipher) as CcmSession | undefined

const updateAad: JcreMethod = (jcre, at) => {
  const session = sessionOf(jcre, handleAt(jcre, at))
  if (session === undefined || session.hasEnded || session.input.length > 0) return failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  if (session.aad.length + part.length > session.aadLength) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  session.aad = concatBytes(session.aad, part)
  return 0
}

/** Counter block 1; block 0 masks the tag. */
function firstCounter(nonce: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(14 - nonce.length), nonce, new Uint8Array(14 - nonce.length), Uint8Array.of(1))
}

function streamed(jcre: Jcre, cipher: number, session: CcmSession, bytes: Uint8Array): Uint8Array {
  const key = takeAesKey(jcre, hiddenHandle(jcre, cipher, KEY))
  try {
    return bytes.length === 0 ? bytes : jcre.crypto.aesCtr(key, firstCounter(session.nonce), bytes)
  } finally {
    key.fill(0)
  }
}

function run(isFinal: boolean): JcreMethod {
  return (jcre, at) => {
    const cipher = handleAt(jcre, at)
    const session = sessionOf(jcre, cipher)
    if (session === undefined || session.hasEnded) return failCrypto(jcre, CRYPTO.INVALID_INIT)
    const length = shortAt(jcre, at + 3)
    const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
    const to = byteRange(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), length)
    const all = concatBytes(session.input, part)
    const isComplete = isFinal ? all.length === session.messageLength : all.length <= session.messageLength
    const hasAad = session.aad.length === session.aadLength || (!isFinal && length === 0)
    if (!isComplete || !hasAad) failCrypto(jcre, CRYPTO.ILLEGAL_USE)
    const result = streamed(jcre, cipher, session, all).slice(session.input.length)
    putResult(jcre, to, result)
    session.input = all
    session.hasEnded = isFinal
    part.fill(0)
    result.fill(0)
    return length
  }
}

/** The tag of a message that has ended in this mode. */
function tagOf(jcre: Jcre, cipher: number, mode: number): { tag: Uint8Array; session: CcmSession } {
  const session = sessionOf(jcre, cipher)
  if (session?.hasEnded !== true || hiddenShort(jcre, cipher, MODE) !== mode)
    return failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  const plaintext = mode === CIPHER_MODE.encrypt ? session.input : streamed(jcre, cipher, session, session.input)
  const key = takeAesKey(jcre, hiddenHandle(jcre, cipher, KEY))
  try {
    const sealed = jcre.crypto.ccmSeal(key, session.nonce, session.aad, plaintext, session.tagLength)
    return { tag: sealed.slice(-session.tagLength), session }
  } finally {
    key.fill(0)
    if (plaintext !== session.input) plaintext.fill(0)
  }
}

/** A tag has the length that was announced, no other: it goes into the tag itself. */
const retrieveTag: JcreMethod = (jcre, at) => {
  const { tag, session } = tagOf(jcre, handleAt(jcre, at), CIPHER_MODE.encrypt)
  if (shortAt(jcre, at + 3) !== session.tagLength) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  putResult(jcre, byteRange(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), tag.length), tag)
  return tag.length
}

const verifyTag: JcreMethod = (jcre, at) => {
  const { tag, session } = tagOf(jcre, handleAt(jcre, at), CIPHER_MODE.decrypt)
  const [length, required] = [shortAt(jcre, at + 3), shortAt(jcre, at + 4)]
  if (length !== session.tagLength || required !== session.tagLength) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  const received = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
  return jcre.crypto.constantTimeEqual(tag, received) ? 1 : 0
}

export const aesCcmImplementation: NativeImplementation = {
  id: 26,
  name: CLASS_NAME,
  superClass: 'javacardx/crypto/AEADCipher',
  hiddenBytes: 4,
  hiddenReferences: [KEY],
  methods: natives({
    'init(Ljavacard/security/Key;B)V': initOnline,
    'init(Ljavacard/security/Key;B[BSS)V': initOnline,
    'init(Ljavacard/security/Key;B[BSSSSS)V': initOffline,
    'updateAAD([BSS)V': updateAad,
    'update([BSS[BS)S': run(false),
    'doFinal([BSS[BS)S': run(true),
    'retrieveTag([BSS)S': retrieveTag,
    'verifyTag([BSSS)Z': verifyTag,
    'getAlgorithm()B': () => ALG_AES_CCM,
    'getCipherAlgorithm()B': () => CIPHER_AES_CCM,
    'getPaddingAlgorithm()B': () => PAD.NULL,
  }),
}
