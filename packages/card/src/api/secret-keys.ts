import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { aesKeyLength, putAesKey, takeAesKey } from './aes-key.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { keyImplementations } from './key-implementations.ts'
import {
  type KeyShape,
  partGetter,
  partSetter,
  putPart,
  requireKey,
  requirePart,
  sizeOf,
  wholeKeySetter,
} from './key-parts.ts'
import type { JcreMethod } from './native-call.ts'

/** DESKey, HMACKey and GenericSecretKey: one part. */
export const desKeyShape: KeyShape = {
  className: 'gridcard/DesKey',
  extendedClassName: 'gridcard/EncryptedDesKey',
  parts: [{ maxBytes: (bits) => bits / 8 }],
}
/** The size that KeyBuilder names is the block of the hash, in bytes: the longest key that HMAC does not hash first. */
export const hmacKeyShape: KeyShape = {
  className: 'gridcard/HmacKey',
  extendedClassName: 'gridcard/EncryptedHmacKey',
  parts: [{ maxBytes: (bytes) => bytes }],
}
/** Any secret up to the size. */
export const genericKeyShape: KeyShape = {
  className: 'gridcard/GenericSecretKey',
  extendedClassName: 'gridcard/GenericSecretKey',
  parts: [{ maxBytes: (bits) => bits / 8 }],
}

const LONGEST_TOLD_BYTES = 127

const getHmacKey: JcreMethod = (jcre, at) => {
  const length = partGetter(hmacKeyShape, 0)(jcre, at)
  return length > LONGEST_TOLD_BYTES ? -1 : length
}

export type SecretKind = 'aes' | 'des' | 'hmac' | 'generic'

const SHAPES = { des: desKeyShape, hmac: hmacKeyShape, generic: genericKeyShape } as const

/** A copy of a key of this kind, for one operation; the caller wipes it. */
export function takeSecretKey(jcre: Jcre, key: number, kind: SecretKind): Uint8Array {
  if (requireKey(jcre, key) !== kind) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  if (kind === 'aes') return takeAesKey(jcre, key)
  return requirePart(jcre, SHAPES[kind], key, 0)
}

/** A copy of a secret key of any kind; the caller wipes it. */
export function takeAnySecretKey(jcre: Jcre, key: number): Uint8Array {
  const kind = requireKey(jcre, key)
  const isSecret = kind === 'aes' || kind === 'des' || kind === 'hmac' || kind === 'generic'
  return isSecret ? takeSecretKey(jcre, key, kind) : failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
}

/** How many bytes a secret key takes when it is filled. */
export function secretKeyCapacity(jcre: Jcre, key: number): number {
  const kind = requireKey(jcre, key)
  if (kind === 'aes') return aesKeyLength(jcre, key)
  if (kind !== 'des' && kind !== 'hmac' && kind !== 'generic') return failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  return SHAPES[kind].parts[0]!.maxBytes(sizeOf(jcre, key))
}

/** Bytes as long as the key takes; the caller wipes its copy. */
export function putSecretKey(jcre: Jcre, key: number, bytes: Uint8Array): void {
  const kind = requireKey(jcre, key)
  if (kind === 'aes') putAesKey(jcre, key, bytes)
  else if (kind === 'des' || kind === 'hmac' || kind === 'generic') putPart(jcre, SHAPES[kind], key, 0, bytes)
  else failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
}

export const secretKeyImplementations: readonly NativeImplementation[] = [
  ...keyImplementations({
    shape: desKeyShape,
    ids: [7, 31],
    interfaces: ['javacard/security/DESKey'],
    methods: { 'setKey([BS)V': wholeKeySetter(desKeyShape), 'getKey([BS)B': partGetter(desKeyShape, 0) },
  }),
  ...keyImplementations({
    shape: hmacKeyShape,
    ids: [8, 32],
    interfaces: ['javacard/security/HMACKey'],
    methods: { 'setKey([BSS)V': partSetter(hmacKeyShape, 0), 'getKey([BS)B': getHmacKey },
  }),
  ...keyImplementations({
    shape: genericKeyShape,
    ids: [undefined, 33],
    interfaces: ['javacard/security/GenericSecretKey'],
    methods: { 'setKey([BSS)V': partSetter(genericKeyShape, 0), 'getKey([BS)S': partGetter(genericKeyShape, 0) },
  }),
]
