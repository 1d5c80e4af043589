import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concatBytes } from '@gridcard/bytes'
import { cmac } from '@noble/ciphers/aes.js'
import type { Aes } from '../port/aes.ts'
import { requireBlocks, requireIv, requireKey } from '../requirements.ts'
import { plain } from './plain.ts'

function blockMode(name: 'ecb' | 'cbc', key: Uint8Array, iv: Uint8Array | null, blocks: Uint8Array, encrypt: boolean) {
  requireKey(key)
  requireBlocks(blocks)
  if (iv !== null) requireIv(iv, 16)
  const algorithm = `aes-${key.length * 8}-${name}`
  const cipher = encrypt ? createCipheriv(algorithm, key, iv) : createDecipheriv(algorithm, key, iv)
  cipher.setAutoPadding(false)
  return concatBytes(cipher.update(blocks), cipher.final())
}

/** Modes that make a stream of the cipher give all their bytes at once. */
function streamMode(name: 'ctr' | 'cfb', key: Uint8Array, iv: Uint8Array, bytes: Uint8Array, encrypt: boolean) {
  requireKey(key)
  requireIv(iv, 16)
  const algorithm = `aes-${key.length * 8}-${name}`
  const cipher = encrypt ? createCipheriv(algorithm, key, iv) : createDecipheriv(algorithm, key, iv)
  return plain(cipher.update(bytes))
}

export const nodeAes: Aes = {
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
