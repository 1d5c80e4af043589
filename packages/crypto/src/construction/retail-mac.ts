import { CryptoPortError } from '../errors.ts'
import type { Des } from '../port/des.ts'
import { requireBlocks, requireIv, requireKeyOf } from '../requirements.ts'

type Cbc = Pick<Des, 'desCbcEncrypt' | 'desEcbEncrypt' | 'desEcbDecrypt'>

/** ISO/IEC 9797-1 MAC algorithm 3 with output transformation 3, over a provider's DES. */
export const retailMacOver =
  ({ desCbcEncrypt, desEcbEncrypt, desEcbDecrypt }: Cbc): Des['desRetailMac'] =>
  (key, iv, blocks) => {
    requireKeyOf(16, key)
    requireIv(iv, 8)
    requireBlocks(blocks, 8)
    if (blocks.length === 0) {
      throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', 'a retail MAC needs a block at least')
    }
    const [left, right] = [key.subarray(0, 8), key.subarray(8)]
    const last = desCbcEncrypt(left, iv, blocks).slice(-8)
    return desEcbEncrypt(left, desEcbDecrypt(right, last))
  }
