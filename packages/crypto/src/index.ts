export type { CryptoProvider, GcmDecryptor, GcmEncryptor } from './crypto-provider.ts'
export { CryptoPortError, type CryptoErrorCode } from './errors.ts'
