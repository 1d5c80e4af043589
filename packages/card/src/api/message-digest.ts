import {
  type HashName,
  type HashSession,
  hashes,
  type ResumableHashName,
  type ResumableHashSession,
} from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { CRYPTO, failCrypto, orFail } from './crypto-exceptions.ts'
import {
  byteAt,
  byteRange,
  bytesOf,
  handleAt,
  hiddenShort,
  type JcreMethod,
  natives,
  newObject,
  putHiddenShort,
  putResult,
  shortAt,
} from './native-call.ts'
import { oneShotMethods, openOneShot } from './one-shot.ts'

/**
 * MessageDigest and InitializedMessageDigest. One hidden cell: the algorithm. What was hashed so far lives in the
 * session, so a reset brings the object back to how it was made.
 */
const DIGEST_CLASS = 'gridcard/MessageDigest'
const INITIALIZED_CLASS = 'gridcard/InitializedMessageDigest'
const ALGORITHM = 0

/** By the constants of MessageDigest; ALG_NULL and ALG_SM3 are not there. */
export const HASH_BY_DIGEST: Readonly<Record<number, HashName>> = {
  1: 'sha1',
  2: 'md5',
  3: 'ripemd160',
  4: 'sha256',
  5: 'sha384',
  6: 'sha512',
  7: 'sha224',
  8: 'sha3-224',
  9: 'sha3-256',
  10: 'sha3-384',
  11: 'sha3-512',
}

export function isResumable(name: HashName): name is ResumableHashName {
  return 'chainingLengthBytes' in hashes[name]
}

/** The longest count of bytes that a state may stand for: beyond, numbers are no longer exact. */
const MOST_COUNT_BYTES = 16

/**
 * The session of a hash that goes on after `byteCount` bytes.
 * @source API InitializedMessageDigest.setInitialDigest: ILLEGAL_VALUE for what is no state
 */
export function resumedHash(jcre: Jcre, name: ResumableHashName, chainingValue: Uint8Array, count: Uint8Array) {
  const { chainingLengthBytes, blockLengthBytes } = hashes[name]
  const byteCount = count.reduce((sum, byte) => sum * 256 + byte, 0)
  const isState =
    chainingValue.length === chainingLengthBytes &&
    count.length <= MOST_COUNT_BYTES &&
    byteCount > 0 &&
    Number.isSafeInteger(byteCount) &&
    byteCount % blockLengthBytes === 0
  if (!isState) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  return jcre.crypto.createResumableHash(name, { chainingValue, byteCount })
}

const hashOf = (jcre: Jcre, digest: number): HashName => HASH_BY_DIGEST[hiddenShort(jcre, digest, ALGORITHM)]!

/** External access needs nothing special: no digest keeps state in CLEAR_ON_DESELECT memory. */
const getInstance =
  (className: string, isThere: (name: HashName) => boolean): JcreMethod =>
  (jcre, at) => {
    const algorithm = byteAt(jcre, at)
    const name = HASH_BY_DIGEST[algorithm]
    if (name === undefined || !isThere(name)) return failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
    const digest = newObject(jcre, className)
    putHiddenShort(jcre, digest, ALGORITHM, algorithm)
    return digest
  }

function sessionOf(jcre: Jcre, digest: number): HashSession {
  let session = jcre.sessions.get(digest) as HashSession | undefined
  if (session === undefined) {
    const name = hashOf(jcre, digest)
    // One that can tell where it stands, if there is such a one.
    session = isResumable(name) ? jcre.crypto.createResumableHash(name) : jcre.crypto.createHash(name)
    jcre.sessions.set(digest, session)
  }
  return session
}

const update: JcreMethod = (jcre, at) => {
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  if (part.length > 0) sessionOf(jcre, handleAt(jcre, at)).update(part)
  part.fill(0)
  return 0
}

const doFinal: JcreMethod = (jcre, at) => {
  const digest = handleAt(jcre, at)
  const name = hashOf(jcre, digest)
  const length = hashes[name].digestLengthBytes
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const to = byteRange(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), length)
  const session = jcre.sessions.get(digest) as HashSession | undefined
  session?.update(part)
  const result = session === undefined ? jcre.crypto.hash(name, part) : session.finish()
  part.fill(0)
  jcre.sessions.delete(digest)
  putResult(jcre, to, result)
  return length
}

