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
  /** KDF1: hash(Z || parameters), as long as the digest. @source IEEE 1363 §13.1 */
  kdf1(hash: HashName, sharedSecret: Uint8Array, parameters: Uint8Array): Uint8Array
  /** The pseudorandom function of TLS 1.0 and 1.1; `seed` begins with the label. @source RFC 4346 §5 */
  tls11Prf(secret: Uint8Array, seed: Uint8Array, lengthBytes: number): Uint8Array
  /** HKDF-Expand-Label; `prefix` is 'tls13 ' or 'dtls13'. @source RFC 8446 §7.1, RFC 9147 §5.9 */
  hkdfExpandLabel(
    hash: HashName,
    secret: Uint8Array,
    label: { readonly prefix: string; readonly label: Uint8Array; readonly context: Uint8Array },
    lengthBytes: number,
  ): Uint8Array
  /** PRF(key, before || counter || after) .. @source NIST SP 800-108 §4.1 */
  counterModeKdf(prf: Prf, key: Uint8Array, input: CounterModeInput, lengthBytes: number): Uint8Array
  /** PRF(key, last || counter || input) .., the first `last` being `iv`. @source NIST SP 800-108 §4.2 */
  feedbackModeKdf(
    prf: Prf,
    key: Uint8Array,
    input: { readonly iv: Uint8Array; readonly input: Uint8Array; readonly counterBytes: number },
    lengthBytes: number,
  ): Uint8Array
  /** PRF(key, A(i) || counter || input) .., A(i) being PRF(key, A(i - 1)) and A(0) `input`. @source NIST SP 800-108 §4.3 */
  doublePipelineKdf(
    prf: Prf,
    key: Uint8Array,
    input: { readonly input: Uint8Array; readonly counterBytes: number },
    lengthBytes: number,
  ): Uint8Array
}

/** HMAC over a hash, or AES-CMAC by the length of the key. */
export type Prf = { readonly hmac: HashName } | 'aes-cmac'

export interface CounterModeInput {
  readonly before: Uint8Array
  readonly after: Uint8Array
  /** 1 to 4; in the other modes 0 leaves the counter out. */
  readonly counterBytes: number
}
