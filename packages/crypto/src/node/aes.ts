import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concatBytes } from '@gridcard/bytes'
import { cmac } from '@noble/ciphers/aes.js'
import { aesXtsOver } from '../construction/aes-xts.ts'
import type { Aes, AesKeyOperations } from '../port/aes.ts'
import { requireBlocks, requireIv, requireKey } from '../requirements.ts'
import { plain } from './plain.ts'
import { secretKey } from './secret-key.ts'

function blockMode(name: 'ecb' | 'cbc', key: Uint8Array, iv: Uint8Array | null, blocks: Uint8Array, encrypt: boolean) {
  requireKey(key)
  requireBlocks(blocks)
  if (iv !== null) requireIv(iv, 16)
  const algorithm = `aes-${key.length * 8}-${name}`
  const cipher = encrypt
    ? createCipheriv(algorithm, secretKey(key), iv)
    : createDecipheriv(algorithm, secretKey(key), iv)
  cipher.setAutoPadding(false)
  return concatBytes(cipher.update(blocks), cipher.final())
}

/** Modes that make a stream of the cipher give all their bytes at once. */
function streamMode(name: 'ctr' | 'cfb', key: Uint8Array, iv: Uint8Array, bytes: Uint8Array, encrypt: boolean) {
  requireKey(key)
  requireIv(iv, 16)
  const algorithm = `aes-${key.length * 8}-${name}`
  const cipher = encrypt
    ? createCipheriv(algorithm, secretKey(key), iv)
    : createDecipheriv(algorithm, secretKey(key), iv)
  return plain(cipher.update(bytes))
}

const BLOCK = 16
const ZEROS = new Uint8Array(BLOCK)

/** The blocks with the first one changed: by the IV wanted, and what OpenSSL would chain with instead. */
function rechained(blocks: Uint8Array, iv: Uint8Array, chained: Uint8Array): Uint8Array {
  const result = Uint8Array.from(blocks)
  for (let i = 0; i < BLOCK; i++) result[i]! ^= iv[i]! ^ chained[i]!
  return result
}

/**
 * OpenSSL's contexts, kept: a new one costs more than a block. One that chains cannot be given another IV, but the
 * chaining value is known and can be taken out of the first block, before encryption or after decryption.
 */
function openAesKey(key: Uint8Array): AesKeyOperations {
  requireKey(key)
  const held = secretKey(key)
  const bits = key.length * 8
  const name = (mode: 'ecb' | 'cbc') => `aes-${bits}-${mode}`
  const encryptor = (mode: 'ecb' | 'cbc') => {
    return createCipheriv(name(mode), held, mode === 'cbc' ? ZEROS : null).setAutoPadding(false)
  }
  const decryptor = (mode: 'ecb' | 'cbc') => {
    return createDecipheriv(name(mode), held, mode === 'cbc' ? ZEROS : null).setAutoPadding(false)
  }
  let ecb: ReturnType<typeof encryptor> | undefined
  let ecbBack: ReturnType<typeof decryptor> | undefined
  let cbc: ReturnType<typeof encryptor> | undefined
  let cbcBack: ReturnType<typeof decryptor> | undefined
  let chain: Uint8Array = ZEROS
  let chainBack: Uint8Array = ZEROS
  return {
    ecbEncrypt(blocks) {
      requireBlocks(blocks)
      ecb ??= encryptor('ecb')
      return plain(ecb.update(blocks))
    },
    ecbDecrypt(blocks) {
      requireBlocks(blocks)
      ecbBack ??= decryptor('ecb')
      return plain(ecbBack.update(blocks))
    },
    cbcEncrypt(iv, blocks) {
      requireIv(iv, BLOCK)
      requireBlocks(blocks)
      if (blocks.length === 0) return new Uint8Array()
      cbc ??= encryptor('cbc')
      const result = plain(cbc.update(rechained(blocks, iv, chain)))
      chain = result.slice(-BLOCK)
      return result
    },
    cbcDecrypt(iv, blocks) {
      requireIv(iv, BLOCK)
      requireBlocks(blocks)
      if (blocks.length === 0) return new Uint8Array()
      cbcBack ??= decryptor('cbc')
      const result = rechained(cbcBack.update(blocks), iv, chainBack)
      chainBack = Uint8Array.from(blocks.subarray(-BLOCK))
      return result
    },
  }
}

export const nodeAes: Aes = {
  openAesKey,
  ...aesXtsOver(openAesKey),
  aesEcbEncrypt: (key, blocks) => blockMode('ecb', key, null, blocks, true),
  aesEcbDecrypt: (key, blocks) => blockMode('ecb', key, null, blocks, false),
  aesCbcEncrypt: (key, iv, blocks) => blockMode('cbc', key, iv, blocks, true),
  aesCbcDecrypt: (key, iv, blocks) => blockMode('cbc', key, iv, blocks, false),
  aesCtr: (key, counterBlock, bytes) => streamMode('ctr', key, counterBlock, bytes, true),
  aesCfbEncrypt: (key, iv, plaintext) => streamMode('cfb', key, iv, plaintext, true),
  aesCfbDecrypt: (key, iv, ciphertext) => streamMode('cfb', key, iv, ciphertext, false),
  aesCmac(key, message) {
    requireKey(key)
    return cmac(message, key)
  },
}
