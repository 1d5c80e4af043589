import { concatBytes } from '@gridcard/bytes'
import {
  hashes,
  isSaltedRecovery,
  recoverableEncoded,
  recovered,
  saltedRecoverableEncoded,
  saltedRecovered,
} from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { BlockMac, isDesMac } from './block-mac.ts'
import { PAD } from './block-padding.ts'
import { CRYPTO, failCrypto, orFail } from './crypto-exceptions.ts'
import { GatheredMessage } from './gathered-message.ts'
import { isResumable, resumedHash } from './message-digest.ts'
import {
  byteAt,
  byteRange,
  bytesOf,
  handleAt,
  type JcreMethod,
  natives,
  newObject,
  putResult,
  shortAt,
} from './native-call.ts'
import { spendOnKey } from './native-cost.ts'
import { openRsaPrivateKey, openRsaPublicKey } from './rsa-keys.ts'
import { putShortElement, shortElementAddress } from './short-arrays.ts'
import {
  eddsaSign,
  eddsaVerify,
  isSalted,
  recoverableRoom,
  recoverySchemeOf,
  requireFittingKey,
  signatureLength,
  signerOf,
  takeMacKey,
  verifierOf,
} from './signature-keys.ts'
import {
  algorithmOf,
  familyOf,
  findScheme,
  hashOf,
  isRawEcdsa,
  isScheme,
  recoversMessages,
  SIG_CIPHER,
  type SignatureScheme,
} from './signature-schemes.ts'
import {
  endMessage,
  putInit,
  putScheme,
  SIGNATURE_HIDDEN_BYTES,
  SIGNATURE_HIDDEN_REFERENCES,
  SIGNATURE_MODE,
  type SignatureSession,
  schemeOf,
  sessionOf,
  type Work,
  workOf,
} from './signature-state.ts'

/** Signature: MACs, ECDSA, EdDSA, DSA and RSA. Those with message recovery have a class of their own. */
const CLASS_NAME = 'gridcard/Signature'
const RECOVERY_CLASS_NAME = 'gridcard/RecoverySignature'
const SALT_BYTES = 2
/** EdDSA runs over a message twice; a card has no more memory than this. */
const MOST_WHOLE_BYTES = 32_767

// ---- making one

function newSignature(jcre: Jcre, scheme: SignatureScheme | undefined): number {
  if (scheme === undefined || !isScheme(scheme)) return failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  const signature = newObject(jcre, recoversMessages(scheme) ? RECOVERY_CLASS_NAME : CLASS_NAME)
  putScheme(jcre, signature, scheme)
  return signature
}

export const signatureMethods: Readonly<Record<string, JcreMethod>> = {
  'Signature.<init>()V': () => 0,
  'Signature.getInstance(BZ)Ljavacard/security/Signature;': (jcre, at) => {
    return newSignature(jcre, findScheme(byteAt(jcre, at)))
  },
  'Signature.getInstance(BBBZ)Ljavacard/security/Signature;': (jcre, at) => {
    const [digest, cipher, padding] = [byteAt(jcre, at), byteAt(jcre, at + 1), byteAt(jcre, at + 2)]
    return newSignature(jcre, { digest, cipher, padding })
  },
}

// ---- init

function start(jcre: Jcre, at: number, parameters: Uint8Array | undefined): number {
  const signature = handleAt(jcre, at)
  const key = handleAt(jcre, at + 1)
  const mode = byteAt(jcre, at + 2)
  const scheme = schemeOf(jcre, signature)
  if (mode !== SIGNATURE_MODE.sign && mode !== SIGNATURE_MODE.verify) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  requireFittingKey(jcre, scheme, key, mode === SIGNATURE_MODE.sign)
  const salt = saltLength(jcre, scheme, parameters)
  putInit(jcre, signature, { key, mode, salt })
  endMessage(jcre, signature)
  if (familyOf(scheme) === 'block-mac') jcre.sessions.set(signature, { blockMac: new BlockMac(scheme, parameters) })
  return 0
}

