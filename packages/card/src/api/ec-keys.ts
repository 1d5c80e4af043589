import { type EcDomain, type EcField, ecDomain } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { CRYPTO, failCrypto, orFail } from './crypto-exceptions.ts'
import { keyImplementations } from './key-implementations.ts'
import {
  isInitialized,
  type KeyPart,
  type KeyShape,
  partGetter,
  partOf,
  partSetter,
  putPart,
  requireKey,
  requirePart,
  sizeOf,
} from './key-parts.ts'
import { handleAt, type JcreMethod, requireObject, shortAt } from './native-call.ts'
import { isXecKind, takeXecKey } from './xec-keys.ts'

/** ECPublicKey and ECPrivateKey over prime fields, with the domain's parameters in each key. */
const fieldBytes = (bits: number): number => Math.ceil(bits / 8)
const number: KeyPart = { maxBytes: fieldBytes }
/** The order of a group may be a bit longer than its field. */
const scalar: KeyPart = { maxBytes: (bits) => fieldBytes(bits + 1) }
const point: KeyPart = { maxBytes: (bits) => 1 + 2 * fieldBytes(bits) }
const cofactor: KeyPart = { maxBytes: () => 2, isOptional: true }

const FIELD = 0
const A = 1
const B = 2
const G = 3
const R = 4
const K = 5
const VALUE = 6
const DOMAIN_PARTS = [FIELD, A, B, G, R, K] as const

const domainParts: readonly KeyPart[] = [number, number, number, point, scalar, cofactor]
export const ecPublicKeyShape: KeyShape = {
  className: 'gridcard/EcPublicKey',
  extendedClassName: 'gridcard/EncryptedEcPublicKey',
  parts: [...domainParts, point],
}
export const ecPrivateKeyShape: KeyShape = {
  className: 'gridcard/EcPrivateKey',
  extendedClassName: 'gridcard/EncryptedEcPrivateKey',
  parts: [...domainParts, scalar],
}
/** TYPE_EC_FP_PARAMETERS: a domain to share. */
export const ecParametersShape: KeyShape = {
  className: 'gridcard/EcParameters',
  extendedClassName: 'gridcard/EcParameters',
  parts: domainParts,
}

/** Uncompressed, compressed or hybrid; kept as it was given. Whether it lies on the curve shows when the key is used. */
const isPoint = (bytes: Uint8Array, bits: number): boolean => {
  const form = bytes[0]
  if (form === 2 || form === 3) return bytes.length === 1 + fieldBytes(bits)
  return (form === 4 || form === 6 || form === 7) && bytes.length === 1 + 2 * fieldBytes(bits)
}

const uncompressed = (jcre: Jcre, field: EcField, point: Uint8Array): Uint8Array => {
  if (point[0] === 4) return point
  return orFail(jcre, CRYPTO.ILLEGAL_VALUE, () => jcre.crypto.ecPointOf(field, point))
}

export function domainOf(jcre: Jcre, shape: KeyShape, key: number): EcDomain {
  const [p, a, b, g, order] = [FIELD, A, B, G, R].map((part) => requirePart(jcre, shape, key, part))
  const field = { p: p!, a: a!, b: b! }
  return { ...field, g: uncompressed(jcre, field, g!), order: order! }
}

/** True when all parameters that a domain needs are set. */
export function hasDomain(jcre: Jcre, shape: KeyShape, key: number): boolean {
  return [FIELD, A, B, G, R].every((part) => partOf(jcre, shape, key, part).length > 0)
}

export function putDomain(jcre: Jcre, shape: KeyShape, key: number, domain: EcDomain): void {
  const { p, a, b, g, order } = domain
  for (const [part, bytes] of [p, a, b, g, order].entries()) putPart(jcre, shape, key, part, bytes)
}

export function putValue(jcre: Jcre, shape: KeyShape, key: number, value: Uint8Array): void {
  putPart(jcre, shape, key, VALUE, value)
}

export interface EcKey {
  readonly domain: EcDomain
  /** The point of a public key, or a private key as long as the order; the caller wipes it. */
  readonly value: Uint8Array
  /** 0 where it was not set. */
  readonly cofactor: number
}

/** Big-endian, as many bytes as asked for, or undefined if it needs more. */
function resized(value: Uint8Array, length: number): Uint8Array | undefined {
  const lead = value.length - length
  if (lead <= 0) return Uint8Array.of(...new Uint8Array(-lead), ...value)
  return value.subarray(0, lead).every((byte) => byte === 0) ? value.slice(lead) : undefined
}

function orderLength(order: Uint8Array): number {
  const first = order.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : order.length - first
}

