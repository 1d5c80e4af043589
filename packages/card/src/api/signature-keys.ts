import { assert } from '@gridcard/bytes'
import {
  type EcdsaScheme,
  hashes,
  isRecoveryHash,
  type RecoveryScheme,
  type RsaSignatureScheme,
  recoverableLength,
  type SaltedRecoveryScheme,
  saltedRecoverableLength,
} from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import { aesKeyLength } from './aes-key.ts'
import { isAlgorithm3, isDesMac, macLength } from './block-mac.ts'
import { PAD } from './block-padding.ts'
import { CRYPTO, failCrypto, orFail } from './crypto-exceptions.ts'
import { takeEcKey } from './ec-keys.ts'
import type { GatheredMessage } from './gathered-message.ts'
import { takeGroupKey } from './group-keys.ts'
import { keyContent, requireKey } from './key-parts.ts'
import { prepared } from './prepared-keys.ts'
import { type1Block } from './rsa-block-type-1.ts'
import { openRsaPrivateKey, openRsaPublicKey } from './rsa-keys.ts'
import { takeSecretKey } from './secret-keys.ts'
import {
  familyOf,
  hashOf,
  isDsaHash,
  isRawEcdsa,
  rawEcdsaOver,
  recoveryOf,
  SIG_CIPHER,
  type SignatureScheme,
} from './signature-schemes.ts'
import { takeXecKey } from './xec-keys.ts'

/** What a signature's key does, with the checks of an init: ILLEGAL_VALUE, UNINITIALIZED_KEY. */

export interface Signer {
  sign(message: GatheredMessage): Uint8Array
  signDigest(digest: Uint8Array): Uint8Array
}

export interface Verifier {
  verify(message: GatheredMessage, signature: Uint8Array): boolean
  verifyDigest(digest: Uint8Array, signature: Uint8Array): boolean
}

/** The key that a scheme takes for a MAC; the caller wipes it. */
export function takeMacKey(jcre: Jcre, scheme: SignatureScheme, key: number): Uint8Array {
  const bytes = takeSecretKey(jcre, key, scheme.cipher === SIG_CIPHER.HMAC ? 'hmac' : isDesMac(scheme) ? 'des' : 'aes')
  const isRight = isAlgorithm3(scheme)
    ? bytes.length === 16
    : scheme.cipher === SIG_CIPHER.HMAC || isDesMac(scheme) || bytes.length === (scheme.keyBytes ?? bytes.length)
  const isAes = scheme.cipher === SIG_CIPHER.AES_MAC128 || scheme.cipher === SIG_CIPHER.AES_CMAC128
  if (!isRight || (isAes && aesKeyLength(jcre, key) > 32)) {
    bytes.fill(0)
    failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  }
  return bytes
}

const purposeOf = (act: string, { digest, cipher, padding }: SignatureScheme): string => {
  return `${act} ${digest} ${cipher} ${padding}`
}

// ---- ECDSA

function ecdsaScheme(scheme: SignatureScheme, domain: EcdsaScheme['domain']): EcdsaScheme {
  return { domain, hash: hashOf(scheme), encoding: scheme.cipher === SIG_CIPHER.ECDSA_PLAIN ? 'plain' : 'der' }
}

function ecdsaSigner(jcre: Jcre, scheme: SignatureScheme, key: number): Signer {
  requireKey(jcre, key)
  return prepared(jcre, key, keyContent(jcre, key), purposeOf('sign', scheme), () => {
    const { domain, value } = takeEcKey(jcre, key, 'ec-private')
    try {
      const signer = orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => {
        return jcre.crypto.createEcdsaSigner(ecdsaScheme(scheme, domain), value)
      })
      return {
        sign(message: GatheredMessage) {
          const whole = message.whole()
          return whole === undefined ? signer.signDigest(message.digest()) : signer.sign(whole)
        },
        signDigest: (digest: Uint8Array) => signer.signDigest(digest),
      }
    } finally {
      value.fill(0)
    }
  })
}

function ecdsaVerifier(jcre: Jcre, scheme: SignatureScheme, key: number): Verifier {
  requireKey(jcre, key)
  return prepared(jcre, key, keyContent(jcre, key), purposeOf('verify', scheme), () => {
    const { domain, value } = takeEcKey(jcre, key, 'ec-public')
    const verifier = orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => {
      return jcre.crypto.createEcdsaVerifier(ecdsaScheme(scheme, domain), value)
    })
    return {
      verify(message: GatheredMessage, signature: Uint8Array) {
        const whole = message.whole()
        return whole === undefined
          ? verifier.verifyDigest(message.digest(), signature)
          : verifier.verify(whole, signature)
      },
      verifyDigest: (digest: Uint8Array, signature: Uint8Array) => verifier.verifyDigest(digest, signature),
    }
  })
}

