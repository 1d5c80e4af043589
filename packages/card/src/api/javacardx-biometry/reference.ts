import type { Jcre } from '../../runtime/jcre.ts'
import {
  byteRange,
  bytesOf,
  handleAt,
  hiddenHandle,
  hiddenShort,
  newByteArray,
  putBytesAtomic,
  putHiddenShort,
  shortAt,
} from '../native-call.ts'

/**
 * A reference that is enrolled in parts: init, update, doFinal. Of type PASSWORD it is up to 127 bytes, and a candidate
 * matches if it is the same, compared in constant time. Three hidden cells: state, length, a byte[].
 */
export const REFERENCE_BYTES = 6
const CELL = { state: 0, length: 1, array: 2 } as const
export const REFERENCE_ARRAY_CELL = CELL.array
const STATE = { empty: 0, enrolling: 1, ready: 2 } as const
const MOST_BYTES = 127

/** Reasons that BioException and Bio1toNException share. */
export const BIO = { ILLEGAL_VALUE: 1, INVALID_DATA: 2, UNSUPPORTED: 3, NOT_ENROLLED: 4, ILLEGAL_USE: 5 } as const
export const PASSWORD = 31
export const MATCH = 0x7fff
export const NO_MATCH = 0
/** Matching algorithm: PASSWORD, exact, version 1.0. */
const VERSION = Uint8Array.of(PASSWORD, 1, 1, 0)

export type BioExceptionName = 'javacardx/biometry/BioException' | 'javacardx/biometry1toN/Bio1toNException'

export function failBio(jcre: Jcre, exception: BioExceptionName, reason: number): never {
  return jcre.machine.throwNew(exception, reason)
}

/** The type asked for, and the default provider: its RID is null, its parameter 0. */
export function isSupported(type: number, rid: number, parameter: number): boolean {
  return type === PASSWORD && rid === 0 && parameter === 0
}

/** The reference of an object, its cells from `first` on. */
export class Reference {
  readonly #jcre: Jcre
  readonly #object: number
  readonly #first: number
  readonly #exception: BioExceptionName

  constructor(jcre: Jcre, object: number, first: number, exception: BioExceptionName) {
    this.#jcre = jcre
    this.#object = object
    this.#first = first
    this.#exception = exception
  }

  make(): void {
    this.#put('array', newByteArray(this.#jcre, MOST_BYTES))
  }

  get isReady(): boolean {
    return this.#get('state') === STATE.ready
  }

  requireReady(): void {
    if (!this.isReady) failBio(this.#jcre, this.#exception, BIO.NOT_ENROLLED)
  }

  clear(): void {
    putBytesAtomic(this.#jcre, this.#address, new Uint8Array(MOST_BYTES))
    this.#put('length', 0)
    this.#put('state', STATE.empty)
  }

  /** Array, offset and length from `at` on. */
  begin(at: number): void {
    const part = this.#part(at)
    this.clear()
    this.#append(part)
    this.#put('state', STATE.enrolling)
  }

  continue(at: number): void {
    this.#requireEnrolling()
    this.#append(this.#part(at))
  }

  finish(): void {
    this.#requireEnrolling()
    if (this.#get('length') === 0) failBio(this.#jcre, this.#exception, BIO.INVALID_DATA)
    this.#put('state', STATE.ready)
  }

  matches(candidate: Uint8Array): boolean {
    const value = this.#jcre.memory.u8.slice(this.#address, this.#address + this.#get('length'))
    const isSame = this.#jcre.crypto.constantTimeEqual(value, candidate)
    value.fill(0)
    return isSame
  }

  #requireEnrolling(): void {
    if (this.#get('state') !== STATE.enrolling) failBio(this.#jcre, this.#exception, BIO.ILLEGAL_USE)
  }

  #part(at: number): Uint8Array {
    return bytesOf(this.#jcre, handleAt(this.#jcre, at), shortAt(this.#jcre, at + 1), shortAt(this.#jcre, at + 2))
  }

  #append(part: Uint8Array): void {
    const length = this.#get('length')
    if (length + part.length > MOST_BYTES) failBio(this.#jcre, this.#exception, BIO.INVALID_DATA)
    putBytesAtomic(this.#jcre, this.#address + length, part)
    part.fill(0)
    this.#put('length', length + part.length)
  }

  get #address(): number {
    return this.#jcre.memory.addressOf(hiddenHandle(this.#jcre, this.#object, this.#first + CELL.array))
  }

  #get(cell: keyof typeof CELL): number {
    return hiddenShort(this.#jcre, this.#object, this.#first + CELL[cell])
  }

  #put(cell: keyof typeof CELL, value: number): void {
    putHiddenShort(this.#jcre, this.#object, this.#first + CELL[cell], value)
  }
}

/** Passwords have no public part: nothing is copied, once there is one. */
export function publicData(jcre: Jcre, reference: Reference, at: number): number {
  byteRange(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), 0)
  reference.requireReady()
  return 0
}

export function putVersion(jcre: Jcre, at: number): number {
  putBytesAtomic(jcre, byteRange(jcre, handleAt(jcre, at), shortAt(jcre, at + 1), VERSION.length), VERSION)
  return VERSION.length
}
