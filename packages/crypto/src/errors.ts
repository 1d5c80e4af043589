import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type CryptoErrorCode =
  | 'CRYPTO_BAD_KEY_LENGTH'
  | 'CRYPTO_BAD_IV_LENGTH'
  | 'CRYPTO_BAD_DATA_LENGTH'
  | 'CRYPTO_BAD_TAG_LENGTH'
  | 'CRYPTO_BAD_DOMAIN'
  | 'CRYPTO_BAD_PRIVATE_KEY'
  | 'CRYPTO_BAD_PUBLIC_KEY'
  | 'CRYPTO_OUT_OF_RANGE'
  | 'CRYPTO_UNSUPPORTED'

/** Input that no algorithm here takes. Messages name lengths only, never contents. */
export class CryptoPortError extends GridcardError {
  declare readonly code: CryptoErrorCode
  constructor(code: CryptoErrorCode, message: string, place: ErrorPlace = {}) {
    super(code, message, place)
  }
}
