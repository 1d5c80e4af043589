import type { KeyPairPurpose } from '../security/security-module.ts'
import type { SecuritySuiteId } from '../security/security-suite.ts'

/** What DLMS asks of a certificate. @source Green Book ed. 8 §9.2.6.4 */
export interface Certificate {
  /** As it stands: X.509, DER. */
  readonly der: Uint8Array
  /** Big-endian, as in the certificate. */
  readonly serialNumber: Uint8Array
  /** DER of the names. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** DER of the extension's value; empty without one. */
  readonly subjectAltName: Uint8Array
  /** The common name of the subject, where it is a system title in 16 hexadecimal digits. */
  readonly systemTitle: Uint8Array | undefined
  /** x || y on P-256 or P-384. */
  readonly publicKey: Uint8Array
  /** By the key usage: signature, agreement, or both for TLS; undefined for anything else. */
  readonly purpose: KeyPairPurpose | undefined
  /** May sign certificates. */
  readonly isAuthority: boolean
  /** May sign revocation lists. */
  readonly mayRevoke: boolean
  /** Of an authority: how many others may stand between it and a certificate at the end. */
  readonly pathLength: number | undefined
  readonly validFromMs: number
  readonly validUntilMs: number
}

/** Certificates that their issuer takes back. @source RFC 5280 §5 */
export interface RevocationList {
  readonly der: Uint8Array
  /** DER of the name. */
  readonly issuer: Uint8Array
  readonly issuedMs: number
  /** When there will be another one; undefined where nothing is said. */
  readonly nextMs: number | undefined
  /** Serial numbers, as in the certificates. */
  readonly revoked: readonly Uint8Array[]
}

export interface CertificateRequestParts {
  readonly suite: SecuritySuiteId
  /** Becomes the common name. */
  readonly systemTitle: Uint8Array
  /** x || y. */
  readonly publicKey: Uint8Array
  /** ECDSA over these octets under the key of the request, r || s. */
  readonly sign: (octets: Uint8Array) => Promise<Uint8Array>
}

/** X.509 and PKCS #10, which are read and written by nobody in here: a library behind this port does. */
export interface CertificateTool {
  /** Undefined for what is no certificate with an elliptic curve key, or has a critical extension that nobody here knows. */
  read(der: Uint8Array): Certificate | undefined
  /** Whether the issuer's name fits and its key has signed the certificate. Times are not looked at. */
  isIssuedBy(certificate: Certificate, issuer: Certificate): boolean
  /** Undefined for what is no whole list of one issuer: differences and lists for others are not spoken. */
  readRevocationList(der: Uint8Array): RevocationList | undefined
  /** Whether the issuer may revoke, its name fits, and its key has signed the list. Times are not looked at. */
  isListOf(list: RevocationList, issuer: Certificate): boolean
  /** A certificate signing request, DER. */
  request(parts: CertificateRequestParts): Promise<Uint8Array>
}

/** Where a device keeps certificates. Changes are durable before the answer. */
export interface CertificateStore {
  list(): readonly Uint8Array[] | Promise<readonly Uint8Array[]>
  add(der: Uint8Array): void | Promise<void>
  remove(der: Uint8Array): void | Promise<void>
}

/** For tests: after a restart it is as at first. */
export function memoryCertificateStore(initial: readonly Uint8Array[] = []): CertificateStore {
  let kept = initial.map((der) => der.slice())
  const isSame = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((octet, i) => octet === b[i])
  return {
    list: () => kept,
    add(der) {
      kept = [...kept.filter((other) => !isSame(other, der)), der.slice()]
    },
    remove(der) {
      kept = kept.filter((other) => !isSame(other, der))
    },
  }
}
