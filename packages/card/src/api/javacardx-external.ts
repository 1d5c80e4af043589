import type { Jcre } from '../runtime/jcre.ts'
import { ACCESS } from '../vm/firewall.ts'
import type { NativeBinding, NativeImplementation } from '../vm/link/native-library.ts'
import { ELEMENT } from '../vm/memory/handle-entry.ts'
import { reasonedException } from './card-exceptions.ts'
import {
  byteAt,
  byteRange,
  bytesOf,
  handleAt,
  hiddenHandle,
  hiddenShort,
  type JcreMethod,
  lengthOf,
  natives,
  newByteArray,
  newObject,
  newReferenceArray,
  putHiddenShort,
  putResult,
  requireWritten,
  shortAt,
  writeNonAtomic,
} from './native-call.ts'
import { findPrimitiveArray, requireRange } from './primitive-arrays.ts'

/**
 * javacardx.external. The extended store is a region of the card's non-volatile memory that no object is in, taken when
 * it is asked for; it is outside of transactions, as a memory beside the card would be. There is no MIFARE chip.
 *
 * @source API 3.0.5 Memory, MemoryAccess
 */
const EXTERNAL = { NO_SUCH_SUBSYSTEM: 1, INVALID_PARAM: 2 } as const
const EXCEPTION = 'javacardx/external/ExternalException'
const MEMORY_TYPE_EXTENDED_STORE = 2
const CLASS_NAME = 'gridcard/ExtendedStore'

/** The store is an array of byte arrays of this size; the last one may be shorter. */
const CHUNK_BYTES = 16_384
const CHUNK_OVERHEAD_BYTES = 16
const CELL = { chunks: 0, sizeHigh: 1, sizeLow: 2 } as const

function fail(jcre: Jcre, reason: number): never {
  return jcre.machine.throwNew(EXCEPTION, reason)
}

/** Two shorts, the high one first. */
function sizeArgument(jcre: Jcre, at: number): number {
  const array = findPrimitiveArray(jcre, handleAt(jcre, at), ACCESS.read)
  const offset = shortAt(jcre, at + 1)
  if (array?.kind !== ELEMENT.short) return fail(jcre, EXTERNAL.INVALID_PARAM)
  requireRange(jcre, array.length, offset, 2)
  const cell = (array.address >> 1) + offset
  return (jcre.memory.i16[cell]! << 16) | (jcre.memory.i16[cell + 1]! & 0xffff)
}

/** @throws ExternalException NO_SUCH_SUBSYSTEM also if there is not so much memory */
const getMemoryAccessInstance: JcreMethod = (jcre, at) => {
  if (byteAt(jcre, at) !== MEMORY_TYPE_EXTENDED_STORE) fail(jcre, EXTERNAL.NO_SUCH_SUBSYSTEM)
  const size = sizeArgument(jcre, at + 1)
  if (size <= 0) fail(jcre, EXTERNAL.INVALID_PARAM)
  const count = Math.ceil(size / CHUNK_BYTES)
  const needed = size + (count + 2) * CHUNK_OVERHEAD_BYTES
  if (needed > jcre.memory.freePersistentBytes) fail(jcre, EXTERNAL.NO_SUCH_SUBSYSTEM)
  const store = newObject(jcre, CLASS_NAME)
  const chunks = newReferenceArray(jcre, count)
  putHiddenShort(jcre, store, CELL.chunks, chunks)
  putHiddenShort(jcre, store, CELL.sizeHigh, size >> 16)
  putHiddenShort(jcre, store, CELL.sizeLow, size)
  for (let i = 0; i < count; i++) {
    const chunk = newByteArray(jcre, Math.min(CHUNK_BYTES, size - i * CHUNK_BYTES))
    requireWritten(jcre, jcre.memory.putShort(jcre.memory.addressOf(chunks) + 2 * i, chunk))
  }
  return store
}

/** Places of a range of the store in memory, one for each chunk it is in. INVALID_PARAM beyond the end. */
function pieces(jcre: Jcre, store: number, sector: number, block: number, count: number) {
  const address = (sector << 16) | (block & 0xffff)
  const size = (hiddenShort(jcre, store, CELL.sizeHigh) << 16) | (hiddenShort(jcre, store, CELL.sizeLow) & 0xffff)
  if (address < 0 || address + count > size) fail(jcre, EXTERNAL.INVALID_PARAM)
  const chunks = jcre.memory.addressOf(hiddenHandle(jcre, store, CELL.chunks)) >> 1
  const found: { at: number; from: number; length: number }[] = []
  for (let done = 0; done < count; ) {
    const chunk = jcre.memory.i16[chunks + Math.floor((address + done) / CHUNK_BYTES)]! & 0xffff
    const offset = (address + done) % CHUNK_BYTES
    const length = Math.min(count - done, lengthOf(jcre, chunk) - offset)
    found.push({ at: jcre.memory.addressOf(chunk) + offset, from: done, length })
    done += length
  }
  return found
}

/** Source range, key range (of no use here), sector and block. */
const writeData: JcreMethod = (jcre, at) => {
  const bytes = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), shortAt(jcre, at + 3))
  const found = pieces(jcre, handleAt(jcre, at), shortAt(jcre, at + 7), shortAt(jcre, at + 8), bytes.length)
  for (const piece of found) writeNonAtomic(jcre, piece.at, bytes.subarray(piece.from, piece.from + piece.length))
  return 1
}

const readData: JcreMethod = (jcre, at) => {
  const length = shortAt(jcre, at + 8)
  const to = byteRange(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
  const bytes = new Uint8Array(length)
  for (const piece of pieces(jcre, handleAt(jcre, at), shortAt(jcre, at + 6), shortAt(jcre, at + 7), length)) {
    bytes.set(jcre.memory.u8.subarray(piece.at, piece.at + piece.length), piece.from)
  }
  putResult(jcre, to, bytes)
  return length
}

const extendedStore: NativeImplementation = {
  id: 41,
  name: CLASS_NAME,
  interfaces: ['javacardx/external/MemoryAccess'],
  hiddenBytes: 6,
  hiddenReferences: [CELL.chunks],
  methods: natives({ 'writeData([BSS[BSSSS)Z': writeData, 'readData([BS[BSSSSS)S': readData }),
}

export const javacardxExternal: NativeBinding = {
  package: 'javacardx/external',
  methods: natives({
    ...reasonedException(EXCEPTION),
    'Memory.getMemoryAccessInstance(B[SS)Ljavacardx/external/MemoryAccess;': getMemoryAccessInstance,
  }),
  implementations: [extendedStore],
}
