import { cbc, cfb, cmac, ctr, ecb } from '@noble/ciphers/aes.js'
import type { Aes } from '../port/aes.ts'
import { requireBlocks, requireIv, requireKey } from '../requirements.ts'

const RAW = { disablePadding: true }

export const nobleAes: Aes = {
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
