import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js'
import type { WeierstrassCurve } from '../domains/weierstrass-curve.ts'
import { CryptoPortError } from '../errors.ts'
import { type HashName, hashes } from '../port/hashes.ts'

// What both providers ask of scalars, points and digests, before their libraries see them.

/** @returns the scalar, 1 to order - 1 */
export function requireScalar(curve: WeierstrassCurve, privateKey: Uint8Array): bigint {
  if (privateKey.length !== curve.orderLengthBytes) {
    throw new CryptoPortError(
      'CRYPTO_BAD_KEY_LENGTH',
      `a private key has ${curve.orderLengthBytes} bytes here, not ${privateKey.length}`,
    )
  }
  const scalar = bytesToNumberBE(privateKey)
  if (scalar === 0n || scalar >= curve.order) {
    throw new CryptoPortError('CRYPTO_BAD_PRIVATE_KEY', 'a private key is 1 to order - 1', { source: 'SEC 1 §3.2.1' })
  }
  return scalar
}

export function isUncompressed(curve: WeierstrassCurve, point: Uint8Array): boolean {
  return point.length === 1 + 2 * curve.fieldLengthBytes && point[0] === 4
}

export function badPoint(): CryptoPortError {
  return new CryptoPortError('CRYPTO_BAD_PUBLIC_KEY', 'not an uncompressed point of the curve', {
    source: 'SEC 1 §3.2.2.1',
  })
}

export function requireDigest(hash: HashName, digest: Uint8Array): void {
  const { digestLengthBytes } = hashes[hash]
  if (digest.length !== digestLengthBytes) {
    throw new CryptoPortError(
      'CRYPTO_BAD_DATA_LENGTH',
      `a digest of ${hash} has ${digestLengthBytes} bytes, not ${digest.length}`,
    )
  }
}

/** FIPS 186-5 A.2.1: 64 random bits more than the order has make the bias negligible. */
export function scalarFrom(curve: WeierstrassCurve, randomBytes: (lengthBytes: number) => Uint8Array): Uint8Array {
  const extra = bytesToNumberBE(randomBytes(curve.orderLengthBytes + 8))
  return numberToBytesBE((extra % (curve.order - 1n)) + 1n, curve.orderLengthBytes)
}
