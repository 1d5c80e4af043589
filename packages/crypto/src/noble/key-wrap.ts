import { aeskw } from '@noble/ciphers/aes.js'
import type { KeyWrap } from '../port/key-wrap.ts'
import { requireKey, requireKeyData } from '../requirements.ts'

export const nobleKeyWrap: KeyWrap = {
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
}
