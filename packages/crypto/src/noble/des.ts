import { concatBytes } from '@gridcard/bytes'
import des from 'des.js'
import { retailMacOver } from '../construction/retail-mac.ts'
import type { Des } from '../port/des.ts'
import { requireBlocks, requireDesKey, requireIv } from '../requirements.ts'

// Noble has no DES; des.js does, ECB and CBC.

const SINGLE = { ecb: des.DES, cbc: des.CBC.instantiate(des.DES) }
const TRIPLE = { ecb: des.EDE, cbc: des.CBC.instantiate(des.EDE) }

function mode(
  type: 'encrypt' | 'decrypt',
  key: Uint8Array,
  iv: Uint8Array | undefined,
  blocks: Uint8Array,
): Uint8Array {
  requireDesKey(key)
  if (iv !== undefined) requireIv(iv, 8)
  requireBlocks(blocks, 8)
  if (blocks.length === 0) return new Uint8Array()
  const classes = key.length === 8 ? SINGLE : TRIPLE
  const whole = key.length === 16 ? concatBytes(key, key.subarray(0, 8)) : key
  const cipher =
    iv === undefined
      ? classes.ecb.create({ type, key: whole, padding: false })
      : classes.cbc.create({ type, key: whole, iv, padding: false })
  return Uint8Array.from([...cipher.update(blocks), ...cipher.final()])
}

const modes: Omit<Des, 'desRetailMac'> = {
  desEcbEncrypt: (key, blocks) => mode('encrypt', key, undefined, blocks),
  desEcbDecrypt: (key, blocks) => mode('decrypt', key, undefined, blocks),
  desCbcEncrypt: (key, iv, blocks) => mode('encrypt', key, iv, blocks),
  desCbcDecrypt: (key, iv, blocks) => mode('decrypt', key, iv, blocks),
}

export const nobleDes: Des = { ...modes, desRetailMac: retailMacOver(modes) }
