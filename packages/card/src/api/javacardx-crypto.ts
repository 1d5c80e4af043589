import type { NativeBinding } from '../vm/link/native-library.ts'
import {
  aesBlockCipherImplementation,
  BLOCK_ALGORITHMS,
  CRYPTO,
  failCrypto,
  newAesBlockCipher,
} from './aes-block-cipher.ts'
import { ALG_AES_GCM, aesGcmImplementation, CIPHER_AES_GCM, newAesGcm } from './aes-gcm.ts'
import { byteAt, type JcreMethod, natives } from './native-call.ts'

/** javacardx.crypto as far as AES: ECB and CBC without padding, GCM. */

const PAD_NULL = 0
const PAD_NOPAD = 1
/** Cipher algorithm and padding, as the second form of getInstance takes them, to the one number of the first. */
const ALGORITHM_OF: Readonly<Record<string, number>> = {
  [`1 ${PAD_NOPAD}`]: BLOCK_ALGORITHMS.cbc,
  [`2 ${PAD_NOPAD}`]: BLOCK_ALGORITHMS.ecb,
  [`${CIPHER_AES_GCM} ${PAD_NULL}`]: ALG_AES_GCM,
}

/** External access needs nothing special: no cipher keeps state in CLEAR_ON_DESELECT memory. */
function newCipher(...[jcre, algorithm]: Parameters<JcreMethod>): number {
  if (algorithm === BLOCK_ALGORITHMS.cbc || algorithm === BLOCK_ALGORITHMS.ecb) {
    return newAesBlockCipher(jcre, algorithm)
  }
  return algorithm === ALG_AES_GCM ? newAesGcm(jcre) : failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
}

export const javacardxCrypto: NativeBinding = {
  package: 'javacardx/crypto',
  methods: natives({
    'Cipher.<init>()V': () => 0,
    'AEADCipher.<init>()V': () => 0,
    'Cipher.getInstance(BZ)Ljavacardx/crypto/Cipher;': (jcre, at) => newCipher(jcre, byteAt(jcre, at)),
    'Cipher.getInstance(BBZ)Ljavacardx/crypto/Cipher;': (jcre, at) => {
      return newCipher(jcre, ALGORITHM_OF[`${byteAt(jcre, at)} ${byteAt(jcre, at + 1)}`] ?? 0)
    },
  }),
  implementations: [aesBlockCipherImplementation, aesGcmImplementation],
}
