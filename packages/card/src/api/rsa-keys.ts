import type { RsaPrivateOperations, RsaPublicOperations } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { CRYPTO, failCrypto, orFail } from './crypto-exceptions.ts'
import { keyImplementations } from './key-implementations.ts'
import {
  isInitialized,
  type KeyPart,
  type KeyShape,
  keyContent,
  partGetter,
  partOf,
  partSetter,
  requireKey,
} from './key-parts.ts'
import { prepared } from './prepared-keys.ts'

const modulus: KeyPart = { maxBytes: (bits) => bits / 8 }
const half: KeyPart = { maxBytes: (bits) => bits / 16 }
const publicExponent: KeyPart = { maxBytes: () => 4 }

export const RSA_PART = { modulus: 0, exponent: 1, p: 0, q: 1, dp: 2, dq: 3, qInverse: 4 } as const
export const rsaPublicKeyShape: KeyShape = {
  className: 'gridcard/RsaPublicKey',
  extendedClassName: 'gridcard/EncryptedRsaPublicKey',
  parts: [modulus, publicExponent],
}
export const rsaPrivateKeyShape: KeyShape = {
  className: 'gridcard/RsaPrivateKey',
  extendedClassName: 'gridcard/EncryptedRsaPrivateKey',
  parts: [modulus, modulus],
}
export const rsaCrtKeyShape: KeyShape = {
  className: 'gridcard/RsaPrivateCrtKey',
  extendedClassName: 'gridcard/EncryptedRsaPrivateCrtKey',
  parts: [half, half, half, half, half],
}

/** As long as the key's size says. */
const isModulus = (bytes: Uint8Array, bits: number): boolean => bytes.length === bits / 8

/**
 * What the parts of a key make, wiped afterwards and kept as long as they stay the same; UNINITIALIZED_KEY if one is
 * missing, ILLEGAL_VALUE if they are no key.
 */
function opened<T extends object>(jcre: Jcre, shape: KeyShape, key: number, work: (...parts: Uint8Array[]) => T): T {
  if (!isInitialized(jcre, shape, key)) failCrypto(jcre, CRYPTO.UNINITIALIZED_KEY)
  return prepared(jcre, key, keyContent(jcre, key), 'rsa', () => {
    const parts = shape.parts.map((_, part) => partOf(jcre, shape, key, part))
    try {
      return orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => work(...parts))
    } finally {
      for (const part of parts) part.fill(0)
    }
  })
}

export function openRsaPublicKey(jcre: Jcre, key: number): RsaPublicOperations {
  if (requireKey(jcre, key) !== 'rsa-public') failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  return opened(jcre, rsaPublicKeyShape, key, (n, e) => {
    return jcre.crypto.openRsaPublicKey({ modulus: n!, publicExponent: e! })
  })
}

export function openRsaPrivateKey(jcre: Jcre, key: number): RsaPrivateOperations {
  const kind = requireKey(jcre, key)
  if (kind === 'rsa-private') {
    return opened(jcre, rsaPrivateKeyShape, key, (n, d) => {
      return jcre.crypto.openRsaPrivateKey({ modulus: n!, privateExponent: d! })
    })
  }
  if (kind !== 'rsa-crt-private') return failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  return opened(jcre, rsaCrtKeyShape, key, (p, q, dp, dq, qInverse) => {
    return jcre.crypto.openRsaPrivateKey({
      p: p!,
      q: q!,
      dp: dp!,
      dq: dq!,
      qInverse: qInverse!,
    })
  })
}

/** A bare operation on blocks as long as the key. */
export interface RsaTransform {
  readonly modulusLengthBytes: number
  transform(block: Uint8Array): Uint8Array
}

/**
 * Without padding a key need not be one of RSA: libraries take the operation for a modular power, with exponent 2 to square
 * or a modulus shorter than the key, behind zeros. Seen in OpenCryptoProject/JCMathLib.
 */
