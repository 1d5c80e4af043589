import { CryptoPortError } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'

/** Reasons of CryptoException. */
export const CRYPTO = {
  ILLEGAL_VALUE: 1,
  UNINITIALIZED_KEY: 2,
  NO_SUCH_ALGORITHM: 3,
  INVALID_INIT: 4,
  ILLEGAL_USE: 5,
} as const

export function failCrypto(jcre: Jcre, reason: number): never {
  return jcre.machine.throwNew('javacard/security/CryptoException', reason)
}

/** What the port refuses is the applet's doing: keys that are none, data that do not fit. */
export function orFail<T>(jcre: Jcre, reason: number, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof CryptoPortError) return failCrypto(jcre, reason)
    throw error
  }
}
