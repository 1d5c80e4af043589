export { crc16, crc32 } from './checksums.ts'
export * from './construction/globalplatform/index.ts'
export {
  isRecoveryHash,
  type RecoveredMessage,
  type RecoveryHashName,
  type RecoveryScheme,
  recoverableEncoded,
  recoverableLength,
  recovered,
} from './construction/message-recovery.ts'
export {
  isSaltedRecovery,
  type SaltedRecovery,
  type SaltedRecoveryScheme,
  saltedRecoverableEncoded,
  saltedRecoverableLength,
  saltedRecovered,
} from './construction/salted-recovery.ts'
export type { CryptoProvider, CryptoProviderOptions } from './crypto-provider.ts'
export {
  type EcCurveName,
  ecCurveByObjectIdentifier,
  ecCurveNames,
  ecDomain,
  ecDomainName,
} from './domains/named-domains.ts'
export { type CryptoErrorCode, CryptoPortError } from './errors.ts'
export type { AesKeyOperations } from './port/aes.ts'
export type { GcmDecryptor, GcmEncryptor, GcmKey } from './port/authenticated-encryption.ts'
export type { DsaDomain, DsaHashName } from './port/dsa.ts'
export type { EcDomain, EcdsaScheme, EcdsaSigner, EcdsaVerifier, EcField } from './port/elliptic-curves.ts'
export {
  type HashName,
  type HashSession,
  type HashState,
  hashes,
  type MacSession,
  type ResumableHashName,
  type ResumableHashSession,
} from './port/hashes.ts'
export type { CounterModeInput, Prf } from './port/key-derivation.ts'
export type {
  RsaCrtPrivateKey,
  RsaEncryptionScheme,
  RsaKeyPair,
  RsaPlainPrivateKey,
  RsaPrivateKey,
  RsaPrivateOperations,
  RsaPublicKey,
  RsaPublicOperations,
  RsaSignatureScheme,
} from './port/rsa.ts'
export { type EddsaCurve, eddsaKeyLengthBytes, type XdhCurve, xdhKeyLengthBytes } from './port/safe-curves.ts'
