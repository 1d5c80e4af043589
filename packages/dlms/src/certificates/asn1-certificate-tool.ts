import { fromHex, toHex } from '@gridcard/bytes'
import { CryptoPortError, type CryptoProvider } from '@gridcard/crypto'
import { CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr'
import {
  ECDSASigValue,
  ECParameters,
  ecdsaWithSHA256,
  ecdsaWithSHA384,
  id_ecdsaWithSHA256,
  id_ecdsaWithSHA384,
  id_ecPublicKey,
  id_secp256r1,
  id_secp384r1,
} from '@peculiar/asn1-ecc'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  CertificateList,
  id_ce_basicConstraints,
  id_ce_certificatePolicies,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  Certificate as X509Certificate,
} from '@peculiar/asn1-x509'
import { pointOf } from '../security/key-agreement.ts'
import type { KeyPairPurpose } from '../security/security-module.ts'
import { type SecuritySuite, securitySuites } from '../security/security-suite.ts'
import type { Certificate, CertificateRequestParts, CertificateTool, RevocationList } from './certificate-tool.ts'

const id_commonName = '2.5.4.3'

/** X.509 by the ASN.1 schemas of @peculiar, signatures by the crypto port. */
export function createCertificateTool(crypto: CryptoProvider): CertificateTool {
  return {
    read(der) {
      try {
        return certificateOf(der)
      } catch {
        return undefined // of foreign octets that are no certificate nothing more is to be told
      }
    },
    isIssuedBy: (certificate, issuer) => isIssuedBy(crypto, certificate, issuer),
    readRevocationList(der) {
      try {
        return revocationListOf(der)
      } catch {
        return undefined
      }
    },
    isListOf: (list, issuer) => isListOf(crypto, list, issuer),
    request: (parts) => requestOf(parts),
  }
}

const curveBySuite = { 1: id_secp256r1, 2: id_secp384r1 } as const

/** Those whose meaning is heeded, or asks nothing of a meter: any policy will do. */
const knownExtensions: ReadonlySet<string> = new Set([
  id_ce_basicConstraints,
  id_ce_certificatePolicies,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
])

function certificateOf(der: Uint8Array): Certificate | undefined {
  const { tbsCertificate } = AsnConvert.parse(der, X509Certificate)
  const publicKey = pointIn(tbsCertificate.subjectPublicKeyInfo)
  if (publicKey === undefined) return undefined
  const extension = (id: string) =>
    tbsCertificate.extensions?.find(({ extnID }) => extnID === id)?.extnValue.buffer ?? undefined
  const constraints = extension(id_ce_basicConstraints)
  const usage = extension(id_ce_keyUsage)
  const altName = extension(id_ce_subjectAltName)
  const isUnknown = tbsCertificate.extensions?.some(({ critical, extnID }) => critical && !knownExtensions.has(extnID))
  if (isUnknown) return undefined
  const flags = usage === undefined ? undefined : AsnConvert.parse(usage, KeyUsage).toNumber()
  const { cA, pathLenConstraint } =
    constraints === undefined ? new BasicConstraints() : AsnConvert.parse(constraints, BasicConstraints)
  const { notBefore, notAfter } = tbsCertificate.validity
  return {
    der: der.slice(),
    serialNumber: new Uint8Array(tbsCertificate.serialNumber),
    issuer: new Uint8Array(AsnConvert.serialize(tbsCertificate.issuer)),
    subject: new Uint8Array(AsnConvert.serialize(tbsCertificate.subject)),
    subjectAltName: altName === undefined ? new Uint8Array(0) : new Uint8Array(altName),
    systemTitle: systemTitleIn(tbsCertificate.subject),
    publicKey,
    purpose: flags === undefined ? undefined : purposeOf(flags),
    isAuthority: cA && mayDo(flags, KeyUsageFlags.keyCertSign),
    mayRevoke: cA && mayDo(flags, KeyUsageFlags.cRLSign),
    pathLength: pathLenConstraint,
    validFromMs: notBefore.getTime().getTime(),
    validUntilMs: notAfter.getTime().getTime(),
  }
}

/** Who does not say what its key is for may use it for everything. */
const mayDo = (flags: number | undefined, use: number): boolean => flags === undefined || (flags & use) !== 0

function revocationListOf(der: Uint8Array): RevocationList | undefined {
  const { tbsCertList } = AsnConvert.parse(der, CertificateList)
  const { thisUpdate, nextUpdate, revokedCertificates = [], crlExtensions = [] } = tbsCertList
  // Critical are those that make it a difference to another list, or one for other issuers; an entry that is critical
  // names another issuer.
  const isOther = [
    ...crlExtensions,
    ...revokedCertificates.flatMap(({ crlEntryExtensions = [] }) => crlEntryExtensions),
  ]
  if (isOther.some(({ critical }) => critical)) return undefined
  return {
    der: der.slice(),
    issuer: new Uint8Array(AsnConvert.serialize(tbsCertList.issuer)),
    issuedMs: thisUpdate.getTime().getTime(),
    nextMs: nextUpdate?.getTime().getTime(),
    revoked: revokedCertificates.map(({ userCertificate }) => new Uint8Array(userCertificate)),
  }
}

