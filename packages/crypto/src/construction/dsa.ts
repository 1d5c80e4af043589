import { concatBytes, emitTlv } from '@gridcard/bytes'
import { pow } from '@noble/curves/abstract/modular.js'
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js'
import { sha1 } from '@noble/hashes/legacy.js'
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { DSA } from 'micro-rsa-dsa-dh/dsa.js'
import { isProbablePrime } from 'micro-rsa-dsa-dh/primality.js'
import { CryptoPortError } from '../errors.ts'
import type { Dsa, DsaDomain, DsaHashName } from '../port/dsa.ts'
import type { Randomness } from '../port/randomness.ts'
import { requireDigest } from './ec-keys.ts'

/* Both providers take micro-rsa-dsa-dh: Node signs messages with DSA, but no digests that were made elsewhere. */

const HASHES = { sha1, sha224, sha256, sha384, sha512 } as const

/** Random bases, then a Lucas test; a number chosen to deceive passes less often than 2^-32. */
const PRIME_ROUNDS = 16

interface Group {
  readonly p: bigint
  readonly q: bigint
  readonly g: bigint
  readonly pLengthBytes: number
  readonly qLengthBytes: number
}

/** The last few: checking primes takes much longer than a signature. */
const known = new Map<string, Group>()
const MOST_KNOWN = 16

function refuse(reason: string): never {
  throw new CryptoPortError('CRYPTO_BAD_DOMAIN', reason, { source: 'FIPS 186-4 §4.1' })
}

const numberOf = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : bytesToNumberBE(Uint8Array.from(bytes)))
const bitsOf = (number: bigint): number => (number === 0n ? 0 : number.toString(2).length)

function groupOf(domain: DsaDomain): Group {
  if ([domain.p, domain.q, domain.g].some((part) => part.length > 400)) refuse('too long a number')
  const key = [domain.p, domain.q, domain.g].map((part) => numberOf(part).toString(36)).join()
  const found = known.get(key)
  if (found !== undefined) return found
  const [p, q, g] = [numberOf(domain.p), numberOf(domain.q), numberOf(domain.g)]
  const [pBits, qBits] = [bitsOf(p), bitsOf(q)]
  if (pBits < 512 || pBits > 3072) refuse(`p has ${pBits} bits`)
  if (qBits < 160 || qBits > 256) refuse(`q has ${qBits} bits`)
  if ((p - 1n) % q !== 0n) refuse('q does not divide p - 1')
  if (!isProbablePrime(q, PRIME_ROUNDS) || !isProbablePrime(p, PRIME_ROUNDS)) refuse('p or q is not prime')
  if (g <= 1n || g >= p || pow(g, q, p) !== 1n) refuse('g does not generate the group of order q')
  const group = { p, q, g, pLengthBytes: Math.ceil(pBits / 8), qLengthBytes: Math.ceil(qBits / 8) }
  if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value!)
  known.set(key, group)
  return group
}

/** The library over a message that is the digest already; it still needs the hash for its nonces. */
function over({ p, q, g }: Group, hash: DsaHashName) {
  return DSA({ p, q, g, hash: Object.assign((digest: Uint8Array) => digest, HASHES[hash]) })
}

function requireExponent({ q, qLengthBytes }: Group, privateKey: Uint8Array): bigint {
  const x = numberOf(privateKey)
  if (privateKey.length !== qLengthBytes || x === 0n || x >= q) {
    throw new CryptoPortError('CRYPTO_BAD_PRIVATE_KEY', 'a private key is 1 to q - 1', { source: 'FIPS 186-4 §4.1' })
  }
  return x
}

function derInteger(number: Uint8Array): Uint8Array {
  const first = number.findIndex((byte) => byte !== 0)
  const digits = first < 0 ? Uint8Array.of(0) : number.subarray(first)
  return emitTlv(0x02, digits[0]! >= 0x80 ? concatBytes(Uint8Array.of(0), digits) : digits)
}

const derSignature = (r: Uint8Array, s: Uint8Array) => emitTlv(0x30, concatBytes(derInteger(r), derInteger(s)))

export function dsaOver({ randomBytes }: Randomness): Dsa {
  return {
    requireDsaDomain: (domain) => void groupOf(domain),
    generateDsaPrivateKey(domain) {
      const { q, qLengthBytes } = groupOf(domain)
      const extra = bytesToNumberBE(randomBytes(qLengthBytes + 8))
      return numberToBytesBE((extra % (q - 1n)) + 1n, qLengthBytes)
    },
    dsaPublicKey(domain, privateKey) {
      const group = groupOf(domain)
      return numberToBytesBE(pow(group.g, requireExponent(group, privateKey), group.p), group.pLengthBytes)
    },
    dsaSignDigest(domain, hash, privateKey, digest) {
      const group = groupOf(domain)
      requireDigest(hash, digest)
      return over(group, hash).sign(requireExponent(group, privateKey), Uint8Array.from(digest))
    },
    dsaVerifyDigest(domain, hash, publicKey, digest, signature) {
      const group = groupOf(domain)
      requireDigest(hash, digest)
      const y = numberOf(publicKey)
      if (y <= 1n || y >= group.p || pow(y, group.q, group.p) !== 1n) {
        throw new CryptoPortError('CRYPTO_BAD_PUBLIC_KEY', 'not of the group', { source: 'FIPS 186-4 §4.1' })
      }
      if (signature.length !== 2 * group.qLengthBytes) return false
      // The library takes DER for what looks like it, so DER is what it is given.
      const [r, s] = [signature.subarray(0, group.qLengthBytes), signature.subarray(group.qLengthBytes)]
      return over(group, hash).verify(y, Uint8Array.from(digest), derSignature(r, s))
    },
  }
}
