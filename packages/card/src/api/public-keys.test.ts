import { createPublicKey, publicEncrypt, verify } from 'node:crypto'
import { fromHex, toHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nobleCrypto } from '@gridcard/crypto/noble'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { type Answer, NativeObjects } from '../../test/native-objects.ts'
import { RSA_4096 } from '../../test/rsa-4096.ts'
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
const PAIR = 'javacard/security/KeyPair'
const SIGNATURE = 'javacard/security/Signature.getInstance(BZ)Ljavacard/security/Signature;'
const AGREEMENT = 'javacard/security/KeyAgreement.getInstance(BZ)Ljavacard/security/KeyAgreement;'
const CIPHER = 'javacardx/crypto/Cipher.getInstance(BZ)Ljavacardx/crypto/Cipher;'
const CIPHER_OF = 'javacardx/crypto/Cipher.getInstance(BBZ)Ljavacardx/crypto/Cipher;'
const INIT = 'init(Ljavacard/security/Key;B)V'
const SIGN = 'sign([BSS[BS)S'
const VERIFY = 'verify([BSS[BSS)Z'
const SIGN_HASH = 'signPreComputedHash([BSS[BS)S'
const VERIFY_HASH = 'verifyPreComputedHash([BSS[BSS)Z'
const DO_FINAL = 'doFinal([BSS[BS)S'
const SECRET = 'generateSecret([BSS[BS)S'

const P256 = ecDomain('P-256')
// RFC 6979 A.2.5
const S = 'C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721'
const W =
  '0460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299'
const SAMPLE = new TextEncoder().encode('sample')
const SAMPLE_SIGNATURE =
  'EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8'

const SAMPLE_SHA512_SIGNATURE =
  '8496A60B5E9B47C825488827E0495B0E3FA109EC4568FD3F8D1097678EB97F002362AB1ADBE2B8ADF9CB9EDAB740EA6049C028114F2460F96554F61FAE3302FE'

const fixture = (provider = nodeCrypto) =>
  new NativeObjects(
    new VmFixture({
      crypto: provider,
      profile: {
        name: 'keys',
        nvSizeBytes: 65536,
        ramSizeBytes: 8192,
        commitCapacityBytes: 512,
        atr: fromHex('3B8001'),
      },
    }),
  )

const set = (api: NativeObjects, key: number, setter: string, bytes: Uint8Array) =>
  api.call(key, `${setter}([BSS)V`, api.array(bytes), 0, bytes.length)

function ecKey(api: NativeObjects, type: 11 | 12 | 30, value?: string, domain = P256): number {
  const key = api.value(api.callStatic(BUILD_KEY, type, 256, 0))
  const { p, a, b, g, order } = domain
  for (const [setter, bytes] of [
    ['setFieldFP', p],
    ['setA', a],
    ['setB', b],
    ['setG', g],
    ['setR', order],
  ] as const) {
    api.value(set(api, key, setter, bytes))
  }
  if (value) api.value(set(api, key, type === 11 ? 'setW' : 'setS', fromHex(value)))
  return key
}

/** An object with a constructor of the API. */
function newPair(api: NativeObjects, descriptor: string, ...args: number[]): { pair: number; answer: Answer } {
  const { jcre } = api.vm
  jcre.machine.owner = api.owner
  const pair = jcre.machine.newObject(jcre.natives.requireClass(PAIR))
  return { pair, answer: api.callStatic(`${PAIR}.<init>${descriptor}V`, pair, ...args) }
}

