import { pow } from '@noble/curves/abstract/modular.js'
import { numberToBytesBE } from '@noble/curves/utils.js'
import { requirePowerOperands } from '../construction/power-operands.ts'
import type { FiniteField } from '../port/finite-field.ts'

export const nobleFiniteField: FiniteField = {
  modularPower(base, exponent, modulus) {
    const operands = requirePowerOperands(base, exponent, modulus)
    return numberToBytesBE(pow(operands.base, operands.exponent, operands.modulus), modulus.length)
  },
}