/** Checks the parameters of an init, too: an IV for MACs except CMAC, two bytes for PSS, none for all others. */
function saltLength(jcre: Jcre, scheme: SignatureScheme, parameters: Uint8Array | undefined): number {
  const isPss = scheme.padding === PAD.PKCS1_PSS
  if (parameters === undefined) return isPss ? hashes[hashOf(scheme)].digestLengthBytes : 0
  if (isPss && parameters.length === SALT_BYTES) return new DataView(parameters.buffer).getInt16(0) & 0x7fff
  const ivBytes = isDesMac(scheme) ? 8 : scheme.cipher === SIG_CIPHER.AES_MAC128 ? 16 : -1
  return parameters.length === ivBytes ? 0 : failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
}

const init: JcreMethod = (jcre, at) => start(jcre, at, undefined)
const initWithParameters: JcreMethod = (jcre, at) => {
  return start(jcre, at, bytesOf(jcre, handleAt(jcre, at + 3), shortAt(jcre, at + 4), shortAt(jcre, at + 5)))
}

// ---- the message

function gatheredOf(jcre: Jcre, scheme: SignatureScheme, session: SignatureSession): GatheredMessage {
  // Without a hash the message is a digest, and short; hashing a longer one only keeps memory bounded.
  session.gathered ??= new GatheredMessage(jcre.crypto, isRawEcdsa(scheme) ? 'sha512' : hashOf(scheme))
  return session.gathered
}

function feedMac(jcre: Jcre, { scheme, key }: Work, session: SignatureSession, part: Uint8Array): void {
  const bytes = takeMacKey(jcre, scheme, key)
  try {
    if (scheme.cipher === SIG_CIPHER.HMAC) {
      session.hmac ??= jcre.crypto.createHmac(hashOf(scheme), bytes)
      session.hmac.update(part)
    } else {
      session.blockMac ??= new BlockMac(scheme)
      session.blockMac.update(jcre.crypto, bytes, part)
    }
  } finally {
    bytes.fill(0)
  }
}

function feed(jcre: Jcre, work: Work, part: Uint8Array): SignatureSession {
  const session = sessionOf(jcre, work.signature)
  switch (familyOf(work.scheme)) {
    case 'block-mac':
    case 'hmac':
      feedMac(jcre, work, session, part)
      return session
    case 'eddsa': {
      const before = session.whole ?? new Uint8Array()
      if (before.length + part.length > MOST_WHOLE_BYTES) failCrypto(jcre, CRYPTO.ILLEGAL_USE)
      session.whole = concatBytes(before, part)
      before.fill(0)
      return session
    }
    case 'recovery': {
      const room = roomOf(jcre, work)
      const beginning = session.beginning ?? new Uint8Array()
      const taken = part.subarray(0, room - beginning.length)
      session.beginning = concatBytes(beginning, taken)
      session.length = (session.length ?? 0) + part.length
      // Schemes 2 and 3 hash what does not travel in the signature apart.
      const hashed = isSalted(recoverySchemeOf(work.scheme)) ? part.subarray(taken.length) : part
      gatheredOf(jcre, work.scheme, session).update(hashed)
      return session
    }
    default:
      gatheredOf(jcre, work.scheme, session).update(part)
      return session
  }
}

/** The MAC of what was fed, which ends here; ILLEGAL_USE if it is not whole blocks and nothing pads it. */
function finishedMac(jcre: Jcre, { signature, scheme, key }: Work, session: SignatureSession): Uint8Array {
  jcre.sessions.delete(signature)
  if (session.hmac) return session.hmac.finish()
  const bytes = takeMacKey(jcre, scheme, key)
  try {
    return session.blockMac!.finish(jcre.crypto, bytes) ?? failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  } finally {
    bytes.fill(0)
  }
}

// ---- message recovery

const operationsOf = (jcre: Jcre, { key, isSigning }: Work) => {
  return isSigning ? openRsaPrivateKey(jcre, key) : openRsaPublicKey(jcre, key)
}
const roomOf = (jcre: Jcre, work: Work): number => {
  return recoverableRoom(recoverySchemeOf(work.scheme), operationsOf(jcre, work).modulusLengthBytes)
}

