import { concatBytes } from '@gridcard/bytes'
import { cbc, ctr } from '@noble/ciphers/aes.js'
import type { AuthenticatedEncryption } from '../port/authenticated-encryption.ts'
import { requireCcm, requireKey } from '../requirements.ts'
import { equalInConstantTime } from './constant-time.ts'

/*
 * Noble has no CCM, but both modes it is made of: the tag is a CBC-MAC over length, associated data and plaintext;
 * plaintext and tag are encrypted in counter mode. @source NIST SP 800-38C §6, A; RFC 3610 §2
 */

const BLOCK = 16

function padded(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = concatBytes(...parts)
  return concatBytes(whole, new Uint8Array((BLOCK - (whole.length % BLOCK)) % BLOCK))
}

/** `number` in as many bytes as the nonce leaves, big-endian. */
function lengthField(number: number, lengthBytes: number): Uint8Array {
  const field = new Uint8Array(lengthBytes)
  for (let i = lengthBytes - 1, rest = number; rest > 0; i--, rest = Math.floor(rest / 256)) field[i] = rest % 256
  return field
}

function associatedData(aad: Uint8Array): Uint8Array {
  if (aad.length === 0) return aad
  const prefix =
    aad.length < 0xff00
      ? lengthField(aad.length, 2)
      : concatBytes(Uint8Array.of(0xff, 0xfe), lengthField(aad.length, 4))
  return padded(prefix, aad)
}

function cbcMac(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLength: number) {
  const lengthBytes = 15 - nonce.length
  const flags = (aad.length > 0 ? 0x40 : 0) | (((tagLength - 2) / 2) << 3) | (lengthBytes - 1)
  const first = concatBytes(Uint8Array.of(flags), nonce, lengthField(plaintext.length, lengthBytes))
  const blocks = concatBytes(first, associatedData(aad), padded(plaintext))
  return cbc(key, new Uint8Array(BLOCK), { disablePadding: true }).encrypt(blocks).slice(-BLOCK).slice(0, tagLength)
}

/** Counter block 0 encrypts the tag, the message begins with block 1: one stream, the tag padded to a block in front. */
function keystreamed(key: Uint8Array, nonce: Uint8Array, tag: Uint8Array, message: Uint8Array) {
  const counterBlock = concatBytes(Uint8Array.of(14 - nonce.length), nonce, new Uint8Array(15 - nonce.length))
  const stream = ctr(key, counterBlock).encrypt(concatBytes(padded(tag), message))
  return { tag: stream.slice(0, tag.length), message: stream.slice(BLOCK) }
}

export const nobleCcm: Pick<AuthenticatedEncryption, 'ccmSeal' | 'ccmOpen'> = {
  ccmSeal(key, nonce, aad, plaintext, tagLengthBytes) {
    requireKey(key)
    requireCcm(nonce, plaintext.length, tagLengthBytes)
    const sealed = keystreamed(key, nonce, cbcMac(key, nonce, aad, plaintext, tagLengthBytes), plaintext)
    return concatBytes(sealed.message, sealed.tag)
  },
  ccmOpen(key, nonce, aad, ciphertextAndTag, tagLengthBytes) {
    requireKey(key)
    const split = ciphertextAndTag.length - tagLengthBytes
    requireCcm(nonce, Math.max(split, 0), tagLengthBytes)
    if (split < 0) return undefined
    const opened = keystreamed(key, nonce, ciphertextAndTag.subarray(split), ciphertextAndTag.subarray(0, split))
    const tag = cbcMac(key, nonce, aad, opened.message, tagLengthBytes)
    return equalInConstantTime(tag, opened.tag) ? opened.message : undefined
  },
}
