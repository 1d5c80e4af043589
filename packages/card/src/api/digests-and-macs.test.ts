import { fromHex, toHex } from '@gridcard/bytes'
import { nobleCrypto } from '@gridcard/crypto/noble'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { type Answer, NativeObjects } from '../../test/native-objects.ts'
import { VmFixture } from '../../test/vm-fixture.ts'

const crypto = (reason: number): Answer => ({ thrown: 'CryptoException', reason })
const ILLEGAL_VALUE = crypto(1)
const UNINITIALIZED_KEY = crypto(2)
const NO_SUCH_ALGORITHM = crypto(3)
const INVALID_INIT = crypto(4)
const ILLEGAL_USE = crypto(5)

const PROVIDERS = [
  ['node', nodeCrypto],
  ['noble', nobleCrypto],
] as const

const BUILD_KEY = 'javacard/security/KeyBuilder.buildKey(BSZ)Ljavacard/security/Key;'
const DIGEST = 'javacard/security/MessageDigest.getInstance(BZ)Ljavacard/security/MessageDigest;'
const INITIALIZED =
  'javacard/security/MessageDigest.getInitializedMessageDigestInstance(BZ)Ljavacard/security/InitializedMessageDigest;'
const SIGNATURE = 'javacard/security/Signature.getInstance(BZ)Ljavacard/security/Signature;'
const SIGNATURE_OF = 'javacard/security/Signature.getInstance(BBBZ)Ljavacard/security/Signature;'
const CHECKSUM = 'javacard/security/Checksum.getInstance(BZ)Ljavacard/security/Checksum;'
const RANDOM = 'javacard/security/RandomData.getInstance(B)Ljavacard/security/RandomData;'
const DO_FINAL = 'doFinal([BSS[BS)S'
const INIT = 'init(Ljavacard/security/Key;B)V'
const INIT_WITH = 'init(Ljavacard/security/Key;B[BSS)V'
const SIGN = 'sign([BSS[BS)S'
const VERIFY = 'verify([BSS[BSS)Z'
const SET_INITIAL = 'setInitialDigest([BSS[BSS)V'

const ascii = (text: string) => new TextEncoder().encode(text)

/** FIPS 180-4, FIPS 202, RFC 1321 and the RIPEMD-160 paper: the digest of "abc". */
const ABC: readonly [number, string][] = [
  [1, 'A9993E364706816ABA3E25717850C26C9CD0D89D'],
  [2, '900150983CD24FB0D6963F7D28E17F72'],
  [3, '8EB208F7E05D987A9B044A8E98C6B087F15A0BFC'],
  [4, 'BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD'],
  [5, 'CB00753F45A35E8BB5A03D699AC65007272C32AB0EDED1631A8B605A43FF5BED8086072BA1E7CC2358BAECA134C825A7'],
  [
    6,
    'DDAF35A193617ABACC417349AE20413112E6FA4E89A97EA20A9EEEE64B55D39A2192992A274FC1A836BA3C23A3FEEBBD454D4423643CE80E2A9AC94FA54CA49F',
  ],
  [7, '23097D223405D8228642A477BDA255B32AADBCE4BDA0B3F7E36C9DA7'],
  [8, 'E642824C3F8CF24AD09234EE7D3C766FC9A3A5168D0C94AD73B46FDF'],
  [9, '3A985DA74FE225B2045C172D6BD390BD855F086E3E9D525B46BFE24511431532'],
  [10, 'EC01498288516FC926459F58E2C6AD8DF9B473CB0FC08C2596DA7CF0E49BE4B298D88CEA927AC7F539F1EDF228376D25'],
  [
    11,
    'B751850B1A57168A5693CD924B6B096E08F621827444F70D884F5D0240D2712E10E116E9192AF3C91A7EC57647E3934057340B4CF408D5A56592F8274EEC53F0',
  ],
]

