import { type DsaDomain, type EcCurveName, type EcDomain, ecDomain } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import { CRYPTO, failCrypto, orFail } from './crypto-exceptions.ts'
import { defaultDhGroup, defaultDsaGroup } from './default-groups.ts'
import { domainOf, ecPrivateKeyShape, ecPublicKeyShape, hasDomain, putDomain, putValue } from './ec-keys.ts'
import {
  dhPrivateKeyShape,
  dhPublicKeyShape,
  dsaPrivateKeyShape,
  dsaPublicKeyShape,
  groupDomainOf,
  hasGroupDomain,
  putGroupDomain,
  putGroupValue,
} from './group-keys.ts'
import { buildKeyOfType } from './key-builder.ts'
import { type KeyShape, keyKindOf, partOf, putPart, requireKey, sizeOf } from './key-parts.ts'
import type { KeyKind } from './key-types.ts'
import { nameOfParameters } from './named-parameters.ts'
import {
  byteAt,
  handleAt,
  hiddenHandle,
  type JcreMethod,
  putHiddenShort,
  requireOwnObject,
  shortAt,
} from './native-call.ts'
import { spendOnPair } from './native-cost.ts'
import { RSA_PART, rsaCrtKeyShape, rsaPrivateKeyShape, rsaPublicKeyShape } from './rsa-keys.ts'
import { curveOfXecKey, xecPrivateKeyShape, xecPublicKeyShape } from './xec-keys.ts'

/** KeyPair. Hidden cells: the public and the private key. */
const PUBLIC = 0
const PRIVATE = 1
export const KEY_PAIR_HIDDEN_BYTES = 4
export const KEY_PAIR_HIDDEN_REFERENCES = [PUBLIC, PRIVATE] as const

/** KeyBuilder types of public and private key, by KeyPair.ALG_*. */
const TYPES: Readonly<Record<number, readonly [number, number]>> = {
  1: [4, 5],
  2: [4, 6],
  3: [7, 8],
  5: [11, 12],
  6: [32, 35],
}
const EC_FP = 5

/** Curves for pairs whose keys have no domain yet: those of NIST. */
const DEFAULT_CURVES: Readonly<Record<number, EcCurveName>> = {
  192: 'P-192',
  224: 'P-224',
  256: 'P-256',
  384: 'P-384',
  521: 'P-521',
}
const DEFAULT_EXPONENT = Uint8Array.of(1, 0, 1)

function keep(jcre: Jcre, pair: number, publicKey: number, privateKey: number): number {
  putHiddenShort(jcre, pair, PUBLIC, publicKey)
  putHiddenShort(jcre, pair, PRIVATE, privateKey)
  return 0
}

const initByAlgorithm: JcreMethod = (jcre, at) => {
  const algorithm = byteAt(jcre, at + 1)
  const bits = shortAt(jcre, at + 2)
  const types = TYPES[algorithm]
  if (types === undefined || (algorithm === EC_FP && DEFAULT_CURVES[bits] === undefined)) {
    return failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  }
  const pair = handleAt(jcre, at)
  const publicKey = buildKeyOfType(jcre, types[0], bits)
  return keep(jcre, pair, publicKey, buildKeyOfType(jcre, types[1], bits))
}

const PUBLIC_KIND = {
  'dsa-private': 'dsa-public',
  'dh-private': 'dh-public',
  'xec-private': 'xec-public',
  'ec-private': 'ec-public',
  'rsa-private': 'rsa-public',
  'rsa-crt-private': 'rsa-public',
} as const

const initByKeys: JcreMethod = (jcre, at) => {
  const publicKey = handleAt(jcre, at + 1)
  const privateKey = handleAt(jcre, at + 2)
  const publicKind = requireKey(jcre, publicKey)
  const privateKind = requireKey(jcre, privateKey)
  const wanted = PUBLIC_KIND[privateKind as keyof typeof PUBLIC_KIND]
  if (wanted !== publicKind || sizeOf(jcre, publicKey) !== sizeOf(jcre, privateKey)) {
    failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  }
  return keep(jcre, handleAt(jcre, at), publicKey, privateKey)
}

function presetDomain(jcre: Jcre, publicKey: number, privateKey: number): EcDomain {
  if (hasDomain(jcre, ecPublicKeyShape, publicKey)) return domainOf(jcre, ecPublicKeyShape, publicKey)
  if (hasDomain(jcre, ecPrivateKeyShape, privateKey)) return domainOf(jcre, ecPrivateKeyShape, privateKey)
  const name = DEFAULT_CURVES[sizeOf(jcre, publicKey)]
  return name === undefined ? failCrypto(jcre, CRYPTO.ILLEGAL_VALUE) : ecDomain(name)
}