describe('EC keys', () => {
  it('refuse parts of a wrong length or form, and other fields', () => {
    const api = fixture()
    const key = ecKey(api, 11)
    for (const setter of ['setFieldFP', 'setA', 'setB', 'setG', 'setR', 'setW']) {
      expect(set(api, key, setter, new Uint8Array(0)), setter).toEqual(ILLEGAL_VALUE)
      expect(set(api, key, setter, new Uint8Array(66)), setter).toEqual(ILLEGAL_VALUE)
    }
    for (const bad of [`02${W.slice(2)}`, `04${W.slice(2, 66)}`, `05${W.slice(2)}`]) {
      expect(set(api, key, 'setW', fromHex(bad))).toEqual(ILLEGAL_VALUE)
    }
    expect(api.call(key, 'setK(S)V', 0)).toEqual(ILLEGAL_VALUE)
    expect(api.call(key, 'setFieldF2M(S)V', 9)).toEqual(NO_SUCH_ALGORITHM)
    expect(api.call(key, 'setFieldF2M(SSS)V', 1, 2, 3)).toEqual(NO_SUCH_ALGORITHM)
  })

  it('tell nothing before it is set, are initialised by all parts but K, and forget all when cleared', () => {
    const api = fixture()
    const key = ecKey(api, 11)
    const out = api.array(65)
    expect(api.call(key, 'getW([BS)S', out, 0)).toEqual(UNINITIALIZED_KEY)
    expect(api.call(key, 'getK()S')).toEqual(UNINITIALIZED_KEY)
    expect(api.call(key, 'isInitialized()Z')).toEqual({ value: 0 })
    api.value(set(api, key, 'setW', fromHex(W)))
    expect(api.call(key, 'isInitialized()Z')).toEqual({ value: 1 })
    expect(api.call(key, 'getW([BS)S', out, 0)).toEqual({ value: 65 })
    expect(toHex(api.bytes(out))).toBe(W)
    api.value(api.call(key, 'clearKey()V'))
    expect(api.call(key, 'isInitialized()Z')).toEqual({ value: 0 })
    expect(api.call(key, 'getField([BS)S', out, 0)).toEqual(UNINITIALIZED_KEY)
  })

  it('join a transaction', () => {
    const api = fixture()
    const key = ecKey(api, 12, S)
    api.vm.jcre.memory.begin()
    api.value(set(api, key, 'setS', new Uint8Array(32).fill(1)))
    api.vm.jcre.memory.abort()
    const out = api.array(32)
    api.value(api.call(key, 'getS([BS)S', out, 0))
    expect(toHex(api.bytes(out))).toBe(S)
  })

  it('copy a domain that is complete', () => {
    const api = fixture()
    const copy = 'copyDomainParametersFrom(Ljavacard/security/ECKey;)V'
    const empty = api.value(api.callStatic(BUILD_KEY, 12, 256, 0))
    const other = api.value(api.callStatic(BUILD_KEY, 12, 384, 0))
    expect(api.call(ecKey(api, 11), copy, empty)).toEqual(UNINITIALIZED_KEY)
    expect(api.call(other, copy, ecKey(api, 11))).toEqual(ILLEGAL_VALUE)
    api.value(api.call(empty, copy, ecKey(api, 11)))
    api.value(set(api, empty, 'setS', fromHex(S)))
    expect(api.call(empty, 'isInitialized()Z')).toEqual({ value: 1 })
  })

  it('in CLEAR_ON_RESET memory are not in the image', () => {
    const api = fixture()
    ecKey(api, 30, S)
    expect(toHex(api.vm.jcre.memory.image())).not.toContain(S)
  })
})

