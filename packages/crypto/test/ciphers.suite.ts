import { concatBytes, fromAscii, fromHex, toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CryptoProvider } from '../src/index.ts'
import { refuses } from './refuses.ts'
import { CCM, CFB, CTR, DES, RETAIL_MAC, TRIPLE_DES } from './vectors/cipher-vectors.ts'

const upper = (hex: string) => toHex(fromHex(hex))
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const aesKey = fc.constantFrom(16, 24, 32).chain(bytesOf)
const desKey = fc.constantFrom(8, 16, 24).chain(bytesOf)
const KEY = new Uint8Array(16)

export function ciphersSuite(provider: CryptoProvider): void {
  describe('AES as a stream', () => {
    test.each([0, 15, 17, 33])('refuses a key or an IV of %d bytes', (length) => {
      const bad = new Uint8Array(length)
      for (const mode of [provider.aesCtr, provider.aesCfbEncrypt, provider.aesCfbDecrypt]) {
        refuses('CRYPTO_BAD_KEY_LENGTH', () => mode(bad, KEY, KEY))
        refuses('CRYPTO_BAD_IV_LENGTH', () => mode(KEY, bad, KEY))
      }
    })

    test.each(CTR)('CTR: $source', ({ key, counterBlock, plaintext, ciphertext }) => {
      const ctr = (bytes: string) => toHex(provider.aesCtr(fromHex(key), fromHex(counterBlock), fromHex(bytes)))
      expect([ctr(plaintext), ctr(ciphertext)]).toEqual([upper(ciphertext), upper(plaintext)])
    })

    test.each(CFB)('CFB: $source', ({ key, iv, plaintext, ciphertext }) => {
      expect(toHex(provider.aesCfbEncrypt(fromHex(key), fromHex(iv), fromHex(plaintext)))).toBe(upper(ciphertext))
      expect(toHex(provider.aesCfbDecrypt(fromHex(key), fromHex(iv), fromHex(ciphertext)))).toBe(upper(plaintext))
    })

    test('the counter wraps to zero', () => {
      const last = new Uint8Array(16).fill(0xff)
      const twoBlocks = provider.aesCtr(KEY, last, new Uint8Array(32))
      expect(twoBlocks.slice(16)).toEqual(provider.aesEcbEncrypt(KEY, new Uint8Array(16)))
    })

    test('any length comes back', () => {
      fc.assert(
        fc.property(aesKey, bytesOf(16), fc.uint8Array({ maxLength: 70 }), (key, iv, plaintext) => {
          expect(provider.aesCtr(key, iv, provider.aesCtr(key, iv, plaintext))).toEqual(plaintext)
          expect(provider.aesCfbDecrypt(key, iv, provider.aesCfbEncrypt(key, iv, plaintext))).toEqual(plaintext)
        }),
      )
    })
  })

  describe('CCM', () => {
    test.each([6, 14])('refuses a nonce of %d bytes', (length) => {
      const nonce = new Uint8Array(length)
      refuses('CRYPTO_BAD_IV_LENGTH', () => provider.ccmSeal(KEY, nonce, KEY, KEY, 8))
      refuses('CRYPTO_BAD_IV_LENGTH', () => provider.ccmOpen(KEY, nonce, KEY, KEY, 8))
    })

    test.each([0, 2, 5, 15, 18])('refuses a tag of %d bytes', (length) => {
      refuses('CRYPTO_BAD_TAG_LENGTH', () => provider.ccmSeal(KEY, new Uint8Array(12), KEY, KEY, length))
      refuses('CRYPTO_BAD_TAG_LENGTH', () => provider.ccmOpen(KEY, new Uint8Array(12), KEY, KEY, length))
    })

    test('refuses a key that is none, and a plaintext too long for the nonce', () => {
      refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.ccmSeal(new Uint8Array(15), new Uint8Array(12), KEY, KEY, 8))
      refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.ccmSeal(KEY, new Uint8Array(13), KEY, new Uint8Array(65_536), 8))
      const sealed = provider.ccmSeal(KEY, new Uint8Array(13), KEY, new Uint8Array(65_535), 8)
      expect(provider.ccmOpen(KEY, new Uint8Array(13), KEY, sealed, 8)).toEqual(new Uint8Array(65_535))
    })

    test('any bit flipped, or cut off anywhere, opens nothing', () => {
      const [nonce, aad] = [new Uint8Array(12), Uint8Array.of(1, 2, 3)]
      const sealed = provider.ccmSeal(KEY, nonce, aad, Uint8Array.of(4, 5, 6), 8)
      for (let length = 0; length < sealed.length; length++) {
        expect(provider.ccmOpen(KEY, nonce, aad, sealed.subarray(0, length), 8)).toBeUndefined()
      }
      for (let bit = 0; bit < 8 * sealed.length; bit++) {
        const flipped = Uint8Array.from(sealed)
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        expect(provider.ccmOpen(KEY, nonce, aad, flipped, 8)).toBeUndefined()
      }
      expect(provider.ccmOpen(KEY, nonce, Uint8Array.of(1, 2, 2), sealed, 8)).toBeUndefined()
    })

    test.each(CCM)('$source', ({ key, nonce, aad, plaintext, sealed, tagLengthBytes }) => {
      const seal = provider.ccmSeal(fromHex(key), fromHex(nonce), fromHex(aad), fromHex(plaintext), tagLengthBytes)
      expect(toHex(seal)).toBe(upper(sealed))
    })

    test('long associated data', () => {
      const aad = new Uint8Array(0xff00).fill(7) // from here on its length takes six bytes
      const sealed = provider.ccmSeal(KEY, new Uint8Array(12), aad, KEY, 16)
      expect(provider.ccmOpen(KEY, new Uint8Array(12), aad, sealed, 16)).toEqual(KEY)
    })
  })

  describe('DES', () => {
    const [key, iv] = [fromHex(DES.key), fromHex(DES.iv)]

    test.each([0, 7, 15, 32])('refuses a key or an IV of %d bytes', (length) => {
      const bad = new Uint8Array(length)
      refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.desEcbEncrypt(bad, iv))
      refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.desCbcDecrypt(bad, iv, iv))
      refuses('CRYPTO_BAD_IV_LENGTH', () => provider.desCbcEncrypt(key, bad, iv))
      refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.desRetailMac(bad, iv, iv))
      refuses('CRYPTO_BAD_IV_LENGTH', () => provider.desRetailMac(KEY, bad, iv))
    })

    test('refuses data that are not whole blocks, and a retail MAC of nothing', () => {
      refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.desEcbDecrypt(key, new Uint8Array(9)))
      refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.desCbcEncrypt(key, iv, new Uint8Array(7)))
      refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.desRetailMac(KEY, iv, new Uint8Array(7)))
      refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.desRetailMac(KEY, iv, new Uint8Array()))
    })

    test('as FIPS 81 prints it', () => {
      expect(toHex(provider.desEcbEncrypt(key, fromAscii(DES.plaintext)))).toBe(upper(DES.ecb))
      expect(toHex(provider.desCbcEncrypt(key, iv, fromAscii(DES.plaintext)))).toBe(upper(DES.cbc))
    })

    test('as SP 800-67 prints it', () => {
      const ciphertext = provider.desEcbEncrypt(fromHex(TRIPLE_DES.key), fromAscii(TRIPLE_DES.plaintext))
      expect(toHex(ciphertext)).toBe(upper(TRIPLE_DES.ecb))
    })

    test('the retail MAC as ISO/IEC 9797-1 prints it', () => {
      const mac = (blocks: Uint8Array) =>
        toHex(provider.desRetailMac(fromHex(RETAIL_MAC.key), new Uint8Array(8), blocks))
      expect(mac(fromAscii(RETAIL_MAC.message))).toBe(RETAIL_MAC.mac)
      const padding2 = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0)
      expect(mac(concatBytes(fromAscii(RETAIL_MAC.message), padding2))).toBe(RETAIL_MAC.macWithPadding2)
    })

    test('what is encrypted is decrypted', () => {
      const blocks = fc.nat(5).chain((count) => bytesOf(8 * count))
      fc.assert(
        fc.property(desKey, bytesOf(8), blocks, (key, iv, blocks) => {
          expect(provider.desEcbDecrypt(key, provider.desEcbEncrypt(key, blocks))).toEqual(blocks)
          expect(provider.desCbcDecrypt(key, iv, provider.desCbcEncrypt(key, iv, blocks))).toEqual(blocks)
        }),
      )
    })
  })
}
