import type { Jcre } from '../runtime/jcre.ts'
import { extendedAesShape, newAesKey } from './aes-key.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { ecParametersShape, ecPrivateKeyShape, ecPublicKeyShape } from './ec-keys.ts'
import {
  dhParametersShape,
  dhPrivateKeyShape,
  dhPublicKeyShape,
  dsaParametersShape,
  dsaPrivateKeyShape,
  dsaPublicKeyShape,
} from './group-keys.ts'
import { type KeyShape, keyTypeOf, newKey, requireKey, sizeOf } from './key-parts.ts'
import { isKeySize, KEY_TYPES, type KeyKind, keyTypeFor } from './key-types.ts'
import { byteAt, handleAt, type JcreMethod, requireObject, shortAt } from './native-call.ts'
import { rsaCrtKeyShape, rsaPrivateKeyShape, rsaPublicKeyShape } from './rsa-keys.ts'
import { desKeyShape, genericKeyShape, hmacKeyShape } from './secret-keys.ts'
import { buildXecKey, xecPrivateKeyShape, xecPublicKeyShape } from './xec-keys.ts'

const SHAPES: Readonly<Record<KeyKind, KeyShape>> = {
  aes: extendedAesShape,
  des: desKeyShape,
  hmac: hmacKeyShape,
  generic: genericKeyShape,
  'ec-public': ecPublicKeyShape,
  'ec-private': ecPrivateKeyShape,
  'ec-parameters': ecParametersShape,
  'rsa-public': rsaPublicKeyShape,
  'rsa-private': rsaPrivateKeyShape,
  'rsa-crt-private': rsaCrtKeyShape,
  'dsa-public': dsaPublicKeyShape,
  'dsa-private': dsaPrivateKeyShape,
  'dsa-parameters': dsaParametersShape,
  'dh-public': dhPublicKeyShape,
  'dh-private': dhPrivateKeyShape,
  'dh-parameters': dhParametersShape,
  'xec-public': xecPublicKeyShape,
  'xec-private': xecPrivateKeyShape,
}

/** @returns a key not yet set; NO_SUCH_ALGORITHM for types and sizes that are not there */
export function buildKeyOfType(jcre: Jcre, keyType: number, size: number, isExtended = false): number {
  const kind = KEY_TYPES[keyType]?.kind
  if (kind === undefined || !isKeySize(kind, size)) return failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  return kind === 'aes' && !isExtended
    ? newAesKey(jcre, keyType, size)
    : newKey(jcre, SHAPES[kind], keyType, size, { isExtended })
}

/** The last argument asks for KeyEncryption. */
const buildKey: JcreMethod = (jcre, at) => {
  return buildKeyOfType(jcre, byteAt(jcre, at), shortAt(jcre, at + 1), shortAt(jcre, at + 2) !== 0)
}

const buildKeyIn: JcreMethod = (jcre, at) => {
  const type = keyTypeFor(byteAt(jcre, at), byteAt(jcre, at + 1)) ?? -1
  return buildKeyOfType(jcre, type, shortAt(jcre, at + 2), shortAt(jcre, at + 3) !== 0)
}

/** Which keys may share which parameters. */
const PARAMETERS_OF: Readonly<Partial<Record<KeyKind, KeyKind>>> = {
  'ec-public': 'ec-parameters',
  'ec-private': 'ec-parameters',
  'dsa-public': 'dsa-parameters',
  'dsa-private': 'dsa-parameters',
  'dh-public': 'dh-parameters',
  'dh-private': 'dh-parameters',
}

const buildKeyWithSharedDomain: JcreMethod = (jcre, at) => {
  const domainKey = handleAt(jcre, at + 2)
  const parameters = requireKey(jcre, domainKey)
  const type = keyTypeFor(byteAt(jcre, at), byteAt(jcre, at + 1)) ?? -1
  const kind = KEY_TYPES[type]?.kind
  if (kind === undefined || PARAMETERS_OF[kind] !== parameters) return failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  return newKey(jcre, SHAPES[kind], type, sizeOf(jcre, domainKey), { domainKey })
}

const getMemoryType: JcreMethod = (jcre, at) => {
  requireObject(jcre, handleAt(jcre, at), 'javacard/security/Key')
  return KEY_TYPES[keyTypeOf(jcre, handleAt(jcre, at))]!.memory
}

export const keyBuilderMethods: Readonly<Record<string, JcreMethod>> = {
  'KeyBuilder.buildKey(BSZ)Ljavacard/security/Key;': buildKey,
  'KeyBuilder.buildKey(BBSZ)Ljavacard/security/Key;': buildKeyIn,
  'KeyBuilder.buildKeyWithSharedDomain(BBLjavacard/security/Key;Z)Ljavacard/security/Key;': buildKeyWithSharedDomain,
  'KeyBuilder.buildXECKey(Ljavacard/security/NamedParameterSpec;SZ)Ljavacard/security/Key;': buildXecKey,
  'KeyBuilder.getMemoryType(Ljavacard/security/Key;)B': getMemoryType,
}
