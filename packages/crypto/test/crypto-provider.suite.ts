import { concatBytes, fromAscii, fromHex, toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { CryptoProvider, RsaKeyPair } from '../src/index.ts'
import { cardAlgorithmsSuite } from './card-algorithms.suite.ts'
import { ciphersSuite } from './ciphers.suite.ts'
import { ellipticCurvesSuite } from './elliptic-curves.suite.ts'
import { hashesSuite } from './hashes.suite.ts'
import { keyDerivationSuite } from './key-derivation.suite.ts'
import { CBC, CMAC, ECB, GCM, GREEN_BOOK, KEY_WRAP, SHA_256 } from './published-vectors.ts'
import { refuses } from './refuses.ts'
import { rsaSuite } from './rsa.suite.ts'
import { safeCurvesSuite } from './safe-curves.suite.ts'

const NONE = new Uint8Array()
const KEY = fromHex('000102030405060708090A0B0C0D0E0F')
const IV_12 = fromHex('4D4D4D0000BC614E01234567')

const key = fc.constantFrom(16, 24, 32).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }))
const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const blocks = fc.nat(8).chain((count) => bytesOf(16 * count))
const tagLength = fc.constantFrom(4, 8, 12, 13, 14, 15, 16)
const upper = (hex: string) => toHex(fromHex(hex))

