import { ByteReader, BytesError, concatBytes, readBerLength } from '@gridcard/bytes'
import { DlmsError } from '../errors.ts'
import { type CosemData, type DataLimits, defaultDataLimits } from './cosem-data.ts'
import { readData } from './data-codec.ts'
import { dataTags } from './data-tags.ts'

/**
 * The elements of an array as its octets come in pieces. Keeps what does not make a whole element yet, and no more than
 * `maxElementBytes` of it.
 */
export class ArrayElements {
  readonly #maxElementBytes: number
  readonly #limits: DataLimits
  #pending: Uint8Array = new Uint8Array(0)
  #count: number | undefined
  #given = 0

  constructor(maxElementBytes: number, limits: DataLimits = defaultDataLimits) {
    this.#maxElementBytes = maxElementBytes
    this.#limits = limits
  }

  /**
   * @returns the elements that are whole now; undefined when the value is no array
   * @throws DlmsError `DLMS_MALFORMED`, `DLMS_LIMIT_EXCEEDED`
   */
  push(octets: Uint8Array): CosemData[] | undefined {
    this.#pending = this.#pending.length === 0 ? octets : concatBytes(this.#pending, octets)
    if (this.#count === undefined && this.#pending[0] !== undefined && this.#pending[0] !== dataTags.array) {
      return undefined
    }
    const reader = new ByteReader(this.#pending)
    const elements: CosemData[] = []
    let wholeBytes = 0
    try {
      if (this.#count === undefined) {
        reader.u8()
        this.#count = readBerLength(reader)
        wholeBytes = reader.offsetBytes
      }
      while (this.#given < this.#count) {
        elements.push(readData(reader, this.#limits))
        this.#given++
        wholeBytes = reader.offsetBytes
      }
    } catch (error) {
      if (!(error instanceof BytesError) || error.code !== 'BYTES_TRUNCATED') throw malformedBy(error)
    }
    this.#pending = this.#pending.slice(wholeBytes)
    if (this.#given === this.#count && this.#pending.length > 0) {
      throw new DlmsError('DLMS_MALFORMED', 'array: bytes left over')
    }
    if (this.#pending.length > this.#maxElementBytes) {
      throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'element longer than allowed', { bytes: this.#pending.length })
    }
    return elements
  }

  /** @throws DlmsError `DLMS_MALFORMED` when there are fewer elements than the array has told */
  end(): void {
    if (this.#count === undefined || this.#given < this.#count) {
      throw new DlmsError('DLMS_MALFORMED', 'array: truncated', { elements: this.#given })
    }
  }
}

const malformedBy = (error: unknown): unknown =>
  error instanceof BytesError
    ? new DlmsError('DLMS_MALFORMED', 'array: badly framed', error.place, { cause: error })
    : error
