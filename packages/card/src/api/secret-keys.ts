import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { takeAesKey } from './aes-key.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import {
  KEY_PARTS_HIDDEN_BYTES,
  KEY_PARTS_HIDDEN_REFERENCES,
  type KeyShape,
  keyMethods,
  partGetter,
  partSetter,
  putPart,
  requireKey,
  requirePart,
  sizeOf,
} from './key-parts.ts'
import { bytesOf, handleAt, type JcreMethod, natives, shortAt } from './native-call.ts'

/** DESKey and HMACKey: one part. */
export const desKeyShape: KeyShape = { className: 'gridcard/DesKey', parts: [{ maxBytes: (bits) => bits / 8 }] }
/** The size that KeyBuilder names is the block of the hash, in bytes: the longest key that HMAC does not hash first. */
export const hmacKeyShape: KeyShape = { className: 'gridcard/HmacKey', parts: [{ maxBytes: (bytes) => bytes }] }

const LONGEST_TOLD_BYTES = 127

const setDesKey: JcreMethod = (jcre, at) => {
  const key = handleAt(jcre, at)
  const bytes = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), sizeOf(jcre, key) / 8)
  try {
    putPart(jcre, desKeyShape, key, 0, bytes)
  } finally {
    bytes.fill(0)
  }
  return 0
}

const getHmacKey: JcreMethod = (jcre, at) => {
  const length = partGetter(hmacKeyShape, 0)(jcre, at)
  return length > LONGEST_TOLD_BYTES ? -1 : length
}

/** A copy of a key of this kind, for one operation; the caller wipes it. */
export function takeSecretKey(jcre: Jcre, key: number, kind: 'aes' | 'des' | 'hmac'): Uint8Array {
  if (requireKey(jcre, key) !== kind) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  if (kind === 'aes') return takeAesKey(jcre, key)
  return requirePart(jcre, kind === 'des' ? desKeyShape : hmacKeyShape, key, 0)
}

export const secretKeyImplementations: readonly NativeImplementation[] = [
  {
    id: 7,
    name: desKeyShape.className,
    interfaces: ['javacard/security/DESKey'],
    hiddenBytes: KEY_PARTS_HIDDEN_BYTES,
    hiddenReferences: KEY_PARTS_HIDDEN_REFERENCES,
    methods: natives({
      ...keyMethods(desKeyShape),
      'setKey([BS)V': setDesKey,
      'getKey([BS)B': partGetter(desKeyShape, 0),
    }),
  },
  {
    id: 8,
    name: hmacKeyShape.className,
    interfaces: ['javacard/security/HMACKey'],
    hiddenBytes: KEY_PARTS_HIDDEN_BYTES,
    hiddenReferences: KEY_PARTS_HIDDEN_REFERENCES,
    methods: natives({
      ...keyMethods(hmacKeyShape),
      'setKey([BSS)V': partSetter(hmacKeyShape, 0),
      'getKey([BS)B': getHmacKey,
    }),
  },
]