function recoverySignature(jcre: Jcre, work: Work, session: SignatureSession): Uint8Array {
  const operations = openRsaPrivateKey(jcre, work.key)
  spendOnKey(jcre, work.key)
  const { beginning = new Uint8Array(), length = 0 } = session
  const scheme = recoverySchemeOf(work.scheme)
  const digest = gatheredOf(jcre, work.scheme, session).digest()
  if (isSalted(scheme)) {
    const o = { beginning, restDigest: digest, salt: jcre.crypto.randomBytes(scheme.saltLengthBytes) }
    return operations.transform(saltedRecoverableEncoded(jcre.crypto.hash, scheme, o, operations.modulusLengthBytes))
  }
  const isWhole = length === beginning.length
  return operations.transform(recoverableEncoded(scheme, beginning, isWhole, digest, operations.modulusLengthBytes))
}

/** What stands in a signature; undefined if it is none. */
function openedSignature(jcre: Jcre, work: Work, signature: Uint8Array) {
  const operations = openRsaPublicKey(jcre, work.key)
  spendOnKey(jcre, work.key)
  if (signature.length !== operations.modulusLengthBytes) return undefined
  const scheme = recoverySchemeOf(work.scheme)
  try {
    const block = operations.transform(signature)
    if (!isSalted(scheme)) return recovered(scheme, block)
    const found = saltedRecovered(jcre.crypto.hash, scheme, block)
    return found && { ...found, message: found.beginning }
  } catch {
    return undefined // not smaller than the modulus
  }
}

/** The message is known whole: what the signature holds of it has to be its beginning. */
function isRecoverySignature(jcre: Jcre, work: Work, session: SignatureSession, received: Uint8Array): boolean {
  const found = openedSignature(jcre, work, received)
  const { beginning = new Uint8Array(), length = 0 } = session
  // Without SignatureMessageRecovery there is scheme 1 only.
  if (found === undefined || !('digest' in found) || found.isWhole !== (length === beginning.length)) return false
  const { constantTimeEqual } = jcre.crypto
  const digest = gatheredOf(jcre, work.scheme, session).digest()
  return constantTimeEqual(found.message, beginning) && constantTimeEqual(found.digest, digest)
}

// ---- methods

const update: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at)
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  requireKeyIsSet(jcre, work)
  if (part.length > 0) feed(jcre, work, part)
  part.fill(0)
  return 0
}

/** A transient key may have been cleared since the last init. */
function requireKeyIsSet(jcre: Jcre, { scheme, key, isSigning }: Work): void {
  requireFittingKey(jcre, scheme, key, isSigning)
}

function signed(jcre: Jcre, work: Work, session: SignatureSession): Uint8Array {
  const { scheme, key, salt } = work
  spendOnKey(jcre, key)
  switch (familyOf(scheme)) {
    case 'block-mac':
    case 'hmac':
      return finishedMac(jcre, work, session)
    case 'eddsa':
      return eddsaSign(jcre, scheme, key, session.whole ?? new Uint8Array())
    case 'recovery':
      return recoverySignature(jcre, work, session)
    default: {
      const signer = signerOf(jcre, scheme, key, salt)
      const gathered = gatheredOf(jcre, scheme, session)
      return orFail(jcre, CRYPTO.ILLEGAL_USE, () => signer.sign(gathered))
    }
  }
}

const sign: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at, SIGNATURE_MODE.sign)
  requireKeyIsSet(jcre, work)
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const array = handleAt(jcre, at + 4)
  const offset = shortAt(jcre, at + 5)
  const { scheme } = work
  // DER has no length before it is made; all others are refused before the message ends.
  const isDer = scheme.cipher === SIG_CIPHER.ECDSA || scheme.cipher === SIG_CIPHER.DSA
  byteRange(jcre, array, offset, isDer ? 0 : signatureLength(jcre, scheme, work.key))
  const session = feed(jcre, work, part)
  part.fill(0)
  const result = signed(jcre, work, session)
  const to = byteRange(jcre, array, offset, result.length)
  endMessage(jcre, work.signature)
  putResult(jcre, to, result)
  return result.length
}

