import { type EcdsaScheme, type HashSession, hashes, type MacSession, type RsaSignatureScheme } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { BlockMac, isAlgorithm3, isDesMac, macLength } from './block-mac.ts'
import { PAD } from './block-padding.ts'
import { CRYPTO, failCrypto, orFail } from './crypto-exceptions.ts'
import { takeEcKey } from './ec-keys.ts'
import { requireKey } from './key-parts.ts'
import { isResumable, resumedHash } from './message-digest.ts'
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
import { openRsaPrivateKey, openRsaPublicKey, requireRsaKeyIsSet } from './rsa-keys.ts'
import { takeSecretKey } from './secret-keys.ts'
import { algorithmOf, findScheme, hashOf, isScheme, SIG_CIPHER, type SignatureScheme } from './signature-schemes.ts'

/**
 * Signature: MACs, ECDSA and RSA. Hidden cells: the scheme, key, mode and salt length of the last init, which persist;
 * the message so far lives in the session, and is gone after a reset.
 */
const CLASS_NAME = 'gridcard/Signature'
const DIGEST = 0
const CIPHER = 1
const PADDING = 2
const KEY = 3
const MODE = 4
/** For PSS. */
const SALT = 5

const SIGNATURE_MODE = { sign: 1, verify: 2 } as const
const SALT_BYTES = 2

interface SignatureSession {
  blockMac?: BlockMac
  hmac?: MacSession
  hash?: HashSession
}

const schemeOf = (jcre: Jcre, signature: number): SignatureScheme => ({
  digest: hiddenShort(jcre, signature, DIGEST),
  cipher: hiddenShort(jcre, signature, CIPHER),
  padding: hiddenShort(jcre, signature, PADDING),
})

type Family = 'block-mac' | 'hmac' | 'ecdsa' | 'rsa'

function familyOf({ cipher }: SignatureScheme): Family {
  if (cipher === SIG_CIPHER.HMAC) return 'hmac'
  if (cipher === SIG_CIPHER.RSA) return 'rsa'
  return cipher === SIG_CIPHER.ECDSA || cipher === SIG_CIPHER.ECDSA_PLAIN ? 'ecdsa' : 'block-mac'
}

// ---- making one

function newSignature(jcre: Jcre, scheme: SignatureScheme | undefined): number {
  if (scheme === undefined || !isScheme(scheme)) return failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  const signature = newObject(jcre, CLASS_NAME)
  putHiddenShort(jcre, signature, DIGEST, scheme.digest)
  putHiddenShort(jcre, signature, CIPHER, scheme.cipher)
  putHiddenShort(jcre, signature, PADDING, scheme.padding)
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

// ---- keys

/** The key that a scheme takes for a MAC; the caller wipes it. */
function takeMacKey(jcre: Jcre, scheme: SignatureScheme, key: number): Uint8Array {
  const bytes = takeSecretKey(jcre, key, scheme.cipher === SIG_CIPHER.HMAC ? 'hmac' : isDesMac(scheme) ? 'des' : 'aes')
  if (isAlgorithm3(scheme) && bytes.length !== 16) {
    bytes.fill(0)
    failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  }
  return bytes
}

function ecdsaScheme(jcre: Jcre, scheme: SignatureScheme, key: number, isSigning: boolean) {
  const parts = takeEcKey(jcre, key, isSigning ? 'ec-private' : 'ec-public')
  const encoding = scheme.cipher === SIG_CIPHER.ECDSA_PLAIN ? 'plain' : 'der'
  return { ...parts, ecdsa: { domain: parts.domain, hash: hashOf(scheme), encoding } satisfies EcdsaScheme }
}

function rsaScheme(scheme: SignatureScheme, saltLengthBytes: number): RsaSignatureScheme {
  const hash = hashOf(scheme)
  return scheme.padding === PAD.PKCS1 ? { padding: 'pkcs1', hash } : { padding: 'pss', hash, saltLengthBytes }
}

/** Looks at the key of an init: of the right kind, set, and a key at all. */
function requireFittingKey(jcre: Jcre, scheme: SignatureScheme, key: number, isSigning: boolean): void {
  const { crypto } = jcre
  switch (familyOf(scheme)) {
    case 'ecdsa': {
      const { ecdsa, value } = ecdsaScheme(jcre, scheme, key, isSigning)
      orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => {
        return isSigning ? crypto.createEcdsaSigner(ecdsa, value) : crypto.createEcdsaVerifier(ecdsa, value)
      })
      value.fill(0)
      return
    }
    case 'rsa':
      if (isSigning) openRsaPrivateKey(jcre, key)
      else openRsaPublicKey(jcre, key)
      return
    default:
      takeMacKey(jcre, scheme, key).fill(0)
  }
}

