import { ByteReader, BytesError, parseTlvs, readTlv, type Tlv } from '@gridcard/bytes'
import { CryptoPortError, type CryptoProvider, type EcCurveName, type EcDomain, ecDomain } from '@gridcard/crypto'
import { TerminalError } from '../errors.ts'
import { find } from './answers.ts'
import { objectIdentifier } from './card-data.ts'

/** A public key of SCP11, on the curve that its owner chose. */
export interface EcPublicKey {
  readonly curve: EcCurveName
  /** Uncompressed. */
  readonly point: Uint8Array
}

/** What SCP11 needs of a certificate, X.509 or GlobalPlatform's own. */
export interface Certificate {
  readonly publicKey: EcPublicKey
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  readonly signatureEncoding: 'der' | 'plain'
}

/** @source RFC 5480 §2.1.1.1, RFC 5639 §4.1 */
const CURVE_OIDS: Readonly<Record<string, EcCurveName>> = {
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
  '1.3.132.0.35': 'P-521',
  '1.3.36.3.3.2.8.1.1.7': 'brainpoolP256r1',
  '1.3.36.3.3.2.8.1.1.11': 'brainpoolP384r1',
  '1.3.36.3.3.2.8.1.1.13': 'brainpoolP512r1',
}

/** @source GPC 2.3.1 table B-2 */
const CURVE_REFERENCES: Readonly<Record<number, EcCurveName>> = {
  0: 'P-256',
  1: 'P-384',
  2: 'P-521',
  3: 'brainpoolP256r1',
  5: 'brainpoolP384r1',
  7: 'brainpoolP512r1',
}

/** The hash of a signature and of SCP11's key derivation. @source GPC 2.3.1 table B-2, Amd F 1.2 §6.3 */
export function hashOf(domain: EcDomain): 'sha256' | 'sha384' | 'sha512' {
  const bits = 8 * domain.order.length
  return bits < 384 ? 'sha256' : bits < 512 ? 'sha384' : 'sha512'
}

function unreadable(cause?: unknown): TerminalError {
  return new TerminalError('TERMINAL_GP_CERTIFICATE', 'a certificate cannot be read', {}, { cause })
}

/** @param bytes 7F21 of GlobalPlatform or 30 of X.509 */
export function parseCertificate(bytes: Uint8Array): Certificate {
  try {
    const { tag, value } = readTlv(new ByteReader(bytes))
    return tag === 0x7f21 ? globalPlatformCertificate(value) : x509Certificate(value)
  } catch (error) {
    if (error instanceof BytesError) throw unreadable(error)
    throw error
  }
}

/** The signature, in 5F37, is over what stands before it. @source GPC Amd F 1.2 table 6-1 */
function globalPlatformCertificate(body: Uint8Array): Certificate {
  const reader = new ByteReader(body)
  const elements: Tlv[] = []
  let signed = body
  while (!reader.isAtEnd) {
    const at = reader.offsetBytes
    const element = readTlv(reader)
    if (element.tag === 0x5f37) signed = body.slice(0, at)
    elements.push(element)
  }
  const key = parseTlvs(find(elements, 0x7f49) ?? new Uint8Array())
  const [point, signature] = [find(key, 0xb0), find(elements, 0x5f37)]
  const curve = CURVE_REFERENCES[find(key, 0xf0)?.[0] ?? 0]
  if (point === undefined || signature === undefined || curve === undefined) throw unreadable()
  return { publicKey: { curve, point }, signed, signature, signatureEncoding: 'plain' }
}

/** @source RFC 5280 §4.1 */
function x509Certificate(body: Uint8Array): Certificate {
  const reader = new ByteReader(body)
  const tbs = readTlv(reader)
  const signed = body.slice(0, reader.offsetBytes)
  readTlv(reader)
  const signature = bitString(readTlv(reader))
  // subjectPublicKeyInfo is the element that holds an algorithm identifier and a bit string.
  for (const { tag, value } of parseTlvs(tbs.value)) {
    if (tag !== 0x30) continue
    const [algorithm, key] = parseTlvs(value)
    if (algorithm?.tag !== 0x30 || key?.tag !== 0x03) continue
    const [, parameters] = parseTlvs(algorithm.value)
    const curve = CURVE_OIDS[objectIdentifier(parameters?.value ?? new Uint8Array())]
    if (curve === undefined) throw unreadable()
    return { publicKey: { curve, point: bitString(key) }, signed, signature, signatureEncoding: 'der' }
  }
  throw unreadable()
}

function bitString({ tag, value }: Tlv): Uint8Array {
  if (tag !== 0x03 || value[0] !== 0) throw unreadable()
  return value.slice(1)
}

/**
 * The last certificate's key, when each is signed by the one before, and the first by `anchor`.
 *
 * @throws TerminalError `TERMINAL_GP_CERTIFICATE`
 */
export function verifyChain(crypto: CryptoProvider, chain: readonly Uint8Array[], anchor: EcPublicKey): EcPublicKey {
  let signer = anchor
  for (const bytes of chain) {
    const { publicKey, signed, signature, signatureEncoding } = parseCertificate(bytes)
    if (!isSignedBy(crypto, signer, signed, signature, signatureEncoding)) {
      throw new TerminalError(
        'TERMINAL_GP_CERTIFICATE',
        'a certificate is not signed by the one it has to be signed by',
      )
    }
    signer = publicKey
  }
  return signer
}

function isSignedBy(
  crypto: CryptoProvider,
  { curve, point }: EcPublicKey,
  signed: Uint8Array,
  signature: Uint8Array,
  encoding: 'der' | 'plain',
): boolean {
  const domain = ecDomain(curve)
  try {
    return crypto.createEcdsaVerifier({ domain, hash: hashOf(domain), encoding }, point).verify(signed, signature)
  } catch (error) {
    if (error instanceof CryptoPortError) return false // a point that is none
    throw error
  }
}

/** Certificates of a BF21 or of bytes that stand one after the other. */
export function splitCertificates(bytes: Uint8Array): Uint8Array[] {
  try {
    const outer = readTlv(new ByteReader(bytes))
    const reader = new ByteReader(outer.tag === 0xbf21 ? outer.value : bytes)
    const certificates: Uint8Array[] = []
    while (!reader.isAtEnd) {
      const at = reader.offsetBytes
      readTlv(reader)
      certificates.push(reader.bytes.slice(at, reader.offsetBytes))
    }
    return certificates
  } catch (error) {
    if (error instanceof BytesError) throw unreadable(error)
    throw error
  }
}
