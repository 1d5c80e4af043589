import { concatBytes } from '@gridcard/bytes'
import { Field } from '@noble/curves/abstract/modular.js'
import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js'
import { CryptoPortError } from '../errors.ts'
import type { EcField } from '../port/elliptic-curves.ts'

const MOST_FIELD_BYTES = 66

function refuse(): never {
  throw new CryptoPortError('CRYPTO_BAD_PUBLIC_KEY', 'not a point of the curve', { source: 'SEC 1 §2.3.4' })
}

const numberOf = (bytes: Uint8Array): bigint => (bytes.length === 0 ? 0n : bytesToNumberBE(Uint8Array.from(bytes)))

function yOf({ p, a, b }: EcField, x: bigint, isOdd: boolean): bigint {
  const field = Field(numberOf(p))
  if (x >= field.ORDER) refuse()
  const square = field.create(x * x * x + numberOf(a) * x + numberOf(b))
  let root: bigint
  try {
    root = field.sqrt(square)
  } catch {
    return refuse()
  }
  if (root === 0n && isOdd) refuse()
  return (root & 1n) === (isOdd ? 1n : 0n) ? root : field.neg(root)
}

/** @source SEC 1 §2.3.4; ANSI X9.62 for the hybrid form */
export function ecPointOf(field: EcField, encoded: Uint8Array): Uint8Array {
  const { p } = field
  const first = p.findIndex((byte) => byte !== 0)
  const length = first < 0 ? 0 : p.length - first
  const form = encoded[0]
  if (length === 0 || length > MOST_FIELD_BYTES || p.at(-1)! % 2 === 0) refuse()
  if (form === 4 && encoded.length === 1 + 2 * length) return Uint8Array.from(encoded)
  if ((form === 6 || form === 7) && encoded.length === 1 + 2 * length) {
    if (encoded.at(-1)! % 2 !== form % 2) refuse()
    return concatBytes(Uint8Array.of(4), encoded.subarray(1))
  }
  if ((form !== 2 && form !== 3) || encoded.length !== 1 + length) refuse()
  const y = yOf(field, numberOf(encoded.subarray(1)), form === 3)
  return concatBytes(Uint8Array.of(4), encoded.subarray(1), numberToBytesBE(y, length))
}