/** The digest that was given as the message, and the scheme it belongs to; ILLEGAL_USE for the length of no digest. */
function givenDigest(jcre: Jcre, scheme: SignatureScheme, message: GatheredMessage) {
  const digest = message.whole() ?? failCrypto(jcre, CRYPTO.ILLEGAL_USE)
  return { digest, over: rawEcdsaOver(digest.length, scheme) ?? failCrypto(jcre, CRYPTO.ILLEGAL_USE) }
}

const noDigests = (jcre: Jcre) => (): never => failCrypto(jcre, CRYPTO.ILLEGAL_USE)

function rawEcdsaSigner(jcre: Jcre, scheme: SignatureScheme, key: number): Signer {
  ecdsaSigner(jcre, rawEcdsaOver(32, scheme)!, key)
  return {
    sign(message) {
      const { digest, over } = givenDigest(jcre, scheme, message)
      return ecdsaSigner(jcre, over, key).signDigest(digest)
    },
    signDigest: noDigests(jcre),
  }
}

function rawEcdsaVerifier(jcre: Jcre, scheme: SignatureScheme, key: number): Verifier {
  ecdsaVerifier(jcre, rawEcdsaOver(32, scheme)!, key)
  return {
    verify(message, signature) {
      const { digest, over } = givenDigest(jcre, scheme, message)
      return ecdsaVerifier(jcre, over, key).verifyDigest(digest, signature)
    },
    verifyDigest: noDigests(jcre),
  }
}

// ---- RSA

function rsaScheme(scheme: SignatureScheme, saltLengthBytes: number): RsaSignatureScheme {
  const hash = hashOf(scheme)
  return scheme.padding === PAD.PKCS1 ? { padding: 'pkcs1', hash } : { padding: 'pss', hash, saltLengthBytes }
}

const ofDigests = (signDigest: (digest: Uint8Array) => Uint8Array): Signer => ({
  sign: (message) => signDigest(message.digest()),
  signDigest,
})
const ofDigestsToo = (verifyDigest: (digest: Uint8Array, signature: Uint8Array) => boolean): Verifier => ({
  verify: (message, signature) => verifyDigest(message.digest(), signature),
  verifyDigest,
})

function rsaSigner(jcre: Jcre, scheme: SignatureScheme, key: number, salt: number): Signer {
  const operations = openRsaPrivateKey(jcre, key)
  if (scheme.padding !== PAD.RFC2409) {
    return ofDigests((digest) => operations.signDigest(rsaScheme(scheme, salt), digest))
  }
  return ofDigests((digest) => {
    const block = type1Block(digest, operations.modulusLengthBytes)
    return operations.transform(block ?? failCrypto(jcre, CRYPTO.ILLEGAL_USE))
  })
}

function rsaVerifier(jcre: Jcre, scheme: SignatureScheme, key: number, salt: number): Verifier {
  const operations = openRsaPublicKey(jcre, key)
  if (scheme.padding !== PAD.RFC2409) {
    return ofDigestsToo((digest, signature) => operations.verifyDigest(rsaScheme(scheme, salt), digest, signature))
  }
  return ofDigestsToo((digest, signature) => {
    if (signature.length !== operations.modulusLengthBytes) return false
    const block = type1Block(digest, operations.modulusLengthBytes)
    return block !== undefined && jcre.crypto.constantTimeEqual(operations.transform(signature), block)
  })
}

// ---- DSA: a SEQUENCE of r and s, as ECDSA has it

function derInteger(number: Uint8Array): Uint8Array {
  const first = number.findIndex((byte) => byte !== 0)
  const digits = first < 0 ? Uint8Array.of(0) : number.subarray(first)
  const lead = digits[0]! >= 0x80 ? [0] : []
  return Uint8Array.of(0x02, lead.length + digits.length, ...lead, ...digits)
}

function derPair(rAndS: Uint8Array): Uint8Array {
  const half = rAndS.length / 2
  const body = [...derInteger(rAndS.subarray(0, half)), ...derInteger(rAndS.subarray(half))]
  return Uint8Array.of(0x30, body.length, ...body)
}

