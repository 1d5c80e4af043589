import { createDiffieHellman } from 'node:crypto'
import { pow } from '@noble/curves/abstract/modular.js'
import { numberToBytesBE, numberToVarBytesBE } from '@noble/curves/utils.js'
import { requirePowerOperands } from '../construction/power-operands.ts'
import type { FiniteField } from '../port/finite-field.ts'
import { plain } from './plain.ts'

const GENERATOR = Buffer.from([2])
const LEAST_OPENSSL_BYTES = 64

/**
 * OpenSSL's modular power, through the one door Node has to it: a Diffie-Hellman agreement raises the other side's value
 * to the private key. It refuses the values that tell nothing (0, 1, modulus - 1) and exponents of 0 and 1, whose powers
 * need no arithmetic.
 */
export function modularPower(base: bigint, exponent: bigint, modulus: bigint): Uint8Array {
  const lengthBytes = Math.ceil(modulus.toString(16).length / 2)
  const trivial = trivialPower(base, exponent, modulus)
  if (trivial !== undefined) return numberToBytesBE(trivial, lengthBytes)
  // Too small for OpenSSL to take it for a group, and quick enough in JavaScript.
  if (lengthBytes < LEAST_OPENSSL_BYTES) return numberToBytesBE(pow(base, exponent, modulus), lengthBytes)
  const agreement = createDiffieHellman(Buffer.from(numberToVarBytesBE(modulus)), GENERATOR)
  agreement.setPrivateKey(Buffer.from(numberToVarBytesBE(exponent)))
  return plain(agreement.computeSecret(Buffer.from(numberToBytesBE(base, lengthBytes))))
}

function trivialPower(base: bigint, exponent: bigint, modulus: bigint): bigint | undefined {
  if (exponent === 0n) return 1n
  if (exponent === 1n || base <= 1n) return base
  if (base === modulus - 1n) return exponent & 1n ? base : 1n
  return undefined
}

export const nodeFiniteField: FiniteField = {
  modularPower(base, exponent, modulus) {
    const operands = requirePowerOperands(base, exponent, modulus)
    return modularPower(operands.base, operands.exponent, operands.modulus)
  },
}