describe.each(PROVIDERS)('ECDSA over %s', (_, provider) => {
  it('verifies RFC 6979 A.2.5, plain, and refuses everything else', () => {
    const api = fixture(provider)
    const get = 'javacard/security/Signature.getInstance(BBBZ)Ljavacard/security/Signature;'
    const ecdsa = api.value(api.callStatic(get, 4, 9, 0, 0))
    const data = api.array(SAMPLE)
    const signature = api.array(fromHex(SAMPLE_SIGNATURE))
    api.value(api.call(ecdsa, INIT, ecKey(api, 11, W), 2))
    expect(api.call(ecdsa, VERIFY, data, 0, 6, signature, 0, 64)).toEqual({ value: 1 })
    expect(api.call(ecdsa, VERIFY, data, 0, 5, signature, 0, 64)).toEqual({ value: 0 })
    expect(api.call(ecdsa, VERIFY, data, 0, 6, signature, 0, 63)).toEqual({ value: 0 })
    const hash = api.array(nodeCrypto.sha256(SAMPLE))
    expect(api.call(ecdsa, VERIFY_HASH, hash, 0, 32, signature, 0, 64)).toEqual({ value: 1 })
    expect(api.call(ecdsa, VERIFY_HASH, hash, 0, 31, signature, 0, 64)).toEqual(ILLEGAL_USE)
    expect(api.call(ecdsa, SIGN, data, 0, 6, signature, 0)).toEqual(INVALID_INIT)
  })

  it.each([17, 33, 34, 37, 38])(
    'algorithm %i signs what it verifies, in parts, and digests made elsewhere',
    (algorithm) => {
      const api = fixture(provider)
      const ecdsa = api.value(api.callStatic(SIGNATURE, algorithm, 0))
      const data = api.array(SAMPLE)
      const out = api.array(80)
      const [privateKey, publicKey] = [ecKey(api, 12, S), ecKey(api, 11, W)]
      expect(api.call(ecdsa, INIT, publicKey, 1)).toEqual(ILLEGAL_VALUE)
      expect(api.call(ecdsa, INIT, ecKey(api, 12), 1)).toEqual(UNINITIALIZED_KEY)
      api.value(api.call(ecdsa, INIT, privateKey, 1))
      expect(api.call(ecdsa, 'getLength()S')).toEqual({ value: 72 })
      api.value(api.call(ecdsa, 'update([BSS)V', data, 0, 2))
      const length = api.value(api.call(ecdsa, SIGN, data, 2, 4, out, 0))
      api.value(api.call(ecdsa, INIT, publicKey, 2))
      expect(api.call(ecdsa, VERIFY, data, 0, 6, out, 0, length)).toEqual({ value: 1 })
      expect(api.call(ecdsa, VERIFY, data, 0, 6, out, 0, length - 1)).toEqual({ value: 0 })
      const digestLength = { 17: 20, 33: 32, 34: 48, 37: 28, 38: 64 }[algorithm]!
      const hash = api.array(new Uint8Array(digestLength).fill(7))
      api.value(api.call(ecdsa, INIT, privateKey, 1))
      const signed = api.value(api.call(ecdsa, SIGN_HASH, hash, 0, digestLength, out, 0))
      api.value(api.call(ecdsa, INIT, publicKey, 2))
      expect(api.call(ecdsa, VERIFY_HASH, hash, 0, digestLength, out, 0, signed)).toEqual({ value: 1 })
    },
  )

  it('without a hash takes a digest as it is, of SHA-256 or longer, in parts, too; other lengths are refused', () => {
    const api = fixture(provider)
    const get = 'javacard/security/Signature.getInstance(BBBZ)Ljavacard/security/Signature;'
    const raw = api.value(api.callStatic(get, 0, 9, 0, 0))
    const [privateKey, publicKey] = [ecKey(api, 12, S), ecKey(api, 11, W)]
    expect(api.call(raw, INIT, publicKey, 1)).toEqual(ILLEGAL_VALUE)
    expect(api.call(raw, INIT, ecKey(api, 11, `${W.slice(0, -2)}98`), 2)).toEqual(ILLEGAL_VALUE)
    api.value(api.call(raw, INIT, publicKey, 2))
    const signature = api.array(fromHex(SAMPLE_SIGNATURE))
    const hash = api.array(nodeCrypto.sha256(SAMPLE))
    expect(api.call(raw, VERIFY, api.array(SAMPLE), 0, 6, signature, 0, 64)).toEqual(ILLEGAL_USE)
    expect(api.call(raw, VERIFY_HASH, hash, 0, 32, signature, 0, 64)).toEqual(ILLEGAL_USE)
    api.value(api.call(raw, INIT, publicKey, 2))
    expect(api.call(raw, VERIFY, hash, 0, 32, signature, 0, 63)).toEqual({ value: 0 })
    api.value(api.call(raw, 'update([BSS)V', hash, 0, 5))
    expect(api.call(raw, VERIFY, hash, 5, 27, signature, 0, 64)).toEqual({ value: 1 })
    // RFC 6979 A.2.5, SHA-512: of its digest the leftmost 256 bits count.
    const long = api.array(fromHex(SAMPLE_SHA512_SIGNATURE))
    const longHash = api.array(nodeCrypto.hash('sha512', SAMPLE))
    expect(api.call(raw, VERIFY, longHash, 0, 64, long, 0, 64)).toEqual({ value: 1 })
    expect(api.call(raw, VERIFY, longHash, 0, 32, long, 0, 64)).toEqual({ value: 1 })
    expect(api.call(raw, VERIFY, longHash, 1, 32, long, 0, 64)).toEqual({ value: 0 })
    api.value(api.call(raw, INIT, privateKey, 1))
    const out = api.array(64)
    expect(api.call(raw, SIGN, hash, 0, 31, out, 0)).toEqual(ILLEGAL_USE)
    api.value(api.call(raw, INIT, privateKey, 1))
    expect(api.call(raw, SIGN, hash, 0, 32, out, 0)).toEqual({ value: 64 })
    const hashed = api.value(api.callStatic(get, 4, 9, 0, 0))
    api.value(api.call(hashed, INIT, publicKey, 2))
    expect(api.call(hashed, VERIFY, api.array(SAMPLE), 0, 6, out, 0, 64)).toEqual({ value: 1 })
    const many = api.array(new Uint8Array(1025))
    api.value(api.call(raw, INIT, publicKey, 2))
    expect(api.call(raw, VERIFY, many, 0, 1025, signature, 0, 64)).toEqual(ILLEGAL_USE)
  })

  it('refuses keys that are none', () => {
    const api = fixture(provider)
    const ecdsa = api.value(api.callStatic(SIGNATURE, 33, 0))
    expect(api.call(ecdsa, INIT, ecKey(api, 12, '00'.repeat(32)), 1)).toEqual(ILLEGAL_VALUE)
    expect(api.call(ecdsa, INIT, ecKey(api, 11, `${W.slice(0, -2)}98`), 2)).toEqual(ILLEGAL_VALUE)
    const wrong = { ...P256, b: P256.a }
    expect(api.call(ecdsa, INIT, ecKey(api, 12, S, wrong), 1)).toEqual(ILLEGAL_VALUE)
  })
})

