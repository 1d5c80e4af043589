/** Where something went wrong, for people and programs: offsets, component names, clauses. Never keys or plaintext. */
export type ErrorPlace = Readonly<Record<string, string | number | boolean | undefined>>

/**
 * Base of every error that Gridcard throws on purpose: bad input or a refused operation, told apart by `code`.
 * A bug is an assertion instead and is never caught.
 */
export class GridcardError extends Error {
  /** Stable, upper case, prefixed by the room: `CAP_METHOD_TRUNCATED`. Listed in docs/errors.md. */
  readonly code: string
  readonly place: ErrorPlace

  constructor(code: string, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.place = place
  }
}

export type BytesErrorCode = 'BYTES_TRUNCATED' | 'BYTES_OUT_OF_RANGE' | 'BYTES_BAD_HEX' | 'BYTES_BAD_TLV'

/** Bytes that cannot be read as asked. `place.offsetBytes` tells where. */
export class BytesError extends GridcardError {
  declare readonly code: BytesErrorCode
  constructor(code: BytesErrorCode, message: string, place: ErrorPlace = {}) {
    super(code, message, place)
  }
}

/** A broken assumption of our own; not to be caught. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`)
}