function generateEc(jcre: Jcre, publicKey: number, privateKey: number): void {
  const domain = presetDomain(jcre, publicKey, privateKey)
  const [s, w] = orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => {
    const value = jcre.crypto.generateEcPrivateKey(domain)
    return [value, jcre.crypto.ecPublicKey(domain, value)] as const
  })
  try {
    putDomain(jcre, ecPublicKeyShape, publicKey, domain)
    putDomain(jcre, ecPrivateKeyShape, privateKey, domain)
    putValue(jcre, ecPrivateKeyShape, privateKey, s)
    putValue(jcre, ecPublicKeyShape, publicKey, w)
  } finally {
    s.fill(0)
  }
}

function generateRsa(jcre: Jcre, publicKey: number, privateKey: number): void {
  const preset = partOf(jcre, rsaPublicKeyShape, publicKey, RSA_PART.exponent)
  const e = preset.length > 0 ? preset : DEFAULT_EXPONENT
  const exponent = e.reduce((sum, byte) => sum * 256 + byte, 0)
  const bits = sizeOf(jcre, publicKey)
  const made = orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => jcre.crypto.generateRsaKeyPair(bits, exponent))
  putPart(jcre, rsaPublicKeyShape, publicKey, RSA_PART.modulus, made.modulus)
  putPart(jcre, rsaPublicKeyShape, publicKey, RSA_PART.exponent, e)
  if (keyKindOf(jcre, privateKey) === 'rsa-private') {
    putPart(jcre, rsaPrivateKeyShape, privateKey, RSA_PART.modulus, made.modulus)
    putPart(jcre, rsaPrivateKeyShape, privateKey, RSA_PART.exponent, made.privateExponent)
  } else {
    const { p, q, dp, dq, qInverse } = made
    for (const [part, bytes] of [p, q, dp, dq, qInverse].entries()) {
      putPart(jcre, rsaCrtKeyShape, privateKey, part, bytes)
    }
  }
  for (const part of [made.privateExponent, made.p, made.q, made.dp, made.dq, made.qInverse]) part.fill(0)
}

/** That of one of the keys, or the one that stands for its size: a group cannot be made here in reasonable time. */
function groupFor(
  jcre: Jcre,
  shapes: readonly [KeyShape, KeyShape],
  pair: readonly [number, number],
  defaultGroup: (bits: number) => DsaDomain | undefined,
): DsaDomain {
  const index = [0, 1].find((one) => hasGroupDomain(jcre, shapes[one]!, pair[one]!))
  if (index !== undefined) return groupDomainOf(jcre, shapes[index]!, pair[index]!)
  return defaultGroup(sizeOf(jcre, pair[0])) ?? failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
}

function putGroupPair(
  jcre: Jcre,
  shapes: readonly [KeyShape, KeyShape],
  pair: readonly [number, number],
  made: { domain: DsaDomain; x: Uint8Array; y: Uint8Array },
): void {
  try {
    for (const index of [0, 1] as const) putGroupDomain(jcre, shapes[index], pair[index], made.domain)
    putGroupValue(jcre, shapes[1], pair[1], made.x)
    putGroupValue(jcre, shapes[0], pair[0], made.y)
  } finally {
    made.x.fill(0)
  }
}

function generateDsa(jcre: Jcre, publicKey: number, privateKey: number): void {
  const shapes = [dsaPublicKeyShape, dsaPrivateKeyShape] as const
  const pair = [publicKey, privateKey] as const
  const domain = groupFor(jcre, shapes, pair, defaultDsaGroup)
  const made = orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => {
    const x = jcre.crypto.generateDsaPrivateKey(domain)
    return { domain, x, y: jcre.crypto.dsaPublicKey(domain, x) }
  })
  putGroupPair(jcre, shapes, pair, made)
}

/** Twice the strength of the largest group; shorter where the group is. @source RFC 7919 §5.2 */
const DH_EXPONENT_BYTES = 52

