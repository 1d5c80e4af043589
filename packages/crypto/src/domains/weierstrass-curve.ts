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

/** @throws CryptoPortError `CRYPTO_BAD_DOMAIN` */
export function weierstrassCurve(domain: EcDomain): WeierstrassCurve {
  requireShortNumbers(domain)
  const name = ecDomainName(domain)
  return name === undefined ? otherCurve(domain) : namedCurve(domain, name)
}

function namedCurve(domain: EcDomain, name: EcCurveName): WeierstrassCurve {
  const known = named.get(name)
  if (known !== undefined) return known
  const curve = createCurve(domain, name)
  named.set(name, curve)
  return curve
}

function otherCurve(domain: EcDomain): WeierstrassCurve {
  const key = domainKey(domain)
  const known = others.get(key)
  if (known !== undefined) return known
  const curve = createCurve(domain, undefined)
  requirePrimes(curve.Point.Fp.ORDER, curve.order)
  requireOrder(curve.Point, curve.order)
  if (others.size >= MOST_OTHERS) others.delete(others.keys().next().value!)
  others.set(key, curve)
  return curve
}

function refuse(reason: string): never {
  throw new CryptoPortError('CRYPTO_BAD_DOMAIN', reason, { source: 'SEC 1 §3.1.1.2.1' })
}

const numberOf = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : bytesToNumberBE(bytes))
const bitsOf = (number: bigint): number => (number === 0n ? 0 : number.toString(2).length)

/** Zeros may lead, but not thousands of them. */
function requireShortNumbers({ p, a, b, g, order }: EcDomain): void {
  const mostBytes = 2 * Math.ceil(MOST_BITS / 8)
  if ([p, a, b, order].some((part) => part.length > mostBytes) || g.length > 1 + mostBytes) refuse('too long a number')
}

function createCurve(domain: EcDomain, name: EcCurveName | undefined): WeierstrassCurve {
  const [p, order] = [numberOf(domain.p), numberOf(domain.order)]
  const [fieldBits, orderBits] = [bitsOf(p), bitsOf(order)]
  if (fieldBits < LEAST_BITS || fieldBits > MOST_BITS) refuse(`a field of ${fieldBits} bits`)
  if (orderBits < LEAST_BITS - 16 || orderBits > fieldBits + 1) refuse(`an order of ${orderBits} bits`)
  const fieldLengthBytes = Math.ceil(fieldBits / 8)
  const isPoint = domain.g.length === 1 + 2 * fieldLengthBytes && domain.g[0] === 4
  if (!isPoint) refuse('the generator is not an uncompressed point')
  const cofactor = (p + 1n + 2n * sqrt(p)) / order
  if (cofactor < 1n) refuse('the order is greater than any curve over the field has')
  const Point = pointsOf({
    p,
    a: numberOf(domain.a),
    b: numberOf(domain.b),
    n: order,
    h: cofactor,
    Gx: numberOf(domain.g.subarray(1, 1 + fieldLengthBytes)),
    Gy: numberOf(domain.g.subarray(1 + fieldLengthBytes)),
  })
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
