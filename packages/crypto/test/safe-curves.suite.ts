import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import {
  type CryptoProvider,
  type EddsaCurve,
  eddsaKeyLengthBytes,
  type XdhCurve,
  xdhKeyLengthBytes,
} from '../src/index.ts'
import { refuses } from './refuses.ts'

const XDH = Object.entries(xdhKeyLengthBytes) as [XdhCurve, number][]
const EDDSA = Object.entries(eddsaKeyLengthBytes) as [EddsaCurve, number][]

export function safeCurvesSuite(provider: CryptoProvider): void {
  describe('the curves of RFC 7748 and RFC 8032', () => {
    test.each(XDH)('%s refuses keys of other lengths than %d', (curve, length) => {
      const key = provider.randomBytes(length)
      for (const bad of [new Uint8Array(), new Uint8Array(length - 1), new Uint8Array(length + 1)]) {
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.xdhPublicKey(curve, bad))
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.xdh(curve, bad, key))
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.xdh(curve, key, bad))
      }
    })

    test.each(XDH)('%s refuses points of small order', (curve, length) => {
      const zero = new Uint8Array(length)
      const one = Uint8Array.from(zero, (_, i) => (i === 0 ? 1 : 0))
      for (const point of [zero, one]) {
        refuses('CRYPTO_BAD_PUBLIC_KEY', () => provider.xdh(curve, provider.randomBytes(length), point))
      }
    })

    test.each(EDDSA)('%s refuses keys of other lengths than %d', (curve, length) => {
      for (const bad of [new Uint8Array(), new Uint8Array(length - 1), new Uint8Array(length + 1)]) {
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.eddsaPublicKey(curve, bad))
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.eddsaSign(curve, bad, bad))
        refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.eddsaVerify(curve, bad, bad, bad))
      }
    })

    test.each(EDDSA)('%s: what is signed is verified, and not with any bit of it flipped', (curve, length) => {
      const privateKey = provider.randomBytes(length)
      const publicKey = provider.eddsaPublicKey(curve, privateKey)
      const message = provider.randomBytes(40)
      const signature = provider.eddsaSign(curve, privateKey, message)
      for (let bit = 0; bit < 8 * signature.length; bit += 5) {
        const flipped = Uint8Array.from(signature)
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        expect(provider.eddsaVerify(curve, publicKey, message, flipped)).toBe(false)
      }
      for (const cut of [0, 1, signature.length - 1]) {
        expect(provider.eddsaVerify(curve, publicKey, message, signature.subarray(0, cut))).toBe(false)
      }
      expect(provider.eddsaVerify(curve, publicKey, message.subarray(1), signature)).toBe(false)
      expect(provider.eddsaVerify(curve, publicKey, message, signature)).toBe(true)
    })

    test.each([
      ['X25519', '09', '422C8E7A6227D7BCA1350B3E2BB7279F7897B87BB6854B783C60E80311AE3079'],
      [
        'X448',
        '05',
        '3F482C8A9F19B01E6C46EE9711D9DC14FD4BF67AF30765C2AE2B846A4D23A8CD0DB897086239492CAF350B51F833868B9BC2B3BCA9CF4113',
      ],
    ] as const)('%s of the base point with itself as the scalar, RFC 7748 §5.2', (curve, base, result) => {
      const point = fromHex(base.padEnd(2 * xdhKeyLengthBytes[curve], '0'))
      expect(toHex(provider.xdh(curve, point, point))).toBe(result)
      expect(toHex(provider.xdhPublicKey(curve, point))).toBe(result)
    })

    test('Ed25519 as RFC 8032 §7.1 prints it, test 1', () => {
      const privateKey = fromHex('9D61B19DEFFD5A60BA844AF492EC2CC44449C5697B326919703BAC031CAE7F60')
      expect(toHex(provider.eddsaPublicKey('Ed25519', privateKey))).toBe(
        'D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A',
      )
      expect(toHex(provider.eddsaSign('Ed25519', privateKey, new Uint8Array()))).toBe(
        'E5564300C360AC729086E2CC806E828A84877F1EB8E5D974D873E065224901555FB8821590A33BACC61E39701CF9B46BD25BF5F0595BBE24655141438E7A100B',
      )
    })

    test.each(XDH)('%s: both sides agree', (curve, length) => {
      const [a, b] = [provider.randomBytes(length), provider.randomBytes(length)]
      expect(provider.xdh(curve, a, provider.xdhPublicKey(curve, b))).toEqual(
        provider.xdh(curve, b, provider.xdhPublicKey(curve, a)),
      )
    })
  })
}
