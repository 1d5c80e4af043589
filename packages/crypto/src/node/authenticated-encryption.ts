import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concatBytes } from '@gridcard/bytes'
import type { AuthenticatedEncryption, GcmDecryptor, GcmEncryptor } from '../port/authenticated-encryption.ts'
import { requireCcm, requireGcmIv, requireKey, requireTagLength } from '../requirements.ts'
import { plain } from './plain.ts'

/** OpenSSL's name, for a key and an IV that fit; all three key lengths have the type of the first. */
function gcmName(key: Uint8Array, iv: Uint8Array) {
  requireKey(key)
  requireGcmIv(iv)
  return `aes-${key.length * 8}-gcm` as 'aes-128-gcm'
}

function ccmName(key: Uint8Array) {
  requireKey(key)
  return `aes-${key.length * 8}-ccm` as 'aes-128-ccm'
}

function createGcmDecryptor(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, tagLengthBytes: number): GcmDecryptor {
  requireTagLength(tagLengthBytes)
  const cipher = createDecipheriv(gcmName(key, iv), key, iv, { authTagLength: tagLengthBytes })
  cipher.setAAD(aad)
  return {
    update: (ciphertext) => plain(cipher.update(ciphertext)),
    verify(tag) {
      if (tag.length !== tagLengthBytes) return false
      cipher.setAuthTag(tag)
      try {
        cipher.final()
        return true
      } catch {
        return false // the only reason final() has: the tag differs
      }
    },
  }
}

export const nodeAuthenticatedEncryption: AuthenticatedEncryption = {
  createGcmEncryptor(key, iv, aad): GcmEncryptor {
    const cipher = createCipheriv(gcmName(key, iv), key, iv, { authTagLength: 16 })
    cipher.setAAD(aad)
    return {
      update: (plaintext) => plain(cipher.update(plaintext)),
      finish() {
        cipher.final()
        return plain(cipher.getAuthTag())
      },
    }
  },
  createGcmDecryptor,
  gcmSeal(key, iv, aad, plaintext, tagLengthBytes) {
    requireTagLength(tagLengthBytes)
    const cipher = createCipheriv(gcmName(key, iv), key, iv, { authTagLength: tagLengthBytes })
    cipher.setAAD(aad)
    const ciphertext = cipher.update(plaintext)
    cipher.final()
    return concatBytes(ciphertext, cipher.getAuthTag())
  },
  gcmOpen(key, iv, aad, ciphertextAndTag, tagLengthBytes) {
    const session = createGcmDecryptor(key, iv, aad, tagLengthBytes)
    const split = ciphertextAndTag.length - tagLengthBytes
    if (split < 0) return undefined
    const plaintext = session.update(ciphertextAndTag.subarray(0, split))
    return session.verify(ciphertextAndTag.subarray(split)) ? plaintext : undefined
  },
  ccmSeal(key, nonce, aad, plaintext, tagLengthBytes) {
    const name = ccmName(key)
    requireCcm(nonce, plaintext.length, tagLengthBytes)
    const cipher = createCipheriv(name, key, nonce, { authTagLength: tagLengthBytes })
    cipher.setAAD(aad, { plaintextLength: plaintext.length })
    const ciphertext = cipher.update(plaintext)
    cipher.final()
    return concatBytes(ciphertext, cipher.getAuthTag())
  },
  ccmOpen(key, nonce, aad, ciphertextAndTag, tagLengthBytes) {
    const name = ccmName(key)
    const split = ciphertextAndTag.length - tagLengthBytes
    requireCcm(nonce, Math.max(split, 0), tagLengthBytes)
    if (split < 0) return undefined
    const cipher = createDecipheriv(name, key, nonce, { authTagLength: tagLengthBytes })
    cipher.setAuthTag(ciphertextAndTag.subarray(split))
    cipher.setAAD(aad, { plaintextLength: split })
    try {
      const plaintext = plain(cipher.update(ciphertextAndTag.subarray(0, split)))
      cipher.final()
      return plaintext
    } catch {
      return undefined // the tag differs
    }
  },
}
