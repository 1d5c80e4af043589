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
  Extension,
  Extensions,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  KeyUsage,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Time,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

// A small authority that issues certificates for tests; what reads them is under test.

export interface TestAuthority {
  readonly der: Uint8Array
  issue(subject: {
    readonly commonName: string
    /** x || y */
    readonly publicKey: Uint8Array
    readonly usage: number
    readonly validFrom?: Date
    readonly validUntil?: Date
    readonly serial?: number
  }): Uint8Array
}

export const year = { from: new Date('2026-01-01T00:00:00Z'), until: new Date('2027-01-01T00:00:00Z') }

const nameOf = (commonName: string) =>
  new Name([
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type: '2.5.4.3', value: new AttributeValue({ utf8String: commonName }) }),
    ]),
  ])

export function testAuthority(commonName: string, suite: 1 | 2 = 1): TestAuthority {
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
  const der = make({ commonName, publicKey: nodeCrypto.ecPublicKey(domain, privateKey).slice(1), usage: 0 }, [
    extension(id_ce_basicConstraints, AsnConvert.serialize(new BasicConstraints({ cA: true }))),
  ])
  return {
    der,
    issue: (subject) => make(subject, [extension(id_ce_keyUsage, AsnConvert.serialize(new KeyUsage(subject.usage)))]),
  }
}

export const titleName = (systemTitle: Uint8Array): string => toHex(systemTitle)
