import { CryptoPortError, type CryptoProvider, type EcDomain } from '@gridcard/crypto'
import { hashOfCurve } from '../signatures.ts'

export interface EcPublicKey {
  readonly domain: EcDomain
  /** Uncompressed. */
  readonly point: Uint8Array
}

/** What a certificate's key is for, and nothing else: to check other certificates, or to agree on keys. */
export type CertificateRole = 'authority' | 'key agreement'

/** What SCP11 needs of a host's certificate: GlobalPlatform's own form, or X.509. */
export interface Certificate {
  readonly form: 'GlobalPlatform' | 'X.509'
  readonly key: EcPublicKey
  /** undefined: neither, or both. */
  readonly role: CertificateRole | undefined
  /** Whose it is: compared with the provider of the domain. */
  readonly subjectIdentifier: Uint8Array
  /** X.509: names in DER; the issuer is the subject of the one before. */
  readonly names?: { readonly issuer: Uint8Array; readonly subject: Uint8Array }
  /** Authorities that may stand between it and the last certificate. */
  readonly pathLength: number
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  readonly encoding: 'plain' | 'der'
}

export function isSignedBy(crypto: CryptoProvider, { domain, point }: EcPublicKey, certificate: Certificate): boolean {
  const { signed, signature, encoding } = certificate
  try {
    return crypto.createEcdsaVerifier({ domain, hash: hashOfCurve(domain), encoding }, point).verify(signed, signature)
  } catch (error) {
    if (error instanceof CryptoPortError) return false // a point that is none
    throw error
  }
}
