import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type CryptoErrorCode = 'CRYPTO_BAD_KEY_LENGTH' | 'CRYPTO_BAD_IV_LENGTH' | 'CRYPTO_BAD_DATA_LENGTH'

/** Input that no algorithm here takes. Messages name lengths only, never contents. */
export class CryptoPortError extends GridcardError {
  declare readonly code: CryptoErrorCode
  // biome-ignore lint/complexity/noUselessConstructor: narrows the code to this room's
  constructor(code: CryptoErrorCode, message: string, place: ErrorPlace = {}) {
    super(code, message, place)
  }
}
