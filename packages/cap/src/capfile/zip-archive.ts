import { ByteReader, BytesError } from '@gridcard/bytes'
import { inflateSync, type Zippable, zipSync } from 'fflate'
import { CapFormatError } from '../errors.ts'

/**
 * Limits for archives from strangers: a compact package is at most a dozen components of 64 KiB, with class files
 * and debug information beside them.
 */
export const ARCHIVE_LIMITS = { archiveBytes: 16 * 1024 * 1024, entries: 4096, unpackedBytes: 8 * 1024 * 1024 } as const

/** A named file in the archive, still packed. */
export interface ZipEntry {
  readonly name: string
  readonly unpackedSizeBytes: number
  readonly method: number
  readonly flags: number
  readonly crc32: number
  readonly packedSizeBytes: number
  readonly localHeaderOffset: number
}

const utf8 = new TextDecoder()

const END_SIGNATURE = 0x504b0506
const CENTRAL_SIGNATURE = 0x504b0102
const LOCAL_SIGNATURE = 0x504b0304
const END_SIZE_BYTES = 22
const MAX_COMMENT_BYTES = 0xffff
const FLAG_ENCRYPTED = 0x0001
const METHOD_STORED = 0
const METHOD_DEFLATED = 8

function notAZip(message: string, cause?: unknown): CapFormatError {
  return new CapFormatError('CAP_NOT_A_ZIP', message, { source: 'PKWARE APPNOTE 6.3' }, { cause })
}

/** Numbers in a ZIP are little-endian, signatures read best as the letters they are. */
function u16le(reader: ByteReader): number {
  return reader.u8() | (reader.u8() << 8)
}

function u32le(reader: ByteReader): number {
  return u16le(reader) + u16le(reader) * 0x10000
}

/**
 * The central directory of a ZIP. We read it ourselves rather than through fflate because a card loader has to see
 * duplicate names, encryption, sizes before unpacking, and checksums.
 * @throws CapFormatError `CAP_NOT_A_ZIP`, `CAP_TOO_LARGE`
 */
export function listZipEntries(archive: Uint8Array): ZipEntry[] {
  if (archive.length > ARCHIVE_LIMITS.archiveBytes) {
    throw new CapFormatError('CAP_TOO_LARGE', `archive of ${archive.length} bytes`)
  }
  try {
    const reader = new ByteReader(archive, findEnd(archive))
    reader.skip(4 + 2 + 2 + 2)
    const count = u16le(reader)
    reader.skip(4)
    const directoryOffset = u32le(reader)
    if (count > ARCHIVE_LIMITS.entries) throw new CapFormatError('CAP_TOO_LARGE', `archive with ${count} entries`)
    const directory = new ByteReader(archive, Math.min(directoryOffset, archive.length))
    return Array.from({ length: count }, () => readCentralEntry(directory))
  } catch (cause) {
    if (cause instanceof BytesError) throw notAZip('the ZIP directory is damaged', cause)
    throw cause
  }
}

function findEnd(archive: Uint8Array): number {
  const lowest = Math.max(0, archive.length - END_SIZE_BYTES - MAX_COMMENT_BYTES)
  for (let at = archive.length - END_SIZE_BYTES; at >= lowest; at--) {
    if (archive[at] === 0x50 && new ByteReader(archive, at).u32() === END_SIGNATURE) return at
  }
  throw notAZip('not a ZIP archive: no end of central directory')
}

function readCentralEntry(reader: ByteReader): ZipEntry {
  if (reader.u32() !== CENTRAL_SIGNATURE) throw notAZip('the ZIP directory is damaged')
  reader.skip(4)
  const flags = u16le(reader)
  const method = u16le(reader)
  reader.skip(4)
  const crc32 = u32le(reader)
  const packedSizeBytes = u32le(reader)
  const unpackedSizeBytes = u32le(reader)
  const nameLength = u16le(reader)
  const extraLength = u16le(reader)
  const commentLength = u16le(reader)
  reader.skip(2 + 2 + 4)
  const localHeaderOffset = u32le(reader)
  const name = utf8.decode(reader.take(nameLength))
  reader.skip(extraLength + commentLength)
  return { name, unpackedSizeBytes, method, flags, crc32, packedSizeBytes, localHeaderOffset }
}

/**
 * Unpacks entries of one archive, within a budget over all of them.
 * @throws CapFormatError `CAP_NOT_A_ZIP` (damaged, encrypted, unknown method, wrong checksum), `CAP_TOO_LARGE`
 */
export function createUnpacker(archive: Uint8Array): (entry: ZipEntry) => Uint8Array {
  let budgetBytes: number = ARCHIVE_LIMITS.unpackedBytes
  return (entry) => {
    budgetBytes -= entry.unpackedSizeBytes
    if (budgetBytes < 0) {
      throw new CapFormatError('CAP_TOO_LARGE', `components of more than ${ARCHIVE_LIMITS.unpackedBytes} bytes`)
    }
    const unpacked = unpack(entry, packedBytes(archive, entry))
    if (unpacked.length !== entry.unpackedSizeBytes || crc32(unpacked) !== entry.crc32) {
      throw notAZip(`${entry.name} does not match its checksum`)
    }
    return unpacked
  }
}

function packedBytes(archive: Uint8Array, entry: ZipEntry): Uint8Array {
  if (entry.flags & FLAG_ENCRYPTED) throw notAZip(`${entry.name} is encrypted`)
  try {
    const reader = new ByteReader(archive, Math.min(entry.localHeaderOffset, archive.length))
    if (reader.u32() !== LOCAL_SIGNATURE) throw notAZip(`${entry.name} is not where the directory says`)
    reader.skip(22)
    const nameLength = u16le(reader)
    const extraLength = u16le(reader)
    reader.skip(nameLength + extraLength)
    return reader.take(entry.packedSizeBytes)
  } catch (cause) {
    if (cause instanceof BytesError) throw notAZip(`${entry.name} is cut short`, cause)
    throw cause
  }
}

function unpack(entry: ZipEntry, packed: Uint8Array): Uint8Array {
  if (entry.method === METHOD_STORED) return packed
  if (entry.method !== METHOD_DEFLATED) throw notAZip(`${entry.name} is packed with unknown method ${entry.method}`)
  try {
    // A buffer of the announced size: fflate drops what does not fit, so the stream cannot grow past it.
    return inflateSync(packed, { out: new Uint8Array(entry.unpackedSizeBytes) })
  } catch (cause) {
    throw notAZip(`${entry.name} cannot be unpacked`, cause) // fflate throws its own and engine errors on bad streams
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1
  return crc
})

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}

export interface ZipFile {
  readonly name: string
  readonly content: Uint8Array
}

/**
 * The files in the given order, stored as the reference converters do: same content, same bytes, on every machine.
 */
export function emitZip(files: readonly ZipFile[]): Uint8Array {
  // Local time on purpose: the ZIP time stamp is local, so this gives the same four bytes in every time zone.
  const mtime = new Date(1980, 0, 1)
  const zippable: Zippable = {}
  for (const { name, content } of files) zippable[name] = [content, { level: 0, mtime }]
  return zipSync(zippable)
}
