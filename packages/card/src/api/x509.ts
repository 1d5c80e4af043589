import { ByteReader, BytesError, readTlv, type Tlv } from '@gridcard/bytes'

/**
 * An X.509 certificate taken apart: what stands where, as it was encoded. Lenient about what no field needs; strict about
 * lengths. @source RFC 5280 §4.1
 */
export interface X509Parts {
  /** 1, 2 or 3. */
  readonly version: number
  /** Whole elements, with tag and length, by X509Certificate.FIELD_*, in their order. */
  readonly fields: ReadonlyMap<number, Uint8Array>
  readonly extensions: readonly X509Extension[]
  readonly publicKey: X509PublicKey
}

export interface X509Extension {
  /** The content of the object identifier. */
  readonly oid: Uint8Array
  readonly isCritical: boolean
  /** What the octet string holds. */
  readonly value: Uint8Array
}

/** Object identifiers are contents. */
export interface X509PublicKey {
  readonly algorithm: Uint8Array
  /** The element after the algorithm's identifier; empty if there is none. */
  readonly parameters: Uint8Array
  /** What the bit string holds. */
  readonly key: Uint8Array
}

/** X509Certificate.FIELD_*. */
export const X509_FIELD = {
  VERSION: 1,
  SERIAL_NUMBER: 2,
  SIGNATURE_ALG: 4,
  ISSUER: 8,
  NOT_AFTER: 16,
  NOT_BEFORE: 32,
  SUBJECT: 64,
  PUBLIC_KEY_INFO: 128,
  ISSUER_UID: 256,
  SUBJECT_UID: 512,
  CERTIFICATE_TBS: 1024,
  CERTIFICATE_SIGNATURE_ALG: 2048,
  CERTIFICATE_SIGNATURE: 4096,
} as const

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  version: 0xa0,
  issuerUid: 0x81,
  subjectUid: 0x82,
  extensions: 0xa3,
} as const

interface Element extends Tlv {
  readonly whole: Uint8Array
}

function wrong(what: string): never {
  throw new BytesError('BYTES_BAD_TLV', `a certificate has no ${what} here`)
}

/** The elements of some bytes, to the last. */
function elementsOf(bytes: Uint8Array): Element[] {
  const reader = new ByteReader(bytes)
  const elements: Element[] = []
  while (!reader.isAtEnd) {
    const from = reader.offsetBytes
    const tlv = readTlv(reader)
    elements.push({ ...tlv, whole: bytes.subarray(from, reader.offsetBytes) })
  }
  return elements
}

function requireTag(element: Element | undefined, tag: number, what: string): Element {
  return element?.tag === tag ? element : wrong(what)
}

/** A bit string of whole bytes. */
export function bitStringContent(value: Uint8Array): Uint8Array {
  return value.length > 0 && value[0] === 0 ? value.subarray(1) : wrong('bit string of whole bytes')
}

/** The content of the algorithm's object identifier, and the element behind it. */
export function algorithmOf(identifier: Uint8Array): { oid: Uint8Array; parameters: Uint8Array } {
  const [oid, parameters] = elementsOf(identifier)
  return { oid: requireTag(oid, TAG.oid, 'algorithm').value, parameters: parameters?.whole ?? new Uint8Array() }
}

/** The content of a whole element that is known to be one. */
export const contentOf = (whole: Uint8Array): Uint8Array => elementsOf(whole)[0]!.value

function publicKeyOf(info: Element): X509PublicKey {
  const [algorithm, key] = elementsOf(info.value)
  const { oid, parameters } = algorithmOf(requireTag(algorithm, TAG.sequence, 'key algorithm').value)
  return { algorithm: oid, parameters, key: bitStringContent(requireTag(key, TAG.bitString, 'public key').value) }
}

function extensionOf(element: Element): X509Extension {
  const [oid, ...rest] = elementsOf(requireTag(element, TAG.sequence, 'extension').value)
  const hasFlag = rest[0]?.tag === TAG.boolean
  const value = requireTag(rest[hasFlag ? 1 : 0], TAG.octetString, 'value of an extension')
  return {
    oid: requireTag(oid, TAG.oid, 'name of an extension').value,
    isCritical: hasFlag && rest[0]!.value[0] !== 0,
    value: value.value,
  }
}

