import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { nobleCrypto } from '@gridcard/crypto/noble'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { type Answer, NativeObjects } from '../../test/native-objects.ts'
import { VmFixture } from '../../test/vm-fixture.ts'

const TYPE_AES = 15
const TYPE_AES_TRANSIENT_RESET = 13
const TYPE_AES_TRANSIENT_DESELECT = 14
const DECRYPT = 1
const ENCRYPT = 2
const CBC = 13
const ECB = 14
const GCM = -13

const BUILD_KEY = 'javacard/security/KeyBuilder.buildKey(BSZ)Ljavacard/security/Key;'
const GET_CIPHER = 'javacardx/crypto/Cipher.getInstance(BZ)Ljavacardx/crypto/Cipher;'
const INIT = 'init(Ljavacard/security/Key;B)V'
const INIT_IV = 'init(Ljavacard/security/Key;B[BSS)V'
const INIT_OFFLINE = 'init(Ljavacard/security/Key;B[BSSSSS)V'
const UPDATE = 'update([BSS[BS)S'
const DO_FINAL = 'doFinal([BSS[BS)S'
const UPDATE_AAD = 'updateAAD([BSS)V'
const RETRIEVE_TAG = 'retrieveTag([BSS)S'
const VERIFY_TAG = 'verifyTag([BSSS)Z'

const crypto = (reason: number): Answer => ({ thrown: 'CryptoException', reason })
const ILLEGAL_VALUE = crypto(1)
const UNINITIALIZED_KEY = crypto(2)
const NO_SUCH_ALGORITHM = crypto(3)
const INVALID_INIT = crypto(4)
const ILLEGAL_USE = crypto(5)

function aesKey(api: NativeObjects, bytes: Uint8Array | undefined, type = TYPE_AES, bits = (bytes?.length ?? 16) * 8) {
  const key = api.value(api.callStatic(BUILD_KEY, type, bits, 0))
  if (bytes) api.value(api.call(key, 'setKey([BS)V', api.array(bytes), 0))
  return key
}

describe('KeyBuilder', () => {
  it.each([
    ['an unknown type', 99, 128],
    ['a DES key of 56 bits', 3, 56],
    ['an RSA key of 1000 bits', 4, 1000],
    ['an EC key of 255 bits', 12, 255],
    ['an EC key over a binary field', 10, 163],
    ['an HMAC key of 32 bytes', 21, 32],
    ['a DSA key of 1000 bits', 8, 1000],
    ['a DH key of 8192 bits', 35, 8192],
    ['a generic secret of 9 bits', 42, 9],
    ['an SM4 key', 43, 128],
    ['an AES key of 129 bits', TYPE_AES, 129],
    ['an AES key of 1024 bits', TYPE_AES, 1024],
  ])('has no %s', (_, type, bits) => {
    expect(new NativeObjects().callStatic(BUILD_KEY, type, bits, 0)).toEqual(NO_SUCH_ALGORITHM)
  })

  it.each([TYPE_AES, TYPE_AES_TRANSIENT_RESET, TYPE_AES_TRANSIENT_DESELECT])('builds AES keys of type %i', (type) => {
    for (const bits of [128, 192, 256]) {
      const api = new NativeObjects()
      const key = aesKey(api, undefined, type, bits)
      expect(api.call(key, 'getType()B')).toEqual({ value: type })
      expect(api.call(key, 'getSize()S')).toEqual({ value: bits })
      expect(api.call(key, 'isInitialized()Z')).toEqual({ value: 0 })
    }
  })

  it('builds them by algorithm and memory, too', () => {
    const api = new NativeObjects()
    const build = 'javacard/security/KeyBuilder.buildKey(BBSZ)Ljavacard/security/Key;'
    expect(api.callStatic(build, 2, 3, 128, 0)).toEqual(NO_SUCH_ALGORITHM)
    expect(api.callStatic(build, 5, 0, 163, 0)).toEqual(NO_SUCH_ALGORITHM)
    for (const [memory, type] of [
      [0, TYPE_AES],
      [1, TYPE_AES_TRANSIENT_RESET],
      [2, TYPE_AES_TRANSIENT_DESELECT],
    ] as const) {
      const key = api.value(api.callStatic(build, 2, memory, 128, 0))
      expect(api.call(key, 'getType()B')).toEqual({ value: type })
      const memoryOf = api.callStatic('javacard/security/KeyBuilder.getMemoryType(Ljavacard/security/Key;)B', key)
      expect(memoryOf).toEqual({ value: memory })
    }
  })

  it('refuses CLEAR_ON_DESELECT keys outside of the selected context', () => {
    const api = new NativeObjects()
    api.vm.jcre.machine.selectedContext = 0
    const answer = api.callStatic(BUILD_KEY, TYPE_AES_TRANSIENT_DESELECT, 128, 0)
    expect(answer).toEqual({ thrown: 'SystemException', reason: 3 })
  })
})

