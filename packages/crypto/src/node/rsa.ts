import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto'
import { bytesToNumberBE, numberToVarBytesBE } from '@noble/curves/utils.js'
import type { RsaEngine } from '../construction/rsa.ts'
import { keyPairOf } from '../construction/rsa-keys.ts'
import { modularPower } from './modular-power.ts'
import { plain } from './plain.ts'

const base64 = (number: bigint): string => Buffer.from(numberToVarBytesBE(number)).toString('base64url')
const numberOf = (text: string): bigint => bytesToNumberBE(Uint8Array.from(Buffer.from(text, 'base64url')))

const RAW = { padding: constants.RSA_NO_PADDING }

/** OpenSSL takes public exponents of at most 64 bits beside a large modulus. */
const MOST_OPENSSL_EXPONENT = 2n ** 64n

export const nodeRsaEngine: RsaEngine = {
  publicTransform({ n, e }) {
    if (e >= MOST_OPENSSL_EXPONENT) return (block) => modularPower(bytesToNumberBE(Uint8Array.from(block)), e, n)
    const key = createPublicKey({ key: { kty: 'RSA', n: base64(n), e: base64(e) }, format: 'jwk' })
    return (block) => plain(publicEncrypt({ key, ...RAW }, block))
  },
  privateTransform({ n, d, crt }) {
    if (crt === undefined) return (block) => modularPower(bytesToNumberBE(Uint8Array.from(block)), d, n)
    const { e, p, q, dp, dq, qInverse } = crt
    const numbers = { n, e, d, p, q, dp, dq, qi: qInverse }
    const parts = Object.fromEntries(Object.entries(numbers).map(([part, number]) => [part, base64(number)]))
    const key = createPrivateKey({ key: { kty: 'RSA', ...parts }, format: 'jwk' })
    return (block) => plain(privateDecrypt({ key, ...RAW }, block))
  },
  generateRsaKeyPair(modulusBits, publicExponent) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: modulusBits, publicExponent })
    const { p, q } = privateKey.export({ format: 'jwk' }) as { p: string; q: string } // an RSA key has them
    return keyPairOf(numberOf(p), numberOf(q), BigInt(publicExponent))
  },
}
