import { gcm } from '@noble/ciphers/aes.js'
import type { AuthenticatedEncryption, GcmDecryptor, GcmEncryptor, GcmKey } from '../port/authenticated-encryption.ts'
import { requireGcmIv, requireKey, requireTagLength } from '../requirements.ts'
import { nobleCcm } from './ccm.ts'
import { equalInConstantTime } from './constant-time.ts'
import { GcmSession } from './gcm-session.ts'

function createGcmDecryptor(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, tagLengthBytes: number): GcmDecryptor {
  requireTagLength(tagLengthBytes)
  const session = new GcmSession(key, iv, aad)
  return {
    update: (part) => session.update(part),
    verify: (tag) =>
      tag.length === tagLengthBytes && equalInConstantTime(session.tagOf('decrypt').slice(0, tagLengthBytes), tag),
  }
}

function seal(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, tagLengthBytes: number) {
  requireTagLength(tagLengthBytes)
  requireKey(key)
  requireGcmIv(iv)
  return gcm(key, iv, aad)
    .encrypt(plaintext)
    .slice(0, plaintext.length + tagLengthBytes)
}

function open(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, ciphertextAndTag: Uint8Array, tagLengthBytes: number) {
  const session = createGcmDecryptor(key, iv, aad, tagLengthBytes)
  const split = ciphertextAndTag.length - tagLengthBytes
  if (split < 0) return undefined
  const plaintext = session.update(ciphertextAndTag.subarray(0, split))
  return session.verify(ciphertextAndTag.subarray(split)) ? plaintext : undefined
}

function createGcmEncryptor(key: Uint8Array, iv: Uint8Array, aad: Uint8Array): GcmEncryptor {
  const session = new GcmSession(key, iv, aad)
  return { update: (part) => session.update(part), finish: () => session.tagOf('encrypt') }
}

export const nobleAuthenticatedEncryption: AuthenticatedEncryption = {
  createGcmEncryptor,
  createGcmDecryptor,
  gcmSeal: seal,
  gcmOpen: open,
  openGcmKey(key): GcmKey {
    requireKey(key)
    const own = key.slice()
    return {
      seal: (iv, aad, plaintext, tagLengthBytes) => seal(own, iv, aad, plaintext, tagLengthBytes),
      open: (iv, aad, ciphertextAndTag, tagLengthBytes) => open(own, iv, aad, ciphertextAndTag, tagLengthBytes),
      createEncryptor: (iv, aad) => createGcmEncryptor(own, iv, aad),
      createDecryptor: (iv, aad, tagLengthBytes) => createGcmDecryptor(own, iv, aad, tagLengthBytes),
    }
  },
  ...nobleCcm,
}