/** A transient key may have been cleared since the last init. */
function requireKeyIsSet(jcre: Jcre, scheme: SignatureScheme, key: number): void {
  const family = familyOf(scheme)
  if (family === 'rsa') requireRsaKeyIsSet(jcre, key)
  else if (family === 'ecdsa') {
    const kind = requireKey(jcre, key)
    takeEcKey(jcre, key, kind === 'ec-private' ? kind : 'ec-public').value.fill(0)
  } else takeMacKey(jcre, scheme, key).fill(0)
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
  putHiddenShort(jcre, signature, KEY, key)
  putHiddenShort(jcre, signature, MODE, mode)
  putHiddenShort(jcre, signature, SALT, salt)
  const takesIv = familyOf(scheme) === 'block-mac'
  jcre.sessions.set(signature, takesIv ? { blockMac: new BlockMac(scheme, parameters) } : {})
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

interface Work {
  readonly signature: number
  readonly scheme: SignatureScheme
  readonly key: number
}

/** INVALID_INIT before the first init, or in the other mode where one is asked for; UNINITIALIZED_KEY. */
function workOf(jcre: Jcre, at: number, mode?: number): Work {
  const signature = handleAt(jcre, at)
  const found = hiddenShort(jcre, signature, MODE)
  if (found === 0 || (mode !== undefined && mode !== found)) failCrypto(jcre, CRYPTO.INVALID_INIT)
  const scheme = schemeOf(jcre, signature)
  const key = hiddenHandle(jcre, signature, KEY)
  requireKeyIsSet(jcre, scheme, key)
  return { signature, scheme, key }
}

function sessionOf(jcre: Jcre, signature: number): SignatureSession {
  let session = jcre.sessions.get(signature) as SignatureSession | undefined
  if (session === undefined) {
    session = {}
    jcre.sessions.set(signature, session)
  }
  return session
}

function feed(jcre: Jcre, { signature, scheme, key }: Work, part: Uint8Array): SignatureSession {
  const session = sessionOf(jcre, signature)
  const family = familyOf(scheme)
  if (family === 'ecdsa' || family === 'rsa') {
    session.hash ??= jcre.crypto.createHash(hashOf(scheme))
    session.hash.update(part)
    return session
  }
  const bytes = takeMacKey(jcre, scheme, key)
  try {
    if (family === 'hmac') {
      session.hmac ??= jcre.crypto.createHmac(hashOf(scheme), bytes)
      session.hmac.update(part)
    } else {
      session.blockMac ??= new BlockMac(scheme)
      session.blockMac.update(jcre.crypto, bytes, part)
    }
  } finally {
    bytes.fill(0)
  }
  return session
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

function signedDigest(jcre: Jcre, { signature, scheme, key }: Work, digest: Uint8Array): Uint8Array {
  if (familyOf(scheme) === 'rsa') {
    const operations = openRsaPrivateKey(jcre, key)
    const salt = hiddenShort(jcre, signature, SALT)
    return orFail(jcre, CRYPTO.ILLEGAL_USE, () => operations.signDigest(rsaScheme(scheme, salt), digest))
  }
  const { ecdsa, value } = ecdsaScheme(jcre, scheme, key, true)
  try {
    return orFail(jcre, CRYPTO.ILLEGAL_USE, () => jcre.crypto.createEcdsaSigner(ecdsa, value).signDigest(digest))
  } finally {
    value.fill(0)
  }
}

function isSignatureOfDigest(jcre: Jcre, work: Work, digest: Uint8Array, received: Uint8Array): boolean {
  const { signature, scheme, key } = work
  if (familyOf(scheme) === 'rsa') {
    const salt = hiddenShort(jcre, signature, SALT)
    return openRsaPublicKey(jcre, key).verifyDigest(rsaScheme(scheme, salt), digest, received)
  }
  const { ecdsa, value } = ecdsaScheme(jcre, scheme, key, false)
  return orFail(jcre, CRYPTO.ILLEGAL_USE, () => {
    return jcre.crypto.createEcdsaVerifier(ecdsa, value).verifyDigest(digest, received)
  })
}

// ---- methods

const update: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at)
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  if (part.length > 0) feed(jcre, work, part)
  part.fill(0)
  return 0
}

const sign: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at, SIGNATURE_MODE.sign)
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const array = handleAt(jcre, at + 4)
  const offset = shortAt(jcre, at + 5)
  // DER has no length before it is made; all others are refused before the message ends.
  byteRange(jcre, array, offset, work.scheme.cipher === SIG_CIPHER.ECDSA ? 0 : signatureLength(jcre, work))
  const session = feed(jcre, work, part)
  part.fill(0)
  const result = session.hash
    ? signedDigest(jcre, work, session.hash.copy().finish())
    : finishedMac(jcre, work, session)
  const to = byteRange(jcre, array, offset, result.length)
  jcre.sessions.delete(work.signature)
  putResult(jcre, to, result)
  return result.length
}

