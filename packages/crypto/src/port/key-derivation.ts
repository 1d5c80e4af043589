import type { HashName } from './hashes.ts'

export interface KeyDerivation {
  /** RFC 5869 §2.2: a pseudorandom key as long as the digest. */
  hkdfExtract(hash: HashName, salt: Uint8Array, secret: Uint8Array): Uint8Array
  /** RFC 5869 §2.3; at most 255 digests long. */
  hkdfExpand(hash: HashName, pseudorandomKey: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array
  /** P_hash of TLS 1.2 over the label and the seed. @source RFC 5246 §5 */
  tls12Prf(hash: HashName, secret: Uint8Array, label: string, seed: Uint8Array, lengthBytes: number): Uint8Array
  /** hash(Z || counter || sharedInfo) .. @source ANSI X9.63, SEC 1 §3.6.1 */
  x963Kdf(hash: HashName, sharedSecret: Uint8Array, sharedInfo: Uint8Array, lengthBytes: number): Uint8Array
  /** hash(counter || Z || otherInfo) ..; the one of DLMS. @source NIST SP 800-56A §5.8.1, SP 800-56C option 1 */
  concatenationKdf(hash: HashName, sharedSecret: Uint8Array, otherInfo: Uint8Array, lengthBytes: number): Uint8Array
}