describe.each(PROVIDERS)('KeyAgreement over %s', (_, provider) => {
  // NIST CAVP ECC CDH primitive, P-256, count 0
  const PRIVATE = '7D7DC5F71EB29DDAF80D6214632EEAE03D9058AF1FB6D22ED80BADB62BC1A534'
  const PEER =
    '04700C48F77F56584C5CC632CA65640DB91B6BACCE3A4DF6B42CE7CC838833D287DB71E509E3FD9B060DDB20BA5C51DCC5948D46FBF640DFE0441782CAB85FA4AC'
  const X = '46FC62106420FF012E54A434FBDD2D25CCC5852060561E68040DD7778997BD7B'

  it.each([0, 9, 10])('has no algorithm %i', (algorithm) => {
    expect(fixture().callStatic(AGREEMENT, algorithm, 0)).toEqual(NO_SUCH_ALGORITHM)
  })

  it('wants an init, a private key, a cofactor for DHC, and a point', () => {
    const api = fixture(provider)
    const plain = api.value(api.callStatic(AGREEMENT, 3, 0))
    const out = api.array(65)
    const init = 'init(Ljavacard/security/PrivateKey;)V'
    expect(api.call(plain, SECRET, out, 0, 65, out, 0)).toEqual(INVALID_INIT)
    expect(api.call(plain, init, ecKey(api, 11, W))).toEqual(ILLEGAL_VALUE)
    expect(api.call(plain, init, ecKey(api, 12))).toEqual(UNINITIALIZED_KEY)
    api.value(api.call(plain, init, ecKey(api, 12, PRIVATE)))
    expect(api.call(plain, SECRET, out, 0, 65, out, 0)).toEqual(ILLEGAL_VALUE)
    const cofactor = api.value(api.callStatic(AGREEMENT, 4, 0))
    expect(api.call(cofactor, init, ecKey(api, 12, PRIVATE))).toEqual(UNINITIALIZED_KEY)
  })

  it.each([
    [1, toHex(nodeCrypto.hash('sha1', fromHex(X)))],
    [2, toHex(nodeCrypto.hash('sha1', fromHex(X)))],
    [3, X],
    [4, X],
    [6, `04${X}`],
  ])('algorithm %i gives the secret of the NIST vector', (algorithm, expected) => {
    const api = fixture(provider)
    const agreement = api.value(api.callStatic(AGREEMENT, algorithm, 0))
    const key = ecKey(api, 12, PRIVATE)
    api.value(api.call(key, 'setK(S)V', 1))
    api.value(api.call(agreement, 'init(Ljavacard/security/PrivateKey;)V', key))
    const out = api.array(65)
    const length = api.value(api.call(agreement, SECRET, api.array(fromHex(PEER)), 0, 65, out, 0))
    expect(length).toBe(algorithm === 6 ? 65 : expected.length / 2)
    expect(toHex(api.bytes(out))).toContain(expected)
  })
})

