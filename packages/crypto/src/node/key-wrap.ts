import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concatBytes } from '@gridcard/bytes'
import type { KeyWrap } from '../port/key-wrap.ts'
import { requireKey, requireKeyData } from '../requirements.ts'
import { secretKey } from './secret-key.ts'

const KEY_WRAP_IV = Uint8Array.from({ length: 8 }, () => 0xa6)

export const nodeKeyWrap: KeyWrap = {
  aesKeyWrap(kek, keyData) {
    requireKey(kek)
    requireKeyData(keyData, 16)
    const cipher = createCipheriv(`id-aes${kek.length * 8}-wrap`, secretKey(kek), KEY_WRAP_IV)
    return concatBytes(cipher.update(keyData), cipher.final())
  },
  aesKeyUnwrap(kek, wrapped) {
    requireKey(kek)
    requireKeyData(wrapped, 24)
    const cipher = createDecipheriv(`id-aes${kek.length * 8}-wrap`, secretKey(kek), KEY_WRAP_IV)
    try {
      return concatBytes(cipher.update(wrapped), cipher.final())
    } catch {
      return undefined // integrity check failed
    }
  },
}
