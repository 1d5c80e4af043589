import { type WeierstrassPointCons, weierstrass } from '@noble/curves/abstract/weierstrass.js'
import { bytesToNumberBE } from '@noble/curves/utils.js'
import { isProbablePrime } from 'micro-rsa-dsa-dh/primality.js'
import { sqrt } from 'micro-rsa-dsa-dh/utils.js'
import { CryptoPortError } from '../errors.ts'
import type { EcDomain } from '../port/elliptic-curves.ts'
import { domainKey, type EcCurveName, ecDomainName } from './named-domains.ts'

/** A domain whose parameters hold what they promise, ready to compute with. */
export interface WeierstrassCurve {
  readonly name: EcCurveName | undefined
  readonly Point: WeierstrassPointCons<bigint>
  readonly order: bigint
  readonly fieldLengthBytes: number
  readonly orderLengthBytes: number
}

/** The sizes of javacard.security.KeyBuilder for keys over prime fields, and what lies between them. */
const LEAST_BITS = 112
const MOST_BITS = 521

/** Rounds of Miller-Rabin with random bases, before a Lucas test: a number chosen to deceive passes less often than 2^-64. */
const PRIME_ROUNDS = 32

const named = new Map<EcCurveName, WeierstrassCurve>()

/** The last few others: cards personalised alike share a domain, and a hostile applet cannot fill the memory. */
const others = new Map<string, WeierstrassCurve>()
const MOST_OTHERS = 16

export function weierstrassCurve(domain: EcDomain): WeierstrassCurve {
  const name = ecDomainName(domain)
  if (name !== undefined) {
    const known = named.get(name)
    if (known !== undefined) return known
    const curve = createCurve(domain, name)
    named.set(name, curve)
    return curve
  }
  const key = domainKey(domain)
  const known = others.get(key)
  if (known !== undefined) return known
  const curve = createCurve(domain, undefined)
  if (others.size >= MOST_OTHERS) others.delete(others.keys().next().value!)
  others.set(key, curve)
  return curve
}

function refuse(reason: string): never {
  throw new CryptoPortError('CRYPTO_BAD_DOMAIN', reason, { source: 'SEC 1 §3.1.1.2.1' })
}

const numberOf = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : bytesToNumberBE(bytes))
const bitsOf = (number: bigint): number => (number === 0n ? 0 : number.toString(2).length)

function createCurve(domain: EcDomain, name: EcCurveName | undefined): WeierstrassCurve {
  // Zeros may lead, but not thousands of them.
  for (const part of [domain.p, domain.a, domain.b, domain.order])
    if (part.length > 2 * 67) refuse('a number is too long')
  const [p, a, b, order] = [domain.p, domain.a, domain.b, domain.order].map(numberOf) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ]
  const [fieldBits, orderBits] = [bitsOf(p), bitsOf(order)]
  if (fieldBits < LEAST_BITS || fieldBits > MOST_BITS) refuse(`a field of ${fieldBits} bits`)
  if (orderBits < LEAST_BITS - 16 || orderBits > fieldBits + 1) refuse(`an order of ${orderBits} bits`)
  const fieldLengthBytes = Math.ceil(fieldBits / 8)
  if (domain.g.length !== 1 + 2 * fieldLengthBytes || domain.g[0] !== 4)
    refuse('the generator is not an uncompressed point')

  const cofactor = (p + 1n + 2n * sqrt(p)) / order
  if (cofactor < 1n) refuse('the order is greater than any curve over the field has')
  const Point = pointsOf({
    p,
    a,
    b,
    n: order,
    h: cofactor,
    Gx: numberOf(domain.g.subarray(1, 1 + fieldLengthBytes)),
    Gy: numberOf(domain.g.subarray(1 + fieldLengthBytes)),
  })
  if (name === undefined) {
    requirePrimes(p, order)
    requireOrder(Point, order)
  }
  return { name, Point, order, fieldLengthBytes, orderLengthBytes: Math.ceil(orderBits / 8) }
}

function requirePrimes(p: bigint, order: bigint): void {
  if (p === order) refuse('the order equals the field: discrete logarithms are easy there')
  if (!isProbablePrime(p, PRIME_ROUNDS)) refuse('the field is not of prime size')
  if (!isProbablePrime(order, PRIME_ROUNDS)) refuse('the order is not prime')
}

function pointsOf(parameters: Parameters<typeof weierstrass<bigint>>[0]): WeierstrassPointCons<bigint> {
  try {
    return weierstrass(parameters)
  } catch {
    return refuse('the parameters are no curve, or the generator is not on it')
  }
}

function requireOrder(Point: WeierstrassPointCons<bigint>, order: bigint): void {
  try {
    if (Point.BASE.multiplyUnsafe(order - 1n).equals(Point.BASE.negate())) return
  } catch {
    // Arithmetic met a point that cannot be: not this order either.
  }
  refuse('the generator has another order')
}
