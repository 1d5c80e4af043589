import { type CryptoProvider, type EcDomain, padIso, type RsaPrivateKey, type RsaPublicKey } from '@gridcard/crypto'

/** What signs a token or a load file, and what checks a receipt. Symmetric keys do both. */
export type SigningKey =
  | { readonly type: 'des' | 'aes'; readonly key: Uint8Array }
  | { readonly type: 'rsa'; readonly privateKey: RsaPrivateKey; readonly modulusLengthBytes: number }
  | { readonly type: 'ec'; readonly domain: EcDomain; readonly privateKey: Uint8Array }

export type VerificationKey =
  | { readonly type: 'des' | 'aes'; readonly key: Uint8Array }
  | { readonly type: 'rsa'; readonly publicKey: RsaPublicKey }
  | { readonly type: 'ec'; readonly domain: EcDomain; readonly publicKey: Uint8Array }

/** Scheme 1 up to 1024 bits, scheme 2 above. @source GPC 2.3.1 §B.3 */
function rsaScheme(modulusLengthBytes: number) {
  return modulusLengthBytes <= 128
    ? ({ padding: 'pkcs1', hash: 'sha1' } as const)
    : ({ padding: 'pss', hash: 'sha256', saltLengthBytes: 32 } as const)
}

/** The hash follows the length of the order. @source GPC 2.3.1 §B.4.3, table B-2 */
function ecdsaScheme(domain: EcDomain) {
  const bits = 8 * domain.order.length
  const hash = bits < 384 ? 'sha256' : bits < 512 ? 'sha384' : 'sha512'
  return { domain, hash, encoding: 'plain' } as const
}

function symmetricMac(
  crypto: CryptoProvider,
  { type, key }: { type: 'des' | 'aes'; key: Uint8Array },
  data: Uint8Array,
) {
  return type === 'aes' ? crypto.aesCmac(key, data) : crypto.desRetailMac(key, new Uint8Array(8), padIso(data, 8))
}

/** Token, DAP or receipt over `data`. @source GPC 2.3.1 §C.3 to §C.5, appendix B */
export function sign(crypto: CryptoProvider, key: SigningKey, data: Uint8Array): Uint8Array {
  if (key.type === 'rsa') {
    return crypto.openRsaPrivateKey(key.privateKey).sign(rsaScheme(key.modulusLengthBytes), data)
  }
  if (key.type === 'ec') return crypto.createEcdsaSigner(ecdsaScheme(key.domain), key.privateKey).sign(data)
  return symmetricMac(crypto, key as { type: 'des' | 'aes'; key: Uint8Array }, data)
}

export function verify(crypto: CryptoProvider, key: VerificationKey, data: Uint8Array, signature: Uint8Array): boolean {
  if (key.type === 'rsa') {
    const { modulus } = key.publicKey
    return crypto.openRsaPublicKey(key.publicKey).verify(rsaScheme(modulus.length), data, signature)
  }
  if (key.type === 'ec')
    return crypto.createEcdsaVerifier(ecdsaScheme(key.domain), key.publicKey).verify(data, signature)
  return crypto.constantTimeEqual(
    symmetricMac(crypto, key as { type: 'des' | 'aes'; key: Uint8Array }, data),
    signature,
  )
}
