import { equalBytes } from '@gridcard/bytes'
import { DlmsError } from '../errors.ts'
import type { SecuritySuiteId } from '../security/security-suite.ts'
import { type CertificateFault, type CertificateTrust, certificateFault } from './certificate-trust.ts'

/**
 * Certificates of the signing keys that travel in AARQ and AARE (calling- and responding-AE-qualifier). The peer's, when it
 * is believed, stands in for the public key in the slot, for this one association.
 * @source Green Book ed. 8 §9.2.6.5, §9.4.2.2
 */
export interface AssociationCertificates {
  /** Sent to the peer: X.509 in DER, about our signing key. */
  readonly own?: Uint8Array
  /** By what the peer's is judged. Without it the peer's is not looked at. */
  readonly trust?: CertificateTrust
  /** A peer that sends none is refused; needs `trust`. Default false. */
  readonly isRequired?: boolean
}

/** @throws DlmsError `DLMS_CONFIGURATION` */
export function requireCertificates(
  certificates: AssociationCertificates | undefined,
  suite: SecuritySuiteId,
  whose: string,
): void {
  if (certificates === undefined) return
  if (suite === 0) throw new DlmsError('DLMS_CONFIGURATION', `${whose}: suite 0 has no certificates`)
  if (certificates.isRequired === true && certificates.trust === undefined) {
    throw new DlmsError('DLMS_CONFIGURATION', `${whose} would require a certificate and judge it by nothing`)
  }
}

/** The peer's signing key, x || y; undefined when there is nothing to judge, and the slot's key counts. */
export async function signingKeyOfPeer(
  der: Uint8Array | undefined,
  peer: { readonly systemTitle: Uint8Array | undefined; readonly suite: SecuritySuiteId },
  { trust, isRequired = false }: AssociationCertificates = {},
): Promise<{ readonly publicKey: Uint8Array | undefined } | { readonly fault: CertificateFault }> {
  if (der === undefined || trust === undefined)
    return isRequired ? { fault: 'no certificate' } : { publicKey: undefined }
  const certificate = trust.tool.read(der)
  if (certificate === undefined) return { fault: 'no certificate' }
  const { systemTitle, publicKey, purpose } = certificate
  if (purpose !== 'digital-signature') return { fault: 'of another purpose' }
  if (publicKey.length !== (peer.suite === 2 ? 96 : 64)) return { fault: 'of another suite' }
  const isPeers =
    systemTitle !== undefined && peer.systemTitle !== undefined && equalBytes(systemTitle, peer.systemTitle)
  if (!isPeers) return { fault: 'of another system title' }
  const fault = await certificateFault(certificate, trust)
  return fault === undefined ? { publicKey } : { fault }
}
