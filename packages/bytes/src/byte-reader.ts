import { BytesError } from './errors.ts'

/** Up to here a loop copies faster than a view of a view. */
const SHORT_BYTES = 32

/** Reads big-endian numbers and slices from bytes, front to back, checking every length before it reads. */
export class ByteReader {
  readonly bytes: Uint8Array
  #offset: number
  readonly #start: number
  readonly #end: number
  #lazyView: DataView | undefined

  /** Reads `bytes[start..end)`; the bytes are not copied. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    if (start < 0 || end > bytes.length || start > end) {
      throw new BytesError('BYTES_OUT_OF_RANGE', `range ${start}..${end} is outside ${bytes.length} bytes`)
    }
    this.bytes = bytes
    this.#offset = start
    this.#start = start
    this.#end = end
  }

  /** Made when it is needed: most readers are short and read small numbers only. */
  #view(): DataView {
    const { buffer, byteOffset, byteLength } = this.bytes
    this.#lazyView ??= new DataView(buffer, byteOffset, byteLength)
    return this.#lazyView
  }

  /** Where the next read begins, counted from the start of `bytes`; may be set to anywhere in the range. */
  get offsetBytes(): number {
    return this.#offset
  }
  set offsetBytes(offset: number) {
    if (!(offset >= this.#start && offset <= this.#end)) {
      throw new BytesError('BYTES_OUT_OF_RANGE', `offset ${offset} is outside ${this.#start}..${this.#end}`)
    }
    this.#offset = offset
  }

  get remaining(): number {
    return this.#end - this.#offset
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#end
  }

  #take(count: number): number {
    const at = this.#offset
    if (!(count >= 0 && count <= this.#end - at)) {
      throw new BytesError('BYTES_TRUNCATED', `${count} bytes wanted at offset ${at}, ${this.#end - at} there`, {
        offsetBytes: at,
        wanted: count,
        available: this.#end - at,
      })
    }
    this.#offset = at + count
    return at
  }

  u8(): number {
    return this.bytes[this.#take(1)]!
  }
  i8(): number {
    return (this.bytes[this.#take(1)]! << 24) >> 24
  }
  u16(): number {
    const at = this.#take(2)
    return (this.bytes[at]! << 8) | this.bytes[at + 1]!
  }
  i16(): number {
    return (this.u16() << 16) >> 16
  }
  u32(): number {
    return this.i32() >>> 0
  }
  i32(): number {
    const at = this.#take(4)
    const { bytes } = this
    return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  }
  u64(): bigint {
    return this.#view().getBigUint64(this.#take(8))
  }
  i64(): bigint {
    return this.#view().getBigInt64(this.#take(8))
  }
  f32(): number {
    return this.#view().getFloat32(this.#take(4))
  }
  f64(): number {
    return this.#view().getFloat64(this.#take(8))
  }

  /** The next byte without moving on. */
  peek(): number {
    const at = this.#take(1)
    this.#offset = at
    return this.bytes[at]!
  }

  /** A copy of the next `count` bytes. */
  take(count: number): Uint8Array {
    const at = this.#take(count)
    // Not slice(): that of a Buffer does not copy.
    if (count > SHORT_BYTES) return new Uint8Array(this.bytes.subarray(at, at + count))
    const copy = new Uint8Array(count)
    for (let i = 0; i < count; i++) copy[i] = this.bytes[at + i]!
    return copy
  }

  skip(count: number): void {
    this.#take(count)
  }

  /** A copy of all that is left. */
  rest(): Uint8Array {
    return this.take(this.remaining)
  }

  /** A reader over the next `count` bytes, which this reader passes over. */
  sub(count: number): ByteReader {
    const at = this.#take(count)
    return new ByteReader(this.bytes, at, at + count)
  }
}