const verify: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at, SIGNATURE_MODE.verify)
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const received = bytesOf(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), shortAt(jcre, at + 6))
  const session = feed(jcre, work, part)
  part.fill(0)
  jcre.sessions.delete(work.signature)
  if (session.hash) return isSignatureOfDigest(jcre, work, session.hash.finish(), received) ? 1 : 0
  return jcre.crypto.constantTimeEqual(finishedMac(jcre, work, session), received) ? 1 : 0
}

/** A digest made elsewhere; what was fed before is dropped. */
function precomputed(jcre: Jcre, at: number, work: Work): Uint8Array {
  const digest = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const family = familyOf(work.scheme)
  const hasDigest = family === 'ecdsa' || family === 'rsa'
  if (!hasDigest || digest.length !== hashes[hashOf(work.scheme)].digestLengthBytes) {
    failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  }
  jcre.sessions.delete(work.signature)
  return digest
}

const signPreComputedHash: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at, SIGNATURE_MODE.sign)
  const result = signedDigest(jcre, work, precomputed(jcre, at, work))
  putResult(jcre, byteRange(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), result.length), result)
  return result.length
}

const verifyPreComputedHash: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at, SIGNATURE_MODE.verify)
  const received = bytesOf(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), shortAt(jcre, at + 6))
  return isSignatureOfDigest(jcre, work, precomputed(jcre, at, work), received) ? 1 : 0
}

const setInitialDigest: JcreMethod = (jcre, at) => {
  const work = workOf(jcre, at)
  const state = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const count = bytesOf(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), shortAt(jcre, at + 6))
  const family = familyOf(work.scheme)
  const name = family === 'ecdsa' || family === 'rsa' ? hashOf(work.scheme) : undefined
  if (name === undefined || !isResumable(name)) return failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  jcre.sessions.set(work.signature, { hash: resumedHash(jcre, name, state, count) })
  return 0
}

/** The longest signature there can be: DER varies by a few bytes. */
function signatureLength(jcre: Jcre, { scheme, key }: Work): number {
  switch (familyOf(scheme)) {
    case 'hmac':
      return hashes[hashOf(scheme)].digestLengthBytes
    case 'block-mac':
      return macLength(scheme)
    case 'rsa': {
      const isPublic = requireKey(jcre, key) === 'rsa-public'
      return (isPublic ? openRsaPublicKey(jcre, key) : openRsaPrivateKey(jcre, key)).modulusLengthBytes
    }
    default: {
      const isPrivate = requireKey(jcre, key) === 'ec-private'
      const { domain, value } = takeEcKey(jcre, key, isPrivate ? 'ec-private' : 'ec-public')
      value.fill(0)
      const first = domain.order.findIndex((byte) => byte !== 0)
      const bytes = domain.order.length - Math.max(first, 0)
      if (scheme.cipher === SIG_CIPHER.ECDSA_PLAIN) return 2 * bytes
      const integer = 2 + bytes + (domain.order[Math.max(first, 0)]! >= 0x80 ? 1 : 0)
      return 2 * integer + (2 * integer > 127 ? 3 : 2)
    }
  }
}

export const signatureImplementation: NativeImplementation = {
  id: 9,
  name: CLASS_NAME,
  superClass: 'javacard/security/Signature',
  hiddenBytes: 12,
  hiddenReferences: [KEY],
  methods: natives({
    'init(Ljavacard/security/Key;B)V': init,
    'init(Ljavacard/security/Key;B[BSS)V': initWithParameters,
    'update([BSS)V': update,
    'sign([BSS[BS)S': sign,
    'verify([BSS[BSS)Z': verify,
    'signPreComputedHash([BSS[BS)S': signPreComputedHash,
    'verifyPreComputedHash([BSS[BSS)Z': verifyPreComputedHash,
    'setInitialDigest([BSS[BSS)V': setInitialDigest,
    'getLength()S': (jcre, at) => signatureLength(jcre, workOf(jcre, at)),
    'getAlgorithm()B': (jcre, at) => algorithmOf(schemeOf(jcre, handleAt(jcre, at))),
    'getMessageDigestAlgorithm()B': (jcre, at) => schemeOf(jcre, handleAt(jcre, at)).digest,
    'getCipherAlgorithm()B': (jcre, at) => schemeOf(jcre, handleAt(jcre, at)).cipher,
    'getPaddingAlgorithm()B': (jcre, at) => schemeOf(jcre, handleAt(jcre, at)).padding,
  }),
}