const reset: JcreMethod = (jcre, at) => {
  jcre.sessions.delete(handleAt(jcre, at))
  return 0
}

const setInitialDigest: JcreMethod = (jcre, at) => {
  const digest = handleAt(jcre, at)
  const state = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const count = bytesOf(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), shortAt(jcre, at + 6))
  jcre.sessions.set(digest, resumedHash(jcre, hashOf(jcre, digest) as ResumableHashName, state, count))
  return 0
}

/** Where the hash stands: between two blocks only, and not in a sponge. @source API MessageDigest 3.1 */
const doIntermediate: JcreMethod = (jcre, at) => {
  const digest = handleAt(jcre, at)
  const name = hashOf(jcre, digest)
  if (!isResumable(name)) return failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  const session = sessionOf(jcre, digest) as ResumableHashSession // what sessionOf makes of such a name
  const { chainingValue } = orFail(jcre, CRYPTO.ILLEGAL_USE, () => session.state())
  putResult(jcre, byteRange(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), chainingValue.length), chainingValue)
  return chainingValue.length
}

const common: Readonly<Record<string, JcreMethod>> = {
  'update([BSS)V': update,
  'doFinal([BSS[BS)S': doFinal,
  'reset()V': reset,
  'getAlgorithm()B': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), ALGORITHM),
  'getLength()B': (jcre, at) => hashes[hashOf(jcre, handleAt(jcre, at))].digestLengthBytes,
  'doIntermediateMessageDigest([BS)S': doIntermediate,
}

const initialized = { ...common, 'setInitialDigest([BSS[BSS)V': setInitialDigest }

/** MessageDigest.OneShot and InitializedMessageDigest.OneShot, with the one cell that the others have. */
export const DIGEST_ONE_SHOT_HIDDEN_BYTES = 2

function oneShotClass(
  simpleName: string,
  methods: Readonly<Record<string, JcreMethod>>,
  isThere: (name: HashName) => boolean,
): Readonly<Record<string, JcreMethod>> {
  const className = `javacard/security/${simpleName}`
  const open: JcreMethod = (jcre, at) => {
    const algorithm = byteAt(jcre, at)
    const name = HASH_BY_DIGEST[algorithm]
    if (name === undefined || !isThere(name)) return failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
    const oneShot = openOneShot(jcre, className)
    putHiddenShort(jcre, oneShot, ALGORITHM, algorithm)
    return oneShot
  }
  const refused = ['update([BSS)V', 'doIntermediateMessageDigest([BS)S']
  return { [`${simpleName}.open(B)L${className};`]: open, ...oneShotMethods(simpleName, methods, refused) }
}

export const messageDigestMethods: Readonly<Record<string, JcreMethod>> = {
  'MessageDigest.<init>()V': () => 0,
  'InitializedMessageDigest.<init>()V': () => 0,
  'MessageDigest.getInstance(BZ)Ljavacard/security/MessageDigest;': getInstance(DIGEST_CLASS, () => true),
  'MessageDigest.getInitializedMessageDigestInstance(BZ)Ljavacard/security/InitializedMessageDigest;': getInstance(
    INITIALIZED_CLASS,
    isResumable,
  ),
  'MessageDigest.isIntermediateMessageDigestSupported(B)Z': (jcre, at) => {
    const name = HASH_BY_DIGEST[byteAt(jcre, at)]
    return name !== undefined && isResumable(name) ? 1 : 0
  },
  ...oneShotClass('MessageDigest$OneShot', common, () => true),
  ...oneShotClass('InitializedMessageDigest$OneShot', initialized, isResumable),
}

export const messageDigestImplementations: readonly NativeImplementation[] = [
  {
    id: 4,
    name: DIGEST_CLASS,
    superClass: 'javacard/security/MessageDigest',
    hiddenBytes: 2,
    hiddenReferences: [],
    methods: natives(common),
  },
  {
    id: 5,
    name: INITIALIZED_CLASS,
    superClass: 'javacard/security/InitializedMessageDigest',
    hiddenBytes: 2,
    hiddenReferences: [],
    methods: natives(initialized),
  },
]
