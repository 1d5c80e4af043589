import { hmac } from '@noble/hashes/hmac.js'
import { md5, ripemd160, sha1 } from '@noble/hashes/legacy.js'
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { sha3_224, sha3_256, sha3_384, sha3_512 } from '@noble/hashes/sha3.js'
import type { CHash } from '@noble/hashes/utils.js'
import { createResumableHash } from '../construction/resumable-hash.ts'
import type { Hashes, HashName, HashSession } from '../port/hashes.ts'

export const nobleHashFunctions: Readonly<Record<HashName, CHash>> = {
  md5,
  ripemd160,
  sha1,
  sha224,
  sha256,
  sha384,
  sha512,
  'sha3-224': sha3_224,
  'sha3-256': sha3_256,
  'sha3-384': sha3_384,
  'sha3-512': sha3_512,
}

interface Cloneable {
  clone(): Cloneable
  update(part: Uint8Array): unknown
  digest(): Uint8Array
}

class NobleHashSession implements HashSession {
  readonly #hash: Cloneable

  constructor(hash: Cloneable) {
    this.#hash = hash
  }

  update(part: Uint8Array): void {
    this.#hash.update(part)
  }

  finish(): Uint8Array {
    return this.#hash.digest()
  }

  copy(): HashSession {
    return new NobleHashSession(this.#hash.clone())
  }
}

export const nobleHash = (name: HashName, message: Uint8Array): Uint8Array => nobleHashFunctions[name](message)

export const nobleHashes: Hashes = {
  hash: nobleHash,
  createHash: (name) => new NobleHashSession(nobleHashFunctions[name].create() as unknown as Cloneable),
  sha256: (message) => sha256(message),
  createResumableHash,
  hmac: (name, key, message) => hmac(nobleHashFunctions[name], key, message),
  createHmac(name, key) {
    const session = hmac.create(nobleHashFunctions[name], key)
    return { update: (part) => void session.update(part), finish: () => session.digest() }
  },
}
