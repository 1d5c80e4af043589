import type { NativeBinding } from '../vm/link/native-library.ts'
import { ALG_AES_CCM, aesCcmImplementation, CIPHER_AES_CCM, newAesCcm } from './aes-ccm.ts'
import { ALG_AES_GCM, aesGcmImplementation, CIPHER_AES_GCM, newAesGcm } from './aes-gcm.ts'
import { blockAlgorithm, blockCipherImplementation, isBlockAlgorithm, newBlockCipher } from './block-cipher.ts'
import { PAD } from './block-padding.ts'
import { CIPHER_ONE_SHOT_HIDDEN_BYTES, cipherOneShotMethods } from './cipher-one-shot.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { byteAt, type JcreMethod, natives } from './native-call.ts'
import { CIPHER_RSA, isRsaPadding, newRsaCipher, rsaCipherImplementation, rsaPaddingOf } from './rsa-cipher.ts'

/** javacardx.crypto; docs/algorithms.md says which algorithms. */

/** External access needs nothing special: no cipher keeps state in CLEAR_ON_DESELECT memory. */
function newCipher(...[jcre, algorithm]: Parameters<JcreMethod>): number {
  if (isBlockAlgorithm(algorithm)) return newBlockCipher(jcre, algorithm)
  const rsaPadding = rsaPaddingOf(algorithm)
  if (rsaPadding !== undefined) return newRsaCipher(jcre, rsaPadding)
  if (algorithm === ALG_AES_CCM) return newAesCcm(jcre)
  return algorithm === ALG_AES_GCM ? newAesGcm(jcre) : failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
}

const byCipherAndPadding: JcreMethod = (jcre, at) => {
  const [cipher, padding] = [byteAt(jcre, at), byteAt(jcre, at + 1)]
  if (cipher === CIPHER_RSA && isRsaPadding(padding)) return newRsaCipher(jcre, padding)
  if (cipher === CIPHER_AES_GCM && padding === PAD.NULL) return newAesGcm(jcre)
  if (cipher === CIPHER_AES_CCM && padding === PAD.NULL) return newAesCcm(jcre)
  return newCipher(jcre, blockAlgorithm(cipher, padding) ?? 0)
}

export const javacardxCrypto: NativeBinding = {
  package: 'javacardx/crypto',
  methods: natives({
    'Cipher.<init>()V': () => 0,
    'AEADCipher.<init>()V': () => 0,
    'Cipher.getInstance(BZ)Ljavacardx/crypto/Cipher;': (jcre, at) => newCipher(jcre, byteAt(jcre, at)),
    'Cipher.getInstance(BBZ)Ljavacardx/crypto/Cipher;': byCipherAndPadding,
    ...cipherOneShotMethods,
  }),
  hiddenBytes: { Cipher$OneShot: CIPHER_ONE_SHOT_HIDDEN_BYTES },
  implementations: [blockCipherImplementation, aesGcmImplementation, aesCcmImplementation, rsaCipherImplementation],
}
