import { concatBytes } from '@gridcard/bytes'
import type { Hashes, HashName } from '../port/hashes.ts'

/** A copy of `bytes` under the mask that grows from `seed`. @source RFC 8017 B.2.1 */
export function maskedBy(hash: Hashes['hash'], name: HashName, seed: Uint8Array, bytes: Uint8Array): Uint8Array {
  const masked = Uint8Array.from(bytes)
  let block: Uint8Array = new Uint8Array()
  for (let i = 0, at = 0, counter = 0; i < masked.length; i++, at++) {
    if (at === block.length) {
      block = hash(name, concatBytes(seed, Uint8Array.of(counter >>> 24, counter >>> 16, counter >>> 8, counter)))
      counter++
      at = 0
    }
    masked[i]! ^= block[at]!
  }
  return masked
}
