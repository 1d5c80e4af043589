import { fromHex, toHex } from '@gridcard/bytes'
import { nobleCrypto } from '@gridcard/crypto/noble'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { type Answer, NativeObjects } from '../../test/native-objects.ts'
import { VmFixture } from '../../test/vm-fixture.ts'

const crypto = (reason: number): Answer => ({ thrown: 'CryptoException', reason })
const ILLEGAL_VALUE = crypto(1)
const ILLEGAL_USE = crypto(5)
const DECRYPT = 1
const ENCRYPT = 2

const BUILD_KEY = 'javacard/security/KeyBuilder.buildKey(BSZ)Ljavacard/security/Key;'
const CIPHER = 'javacardx/crypto/Cipher.getInstance(BZ)Ljavacardx/crypto/Cipher;'
const INIT = 'init(Ljavacard/security/Key;B)V'
const INIT_IV = 'init(Ljavacard/security/Key;B[BSS)V'
const UPDATE = 'update([BSS[BS)S'
const DO_FINAL = 'doFinal([BSS[BS)S'

function key(api: NativeObjects, type: 3 | 15, bytes: Uint8Array): number {
  const handle = api.value(api.callStatic(BUILD_KEY, type, bytes.length * 8, 0))
  api.value(api.call(handle, 'setKey([BS)V', api.array(bytes), 0))
  return handle
}

const AES_KEY = fromHex('2B7E151628AED2A6ABF7158809CF4F3C')
const PLAIN = '6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E51'

describe.each([
  ['node', nodeCrypto],
  ['noble', nobleCrypto],
] as const)('ciphers over %s', (_, provider) => {
  // NIST SP 800-38A F.5.1 and F.3.13
  it.each([
    [
      'CTR',
      -16,
      'F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF',
      '874D6191B620E3261BEF6864990DB6CE9806F66B7970FDFF8617187BB9FFFDFF',
    ],
    ['CFB', 28, '000102030405060708090A0B0C0D0E0F', '3B3FD92EB72DAD20333449F8E83CFB4AC8A64537A0B3A93FCDE3CDAD9F1CE58B'],
  ])('%s gives as many bytes as it takes, cut anywhere, both ways', (_name, algorithm, iv, expected) => {
    for (let cut = 0; cut <= 32; cut++) {
      const api = new NativeObjects(new VmFixture({ crypto: provider }))
      const cipher = api.value(api.callStatic(CIPHER, algorithm, 0))
      const [data, out] = [api.array(fromHex(PLAIN)), api.array(32)]
      for (const [mode, from, to] of [
        [ENCRYPT, data, out],
        [DECRYPT, out, data],
      ] as const) {
        api.value(api.call(cipher, INIT_IV, key(api, 15, AES_KEY), mode, api.array(fromHex(iv)), 0, 16))
        expect(api.call(cipher, UPDATE, from, 0, cut, to, 0)).toEqual({ value: cut })
        expect(api.call(cipher, DO_FINAL, from, cut, 32 - cut, to, cut)).toEqual({ value: 32 - cut })
        expect(toHex(api.bytes(out))).toBe(expected)
      }
      expect(toHex(api.bytes(data))).toBe(PLAIN)
    }
  })

  it('counts on over the end of a byte', () => {
    const api = new NativeObjects(new VmFixture({ crypto: provider }))
    const cipher = api.value(api.callStatic(CIPHER, -16, 0))
    const iv = new Uint8Array(16).fill(0xff)
    api.value(api.call(cipher, INIT_IV, key(api, 15, AES_KEY), ENCRYPT, api.array(iv), 0, 16))
    const [data, out] = [api.array(48), api.array(48)]
    api.value(api.call(cipher, UPDATE, data, 0, 17, out, 0))
    api.value(api.call(cipher, DO_FINAL, data, 17, 31, out, 17))
    expect(api.bytes(out)).toEqual(nodeCrypto.aesCtr(AES_KEY, iv, new Uint8Array(48)))
  })

  it('DES ECB gives the classic vector', () => {
    const api = new NativeObjects(new VmFixture({ crypto: provider }))
    const cipher = api.value(api.callStatic(CIPHER, 5, 0))
    api.value(api.call(cipher, INIT, key(api, 3, fromHex('133457799BBCDFF1')), ENCRYPT))
    const data = api.array(fromHex('0123456789ABCDEF'))
    api.value(api.call(cipher, DO_FINAL, data, 0, 8, data, 0))
    expect(toHex(api.bytes(data))).toBe('85E813540F0AB405')
    expect(api.call(cipher, INIT, key(api, 15, AES_KEY), ENCRYPT)).toEqual(ILLEGAL_VALUE)
  })

  it.each([2, 3, 4, 6, 7, 8, 22, 23, 24, 25, 26, 27])('algorithm %i pads, and takes off what can be', (algorithm) => {
    const type = algorithm < 9 ? 3 : 15
    const block = type === 3 ? 8 : 16
    const isMethod1 = [2, 6, 22, 25].includes(algorithm)
    for (const length of [0, 1, block - 1, block, block + 1, 3 * block]) {
      for (const cut of [0, 1, block, length]) {
        if (cut > length) continue
        const api = new NativeObjects(new VmFixture({ crypto: provider }))
        const cipher = api.value(api.callStatic(CIPHER, algorithm, 0))
        const handle = key(
          api,
          type,
          new Uint8Array(16).map((_byte, i) => i),
        )
        const message = new Uint8Array(length).fill(0xa5)
        const [data, out, back] = [api.array(message), api.array(5 * block), api.array(5 * block)]
        api.value(api.call(cipher, INIT, handle, ENCRYPT))
        const first = api.value(api.call(cipher, UPDATE, data, 0, cut, out, 0))
        const total = first + api.value(api.call(cipher, DO_FINAL, data, cut, length - cut, out, first))
        expect(total).toBe(isMethod1 ? Math.ceil(length / block) * block : (Math.floor(length / block) + 1) * block)
        api.value(api.call(cipher, INIT, handle, DECRYPT))
        const at = api.value(api.call(cipher, UPDATE, out, 0, total, back, 0))
        const plain = at + api.value(api.call(cipher, DO_FINAL, out, total, 0, back, at))
        expect(plain).toBe(isMethod1 ? total : length)
        expect(api.bytes(back).subarray(0, length)).toEqual(message)
      }
    }
  })

  it('says so when the padding is wrong, or the data are no blocks', () => {
    for (const algorithm of [3, 4, 23, 24]) {
      const api = new NativeObjects(new VmFixture({ crypto: provider }))
      const cipher = api.value(api.callStatic(CIPHER, algorithm, 0))
      const handle = key(api, algorithm < 9 ? 3 : 15, new Uint8Array(16).fill(1))
      const data = api.array(32)
      api.value(api.call(cipher, INIT, handle, DECRYPT))
      expect(api.call(cipher, DO_FINAL, data, 0, 32, data, 0)).toEqual(ILLEGAL_USE)
      expect(api.call(cipher, DO_FINAL, data, 0, 31, data, 0)).toEqual(ILLEGAL_USE)
      expect(api.call(cipher, DO_FINAL, data, 0, 0, data, 0)).toEqual(ILLEGAL_USE)
    }
  })
})
