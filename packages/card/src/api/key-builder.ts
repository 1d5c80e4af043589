import type { Jcre } from '../runtime/jcre.ts'
import { newAesKey } from './aes-key.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { ecPrivateKeyShape, ecPublicKeyShape } from './ec-keys.ts'
import { type KeyShape, keyTypeOf, newKey } from './key-parts.ts'
import { isKeySize, KEY_TYPES, type KeyKind, keyTypeFor } from './key-types.ts'
import { byteAt, handleAt, type JcreMethod, requireObject, shortAt } from './native-call.ts'
import { rsaCrtKeyShape, rsaPrivateKeyShape, rsaPublicKeyShape } from './rsa-keys.ts'
import { desKeyShape, hmacKeyShape } from './secret-keys.ts'

const SHAPES: Readonly<Record<Exclude<KeyKind, 'aes'>, KeyShape>> = {
  des: desKeyShape,
  hmac: hmacKeyShape,
  'ec-public': ecPublicKeyShape,
  'ec-private': ecPrivateKeyShape,
  'rsa-public': rsaPublicKeyShape,
  'rsa-private': rsaPrivateKeyShape,
  'rsa-crt-private': rsaCrtKeyShape,
}

/** @returns a key not yet set; NO_SUCH_ALGORITHM for types and sizes that are not there */
export function buildKeyOfType(jcre: Jcre, keyType: number, size: number): number {
  const kind = KEY_TYPES[keyType]?.kind
  if (kind === undefined || !isKeySize(kind, size)) return failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  return kind === 'aes' ? newAesKey(jcre, keyType, size) : newKey(jcre, SHAPES[kind], keyType, size)
}

/** KeyEncryption is optional: false or true, the key has no such interface. */
const buildKey: JcreMethod = (jcre, at) => buildKeyOfType(jcre, byteAt(jcre, at), shortAt(jcre, at + 1))

const buildKeyIn: JcreMethod = (jcre, at) => {
  return buildKeyOfType(jcre, keyTypeFor(byteAt(jcre, at), byteAt(jcre, at + 1)) ?? -1, shortAt(jcre, at + 2))
}

const getMemoryType: JcreMethod = (jcre, at) => {
  requireObject(jcre, handleAt(jcre, at), 'javacard/security/Key')
  return KEY_TYPES[keyTypeOf(jcre, handleAt(jcre, at))]!.memory
}

export const keyBuilderMethods: Readonly<Record<string, JcreMethod>> = {
  'KeyBuilder.buildKey(BSZ)Ljavacard/security/Key;': buildKey,
  'KeyBuilder.buildKey(BBSZ)Ljavacard/security/Key;': buildKeyIn,
  /** Every key here has a domain of its own. */
  'KeyBuilder.buildKeyWithSharedDomain(BBLjavacard/security/Key;Z)Ljavacard/security/Key;': (jcre) => {
    return failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  },
  'KeyBuilder.getMemoryType(Ljavacard/security/Key;)B': getMemoryType,
}
