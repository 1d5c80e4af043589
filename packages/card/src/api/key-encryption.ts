import { requireKeyDecryptor } from './key-decryption.ts'
import { keyCipherOf, putKeyCipher } from './key-parts.ts'
import { handleAt, type JcreMethod } from './native-call.ts'

/** KeyEncryption: a cipher that decrypts what the setters of a key are given. @source API javacardx.crypto.KeyEncryption */
const setKeyCipher: JcreMethod = (jcre, at) => {
  const cipher = handleAt(jcre, at + 1)
  if (cipher !== 0) requireKeyDecryptor(jcre, cipher)
  putKeyCipher(jcre, handleAt(jcre, at), cipher)
  return 0
}

export const keyEncryptionMethods: Readonly<Record<string, JcreMethod>> = {
  'getKeyCipher()Ljavacardx/crypto/Cipher;': (jcre, at) => keyCipherOf(jcre, handleAt(jcre, at)),
  'setKeyCipher(Ljavacardx/crypto/Cipher;)V': setKeyCipher,
}
