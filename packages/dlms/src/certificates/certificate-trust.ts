import { equalBytes } from '@gridcard/bytes'
import type { Certificate, CertificateStore, CertificateTool, RevocationList } from './certificate-tool.ts'

/** What is believed of certificates, and by what. */
export interface CertificateTrust {
  readonly tool: CertificateTool
  /** Holds at least the authorities that are trusted: those that have signed themselves. Others lead up to them. */
  readonly store: CertificateStore
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
  /** Lists of the authorities, X.509 in DER; asked at each check. One that no authority in the store has signed is nothing. */
  readonly revocationLists?: () => readonly Uint8Array[] | Promise<readonly Uint8Array[]>
  /** A certificate counts only with a list of its issuer that is not out of date. Default false. */
  readonly needsRevocationLists?: boolean
}

/** Why a certificate is not believed; for the log. */
export type CertificateFault =
  | 'no certificate'
  | 'not valid now'
  | 'no trusted authority above it'
  | 'revoked'
  | 'no revocation list of today'
  | 'of another purpose'
  | 'of another system title'
  | 'of another suite'

/** Authorities above one certificate; more are not followed, whatever the certificates say. */
const MOST_AUTHORITIES = 5

/**
 * Undefined for a certificate that can be believed now: every link up to an authority that has signed itself is signed,
 * valid, not revoked, and may have as many authorities below it as it has.
 * @source RFC 5280 §6.1, without policies and name constraints; Green Book ed. 8 §9.2.6.3
 */
export async function certificateFault(
  certificate: Certificate,
  trust: CertificateTrust,
): Promise<CertificateFault | undefined> {
  const read = (await trust.store.list()).map((der) => trust.tool.read(der))
  const authorities = read.filter((other) => other?.isAuthority === true) as Certificate[] // the guard does not narrow
  const lists = ((await trust.revocationLists?.()) ?? []).map((der) => trust.tool.readRevocationList(der))
  const held = lists.filter((list) => list !== undefined)
  return new Path(authorities, held, trust).faultOf(certificate, 0)
}

class Path {
  readonly #authorities: readonly Certificate[]
  readonly #lists: readonly RevocationList[]
  readonly #trust: CertificateTrust
  readonly #nowMs: number

  constructor(authorities: readonly Certificate[], lists: readonly RevocationList[], trust: CertificateTrust) {
    this.#authorities = authorities
    this.#lists = lists
    this.#trust = trust
    this.#nowMs = trust.nowMs()
  }

  /** @param below authorities between this one and the certificate that is asked about */
  faultOf(certificate: Certificate, below: number): CertificateFault | undefined {
    if (this.#nowMs < certificate.validFromMs || certificate.validUntilMs < this.#nowMs) return 'not valid now'
    if (certificate.isAuthority && this.#isAnchor(certificate)) return undefined
    if (below >= MOST_AUTHORITIES) return 'no trusted authority above it'
    let fault: CertificateFault = 'no trusted authority above it'
    for (const issuer of this.#authorities) {
      if (issuer.pathLength !== undefined && issuer.pathLength < below) continue
      if (equalBytes(issuer.der, certificate.der) || !this.#trust.tool.isIssuedBy(certificate, issuer)) continue
      const found = this.#revocation(certificate, issuer) ?? this.faultOf(issuer, below + 1)
      if (found === undefined) return undefined
      fault = found
    }
    return fault
  }

  /** In the store, and signed by itself. */
  #isAnchor(certificate: Certificate): boolean {
    return (
      this.#authorities.some(({ der }) => equalBytes(der, certificate.der)) &&
      this.#trust.tool.isIssuedBy(certificate, certificate)
    )
  }

  /** What stood in an old list stays revoked: certificates come off a list only when they are out of date themselves. */
  #revocation({ serialNumber }: Certificate, issuer: Certificate): CertificateFault | undefined {
    const lists = this.#lists.filter((list) => this.#trust.tool.isListOf(list, issuer))
    if (lists.some(({ revoked }) => revoked.some((serial) => equalBytes(serial, serialNumber)))) return 'revoked'
    if (this.#trust.needsRevocationLists !== true) return undefined
    const isOfToday = ({ issuedMs, nextMs }: RevocationList) =>
      issuedMs <= this.#nowMs && nextMs !== undefined && this.#nowMs <= nextMs
    return lists.some(isOfToday) ? undefined : 'no revocation list of today'
  }
}