export function openRsaTransform(jcre: Jcre, key: number): RsaTransform {
  const kind = requireKey(jcre, key)
  if (kind === 'rsa-crt-private') return openRsaPrivateKey(jcre, key)
  if (kind !== 'rsa-public' && kind !== 'rsa-private') return failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  const shape = kind === 'rsa-public' ? rsaPublicKeyShape : rsaPrivateKeyShape
  if (!isInitialized(jcre, shape, key)) failCrypto(jcre, CRYPTO.UNINITIALIZED_KEY)
  const modulus = partOf(jcre, shape, key, RSA_PART.modulus)
  const exponent = withoutZeros(partOf(jcre, shape, key, RSA_PART.exponent))
  const isRsa = modulus[0] !== 0 && exponent.at(-1)! % 2 === 1 && (exponent.length > 1 || exponent[0]! >= 3)
  if (isRsa) return kind === 'rsa-public' ? openRsaPublicKey(jcre, key) : openRsaPrivateKey(jcre, key)
  const short = withoutZeros(modulus)
  return {
    modulusLengthBytes: modulus.length,
    transform(block) {
      const lead = modulus.length - short.length
      const result = new Uint8Array(modulus.length)
      result.set(jcre.crypto.modularPower(withoutZeros(block), exponent, short), lead)
      exponent.fill(0)
      return result
    },
  }
}

function withoutZeros(number: Uint8Array): Uint8Array {
  const first = number.findIndex((byte) => byte !== 0)
  return first < 0 ? new Uint8Array() : number.slice(first)
}

/** UNINITIALIZED_KEY unless the RSA key is whole: a transient one may have been cleared since the last init. */
export function requireRsaKeyIsSet(jcre: Jcre, key: number): void {
  const kind = requireKey(jcre, key)
  const shape = kind === 'rsa-public' ? rsaPublicKeyShape : kind === 'rsa-private' ? rsaPrivateKeyShape : rsaCrtKeyShape
  if (!isInitialized(jcre, shape, key)) failCrypto(jcre, CRYPTO.UNINITIALIZED_KEY)
}

const exponentAndModulus = (shape: KeyShape) => ({
  'getExponent([BS)S': partGetter(shape, RSA_PART.exponent),
  'getModulus([BS)S': partGetter(shape, RSA_PART.modulus),
  'setExponent([BSS)V': partSetter(shape, RSA_PART.exponent),
  'setModulus([BSS)V': partSetter(shape, RSA_PART.modulus, isModulus),
})

export const rsaKeyImplementations: readonly NativeImplementation[] = [
  ...keyImplementations({
    shape: rsaPublicKeyShape,
    ids: [13, 37],
    interfaces: ['javacard/security/RSAPublicKey'],
    methods: exponentAndModulus(rsaPublicKeyShape),
  }),
  ...keyImplementations({
    shape: rsaPrivateKeyShape,
    ids: [14, 38],
    interfaces: ['javacard/security/RSAPrivateKey'],
    methods: exponentAndModulus(rsaPrivateKeyShape),
  }),
  ...keyImplementations({
    shape: rsaCrtKeyShape,
    ids: [15, 39],
    interfaces: ['javacard/security/RSAPrivateCrtKey'],
    methods: {
      'getP([BS)S': partGetter(rsaCrtKeyShape, RSA_PART.p),
      'getQ([BS)S': partGetter(rsaCrtKeyShape, RSA_PART.q),
      'getDP1([BS)S': partGetter(rsaCrtKeyShape, RSA_PART.dp),
      'getDQ1([BS)S': partGetter(rsaCrtKeyShape, RSA_PART.dq),
      'getPQ([BS)S': partGetter(rsaCrtKeyShape, RSA_PART.qInverse),
      'setP([BSS)V': partSetter(rsaCrtKeyShape, RSA_PART.p),
      'setQ([BSS)V': partSetter(rsaCrtKeyShape, RSA_PART.q),
      'setDP1([BSS)V': partSetter(rsaCrtKeyShape, RSA_PART.dp),
      'setDQ1([BSS)V': partSetter(rsaCrtKeyShape, RSA_PART.dq),
      'setPQ([BSS)V': partSetter(rsaCrtKeyShape, RSA_PART.qInverse),
    },
  }),
]
