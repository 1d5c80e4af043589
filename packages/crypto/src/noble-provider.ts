import { assert, concatBytes } from '@gridcard/bytes'
import { aeskw, cbc, cmac, ctr, ecb, gcm } from '@noble/ciphers/aes.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { CryptoProvider, GcmDecryptor, GcmEncryptor } from './crypto-provider.ts'
import { requireBlocks, requireIv, requireKey, requireKeyData, requireTagLength } from './requirements.ts'

const RAW = { disablePadding: true }

/** The most bytes that getRandomValues gives at once (Web Cryptography API §10.1.1). */
const RANDOM_QUOTA = 65_536

/** First counter block of the message: iv || 2 (SP 800-38D §7.1; block 1 masks the tag). */
function messageCounter(iv: Uint8Array): Uint8Array {
  return concatBytes(iv, Uint8Array.of(0, 0, 0, 2))
}

function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}

/**
 * GCM as a session over noble's one-shot functions: counter mode is run over all bytes so far, and the tag comes from
 * sealing the whole plaintext again. Twice the work of OpenSSL, and right for the sizes a card handles.
 */
class GcmSession {
  readonly #key: Uint8Array
  readonly #iv: Uint8Array
  readonly #aad: Uint8Array
  #input: Uint8Array = new Uint8Array()
  #hasEnded = false

  constructor(key: Uint8Array, iv: Uint8Array, aad: Uint8Array) {
    requireKey(key)
    requireIv(iv, 12)
    // Copies; slice() of a Buffer would be a view.
    this.#key = new Uint8Array(key)
    this.#iv = new Uint8Array(iv)
    this.#aad = new Uint8Array(aad)
  }

  update(part: Uint8Array): Uint8Array {
    assert(!this.#hasEnded, 'GCM session used after its end')
    const before = this.#input.length
    this.#input = concatBytes(this.#input, part)
    return this.#keystreamed().slice(before)
  }

  #keystreamed(): Uint8Array {
    if (this.#input.length === 0) return new Uint8Array()
    return ctr(this.#key, messageCounter(this.#iv)).encrypt(this.#input)
  }

  /** The whole tag; ends the session. */
  tagOf(direction: 'encrypt' | 'decrypt'): Uint8Array {
    assert(!this.#hasEnded, 'GCM session used after its end')
    this.#hasEnded = true
    const plaintext = direction === 'encrypt' ? this.#input : this.#keystreamed()
    return gcm(this.#key, this.#iv, this.#aad).encrypt(plaintext).slice(plaintext.length)
  }
}

function createGcmDecryptor(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, tagLengthBytes: number): GcmDecryptor {
  requireTagLength(tagLengthBytes)
  const session = new GcmSession(key, iv, aad)
  return {
    update: (part) => session.update(part),
    verify: (tag) =>
      tag.length === tagLengthBytes && equalInConstantTime(session.tagOf('decrypt').slice(0, tagLengthBytes), tag),
  }
}

/** Pure JavaScript, audited upstream; runs in a page and anywhere else. */
export const nobleCrypto: CryptoProvider = {
  randomBytes(lengthBytes) {
    const bytes = new Uint8Array(lengthBytes)
    for (let at = 0; at < lengthBytes; at += RANDOM_QUOTA) crypto.getRandomValues(bytes.subarray(at, at + RANDOM_QUOTA))
    return bytes
  },
  sha256: (message) => sha256(message),
  aesEcbEncrypt(key, blocks) {
    requireKey(key)
    requireBlocks(blocks)
    return ecb(key, RAW).encrypt(blocks)
  },
  aesEcbDecrypt(key, blocks) {
    requireKey(key)
    requireBlocks(blocks)
    return ecb(key, RAW).decrypt(blocks)
  },
  aesCbcEncrypt(key, iv, blocks) {
    requireKey(key)
    requireIv(iv, 16)
    requireBlocks(blocks)
    return cbc(key, iv, RAW).encrypt(blocks)
  },
  aesCbcDecrypt(key, iv, blocks) {
    requireKey(key)
    requireIv(iv, 16)
    requireBlocks(blocks)
    return cbc(key, iv, RAW).decrypt(blocks)
  },
  aesCmac(key, message) {
    requireKey(key)
    return cmac(message, key)
  },
  createGcmEncryptor(key, iv, aad): GcmEncryptor {
    const session = new GcmSession(key, iv, aad)
    return { update: (part) => session.update(part), finish: () => session.tagOf('encrypt') }
  },
  createGcmDecryptor,
  gcmSeal(key, iv, aad, plaintext, tagLengthBytes) {
    requireTagLength(tagLengthBytes)
    requireKey(key)
    requireIv(iv, 12)
    return gcm(key, iv, aad)
      .encrypt(plaintext)
      .slice(0, plaintext.length + tagLengthBytes)
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
    return aeskw(kek).encrypt(keyData)
  },
  aesKeyUnwrap(kek, wrapped) {
    requireKey(kek)
    requireKeyData(wrapped, 24)
    try {
      return aeskw(kek).decrypt(wrapped)
    } catch {
      return undefined // integrity check failed
    }
  },
  constantTimeEqual: equalInConstantTime,
}