describe.each(PROVIDERS)('MessageDigest over %s', (_, provider) => {
  it.each([0, 12, -1])('has no algorithm %i', (algorithm) => {
    const api = new NativeObjects()
    expect(api.callStatic(DIGEST, algorithm, 0)).toEqual(NO_SUCH_ALGORITHM)
    expect(api.callStatic(INITIALIZED, algorithm, 0)).toEqual(NO_SUCH_ALGORITHM)
  })

  it.each(ABC)('algorithm %i hashes abc, in one piece, in parts and again', (algorithm, expected) => {
    const api = new NativeObjects(new VmFixture({ crypto: provider }))
    const digest = api.value(api.callStatic(DIGEST, algorithm, 0))
    const length = expected.length / 2
    expect(api.call(digest, 'getLength()B')).toEqual({ value: length })
    expect(api.call(digest, 'getAlgorithm()B')).toEqual({ value: algorithm })
    const out = api.array(length)
    for (const cut of [0, 1, 3, 0]) {
      api.value(api.call(digest, 'update([BSS)V', api.array(ascii('abc')), 0, cut))
      const answer = api.call(digest, DO_FINAL, api.array(ascii('abc')), cut, 3 - cut, out, 0)
      expect(answer).toEqual({ value: length })
      expect(toHex(api.bytes(out))).toBe(expected)
    }
  })

  it('writes nothing without room, and goes on afterwards', () => {
    const api = new NativeObjects(new VmFixture({ crypto: provider }))
    const digest = api.value(api.callStatic(DIGEST, 1, 0))
    const abc = api.array(ascii('abc'))
    const short = api.array(19)
    expect(api.call(digest, DO_FINAL, abc, 0, 3, short, 0)).toEqual({ thrown: 'ArrayIndexOutOfBoundsException' })
    expect(api.call(digest, DO_FINAL, abc, 2, 2, short, 0)).toEqual({ thrown: 'ArrayIndexOutOfBoundsException' })
    expect(api.call(digest, 'update([BSS)V', 0, 0, 0)).toEqual({ thrown: 'NullPointerException' })
    const out = api.array(20)
    api.value(api.call(digest, DO_FINAL, abc, 0, 3, out, 0))
    expect(toHex(api.bytes(out))).toBe(ABC[0]![1])
  })

  it('forgets what it was given at reset, its own and the card’s', () => {
    const api = new NativeObjects(new VmFixture({ crypto: provider }))
    const digest = api.value(api.callStatic(DIGEST, 4, 0))
    const abc = api.array(ascii('abc'))
    const out = api.array(32)
    for (const reset of [() => api.call(digest, 'reset()V'), () => api.vm.jcre.sessions.clear()]) {
      api.value(api.call(digest, 'update([BSS)V', abc, 0, 3))
      reset()
      api.value(api.call(digest, DO_FINAL, abc, 0, 3, out, 0))
      expect(toHex(api.bytes(out))).toBe(ABC[3]![1])
    }
  })
})

describe.each(PROVIDERS)('InitializedMessageDigest over %s', (_, provider) => {
  it('has no SHA-3: a sponge has no such state', () => {
    for (const algorithm of [8, 9, 10, 11]) {
      expect(new NativeObjects().callStatic(INITIALIZED, algorithm, 0)).toEqual(NO_SUCH_ALGORITHM)
    }
  })

  it('refuses what is no state', () => {
    const api = new NativeObjects(new VmFixture({ crypto: provider }))
    const digest = api.value(api.callStatic(INITIALIZED, 4, 0))
    const state = api.array(33)
    const count = (hex: string) => api.array(fromHex(hex))
    expect(api.call(digest, SET_INITIAL, state, 0, 31, count('40'), 0, 1)).toEqual(ILLEGAL_VALUE)
    expect(api.call(digest, SET_INITIAL, state, 0, 33, count('40'), 0, 1)).toEqual(ILLEGAL_VALUE)
    expect(api.call(digest, SET_INITIAL, state, 0, 32, count('00'), 0, 1)).toEqual(ILLEGAL_VALUE)
    expect(api.call(digest, SET_INITIAL, state, 0, 32, count('41'), 0, 1)).toEqual(ILLEGAL_VALUE)
    expect(api.call(digest, SET_INITIAL, state, 0, 32, count('FFFFFFFFFFFFFFC0'), 0, 8)).toEqual(ILLEGAL_VALUE)
  })

  it('goes on where another card stood', () => {
    const message = new Uint8Array(200).map((_, i) => i)
    const first = provider.createResumableHash('sha256')
    first.update(message.subarray(0, 128))
    const { chainingValue } = first.state()
    const api = new NativeObjects(new VmFixture({ crypto: provider }))
    const digest = api.value(api.callStatic(INITIALIZED, 4, 0))
    api.value(api.call(digest, SET_INITIAL, api.array(chainingValue), 0, 32, api.array(fromHex('0080')), 0, 2))
    const out = api.array(32)
    api.value(api.call(digest, DO_FINAL, api.array(message), 128, 72, out, 0))
    expect(api.bytes(out)).toEqual(nodeCrypto.sha256(message))
    api.value(api.call(digest, DO_FINAL, api.array(message), 0, 0, out, 0))
    expect(api.bytes(out)).toEqual(nodeCrypto.sha256(new Uint8Array()))
  })
})