/** @throws BytesError for what is no certificate */
export function parseX509(bytes: Uint8Array): X509Parts {
  const [certificate, ...more] = elementsOf(bytes)
  if (more.length > 0) wrong('end')
  const [tbs, algorithm, signature] = elementsOf(requireTag(certificate, TAG.sequence, 'certificate').value)
  const parts = elementsOf(requireTag(tbs, TAG.sequence, 'certificate to be signed').value)
  const fields = new Map<number, Uint8Array>()
  const hasVersion = parts[0]?.tag === TAG.version
  const versionElement = hasVersion ? requireTag(elementsOf(parts[0]!.value)[0], TAG.integer, 'version') : undefined
  if (versionElement) fields.set(X509_FIELD.VERSION, versionElement.whole)
  const [serial, signatureAlg, issuer, validity, subject, keyInfo, ...rest] = parts.slice(hasVersion ? 1 : 0)
  fields.set(X509_FIELD.SERIAL_NUMBER, requireTag(serial, TAG.integer, 'serial number').whole)
  fields.set(X509_FIELD.SIGNATURE_ALG, requireTag(signatureAlg, TAG.sequence, 'signature algorithm').whole)
  fields.set(X509_FIELD.ISSUER, requireTag(issuer, TAG.sequence, 'issuer').whole)
  const [notBefore, notAfter] = elementsOf(requireTag(validity, TAG.sequence, 'validity').value)
  fields.set(X509_FIELD.NOT_BEFORE, (notBefore ?? wrong('begin of validity')).whole)
  fields.set(X509_FIELD.NOT_AFTER, (notAfter ?? wrong('end of validity')).whole)
  fields.set(X509_FIELD.SUBJECT, requireTag(subject, TAG.sequence, 'subject').whole)
  fields.set(X509_FIELD.PUBLIC_KEY_INFO, requireTag(keyInfo, TAG.sequence, 'public key info').whole)
  const find = (tag: number) => rest.find((one) => one.tag === tag)
  const [issuerUid, subjectUid] = [find(TAG.issuerUid), find(TAG.subjectUid)]
  if (issuerUid) fields.set(X509_FIELD.ISSUER_UID, issuerUid.whole)
  if (subjectUid) fields.set(X509_FIELD.SUBJECT_UID, subjectUid.whole)
  fields.set(X509_FIELD.CERTIFICATE_TBS, tbs!.whole)
  fields.set(X509_FIELD.CERTIFICATE_SIGNATURE_ALG, requireTag(algorithm, TAG.sequence, 'algorithm').whole)
  fields.set(X509_FIELD.CERTIFICATE_SIGNATURE, requireTag(signature, TAG.bitString, 'signature').whole)
  const extensions = find(TAG.extensions)
  const list = extensions && requireTag(elementsOf(extensions.value)[0], TAG.sequence, 'extensions')
  return {
    version: 1 + (versionElement?.value[0] ?? 0),
    fields,
    extensions: list === undefined ? [] : elementsOf(list.value).map(extensionOf),
    publicKey: publicKeyOf(keyInfo!),
  }
}

/** The two numbers of an RSA public key, without leading zeros. @source RFC 8017 A.1.1 */
export function parseRsaPublicKey(key: Uint8Array): { modulus: Uint8Array; publicExponent: Uint8Array } {
  const [sequence] = elementsOf(key)
  const [n, e] = elementsOf(requireTag(sequence, TAG.sequence, 'RSA key').value)
  const number = (element: Element | undefined): Uint8Array => {
    const { value } = requireTag(element, TAG.integer, 'number of an RSA key')
    const first = value.findIndex((byte) => byte !== 0)
    return first < 0 ? wrong('number of an RSA key') : value.subarray(first)
  }
  return { modulus: number(n), publicExponent: number(e) }
}