/** r || s; undefined if it is anything but the DER of two numbers of that length at most. */
function plainPair(der: Uint8Array, numberBytes: number): Uint8Array | undefined {
  const result = new Uint8Array(2 * numberBytes)
  let at = 2
  for (const end of [numberBytes, 2 * numberBytes]) {
    const length = der[at + 1] ?? 0
    const digits = der.subarray(at + 2, at + 2 + length)
    const first = digits.findIndex((byte) => byte !== 0)
    const number = first < 0 ? new Uint8Array() : digits.subarray(first)
    if (number.length > numberBytes) return undefined
    result.set(number, end - number.length)
    at += 2 + length
  }
  return isSame(der, derPair(result)) ? result : undefined
}

/** Signatures are public. */
const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])

function dsaSigner(jcre: Jcre, scheme: SignatureScheme, key: number): Signer {
  const hash = hashOf(scheme)
  if (!isDsaHash(hash)) return failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  const { domain, value } = takeGroupKey(jcre, key, 'dsa-private')
  orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => jcre.crypto.dsaPublicKey(domain, value))
  return ofDigests((digest) => {
    try {
      return derPair(jcre.crypto.dsaSignDigest(domain, hash, value, digest))
    } finally {
      value.fill(0)
    }
  })
}

function dsaVerifier(jcre: Jcre, scheme: SignatureScheme, key: number): Verifier {
  const hash = hashOf(scheme)
  if (!isDsaHash(hash)) return failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  const { domain, value } = takeGroupKey(jcre, key, 'dsa-public')
  orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => jcre.crypto.requireDsaDomain(domain))
  return ofDigestsToo((digest, signature) => {
    const plain = plainPair(signature, domain.q.length)
    return plain !== undefined && jcre.crypto.dsaVerifyDigest(domain, hash, value, digest, plain)
  })
}

// ---- Edwards curves

const CURVE_OF_CIPHER: Readonly<Record<number, 'Ed25519' | 'Ed448'>> = {
  [SIG_CIPHER.EDDSA_ED25519]: 'Ed25519',
  [SIG_CIPHER.EDDSAPH_ED25519]: 'Ed25519',
  [SIG_CIPHER.EDDSA_ED448]: 'Ed448',
  [SIG_CIPHER.EDDSAPH_ED448]: 'Ed448',
}
const isPrehashed = ({ cipher }: SignatureScheme): boolean => {
  return cipher === SIG_CIPHER.EDDSAPH || cipher === SIG_CIPHER.EDDSAPH_ED25519 || cipher === SIG_CIPHER.EDDSAPH_ED448
}

/** The key of an Edwards curve that the scheme takes; the caller wipes it. */
function takeEdwardsKey(jcre: Jcre, scheme: SignatureScheme, key: number, isPrivate: boolean) {
  const found = takeXecKey(jcre, key)
  const { curve } = found
  const wanted = CURVE_OF_CIPHER[scheme.cipher]
  if (curve.family !== 'edwards' || found.isPrivate !== isPrivate || (wanted ?? curve.name) !== curve.name) {
    return failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  }
  // Ed448ph hashes with SHAKE256: a digest that was named is SHA-512, of the other curve.
  if (curve.name === 'Ed448' && scheme.digest !== 0) return failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  return { curve: curve.name, value: found.value }
}

/** EdDSA runs over the message twice, so it is kept whole. */
export function eddsaSign(jcre: Jcre, scheme: SignatureScheme, key: number, message: Uint8Array): Uint8Array {
  const { curve, value } = takeEdwardsKey(jcre, scheme, key, true)
  try {
    return isPrehashed(scheme)
      ? jcre.crypto.eddsaPhSign(curve, value, message)
      : jcre.crypto.eddsaSign(curve, value, message)
  } finally {
    value.fill(0)
  }
}

export function eddsaVerify(
  jcre: Jcre,
  scheme: SignatureScheme,
  key: number,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const { curve, value } = takeEdwardsKey(jcre, scheme, key, false)
  return isPrehashed(scheme)
    ? jcre.crypto.eddsaPhVerify(curve, value, message, signature)
    : jcre.crypto.eddsaVerify(curve, value, message, signature)
}

// ---- by family

/** For families over digests. @param salt bytes, for PSS */
export function signerOf(jcre: Jcre, scheme: SignatureScheme, key: number, salt: number): Signer {
  switch (familyOf(scheme)) {
    case 'ecdsa':
      return isRawEcdsa(scheme) ? rawEcdsaSigner(jcre, scheme, key) : ecdsaSigner(jcre, scheme, key)
    case 'dsa':
      return dsaSigner(jcre, scheme, key)
    default:
      return rsaSigner(jcre, scheme, key, salt)
  }
}

