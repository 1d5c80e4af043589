import { CryptoPortError } from '../errors.ts'
import type { AesKeyOperations } from '../port/aes.ts'
import { requireIv } from '../requirements.ts'

/*
 * XTS from whole blocks under two keys. OpenSSL has it, but refuses two equal keys also where the standard's own
 * example has them, and noble has none: so it stands here for both. @source IEEE 1619 §5
 */

const BLOCK = 16

type OpenKey = (key: Uint8Array) => AesKeyOperations

function openKeys(open: OpenKey, key: Uint8Array): { data: AesKeyOperations; tweak: AesKeyOperations } {
  if (key.length !== 32 && key.length !== 64) {
    throw new CryptoPortError('CRYPTO_BAD_KEY_LENGTH', `an XTS key has 32 or 64 bytes, not ${key.length}`)
  }
  const half = key.length / 2
  return { data: open(key.subarray(0, half)), tweak: open(key.subarray(half)) }
}

/** Times x in GF(2^128), little-endian. */
function doubled(tweak: Uint8Array): Uint8Array {
  const result = tweak.map((byte, i) => (byte << 1) | (i === 0 ? 0 : tweak[i - 1]! >> 7))
  if (tweak[BLOCK - 1]! & 0x80) result[0]! ^= 0x87
  return result
}

function tweaksFor(first: Uint8Array, count: number): Uint8Array {
  const all = new Uint8Array(count * BLOCK)
  let tweak = first
  for (let at = 0; at < all.length; at += BLOCK) {
    all.set(tweak, at)
    tweak = doubled(tweak)
  }
  return all
}

const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, i) => byte ^ b[i]!)

type Run = (blocks: Uint8Array) => Uint8Array

/** A short last block is filled from the one before it; decryption takes their two tweaks in the other order. */
function unit(run: Run, first: Uint8Array, data: Uint8Array, direction: 'encrypt' | 'decrypt'): Uint8Array {
  const rest = data.length % BLOCK
  const whole = data.length - rest
  const tweaks = tweaksFor(first, whole / BLOCK + 1)
  if (rest === 0) return xor(run(xor(data, tweaks)), tweaks)
  const head = whole - BLOCK
  const result = new Uint8Array(data.length)
  if (head > 0) result.set(xor(run(xor(data.subarray(0, head), tweaks)), tweaks))
  const [before, last] = [tweaks.subarray(head, whole), tweaks.subarray(whole)]
  const [firstTweak, secondTweak] = direction === 'encrypt' ? [before, last] : [last, before]
  const stolen = xor(run(xor(data.subarray(head, whole), firstTweak)), firstTweak)
  const refilled = stolen.slice()
  refilled.set(data.subarray(whole))
  result.set(xor(run(xor(refilled, secondTweak)), secondTweak), head)
  result.set(stolen.subarray(0, rest), whole)
  return result
}

function requireUnit(data: Uint8Array): void {
  if (data.length < BLOCK) {
    throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', `a data unit has at least ${BLOCK} bytes, not ${data.length}`)
  }
}

export function aesXtsOver(open: OpenKey) {
  const run = (direction: 'encrypt' | 'decrypt') => (key: Uint8Array, tweak: Uint8Array, data: Uint8Array) => {
    const keys = openKeys(open, key)
    requireIv(tweak, BLOCK)
    requireUnit(data)
    const blocks: Run = direction === 'encrypt' ? (b) => keys.data.ecbEncrypt(b) : (b) => keys.data.ecbDecrypt(b)
    return unit(blocks, keys.tweak.ecbEncrypt(tweak), Uint8Array.from(data), direction)
  }
  return { aesXtsEncrypt: run('encrypt'), aesXtsDecrypt: run('decrypt') }
}