function pointIn({ algorithm, subjectPublicKey }: SubjectPublicKeyInfo): Uint8Array | undefined {
  if (algorithm.algorithm !== id_ecPublicKey || !algorithm.parameters) return undefined
  const { namedCurve } = AsnConvert.parse(algorithm.parameters, ECParameters)
  const point = new Uint8Array(subjectPublicKey)
  const coordinateBytes = namedCurve === id_secp256r1 ? 32 : namedCurve === id_secp384r1 ? 48 : 0
  return coordinateBytes > 0 && point[0] === 4 && point.length === 1 + 2 * coordinateBytes ? point.slice(1) : undefined
}

function purposeOf(flags: number): KeyPairPurpose | undefined {
  const isSigning = (flags & KeyUsageFlags.digitalSignature) !== 0
  const isAgreement = (flags & KeyUsageFlags.keyAgreement) !== 0
  if (isSigning && isAgreement) return 'tls'
  if (isSigning) return 'digital-signature'
  return isAgreement ? 'key-agreement' : undefined
}

function systemTitleIn(subject: Name): Uint8Array | undefined {
  const attributes = [...subject].flatMap((relative) => [...relative])
  const text = attributes.find(({ type }) => type === id_commonName)?.value.toString()
  return text !== undefined && /^[0-9A-Fa-f]{16}$/.test(text) ? fromHex(text) : undefined
}

const suiteOfKey = (publicKey: Uint8Array): NonNullable<SecuritySuite['asymmetric']> =>
  securitySuites[publicKey.length === 64 ? 1 : 2].asymmetric!

function isIssuedBy(crypto: CryptoProvider, certificate: Certificate, issuer: Certificate): boolean {
  if (!issuer.isAuthority || toHex(certificate.issuer) !== toHex(issuer.subject)) return false
  const { tbsCertificateRaw, signatureAlgorithm, signatureValue } = AsnConvert.parse(certificate.der, X509Certificate)
  return isSignedBy(crypto, issuer, signatureAlgorithm, tbsCertificateRaw, signatureValue)
}

function isListOf(crypto: CryptoProvider, list: RevocationList, issuer: Certificate): boolean {
  if (!issuer.mayRevoke || toHex(list.issuer) !== toHex(issuer.subject)) return false
  const { tbsCertListRaw, signatureAlgorithm, signature } = AsnConvert.parse(list.der, CertificateList)
  return isSignedBy(crypto, issuer, signatureAlgorithm, tbsCertListRaw, signature)
}

function isSignedBy(
  crypto: CryptoProvider,
  { publicKey }: Certificate,
  { algorithm }: AlgorithmIdentifier,
  signed: ArrayBuffer | undefined,
  signature: ArrayBuffer,
): boolean {
  const { domain, hash } = suiteOfKey(publicKey)
  if (algorithm !== (publicKey.length === 64 ? id_ecdsaWithSHA256 : id_ecdsaWithSHA384) || signed === undefined) {
    return false
  }
  try {
    return crypto
      .createEcdsaVerifier({ domain, hash, encoding: 'der' }, pointOf(publicKey))
      .verify(new Uint8Array(signed), new Uint8Array(signature))
  } catch (error) {
    if (error instanceof CryptoPortError) return false
    throw error
  }
}

async function requestOf({ suite, systemTitle, publicKey, sign }: CertificateRequestParts): Promise<Uint8Array> {
  const curve = suite === 2 ? 2 : 1
  const info = new CertificationRequestInfo({
    subject: new Name([
      new RelativeDistinguishedName([
        new AttributeTypeAndValue({
          type: id_commonName,
          value: new AttributeValue({ utf8String: toHex(systemTitle) }),
        }),
      ]),
    ]),
    subjectPKInfo: new SubjectPublicKeyInfo({
      algorithm: new AlgorithmIdentifier({
        algorithm: id_ecPublicKey,
        parameters: AsnConvert.serialize(new ECParameters({ namedCurve: curveBySuite[curve] })),
      }),
      subjectPublicKey: pointOf(publicKey).slice().buffer,
    }),
  })
  const signature = await sign(new Uint8Array(AsnConvert.serialize(info)))
  const half = signature.length / 2
  const sequence = new ECDSASigValue({
    r: integerOf(signature.subarray(0, half)),
    s: integerOf(signature.subarray(half)),
  })
  const request = new CertificationRequest({
    certificationRequestInfo: info,
    signatureAlgorithm: curve === 1 ? ecdsaWithSHA256 : ecdsaWithSHA384,
    signature: AsnConvert.serialize(sequence),
  })
  return new Uint8Array(AsnConvert.serialize(request))
}

/** Shortest two's complement of a positive number. */
function integerOf(octets: Uint8Array): ArrayBuffer {
  const first = octets.findIndex((octet) => octet !== 0)
  const digits = first < 0 ? Uint8Array.of(0) : octets.slice(first)
  return digits[0]! < 0x80 ? digits.slice().buffer : Uint8Array.of(0, ...digits).buffer
}
