import type { NativeBinding } from '../vm/link/native-library.ts'
import { AES_KEY_BITS, aesKeyImplementation, KEY_TYPES, keyTypeOf, newAesKey } from './aes-key.ts'
import { reasonedException } from './card-exceptions.ts'
import {
  byteAt,
  byteRange,
  handleAt,
  hiddenShort,
  type JcreMethod,
  natives,
  newObject,
  putHiddenShort,
  putResult,
  requireObject,
  shortAt,
} from './native-call.ts'

/** javacard.security as far as AES keys, random numbers and CryptoException. */

const ILLEGAL_VALUE = 1
const NO_SUCH_ALGORITHM = 3

// ---- KeyBuilder

const ALG_TYPE_AES = 2
/** By KeyBuilder's memory type: JCSystem.MEMORY_TYPE_PERSISTENT, _TRANSIENT_RESET, _TRANSIENT_DESELECT. */
const KEY_TYPE_BY_MEMORY: readonly number[] = [
  KEY_TYPES.aes,
  KEY_TYPES.aesTransientReset,
  KEY_TYPES.aesTransientDeselect,
]
const AES_KEY_TYPES: readonly number[] = Object.values(KEY_TYPES)

function buildAesKey(...[jcre, keyType, bits]: [...Parameters<JcreMethod>, number]): number {
  if (!AES_KEY_TYPES.includes(keyType) || !AES_KEY_BITS.includes(bits)) {
    jcre.machine.throwNew('javacard/security/CryptoException', NO_SUCH_ALGORITHM)
  }
  return newAesKey(jcre, keyType, bits)
}

/** KeyEncryption is optional: false or true, the key has no such interface. */
const buildKey: JcreMethod = (jcre, at) => buildAesKey(jcre, byteAt(jcre, at), shortAt(jcre, at + 1))

const buildKeyIn: JcreMethod = (jcre, at) => {
  const keyType = byteAt(jcre, at) === ALG_TYPE_AES ? KEY_TYPE_BY_MEMORY[byteAt(jcre, at + 1)] : undefined
  return buildAesKey(jcre, keyType ?? -1, shortAt(jcre, at + 2))
}

const getMemoryType: JcreMethod = (jcre, at) => {
  requireObject(jcre, handleAt(jcre, at), 'javacard/security/Key')
  return KEY_TYPE_BY_MEMORY.indexOf(keyTypeOf(jcre, handleAt(jcre, at)))
}

// ---- RandomData

/** ALG_SECURE_RANDOM, ALG_TRNG, ALG_FAST, ALG_KEYGENERATION: all the system's generator. */
const RANDOM_ALGORITHMS: readonly number[] = [2, 3, 5, 6]
const ALGORITHM = 0

const newRandomData: JcreMethod = (jcre, at) => {
  const algorithm = byteAt(jcre, at)
  if (!RANDOM_ALGORITHMS.includes(algorithm)) {
    jcre.machine.throwNew('javacard/security/CryptoException', NO_SUCH_ALGORITHM)
  }
  const random = newObject(jcre, 'gridcard/RandomData')
  putHiddenShort(jcre, random, ALGORITHM, algorithm)
  return random
}

const nextBytes: JcreMethod = (jcre, at) => {
  const offset = shortAt(jcre, at + 2)
  const length = shortAt(jcre, at + 3)
  const address = byteRange(jcre, handleAt(jcre, at + 1), offset, length)
  if (length === 0) jcre.machine.throwNew('javacard/security/CryptoException', ILLEGAL_VALUE)
  putResult(jcre, address, jcre.crypto.randomBytes(length))
  return offset + length
}

/** The system's generator needs no seed; one that is given is looked at and dropped. */
const setSeed: JcreMethod = (jcre, at) => {
  byteRange(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  return 0
}

export const javacardSecurity: NativeBinding = {
  package: 'javacard/security',
  methods: natives({
    ...reasonedException('javacard/security/CryptoException'),
    'KeyBuilder.buildKey(BSZ)Ljavacard/security/Key;': buildKey,
    'KeyBuilder.buildKey(BBSZ)Ljavacard/security/Key;': buildKeyIn,
    'KeyBuilder.getMemoryType(Ljavacard/security/Key;)B': getMemoryType,
    'RandomData.getInstance(B)Ljavacard/security/RandomData;': newRandomData,
    'RandomData.getInstance(BZ)Ljavacard/security/RandomData;': newRandomData,
    'RandomData.<init>()V': () => 0,
  }),
  implementations: [
    aesKeyImplementation,
    {
      id: 1,
      name: 'gridcard/RandomData',
      superClass: 'javacard/security/RandomData',
      hiddenBytes: 2,
      methods: natives({
        'generateData([BSS)V': nextBytes,
        'nextBytes([BSS)S': nextBytes,
        'setSeed([BSS)V': setSeed,
        'getAlgorithm()B': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), ALGORITHM),
      }),
    },
  ],
}
