import { concatBytes, fromAscii } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import type { CryptoProvider, HashName, RsaEncryptionScheme, RsaKeyPair, RsaSignatureScheme } from '../src/index.ts'
import { refuses } from './refuses.ts'

const MESSAGE = fromAscii('sample')
const SIGNATURES: readonly RsaSignatureScheme[] = [
  ...(['md5', 'ripemd160', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'sha3-256'] as const).map(
    (hash) => ({ padding: 'pkcs1', hash }) as const,
  ),
  { padding: 'pss', hash: 'sha1' },
  { padding: 'pss', hash: 'sha256', saltLengthBytes: 0 },
  { padding: 'pss', hash: 'sha256', mgfHash: 'sha1', saltLengthBytes: 20 },
]
const ENCRYPTIONS: readonly RsaEncryptionScheme[] = [
  { padding: 'pkcs1' },
  { padding: 'oaep', hash: 'sha1' },
  { padding: 'oaep', hash: 'sha256', mgfHash: 'sha1', label: fromAscii('label') },
]

/** @param pair made once, outside: generation is slow in JavaScript */
export function rsaSuite(provider: CryptoProvider, pair: RsaKeyPair): void {
  const { modulus, publicExponent, privateExponent, p, q, dp, dq, qInverse } = pair
  const publicKey = provider.openRsaPublicKey({ modulus, publicExponent })
  const forms = [
    ['plain', provider.openRsaPrivateKey({ modulus, privateExponent })],
    ['CRT', provider.openRsaPrivateKey({ p, q, dp, dq, qInverse })],
  ] as const
  const lengthBytes = modulus.length

  describe('RSA', () => {
    test.each([0, 256, 504, 511, 513, 1032, 4112, 8192, 1024.5, Number.NaN])('makes no key of %d bits', (bits) => {
      refuses('CRYPTO_UNSUPPORTED', () => provider.generateRsaKeyPair(bits, 65_537))
    })

    test.each([-3, 0, 1, 2, 65_536, 2 ** 32 + 1, 3.5])('makes no key with the exponent %d', (exponent) => {
      refuses('CRYPTO_BAD_PUBLIC_KEY', () => provider.generateRsaKeyPair(1024, exponent))
    })

    test('refuses public keys that are none', () => {
      const open = (modulus: Uint8Array, publicExponent: Uint8Array) => () =>
        provider.openRsaPublicKey({ modulus, publicExponent })
      const even = Uint8Array.from(modulus)
      even[lengthBytes - 1]! &= 0xfe
      refuses('CRYPTO_UNSUPPORTED', open(even, publicExponent))
      refuses('CRYPTO_UNSUPPORTED', open(new Uint8Array(), publicExponent))
      refuses('CRYPTO_UNSUPPORTED', open(new Uint8Array(128), publicExponent))
      refuses(
        'CRYPTO_UNSUPPORTED',
        open(
          modulus.subarray(0, 32).map((byte) => byte | 1),
          publicExponent,
        ),
      )
      refuses('CRYPTO_UNSUPPORTED', open(new Uint8Array(513).fill(255), publicExponent))
      refuses('CRYPTO_BAD_KEY_LENGTH', open(new Uint8Array(10_000).fill(255), publicExponent))
      for (const exponent of [[], [0], [1], [2], [1, 0]]) {
        refuses('CRYPTO_BAD_PUBLIC_KEY', open(modulus, Uint8Array.from(exponent)))
      }
      refuses('CRYPTO_BAD_PUBLIC_KEY', open(modulus, modulus))
    })

    test('refuses private keys whose parts do not belong together', () => {
      for (const exponent of [new Uint8Array(), Uint8Array.of(1), Uint8Array.of(4), modulus]) {
        refuses('CRYPTO_BAD_PRIVATE_KEY', () => provider.openRsaPrivateKey({ modulus, privateExponent: exponent }))
      }
      const parts = { p, q, dp, dq, qInverse }
      for (const part of ['p', 'q', 'dp', 'dq', 'qInverse'] as const) {
        const changed = Uint8Array.from(parts[part])
        changed[changed.length - 1]! ^= 4
        refuses('CRYPTO_BAD_PRIVATE_KEY', () => provider.openRsaPrivateKey({ ...parts, [part]: changed }))
        refuses('CRYPTO_BAD_PRIVATE_KEY', () => provider.openRsaPrivateKey({ ...parts, [part]: new Uint8Array() }))
      }
      refuses('CRYPTO_BAD_PRIVATE_KEY', () => provider.openRsaPrivateKey({ ...parts, q: p }))
    })

    test('refuses bare blocks that are no number below the modulus', () => {
      for (const key of [publicKey, ...forms.map(([, key]) => key)]) {
        refuses('CRYPTO_OUT_OF_RANGE', () => key.transform(modulus))
        refuses('CRYPTO_OUT_OF_RANGE', () => key.transform(new Uint8Array(lengthBytes).fill(255)))
        refuses('CRYPTO_BAD_DATA_LENGTH', () => key.transform(new Uint8Array(lengthBytes - 1)))
        refuses('CRYPTO_BAD_DATA_LENGTH', () => key.transform(new Uint8Array(lengthBytes + 1)))
      }
    })

    test('refuses messages and digests that do not fit', () => {
      refuses('CRYPTO_BAD_DATA_LENGTH', () => publicKey.encrypt({ padding: 'pkcs1' }, new Uint8Array(lengthBytes - 10)))
      const oaep = { padding: 'oaep', hash: 'sha256' } as const
      refuses('CRYPTO_BAD_DATA_LENGTH', () => publicKey.encrypt(oaep, new Uint8Array(lengthBytes - 65)))
      for (const [, key] of forms) {
        refuses('CRYPTO_BAD_DATA_LENGTH', () =>
          key.signDigest({ padding: 'pkcs1', hash: 'sha256' }, new Uint8Array(20)),
        )
        const tooSalty = { padding: 'pss', hash: 'sha256', saltLengthBytes: lengthBytes - 33 } as const
        refuses('CRYPTO_BAD_DATA_LENGTH', () => key.sign(tooSalty, MESSAGE))
        refuses('CRYPTO_BAD_DATA_LENGTH', () => key.sign({ ...tooSalty, saltLengthBytes: -1 }, MESSAGE))
        expect(publicKey.verify(tooSalty, MESSAGE, new Uint8Array(lengthBytes))).toBe(false)
      }
    })

    test.each(forms)('a %s key takes back what the public key did, at the edges too', (_, privateKey) => {
      const minusOne = Uint8Array.from(modulus)
      minusOne[lengthBytes - 1]!--
      const two = new Uint8Array(lengthBytes)
      two[lengthBytes - 1] = 2
      const one = two.map((byte) => byte >> 1)
      const random = provider.randomBytes(lengthBytes)
      random[0] = 0
      for (const block of [new Uint8Array(lengthBytes), one, two, minusOne, random]) {
        expect(privateKey.transform(publicKey.transform(block))).toEqual(block)
        expect(publicKey.transform(privateKey.transform(block))).toEqual(block)
      }
    })

    test.each(forms)('a %s key signs; another message, a cut or a flipped bit is wrong', (_, privateKey) => {
      for (const scheme of SIGNATURES) {
        const signature = privateKey.sign(scheme, MESSAGE)
        const digest = provider.hash(scheme.hash, MESSAGE)
        expect(publicKey.verify(scheme, MESSAGE, signature)).toBe(true)
        expect(publicKey.verifyDigest(scheme, digest, privateKey.signDigest(scheme, digest))).toBe(true)
        expect(publicKey.verify(scheme, fromAscii('simple'), signature)).toBe(false)
        expect(publicKey.verify(scheme, MESSAGE, signature.subarray(1))).toBe(false)
        expect(publicKey.verify(scheme, MESSAGE, concatBytes(Uint8Array.of(0), signature))).toBe(false)
        for (let bit = 0; bit < 8 * signature.length; bit += 37) {
          const flipped = Uint8Array.from(signature)
          flipped[bit >> 3]! ^= 1 << (bit & 7)
          expect(publicKey.verify(scheme, MESSAGE, flipped)).toBe(false)
        }
      }
    })

    test('a PSS signature is wrong for another salt length, hash or mask', () => {
      const [, privateKey] = forms[1]
      const signature = privateKey.sign({ padding: 'pss', hash: 'sha256' }, MESSAGE)
      const isRight = (change: { hash?: HashName; mgfHash?: HashName; saltLengthBytes?: number }) =>
        publicKey.verify({ padding: 'pss', hash: 'sha256', ...change }, MESSAGE, signature)
      expect([isRight({}), isRight({ saltLengthBytes: 32 })]).toEqual([true, true])
      expect([isRight({ saltLengthBytes: 31 }), isRight({ mgfHash: 'sha1' }), isRight({ hash: 'sha3-256' })]).toEqual([
        false,
        false,
        false,
      ])
    })

    test.each(forms)('a %s key decrypts; what was changed on the way gives nothing', (_, privateKey) => {
      for (const scheme of ENCRYPTIONS) {
        for (const message of [new Uint8Array(), MESSAGE]) {
          const ciphertext = publicKey.encrypt(scheme, message)
          expect(publicKey.encrypt(scheme, message)).not.toEqual(ciphertext)
          expect(privateKey.decrypt(scheme, ciphertext)).toEqual(message)
          expect(privateKey.decrypt(scheme, ciphertext.subarray(1))).toBeUndefined()
          expect(privateKey.decrypt(scheme, modulus)).toBeUndefined()
        }
      }
      const oaep = { padding: 'oaep', hash: 'sha1' } as const
      const ciphertext = publicKey.encrypt(oaep, MESSAGE)
      expect(privateKey.decrypt({ ...oaep, label: Uint8Array.of(1) }, ciphertext)).toBeUndefined()
      expect(privateKey.decrypt({ ...oaep, hash: 'sha512' }, ciphertext)).toBeUndefined()
      // A block that carries no padding at all.
      expect(privateKey.decrypt({ padding: 'pkcs1' }, publicKey.transform(new Uint8Array(lengthBytes)))).toBeUndefined()
    })

    test('a key pair it makes is one, with the exponent asked for', () => {
      const made = provider.generateRsaKeyPair(512, 3)
      expect([made.modulus.length, made.publicExponent]).toEqual([64, Uint8Array.of(3)])
      expect(made.modulus[0]! & 0x80).toBe(0x80)
      const block = new Uint8Array(64).fill(1)
      const back = provider.openRsaPrivateKey(made).transform(provider.openRsaPublicKey(made).transform(block))
      expect(back).toEqual(block)
    })
  })

  describe('modular power', () => {
    test('refuses moduli of other sizes, even ones, and operands that are not smaller', () => {
      const number = Uint8Array.of(2)
      for (const bad of [
        new Uint8Array(),
        new Uint8Array(15).fill(255),
        new Uint8Array(513).fill(255),
        new Uint8Array(64),
      ]) {
        refuses('CRYPTO_UNSUPPORTED', () => provider.modularPower(number, number, bad))
      }
      refuses('CRYPTO_OUT_OF_RANGE', () => provider.modularPower(modulus, number, modulus))
      refuses('CRYPTO_OUT_OF_RANGE', () => provider.modularPower(number, modulus, modulus))
      refuses('CRYPTO_OUT_OF_RANGE', () => provider.modularPower(new Uint8Array(5000), number, modulus))
    })

    test('is what RSA does', () => {
      const block = concatBytes(Uint8Array.of(0), provider.randomBytes(lengthBytes - 1))
      expect(provider.modularPower(block, publicExponent, modulus)).toEqual(publicKey.transform(block))
      expect(provider.modularPower(block, privateExponent, modulus)).toEqual(forms[0][1].transform(block))
    })

    test.each([
      [0, 0, 1],
      [0, 5, 0],
      [7, 0, 1],
      [7, 1, 7],
      [1, 9, 1],
      [2, 10, 1024],
    ])('%d to the power of %d is %d', (base, exponent, power) => {
      const result = provider.modularPower(Uint8Array.of(base), Uint8Array.of(exponent), modulus)
      expect(result).toEqual(concatBytes(new Uint8Array(lengthBytes - 2), Uint8Array.of(power >> 8, power)))
    })
  })
}