describe('an AES key', () => {
  const KEY = fromHex('000102030405060708090A0B0C0D0E0F')

  it('is not given before it is set', () => {
    const api = new NativeObjects()
    expect(api.call(aesKey(api, undefined), 'getKey([BS)B', api.array(16), 0)).toEqual(UNINITIALIZED_KEY)
  })

  it('needs as many bytes as it has', () => {
    const api = new NativeObjects()
    const key = aesKey(api, undefined)
    expect(api.call(key, 'setKey([BS)V', api.array(20), 5)).toEqual({ thrown: 'ArrayIndexOutOfBoundsException' })
    expect(api.call(key, 'setKey([BS)V', 0, 0)).toEqual({ thrown: 'NullPointerException' })
    expect(api.call(key, 'isInitialized()Z')).toEqual({ value: 0 })
  })

  it('comes back as it was set, and is gone when cleared', () => {
    const api = new NativeObjects()
    const key = aesKey(api, KEY)
    const out = api.array(18)
    expect(api.call(key, 'getKey([BS)B', out, 1)).toEqual({ value: 16 })
    expect(toHex(api.bytes(out))).toBe(`00${toHex(KEY)}00`)
    api.value(api.call(key, 'clearKey()V'))
    expect(api.call(key, 'isInitialized()Z')).toEqual({ value: 0 })
    expect(toHex(api.vm.jcre.memory.image())).not.toContain(toHex(KEY))
  })

  it('joins a transaction', () => {
    const api = new NativeObjects()
    const key = aesKey(api, KEY)
    api.vm.jcre.memory.begin()
    api.value(api.call(key, 'setKey([BS)V', api.array(16), 0))
    api.vm.jcre.memory.abort()
    const out = api.array(16)
    api.value(api.call(key, 'getKey([BS)B', out, 0))
    expect(api.bytes(out)).toEqual(KEY)
  })

  it('in CLEAR_ON_RESET memory is not in the image', () => {
    const api = new NativeObjects()
    aesKey(api, KEY, TYPE_AES_TRANSIENT_RESET)
    expect(toHex(api.vm.jcre.memory.image())).not.toContain(toHex(KEY))
  })

  it('in CLEAR_ON_DESELECT memory goes with the selection', () => {
    const api = new NativeObjects()
    const key = aesKey(api, KEY, TYPE_AES_TRANSIENT_DESELECT)
    api.vm.jcre.clearOnDeselect(api.vm.jcre.machine.contextOf[api.owner]!)
    expect(api.call(key, 'isInitialized()Z')).toEqual({ value: 0 })
    api.vm.jcre.machine.selectedContext = 0
    expect(api.call(key, 'isInitialized()Z')).toEqual({ thrown: 'SecurityException' })
  })
})

describe('RandomData', () => {
  const GET = 'javacard/security/RandomData.getInstance(B)Ljavacard/security/RandomData;'

  it.each([0, 7, -1])('has no algorithm %i', (algorithm) => {
    expect(new NativeObjects().callStatic(GET, algorithm)).toEqual(NO_SUCH_ALGORITHM)
  })

  it('refuses to give nothing', () => {
    const api = new NativeObjects()
    const random = api.value(api.callStatic(GET, 2))
    expect(api.call(random, 'generateData([BSS)V', api.array(8), 0, 0)).toEqual(ILLEGAL_VALUE)
  })

  it.each([2, 3, 5, 6])('algorithm %i is the provider’s generator', (algorithm) => {
    const seeded = { ...nodeCrypto, randomBytes: (length: number) => new Uint8Array(length).fill(0xc5) }
    const api = new NativeObjects(new VmFixture({ crypto: seeded }))
    const random = api.value(api.callStatic(GET, algorithm))
    const out = api.array(8)
    expect(api.call(random, 'nextBytes([BSS)S', out, 2, 4)).toEqual({ value: 6 })
    expect(toHex(api.bytes(out))).toBe('0000C5C5C5C50000')
    expect(api.call(random, 'getAlgorithm()B')).toEqual({ value: algorithm })
    expect(api.call(random, 'setSeed([BSS)V', out, 0, 8)).toEqual({ value: 0 })
  })
})