function isVerified(jcre: Jcre, work: Work, session: SignatureSession, received: Uint8Array): boolean {
  const { scheme, key, salt } = work
  spendOnKey(jcre, key)
  switch (familyOf(scheme)) {
    case 'block-mac':
    case 'hmac':
      return jcre.crypto.constantTimeEqual(finishedMac(jcre, work, session), received)
    case 'eddsa':
      return eddsaVerify(jcre, scheme, key, session.whole ?? new Uint8Array(), received)
    case 'recovery':
      return isRecoverySignature(jcre, work, session, received)
    default: {
      const verifier = verifierOf(jcre, scheme, key, salt)
      const gathered = gatheredOf(jcre, scheme, session)
      return orFail(jcre, CRYPTO.ILLEGAL_USE, () => verifier.verify(gathered, received))
    }
  }
}

const verify: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at, SIGNATURE_MODE.verify)
  requireKeyIsSet(jcre, work)
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const received = bytesOf(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), shortAt(jcre, at + 6))
  const session = feed(jcre, work, part)
  part.fill(0)
  const result = isVerified(jcre, work, session, received)
  endMessage(jcre, work.signature)
  return result ? 1 : 0
}

/** A digest made elsewhere; what was fed before is dropped. */
function precomputed(jcre: Jcre, at: number, work: Work): Uint8Array {
  const digest = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  if (!isOverDigest(work.scheme) || digest.length !== hashes[hashOf(work.scheme)].digestLengthBytes) {
    failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  }
  endMessage(jcre, work.signature)
  spendOnKey(jcre, work.key)
  return digest
}

function isOverDigest(scheme: SignatureScheme): boolean {
  const family = familyOf(scheme)
  return (family === 'ecdsa' && !isRawEcdsa(scheme)) || family === 'rsa' || family === 'dsa'
}

const signPreComputedHash: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at, SIGNATURE_MODE.sign)
  const digest = precomputed(jcre, at, work)
  const signer = signerOf(jcre, work.scheme, work.key, work.salt)
  const result = orFail(jcre, CRYPTO.ILLEGAL_USE, () => signer.signDigest(digest))
  putResult(jcre, byteRange(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), result.length), result)
  return result.length
}

const verifyPreComputedHash: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at, SIGNATURE_MODE.verify)
  const received = bytesOf(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), shortAt(jcre, at + 6))
  const digest = precomputed(jcre, at, work)
  const verifier = verifierOf(jcre, work.scheme, work.key, work.salt)
  return orFail(jcre, CRYPTO.ILLEGAL_USE, () => verifier.verifyDigest(digest, received)) ? 1 : 0
}

const setInitialDigest: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at)
  requireKeyIsSet(jcre, work)
  const state = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const count = bytesOf(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), shortAt(jcre, at + 6))
  const name = isOverDigest(work.scheme) ? hashOf(work.scheme) : undefined
  if (name === undefined || !isResumable(name)) return failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  const session = resumedHash(jcre, name, state, count)
  jcre.sessions.set(work.signature, { gathered: GatheredMessage.after(jcre.crypto, name, session) })
  return 0
}

const getLength: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at)
  requireKeyIsSet(jcre, work)
  return signatureLength(jcre, work.scheme, work.key)
}

/** Methods of Signature; also of its one-shot objects. */
export const commonSignatureMethods: Readonly<Record<string, JcreMethod>> = {
  'init(Ljavacard/security/Key;B)V': init,
  'init(Ljavacard/security/Key;B[BSS)V': initWithParameters,
  'update([BSS)V': update,
  'sign([BSS[BS)S': sign,
  'verify([BSS[BSS)Z': verify,
  'signPreComputedHash([BSS[BS)S': signPreComputedHash,
  'verifyPreComputedHash([BSS[BSS)Z': verifyPreComputedHash,
  'setInitialDigest([BSS[BSS)V': setInitialDigest,
  'getLength()S': getLength,
  'getAlgorithm()B': (jcre, at) => algorithmOf(schemeOf(jcre, handleAt(jcre, at))),
  'getMessageDigestAlgorithm()B': (jcre, at) => schemeOf(jcre, handleAt(jcre, at)).digest,
  'getCipherAlgorithm()B': (jcre, at) => schemeOf(jcre, handleAt(jcre, at)).cipher,
  'getPaddingAlgorithm()B': (jcre, at) => schemeOf(jcre, handleAt(jcre, at)).padding,
}

// ---- SignatureMessageRecovery

