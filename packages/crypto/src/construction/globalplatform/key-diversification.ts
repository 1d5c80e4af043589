import { concatBytes } from '@gridcard/bytes'
import { CryptoPortError } from '../../errors.ts'
import type { Aes } from '../../port/aes.ts'
import type { Des } from '../../port/des.ts'
import { counterKdf } from './scp03.ts'
import type { StaticKeys } from './static-keys.ts'

/** How a card's keys come from a master key. The first two are for DES keys, the last for AES keys. */
export const keyDiversifications = ['visa2', 'emv', 'kdf3'] as const
export type KeyDiversification = (typeof keyDiversifications)[number]

/** Which of the ten bytes of key diversification data go into the block, for the DES methods. */
const CHOSEN = { visa2: [0, 1, 4, 5, 6, 7], emv: [4, 5, 6, 7, 8, 9] } as const

/** Numbers of the keys. */
const PURPOSE = { enc: 1, mac: 2, dek: 3 } as const

type Ciphers = Pick<Des, 'desEcbEncrypt'> & Pick<Aes, 'aesCmac'>

/**
 * A card's key set of one master key per purpose (the same one three times, if there is one only).
 *
 * @param diversificationData 10 bytes, the first of the answer to INITIALIZE UPDATE
 * @source no specification of GlobalPlatform: VISA2 and EMV CPS 1.1 §4.1 by use, KDF3 by NIST SP 800-108 with label 000000k
 */
export function diversifiedKeys(
  ciphers: Ciphers,
  method: KeyDiversification,
  master: StaticKeys,
  diversificationData: Uint8Array,
): StaticKeys {
  if (diversificationData.length !== 10) {
    throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', '10 bytes of key diversification data')
  }
  const derived = (purpose: keyof StaticKeys): Uint8Array => {
    const number = PURPOSE[purpose]
    if (method === 'kdf3') {
      const context = concatBytes(Uint8Array.of(0, 0, 0, number, 0), diversificationData)
      return counterKdf(ciphers, master[purpose], new Uint8Array(), context, master[purpose].length)
    }
    const chosen = CHOSEN[method].map((index) => diversificationData[index]!)
    return ciphers.desEcbEncrypt(master[purpose], Uint8Array.of(...chosen, 0xf0, number, ...chosen, 0x0f, number))
  }
  return { enc: derived('enc'), mac: derived('mac'), dek: derived('dek') }
}