describe.each(PROVIDERS)('KeyPair over %s', (_, provider) => {
  it('makes keys of one algorithm and size only', () => {
    const api = fixture(provider)
    for (const [algorithm, bits] of [
      [0, 256],
      [3, 1000],
      [4, 163],
      [5, 255],
      [5, 128],
      [1, 500],
    ] as const) {
      expect(newPair(api, '(BS)', algorithm, bits).answer).toEqual(NO_SUCH_ALGORITHM)
    }
    const keys = '(Ljavacard/security/PublicKey;Ljavacard/security/PrivateKey;)'
    const other = api.value(api.callStatic(BUILD_KEY, 12, 384, 0))
    expect(newPair(api, keys, ecKey(api, 11), other).answer).toEqual(ILLEGAL_VALUE)
    expect(newPair(api, keys, ecKey(api, 11), 0).answer).toEqual({ thrown: 'NullPointerException' })
  })

  it('generates EC keys on the default curve that sign and verify', () => {
    const api = fixture(provider)
    const { pair } = newPair(api, '(BS)', 5, 256)
    const publicKey = api.value(api.call(pair, 'getPublic()Ljavacard/security/PublicKey;'))
    const privateKey = api.value(api.call(pair, 'getPrivate()Ljavacard/security/PrivateKey;'))
    expect(api.call(publicKey, 'isInitialized()Z')).toEqual({ value: 0 })
    api.value(api.call(pair, 'genKeyPair()V'))
    const ecdsa = api.value(api.callStatic(SIGNATURE, 33, 0))
    const [data, out] = [api.array(SAMPLE), api.array(80)]
    api.value(api.call(ecdsa, INIT, privateKey, 1))
    const length = api.value(api.call(ecdsa, SIGN, data, 0, 6, out, 0))
    api.value(api.call(ecdsa, INIT, publicKey, 2))
    expect(api.call(ecdsa, VERIFY, data, 0, 6, out, 0, length)).toEqual({ value: 1 })
  })
})

