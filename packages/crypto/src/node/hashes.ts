import { createHash, createHmac, type Hash, hash } from 'node:crypto'
import { assert } from '@gridcard/bytes'
import { createResumableHash } from '../construction/resumable-hash.ts'
import type { Hashes, HashName, HashSession } from '../port/hashes.ts'
import { plain } from './plain.ts'
import { secretKey } from './secret-key.ts'

class NodeHashSession implements HashSession {
  readonly #hash: Hash

  constructor(hash: Hash) {
    this.#hash = hash
  }

  update(part: Uint8Array): void {
    this.#hash.update(part)
  }

  finish(): Uint8Array {
    return plain(this.#hash.digest())
  }

  copy(): HashSession {
    return new NodeHashSession(this.#hash.copy())
  }
}

/** OpenSSL's hashes have our names. */
export const nodeHash = (name: HashName, message: Uint8Array) => plain(hash(name, message, 'buffer'))

export const nodeHashes: Hashes = {
  hash: nodeHash,
  createHash: (name) => new NodeHashSession(createHash(name)),
  sha256: (message) => nodeHash('sha256', message),
  createResumableHash,
  hmac: (name, key, message) => plain(createHmac(name, secretKey(key)).update(message).digest()),
  createHmac(name, key) {
    const hmac = createHmac(name, secretKey(key))
    let hasEnded = false
    return {
      update: (part) => void hmac.update(part),
      finish() {
        // A second digest() of an Hmac gives no bytes instead of an error.
        assert(!hasEnded, 'MAC session used after its end')
        hasEnded = true
        return plain(hmac.digest())
      },
    }
  },
}
