import { md5, ripemd160, sha1 } from '@noble/hashes/legacy.js'
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { CryptoPortError } from '../errors.ts'
import { type HashState, hashes, type ResumableHashName, type ResumableHashSession } from '../port/hashes.ts'

/*
 * OpenSSL gives no one its chaining value, so both providers use noble here. Its Merkle-Damgård classes have the words
 * and the length as protected members, for those who extend them: hence the cast in `begin`. Versions of dependencies
 * are exact, and the suite compares states and digests with those of whole messages.
 */
interface MerkleDamgard {
  update(part: Uint8Array): unknown
  digest(): Uint8Array
  clone(): MerkleDamgard
  get(): number[]
  set(...words: number[]): void
  length: number
}

const FUNCTIONS = { md5, ripemd160, sha1, sha224, sha256, sha384, sha512 } as const

const begin = (name: ResumableHashName) => FUNCTIONS[name].create() as unknown as MerkleDamgard

const isLittleEndian = (name: ResumableHashName) => name === 'md5' || name === 'ripemd160'

function wordsOf(name: ResumableHashName, chainingValue: Uint8Array): number[] {
  const view = new DataView(chainingValue.buffer, chainingValue.byteOffset, chainingValue.length)
  return Array.from({ length: chainingValue.length / 4 }, (_, i) => view.getInt32(4 * i, isLittleEndian(name)))
}

function bytesOf(name: ResumableHashName, words: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * words.length))
  for (const [i, word] of words.entries()) view.setInt32(4 * i, word, isLittleEndian(name))
  return new Uint8Array(view.buffer)
}

class Session implements ResumableHashSession {
  readonly #name: ResumableHashName
  readonly #hash: MerkleDamgard

  constructor(name: ResumableHashName, hash: MerkleDamgard) {
    this.#name = name
    this.#hash = hash
  }

  update(part: Uint8Array): void {
    this.#hash.update(part)
  }

  finish(): Uint8Array {
    return this.#hash.digest()
  }

  copy(): ResumableHashSession {
    return new Session(this.#name, this.#hash.clone())
  }

  state(): HashState {
    requireWholeBlocks(this.#name, this.#hash.length)
    return { chainingValue: bytesOf(this.#name, this.#hash.get()), byteCount: this.#hash.length }
  }
}

function requireWholeBlocks(name: ResumableHashName, byteCount: number): void {
  if (!Number.isSafeInteger(byteCount) || byteCount < 0 || byteCount % hashes[name].blockLengthBytes !== 0) {
    throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', `${byteCount} bytes are not whole blocks of ${name}`)
  }
}

export function createResumableHash(name: ResumableHashName, state?: HashState): ResumableHashSession {
  const hash = begin(name)
  if (state !== undefined) {
    requireWholeBlocks(name, state.byteCount)
    const { chainingLengthBytes } = hashes[name]
    if (state.chainingValue.length !== chainingLengthBytes) {
      throw new CryptoPortError(
        'CRYPTO_BAD_DATA_LENGTH',
        `a state of ${name} has ${chainingLengthBytes} bytes, not ${state.chainingValue.length}`,
      )
    }
    hash.set(...wordsOf(name, state.chainingValue))
    hash.length = state.byteCount
  }
  return new Session(name, hash)
}