/** Signature first, then how much of the message travels in it. */
const signRecoverable: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at, SIGNATURE_MODE.sign)
  requireKeyIsSet(jcre, work)
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const to = byteRange(
    jcre,
    handleAt(jcre, at + 4),
    shortAt(jcre, at + 5),
    signatureLength(jcre, work.scheme, work.key),
  )
  const [lengths, index] = [handleAt(jcre, at + 6), shortAt(jcre, at + 7)]
  const lengthAddress = shortElementAddress(jcre, lengths, index)
  const session = feed(jcre, work, part)
  part.fill(0)
  const result = recoverySignature(jcre, work, session)
  const recoverable = session.beginning?.length ?? 0
  endMessage(jcre, work.signature)
  putResult(jcre, to, result)
  putShortElement(jcre, lengthAddress, recoverable)
  return result.length
}

/** Writes the recovered part over the signature, and begins the digest with it. */
const beginVerify: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at)
  if (work.isSigning) failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  requireKeyIsSet(jcre, work)
  const [array, offset] = [handleAt(jcre, at + 1), shortAt(jcre, at + 2)]
  const signature = bytesOf(jcre, array, offset, shortAt(jcre, at + 3))
  endMessage(jcre, work.signature)
  const found = openedSignature(jcre, work, signature)
  if (found === undefined) return failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  const session = sessionOf(jcre, work.signature)
  session.recovered = found
  session.length = 0
  const gathered = gatheredOf(jcre, work.scheme, session)
  if ('digest' in found) gathered.update(found.message)
  putResult(jcre, byteRange(jcre, array, offset, found.message.length), found.message)
  return found.message.length
}

/** ILLEGAL_USE before beginVerify. */
function begun(jcre: Jcre, work: Work): SignatureSession {
  const session = sessionOf(jcre, work.signature)
  return session.recovered === undefined ? failCrypto(jcre, CRYPTO.ILLEGAL_USE) : session
}

const updateRecoverable: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at)
  if (work.isSigning) return update(jcre, at)
  const session = begun(jcre, work)
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  session.length = (session.length ?? 0) + part.length
  gatheredOf(jcre, work.scheme, session).update(part)
  return 0
}

const verifyRecovered: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at, SIGNATURE_MODE.verify)
  const session = begun(jcre, work)
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const gathered = gatheredOf(jcre, work.scheme, session)
  gathered.update(part)
  const found = session.recovered!
  const hasRest = (session.length ?? 0) + part.length > 0
  const scheme = recoverySchemeOf(work.scheme)
  const isRight =
    'digest' in found
      ? jcre.crypto.constantTimeEqual(gathered.digest(), found.digest) && !(found.isWhole && hasRest)
      : isSalted(scheme) && isSaltedRecovery(jcre.crypto.hash, scheme, found, gathered.digest())
  endMessage(jcre, work.signature)
  return isRight ? 1 : 0
}

const refuse: JcreMethod = (jcre) => failCrypto(jcre, CRYPTO.ILLEGAL_USE)

export const signatureImplementations: readonly NativeImplementation[] = [
  {
    id: 9,
    name: CLASS_NAME,
    superClass: 'javacard/security/Signature',
    hiddenBytes: SIGNATURE_HIDDEN_BYTES,
    hiddenReferences: SIGNATURE_HIDDEN_REFERENCES,
    methods: natives(commonSignatureMethods),
  },
  {
    id: 27,
    name: RECOVERY_CLASS_NAME,
    superClass: 'javacard/security/Signature',
    interfaces: ['javacard/security/SignatureMessageRecovery'],
    hiddenBytes: SIGNATURE_HIDDEN_BYTES,
    hiddenReferences: SIGNATURE_HIDDEN_REFERENCES,
    methods: natives({
      ...commonSignatureMethods,
      'update([BSS)V': updateRecoverable,
      'beginVerify([BSS)S': beginVerify,
      'sign([BSS[BS[SS)S': signRecoverable,
      'verify([BSS)Z': verifyRecovered,
      'init(Ljavacard/security/Key;B[BSS)V': refuse,
      'sign([BSS[BS)S': refuse,
      'verify([BSS[BSS)Z': refuse,
      'setInitialDigest([BSS[BSS)V': refuse,
      'signPreComputedHash([BSS[BS)S': refuse,
      'verifyPreComputedHash([BSS[BSS)Z': refuse,
    }),
  },
]
