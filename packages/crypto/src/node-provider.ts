import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { concatBytes } from '@gridcard/bytes'
import { cmac } from '@noble/ciphers/aes.js'
import type { CryptoProvider, GcmDecryptor, GcmEncryptor } from './crypto-provider.ts'
import { requireBlocks, requireIv, requireKey, requireKeyData, requireTagLength } from './requirements.ts'

const KEY_WRAP_IV = Uint8Array.from({ length: 8 }, () => 0xa6)

const plain = (buffer: Uint8Array): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)

function blockMode(name: 'ecb' | 'cbc', key: Uint8Array, iv: Uint8Array | null, blocks: Uint8Array, encrypt: boolean) {
  requireKey(key)
  requireBlocks(blocks)
  if (iv !== null) requireIv(iv, 16)
  const algorithm = `aes-${key.length * 8}-${name}`
  const cipher = encrypt ? createCipheriv(algorithm, key, iv) : createDecipheriv(algorithm, key, iv)
  cipher.setAutoPadding(false)
  return concatBytes(cipher.update(blocks), cipher.final())
}

/** OpenSSL's name, for a key and an IV that fit; all three key lengths have the type of the first. */
function gcmName(key: Uint8Array, iv: Uint8Array) {
  requireKey(key)
  requireIv(iv, 12)
  return `aes-${key.length * 8}-gcm` as 'aes-128-gcm'
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

/** `node:crypto` (OpenSSL) for all that it has; AES-CMAC, which it lacks, from noble. */
export const nodeCrypto: CryptoProvider = {
  randomBytes: (lengthBytes) => plain(randomBytes(lengthBytes)),
  sha256: (message) => plain(createHash('sha256').update(message).digest()),
  aesEcbEncrypt: (key, blocks) => blockMode('ecb', key, null, blocks, true),
  aesEcbDecrypt: (key, blocks) => blockMode('ecb', key, null, blocks, false),
  aesCbcEncrypt: (key, iv, blocks) => blockMode('cbc', key, iv, blocks, true),
  aesCbcDecrypt: (key, iv, blocks) => blockMode('cbc', key, iv, blocks, false),
  aesCmac(key, message) {
    requireKey(key)
    return cmac(message, key)
  },
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
  aesKeyWrap(kek, keyData) {
    requireKey(kek)
    requireKeyData(keyData, 16)
    const cipher = createCipheriv(`id-aes${kek.length * 8}-wrap`, kek, KEY_WRAP_IV)
    return concatBytes(cipher.update(keyData), cipher.final())
  },
  aesKeyUnwrap(kek, wrapped) {
    requireKey(kek)
    requireKeyData(wrapped, 24)
    const cipher = createDecipheriv(`id-aes${kek.length * 8}-wrap`, kek, KEY_WRAP_IV)
    try {
      return concatBytes(cipher.update(wrapped), cipher.final())
    } catch {
      return undefined // integrity check failed
    }
  },
  constantTimeEqual: (a, b) => a.length === b.length && timingSafeEqual(a, b),
}
