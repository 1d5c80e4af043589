import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { concatBytes } from '@gridcard/bytes'
import type { AuthenticatedEncryption, GcmDecryptor, GcmEncryptor, GcmKey } from '../port/authenticated-encryption.ts'
import { requireCcm, requireGcmIv, requireKey, requireTagLength } from '../requirements.ts'
import { plain } from './plain.ts'
import { secretKey } from './secret-key.ts'

/** OpenSSL's name for a key that fits; all three key lengths have the type of the first. */
function gcmName(key: Uint8Array) {
  requireKey(key)
  return `aes-${key.length * 8}-gcm` as 'aes-128-gcm'
}

/**
 * A short typed array lives in V8's heap, and gets memory of its own outside when native code asks for it: a message
 * costs a third less when its parts are copied to memory that is there already. Wiped after each use.
 */
const desk = new Uint8Array(new ArrayBuffer(1024))
const deskIv = desk.subarray(0, 12)

function seal(
  name: 'aes-128-gcm',
  key: KeyObject,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  tagLengthBytes: number,
): Uint8Array {
  requireTagLength(tagLengthBytes)
  requireGcmIv(iv)
  const end = iv.length + aad.length + plaintext.length
  const isShort = iv.length === deskIv.length && end <= desk.length
  if (isShort) {
    desk.set(iv)
    desk.set(aad, iv.length)
    desk.set(plaintext, iv.length + aad.length)
  }
  const cipher = createCipheriv(name, key, isShort ? deskIv : iv, { authTagLength: tagLengthBytes })
  cipher.setAAD(isShort ? desk.subarray(iv.length, iv.length + aad.length) : aad)
  const ciphertext = cipher.update(isShort ? desk.subarray(iv.length + aad.length, end) : plaintext)
  cipher.final()
  if (isShort) desk.fill(0, 0, end)
  return concatBytes(ciphertext, cipher.getAuthTag())
}

function open(
  name: 'aes-128-gcm',
  key: KeyObject,
  iv: Uint8Array,
  aad: Uint8Array,
  ciphertextAndTag: Uint8Array,
  tagLengthBytes: number,
): Uint8Array | undefined {
  requireTagLength(tagLengthBytes)
  requireGcmIv(iv)
  const split = ciphertextAndTag.length - tagLengthBytes
  if (split < 0) return undefined
  const end = iv.length + aad.length + ciphertextAndTag.length
  if (iv.length !== deskIv.length || end > desk.length) {
    const session = decryptor(name, key, iv, aad, tagLengthBytes)
    const plaintext = session.update(ciphertextAndTag.subarray(0, split))
    return session.verify(ciphertextAndTag.subarray(split)) ? plaintext : undefined
  }
  const aadEnd = iv.length + aad.length
  desk.set(iv)
  desk.set(aad, iv.length)
  desk.set(ciphertextAndTag, aadEnd)
  const cipher = createDecipheriv(name, key, deskIv, { authTagLength: tagLengthBytes })
  cipher.setAAD(desk.subarray(iv.length, aadEnd))
  cipher.setAuthTag(desk.subarray(aadEnd + split, end))
  const plaintext = plain(cipher.update(desk.subarray(aadEnd, aadEnd + split)))
  try {
    cipher.final()
    return plaintext
  } catch {
    return undefined // the only reason final() has: the tag differs
  } finally {
    desk.fill(0, 0, end)
  }
}

function ccmName(key: Uint8Array) {
  requireKey(key)
  return `aes-${key.length * 8}-ccm` as 'aes-128-ccm'
}

function decryptor(
  name: 'aes-128-gcm',
  key: KeyObject,
  iv: Uint8Array,
  aad: Uint8Array,
  tagLengthBytes: number,
): GcmDecryptor {
  requireTagLength(tagLengthBytes)
  requireGcmIv(iv)
  const cipher = createDecipheriv(name, key, iv, { authTagLength: tagLengthBytes })
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

function encryptor(name: 'aes-128-gcm', key: KeyObject, iv: Uint8Array, aad: Uint8Array): GcmEncryptor {
  requireGcmIv(iv)
  const cipher = createCipheriv(name, key, iv, { authTagLength: 16 })
  cipher.setAAD(aad)
  return {
    update: (plaintext) => plain(cipher.update(plaintext)),
    finish() {
      cipher.final()
      return plain(cipher.getAuthTag())
    },
  }
}

function openGcmKey(key: Uint8Array): GcmKey {
  const name = gcmName(key)
  const ready = secretKey(key)
  return {
    seal: (iv, aad, plaintext, tagLengthBytes) => seal(name, ready, iv, aad, plaintext, tagLengthBytes),
    open: (iv, aad, sealed, tagLengthBytes) => open(name, ready, iv, aad, sealed, tagLengthBytes),
    createEncryptor: (iv, aad) => encryptor(name, ready, iv, aad),
    createDecryptor: (iv, aad, tagLengthBytes) => decryptor(name, ready, iv, aad, tagLengthBytes),
  }
}

export const nodeAuthenticatedEncryption: AuthenticatedEncryption = {
  createGcmEncryptor: (key, iv, aad) => openGcmKey(key).createEncryptor(iv, aad),
  createGcmDecryptor: (key, iv, aad, tagLengthBytes) => openGcmKey(key).createDecryptor(iv, aad, tagLengthBytes),
  gcmSeal: (key, iv, aad, plaintext, tagLengthBytes) => openGcmKey(key).seal(iv, aad, plaintext, tagLengthBytes),
  gcmOpen: (key, iv, aad, sealed, tagLengthBytes) => openGcmKey(key).open(iv, aad, sealed, tagLengthBytes),
  openGcmKey,
  ccmSeal(key, nonce, aad, plaintext, tagLengthBytes) {
    const name = ccmName(key)
    requireCcm(nonce, plaintext.length, tagLengthBytes)
    const cipher = createCipheriv(name, secretKey(key), nonce, { authTagLength: tagLengthBytes })
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
    const cipher = createDecipheriv(name, secretKey(key), nonce, { authTagLength: tagLengthBytes })
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