describe('Cipher', () => {
  it.each([0, 9, 11, 16, 17, 30, -11])('has no algorithm %i', (algorithm) => {
    expect(new NativeObjects().callStatic(GET_CIPHER, algorithm, 0)).toEqual(NO_SUCH_ALGORITHM)
  })

  it('comes by cipher and padding, too', () => {
    const api = new NativeObjects()
    const get = 'javacardx/crypto/Cipher.getInstance(BBZ)Ljavacardx/crypto/Cipher;'
    expect(api.callStatic(get, 1, 0, 0)).toEqual(NO_SUCH_ALGORITHM)
    expect(api.callStatic(get, 10, 1, 0)).toEqual(NO_SUCH_ALGORITHM)
    for (const [algorithm, padding, expected] of [
      [1, 1, CBC],
      [2, 1, ECB],
      [-15, 0, GCM],
    ] as const) {
      const cipher = api.value(api.callStatic(get, algorithm, padding, 0))
      expect(api.call(cipher, 'getAlgorithm()B')).toEqual({ value: expected })
      expect(api.call(cipher, 'getCipherAlgorithm()B')).toEqual({ value: algorithm })
      expect(api.call(cipher, 'getPaddingAlgorithm()B')).toEqual({ value: padding })
    }
  })

  it('refuses work before init, and inits it cannot serve', () => {
    const api = new NativeObjects()
    const cipher = api.value(api.callStatic(GET_CIPHER, ECB, 0))
    const data = api.array(16)
    expect(api.call(cipher, UPDATE, data, 0, 16, data, 0)).toEqual(INVALID_INIT)
    expect(api.call(cipher, DO_FINAL, data, 0, 16, data, 0)).toEqual(INVALID_INIT)
    expect(api.call(cipher, INIT, aesKey(api, undefined), ENCRYPT)).toEqual(UNINITIALIZED_KEY)
    expect(api.call(cipher, INIT, aesKey(api, new Uint8Array(16)), 3)).toEqual(ILLEGAL_VALUE)
    expect(api.call(cipher, INIT, 0, ENCRYPT)).toEqual({ thrown: 'NullPointerException' })
    expect(api.call(cipher, INIT, data, ENCRYPT)).toEqual({ thrown: 'SecurityException' })
    expect(api.call(cipher, INIT_IV, aesKey(api, new Uint8Array(16)), ENCRYPT, data, 0, 16)).toEqual(ILLEGAL_VALUE)
    const cbc = api.value(api.callStatic(GET_CIPHER, CBC, 0))
    expect(api.call(cbc, INIT_IV, aesKey(api, new Uint8Array(16)), ENCRYPT, data, 0, 15)).toEqual(ILLEGAL_VALUE)
  })

  it.each([
    ['FIPS 197 C.1', '000102030405060708090A0B0C0D0E0F', '69C4E0D86A7B0430D8CDB78070B4C55A'],
    ['FIPS 197 C.2', '000102030405060708090A0B0C0D0E0F1011121314151617', 'DDA97CA4864CDFE06EAF70A0EC0D7191'],
    [
      'FIPS 197 C.3',
      '000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F',
      '8EA2B7CA516745BFEAFC49904B496089',
    ],
  ])('ECB gives %s both ways', (_, keyHex, ciphertext) => {
    const api = new NativeObjects()
    const plaintext = '00112233445566778899AABBCCDDEEFF'
    const key = aesKey(api, fromHex(keyHex))
    const cipher = api.value(api.callStatic(GET_CIPHER, ECB, 0))
    const data = api.array(fromHex(plaintext))
    api.value(api.call(cipher, INIT, key, ENCRYPT))
    expect(api.call(cipher, DO_FINAL, data, 0, 16, data, 0)).toEqual({ value: 16 })
    expect(toHex(api.bytes(data))).toBe(ciphertext)
    api.value(api.call(cipher, INIT, key, DECRYPT))
    api.value(api.call(cipher, DO_FINAL, data, 0, 16, data, 0))
    expect(toHex(api.bytes(data))).toBe(plaintext)
  })

  // NIST SP 800-38A F.2.1
  const CBC_KEY = fromHex('2B7E151628AED2A6ABF7158809CF4F3C')
  const CBC_IV = fromHex('000102030405060708090A0B0C0D0E0F')
  const CBC_PLAIN = '6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E51'
  const CBC_CIPHER = '7649ABAC8119B246CEE98E9B12E9197D5086CB9B507219EE95DB113A917678B2'

  it('CBC chains over updates cut anywhere', () => {
    for (let cut = 0; cut <= 32; cut++) {
      const api = new NativeObjects()
      const cipher = api.value(api.callStatic(GET_CIPHER, CBC, 0))
      const iv = api.array(CBC_IV)
      api.value(api.call(cipher, INIT_IV, aesKey(api, CBC_KEY), ENCRYPT, iv, 0, 16))
      const data = api.array(fromHex(CBC_PLAIN))
      const out = api.array(32)
      const first = api.value(api.call(cipher, UPDATE, data, 0, cut, out, 0))
      expect(first).toBe(cut & ~15)
      expect(api.call(cipher, DO_FINAL, data, cut, 32 - cut, out, first)).toEqual({ value: 32 - first })
      expect(toHex(api.bytes(out))).toBe(CBC_CIPHER)
      api.value(api.call(cipher, INIT_IV, aesKey(api, CBC_KEY), DECRYPT, iv, 0, 16))
      const at = api.value(api.call(cipher, UPDATE, out, 0, cut, data, 0))
      api.value(api.call(cipher, DO_FINAL, out, cut, 32 - cut, data, at))
      expect(toHex(api.bytes(data))).toBe(CBC_PLAIN)
    }
  })

  it('takes an IV of zeros after doFinal, not the one given to init', () => {
    const api = new NativeObjects()
    const cipher = api.value(api.callStatic(GET_CIPHER, CBC, 0))
    api.value(api.call(cipher, INIT_IV, aesKey(api, CBC_KEY), ENCRYPT, api.array(CBC_IV), 0, 16))
    const data = api.array(fromHex(CBC_PLAIN).subarray(0, 16))
    const out = api.array(16)
    api.value(api.call(cipher, DO_FINAL, data, 0, 16, out, 0))
    api.value(api.call(cipher, DO_FINAL, data, 0, 16, out, 0))
    expect(api.bytes(out)).toEqual(nodeCrypto.aesCbcEncrypt(CBC_KEY, new Uint8Array(16), api.bytes(data)))
  })

  it('ends only on whole blocks, and not without any data', () => {
    const api = new NativeObjects()
    const cipher = api.value(api.callStatic(GET_CIPHER, ECB, 0))
    const data = api.array(32)
    api.value(api.call(cipher, INIT, aesKey(api, CBC_KEY), ENCRYPT))
    expect(api.call(cipher, DO_FINAL, data, 0, 17, data, 0)).toEqual(ILLEGAL_USE)
    expect(api.call(cipher, DO_FINAL, data, 0, 0, data, 0)).toEqual(ILLEGAL_USE)
    expect(api.call(cipher, DO_FINAL, data, 0, 32, data, 1)).toEqual({ thrown: 'ArrayIndexOutOfBoundsException' })
    api.value(api.call(cipher, UPDATE, data, 0, 16, data, 0))
    expect(api.call(cipher, DO_FINAL, data, 0, 0, data, 0)).toEqual({ value: 0 })
  })

  it('has no key any more when a transient one is cleared', () => {
    const api = new NativeObjects()
    const cipher = api.value(api.callStatic(GET_CIPHER, ECB, 0))
    const key = aesKey(api, CBC_KEY, TYPE_AES_TRANSIENT_RESET)
    api.value(api.call(cipher, INIT, key, ENCRYPT))
    api.value(api.call(key, 'clearKey()V'))
    const data = api.array(16)
    expect(api.call(cipher, DO_FINAL, data, 0, 16, data, 0)).toEqual(UNINITIALIZED_KEY)
  })

  it('keeps key and mode over a reset', () => {
    const api = new NativeObjects()
    const cipher = api.value(api.callStatic(GET_CIPHER, ECB, 0))
    api.value(api.call(cipher, INIT, aesKey(api, CBC_KEY), ENCRYPT))
    api.vm.jcre.sessions.clear()
    const data = api.array(16, true)
    expect(api.call(cipher, DO_FINAL, data, 0, 16, data, 0)).toEqual({ value: 16 })
    expect(api.bytes(data)).toEqual(nodeCrypto.aesEcbEncrypt(CBC_KEY, new Uint8Array(16)))
  })
})

