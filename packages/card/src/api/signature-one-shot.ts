import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { byteAt, type JcreMethod } from './native-call.ts'
import { oneShotMethods, openOneShot } from './one-shot.ts'
import { commonSignatureMethods } from './signature.ts'
import { isScheme, recoversMessages } from './signature-schemes.ts'
import { putScheme } from './signature-state.ts'

/** Signature.OneShot: the cells of a Signature. Message recovery has no methods there. */
const SIMPLE_NAME = 'Signature$OneShot'

const open: JcreMethod = (jcre, at) => {
  const scheme = { digest: byteAt(jcre, at), cipher: byteAt(jcre, at + 1), padding: byteAt(jcre, at + 2) }
  if (!isScheme(scheme) || recoversMessages(scheme)) return failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  const oneShot = openOneShot(jcre, `javacard/security/${SIMPLE_NAME}`)
  putScheme(jcre, oneShot, scheme)
  return oneShot
}

export const signatureOneShotMethods: Readonly<Record<string, JcreMethod>> = {
  [`${SIMPLE_NAME}.open(BBB)Ljavacard/security/${SIMPLE_NAME};`]: open,
  ...oneShotMethods(SIMPLE_NAME, commonSignatureMethods, ['update([BSS)V']),
}
