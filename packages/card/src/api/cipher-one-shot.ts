import { becomeBlockCipher, blockAlgorithm, blockCipherMethods } from './block-cipher.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { byteAt, handleAt, hiddenShort, type JcreMethod, putHiddenShort } from './native-call.ts'
import { oneShotMethods, openOneShot } from './one-shot.ts'
import { becomeRsaCipher, CIPHER_RSA, isRsaPadding, rsaCipherMethods } from './rsa-cipher.ts'

/** Cipher.OneShot: the cells of a block cipher or of an RSA cipher, and one more that tells which. */
const SIMPLE_NAME = 'Cipher$OneShot'
const FAMILY = 3
export const CIPHER_ONE_SHOT_HIDDEN_BYTES = 8
const FAMILIES = { block: 0, rsa: 1 } as const

const open: JcreMethod = (jcre, at) => {
  const [cipher, padding] = [byteAt(jcre, at), byteAt(jcre, at + 1)]
  const isRsa = cipher === CIPHER_RSA && isRsaPadding(padding)
  const algorithm = blockAlgorithm(cipher, padding)
  if (!isRsa && algorithm === undefined) return failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  const oneShot = openOneShot(jcre, `javacardx/crypto/${SIMPLE_NAME}`)
  putHiddenShort(jcre, oneShot, FAMILY, isRsa ? FAMILIES.rsa : FAMILIES.block)
  if (algorithm === undefined) becomeRsaCipher(jcre, oneShot, padding)
  else becomeBlockCipher(jcre, oneShot, algorithm)
  return oneShot
}

const byFamily = (signature: string): JcreMethod => {
  const [block, rsa] = [blockCipherMethods[signature]!, rsaCipherMethods[signature]!]
  return (jcre, at) => {
    return (hiddenShort(jcre, handleAt(jcre, at), FAMILY) === FAMILIES.rsa ? rsa : block)(jcre, at)
  }
}

const methods = Object.fromEntries(Object.keys(blockCipherMethods).map((one) => [one, byFamily(one)] as const))

export const cipherOneShotMethods: Readonly<Record<string, JcreMethod>> = {
  [`${SIMPLE_NAME}.open(BB)Ljavacardx/crypto/${SIMPLE_NAME};`]: open,
  ...oneShotMethods(SIMPLE_NAME, methods, ['update([BSS[BS)S']),
}
