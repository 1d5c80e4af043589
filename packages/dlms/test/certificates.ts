import { toHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  ECParameters,
  ecdsaWithSHA256,
  ecdsaWithSHA384,
  id_ecPublicKey,
  id_secp256r1,
  id_secp384r1,
} from '@peculiar/asn1-ecc'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Certificate,
  CertificateList,
  Extension,
  Extensions,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  KeyUsage,
  Name,
  RelativeDistinguishedName,
  RevokedCertificate,
  SubjectPublicKeyInfo,
  TBSCertificate,
  TBSCertList,
  Time,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

// A small authority that issues certificates for tests; what reads them is under test.

export interface TestAuthority {
  readonly der: Uint8Array
  /** Another authority below this one. */
  authority(commonName: string, options?: AuthorityOptions): TestAuthority
  /** A revocation list of these serial numbers. */
  revoke(serials: readonly number[], dates?: { readonly issued?: Date; readonly next?: Date }): Uint8Array
  issue(subject: {
    readonly commonName: string
    /** x || y */
    readonly publicKey: Uint8Array
    readonly usage: number
    readonly validFrom?: Date
    readonly validUntil?: Date
    readonly serial?: number
    readonly criticalExtension?: string
  }): Uint8Array
}

export interface AuthorityOptions {
  readonly pathLength?: number
  readonly validUntil?: Date
  readonly usage?: number
  readonly serial?: number
}

export const year = { from: new Date('2026-01-01T00:00:00Z'), until: new Date('2027-01-01T00:00:00Z') }

const nameOf = (commonName: string) =>
  new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type: '2.5.4.3', value: new AttributeValue({ utf8String: commonName }) }),
    ]),
  ])

type Signer = (publicKey: Uint8Array) => Uint8Array

export function testAuthority(commonName: string, suite: 1 | 2 = 1): TestAuthority {
  return authorityOf(commonName, suite, undefined, {})
}

/** @param certify makes its certificate; undefined for one that signs itself */
function authorityOf(
  commonName: string,
  suite: 1 | 2,
  certify: Signer | undefined,
  options: AuthorityOptions,
): TestAuthority {
  const domain = ecDomain(suite === 1 ? 'P-256' : 'P-384')
  const privateKey = nodeCrypto.generateEcPrivateKey(domain)
  const hash = suite === 1 ? 'sha256' : 'sha384'
  const algorithm = suite === 1 ? ecdsaWithSHA256 : ecdsaWithSHA384
  const signer = nodeCrypto.createEcdsaSigner({ domain, hash, encoding: 'der' }, privateKey)
  let serial = 1
  const make = (subject: Parameters<TestAuthority['issue']>[0], extensions: readonly Extension[]): Uint8Array => {
    const tbsCertificate = new TBSCertificate({
      version: Version.v3,
      serialNumber: Uint8Array.of(subject.serial ?? serial++).buffer,
      signature: algorithm,
      issuer: nameOf(commonName),
      validity: new Validity({
        notBefore: new Time(subject.validFrom ?? year.from).getTime(),
        notAfter: new Time(subject.validUntil ?? year.until).getTime(),
      }),
      subject: nameOf(subject.commonName),
      subjectPublicKeyInfo: new SubjectPublicKeyInfo({
        algorithm: new AlgorithmIdentifier({
          algorithm: id_ecPublicKey,
          parameters: AsnConvert.serialize(
            new ECParameters({ namedCurve: subject.publicKey.length === 64 ? id_secp256r1 : id_secp384r1 }),
          ),
        }),
        subjectPublicKey: Uint8Array.of(4, ...subject.publicKey).buffer,
      }),
      extensions: new Extensions([...extensions]),
    })
    const signatureValue = signer.sign(new Uint8Array(AsnConvert.serialize(tbsCertificate))).slice().buffer
    return new Uint8Array(
      AsnConvert.serialize(new Certificate({ tbsCertificate, signatureAlgorithm: algorithm, signatureValue })),
    )
  }
  const extension = (extnID: string, value: ArrayBuffer) =>
    new Extension({ extnID, critical: true, extnValue: new OctetString(value) })
  const ofAuthority = ({ pathLength, usage }: AuthorityOptions): Extension[] => [
    extension(
      id_ce_basicConstraints,
      AsnConvert.serialize(
        new BasicConstraints({ cA: true, ...(pathLength !== undefined && { pathLenConstraint: pathLength }) }),
      ),
    ),
    ...(usage === undefined ? [] : [extension(id_ce_keyUsage, AsnConvert.serialize(new KeyUsage(usage)))]),
  ]
  const ownPublicKey = nodeCrypto.ecPublicKey(domain, privateKey).slice(1)
  const certifyOther =
    (name: string, other: AuthorityOptions): Signer =>
    (publicKey) =>
      make({ commonName: name, publicKey, usage: 0, ...other }, ofAuthority(other))
  const der = (certify ?? certifyOther(commonName, options))(ownPublicKey)
  return {
    der,
    authority: (name, other = {}) => authorityOf(name, suite, certifyOther(name, other), other),
    issue: (subject) =>
      make(subject, [
        extension(id_ce_keyUsage, AsnConvert.serialize(new KeyUsage(subject.usage))),
        ...(subject.criticalExtension === undefined
          ? []
          : [extension(subject.criticalExtension, Uint8Array.of(5, 0).buffer)]),
      ]),
    revoke(serials, { issued = year.from, next = year.until } = {}) {
      const tbsCertList = new TBSCertList({
        version: Version.v2,
        signature: algorithm,
        issuer: nameOf(commonName),
        thisUpdate: new Time(issued),
        nextUpdate: new Time(next),
        ...(serials.length > 0 && {
          revokedCertificates: serials.map(
            (number) =>
              new RevokedCertificate({
                userCertificate: Uint8Array.of(number).buffer,
                revocationDate: new Time(issued),
              }),
          ),
        }),
      })
      const signature = signer.sign(new Uint8Array(AsnConvert.serialize(tbsCertList))).slice().buffer
      return new Uint8Array(
        AsnConvert.serialize(new CertificateList({ tbsCertList, signatureAlgorithm: algorithm, signature })),
      )
    },
  }
}

export const titleName = (systemTitle: Uint8Array): string => toHex(systemTitle)
