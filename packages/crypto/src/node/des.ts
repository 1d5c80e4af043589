import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concatBytes } from '@gridcard/bytes'
import { retailMacOver } from '../construction/retail-mac.ts'
import type { Des } from '../port/des.ts'
import { requireBlocks, requireDesKey, requireIv } from '../requirements.ts'
import { secretKey } from './secret-key.ts'

/**
 * OpenSSL 3 keeps single DES in its legacy provider, which Node does not load. But triple DES with one key three times
 * encrypts, decrypts and encrypts: that is single DES (SP 800-67 §3.2 keeps it for this).
 */
function tripleKey(key: Uint8Array): Uint8Array {
  requireDesKey(key)
  if (key.length === 8) return concatBytes(key, key, key)
  return key.length === 16 ? concatBytes(key, key.subarray(0, 8)) : key
}

function mode(
  name: 'des-ede3' | 'des-ede3-cbc',
  encrypt: boolean,
  key: Uint8Array,
  iv: Uint8Array | null,
  blocks: Uint8Array,
) {
  const whole = secretKey(tripleKey(key))
  if (iv !== null) requireIv(iv, 8)
  requireBlocks(blocks, 8)
  const cipher = encrypt ? createCipheriv(name, whole, iv) : createDecipheriv(name, whole, iv)
  cipher.setAutoPadding(false)
  return concatBytes(cipher.update(blocks), cipher.final())
}

const des: Omit<Des, 'desRetailMac'> = {
  desEcbEncrypt: (key, blocks) => mode('des-ede3', true, key, null, blocks),
  desEcbDecrypt: (key, blocks) => mode('des-ede3', false, key, null, blocks),
  desCbcEncrypt: (key, iv, blocks) => mode('des-ede3-cbc', true, key, iv, blocks),
  desCbcDecrypt: (key, iv, blocks) => mode('des-ede3-cbc', false, key, iv, blocks),
}

export const nodeDes: Des = { ...des, desRetailMac: retailMacOver(des) }
