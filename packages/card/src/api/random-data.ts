import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
import { HmacDrbg } from './hmac-drbg.ts'
import {
  byteAt,
  byteRange,
  bytesOf,
  handleAt,
  hiddenShort,
  type JcreMethod,
  natives,
  newObject,
  putHiddenShort,
  putResult,
  shortAt,
} from './native-call.ts'
import { oneShotMethods, openOneShot } from './one-shot.ts'

/** RandomData. One hidden cell: the algorithm; a seeded generator is the session. */
const CLASS_NAME = 'gridcard/RandomData'
const ALGORITHM = 0

/** ALG_SECURE_RANDOM, ALG_TRNG, ALG_FAST, ALG_KEYGENERATION: all the system's generator, which a seed cannot improve. */
const SYSTEM_ALGORITHMS: readonly number[] = [2, 3, 5, 6]
/** ALG_PSEUDO_RANDOM, ALG_PRESEEDED_DRBG: seeded by the system until the applet gives a seed. */
const SEEDED_ALGORITHMS: readonly number[] = [1, 4]

function requireAlgorithm(jcre: Jcre, algorithm: number): void {
  if (!SYSTEM_ALGORITHMS.includes(algorithm) && !SEEDED_ALGORITHMS.includes(algorithm)) {
    failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  }
}

const getInstance: JcreMethod = (jcre, at) => {
  const algorithm = byteAt(jcre, at)
  requireAlgorithm(jcre, algorithm)
  const random = newObject(jcre, CLASS_NAME)
  putHiddenShort(jcre, random, ALGORITHM, algorithm)
  return random
}

const isSeeded = (jcre: Jcre, random: number): boolean =>
  SEEDED_ALGORITHMS.includes(hiddenShort(jcre, random, ALGORITHM))

function generate(jcre: Jcre, random: number, length: number): Uint8Array {
  if (!isSeeded(jcre, random)) return jcre.crypto.randomBytes(length)
  let generator = jcre.sessions.get(random) as HmacDrbg | undefined
  if (generator === undefined) {
    generator = new HmacDrbg(jcre.crypto, jcre.crypto.randomBytes(48))
    jcre.sessions.set(random, generator)
  }
  return generator.next(length)
}

const nextBytes: JcreMethod = (jcre, at) => {
  const offset = shortAt(jcre, at + 2)
  const length = shortAt(jcre, at + 3)
  const address = byteRange(jcre, handleAt(jcre, at + 1), offset, length)
  if (length === 0) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  putResult(jcre, address, generate(jcre, handleAt(jcre, at), length))
  return offset + length
}

/** The state of a fresh generator with this seed; the system's needs none, one that is given is dropped. */
const setSeed: JcreMethod = (jcre, at) => {
  const random = handleAt(jcre, at)
  const seed = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  if (isSeeded(jcre, random)) jcre.sessions.set(random, new HmacDrbg(jcre.crypto, seed))
  seed.fill(0)
  return 0
}

const methods: Readonly<Record<string, JcreMethod>> = {
  'generateData([BSS)V': nextBytes,
  'nextBytes([BSS)S': nextBytes,
  'setSeed([BSS)V': setSeed,
  'getAlgorithm()B': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), ALGORITHM),
}

/** With the one cell of the others. */
export const RANDOM_ONE_SHOT_HIDDEN_BYTES = 2
const ONE_SHOT = 'RandomData$OneShot'

const open: JcreMethod = (jcre, at) => {
  const algorithm = byteAt(jcre, at)
  requireAlgorithm(jcre, algorithm)
  const oneShot = openOneShot(jcre, `javacard/security/${ONE_SHOT}`)
  putHiddenShort(jcre, oneShot, ALGORITHM, algorithm)
  return oneShot
}

export const randomDataMethods: Readonly<Record<string, JcreMethod>> = {
  [`${ONE_SHOT}.open(B)Ljavacard/security/${ONE_SHOT};`]: open,
  ...oneShotMethods(ONE_SHOT, methods, []),
  'RandomData.<init>()V': () => 0,
  'RandomData.getInstance(B)Ljavacard/security/RandomData;': getInstance,
  'RandomData.getInstance(BZ)Ljavacard/security/RandomData;': getInstance,
}

export const randomDataImplementation: NativeImplementation = {
  id: 1,
  name: CLASS_NAME,
  superClass: 'javacard/security/RandomData',
  hiddenBytes: 2,
  hiddenReferences: [],
  methods: natives(methods),
}