/** Green Book, security suite 0: key, system title || invocation counter, SC || AK, and what became of the request. */
const GREEN_BOOK = {
  key: fromHex('000102030405060708090A0B0C0D0E0F'),
  iv: fromHex('4D4D4D0000BC614E01234567'),
  aad: fromHex('30D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF'),
  plaintext: fromHex('C0010000080000010000FF0200'),
  ciphertext: '411312FF935A47566827C467BC',
  tag: '7D825C3BE4A77C3FCC056B6B',
}

describe.each([
  ['node', nodeCrypto],
  ['noble', nobleCrypto],
])('AEADCipher AES-GCM over the %s provider', (_, provider) => {
  const { key, iv, aad, plaintext, ciphertext, tag } = GREEN_BOOK
  const setUp = () => {
    const api = new NativeObjects(new VmFixture({ crypto: provider }))
    const cipher = api.value(api.callStatic(GET_CIPHER, GCM, 0))
    return { api, cipher, aes: aesKey(api, key), nonce: api.array(iv), header: api.array(aad) }
  }

  it('refuses what its state does not allow', () => {
    const { api, cipher, aes, nonce, header } = setUp()
    const data = api.array(16)
    expect(api.call(cipher, UPDATE_AAD, header, 0, 17)).toEqual(ILLEGAL_USE)
    expect(api.call(cipher, UPDATE, data, 0, 1, data, 0)).toEqual(INVALID_INIT)
    expect(api.call(cipher, DO_FINAL, data, 0, 1, data, 0)).toEqual(INVALID_INIT)
    expect(api.call(cipher, RETRIEVE_TAG, data, 0, 12)).toEqual(ILLEGAL_USE)
    expect(api.call(cipher, VERIFY_TAG, data, 0, 12, 12)).toEqual(ILLEGAL_USE)
    expect(api.call(cipher, INIT_OFFLINE, aes, ENCRYPT, nonce, 0, 12, 17, 13, 12)).toEqual(INVALID_INIT)
    expect(api.call(cipher, INIT_IV, aes, ENCRYPT, nonce, 0, 7)).toEqual(ILLEGAL_VALUE)
    expect(api.call(cipher, INIT_IV, aesKey(api, new Uint8Array(64)), ENCRYPT, nonce, 0, 12)).toEqual(ILLEGAL_VALUE)
    expect(api.call(cipher, INIT_IV, aes, 0, nonce, 0, 12)).toEqual(ILLEGAL_VALUE)
    expect(api.call(cipher, INIT_IV, aesKey(api, undefined), ENCRYPT, nonce, 0, 12)).toEqual(UNINITIALIZED_KEY)

    api.value(api.call(cipher, INIT_IV, aes, ENCRYPT, nonce, 0, 12))
    expect(api.call(cipher, RETRIEVE_TAG, data, 0, 12)).toEqual(ILLEGAL_USE)
    api.value(api.call(cipher, UPDATE, data, 0, 4, data, 0))
    expect(api.call(cipher, UPDATE_AAD, header, 0, 17)).toEqual(ILLEGAL_USE)
    api.value(api.call(cipher, DO_FINAL, data, 4, 4, data, 4))
    expect(api.call(cipher, VERIFY_TAG, data, 0, 12, 12)).toEqual(ILLEGAL_USE)
    expect(api.call(cipher, RETRIEVE_TAG, data, 0, 11)).toEqual(ILLEGAL_VALUE)
    expect(api.call(cipher, RETRIEVE_TAG, data, 5, 12)).toEqual({ thrown: 'ArrayIndexOutOfBoundsException' })
    expect(api.call(cipher, UPDATE, data, 0, 4, data, 0), 'a second message').toEqual(INVALID_INIT)
    expect(api.call(cipher, DO_FINAL, data, 0, 4, data, 0)).toEqual(INVALID_INIT)
    expect(api.call(cipher, UPDATE_AAD, header, 0, 17)).toEqual(ILLEGAL_USE)
    expect(api.call(cipher, RETRIEVE_TAG, data, 0, 12)).toEqual({ value: 12 })
  })

  it('protects the Green Book request, cut anywhere', () => {
    for (let cut = 0; cut <= plaintext.length; cut++) {
      const { api, cipher, aes, nonce, header } = setUp()
      const data = api.array(plaintext)
      const out = api.array(plaintext.length + 12)
      api.value(api.call(cipher, INIT_IV, aes, ENCRYPT, nonce, 0, 12))
      api.value(api.call(cipher, UPDATE_AAD, header, 0, cut))
      api.value(api.call(cipher, UPDATE_AAD, header, cut, 17 - cut))
      expect(api.call(cipher, UPDATE, data, 0, cut, out, 0)).toEqual({ value: cut })
      expect(api.call(cipher, DO_FINAL, data, cut, 13 - cut, out, cut)).toEqual({ value: 13 - cut })
      expect(api.call(cipher, RETRIEVE_TAG, out, 13, 12)).toEqual({ value: 12 })
      expect(toHex(api.bytes(out))).toBe(ciphertext + tag)
    }
  })

  it('unprotects it in place, and tells right tags from wrong ones', () => {
    const { api, cipher, aes, nonce, header } = setUp()
    const data = api.array(concatBytes(fromHex(ciphertext), fromHex(tag)))
    api.value(api.call(cipher, INIT_IV, aes, DECRYPT, nonce, 0, 12))
    api.value(api.call(cipher, UPDATE_AAD, header, 0, 17))
    api.value(api.call(cipher, UPDATE, data, 0, 5, data, 0))
    api.value(api.call(cipher, DO_FINAL, data, 5, 8, data, 5))
    expect(toHex(api.bytes(data).subarray(0, 13))).toBe(toHex(plaintext))
    expect(api.call(cipher, RETRIEVE_TAG, data, 13, 12)).toEqual(ILLEGAL_USE)
    expect(api.call(cipher, VERIFY_TAG, data, 13, 12, 16), 'fewer bytes than required').toEqual({ value: 0 })
    expect(api.call(cipher, VERIFY_TAG, data, 13, 11, 12)).toEqual(ILLEGAL_VALUE)
    expect(api.call(cipher, VERIFY_TAG, data, 13, 12, 0)).toEqual(ILLEGAL_VALUE)
    const { memory } = api.vm.jcre
    for (let bit = 0; bit < 96; bit++) {
      memory.u8[memory.addressOf(data) + 13 + (bit >> 3)]! ^= 1 << (bit & 7)
      expect(api.call(cipher, VERIFY_TAG, data, 13, 12, 12)).toEqual({ value: 0 })
      memory.u8[memory.addressOf(data) + 13 + (bit >> 3)]! ^= 1 << (bit & 7)
    }
    expect(api.call(cipher, VERIFY_TAG, data, 13, 12, 12)).toEqual({ value: 1 })
    expect(api.call(cipher, VERIFY_TAG, data, 13, 8, 8)).toEqual({ value: 1 })
  })

  it('makes a tag over additional data alone (GMAC)', () => {
    const { api, cipher, aes, nonce } = setUp()
    const text = concatBytes(Uint8Array.of(0x10), aad.subarray(1), plaintext)
    const data = api.array(text)
    api.value(api.call(cipher, INIT_IV, aes, ENCRYPT, nonce, 0, 12))
    api.value(api.call(cipher, UPDATE_AAD, data, 0, text.length))
    expect(api.call(cipher, DO_FINAL, data, 0, 0, data, 0)).toEqual({ value: 0 })
    api.value(api.call(cipher, RETRIEVE_TAG, data, 0, 12))
    expect(toHex(api.bytes(data).subarray(0, 12))).toBe('06725D910F9221D263877516')
  })

  it('takes an IV of zeros from the short init, and after a reset', () => {
    const { api, cipher, aes } = setUp()
    const out = api.array(16)
    const expected = provider.gcmSeal(key, new Uint8Array(12), new Uint8Array(), new Uint8Array(), 16)
    api.value(api.call(cipher, INIT, aes, ENCRYPT))
    for (const after of ['init', 'reset']) {
      api.value(api.call(cipher, DO_FINAL, out, 0, 0, out, 0))
      api.value(api.call(cipher, RETRIEVE_TAG, out, 0, 16))
      expect(api.bytes(out), after).toEqual(expected)
      api.vm.jcre.sessions.clear()
    }
  })
})