describe.each(PROVIDERS)('RSA over %s', (_, provider) => {
  const made = nodeCrypto.generateRsaKeyPair(1024, 65537)

  function keys(api: NativeObjects, isCrt: boolean) {
    const publicKey = api.value(api.callStatic(BUILD_KEY, 4, 1024, 0))
    api.value(set(api, publicKey, 'setModulus', made.modulus))
    api.value(set(api, publicKey, 'setExponent', made.publicExponent))
    const privateKey = api.value(api.callStatic(BUILD_KEY, isCrt ? 6 : 5, 1024, 0))
    const parts = isCrt
      ? ([
          ['setP', made.p],
          ['setQ', made.q],
          ['setDP1', made.dp],
          ['setDQ1', made.dq],
          ['setPQ', made.qInverse],
        ] as const)
      : ([
          ['setModulus', made.modulus],
          ['setExponent', made.privateExponent],
        ] as const)
    for (const [setter, bytes] of parts) {
      expect(api.call(privateKey, 'isInitialized()Z')).toEqual({ value: 0 })
      api.value(set(api, privateKey, setter, bytes))
    }
    expect(api.call(privateKey, 'isInitialized()Z')).toEqual({ value: 1 })
    return { publicKey, privateKey }
  }

  it.each([10, 11, 13, 21, 22, 23, 39, 40, 41, 42, 43, 44, 45])(
    'signature %i: signed by both kinds of key, verified',
    (algorithm) => {
      for (const isCrt of [false, true]) {
        const api = fixture(provider)
        const { publicKey, privateKey } = keys(api, isCrt)
        const rsa = api.value(api.callStatic(SIGNATURE, algorithm, 0))
        const [data, out] = [api.array(SAMPLE), api.array(128)]
        expect(api.call(rsa, INIT, publicKey, 1)).toEqual(ILLEGAL_VALUE)
        api.value(api.call(rsa, INIT, privateKey, 1))
        expect(api.call(rsa, 'getLength()S')).toEqual({ value: 128 })
        expect(api.call(rsa, SIGN, data, 0, 6, out, 0)).toEqual({ value: 128 })
        api.value(api.call(rsa, INIT, publicKey, 2))
        expect(api.call(rsa, VERIFY, data, 0, 6, out, 0, 128)).toEqual({ value: 1 })
        expect(api.call(rsa, VERIFY, data, 0, 5, out, 0, 128)).toEqual({ value: 0 })
        expect(api.call(rsa, VERIFY, data, 0, 6, out, 0, 127)).toEqual({ value: 0 })
      }
    },
  )

  it.each([
    ['PKCS #1', 7, 7],
    ['OAEP SHA-1', 7, 9],
    ['OAEP SHA-256', 7, 14],
  ])('cipher with %s: what the public key encrypts the private one decrypts', (_name, cipherId, padding) => {
    for (const isCrt of [false, true]) {
      const api = fixture(provider)
      const { publicKey, privateKey } = keys(api, isCrt)
      const cipher = api.value(api.callStatic(CIPHER_OF, cipherId, padding, 0))
      const [data, out, back] = [api.array(SAMPLE), api.array(128), api.array(6)]
      expect(api.call(cipher, DO_FINAL, data, 0, 6, out, 0)).toEqual(INVALID_INIT)
      api.value(api.call(cipher, INIT, publicKey, 2))
      expect(api.call(cipher, DO_FINAL, api.array(126), 0, 126, out, 0)).toEqual(ILLEGAL_USE)
      expect(api.call(cipher, 'update([BSS[BS)S', data, 0, 2, out, 0)).toEqual({ value: 0 })
      expect(api.call(cipher, DO_FINAL, data, 2, 4, out, 0)).toEqual({ value: 128 })
      api.value(api.call(cipher, INIT, privateKey, 1))
      expect(api.call(cipher, DO_FINAL, out, 0, 128, back, 0)).toEqual({ value: 6 })
      expect(api.bytes(back)).toEqual(SAMPLE)
      expect(api.call(cipher, DO_FINAL, out, 0, 127, back, 0)).toEqual(ILLEGAL_USE)
    }
  })

  it('without padding squares modulo a number shorter than the key, as JCMathLib has it', () => {
    const api = fixture(provider)
    const short = BigInt(`0x${toHex(P256.p)}`)
    const modulus = fromHex('00'.repeat(32) + toHex(P256.p))
    const power = (type: 4 | 5, exponent: Uint8Array, mode: 1 | 2, block: Uint8Array) => {
      const key = api.value(api.callStatic(BUILD_KEY, type, 512, 0))
      api.value(set(api, key, 'setModulus', modulus))
      api.value(set(api, key, 'setExponent', exponent))
      const pkcs1 = api.value(api.callStatic(CIPHER, 10, 0))
      expect(api.call(pkcs1, INIT, key, mode)).toEqual(ILLEGAL_VALUE)
      const plain = api.value(api.callStatic(CIPHER, 12, 0))
      api.value(api.call(plain, INIT, key, mode))
      const out = api.array(64)
      const answer = api.call(plain, DO_FINAL, api.array(block), 0, block.length, out, 0)
      return 'value' in answer ? toHex(api.bytes(out)) : answer
    }
    const base = fromHex('00'.repeat(32) + S)
    const expected = (BigInt(`0x${S}`) ** 2n % short).toString(16).toUpperCase().padStart(128, '0')
    expect(power(5, fromHex('02'), 1, base)).toBe(expected)
    expect(power(4, fromHex('02'), 2, base)).toBe(expected)
    expect(power(5, fromHex('0000000002'), 1, base)).toBe(expected)
    expect(power(5, fromHex('02'), 1, modulus)).toEqual(ILLEGAL_USE)
    expect(power(5, fromHex('02'), 1, base.subarray(32))).toEqual(ILLEGAL_USE)
    expect(power(5, fromHex('02'), 1, new Uint8Array(64))).toBe('00'.repeat(64))
  })

  it('without padding takes a block smaller than the modulus, and nothing else; with type 1 a private key encrypts', () => {
    const api = fixture(provider)
    const { publicKey, privateKey } = keys(api, true)
    const plain = api.value(api.callStatic(CIPHER, 12, 0))
    api.value(api.call(plain, INIT, publicKey, 2))
    const out = api.array(128)
    expect(api.call(plain, DO_FINAL, api.array(127), 0, 127, out, 0)).toEqual(ILLEGAL_USE)
    expect(api.call(plain, DO_FINAL, api.array(129), 0, 129, out, 0)).toEqual(ILLEGAL_USE)
    expect(api.call(plain, DO_FINAL, api.array(made.modulus), 0, 128, out, 0)).toEqual(ILLEGAL_USE)
    const pkcs1 = api.value(api.callStatic(CIPHER, 10, 0))
    api.value(api.call(pkcs1, INIT, privateKey, 2))
    api.value(api.call(pkcs1, DO_FINAL, api.array(SAMPLE), 0, 6, out, 0))
    api.value(api.call(plain, DO_FINAL, out, 0, 128, out, 0))
    expect(toHex(api.bytes(out))).toBe(`0001${'FF'.repeat(119)}00${toHex(SAMPLE)}`)
  })
})

