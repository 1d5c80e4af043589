import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import type { CosemNumberType, CosemType } from './cosem-data.ts'

/** Tags of the Data choice. Gaps are obsolete or reserved. @source Green Book ed. 8 §9.5, Blue Book ed. 14 §4.1.5 */
export const dataTags = {
  'null-data': 0,
  array: 1,
  structure: 2,
  boolean: 3,
  'bit-string': 4,
  'double-long': 5,
  'double-long-unsigned': 6,
  'octet-string': 9,
  'visible-string': 10,
  'utf8-string': 12,
  bcd: 13,
  integer: 15,
  long: 16,
  unsigned: 17,
  'long-unsigned': 18,
  'compact-array': 19,
  long64: 20,
  'long64-unsigned': 21,
  enum: 22,
  float32: 23,
  float64: 24,
  'date-time': 25,
  date: 26,
  time: 27,
  'delta-integer': 28,
  'delta-long': 29,
  'delta-double-long': 30,
  'delta-unsigned': 31,
  'delta-long-unsigned': 32,
  'delta-double-long-unsigned': 33,
  'dont-care': 255,
} as const satisfies Record<CosemType, number>

const typesByTag = Array.from({ length: 256 }, (_, tag) =>
  (Object.keys(dataTags) as CosemType[]).find((type) => dataTags[type] === tag),
)

/** @param tag an octet */
export const dataTypeOfTag = (tag: number): CosemType | undefined => typesByTag[tag]

interface NumberCodec {
  read(reader: ByteReader): number
  write(writer: ByteWriter, value: number): void
}

const i8: NumberCodec = { read: (r) => r.i8(), write: (w, v) => w.i8(v) }
const u8: NumberCodec = { read: (r) => r.u8(), write: (w, v) => w.u8(v) }
const i16: NumberCodec = { read: (r) => r.i16(), write: (w, v) => w.i16(v) }
const u16: NumberCodec = { read: (r) => r.u16(), write: (w, v) => w.u16(v) }
const i32: NumberCodec = { read: (r) => r.i32(), write: (w, v) => w.i32(v) }
const u32: NumberCodec = { read: (r) => r.u32(), write: (w, v) => w.u32(v) }
const f32: NumberCodec = { read: (r) => r.f32(), write: (w, v) => w.f32(v) }
const f64: NumberCodec = { read: (r) => r.f64(), write: (w, v) => w.f64(v) }

/** How each number type stands on the wire, big-endian, without a length. */
export const numberCodecs: Readonly<Record<CosemNumberType, NumberCodec>> = {
  'double-long': i32,
  'double-long-unsigned': u32,
  bcd: i8,
  integer: i8,
  long: i16,
  unsigned: u8,
  'long-unsigned': u16,
  enum: u8,
  float32: f32,
  float64: f64,
  'delta-integer': i8,
  'delta-long': i16,
  'delta-double-long': i32,
  'delta-unsigned': u8,
  'delta-long-unsigned': u16,
  'delta-double-long-unsigned': u32,
}

/** Octets of the time types. */
export const timeLengthBytes = { 'date-time': 12, date: 5, time: 4 } as const