export function verifierOf(jcre: Jcre, scheme: SignatureScheme, key: number, salt: number): Verifier {
  switch (familyOf(scheme)) {
    case 'ecdsa':
      return isRawEcdsa(scheme) ? rawEcdsaVerifier(jcre, scheme, key) : ecdsaVerifier(jcre, scheme, key)
    case 'dsa':
      return dsaVerifier(jcre, scheme, key)
    default:
      return rsaVerifier(jcre, scheme, key, salt)
  }
}

/** Looks at the key of an init: of the right kind, set, and a key at all. */
export function requireFittingKey(jcre: Jcre, scheme: SignatureScheme, key: number, isSigning: boolean): void {
  switch (familyOf(scheme)) {
    case 'block-mac':
    case 'hmac':
      takeMacKey(jcre, scheme, key).fill(0)
      return
    case 'eddsa':
      takeEdwardsKey(jcre, scheme, key, isSigning).value.fill(0)
      return
    case 'recovery': {
      const { modulusLengthBytes } = isSigning ? openRsaPrivateKey(jcre, key) : openRsaPublicKey(jcre, key)
      orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => recoverableRoom(recoverySchemeOf(scheme), modulusLengthBytes))
      return
    }
    default:
      if (isSigning) signerOf(jcre, scheme, key, 0)
      else verifierOf(jcre, scheme, key, 0)
  }
}

/** Of ISO/IEC 9796-2 scheme 1, without a salt length; of 2 and 3 with one. */
export function recoverySchemeOf(scheme: SignatureScheme): RecoveryScheme | SaltedRecoveryScheme {
  const [hash, recovery] = [hashOf(scheme), recoveryOf(scheme.padding)]
  assert(recovery !== undefined && isRecoveryHash(hash), 'a scheme with message recovery')
  const { number, trailer } = recovery
  if (number === 1) return { hash, trailer }
  return { hash, trailer, saltLengthBytes: number === 2 ? hashes[hash].digestLengthBytes : 0 }
}

export const isSalted = (scheme: RecoveryScheme | SaltedRecoveryScheme): scheme is SaltedRecoveryScheme => {
  return 'saltLengthBytes' in scheme
}

/** How much of a message a signature takes. */
export function recoverableRoom(scheme: RecoveryScheme | SaltedRecoveryScheme, modulusLengthBytes: number): number {
  return isSalted(scheme)
    ? saltedRecoverableLength(scheme, modulusLengthBytes)
    : recoverableLength(scheme, modulusLengthBytes)
}

/** The longest signature there can be: DER varies by a few bytes. */
export function signatureLength(jcre: Jcre, scheme: SignatureScheme, key: number): number {
  const kind = requireKey(jcre, key)
  switch (familyOf(scheme)) {
    case 'hmac':
      return hashes[hashOf(scheme)].digestLengthBytes
    case 'block-mac':
      return macLength(scheme)
    case 'eddsa':
      return 2 * (takeXecKey(jcre, key).curve.name === 'Ed448' ? 57 : 32)
    case 'rsa':
    case 'recovery':
      return (kind === 'rsa-public' ? openRsaPublicKey(jcre, key) : openRsaPrivateKey(jcre, key)).modulusLengthBytes
    case 'dsa': {
      const { domain, value } = takeGroupKey(jcre, key, kind === 'dsa-public' ? kind : 'dsa-private')
      value.fill(0)
      return longestPair(domain.q)
    }
    default:
      return ecdsaLength(jcre, scheme, key, kind === 'ec-private' || kind === 'xec-private')
  }
}

function longestPair(order: Uint8Array): number {
  const first = Math.max(
    order.findIndex((byte) => byte !== 0),
    0,
  )
  const integer = 2 + order.length - first + (order[first]! >= 0x80 ? 1 : 0)
  return 2 * integer + (2 * integer > 127 ? 3 : 2)
}

function ecdsaLength(jcre: Jcre, scheme: SignatureScheme, key: number, isPrivate: boolean): number {
  const sized = prepared(jcre, key, keyContent(jcre, key), purposeOf('length', scheme), () => {
    const { domain, value } = takeEcKey(jcre, key, isPrivate ? 'ec-private' : 'ec-public')
    value.fill(0)
    const first = Math.max(
      domain.order.findIndex((byte) => byte !== 0),
      0,
    )
    const plain = 2 * (domain.order.length - first)
    return { bytes: scheme.cipher === SIG_CIPHER.ECDSA_PLAIN ? plain : longestPair(domain.order) }
  })
  return sized.bytes
}
