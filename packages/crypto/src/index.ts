export type { CryptoProvider, GcmDecryptor, GcmEncryptor } from './crypto-provider.ts'
export { type CryptoErrorCode, CryptoPortError } from './errors.ts'