/** @returns the parts of an EC key that the caller may use; ILLEGAL_VALUE, UNINITIALIZED_KEY */
export function takeEcKey(jcre: Jcre, key: number, kind: 'ec-public' | 'ec-private'): EcKey {
  const found = requireKey(jcre, key)
  if (isXecKind(found)) {
    const { curve, value, isPrivate } = takeXecKey(jcre, key)
    if (curve.family !== 'weierstrass' || isPrivate !== (kind === 'ec-private')) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
    return { domain: ecDomain(curve.name), value, cofactor: 1 }
  }
  if (found !== kind) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  const shape = kind === 'ec-public' ? ecPublicKeyShape : ecPrivateKeyShape
  if (!isInitialized(jcre, shape, key)) failCrypto(jcre, CRYPTO.UNINITIALIZED_KEY)
  const domain = domainOf(jcre, shape, key)
  const stored = partOf(jcre, shape, key, VALUE)
  const value = kind === 'ec-public' ? uncompressed(jcre, domain, stored) : resized(stored, orderLength(domain.order))
  const [high = 0, low = 0] = partOf(jcre, shape, key, K)
  return { domain, value: value ?? failCrypto(jcre, CRYPTO.ILLEGAL_VALUE), cofactor: (high << 8) | low }
}

function shapeOf(jcre: Jcre, key: number): KeyShape {
  const kind = requireKey(jcre, key)
  if (kind === 'ec-public') return ecPublicKeyShape
  if (kind === 'ec-parameters') return ecParametersShape
  return kind === 'ec-private' ? ecPrivateKeyShape : failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
}

const copyDomain =
  (shape: KeyShape): JcreMethod =>
  (jcre, at) => {
    const key = handleAt(jcre, at)
    const from = handleAt(jcre, at + 1)
    requireObject(jcre, from, 'javacard/security/ECKey')
    const fromShape = shapeOf(jcre, from)
    if (sizeOf(jcre, from) !== sizeOf(jcre, key)) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
    if (!hasDomain(jcre, fromShape, from)) failCrypto(jcre, CRYPTO.UNINITIALIZED_KEY)
    for (const part of DOMAIN_PARTS) {
      const bytes = partOf(jcre, fromShape, from, part)
      if (bytes.length > 0) putPart(jcre, shape, key, part, bytes)
    }
    return 0
  }

const setK =
  (shape: KeyShape): JcreMethod =>
  (jcre, at) => {
    const k = shortAt(jcre, at + 1)
    if (k <= 0) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
    putPart(jcre, shape, handleAt(jcre, at), K, Uint8Array.of(k >> 8, k))
    return 0
  }

const getK =
  (shape: KeyShape): JcreMethod =>
  (jcre, at) => {
    const [high, low] = requirePart(jcre, shape, handleAt(jcre, at), K)
    return (high! << 8) | low!
  }

/** These keys are over prime fields. */
const noBinaryField: JcreMethod = (jcre) => failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)

const ecKeyMethods = (shape: KeyShape): Readonly<Record<string, JcreMethod>> => ({
  'setFieldFP([BSS)V': partSetter(shape, FIELD),
  'setFieldF2M(S)V': noBinaryField,
  'setFieldF2M(SSS)V': noBinaryField,
  'setA([BSS)V': partSetter(shape, A),
  'setB([BSS)V': partSetter(shape, B),
  'setG([BSS)V': partSetter(shape, G, isPoint),
  'setR([BSS)V': partSetter(shape, R),
  'setK(S)V': setK(shape),
  'getField([BS)S': partGetter(shape, FIELD),
  'getA([BS)S': partGetter(shape, A),
  'getB([BS)S': partGetter(shape, B),
  'getG([BS)S': partGetter(shape, G),
  'getR([BS)S': partGetter(shape, R),
  'getK()S': getK(shape),
  'copyDomainParametersFrom(Ljavacard/security/ECKey;)V': copyDomain(shape),
})

export const ecKeyImplementations: readonly NativeImplementation[] = [
  ...keyImplementations({
    shape: ecPublicKeyShape,
    ids: [10, 34],
    interfaces: ['javacard/security/ECPublicKey'],
    methods: {
      ...ecKeyMethods(ecPublicKeyShape),
      'setW([BSS)V': partSetter(ecPublicKeyShape, VALUE, isPoint),
      'getW([BS)S': partGetter(ecPublicKeyShape, VALUE),
    },
  }),
  ...keyImplementations({
    shape: ecPrivateKeyShape,
    ids: [11, 35],
    interfaces: ['javacard/security/ECPrivateKey'],
    methods: {
      ...ecKeyMethods(ecPrivateKeyShape),
      'setS([BSS)V': partSetter(ecPrivateKeyShape, VALUE),
      'getS([BS)S': partGetter(ecPrivateKeyShape, VALUE),
    },
  }),
  ...keyImplementations({
    shape: ecParametersShape,
    ids: [undefined, 36],
    interfaces: ['javacard/security/Key', 'javacard/security/ECKey'],
    methods: ecKeyMethods(ecParametersShape),
  }),
]
