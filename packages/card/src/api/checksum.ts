import { crc16, crc32 } from '@gridcard/crypto'
import type { Jcre } from '../runtime/jcre.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { CRYPTO, failCrypto } from './crypto-exceptions.ts'
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

/** Checksum. One hidden cell: the algorithm; the register is the session, 0 where there is none. */
const CLASS_NAME = 'gridcard/Checksum'
const ALGORITHM = 0

const CHECKSUMS: Readonly<Record<number, { lengthBytes: number; next(bytes: Uint8Array, register: number): number }>> =
  {
    /** The port gives results, which are registers inverted. */
    1: { lengthBytes: 2, next: (bytes, register) => crc16(bytes, register) ^ 0xffff },
    2: { lengthBytes: 4, next: (bytes, register) => ~crc32(bytes, register) >>> 0 },
  }

const kindOf = (jcre: Jcre, checksum: number) => CHECKSUMS[hiddenShort(jcre, checksum, ALGORITHM)]!
const registerOf = (jcre: Jcre, checksum: number): number => {
  return (jcre.sessions.get(checksum) as { register: number } | undefined)?.register ?? 0
}

const getInstance: JcreMethod = (jcre, at) => {
  const algorithm = byteAt(jcre, at)
  if (CHECKSUMS[algorithm] === undefined) failCrypto(jcre, CRYPTO.NO_SUCH_ALGORITHM)
  const checksum = newObject(jcre, CLASS_NAME)
  putHiddenShort(jcre, checksum, ALGORITHM, algorithm)
  return checksum
}

const init: JcreMethod = (jcre, at) => {
  const checksum = handleAt(jcre, at)
  const start = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  if (start.length !== kindOf(jcre, checksum).lengthBytes) failCrypto(jcre, CRYPTO.ILLEGAL_VALUE)
  jcre.sessions.set(checksum, { register: start.reduce((sum, byte) => ((sum << 8) | byte) >>> 0, 0) })
  return 0
}

/** The register after the bytes that a call gives. */
function fed(jcre: Jcre, at: number): number {
  const checksum = handleAt(jcre, at)
  const part = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  return kindOf(jcre, checksum).next(part, registerOf(jcre, checksum))
}

const update: JcreMethod = (jcre, at) => {
  jcre.sessions.set(handleAt(jcre, at), { register: fed(jcre, at) })
  return 0
}

const doFinal: JcreMethod = (jcre, at) => {
  const checksum = handleAt(jcre, at)
  const { lengthBytes } = kindOf(jcre, checksum)
  const result = ~fed(jcre, at)
  const to = byteRange(jcre, handleAt(jcre, at + 4), shortAt(jcre, at + 5), lengthBytes)
  jcre.sessions.delete(checksum)
  putResult(jcre, to, Uint8Array.of(result >>> 24, result >>> 16, result >>> 8, result).slice(-lengthBytes))
  return lengthBytes
}

export const checksumMethods: Readonly<Record<string, JcreMethod>> = {
  'Checksum.<init>()V': () => 0,
  'Checksum.getInstance(BZ)Ljavacard/security/Checksum;': getInstance,
}

export const checksumImplementation: NativeImplementation = {
  id: 6,
  name: CLASS_NAME,
  superClass: 'javacard/security/Checksum',
  hiddenBytes: 2,
  hiddenReferences: [],
  methods: natives({
    'init([BSS)V': init,
    'update([BSS)V': update,
    'doFinal([BSS[BS)S': doFinal,
    'getAlgorithm()B': (jcre, at) => hiddenShort(jcre, handleAt(jcre, at), ALGORITHM),
  }),
}
