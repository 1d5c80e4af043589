import type { Aes } from '../../port/aes.ts'
import type { Des } from '../../port/des.ts'
import type { Randomness } from '../../port/randomness.ts'

/** A DES key of 16 or 24 bytes under the session DEK of SCP02: ECB, no padding. @source GPC 2.3.1 §E.4.7 */
export function scp02WrapKey(des: Pick<Des, 'desEcbEncrypt'>, sDek: Uint8Array, key: Uint8Array): Uint8Array {
  return des.desEcbEncrypt(sDek, key)
}

/** `wrapped` is whole blocks of 8. */
export function scp02UnwrapKey(des: Pick<Des, 'desEcbDecrypt'>, sDek: Uint8Array, wrapped: Uint8Array): Uint8Array {
  return des.desEcbDecrypt(sDek, wrapped)
}

/**
 * A key or another secret under the DEK of SCP03 (the static one) or SCP11 (the session's): CBC from zero, filled up with
 * random bytes. Its true length goes beside it. @source GPC Amd D 1.2 §6.2.8, §7.2.3
 */
export function scp03WrapKey(
  crypto: Pick<Aes, 'aesCbcEncrypt'> & Randomness,
  dek: Uint8Array,
  key: Uint8Array,
): Uint8Array {
  const padded = crypto.randomBytes(Math.ceil(key.length / 16) * 16)
  padded.set(key)
  const wrapped = crypto.aesCbcEncrypt(dek, new Uint8Array(16), padded)
  padded.fill(0)
  return wrapped
}

/** @param lengthBytes the key's true length; what follows is filling. `wrapped` is whole blocks of 16. */
export function scp03UnwrapKey(
  aes: Pick<Aes, 'aesCbcDecrypt'>,
  dek: Uint8Array,
  wrapped: Uint8Array,
  lengthBytes: number,
): Uint8Array {
  const padded = aes.aesCbcDecrypt(dek, new Uint8Array(16), wrapped)
  const key = padded.slice(0, lengthBytes)
  padded.fill(0)
  return key
}
