import { concatBytes, fromAscii } from '@gridcard/bytes'
import { CryptoPortError } from '../errors.ts'
import { type Hashes, type HashName, hashes } from '../port/hashes.ts'
import type { KeyDerivation } from '../port/key-derivation.ts'

/** Enough for any key, and short enough that no request can hang a card. */
const MOST_BYTES = 65_536

function counter(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

/** The first bytes of block(1) || block(2) || .. */
function expand(lengthBytes: number, mostBytes: number, block: (number: number) => Uint8Array): Uint8Array {
  if (!Number.isInteger(lengthBytes) || lengthBytes < 0 || lengthBytes > mostBytes) {
    throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', `0 to ${mostBytes} bytes can be derived, not ${lengthBytes}`)
  }
  const blocks: Uint8Array[] = []
  let length = 0
  while (length < lengthBytes) {
    const next = block(blocks.length + 1)
    blocks.push(next)
    length += next.length
  }
  return concatBytes(...blocks).slice(0, lengthBytes)
}

/** Constructions over a hash or HMAC: the same for every provider. */
export function keyDerivationOver({ hash, hmac }: Pick<Hashes, 'hash' | 'hmac'>): KeyDerivation {
  return {
    hkdfExtract: (name, salt, secret) => hmac(name, salt, secret),
    hkdfExpand(name: HashName, pseudorandomKey, info, lengthBytes) {
      let last: Uint8Array = new Uint8Array()
      return expand(lengthBytes, 255 * hashes[name].digestLengthBytes, (number) => {
        last = hmac(name, pseudorandomKey, concatBytes(last, info, Uint8Array.of(number)))
        return last
      })
    },
    tls12Prf(name, secret, label, seed, lengthBytes) {
      const labelAndSeed = concatBytes(fromAscii(label), seed)
      let a = labelAndSeed
      return expand(lengthBytes, MOST_BYTES, () => {
        a = hmac(name, secret, a)
        return hmac(name, secret, concatBytes(a, labelAndSeed))
      })
    },
    x963Kdf: (name, sharedSecret, sharedInfo, lengthBytes) =>
      expand(lengthBytes, MOST_BYTES, (number) => hash(name, concatBytes(sharedSecret, counter(number), sharedInfo))),
    concatenationKdf: (name, sharedSecret, otherInfo, lengthBytes) =>
      expand(lengthBytes, MOST_BYTES, (number) => hash(name, concatBytes(counter(number), sharedSecret, otherInfo))),
  }
}
