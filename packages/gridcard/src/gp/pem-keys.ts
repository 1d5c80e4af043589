import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { concatBytes, fromHex } from '@gridcard/bytes'
import { type EcCurveName, ecDomain } from '@gridcard/crypto'
import type { SigningKey, VerificationKey } from '@gridcard/terminal'
import { readKeyFile, readPrivateFile } from './keys.ts'
import { badOption } from './options.ts'

const CURVES: Readonly<Record<string, EcCurveName>> = { 'P-256': 'P-256', 'P-384': 'P-384', 'P-521': 'P-521' }

const fromBase64Url = (text: string | undefined) => new Uint8Array(Buffer.from(text ?? '', 'base64url'))

/** A private key that signs tokens or load files: PEM, RSA or EC, not encrypted. */
export function readSigningKey(option: string, path: string): SigningKey {
  const text = readPrivateFile(path)
  if (!text.includes('-----BEGIN')) return symmetric(path)
  const jwk = jwkOf(option, path, () => createPrivateKey(text))
  if (jwk.kty === 'RSA') {
    const modulus = fromBase64Url(jwk.n)
    return {
      type: 'rsa',
      privateKey: { modulus, privateExponent: fromBase64Url(jwk.d) },
      modulusLengthBytes: modulus.length,
    }
  }
  return { type: 'ec', domain: ecDomain(curveOf(option, path, jwk)), privateKey: fromBase64Url(jwk.d) }
}

/** A key that checks receipts: PEM of a public key, or a key file with a symmetric one. */
export function readVerificationKey(option: string, path: string): VerificationKey {
  const text = readText(option, path)
  if (!text.includes('-----BEGIN')) return symmetric(path)
  const jwk = jwkOf(option, path, () => createPublicKey(text))
  if (jwk.kty === 'RSA') {
    return { type: 'rsa', publicKey: { modulus: fromBase64Url(jwk.n), publicExponent: fromBase64Url(jwk.e) } }
  }
  return { type: 'ec', domain: ecDomain(curveOf(option, path, jwk)), publicKey: pointOf(jwk) }
}

/** A public key to store on the card. */
export function readPublicKey(option: string, path: string) {
  const jwk = jwkOf(option, path, () => createPublicKey(readText(option, path)))
  if (jwk.kty === 'RSA') {
    const publicKey = { modulus: fromBase64Url(jwk.n), publicExponent: fromBase64Url(jwk.e) }
    return { type: 'rsa', publicKey } as const
  }
  return { type: 'ec', curve: curveOf(option, path, jwk), publicKey: pointOf(jwk) } as const
}

function symmetric(path: string): { readonly type: 'aes' | 'des'; readonly key: Uint8Array } {
  const { key, type } = readKeyFile(path)
  try {
    if (typeof key === 'string') return { type: type === 'des' ? 'des' : 'aes', key: fromHex(key) }
  } catch {
    // Said below, without what stands there.
  }
  throw badOption(`${path} has no "key" in hex`)
}

const pointOf = (jwk: JsonWebKey) => concatBytes(Uint8Array.of(4), fromBase64Url(jwk.x), fromBase64Url(jwk.y))

function readText(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw badOption(`${option}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, error)
  }
}

/** OpenSSL's messages do not quote keys, but say nothing to people either. */
function jwkOf(option: string, path: string, read: () => KeyObject): JsonWebKey {
  try {
    return read().export({ format: 'jwk' })
  } catch {
    throw badOption(`${option}: ${path} is no unencrypted PEM of an RSA or EC key`)
  }
}

function curveOf(option: string, path: string, { crv }: JsonWebKey): EcCurveName {
  const curve = CURVES[crv ?? '']
  if (curve === undefined) throw badOption(`${option}: ${path} is on ${crv ?? 'no curve'}, not P-256, P-384 or P-521`)
  return curve
}
