import type { webcrypto } from 'node:crypto'
import { fromAscii, toAscii } from '@gridcard/bytes'
import { fromBER, OctetString } from 'asn1js'
import {
  Certificate,
  ContentInfo,
  EncapsulatedContentInfo,
  EnvelopedData,
  IssuerAndSerialNumber,
  SignedData,
  SignerInfo,
} from 'pkijs'
import { TerminalError } from '../errors.ts'
import type { Authority, Curve, Der } from './authority.ts'

const DATA = '1.2.840.113549.1.7.1'
const SIGNED_DATA = '1.2.840.113549.1.7.2'
const ENVELOPED_DATA = '1.2.840.113549.1.7.3'

/** Read once: one signer and one recipient have thousands of files. */
const certificates = new WeakMap<Uint8Array, Certificate>()

function certificateOf(der: Der): Certificate {
  const known = certificates.get(der)
  if (known) return known
  const certificate = Certificate.fromBER(ber(der))
  certificates.set(der, certificate)
  return certificate
}

const signingKeys = new WeakMap<Uint8Array, Promise<webcrypto.CryptoKey>>()

function signingKeyOf(privateKey: Der, namedCurve: Curve): Promise<webcrypto.CryptoKey> {
  const known = signingKeys.get(privateKey)
  if (known) return known
  const key = crypto.subtle.importKey('pkcs8', privateKey, { name: 'ECDSA', namedCurve }, false, ['sign'])
  signingKeys.set(privateKey, key)
  return key
}

const ber = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

/**
 * A file that only its owner can read, and that tells who made it: signed, then enveloped for the owner's agreement key
 * (ECDH with the standard KDF, AES key wrap, AES-256-CBC). `openssl cms -decrypt`, then `-verify`, opens it.
 * @source RFC 5652 §5, §6; RFC 5753 §3.1
 */
export async function sealKeyFile(
  text: string,
  o: {
    /** Its certificate, and its authority's, which goes along. */
    readonly signer: Authority & { readonly issuer: Der }
    readonly recipient: Der
    readonly curve: Curve
  },
): Promise<Der> {
  const signer = certificateOf(o.signer.certificate)
  const signed = new SignedData({
    version: 1,
    encapContentInfo: new EncapsulatedContentInfo({
      eContentType: DATA,
      eContent: new OctetString({ valueHex: ber(fromAscii(text)) }),
    }),
    signerInfos: [
      new SignerInfo({
        version: 1,
        sid: new IssuerAndSerialNumber({ issuer: signer.issuer, serialNumber: signer.serialNumber }),
      }),
    ],
    certificates: [signer, certificateOf(o.signer.issuer)],
  })
  const hash = o.curve === 'P-256' ? 'SHA-256' : 'SHA-384'
  await signed.sign(await signingKeyOf(o.signer.privateKey, o.curve), 0, hash)
  const inner = new ContentInfo({ contentType: SIGNED_DATA, content: signed.toSchema(true) })
  const enveloped = new EnvelopedData()
  enveloped.addRecipientByCertificate(certificateOf(o.recipient), { kdfAlgorithm: hash })
  await enveloped.encrypt({ name: 'AES-CBC', length: 256 } as webcrypto.Algorithm, inner.toSchema().toBER())
  const outer = new ContentInfo({ contentType: ENVELOPED_DATA, content: enveloped.toSchema() })
  return new Uint8Array(outer.toSchema().toBER())
}

/** @throws TerminalError `TERMINAL_LINE_KEY_FILE`: another owner's, damaged, or not signed by that maker */
export async function openKeyFile(
  file: Uint8Array,
  o: { readonly signer: Der; readonly recipient: Authority },
): Promise<string> {
  try {
    const outer = new ContentInfo({ schema: fromBER(ber(file)).result })
    const enveloped = new EnvelopedData({ schema: outer.content })
    const inner = await enveloped.decrypt(0, {
      recipientCertificate: Certificate.fromBER(ber(o.recipient.certificate)),
      recipientPrivateKey: ber(o.recipient.privateKey),
    })
    const signed = new SignedData({ schema: new ContentInfo({ schema: fromBER(inner).result }).content })
    const signer = Certificate.fromBER(ber(o.signer))
    signed.certificates = [signer]
    if (!(await signed.verify({ signer: 0, checkChain: false }))) throw new Error('signature')
    const content = signed.encapContentInfo.eContent
    return toAscii(new Uint8Array(content!.getValue()))
  } catch (cause) {
    throw new TerminalError(
      'TERMINAL_LINE_KEY_FILE',
      'the key file is for another owner, damaged, or not of this line',
      {},
      { cause },
    )
  }
}
