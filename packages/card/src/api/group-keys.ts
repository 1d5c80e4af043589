import type { DsaDomain } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
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
} from './key-parts.ts'
import type { JcreMethod } from './native-call.ts'

/** Keys in the multiplicative group: DSA, and Diffie-Hellman, whose Q is not needed. */
const number: KeyPart = { maxBytes: (bits) => bits / 8 }
const optional: KeyPart = { maxBytes: (bits) => bits / 8, isOptional: true }
const MOST_Q_BYTES = 32
const dsaOrder: KeyPart = { maxBytes: () => MOST_Q_BYTES }

const P = 0
const Q = 1
const G = 2
const VALUE = 3

const shape = (className: string, parts: readonly KeyPart[]): KeyShape => ({
  className,
  extendedClassName: className,
  parts,
})
const dsaDomainParts = [number, dsaOrder, number]
const dhDomainParts = [number, optional, number]

export const dsaPublicKeyShape = shape('gridcard/DsaPublicKey', [...dsaDomainParts, number])
export const dsaPrivateKeyShape = shape('gridcard/DsaPrivateKey', [...dsaDomainParts, dsaOrder])
export const dsaParametersShape = shape('gridcard/DsaParameters', dsaDomainParts)
export const dhPublicKeyShape = shape('gridcard/DhPublicKey', [...dhDomainParts, number])
export const dhPrivateKeyShape = shape('gridcard/DhPrivateKey', [...dhDomainParts, number])
export const dhParametersShape = shape('gridcard/DhParameters', dhDomainParts)

export interface GroupKey {
  readonly domain: DsaDomain
  /** The caller wipes it. */
  readonly value: Uint8Array
}

const SHAPES = {
  'dsa-public': dsaPublicKeyShape,
  'dsa-private': dsaPrivateKeyShape,
  'dh-public': dhPublicKeyShape,
  'dh-private': dhPrivateKeyShape,
} as const

function withoutZeros(number: Uint8Array): Uint8Array {
  const first = number.findIndex((byte) => byte !== 0)
  return first < 0 ? new Uint8Array() : number.slice(first)
}

export function groupDomainOf(jcre: Jcre, keyShape: KeyShape, key: number): DsaDomain {
  const p = withoutZeros(requirePart(jcre, keyShape, key, P))
  return { p, q: withoutZeros(partOf(jcre, keyShape, key, Q)), g: requirePart(jcre, keyShape, key, G) }
}

export function hasGroupDomain(jcre: Jcre, keyShape: KeyShape, key: number): boolean {
  return [P, Q, G].every((part) => keyShape.parts[part]!.isOptional || partOf(jcre, keyShape, key, part).length > 0)
}

/** @returns the parts of a key that the caller may use; ILLEGAL_VALUE, UNINITIALIZED_KEY */
export function takeGroupKey(jcre: Jcre, key: number, kind: keyof typeof SHAPES): GroupKey {
  if (requireKey(jcre, key) !== kind) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  const keyShape = SHAPES[kind]
  if (!isInitialized(jcre, keyShape, key)) failCrypto(jcre, CRYPTO.UNINITIALIZED_KEY)
  const domain = groupDomainOf(jcre, keyShape, key)
  const stored = withoutZeros(partOf(jcre, keyShape, key, VALUE))
  if (kind !== 'dsa-private') return { domain, value: stored }
  // As long as the order.
  if (stored.length > domain.q.length) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  return { domain, value: Uint8Array.of(...new Uint8Array(domain.q.length - stored.length), ...stored) }
}

export function putGroupDomain(jcre: Jcre, keyShape: KeyShape, key: number, { p, q, g }: DsaDomain): void {
  putPart(jcre, keyShape, key, P, p)
  if (q.length > 0) putPart(jcre, keyShape, key, Q, q)
  putPart(jcre, keyShape, key, G, g)
}

export function putGroupValue(jcre: Jcre, keyShape: KeyShape, key: number, value: Uint8Array): void {
  putPart(jcre, keyShape, key, VALUE, value)
}

const domainMethods = (keyShape: KeyShape): Readonly<Record<string, JcreMethod>> => ({
  'setP([BSS)V': partSetter(keyShape, P),
  'setQ([BSS)V': partSetter(keyShape, Q),
  'setG([BSS)V': partSetter(keyShape, G),
  'getP([BS)S': partGetter(keyShape, P),
  'getQ([BS)S': partGetter(keyShape, Q),
  'getG([BS)S': partGetter(keyShape, G),
})

const withValue = (keyShape: KeyShape, letter: 'X' | 'Y'): Readonly<Record<string, JcreMethod>> => ({
  ...domainMethods(keyShape),
  [`set${letter}([BSS)V`]: partSetter(keyShape, VALUE),
  [`get${letter}([BS)S`]: partGetter(keyShape, VALUE),
})

const implementation = (
  keyShape: KeyShape,
  id: number,
  interfaces: readonly string[],
  methods: Readonly<Record<string, JcreMethod>>,
) => keyImplementations({ shape: keyShape, ids: [undefined, id], interfaces, methods })

export const groupKeyImplementations: readonly NativeImplementation[] = [
  ...implementation(dsaPublicKeyShape, 20, ['javacard/security/DSAPublicKey'], withValue(dsaPublicKeyShape, 'Y')),
  ...implementation(dsaPrivateKeyShape, 21, ['javacard/security/DSAPrivateKey'], withValue(dsaPrivateKeyShape, 'X')),
  ...implementation(
    dsaParametersShape,
    22,
    ['javacard/security/Key', 'javacard/security/DSAKey'],
    domainMethods(dsaParametersShape),
  ),
  ...implementation(dhPublicKeyShape, 23, ['javacard/security/DHPublicKey'], withValue(dhPublicKeyShape, 'Y')),
  ...implementation(dhPrivateKeyShape, 24, ['javacard/security/DHPrivateKey'], withValue(dhPrivateKeyShape, 'X')),
  ...implementation(
    dhParametersShape,
    25,
    ['javacard/security/Key', 'javacard/security/DHKey'],
    domainMethods(dhParametersShape),
  ),
]
