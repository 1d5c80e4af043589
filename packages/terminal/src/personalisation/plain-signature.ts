import { type CryptoProvider, ecDomain } from '@gridcard/crypto'

/** r || s, with the hash that goes with the curve of the key. @param privateKey 32 bytes are of P-256, 48 of P-384 */
export function signed(
  crypto: Pick<CryptoProvider, 'createEcdsaSigner'>,
  privateKey: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  const is256 = privateKey.length === 32
  const domain = ecDomain(is256 ? 'P-256' : 'P-384')
  const scheme = { domain, hash: is256 ? 'sha256' : 'sha384', encoding: 'plain' } as const
  return crypto.createEcdsaSigner(scheme, privateKey).sign(message)
}