describe('RSA of 4096 bits', () => {
  const part = (name: keyof typeof RSA_4096) => fromHex(RSA_4096[name])
  const publicKey = createPublicKey({
    key: {
      kty: 'RSA',
      n: Buffer.from(part('modulus')).toString('base64url'),
      e: Buffer.from(part('publicExponent')).toString('base64url'),
    },
    format: 'jwk',
  })

  it.each([
    [
      'plain',
      5,
      [
        ['setModulus', 'modulus'],
        ['setExponent', 'privateExponent'],
      ],
    ],
    [
      'with the Chinese remainder theorem',
      6,
      [
        ['setP', 'p'],
        ['setQ', 'q'],
        ['setDP1', 'dp'],
        ['setDQ1', 'dq'],
        ['setPQ', 'qInverse'],
      ],
    ],
  ] as const)('%s: signs what OpenSSL verifies, and decrypts what it encrypts', (_, type, setters) => {
    const api = fixture()
    const key = api.value(api.callStatic(BUILD_KEY, type, 4096, 0))
    for (const [setter, name] of setters) api.value(set(api, key, setter, part(name)))
    const [data, out] = [api.array(SAMPLE), api.array(512)]
    const signature = api.value(api.callStatic(SIGNATURE, 40, 0))
    api.value(api.call(signature, INIT, key, 1))
    expect(api.call(signature, SIGN, data, 0, SAMPLE.length, out, 0)).toEqual({ value: 512 })
    expect(verify('sha256', SAMPLE, publicKey, api.bytes(out))).toBe(true)
    const cipher = api.value(api.callStatic(CIPHER_OF, 7, 14, 0))
    api.value(api.call(cipher, INIT, key, 1))
    const encrypted = api.array(Uint8Array.from(publicEncrypt({ key: publicKey, oaepHash: 'sha256' }, SAMPLE)))
    expect(api.call(cipher, DO_FINAL, encrypted, 0, 512, out, 0)).toEqual({ value: SAMPLE.length })
    expect(api.bytes(out).subarray(0, SAMPLE.length)).toEqual(SAMPLE)
  })
})

describe('a key longer than the commit buffer', () => {
  const modulus = new Uint8Array(512).fill(0xc3)

  it('is set and cleared outside of a transaction, and refused inside', () => {
    const api = fixture()
    const key = api.value(api.callStatic(BUILD_KEY, 4, 4096, 0))
    const out = api.array(512)
    api.value(set(api, key, 'setModulus', modulus))
    expect(api.call(key, 'getModulus([BS)S', out, 0)).toEqual({ value: 512 })
    expect(api.bytes(out)).toEqual(modulus)
    const { memory } = api.vm.jcre
    memory.begin()
    const full = { thrown: 'TransactionException', reason: 3 }
    expect(set(api, key, 'setModulus', new Uint8Array(512))).toEqual(full)
    expect(api.call(key, 'clearKey()V')).toEqual(full)
    memory.abort()
    expect(api.call(key, 'getModulus([BS)S', out, 0)).toEqual({ value: 512 })
    expect(api.bytes(out)).toEqual(modulus)
    api.value(api.call(key, 'clearKey()V'))
    expect(api.call(key, 'getModulus([BS)S', out, 0)).toEqual(UNINITIALIZED_KEY)
    expect(toHex(memory.image())).not.toContain('C3'.repeat(16))
  })
})
