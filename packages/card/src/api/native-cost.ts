import type { Jcre } from '../runtime/jcre.ts'
import { VM_HALT } from '../vm/machine.ts'
import { keyKindOf, sizeOf } from './key-parts.ts'
import type { KeyKind } from './key-types.ts'

/**
 * What native methods take of the instruction budget: as many instructions as the interpreter runs in about the time, so
 * that the budget bounds a command whatever it calls. Symmetric work is paid by the byte, where bytes are fetched.
 */
type Cost = (bits: number) => number

const constant =
  (cost: number): Cost =>
  () =>
    cost
const cubic =
  (at2048: number): Cost =>
  (bits) =>
    Math.ceil(at2048 * (bits / 2048) ** 3)

/** Signing, verifying, decrypting, agreeing with a key; curves may be any, on which JavaScript computes. */
const OPERATIONS: Readonly<Partial<Record<KeyKind, Cost>>> = {
  'ec-public': constant(200_000),
  'ec-private': constant(200_000),
  'xec-public': constant(200_000),
  'xec-private': constant(200_000),
  'rsa-public': cubic(20_000),
  'rsa-private': cubic(400_000),
  'rsa-crt-private': cubic(400_000),
  'dsa-public': cubic(4_000_000),
  'dsa-private': cubic(4_000_000),
  'dh-public': cubic(4_000_000),
  'dh-private': cubic(4_000_000),
}

/** Two primes have to be found; one of 4096 bits fits into the default budget, with room. */
const RSA_GENERATION = cubic(15_000_000)

/** Ends the command when the budget does not reach; before the work, not after it. */
export function spend({ machine }: Jcre, instructions: number): void {
  machine.budget -= instructions
  if (machine.budget >= 0) return
  machine.halt('instruction budget used up', 'a native method')
  throw VM_HALT
}

/** For one operation with a key that the caller may use. */
export function spendOnKey(jcre: Jcre, key: number): void {
  const cost = OPERATIONS[keyKindOf(jcre, key)]
  if (cost !== undefined) spend(jcre, cost(sizeOf(jcre, key)))
}

/** For making a pair of keys. */
export function spendOnPair(jcre: Jcre, publicKey: number): void {
  const kind = keyKindOf(jcre, publicKey)
  if (kind === 'rsa-public') spend(jcre, RSA_GENERATION(sizeOf(jcre, publicKey)))
  else spendOnKey(jcre, publicKey)
}
