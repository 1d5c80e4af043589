import { fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import type { CryptoProvider } from '../src/index.ts'
import { refuses } from './refuses.ts'

const NONE = new Uint8Array()

export function keyDerivationSuite(provider: CryptoProvider): void {
  describe('key derivation', () => {
    test.each([-1, 0.5, 65_537])('refuses to derive %d bytes', (length) => {
      refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.hkdfExpand('sha256', NONE, NONE, length))
      refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.tls12Prf('sha256', NONE, '', NONE, length))
      refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.x963Kdf('sha256', NONE, NONE, length))
      refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.concatenationKdf('sha256', NONE, NONE, length))
    })

    test('HKDF with SHA-256, RFC 5869 A.1', () => {
      const pseudorandomKey = provider.hkdfExtract(
        'sha256',
        fromHex('000102030405060708090A0B0C'),
        new Uint8Array(22).fill(0x0b),
      )
      expect(toHex(provider.hkdfExpand('sha256', pseudorandomKey, fromHex('F0F1F2F3F4F5F6F7F8F9'), 42))).toBe(
        '3CB25F25FAACD57A90434F64D0362F2A2D2D0A90CF1A5A4C5DB02D56ECC4C5BF34007208D5B887185865',
      )
    })

    test('TLS 1.2 PRF with SHA-256, as published on the list of the TLS working group', () => {
      const secret = fromHex('9BBE436BA940F017B17652849A71DB35')
      const seed = fromHex('A0BA9F936CDA311827A6F796FFD5198C')
      expect(toHex(provider.tls12Prf('sha256', secret, 'test label', seed, 100))).toBe(
        'E3F229BA727BE17B8D122620557CD453C2AAB21D07C3D495329B52D4E61EDB5A6B301791E90D35C9C9A46B4E14BAF9AF0FA022F7077DEF17ABFD3797C0564BAB4FBC91666E9DEF9B97FCE34F796789BAA48082D122EE42C5A72E5A5110FFF70187347B66',
      )
    })

    test.each([
      ['sha1', '1C7D7B5F0597B03D06A018466ED1A93E30ED4B04DC64CCDD', 'BF71DFFD8F4D99223936BEB46FEE8CCC'],
      ['sha256', '96C05619D56C328AB95FE84B18264B08725B85E33FD34F08', '443024C3DAE66B95E6F5670601558F71'],
    ] as const)('ANSI X9.63 with %s, NIST CAVP', (hash, sharedSecret, key) => {
      expect(toHex(provider.x963Kdf(hash, fromHex(sharedSecret), NONE, 16))).toBe(key)
    })

    test('concatenation KDF, from a trace of the British metering system', () => {
      const z = fromHex('ED342441DF01551A6BEAFF3B54ADC981F4C6A7E71DFF4C3E1CC80B3C9F4E5AC0')
      const otherInfo = fromHex('60857406080300 90B3D51F30010000 090100000000000003F1 00DB1234567890A0')
      expect(toHex(provider.concatenationKdf('sha256', z, otherInfo, 16))).toBe('C8CD6080B3186E2BCC15E63F0828779A')
    })

    test('more than a digest goes on with the next block', () => {
      const [z, info] = [Uint8Array.of(1, 2, 3), Uint8Array.of(4)]
      const second = provider.hash('sha1', Uint8Array.of(0, 0, 0, 2, 1, 2, 3, 4))
      expect(provider.concatenationKdf('sha1', z, info, 30).slice(20)).toEqual(second.slice(0, 10))
      expect(provider.x963Kdf('sha1', z, info, 30).slice(20)).toEqual(
        provider.hash('sha1', Uint8Array.of(1, 2, 3, 0, 0, 0, 2, 4)).slice(0, 10),
      )
    })
  })
}
