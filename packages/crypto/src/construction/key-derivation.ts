import { concatBytes, fromAscii } from '@gridcard/bytes'
import { CryptoPortError } from '../errors.ts'
import type { Aes } from '../port/aes.ts'
import { type Hashes, type HashName, hashes } from '../port/hashes.ts'
import type { KeyDerivation, Prf } from '../port/key-derivation.ts'

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

type Pieces = Pick<Hashes, 'hash' | 'hmac'> & Pick<Aes, 'aesCmac'>

/** Counter of a given length; a sequence ends before it would come round. @source NIST SP 800-108 §4 */
function counterOf(bytes: number, value: number): Uint8Array {
  if (!Number.isInteger(bytes) || bytes < 0 || bytes > 4 || (bytes > 0 && value >= 2 ** (8 * bytes))) {
    throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', `a counter of ${bytes} bytes does not count to ${value}`)
  }
  return counter(value).slice(4 - bytes)
}

function prfOf({ hmac, aesCmac }: Pieces, prf: Prf, key: Uint8Array): (...parts: readonly Uint8Array[]) => Uint8Array {
  return (...parts) =>
    prf === 'aes-cmac' ? aesCmac(key, concatBytes(...parts)) : hmac(prf.hmac, key, concatBytes(...parts))
}

/** P_hash. @source RFC 5246 §5 */
function pHash(
  { hmac }: Pieces,
  name: HashName,
  secret: Uint8Array,
  seed: Uint8Array,
  lengthBytes: number,
): Uint8Array {
  let a = seed
  return expand(lengthBytes, MOST_BYTES, () => {
    a = hmac(name, secret, a)
    return hmac(name, secret, concatBytes(a, seed))
  })
}

/** Constructions over a hash, HMAC or CMAC: the same for every provider. */
export function keyDerivationOver(pieces: Pieces): KeyDerivation {
  const { hash, hmac } = pieces
  const hkdfExpand: KeyDerivation['hkdfExpand'] = (name, pseudorandomKey, info, lengthBytes) => {
    let last: Uint8Array = new Uint8Array()
    return expand(lengthBytes, 255 * hashes[name].digestLengthBytes, (number) => {
      last = hmac(name, pseudorandomKey, concatBytes(last, info, Uint8Array.of(number)))
      return last
    })
  }
  return {
    hkdfExtract: (name, salt, secret) => hmac(name, salt, secret),
    hkdfExpand,
    tls12Prf: (name, secret, label, seed, lengthBytes) =>
      pHash(pieces, name, secret, concatBytes(fromAscii(label), seed), lengthBytes),
    tls11Prf(secret, seed, lengthBytes) {
      // Two halves, which share a byte if the length is odd.
      const half = Math.ceil(secret.length / 2)
      const first = pHash(pieces, 'md5', secret.subarray(0, half), seed, lengthBytes)
      const second = pHash(pieces, 'sha1', secret.subarray(secret.length - half), seed, lengthBytes)
      return first.map((byte, i) => byte ^ second[i]!)
    },
    hkdfExpandLabel(name, secret, { prefix, label, context }, lengthBytes) {
      const fullLabel = concatBytes(fromAscii(prefix), label)
      if (fullLabel.length > 255 || context.length > 255) {
        throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', 'a label or a context has at most 255 bytes')
      }
      const head = Uint8Array.of(lengthBytes >> 8, lengthBytes, fullLabel.length)
      const info = concatBytes(head, fullLabel, Uint8Array.of(context.length), context)
      return hkdfExpand(name, secret, info, lengthBytes)
    },
    kdf1: (name, sharedSecret, parameters) => hash(name, concatBytes(sharedSecret, parameters)),
    counterModeKdf(prf, key, { before, after, counterBytes }, lengthBytes) {
      const run = prfOf(pieces, prf, key)
      if (counterBytes === 0) {
        throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', 'counter mode needs a counter', {
          source: 'SP 800-108 §4.1',
        })
      }
      return expand(lengthBytes, MOST_BYTES, (number) => run(before, counterOf(counterBytes, number), after))
    },
    feedbackModeKdf(prf, key, { iv, input, counterBytes }, lengthBytes) {
      const run = prfOf(pieces, prf, key)
      let last = iv
      return expand(lengthBytes, MOST_BYTES, (number) => {
        last = run(last, counterOf(counterBytes, number), input)
        return last
      })
    },
    doublePipelineKdf(prf, key, { input, counterBytes }, lengthBytes) {
      const run = prfOf(pieces, prf, key)
      let a = input
      return expand(lengthBytes, MOST_BYTES, (number) => {
        a = run(a)
        return run(a, counterOf(counterBytes, number), input)
      })
    },
    x963Kdf: (name, sharedSecret, sharedInfo, lengthBytes) =>
      expand(lengthBytes, MOST_BYTES, (number) => hash(name, concatBytes(sharedSecret, counter(number), sharedInfo))),
    concatenationKdf: (name, sharedSecret, otherInfo, lengthBytes) =>
      expand(lengthBytes, MOST_BYTES, (number) => hash(name, concatBytes(counter(number), sharedSecret, otherInfo))),
  }
}
