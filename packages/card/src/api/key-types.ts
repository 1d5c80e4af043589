/** Where a key lies, by the numbers of JCSystem.MEMORY_TYPE_*. */
export const KEY_MEMORY = { persistent: 0, transientReset: 1, transientDeselect: 2 } as const

export type KeyKind =
  | 'aes'
  | 'des'
  | 'hmac'
  | 'ec-public'
  | 'ec-private'
  | 'rsa-public'
  | 'rsa-private'
  | 'rsa-crt-private'

interface KeyType {
  readonly kind: KeyKind
  readonly memory: number
}

const { persistent, transientReset, transientDeselect } = KEY_MEMORY

/** KeyBuilder.TYPE_*. */
export const KEY_TYPES: Readonly<Record<number, KeyType>> = {
  1: { kind: 'des', memory: transientReset },
  2: { kind: 'des', memory: transientDeselect },
  3: { kind: 'des', memory: persistent },
  4: { kind: 'rsa-public', memory: persistent },
  5: { kind: 'rsa-private', memory: persistent },
  6: { kind: 'rsa-crt-private', memory: persistent },
  11: { kind: 'ec-public', memory: persistent },
  12: { kind: 'ec-private', memory: persistent },
  13: { kind: 'aes', memory: transientReset },
  14: { kind: 'aes', memory: transientDeselect },
  15: { kind: 'aes', memory: persistent },
  19: { kind: 'hmac', memory: transientReset },
  20: { kind: 'hmac', memory: transientDeselect },
  21: { kind: 'hmac', memory: persistent },
  22: { kind: 'rsa-private', memory: transientReset },
  23: { kind: 'rsa-private', memory: transientDeselect },
  24: { kind: 'rsa-crt-private', memory: transientReset },
  25: { kind: 'rsa-crt-private', memory: transientDeselect },
  30: { kind: 'ec-private', memory: transientReset },
  31: { kind: 'ec-private', memory: transientDeselect },
}

/** KeyBuilder.ALG_TYPE_*. */
const KIND_BY_ALGORITHM: Readonly<Record<number, KeyKind>> = {
  1: 'des',
  2: 'aes',
  7: 'ec-public',
  8: 'ec-private',
  9: 'hmac',
  11: 'rsa-public',
  12: 'rsa-private',
  13: 'rsa-crt-private',
}

/** The type of a key by algorithm and memory; undefined where there is none. */
export function keyTypeFor(algorithm: number, memory: number): number | undefined {
  const kind = KIND_BY_ALGORITHM[algorithm]
  const found = Object.entries(KEY_TYPES).find(([, one]) => one.kind === kind && one.memory === memory)
  return found && Number(found[0])
}

/** Curves may be any; these are the sizes of fields, those of KeyBuilder and of the brainpool curves. */
const EC_BITS: readonly number[] = [112, 128, 160, 192, 224, 256, 320, 384, 512, 521]
const isRsaSize = (bits: number): boolean => bits >= 512 && bits <= 4096 && bits % 32 === 0

/** Sizes as KeyBuilder takes them: bits, for HMAC the bytes of a block. */
export function isKeySize(kind: KeyKind, size: number): boolean {
  switch (kind) {
    case 'aes':
      return size === 128 || size === 192 || size === 256
    case 'des':
      return size === 64 || size === 128 || size === 192
    case 'hmac':
      return size === 64 || size === 128
    case 'ec-public':
    case 'ec-private':
      return EC_BITS.includes(size)
    default:
      return isRsaSize(size)
  }
}
