import { BytesError } from './errors.ts'

/** Up to here a loop copies faster than `set`. */
const SHORT_BYTES = 32

/** Appends big-endian numbers and slices; grows as needed. Numbers out of range throw instead of being cut. */
export class ByteWriter {
  #buffer = new Uint8Array(64)
  #length = 0

  get length(): number {
    return this.#length
  }

  #room(count: number): number {
    const at = this.#length
    const needed = at + count
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2))
      larger.set(this.#buffer.subarray(0, at))
      this.#buffer = larger
    }
    this.#length = needed
    return at
  }

  /** Made when it is needed: most that is written is short and of small numbers. */
  #view(): DataView {
    return new DataView(this.#buffer.buffer)
  }

  #put16(at: number, value: number): void {
    this.#buffer[at] = value >> 8
    this.#buffer[at + 1] = value
  }

  #put32(at: number, value: number): void {
    this.#put16(at, value >> 16)
    this.#put16(at + 2, value)
  }

  #check(value: number, low: number, high: number): void {
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new BytesError('BYTES_OUT_OF_RANGE', `${value} is not an integer in ${low}..${high}`, {
        offsetBytes: this.#length,
      })
    }
  }

  u8(value: number): this {
    this.#check(value, 0, 0xff)
    const at = this.#room(1)
    this.#buffer[at] = value
    return this
  }
  i8(value: number): this {
    this.#check(value, -0x80, 0x7f)
    const at = this.#room(1)
    this.#buffer[at] = value
    return this
  }
  u16(value: number): this {
    this.#check(value, 0, 0xffff)
    this.#put16(this.#room(2), value)
    return this
  }
  i16(value: number): this {
    this.#check(value, -0x8000, 0x7fff)
    this.#put16(this.#room(2), value)
    return this
  }
  u32(value: number): this {
    this.#check(value, 0, 0xffff_ffff)
    this.#put32(this.#room(4), value)
    return this
  }
  i32(value: number): this {
    this.#check(value, -0x8000_0000, 0x7fff_ffff)
    this.#put32(this.#room(4), value)
    return this
  }
  /** Wraps to 64 bits. */
  u64(value: bigint): this {
    const at = this.#room(8)
    this.#view().setBigUint64(at, value)
    return this
  }
  i64(value: bigint): this {
    const at = this.#room(8)
    this.#view().setBigInt64(at, value)
    return this
  }
  f32(value: number): this {
    const at = this.#room(4)
    this.#view().setFloat32(at, value)
    return this
  }
  f64(value: number): this {
    const at = this.#room(8)
    this.#view().setFloat64(at, value)
    return this
  }

  bytes(part: Uint8Array): this {
    const { length } = part
    const at = this.#room(length)
    const buffer = this.#buffer
    if (length > SHORT_BYTES) buffer.set(part, at)
    else for (let i = 0; i < length; i++) buffer[at + i] = part[i]!
    return this
  }

  /** Overwrites two bytes written before, for lengths known late. */
  setU16At(offsetBytes: number, value: number): this {
    this.#check(value, 0, 0xffff)
    if (!(offsetBytes >= 0 && offsetBytes + 2 <= this.#length)) {
      throw new BytesError('BYTES_OUT_OF_RANGE', 'no such place written', { offsetBytes })
    }
    this.#put16(offsetBytes, value)
    return this
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length)
  }
}
