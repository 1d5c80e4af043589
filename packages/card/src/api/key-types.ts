/** Where a key lies, by the numbers of JCSystem.MEMORY_TYPE_*. */
export const KEY_MEMORY = { persistent: 0, transientReset: 1, transientDeselect: 2 } as const

export type KeyKind =
  | 'aes'
  | 'des'
  | 'hmac'
  | 'generic'
  | 'ec-public'
  | 'ec-private'
  | 'rsa-public'
  | 'rsa-private'
  | 'rsa-crt-private'
  | 'dsa-public'
  | 'dsa-private'
  | 'dh-public'
  | 'dh-private'
  | 'ec-parameters'
  | 'dsa-parameters'
  | 'dh-parameters'
  | 'xec-public'
  | 'xec-private'

interface KeyType {
  readonly kind: KeyKind
  readonly memory: number
  /** What getType tells, where it is another number. */
  readonly told?: number
}

const { persistent, transientReset, transientDeselect } = KEY_MEMORY
const MEMORIES = [persistent, transientReset, transientDeselect] as const

const TYPE_XEC = -1
const TYPE_GENERIC_SECRET = 42
/** Numbers of our own, plus memory, for keys that have one TYPE for several. */
const XEC_PUBLIC = 0x100
const XEC_PRIVATE = 0x110
const GENERIC_SECRET = 0x120

const inEachMemory = (first: number, kind: KeyKind, told: number): Readonly<Record<number, KeyType>> => {
  return Object.fromEntries(MEMORIES.map((memory) => [first + memory, { kind, memory, told }]))
}

/** KeyBuilder.TYPE_*. */
export const KEY_TYPES: Readonly<Record<number, KeyType>> = {
  1: { kind: 'des', memory: transientReset },
  2: { kind: 'des', memory: transientDeselect },
  3: { kind: 'des', memory: persistent },
  4: { kind: 'rsa-public', memory: persistent },
  5: { kind: 'rsa-private', memory: persistent },
  6: { kind: 'rsa-crt-private', memory: persistent },
  7: { kind: 'dsa-public', memory: persistent },
  8: { kind: 'dsa-private', memory: persistent },
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
  26: { kind: 'dsa-private', memory: transientReset },
  27: { kind: 'dsa-private', memory: transientDeselect },
  30: { kind: 'ec-private', memory: transientReset },
  31: { kind: 'ec-private', memory: transientDeselect },
  32: { kind: 'dh-public', memory: persistent },
  33: { kind: 'dh-public', memory: transientDeselect },
  34: { kind: 'dh-public', memory: transientReset },
  35: { kind: 'dh-private', memory: persistent },
  36: { kind: 'dh-private', memory: transientDeselect },
  37: { kind: 'dh-private', memory: transientReset },
  38: { kind: 'dh-parameters', memory: persistent },
  39: { kind: 'dsa-parameters', memory: persistent },
  41: { kind: 'ec-parameters', memory: persistent },
  [TYPE_GENERIC_SECRET]: { kind: 'generic', memory: persistent },
  ...inEachMemory(GENERIC_SECRET, 'generic', TYPE_GENERIC_SECRET),
  ...inEachMemory(XEC_PUBLIC, 'xec-public', TYPE_XEC),
  ...inEachMemory(XEC_PRIVATE, 'xec-private', TYPE_XEC),
}

export function xecKeyType(isPrivate: boolean, memory: number): number | undefined {
  const type = (isPrivate ? XEC_PRIVATE : XEC_PUBLIC) + memory
  return KEY_TYPES[type] && type
}

/** KeyBuilder.ALG_TYPE_*. */
const KIND_BY_ALGORITHM: Readonly<Record<number, KeyKind>> = {
  1: 'des',
  2: 'aes',
  3: 'dsa-public',
  4: 'dsa-private',
  7: 'ec-public',
  8: 'ec-private',
  9: 'hmac',
  11: 'rsa-public',
  12: 'rsa-private',
  13: 'rsa-crt-private',
  14: 'dh-public',
  15: 'dh-private',
  17: 'ec-parameters',
  18: 'dsa-parameters',
  19: 'dh-parameters',
  20: 'generic',
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
const isGroupSize = (bits: number, most: number): boolean => bits >= 512 && bits <= most && bits % 64 === 0
const MOST_GENERIC_BITS = 8192

/** Sizes as KeyBuilder takes them: bits, for HMAC the bytes of a block. */
export function isKeySize(kind: KeyKind, size: number): boolean {
  switch (kind) {
    case 'aes':
      return size === 128 || size === 192 || size === 256 || size === 512
    case 'des':
      return size === 64 || size === 128 || size === 192
    case 'hmac':
      return size === 64 || size === 128
    case 'generic':
      return size > 0 && size <= MOST_GENERIC_BITS && size % 8 === 0
    case 'ec-public':
    case 'ec-private':
    case 'ec-parameters':
      return EC_BITS.includes(size)
    case 'dsa-public':
    case 'dsa-private':
    case 'dsa-parameters':
      return isGroupSize(size, 3072)
    case 'dh-public':
    case 'dh-private':
    case 'dh-parameters':
      return isGroupSize(size, 4096)
    case 'xec-public':
    case 'xec-private':
      return false
    default:
      return isRsaSize(size)
  }
}