describe('Checksum', () => {
  const CHECK = ascii('123456789')

  it('has two algorithms', () => {
    for (const algorithm of [0, 3])
      expect(new NativeObjects().callStatic(CHECKSUM, algorithm, 0)).toEqual(NO_SUCH_ALGORITHM)
  })

  // The catalogue of parametrised CRC algorithms: CRC-16/GENIBUS and CRC-32/ISO-HDLC.
  it.each([
    ['CRC16 from FFFF', 1, 'FFFF', 'D64E'],
    ['CRC32 from FFFFFFFF', 2, 'FFFFFFFF', 'CBF43926'],
  ])('%s, whole and in parts; then from zero', (_, algorithm, start, expected) => {
    const api = new NativeObjects()
    const checksum = api.value(api.callStatic(CHECKSUM, algorithm, 0))
    const length = start.length / 2
    const wrong = api.call(checksum, 'init([BSS)V', api.array(8), 0, length + 1)
    expect(wrong).toEqual(ILLEGAL_VALUE)
    const out = api.array(length)
    const zero = api.array(length)
    api.value(api.call(checksum, DO_FINAL, api.array(CHECK), 0, 9, zero, 0))
    for (const cut of [0, 4, 9]) {
      api.value(api.call(checksum, 'init([BSS)V', api.array(fromHex(start)), 0, length))
      api.value(api.call(checksum, 'update([BSS)V', api.array(CHECK), 0, cut))
      expect(api.call(checksum, DO_FINAL, api.array(CHECK), cut, 9 - cut, out, 0)).toEqual({ value: length })
      expect(toHex(api.bytes(out))).toBe(expected)
      api.value(api.call(checksum, DO_FINAL, api.array(CHECK), 0, 9, out, 0))
      expect(api.bytes(out)).toEqual(api.bytes(zero))
    }
  })
})

describe('RandomData with a seed', () => {
  it('gives the bytes of HMAC_DRBG: the k of RFC 6979 A.2.5 from its seed', () => {
    const api = new NativeObjects()
    const seed = api.array(
      fromHex(
        'C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721AF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF',
      ),
    )
    for (const algorithm of [1, 4]) {
      const random = api.value(api.callStatic(RANDOM, algorithm))
      const out = api.array(32)
      for (const time of ['once', 'again']) {
        api.value(api.call(random, 'setSeed([BSS)V', seed, 0, 64))
        api.value(api.call(random, 'generateData([BSS)V', out, 0, 32))
        expect(toHex(api.bytes(out)), time).toBe('A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60')
      }
      api.value(api.call(random, 'generateData([BSS)V', out, 0, 32))
      expect(toHex(api.bytes(out))).not.toBe('A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60')
    }
  })
})

const TYPE = { des: 3, aes: 15, hmac: 21 } as const

function key(api: NativeObjects, kind: keyof typeof TYPE, hex: string): number {
  const bytes = fromHex(hex)
  const size = kind === 'hmac' ? 64 : bytes.length * 8
  const handle = api.value(api.callStatic(BUILD_KEY, TYPE[kind], size, 0))
  const [setter, rest] =
    kind === 'hmac' ? (['setKey([BSS)V', [bytes.length]] as const) : (['setKey([BS)V', []] as const)
  api.value(api.call(handle, setter, api.array(bytes), 0, ...rest))
  return handle
}

interface MacCase {
  readonly algorithm: number
  readonly kind: keyof typeof TYPE
  readonly key: string
  readonly message: string
  readonly mac: string
}

