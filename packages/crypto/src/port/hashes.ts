/** Hashes, and HMAC over each of them. */
export interface Hashes {
  hash(name: HashName, message: Uint8Array): Uint8Array
  createHash(name: HashName): HashSession
  /** The same as `hash('sha256', message)`. */
  sha256(message: Uint8Array): Uint8Array
  /**
   * A hash that goes on where another one, perhaps on another machine, stood: for InitializedMessageDigest.
   *
   * @param state none begins at the beginning
   * @throws CryptoPortError `CRYPTO_BAD_DATA_LENGTH`: the chaining value's length, or a count that is no multiple of the block
   */
  createResumableHash(name: ResumableHashName, state?: HashState): ResumableHashSession
  /** HMAC (RFC 2104), whole; a key of any length. */
  hmac(name: HashName, key: Uint8Array, message: Uint8Array): Uint8Array
  createHmac(name: HashName, key: Uint8Array): MacSession
}

export interface HashSession {
  update(part: Uint8Array): void
  /** The digest; ends the session. */
  finish(): Uint8Array
  /** Another session that has seen the same bytes. */
  copy(): HashSession
}

export interface ResumableHashSession extends HashSession {
  copy(): ResumableHashSession
  /** @throws CryptoPortError `CRYPTO_BAD_DATA_LENGTH` when the bytes so far are not whole blocks */
  state(): HashState
}

/** Where a hash of the Merkle-Damgård family stands between two blocks. */
export interface HashState {
  /** The words in the hash's own byte order: as long as its digest, 32 bytes for SHA-224, 64 for SHA-384. */
  readonly chainingValue: Uint8Array
  /** A multiple of the block length. */
  readonly byteCount: number
}

export interface MacSession {
  update(part: Uint8Array): void
  /** The whole MAC; ends the session. */
  finish(): Uint8Array
}

/** Lengths in bytes. The chaining value is there for the family that can be resumed; SHA-3 is a sponge and cannot. */
export const hashes = {
  md5: { digestLengthBytes: 16, blockLengthBytes: 64, chainingLengthBytes: 16 },
  ripemd160: { digestLengthBytes: 20, blockLengthBytes: 64, chainingLengthBytes: 20 },
  sha1: { digestLengthBytes: 20, blockLengthBytes: 64, chainingLengthBytes: 20 },
  sha224: { digestLengthBytes: 28, blockLengthBytes: 64, chainingLengthBytes: 32 },
  sha256: { digestLengthBytes: 32, blockLengthBytes: 64, chainingLengthBytes: 32 },
  sha384: { digestLengthBytes: 48, blockLengthBytes: 128, chainingLengthBytes: 64 },
  sha512: { digestLengthBytes: 64, blockLengthBytes: 128, chainingLengthBytes: 64 },
  'sha3-224': { digestLengthBytes: 28, blockLengthBytes: 144 },
  'sha3-256': { digestLengthBytes: 32, blockLengthBytes: 136 },
  'sha3-384': { digestLengthBytes: 48, blockLengthBytes: 104 },
  'sha3-512': { digestLengthBytes: 64, blockLengthBytes: 72 },
} as const

export type HashName = keyof typeof hashes
export type ResumableHashName = Exclude<HashName, `sha3-${string}`>
