import { DlmsError } from '../src/index.ts'

/** Every prefix of the bytes, and the bytes with each single bit flipped. */
export function* damaged(bytes: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < bytes.length; length++) yield bytes.slice(0, length)
  yield* flipped(bytes)
}

/** The bytes with each single bit flipped. */
export function* flipped(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const copy = bytes.slice()
    copy[bit >> 3]! ^= 0x80 >> (bit & 7)
    yield copy
  }
}

/** Runs a decoder that may answer with a value or a DlmsError and nothing else. */
export function valueOrDlmsError<T>(decode: () => T): T | DlmsError {
  try {
    return decode()
  } catch (error) {
    if (error instanceof DlmsError) return error
    throw error
  }
}