/** Every provider of the port passes this, or cards on Node and cards in a page would differ. */
export function cryptoProviderSuite(name: string, provider: CryptoProvider, rsaKeyPair: RsaKeyPair): void {
  describe(name, () => {
    hashesSuite(provider)
    ciphersSuite(provider)
    cardAlgorithmsSuite(provider)
    keyDerivationSuite(provider)
    ellipticCurvesSuite(provider)
    safeCurvesSuite(provider)
    rsaSuite(provider, rsaKeyPair)

    describe('refuses lengths that no algorithm takes', () => {
      test.each([0, 8, 15, 17, 33])('a key of %d bytes', (length) => {
        const bad = new Uint8Array(length)
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.aesEcbEncrypt(bad, NONE))
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.aesCbcDecrypt(bad, new Uint8Array(16), NONE))
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.aesCmac(bad, NONE))
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.createGcmEncryptor(bad, IV_12, NONE))
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.createGcmDecryptor(bad, IV_12, NONE, 12))
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.gcmSeal(bad, IV_12, NONE, NONE, 12))
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.gcmOpen(bad, IV_12, NONE, new Uint8Array(12), 12))
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.aesKeyWrap(bad, KEY))
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.aesKeyUnwrap(bad, new Uint8Array(24)))
      })

      test('an IV of another length', () => {
        refuses('CRYPTO_BAD_IV_LENGTH', () => provider.aesCbcEncrypt(KEY, IV_12, NONE))
        refuses('CRYPTO_BAD_IV_LENGTH', () => provider.createGcmEncryptor(KEY, NONE, NONE))
        refuses('CRYPTO_BAD_IV_LENGTH', () => provider.gcmSeal(KEY, new Uint8Array(7), NONE, NONE, 12))
        refuses('CRYPTO_BAD_IV_LENGTH', () => provider.gcmOpen(KEY, new Uint8Array(5), NONE, new Uint8Array(12), 12))
      })

      test('data that are not whole blocks', () => {
        refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.aesEcbEncrypt(KEY, new Uint8Array(15)))
        refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.aesCbcDecrypt(KEY, new Uint8Array(16), new Uint8Array(17)))
      })

      test.each([0, 8, 20])('%d bytes of key to wrap', (length) => {
        refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.aesKeyWrap(KEY, new Uint8Array(length)))
        refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.aesKeyUnwrap(KEY, new Uint8Array(length)))
      })

      test.each([0, 3, 5, 11, 17, 12.5])('a tag of %d bytes', (length) => {
        refuses('CRYPTO_BAD_TAG_LENGTH', () => provider.gcmSeal(KEY, IV_12, NONE, NONE, length))
        refuses('CRYPTO_BAD_TAG_LENGTH', () => provider.gcmOpen(KEY, IV_12, NONE, new Uint8Array(32), length))
        refuses('CRYPTO_BAD_TAG_LENGTH', () => provider.createGcmDecryptor(KEY, IV_12, NONE, length))
      })
    })

    describe('AES', () => {
      test.each(ECB)('ECB: $source', ({ key, plaintext, ciphertext }) => {
        expect(toHex(provider.aesEcbEncrypt(fromHex(key), fromHex(plaintext)))).toBe(upper(ciphertext))
        expect(toHex(provider.aesEcbDecrypt(fromHex(key), fromHex(ciphertext)))).toBe(upper(plaintext))
      })

      test.each(CBC)('CBC: $source', ({ key, iv, plaintext, ciphertext }) => {
        expect(toHex(provider.aesCbcEncrypt(fromHex(key), fromHex(iv), fromHex(plaintext)))).toBe(upper(ciphertext))
        expect(toHex(provider.aesCbcDecrypt(fromHex(key), fromHex(iv), fromHex(ciphertext)))).toBe(upper(plaintext))
      })

      test('what is encrypted is decrypted', () => {
        fc.assert(
          fc.property(key, bytesOf(16), blocks, (key, iv, blocks) => {
            expect(provider.aesEcbDecrypt(key, provider.aesEcbEncrypt(key, blocks))).toEqual(blocks)
            expect(provider.aesCbcDecrypt(key, iv, provider.aesCbcEncrypt(key, iv, blocks))).toEqual(blocks)
          }),
        )
      })
    })

    test.each(CMAC)('CMAC: $source', ({ key, message, mac }) => {
      expect(toHex(provider.aesCmac(fromHex(key), fromHex(message)))).toBe(upper(mac))
    })

    test.each(SHA_256)('SHA-256 of $message.length characters', ({ message, digest }) => {
      expect(toHex(provider.sha256(fromAscii(message)))).toBe(upper(digest))
    })

    describe('GCM', () => {
      const sealed = provider.gcmSeal(KEY, IV_12, Uint8Array.of(0x30), fromHex('C0010000080000010000FF0200'), 12)

      test('any bit flipped, in ciphertext, tag, IV or associated data, opens nothing', () => {
        const whole = { iv: IV_12, aad: Uint8Array.of(0x30), sealed }
        for (const part of ['iv', 'aad', 'sealed'] as const) {
          for (let bit = 0; bit < whole[part].length * 8; bit++) {
            const { iv, aad, sealed } = structuredClone(whole)
            const flipped = { iv, aad, sealed }[part]
            flipped[bit >> 3]! ^= 1 << (bit & 7)
            expect(provider.gcmOpen(KEY, iv, aad, sealed, 12)).toBeUndefined()
          }
        }
      })

      test('cut off anywhere it opens nothing', () => {
        for (let length = 0; length < sealed.length; length++) {
          expect(provider.gcmOpen(KEY, IV_12, Uint8Array.of(0x30), sealed.subarray(0, length), 12)).toBeUndefined()
        }
      })

      test("a key made ready does the same, refuses the same, and does not look at the caller's octets again", () => {
        for (const bad of [new Uint8Array(15), new Uint8Array(0)]) {
          refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.openGcmKey(bad))
        }
        const own = KEY.slice()
        const ready = provider.openGcmKey(own)
        own.fill(0)
        refuses('CRYPTO_BAD_IV_LENGTH', () => ready.seal(new Uint8Array(5), NONE, NONE, 12))
        refuses('CRYPTO_BAD_TAG_LENGTH', () => ready.open(IV_12, NONE, new Uint8Array(32), 11))
        const aad = Uint8Array.of(0x30)
        expect(ready.open(IV_12, aad, sealed.with(0, sealed[0]! ^ 1), 12)).toBeUndefined()
        expect(ready.open(IV_12, aad, sealed.subarray(0, 11), 12)).toBeUndefined()
        expect(toHex(ready.seal(IV_12, aad, fromHex('C0010000080000010000FF0200'), 12))).toBe(toHex(sealed))
        expect(toHex(ready.open(IV_12, aad, sealed, 12)!)).toBe('C0010000080000010000FF0200')
        refuses('CRYPTO_BAD_IV_LENGTH', () => ready.createEncryptor(new Uint8Array(5), NONE))
        refuses('CRYPTO_BAD_TAG_LENGTH', () => ready.createDecryptor(IV_12, NONE, 11))
        const encryptor = ready.createEncryptor(IV_12, aad)
        const parts = ['C00100000800', '00010000FF0200'].map((hex) => toHex(encryptor.update(fromHex(hex))))
        expect(parts.join('') + toHex(encryptor.finish().subarray(0, 12))).toBe(toHex(sealed))
        for (const [tag, isRight] of [
          [sealed.slice(-12), true],
          [sealed.slice(-12).reverse(), false],
        ] as const) {
          const decryptor = ready.createDecryptor(IV_12, aad, 12)
          expect(toHex(decryptor.update(sealed.subarray(0, -12)))).toBe('C0010000080000010000FF0200')
          expect(decryptor.verify(tag)).toBe(isRight)
        }
      })

      test('a tag of another length than announced is wrong, though it begins rightly', () => {
        const tag = provider.gcmSeal(KEY, IV_12, NONE, NONE, 16)
        const verify = (tag: Uint8Array) => provider.createGcmDecryptor(KEY, IV_12, NONE, 12).verify(tag)
        expect([verify(tag), verify(tag.subarray(0, 11)), verify(NONE)]).toEqual([false, false, false])
        expect(verify(tag.subarray(0, 12))).toBe(true)
      })

      test('a session that was ended takes no more', () => {
        const encryptor = provider.createGcmEncryptor(KEY, IV_12, NONE)
        encryptor.finish()
        expect(() => encryptor.update(KEY)).toThrow()
        expect(() => encryptor.finish()).toThrow()
      })

      test.each(GCM)('$source', (vector) => {
        const [key, iv, aad] = [fromHex(vector.key), fromHex(vector.iv), fromHex(vector.aad)]
        const encryptor = provider.createGcmEncryptor(key, iv, aad)
        expect(toHex(encryptor.update(fromHex(vector.plaintext)))).toBe(upper(vector.ciphertext))
        expect(toHex(encryptor.finish())).toBe(upper(vector.tag))

        const whole = fromHex(vector.ciphertext + vector.tag)
        expect(toHex(provider.gcmSeal(key, iv, aad, fromHex(vector.plaintext), 16))).toBe(toHex(whole))
        expect(toHex(provider.gcmOpen(key, iv, aad, whole, 16)!)).toBe(upper(vector.plaintext))
      })

      test.each(GREEN_BOOK)('DLMS: $source', (vector) => {
        const [key, iv, aad] = [fromHex(vector.key), fromHex(vector.iv), fromHex(vector.aad)]
        const whole = fromHex(vector.ciphertext + vector.tag)
        expect(toHex(provider.gcmSeal(key, iv, aad, fromHex(vector.plaintext), 12))).toBe(toHex(whole))
        expect(toHex(provider.gcmOpen(key, iv, aad, whole, 12)!)).toBe(upper(vector.plaintext))
      })

      test('what is sealed is opened, in one piece or in any pieces', () => {
        const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 })
        fc.assert(
          fc.property(key, bytesOf(12), fc.uint8Array(), pieces, tagLength, (key, iv, aad, pieces, tagLength) => {
            const plaintext = concatBytes(...pieces)
            const whole = provider.gcmSeal(key, iv, aad, plaintext, tagLength)
            expect(provider.gcmOpen(key, iv, aad, whole, tagLength)).toEqual(plaintext)

            const encryptor = provider.createGcmEncryptor(key, iv, aad)
            const encrypted = pieces.map((piece) => encryptor.update(piece))
            expect(encrypted.map((piece) => piece.length)).toEqual(pieces.map((piece) => piece.length))
            expect(concatBytes(...encrypted, encryptor.finish().subarray(0, tagLength))).toEqual(whole)

            const decryptor = provider.createGcmDecryptor(key, iv, aad, tagLength)
            expect(concatBytes(...encrypted.map((piece) => decryptor.update(piece)))).toEqual(plaintext)
            expect(decryptor.verify(whole.subarray(plaintext.length))).toBe(true)
          }),
        )
      })

      test('a session keeps what it was given, whatever becomes of the caller’s buffers', () => {
        const [key, iv, aad] = [Buffer.from(KEY), Buffer.from(IV_12), Buffer.from([0x30])]
        const encryptor = provider.createGcmEncryptor(key, iv, aad)
        for (const buffer of [key, iv, aad]) buffer.fill(0)
        const ciphertext = encryptor.update(fromHex('C0010000080000010000FF0200'))
        expect(concatBytes(ciphertext, encryptor.finish().subarray(0, 12))).toEqual(sealed)
      })
    })

    describe('key wrap', () => {
      test.each(KEY_WRAP)('$source', ({ kek, keyData, wrapped }) => {
        expect(toHex(provider.aesKeyWrap(fromHex(kek), fromHex(keyData)))).toBe(wrapped)
        expect(toHex(provider.aesKeyUnwrap(fromHex(kek), fromHex(wrapped))!)).toBe(keyData)
      })

      test('any bit flipped unwraps nothing', () => {
        const wrapped = provider.aesKeyWrap(KEY, KEY)
        for (let bit = 0; bit < wrapped.length * 8; bit++) {
          const flipped = Uint8Array.from(wrapped)
          flipped[bit >> 3]! ^= 1 << (bit & 7)
          expect(provider.aesKeyUnwrap(KEY, flipped)).toBeUndefined()
        }
      })

      test('what is wrapped is unwrapped', () => {
        const keyData = fc.integer({ min: 2, max: 9 }).chain((count) => bytesOf(8 * count))
        fc.assert(
          fc.property(key, keyData, (kek, keyData) => {
            expect(provider.aesKeyUnwrap(kek, provider.aesKeyWrap(kek, keyData))).toEqual(keyData)
          }),
        )
      })
    })

    test('secrets are compared whole', () => {
      expect(provider.constantTimeEqual(KEY, KEY.subarray(1))).toBe(false)
      expect(provider.constantTimeEqual(NONE, NONE)).toBe(true)
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.nat(7), (bytes, place, bit) => {
          const other = Uint8Array.from(bytes)
          expect(provider.constantTimeEqual(bytes, other)).toBe(true)
          other[place % bytes.length]! ^= 1 << bit
          expect(provider.constantTimeEqual(bytes, other)).toBe(false)
        }),
      )
    })

    test('random bytes are as many as asked for, and never twice the same', () => {
      expect([0, 1, 12, 70_000].map((length) => provider.randomBytes(length).length)).toEqual([0, 1, 12, 70_000])
      expect(provider.randomBytes(16)).not.toEqual(provider.randomBytes(16))
      expect(
        provider
          .randomBytes(70_000)
          .subarray(-16)
          .some((byte) => byte !== 0),
      ).toBe(true)
    })

    test('bytes that begin in the middle of their memory are read as they are, and none is changed', () => {
      const memory = Uint8Array.from({ length: 80 }, (_, i) => i)
      const before = Uint8Array.from(memory)
      const [key, blocks, iv] = [memory.subarray(1, 17), memory.subarray(19, 51), memory.subarray(53, 65)]
      const copies = [key, blocks, iv].map((part) => Uint8Array.from(part)) as [Uint8Array, Uint8Array, Uint8Array]
      const results = ([key, blocks, iv]: readonly [Uint8Array, Uint8Array, Uint8Array]) => [
        provider.aesEcbEncrypt(key, blocks),
        provider.aesCbcDecrypt(key, key, blocks),
        provider.aesCmac(key, blocks),
        provider.gcmSeal(key, iv, blocks, blocks, 12),
        provider.aesKeyWrap(key, blocks),
        provider.sha256(blocks),
      ]
      expect(results([key, blocks, iv])).toEqual(results(copies))
      expect(memory).toEqual(before)
    })
  })
}
