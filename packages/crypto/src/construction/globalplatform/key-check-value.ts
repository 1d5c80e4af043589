import type { Aes } from '../../port/aes.ts'
import type { Des } from '../../port/des.ts'

/** Three bytes: eight zeros encrypted. @source GPC 2.3.1 §B.6 */
export function desKeyCheckValue(des: Pick<Des, 'desEcbEncrypt'>, key: Uint8Array): Uint8Array {
  return des.desEcbEncrypt(key, new Uint8Array(8)).slice(0, 3)
}

/** Three bytes: sixteen times 01 encrypted. @source GPC 2.3.1 §B.6 */
export function aesKeyCheckValue(aes: Pick<Aes, 'aesEcbEncrypt'>, key: Uint8Array): Uint8Array {
  return aes.aesEcbEncrypt(key, new Uint8Array(16).fill(1)).slice(0, 3)
}
