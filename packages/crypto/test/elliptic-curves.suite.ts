import { concatBytes, fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { type CryptoProvider, type EcDomain, ecCurveNames, ecDomain } from '../src/index.ts'
import { refuses } from './refuses.ts'
import { BRAINPOOL_AGREEMENT, DLMS_SIGNATURES, SAMPLE, SECP128R1, SECP128R2 } from './vectors/curve-vectors.ts'

const upper = (hex: string) => toHex(fromHex(hex))
const domainOf = (hex: Record<keyof EcDomain, string>): EcDomain => ({
  p: fromHex(hex.p),
  a: fromHex(hex.a),
  b: fromHex(hex.b),
  g: fromHex(hex.g),
  order: fromHex(hex.order),
})
const DOMAINS: readonly (readonly [string, EcDomain])[] = [
  // Of the twisted brainpool curves one here; all of them where both providers have to agree.
  ...ecCurveNames
    .filter((name) => !name.endsWith('t1') || name === 'brainpoolP256t1')
    .map((name) => [name, ecDomain(name)] as const),
  ['secp128r1, by its parameters', domainOf(SECP128R1)],
  ['secp128r2, by its parameters', domainOf(SECP128R2)],
]
const P256 = ecDomain('P-256')

/** A number as long as `order`, `change` away from it. */
function near(order: Uint8Array, change: bigint): Uint8Array {
  return fromHex((BigInt(`0x${toHex(order)}`) + change).toString(16).padStart(2 * order.length, '0'))
}

export function ellipticCurvesSuite(provider: CryptoProvider): void {
  const p256Key = provider.generateEcPrivateKey(P256)
  const p256Point = provider.ecPublicKey(P256, p256Key)

  describe('elliptic curves', () => {
    const flipped = (part: keyof EcDomain) => {
      const copy = structuredClone(P256)
      copy[part][copy[part].length - 1]! ^= 2
      return copy
    }

    test.each([
      ['another field', flipped('p')],
      ['another a', flipped('a')],
      ['another b', flipped('b')],
      ['another generator', flipped('g')],
      ['another order', flipped('order')],
      ['no field', { ...P256, p: new Uint8Array() }],
      ['no order', { ...P256, order: new Uint8Array(32) }],
      ['a generator at infinity', { ...P256, g: Uint8Array.of(0) }],
      ['a generator without its mark', { ...P256, g: concatBytes(Uint8Array.of(6), P256.g.subarray(1)) }],
      ['zeros before the generator', { ...P256, g: concatBytes(Uint8Array.of(0), P256.g) }],
      ['a field of 64 bits', { ...P256, p: fromHex('FFFFFFFFFFFFFFC5'), g: new Uint8Array(17).fill(4) }],
      ['the field as its own order', { ...P256, order: P256.p }],
      ['a singular curve', { ...P256, a: Uint8Array.of(0), b: Uint8Array.of(0) }],
      ['a number of thousands of bytes', { ...P256, a: new Uint8Array(10_000) }],
      ['the order of a curve over another field', { ...P256, p: ecDomain('brainpoolP256r1').p }],
    ])('refuse %s', (_, domain) => {
      refuses('CRYPTO_BAD_DOMAIN', () => provider.requireEcDomain(domain))
      refuses('CRYPTO_BAD_DOMAIN', () => provider.generateEcPrivateKey(domain))
      refuses('CRYPTO_BAD_DOMAIN', () => provider.ecPublicKey(domain, p256Key))
      refuses('CRYPTO_BAD_DOMAIN', () => provider.isEcPublicKey(domain, p256Point))
      refuses('CRYPTO_BAD_DOMAIN', () => provider.ecdh(domain, p256Key, p256Point))
      const scheme = { domain, hash: 'sha256', encoding: 'der' } as const
      refuses('CRYPTO_BAD_DOMAIN', () => provider.createEcdsaSigner(scheme, p256Key))
      refuses('CRYPTO_BAD_DOMAIN', () => provider.createEcdsaVerifier(scheme, p256Point))
    })

    test.each(DOMAINS)('%s refuses private keys that are zero, too large or of another length', (_, domain) => {
      const { order } = domain
      const point = domain.g
      const scheme = { domain, hash: 'sha256', encoding: 'plain' } as const
      const all = [
        (key: Uint8Array) => provider.ecPublicKey(domain, key),
        (key: Uint8Array) => provider.ecdh(domain, key, point),
        (key: Uint8Array) => provider.ecMultiply(domain, key, point),
        (key: Uint8Array) => provider.createEcdsaSigner(scheme, key),
      ]
      for (const act of all) {
        for (const key of [
          new Uint8Array(order.length),
          order,
          near(order, 1n),
          new Uint8Array(order.length).fill(255),
        ]) {
          refuses('CRYPTO_BAD_PRIVATE_KEY', () => act(key))
        }
        for (const key of [new Uint8Array(), order.subarray(1), concatBytes(Uint8Array.of(0), near(order, -1n))]) {
          refuses('CRYPTO_BAD_KEY_LENGTH', () => act(key))
        }
      }
    })

    test.each(DOMAINS)('%s refuses what is no uncompressed point of the curve', (_, domain) => {
      const length = (domain.g.length - 1) / 2
      const offCurve = Uint8Array.from(domain.g)
      offCurve[offCurve.length - 1]! ^= 1
      const bad = [
        new Uint8Array(),
        Uint8Array.of(0),
        new Uint8Array(domain.g.length),
        concatBytes(Uint8Array.of(4), new Uint8Array(2 * length)),
        Uint8Array.from(domain.g, (byte, i) => (i === 0 ? 6 + (domain.g.at(-1)! & 1) : byte)), // hybrid form
        offCurve,
        domain.g.subarray(0, -1),
        concatBytes(domain.g, Uint8Array.of(0)),
        concatBytes(Uint8Array.of(2 + (domain.g.at(-1)! & 1)), domain.g.subarray(1, 1 + length)), // compressed form
        concatBytes(Uint8Array.of(4), new Uint8Array(2 * length).fill(255)),
        concatBytes(Uint8Array.of(4), domain.p, domain.g.subarray(1 + length)),
      ]
      const key = near(domain.order, -2n)
      const scheme = { domain, hash: 'sha256', encoding: 'der' } as const
      for (const point of bad) {
        expect(provider.isEcPublicKey(domain, point)).toBe(false)
        refuses('CRYPTO_BAD_PUBLIC_KEY', () => provider.ecdh(domain, key, point))
        refuses('CRYPTO_BAD_PUBLIC_KEY', () => provider.ecMultiply(domain, key, point))
        refuses('CRYPTO_BAD_PUBLIC_KEY', () => provider.ecAdd(domain, domain.g, point))
        refuses('CRYPTO_BAD_PUBLIC_KEY', () => provider.ecAdd(domain, point, domain.g))
        refuses('CRYPTO_BAD_PUBLIC_KEY', () => provider.createEcdsaVerifier(scheme, point))
      }
    })

    test('a point outside the prime-order group is refused, though it is on the curve', () => {
      const domain = domainOf(SECP128R2)
      // x = 3 has a point on the curve, and its order is a multiple of the cofactor's factors.
      const p = BigInt(`0x${SECP128R2.p}`)
      const [a, b] = [BigInt(`0x${SECP128R2.a}`), BigInt(`0x${SECP128R2.b}`)]
      const power = (base: bigint, exponent: bigint) => {
        let result = 1n
        for (let e = exponent, square = base % p; e > 0n; e >>= 1n, square = (square * square) % p) {
          if (e & 1n) result = (result * square) % p
        }
        return result
      }
      const inGroup: boolean[] = []
      for (let x = 1n; inGroup.length < 12; x++) {
        const right = (x * x * x + a * x + b) % p
        const y = power(right, (p + 1n) / 4n)
        if ((y * y) % p !== right) continue
        const hex = (n: bigint) => n.toString(16).padStart(32, '0')
        inGroup.push(provider.isEcPublicKey(domain, fromHex(`04${hex(x)}${hex(y)}`)))
      }
      expect(new Set(inGroup)).toEqual(new Set([true, false]))
    })

    test('a sum at infinity is refused', () => {
      const minusG = provider.ecMultiply(P256, near(P256.order, -1n), P256.g)
      refuses('CRYPTO_BAD_PUBLIC_KEY', () => provider.ecAdd(P256, P256.g, minusG))
    })

    test.each(DOMAINS)('%s: both sides agree, and the whole point has that x', (_, domain) => {
      const [a, b] = [provider.generateEcPrivateKey(domain), provider.generateEcPrivateKey(domain)]
      const [aPoint, bPoint] = [provider.ecPublicKey(domain, a), provider.ecPublicKey(domain, b)]
      expect(provider.isEcPublicKey(domain, aPoint)).toBe(true)
      const shared = provider.ecdh(domain, a, bPoint)
      expect(shared.length).toBe((domain.g.length - 1) / 2)
      expect(provider.ecdh(domain, b, aPoint)).toEqual(shared)
      expect(provider.ecMultiply(domain, a, bPoint).slice(1, 1 + shared.length)).toEqual(shared)
      expect(provider.ecMultiply(domain, a, domain.g)).toEqual(aPoint)
    })

    test('addition fits multiplication', () => {
      const two = near(new Uint8Array(32), 2n)
      expect(provider.ecAdd(P256, p256Point, p256Point)).toEqual(provider.ecMultiply(P256, two, p256Point))
      const next = near(p256Key, 1n)
      expect(provider.ecAdd(P256, p256Point, P256.g)).toEqual(provider.ecPublicKey(P256, next))
    })

    test('a domain with zeros before its numbers is the same domain', () => {
      const zeros = (number: Uint8Array) => concatBytes(new Uint8Array(3), number)
      const domain = { p: zeros(P256.p), a: zeros(P256.a), b: zeros(P256.b), g: P256.g, order: zeros(P256.order) }
      expect(provider.ecPublicKey(domain, p256Key)).toEqual(p256Point)
    })

    test('brainpool agreement as RFC 7027 prints it', () => {
      const domain = ecDomain(BRAINPOOL_AGREEMENT.curve)
      const [a, b] = [fromHex(BRAINPOOL_AGREEMENT.a), fromHex(BRAINPOOL_AGREEMENT.b)]
      expect(toHex(provider.ecPublicKey(domain, a))).toBe(upper(BRAINPOOL_AGREEMENT.aPublic))
      expect(toHex(provider.ecdh(domain, b, fromHex(BRAINPOOL_AGREEMENT.aPublic)))).toBe(BRAINPOOL_AGREEMENT.shared)
    })
  })

  describe('ECDSA', () => {
    const message = fromAscii('sample')

    test('refuses a digest of another length', () => {
      const scheme = { domain: P256, hash: 'sha256', encoding: 'der' } as const
      for (const length of [0, 20, 31, 33, 64]) {
        const digest = new Uint8Array(length)
        refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.createEcdsaSigner(scheme, p256Key).signDigest(digest))
        const verifier = provider.createEcdsaVerifier(scheme, p256Point)
        refuses('CRYPTO_BAD_DATA_LENGTH', () => verifier.verifyDigest(digest, new Uint8Array(70)))
      }
    })

    test.each(['der', 'plain'] as const)(
      '%s: a signature cut, lengthened or with a bit flipped is wrong',
      (encoding) => {
        const scheme = { domain: P256, hash: 'sha256', encoding } as const
        const signature = provider.createEcdsaSigner(scheme, p256Key).sign(message)
        const verifier = provider.createEcdsaVerifier(scheme, p256Point)
        const digest = provider.sha256(message)
        const isRight = (bytes: Uint8Array) => [verifier.verify(message, bytes), verifier.verifyDigest(digest, bytes)]
        expect(isRight(signature)).toEqual([true, true])
        for (let length = 0; length < signature.length; length++) {
          expect(isRight(signature.subarray(0, length))).toEqual([false, false])
        }
        expect(isRight(concatBytes(signature, Uint8Array.of(0)))).toEqual([false, false])
        expect(isRight(new Uint8Array(signature.length))).toEqual([false, false])
        for (let bit = 0; bit < 8 * signature.length; bit += 3) {
          const flipped = Uint8Array.from(signature)
          flipped[bit >> 3]! ^= 1 << (bit & 7)
          expect(isRight(flipped)).toEqual([false, false])
        }
      },
    )

    test.each(DOMAINS)('%s: what is signed is verified, whole or as a digest, in both encodings', (_, domain) => {
      const privateKey = provider.generateEcPrivateKey(domain)
      const publicKey = provider.ecPublicKey(domain, privateKey)
      for (const hash of ['sha1', 'sha256', 'sha512', 'sha3-384'] as const) {
        for (const encoding of ['der', 'plain'] as const) {
          const signer = provider.createEcdsaSigner({ domain, hash, encoding }, privateKey)
          const verifier = provider.createEcdsaVerifier({ domain, hash, encoding }, publicKey)
          const digest = provider.hash(hash, message)
          expect(verifier.verifyDigest(digest, signer.sign(message))).toBe(true)
          expect(verifier.verify(message, signer.signDigest(digest))).toBe(true)
          expect(verifier.verify(digest, signer.sign(message))).toBe(false)
          if (encoding === 'plain') expect(signer.sign(message).length).toBe(2 * domain.order.length)
        }
      }
    })

    test.each(SAMPLE)('$source', ({ curve, hash, privateKey, signature }) => {
      const domain = ecDomain(curve)
      const scheme = { domain, hash, encoding: 'plain' } as const
      const key = fromHex(privateKey)
      const verifier = provider.createEcdsaVerifier(scheme, provider.ecPublicKey(domain, key))
      expect(verifier.verify(message, fromHex(signature))).toBe(true)
      expect(verifier.verify(fromAscii('test'), fromHex(signature))).toBe(false)
      const signed = provider.createEcdsaSigner(scheme, key).signDigest(provider.hash(hash, message))
      expect(toHex(signed)).toBe(upper(signature))
    })

    test.each(DLMS_SIGNATURES)('DLMS: $source', ({ publicKey, message, signature }) => {
      const scheme = { domain: P256, hash: 'sha256', encoding: 'plain' } as const
      const verifier = provider.createEcdsaVerifier(scheme, fromHex(`04${publicKey}`))
      expect(verifier.verify(fromHex(message), fromHex(signature))).toBe(true)
      expect(verifier.verify(fromHex(message).subarray(1), fromHex(signature))).toBe(false)
    })

    test('a signer keeps its key, whatever becomes of the caller’s', () => {
      const scheme = { domain: P256, hash: 'sha256', encoding: 'der' } as const
      const [privateKey, publicKey] = [Uint8Array.from(p256Key), Uint8Array.from(p256Point)]
      const signer = provider.createEcdsaSigner(scheme, privateKey)
      const verifier = provider.createEcdsaVerifier(scheme, publicKey)
      privateKey.fill(1)
      publicKey.fill(1)
      const digest = provider.sha256(message)
      expect(verifier.verify(message, signer.sign(message))).toBe(true)
      expect(verifier.verifyDigest(digest, signer.signDigest(digest))).toBe(true)
    })
  })
}