const CMAC_KEY = '2B7E151628AED2A6ABF7158809CF4F3C'
const MACS: readonly (readonly [string, MacCase])[] = [
  [
    'CMAC SP 800-38B D.1',
    { algorithm: 49, kind: 'aes', key: CMAC_KEY, message: '', mac: 'BB1D6929E95937287FA37D129B756746' },
  ],
  [
    'CMAC D.1, a block',
    {
      algorithm: 49,
      kind: 'aes',
      key: CMAC_KEY,
      message: '6BC1BEE22E409F96E93D7E117393172A',
      mac: '070A16B46B4D4144F79BDD9DD04A287C',
    },
  ],
  [
    'CMAC D.1, 40 bytes',
    {
      algorithm: 49,
      kind: 'aes',
      key: CMAC_KEY,
      message: '6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E5130C81C46A35CE411',
      mac: 'DFA66747DE9AE63030CA32611497C827',
    },
  ],
  [
    'HMAC SHA-256 RFC 4231 2',
    {
      algorithm: 25,
      kind: 'hmac',
      key: '4A656665',
      message: toHex(ascii('what do ya want for nothing?')),
      mac: '5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843',
    },
  ],
  [
    'HMAC SHA-1 RFC 2202 2',
    {
      algorithm: 24,
      kind: 'hmac',
      key: '4A656665',
      message: toHex(ascii('what do ya want for nothing?')),
      mac: 'EFFCDF6AE5EB2FA2D27416D5F184DF9C259A7C79',
    },
  ],
  // FIPS 113 appendix: "7654321 Now is the time for " with zeros behind.
  [
    'DES MAC4 FIPS 113',
    {
      algorithm: 3,
      kind: 'des',
      key: '0123456789ABCDEF',
      message: '37363534333231204E6F77206973207468652074696D6520666F7220',
      mac: 'F1D30F68',
    },
  ],
  // ICAO 9303-11 D.4: the MAC of EXTERNAL AUTHENTICATE.
  [
    'DES MAC8 algorithm 3 ICAO 9303',
    {
      algorithm: 20,
      kind: 'des',
      key: '7962D9ECE03D1ACD4C76089DCE131543',
      message: '72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2',
      mac: '5F1448EEA8AD90A7',
    },
  ],
  // NIST SP 800-38A F.2.1: the last block of CBC, with zeros as IV the first block's XOR.
  [
    'AES MAC SP 800-38A F.1.1',
    {
      algorithm: 18,
      kind: 'aes',
      key: CMAC_KEY,
      message: '6BC1BEE22E409F96E93D7E117393172A',
      mac: '3AD77BB40D7A3660A89ECAF32466EF97',
    },
  ],
]

describe.each(PROVIDERS)('MACs over %s', (_, provider) => {
  it.each(MACS)(
    '%s: signed and verified, cut anywhere, after a reset',
    (_name, { algorithm, kind, key: keyHex, message, mac }) => {
      const bytes = fromHex(message)
      const length = mac.length / 2
      const api = new NativeObjects(new VmFixture({ crypto: provider }))
      const signature = api.value(api.callStatic(SIGNATURE, algorithm, 0))
      const handle = key(api, kind, keyHex)
      const data = api.array(bytes)
      const out = api.array(length)
      api.value(api.call(signature, INIT, handle, 1))
      expect(api.call(signature, 'getLength()S')).toEqual({ value: length })
      expect(api.call(signature, 'getAlgorithm()B')).toEqual({ value: algorithm })
      for (const cut of [0, 1, 8, 16, bytes.length]) {
        if (cut > bytes.length) continue
        api.value(api.call(signature, 'update([BSS)V', data, 0, cut))
        expect(api.call(signature, SIGN, data, cut, bytes.length - cut, out, 0)).toEqual({ value: length })
        expect(toHex(api.bytes(out))).toBe(mac)
        api.value(api.call(signature, 'update([BSS)V', data, 0, cut))
        api.vm.jcre.sessions.clear()
      }
      expect(api.call(signature, VERIFY, data, 0, 0, out, 0, length)).toEqual(INVALID_INIT)
      api.value(api.call(signature, INIT, handle, 2))
      expect(api.call(signature, SIGN, data, 0, 0, out, 0)).toEqual(INVALID_INIT)
      expect(api.call(signature, VERIFY, data, 0, bytes.length, out, 0, length)).toEqual({ value: 1 })
      expect(api.call(signature, VERIFY, data, 0, bytes.length, out, 0, length - 1)).toEqual({ value: 0 })
      const wrong = api.array(fromHex(mac).map((byte, i) => (i === 0 ? byte ^ 1 : byte)))
      expect(api.call(signature, VERIFY, data, 0, bytes.length, wrong, 0, length)).toEqual({ value: 0 })
    },
  )
})

