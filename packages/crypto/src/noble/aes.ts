import { cbc, cfb, cmac, ctr, ecb } from '@noble/ciphers/aes.js'
import { aesXtsOver } from '../construction/aes-xts.ts'
import type { Aes, AesKeyOperations } from '../port/aes.ts'
import { requireBlocks, requireIv, requireKey } from '../requirements.ts'

const RAW = { disablePadding: true }

/** Noble expands the key each time. */
function openAesKey(key: Uint8Array): AesKeyOperations {
  requireKey(key)
  const held = Uint8Array.from(key)
  return {
    ecbEncrypt: (blocks) => nobleAes.aesEcbEncrypt(held, blocks),
    ecbDecrypt: (blocks) => nobleAes.aesEcbDecrypt(held, blocks),
    cbcEncrypt: (iv, blocks) => nobleAes.aesCbcEncrypt(held, iv, blocks),
    cbcDecrypt: (iv, blocks) => nobleAes.aesCbcDecrypt(held, iv, blocks),
  }
}

export const nobleAes: Aes = {
  openAesKey,
  ...aesXtsOver(openAesKey),
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
  aesCtr(key, counterBlock, bytes) {
    requireKey(key)
    requireIv(counterBlock, 16)
    return ctr(key, counterBlock).encrypt(bytes)
  },
  aesCfbEncrypt(key, iv, plaintext) {
    requireKey(key)
    requireIv(iv, 16)
    return cfb(key, iv).encrypt(plaintext)
  },
  aesCfbDecrypt(key, iv, ciphertext) {
    requireKey(key)
    requireIv(iv, 16)
    return cfb(key, iv).decrypt(ciphertext)
  },
  aesCmac(key, message) {
    requireKey(key)
    return cmac(message, key)
  },
}