function generateDh(jcre: Jcre, publicKey: number, privateKey: number): void {
  const shapes = [dhPublicKeyShape, dhPrivateKeyShape] as const
  const pair = [publicKey, privateKey] as const
  const domain = groupFor(jcre, shapes, pair, defaultDhGroup)
  const bound = domain.q.length > 0 ? domain.q.length : domain.p.length
  const x = jcre.crypto.randomBytes(Math.min(DH_EXPONENT_BYTES, bound))
  // Below the bound, and not zero.
  if (x.length === bound) x[0] = 0
  x[x.length - 1]! |= 1
  const y = orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => jcre.crypto.modularPower(domain.g, x, domain.p))
  putGroupPair(jcre, shapes, pair, { domain, x, y })
}

function generateXec(jcre: Jcre, publicKey: number, privateKey: number): void {
  const curve = curveOfXecKey(jcre, privateKey)
  const { crypto } = jcre
  let value: Uint8Array
  let point: Uint8Array
  switch (curve.family) {
    case 'montgomery':
      value = crypto.randomBytes(curve.lengths.private)
      point = crypto.xdhPublicKey(curve.name, value)
      break
    case 'edwards':
      value = crypto.randomBytes(curve.lengths.private)
      point = crypto.eddsaPublicKey(curve.name, value)
      break
    default:
      value = crypto.generateEcPrivateKey(ecDomain(curve.name))
      point = crypto.ecPublicKey(ecDomain(curve.name), value)
  }
  try {
    putPart(jcre, xecPrivateKeyShape, privateKey, 0, value)
    putPart(jcre, xecPublicKeyShape, publicKey, 0, point)
  } finally {
    value.fill(0)
  }
}

const GENERATORS: Readonly<Partial<Record<KeyKind, (jcre: Jcre, publicKey: number, privateKey: number) => void>>> = {
  'ec-public': generateEc,
  'rsa-public': generateRsa,
  'dsa-public': generateDsa,
  'dh-public': generateDh,
  'xec-public': generateXec,
}

function generate(jcre: Jcre, pair: number): number {
  const [publicKey, privateKey] = [hiddenHandle(jcre, pair, PUBLIC), hiddenHandle(jcre, pair, PRIVATE)]
  // Before its constructor has run, or after it threw, a pair has no keys.
  const kind = publicKey === 0 || privateKey === 0 ? failCrypto(jcre, CRYPTO.ILLEGAL_VALUE) : keyKindOf(jcre, publicKey)
  for (const key of [publicKey, privateKey]) requireOwnObject(jcre, key, 'javacard/security/Key')
  spendOnPair(jcre, publicKey)
  GENERATORS[kind]!(jcre, publicKey, privateKey)
  return 0
}

const genKeyPair: JcreMethod = (jcre, at) => generate(jcre, handleAt(jcre, at))

/**
 * Parameters are null, the name of the keys' own curve, or, for RSA, a primality test; ours is stronger than any that
 * could be asked for. Others are ILLEGAL_VALUE.
 */
const genKeyPairWith: JcreMethod = (jcre, at) => {
  const pair = handleAt(jcre, at)
  const spec = handleAt(jcre, at + 1)
  if (spec === 0) return generate(jcre, pair)
  const name = nameOfParameters(jcre, spec)
  const publicKey = hiddenHandle(jcre, pair, PUBLIC)
  const kind = publicKey === 0 ? undefined : keyKindOf(jcre, publicKey)
  const primality = jcre.requireClass('javacard/security/PrimalityTestParamSpec')
  const isFitting =
    name === undefined
      ? kind === 'rsa-public' && jcre.machine.classOf(spec).isKindOf(primality)
      : kind === 'xec-public' && sizeOf(jcre, publicKey) === name
  return isFitting ? generate(jcre, pair) : failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
}

export const keyPairMethods: Readonly<Record<string, JcreMethod>> = {
  'KeyPair.<init>(BS)V': initByAlgorithm,
  'KeyPair.<init>(Ljavacard/security/PublicKey;Ljavacard/security/PrivateKey;)V': initByKeys,
  'KeyPair.genKeyPair()V': genKeyPair,
  'KeyPair.genKeyPair(Ljavacard/security/AlgorithmParameterSpec;)V': genKeyPairWith,
  'KeyPair.getPublic()Ljavacard/security/PublicKey;': (jcre, at) => hiddenHandle(jcre, handleAt(jcre, at), PUBLIC),
  'KeyPair.getPrivate()Ljavacard/security/PrivateKey;': (jcre, at) => hiddenHandle(jcre, handleAt(jcre, at), PRIVATE),
}
