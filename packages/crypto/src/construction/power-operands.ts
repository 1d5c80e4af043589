import { bytesToNumberBE } from '@noble/curves/utils.js'
import { CryptoPortError } from '../errors.ts'

export interface PowerOperands {
  readonly base: bigint
  readonly exponent: bigint
  readonly modulus: bigint
}

const numberOf = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : bytesToNumberBE(Uint8Array.from(bytes)))

export function requirePowerOperands(base: Uint8Array, exponent: Uint8Array, modulus: Uint8Array): PowerOperands {
  if (modulus.length < 16 || modulus.length > 512 || modulus[0] === 0 || modulus.at(-1)! % 2 === 0) {
    throw new CryptoPortError('CRYPTO_UNSUPPORTED', `a modulus is odd and has 16 to 512 bytes, not ${modulus.length}`)
  }
  if (base.length > 2 * modulus.length || exponent.length > 2 * modulus.length) {
    throw new CryptoPortError('CRYPTO_OUT_OF_RANGE', 'base and exponent are smaller than the modulus')
  }
  const operands = { base: numberOf(base), exponent: numberOf(exponent), modulus: numberOf(modulus) }
  if (operands.base >= operands.modulus || operands.exponent >= operands.modulus) {
    throw new CryptoPortError('CRYPTO_OUT_OF_RANGE', 'base and exponent are smaller than the modulus')
  }
  return operands
}