describe('Signature', () => {
  it.each([0, 32, 50])('has no algorithm %i', (algorithm) => {
    expect(new NativeObjects().callStatic(SIGNATURE, algorithm, 0)).toEqual(NO_SUCH_ALGORITHM)
  })

  it('comes by digest, cipher and padding, too', () => {
    const api = new NativeObjects()
    for (const wrong of [
      [0, 5, 1],
      [4, 5, 1],
      [4, 1, 1],
      [0, 6, 5],
      [12, 3, 7],
      [4, 3, 1],
    ] as const) {
      expect(api.callStatic(SIGNATURE_OF, ...wrong, 0), String(wrong)).toEqual(NO_SUCH_ALGORITHM)
    }
    const found = api.value(api.callStatic(SIGNATURE_OF, 9, 9, 0, 0))
    expect(api.call(found, 'getAlgorithm()B')).toEqual({ value: 0 })
    expect(api.call(found, 'getMessageDigestAlgorithm()B')).toEqual({ value: 9 })
    expect(api.call(found, 'getCipherAlgorithm()B')).toEqual({ value: 9 })
    expect(api.call(found, 'getPaddingAlgorithm()B')).toEqual({ value: 0 })
    expect(api.call(api.value(api.callStatic(SIGNATURE_OF, 0, 2, 5, 0)), 'getAlgorithm()B')).toEqual({ value: 20 })
  })

  it('refuses work before init, and inits it cannot serve', () => {
    const api = new NativeObjects()
    const data = api.array(32)
    const mac = api.value(api.callStatic(SIGNATURE, 18, 0))
    expect(api.call(mac, 'update([BSS)V', data, 0, 1)).toEqual(INVALID_INIT)
    expect(api.call(mac, 'getLength()S')).toEqual(INVALID_INIT)
    expect(api.call(mac, INIT, key(api, 'aes', CMAC_KEY), 3)).toEqual(ILLEGAL_VALUE)
    expect(api.call(mac, INIT, key(api, 'des', CMAC_KEY), 1)).toEqual(ILLEGAL_VALUE)
    expect(api.call(mac, INIT, api.value(api.callStatic(BUILD_KEY, 15, 128, 0)), 1)).toEqual(UNINITIALIZED_KEY)
    expect(api.call(mac, INIT_WITH, key(api, 'aes', CMAC_KEY), 1, data, 0, 8)).toEqual(ILLEGAL_VALUE)
    const hmac = api.value(api.callStatic(SIGNATURE, 25, 0))
    expect(api.call(hmac, INIT_WITH, key(api, 'hmac', '01'), 1, data, 0, 8)).toEqual(ILLEGAL_VALUE)
    const retail = api.value(api.callStatic(SIGNATURE, 20, 0))
    expect(api.call(retail, INIT, key(api, 'des', '0123456789ABCDEF'), 1)).toEqual(ILLEGAL_VALUE)
  })

  it('without padding wants whole blocks, one at least', () => {
    const api = new NativeObjects()
    const mac = api.value(api.callStatic(SIGNATURE, 18, 0))
    api.value(api.call(mac, INIT, key(api, 'aes', CMAC_KEY), 1))
    const data = api.array(32)
    expect(api.call(mac, SIGN, data, 0, 15, data, 0)).toEqual(ILLEGAL_USE)
    expect(api.call(mac, SIGN, data, 0, 0, data, 0)).toEqual(ILLEGAL_USE)
    expect(api.call(mac, SIGN, data, 0, 16, data, 17)).toEqual({ thrown: 'ArrayIndexOutOfBoundsException' })
  })

  it('of a MAC takes no digest made elsewhere', () => {
    const api = new NativeObjects()
    const mac = api.value(api.callStatic(SIGNATURE, 25, 0))
    api.value(api.call(mac, INIT, key(api, 'hmac', '01'), 1))
    const data = api.array(64)
    expect(api.call(mac, 'signPreComputedHash([BSS[BS)S', data, 0, 32, data, 0)).toEqual(ILLEGAL_USE)
    expect(api.call(mac, SET_INITIAL, data, 0, 32, data, 0, 2)).toEqual(ILLEGAL_USE)
  })

  it('has no key after a clear event took it', () => {
    const api = new NativeObjects()
    const transient = api.value(api.callStatic(BUILD_KEY, 20, 64, 0))
    api.value(api.call(transient, 'setKey([BSS)V', api.array(20), 0, 20))
    const mac = api.value(api.callStatic(SIGNATURE, 25, 0))
    api.value(api.call(mac, INIT, transient, 1))
    api.vm.jcre.clearOnDeselect(api.vm.jcre.machine.contextOf[api.owner]!)
    const data = api.array(32)
    expect(api.call(mac, 'update([BSS)V', data, 0, 1)).toEqual(UNINITIALIZED_KEY)
    expect(api.call(mac, SIGN, data, 0, 1, data, 0)).toEqual(UNINITIALIZED_KEY)
    expect(api.call(mac, 'getLength()S')).toEqual(UNINITIALIZED_KEY)
  })
})
