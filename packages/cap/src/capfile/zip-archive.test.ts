import { fromHex } from '@gridcard/bytes'
import { describe, expect, it } from 'vitest'
import { zipOf } from '../../test/zip-of.ts'
import type { CapFormatErrorCode } from '../errors.ts'
import { ARCHIVE_LIMITS, createUnpacker, emitZip, listZipEntries } from './zip-archive.ts'

const withCode = (code: CapFormatErrorCode) => expect.objectContaining({ code })
const unpackAll = (archive: Uint8Array) => listZipEntries(archive).map(createUnpacker(archive))
const hundred = new Uint8Array(100).fill(7)

/** Offset of the first central directory entry of an archive without comment. */
const centralOffset = (archive: Uint8Array) =>
  new DataView(archive.buffer, archive.byteOffset).getUint32(archive.length - 6, true)

function patched(archive: Uint8Array, offset: number, hex: string): Uint8Array {
  const copy = archive.slice()
  copy.set(fromHex(hex), offset)
  return copy
}

describe('an archive from a stranger', () => {
  const archive = zipOf({ a: hundred })
  const central = centralOffset(archive)

  it('is refused when it is no ZIP', () => {
    expect(() => listZipEntries(new Uint8Array())).toThrow(withCode('CAP_NOT_A_ZIP'))
    expect(() => listZipEntries(hundred)).toThrow(withCode('CAP_NOT_A_ZIP'))
  })

  it('is refused when it is too large, before anything is read', () => {
    const archive = new Uint8Array(ARCHIVE_LIMITS.archiveBytes + 1)
    expect(() => listZipEntries(archive)).toThrow(withCode('CAP_TOO_LARGE'))
  })

  it('is refused when it has too many entries', () => {
    const many = Object.fromEntries(Array.from({ length: ARCHIVE_LIMITS.entries + 1 }, (_, i) => [`f${i}`, hundred]))
    expect(() => listZipEntries(zipOf(many, { level: 0 }))).toThrow(withCode('CAP_TOO_LARGE'))
  })

  it('is refused when its entries unpack to too much together', () => {
    const bomb = zipOf({
      a: new Uint8Array(ARCHIVE_LIMITS.unpackedBytes),
      b: new Uint8Array(1),
    })
    expect(bomb.length).toBeLessThan(20_000)
    expect(() => unpackAll(bomb)).toThrow(withCode('CAP_TOO_LARGE'))
  })

  it('is refused when an entry says it is smaller than it is', () => {
    expect(() => unpackAll(patched(archive, central + 24, '05000000'))).toThrow(withCode('CAP_NOT_A_ZIP'))
  })

  it('is refused when an entry says it is larger than it is', () => {
    expect(() => unpackAll(patched(archive, central + 24, 'FF000000'))).toThrow(withCode('CAP_NOT_A_ZIP'))
  })

  it('is refused when the content does not match its checksum', () => {
    const stored = zipOf({ a: hundred }, { level: 0 })
    expect(() => unpackAll(patched(stored, 31 + 50, '08'))).toThrow('a does not match its checksum')
  })

  it('is refused when an entry is encrypted or packed in an unknown way', () => {
    expect(() => unpackAll(patched(archive, central + 8, '0100'))).toThrow('a is encrypted')
    expect(() => unpackAll(patched(archive, central + 10, '0C00'))).toThrow('unknown method 12')
  })

  it('is refused when an entry is not where the directory says', () => {
    for (const offset of ['01000000', 'FFFFFF7F']) {
      expect(() => unpackAll(patched(archive, central + 42, offset))).toThrow(withCode('CAP_NOT_A_ZIP'))
    }
  })

  it('may have a comment', () => {
    const commented = new Uint8Array([...archive, ...new Uint8Array(300)])
    commented.set([0x2c, 0x01], archive.length - 2)
    expect(unpackAll(commented)).toEqual([hundred])
  })
})

describe('an archive of ours', () => {
  it('gives its files back in order', () => {
    const files = [
      { name: 'b/one', content: hundred },
      { name: 'a', content: new Uint8Array() },
    ]
    const archive = emitZip(files)
    expect(listZipEntries(archive).map((one) => one.name)).toEqual(['b/one', 'a'])
    expect(unpackAll(archive)).toEqual([hundred, new Uint8Array()])
  })

  it('bears the time stamp 1980-01-01 whatever the clock says', () => {
    const archive = emitZip([{ name: 'a', content: hundred }])
    expect(archive.subarray(10, 14)).toEqual(fromHex('00002100'))
  })
})
