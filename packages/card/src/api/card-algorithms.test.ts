import { fromHex, toHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nobleCrypto } from '@gridcard/crypto/noble'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, it } from 'vitest'
import { type Answer, NativeObjects } from '../../test/native-objects.ts'
import { VmFixture } from '../../test/vm-fixture.ts'
import { SHORT_ARRAY_TYPE } from '../vm/memory/handle-entry.ts'

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

const SECURITY = 'javacard/security'
const BUILD_KEY = `${SECURITY}/KeyBuilder.buildKey(BSZ)L${SECURITY}/Key;`
const BUILD_SHARED = `${SECURITY}/KeyBuilder.buildKeyWithSharedDomain(BBL${SECURITY}/Key;Z)L${SECURITY}/Key;`
const BUILD_XEC = `${SECURITY}/KeyBuilder.buildXECKey(L${SECURITY}/NamedParameterSpec;SZ)L${SECURITY}/Key;`
const NAMED = `${SECURITY}/NamedParameterSpec.getInstance(S)L${SECURITY}/NamedParameterSpec;`
const PAIR = `${SECURITY}/KeyPair`
const SIGNATURE = `${SECURITY}/Signature.getInstance(BZ)L${SECURITY}/Signature;`
const SIGNATURE_OF = `${SECURITY}/Signature.getInstance(BBBZ)L${SECURITY}/Signature;`
const AGREEMENT = `${SECURITY}/KeyAgreement.getInstance(BZ)L${SECURITY}/KeyAgreement;`
const CIPHER = 'javacardx/crypto/Cipher.getInstance(BZ)Ljavacardx/crypto/Cipher;'
const INIT = `init(L${SECURITY}/Key;B)V`
const INIT_IV = `init(L${SECURITY}/Key;B[BSS)V`
const INIT_OFFLINE = `init(L${SECURITY}/Key;B[BSSSSS)V`
const INIT_AGREEMENT = `init(L${SECURITY}/PrivateKey;)V`
const SIGN = 'sign([BSS[BS)S'
const VERIFY = 'verify([BSS[BSS)Z'
const UPDATE = 'update([BSS[BS)S'
const DO_FINAL = 'doFinal([BSS[BS)S'
const SECRET = 'generateSecret([BSS[BS)S'
const [DECRYPT, ENCRYPT] = [1, 2]

function fixture(provider = nodeCrypto): NativeObjects {
  const profile = {
    name: 'keys',
    nvSizeBytes: 131_072,
    ramSizeBytes: 16_384,
    commitCapacityBytes: 512,
    atr: fromHex('3B8001'),
  }
  return new NativeObjects(new VmFixture({ crypto: provider, profile }))
}

const set = (api: NativeObjects, key: number, setter: string, bytes: Uint8Array) =>
  api.call(key, `${setter}([BSS)V`, api.array(bytes), 0, bytes.length)
const build = (api: NativeObjects, type: number, size: number, encryption = 0) =>
  api.value(api.callStatic(BUILD_KEY, type, size, encryption))

function aesKey(api: NativeObjects, hex: string, encryption = 0): number {
  const bytes = fromHex(hex)
  const key = build(api, 15, bytes.length * 8, encryption)
  api.value(api.call(key, 'setKey([BS)V', api.array(bytes), 0))
  return key
}

/** What a method that writes an array answered, as hex. */
function out(api: NativeObjects, size: number, act: (array: number) => Answer): string {
  const array = api.array(size)
  const length = api.value(act(array))
  return toHex(api.bytes(array).subarray(0, length))
}

function newPair(api: NativeObjects, publicKey: number, privateKey: number): number {
  const { machine, natives } = api.vm.jcre
  machine.owner = api.owner
  const pair = machine.newObject(natives.requireClass(PAIR))
  machine.resetStack()
  const init = `${PAIR}.<init>(L${SECURITY}/PublicKey;L${SECURITY}/PrivateKey;)V`
  api.value(api.callStatic(init, pair, publicKey, privateKey))
  return pair
}

describe('AES by the length of its key, XTS and CCM', () => {
  it.each([18, 19, 20, 21])('algorithm %i takes keys of its own length only', (algorithm) => {
    const api = fixture()
    const cipher = api.value(api.callStatic(CIPHER, algorithm, 0))
    const right = algorithm < 20 ? '11'.repeat(24) : '11'.repeat(32)
    const wrong = algorithm < 20 ? '11'.repeat(32) : '11'.repeat(24)
    expect(api.call(cipher, INIT, aesKey(api, wrong), ENCRYPT)).toEqual(ILLEGAL_VALUE)
    api.value(api.call(cipher, INIT, aesKey(api, right), ENCRYPT))
    const data = api.array(16)
    const answer = out(api, 16, (array) => api.call(cipher, DO_FINAL, data, 0, 16, array, 0))
    expect(answer).toBe(toHex(nodeCrypto.aesEcbEncrypt(fromHex(right), new Uint8Array(16))))
    expect(api.call(cipher, 'getAlgorithm()B')).toEqual({ value: algorithm })
  })

  it.each([35, 36])('MAC %i, too', (algorithm) => {
    const api = fixture()
    const mac = api.value(api.callStatic(SIGNATURE, algorithm, 0))
    expect(api.call(mac, INIT, aesKey(api, '11'.repeat(16)), 1)).toEqual(ILLEGAL_VALUE)
    api.value(api.call(mac, INIT, aesKey(api, '11'.repeat(algorithm === 35 ? 24 : 32)), 1))
    expect(api.call(mac, 'getAlgorithm()B')).toEqual({ value: algorithm })
  })

  it('a key of 512 bits is for XTS alone', () => {
    const api = fixture()
    const cbc = api.value(api.callStatic(CIPHER, 13, 0))
    expect(api.call(cbc, INIT, aesKey(api, '22'.repeat(64)), ENCRYPT)).toEqual(ILLEGAL_VALUE)
    const xts = api.value(api.callStatic(CIPHER, 29, 0))
    expect(api.call(xts, INIT, aesKey(api, '22'.repeat(16)), ENCRYPT)).toEqual(ILLEGAL_VALUE)
    expect(api.call(xts, INIT, aesKey(api, '22'.repeat(64)), ENCRYPT)).toEqual({ value: 0 })
  })

  it('XTS, IEEE 1619 vector 15, in parts and back', () => {
    const api = fixture()
    const key = aesKey(api, 'FFFEFDFCFBFAF9F8F7F6F5F4F3F2F1F0BFBEBDBCBBBAB9B8B7B6B5B4B3B2B1B0')
    const tweak = api.array(fromHex(`9A78563412${'00'.repeat(11)}`))
    const xts = api.value(api.callStatic(CIPHER, 29, 0))
    const short = api.array(17)
    api.value(api.call(xts, INIT, key, ENCRYPT))
    expect(api.call(xts, DO_FINAL, short, 0, 15, short, 0)).toEqual(ILLEGAL_USE)
    expect(api.call(xts, INIT_IV, key, ENCRYPT, tweak, 0, 15)).toEqual(ILLEGAL_VALUE)
    api.value(api.call(xts, INIT_IV, key, ENCRYPT, tweak, 0, 16))
    const plaintext = fromHex('000102030405060708090A0B0C0D0E0F10')
    const data = api.array(plaintext)
    expect(api.call(xts, UPDATE, data, 0, 9, short, 0)).toEqual({ value: 0 })
    expect(out(api, 17, (array) => api.call(xts, DO_FINAL, data, 9, 8, array, 0))).toBe(
      '6C1625DB4671522D3D7599601DE7CA09ED',
    )
    api.value(api.call(xts, INIT_IV, key, DECRYPT, tweak, 0, 16))
    const sealed = api.array(fromHex('6C1625DB4671522D3D7599601DE7CA09ED'))
    expect(out(api, 17, (array) => api.call(xts, DO_FINAL, sealed, 0, 17, array, 0))).toBe(toHex(plaintext))
  })

  it.each(PROVIDERS)('CCM, RFC 3610 packet vector 1, over %s', (_, provider) => {
    const api = fixture(provider)
    const key = aesKey(api, 'C0C1C2C3C4C5C6C7C8C9CACBCCCDCECF')
    const nonce = api.array(fromHex('00000003020100A0A1A2A3A4A5'))
    const aad = api.array(fromHex('0001020304050607'))
    const plaintext = api.array(fromHex('08090A0B0C0D0E0F101112131415161718191A1B1C1D1E'))
    const ccm = api.value(api.callStatic(CIPHER, -12, 0))
    expect(api.call(ccm, INIT, key, ENCRYPT)).toEqual(INVALID_INIT)
    expect(api.call(ccm, INIT_IV, key, ENCRYPT, nonce, 0, 13)).toEqual(INVALID_INIT)
    expect(api.call(ccm, INIT_OFFLINE, key, ENCRYPT, nonce, 0, 14, 8, 23, 8)).toEqual({
      thrown: 'ArrayIndexOutOfBoundsException',
    })
    expect(api.call(ccm, INIT_OFFLINE, key, ENCRYPT, nonce, 0, 6, 8, 23, 8)).toEqual(ILLEGAL_VALUE)
    expect(api.call(ccm, INIT_OFFLINE, key, ENCRYPT, nonce, 0, 13, 8, 23, 7)).toEqual(ILLEGAL_VALUE)
    expect(api.call(ccm, DO_FINAL, aad, 0, 8, aad, 0)).toEqual(INVALID_INIT)

    api.value(api.call(ccm, INIT_OFFLINE, key, ENCRYPT, nonce, 0, 13, 8, 23, 8))
    const ciphertext = api.array(23)
    expect(api.call(ccm, UPDATE, plaintext, 0, 5, ciphertext, 0)).toEqual(ILLEGAL_USE)
    expect(api.call(ccm, 'updateAAD([BSS)V', plaintext, 0, 9)).toEqual(ILLEGAL_VALUE)
    api.value(api.call(ccm, 'updateAAD([BSS)V', aad, 0, 3))
    api.value(api.call(ccm, 'updateAAD([BSS)V', aad, 3, 5))
    expect(api.call(ccm, UPDATE, plaintext, 0, 5, ciphertext, 0)).toEqual({ value: 5 })
    expect(api.call(ccm, DO_FINAL, plaintext, 5, 17, ciphertext, 5)).toEqual(ILLEGAL_USE)
    expect(api.call(ccm, DO_FINAL, plaintext, 5, 18, ciphertext, 5)).toEqual({ value: 18 })
    expect(toHex(api.bytes(ciphertext))).toBe('588C979A61C663D2F066D0C2C0F989806D5F6B61DAC384')
    const tag = api.array(8)
    expect(api.call(ccm, 'retrieveTag([BSS)S', tag, 0, 4)).toEqual(ILLEGAL_VALUE)
    expect(api.call(ccm, 'retrieveTag([BSS)S', tag, 0, 8)).toEqual({ value: 8 })
    expect(toHex(api.bytes(tag))).toBe('17E8D12CFDF926E0')
    expect(api.call(ccm, DO_FINAL, plaintext, 0, 23, ciphertext, 0)).toEqual(INVALID_INIT)

    api.value(api.call(ccm, INIT_OFFLINE, key, DECRYPT, nonce, 0, 13, 8, 23, 8))
    api.value(api.call(ccm, 'updateAAD([BSS)V', aad, 0, 8))
    expect(out(api, 23, (array) => api.call(ccm, DO_FINAL, ciphertext, 0, 23, array, 0))).toBe(
      '08090A0B0C0D0E0F101112131415161718191A1B1C1D1E',
    )
    expect(api.call(ccm, 'verifyTag([BSSS)Z', tag, 0, 8, 8)).toEqual({ value: 1 })
    expect(api.call(ccm, 'verifyTag([BSSS)Z', aad, 0, 8, 8)).toEqual({ value: 0 })
  })
})

// RFC 8032 §7.1 test 2, §7.4 "1 octet"
const EDDSA = [
  {
    name: 0x0101,
    privateKey: '4CCD089B28FF96DA9DB6C346EC114E0F5B8A319F35ABA624DA8CF6ED4FB8A6FB',
    publicKey: '3D4017C3E843895A92B70AA74D1B7EBC9C982CCF2EC4968CC0CD55F12AF4660C',
    message: '72',
    signature:
      '92A009A9F0D4CAB8720E820B5F642540A2B27B5416503F8FB3762223EBDB69DA085AC1E43E15996E458F3613D0F11D8C387B2EAEB4302AEEB00D291612BB0C00',
  },
  {
    name: 0x0202,
    privateKey:
      'C4EAB05D357007C632F3DBB48489924D552B08FE0C353A0D4A1F00ACDA2C463AFBEA67C5E8D2877C5E3BC397A659949EF8021E954E0A12274E',
    publicKey:
      '43BA28F430CDFF456AE531545F7ECD0AC834A55D9358C0372BFA0C6C6798C0866AEA01EB00742802B8438EA4CB82169C235160627B4C3A9480',
    message: '03',
    signature:
      '26B8F91727BD62897AF15E41EB43C377EFB9C610D48F2335CB0BD0087810F4352541B143C4B981B7E18F62DE8CCDF633FC1BF037AB7CD779805E0DBCC0AAE1CBCEE1AFB2E027DF36BC04DCECBF154336C19F0AF7E0A6472905E799F1953D2A0FF3348AB21AA4ADAFD1D234441CF807C03A00',
  },
] as const

// RFC 7748 §6.1
const X25519_ALICE = '77076D0A7318A57D3C16C17251B26645DF4C2F87EBC0992AB177FBA51DB92C2A'
const X25519_BOB = 'DE9EDB7D7B7DC1B4D35B61C2ECE435373F8343C85B78674DADFC7E146F882B4F'
const X25519_SECRET = '4A5D9D5BA4CE2DE1728E3BF480350F25E07E21C947D19E3376F09B3C1E161742'

function xecKey(api: NativeObjects, name: number, isPrivate: boolean, encoded?: string): number {
  const spec = api.value(api.callStatic(NAMED, name))
  const key = api.value(api.callStatic(BUILD_XEC, spec, isPrivate ? -32_768 : 0, 0))
  if (encoded !== undefined) api.value(set(api, key, 'setEncoded', fromHex(encoded)))
  return key
}

describe.each(PROVIDERS)('XEC keys over %s', (_, provider) => {
  it('refuse names, attributes and lengths that are none', () => {
    const api = fixture(provider)
    expect(api.callStatic(NAMED, 0x0301)).toEqual(NO_SUCH_ALGORITHM)
    expect(api.callStatic(NAMED, 0x0400)).toEqual(NO_SUCH_ALGORITHM)
    const spec = api.value(api.callStatic(NAMED, 0x0103))
    expect(api.callStatic(NAMED, 0x0103)).toEqual({ value: spec })
    expect(api.callStatic(BUILD_XEC, spec, 3, 0)).toEqual(NO_SUCH_ALGORITHM)
    const key = xecKey(api, 0x0103, false)
    expect(api.call(key, 'getParams()Ljavacard/security/NamedParameterSpec;')).toEqual({ value: spec })
    expect(api.call(key, 'getType()B')).toEqual({ value: -1 })
    expect(api.call(key, 'getSize()S')).toEqual({ value: 255 })
    expect(api.call(key, 'getEncodingLength()S')).toEqual({ value: 32 })
    expect(api.call(key, 'getEncoded([BS)S', api.array(32), 0)).toEqual(UNINITIALIZED_KEY)
    for (const length of [0, 31, 33]) expect(set(api, key, 'setEncoded', new Uint8Array(length))).toEqual(ILLEGAL_VALUE)
  })

  it.each(EDDSA)('EdDSA, RFC 8032, curve $name', ({ name, privateKey, publicKey, message, signature }) => {
    const api = fixture(provider)
    const [signing, verifying] = [xecKey(api, name, true, privateKey), xecKey(api, name, false, publicKey)]
    const eddsa = api.value(api.callStatic(SIGNATURE_OF, 0, 13, 0, 0))
    expect(api.call(eddsa, INIT, verifying, 1)).toEqual(ILLEGAL_VALUE)
    expect(api.call(eddsa, INIT, xecKey(api, 0x0103, true, '09'.repeat(32)), 1)).toEqual(ILLEGAL_VALUE)
    api.value(api.call(eddsa, INIT, signing, 1))
    const data = api.array(fromHex(message))
    expect(out(api, 114, (array) => api.call(eddsa, SIGN, data, 0, 1, array, 0))).toBe(signature)
    expect(api.call(eddsa, 'getLength()S')).toEqual({ value: signature.length / 2 })
    expect(api.call(eddsa, 'signPreComputedHash([BSS[BS)S', data, 0, 1, data, 0)).toEqual(ILLEGAL_USE)
    api.value(api.call(eddsa, INIT, verifying, 2))
    const received = api.array(fromHex(signature))
    expect(api.call(eddsa, VERIFY, data, 0, 1, received, 0, signature.length / 2)).toEqual({ value: 1 })
    expect(api.call(eddsa, VERIFY, data, 0, 0, received, 0, signature.length / 2)).toEqual({ value: 0 })
    expect(api.call(eddsa, VERIFY, data, 0, 1, received, 0, 10)).toEqual({ value: 0 })
    // By the curve's own constant: 15 for Ed25519, 16 for Ed448.
    const wrong = api.value(api.callStatic(SIGNATURE_OF, 0, name === 0x0101 ? 16 : 15, 0, 0))
    expect(api.call(wrong, INIT, signing, 1)).toEqual(ILLEGAL_VALUE)
  })

  it('a message in parts is the message', () => {
    const api = fixture(provider)
    const { name, privateKey } = EDDSA[0]
    const eddsa = api.value(api.callStatic(SIGNATURE_OF, 0, 15, 0, 0))
    api.value(api.call(eddsa, INIT, xecKey(api, name, true, privateKey), 1))
    const data = api.array(Uint8Array.from({ length: 100 }, (_unused, i) => i))
    const whole = out(api, 64, (array) => api.call(eddsa, SIGN, data, 0, 100, array, 0))
    api.value(api.call(eddsa, 'update([BSS)V', data, 0, 60))
    expect(out(api, 64, (array) => api.call(eddsa, SIGN, data, 60, 40, array, 0))).toBe(whole)
  })

  it('X25519, RFC 7748 §6.1', () => {
    const api = fixture(provider)
    const agreement = api.value(api.callStatic(AGREEMENT, 8, 0))
    expect(api.call(agreement, SECRET, api.array(32), 0, 32, api.array(32), 0)).toEqual(INVALID_INIT)
    expect(api.call(agreement, INIT_AGREEMENT, xecKey(api, 0x0101, true, '09'.repeat(32)))).toEqual(ILLEGAL_VALUE)
    expect(api.call(agreement, INIT_AGREEMENT, xecKey(api, 0x0103, true))).toEqual(UNINITIALIZED_KEY)
    api.value(api.call(agreement, INIT_AGREEMENT, xecKey(api, 0x0103, true, X25519_ALICE)))
    // A point of small order.
    expect(api.call(agreement, SECRET, api.array(32), 0, 32, api.array(32), 0)).toEqual(ILLEGAL_VALUE)
    const bob = api.array(fromHex(X25519_BOB))
    expect(api.call(agreement, SECRET, bob, 0, 31, api.array(32), 0)).toEqual(ILLEGAL_VALUE)
    expect(out(api, 32, (array) => api.call(agreement, SECRET, bob, 0, 32, array, 0))).toBe(X25519_SECRET)
  })

  it.each([
    ['Ed25519', 0x0101, 13],
    ['secp256r1', 0x1003, 9],
    ['brainpoolP320r1', 0x2009, 9],
  ] as const)('a pair on %s is generated, and signs what it verifies', (_name, name, cipher) => {
    const api = fixture(provider)
    const pair = newPair(api, xecKey(api, name, false), xecKey(api, name, true))
    const generate = `genKeyPair(L${SECURITY}/AlgorithmParameterSpec;)V`
    expect(api.call(pair, generate, api.value(api.callStatic(NAMED, 0x0204)))).toEqual(ILLEGAL_VALUE)
    api.value(api.call(pair, generate, api.value(api.callStatic(NAMED, name))))
    const signature = api.value(api.callStatic(SIGNATURE_OF, cipher === 13 ? 0 : 4, cipher, 0, 0))
    const [data, made] = [api.array(9), api.array(100)]
    api.value(api.call(signature, INIT, api.value(api.call(pair, `getPrivate()L${SECURITY}/PrivateKey;`)), 1))
    const length = api.value(api.call(signature, SIGN, data, 0, 9, made, 0))
    api.value(api.call(signature, INIT, api.value(api.call(pair, `getPublic()L${SECURITY}/PublicKey;`)), 2))
    expect(api.call(signature, VERIFY, data, 0, 9, made, 0, length)).toEqual({ value: 1 })
    expect(api.call(signature, VERIFY, data, 0, 8, made, 0, length)).toEqual({ value: 0 })
  })
})

// RFC 6979 A.2.1
const P =
  '86F5CA03DCFEB225063FF830A0C769B9DD9D6153AD91D7CE27F787C43278B447E6533B86B18BED6E8A48B784A14C252C5BE0DBF60B86D6385BD2F12FB763ED8873ABFD3F5BA2E0A8C0A59082EAC056935E529DAF7C610467899C77ADEDFC846C881870B7B19B2B58F9BE0521A17002E3BDD6B86685EE90B3D9A1B02B782B1779'
const Q = '996F967F6C8E388D9E28D01E205FBA957A5698B1'
const G =
  '07B0F92546150B62514BB771E2A0C0CE387F03BDA6C56B505209FF25FD3C133D89BBCD97E904E09114D9A7DEFDEADFC9078EA544D2E401AEECC40BB9FBBF78FD87995A10A1C27CB7789B594BA7EFB5C4326A9FE59A070E136DB77175464ADCA417BE5DCE2F40D10A46A3A3943F26AB7FD9C0398FF8C76EE0A56826A8A88F1DBD'

function groupKey(api: NativeObjects, type: number): number {
  const key = build(api, type, 1024)
  for (const [setter, hex] of [
    ['setP', P],
    ['setQ', Q],
    ['setG', G],
  ] as const) {
    api.value(set(api, key, setter, fromHex(hex)))
  }
  return key
}

describe('DSA and Diffie-Hellman', () => {
  it('DSA signs RFC 6979 A.2.1 and verifies it', () => {
    const api = fixture()
    const [signing, verifying] = [groupKey(api, 8), groupKey(api, 7)]
    const dsa = api.value(api.callStatic(SIGNATURE, 14, 0))
    expect(api.call(dsa, INIT, signing, 1)).toEqual(UNINITIALIZED_KEY)
    api.value(set(api, signing, 'setX', fromHex('411602CB19A6CCC34494D79D98EF1E7ED5AF25F7')))
    const y = nodeCrypto.dsaPublicKey(
      { p: fromHex(P), q: fromHex(Q), g: fromHex(G) },
      fromHex('411602CB19A6CCC34494D79D98EF1E7ED5AF25F7'),
    )
    api.value(set(api, verifying, 'setY', y))
    expect(api.call(dsa, INIT, verifying, 1)).toEqual(ILLEGAL_VALUE)
    api.value(api.call(dsa, INIT, signing, 1))
    const sample = api.array(new TextEncoder().encode('sample'))
    const signature = out(api, 60, (array) => api.call(dsa, SIGN, sample, 0, 6, array, 0))
    const [r, s] = ['2E1A0C2562B2912CAAF89186FB0F42001585DA55', '29EFB6B0AFF2D7A68EB70CA313022253B9A88DF5']
    expect(signature).toBe(`302C0214${r}0214${s}`)
    api.value(api.call(dsa, INIT, verifying, 2))
    const received = api.array(fromHex(signature))
    expect(api.call(dsa, VERIFY, sample, 0, 6, received, 0, 46)).toEqual({ value: 1 })
    expect(api.call(dsa, VERIFY, sample, 0, 5, received, 0, 46)).toEqual({ value: 0 })
    expect(api.call(dsa, VERIFY, sample, 0, 6, received, 0, 45)).toEqual({ value: 0 })
  })

  it.each([
    [7, 8, 512],
    [7, 8, 768],
    [7, 8, 1024],
    [32, 35, 1024],
    [32, 35, 2048],
  ])('a pair of types %i and %i with %i bits has a group of its own accord', (publicType, privateType, bits) => {
    const api = fixture()
    const [publicKey, privateKey] = [build(api, publicType, bits), build(api, privateType, bits)]
    api.value(api.call(newPair(api, publicKey, privateKey), 'genKeyPair()V'))
    const p = out(api, 256, (array) => api.call(publicKey, 'getP([BS)S', array, 0))
    const g = out(api, 256, (array) => api.call(privateKey, 'getG([BS)S', array, 0))
    const x = out(api, 256, (array) => api.call(privateKey, 'getX([BS)S', array, 0))
    const y = out(api, 256, (array) => api.call(publicKey, 'getY([BS)S', array, 0))
    expect(toHex(nodeCrypto.modularPower(fromHex(g), fromHex(x), fromHex(p)))).toBe(y)
    expect(p).toHaveLength(bits / 4)
  })

  it('sizes without one are refused', () => {
    const api = fixture()
    for (const [publicType, privateType] of [
      [7, 8],
      [32, 35],
    ] as const) {
      const pair = newPair(api, build(api, publicType, 832), build(api, privateType, 832))
      expect(api.call(pair, 'genKeyPair()V')).toEqual(ILLEGAL_VALUE)
    }
  })

  it('two pairs agree on a secret', () => {
    const api = fixture()
    const generate = 'genKeyPair()V'
    const sides = [0, 1].map(() => {
      const [publicKey, privateKey] = [build(api, 32, 1024), groupKey(api, 35)]
      api.value(api.call(newPair(api, publicKey, privateKey), generate))
      return { publicKey, privateKey }
    })
    const agreement = api.value(api.callStatic(AGREEMENT, 7, 0))
    const secrets = sides.map(({ privateKey }, i) => {
      const y = fromHex(out(api, 128, (array) => api.call(sides[1 - i]!.publicKey, 'getY([BS)S', array, 0)))
      api.value(api.call(agreement, INIT_AGREEMENT, privateKey))
      return out(api, 128, (array) => api.call(agreement, SECRET, api.array(y), 0, y.length, array, 0))
    })
    expect(secrets[0]).toBe(secrets[1])
    expect(secrets[0]).toHaveLength(256)
    for (const bad of ['00', '01', P, `${P.slice(0, -2)}78`]) {
      const bytes = fromHex(bad)
      expect(api.call(agreement, SECRET, api.array(bytes), 0, bytes.length, api.array(128), 0)).toEqual(ILLEGAL_VALUE)
    }
  })
})

// ISO/IEC 9796-2, as Bouncy Castle has it: RIPEMD-160
const MODULUS =
  'FFFFFFFF78F6C55506C59785E871211EE120B0B5DD644AA796D82413A47B24573F1BE5745B5CD9950F6B389B52350D4E01E90009669A8720BF265A2865994190A661DEA3C7828E2E7CA1B19651ADC2D5'
const EXPONENT =
  '2AAAAAAA942920E38120EE965168302FD0301D73A4E60C7143CEB0ADF0BF30B9352F50E8B9E4CEEDD65343B2179005B2F099915E4B0C37E41314BB0821AD8330D23CBA7F589E0F129B04C46B67DFCE9D'
const RECOVERABLE_SIGNATURE =
  '5CF9A01854DBACAEC83AAE8EFC563D74538192E95466BABACD361D7C86000FE42DCB4581E48E4FEB862D04698DA9203B1803B262105104D510B365EE9C660857BA1C001AA57ABFD1C8DE92E47C275CAE'

describe('ISO/IEC 9796-2', () => {
  function keys(api: NativeObjects) {
    const [signing, verifying] = [build(api, 5, 640), build(api, 4, 640)]
    for (const key of [signing, verifying]) api.value(set(api, key, 'setModulus', fromHex(MODULUS)))
    api.value(set(api, signing, 'setExponent', fromHex(EXPONENT)))
    api.value(set(api, verifying, 'setExponent', fromHex('03')))
    return { signing, verifying }
  }
  const message = fromHex('FEDCBA9876543210'.repeat(14))

  it('signs the example of the standard, and verifies it with the whole message', () => {
    const api = fixture()
    const { signing, verifying } = keys(api)
    const signature = api.value(api.callStatic(SIGNATURE, 12, 0))
    const data = api.array(message)
    api.value(api.call(signature, INIT, signing, 1))
    api.value(api.call(signature, 'update([BSS)V', data, 0, 70))
    const made = out(api, 80, (array) => api.call(signature, SIGN, data, 70, 42, array, 0))
    expect(made).toBe(RECOVERABLE_SIGNATURE)
    api.value(api.call(signature, INIT, verifying, 2))
    const received = api.array(fromHex(made))
    expect(api.call(signature, VERIFY, data, 0, 112, received, 0, 80)).toEqual({ value: 1 })
    expect(api.call(signature, VERIFY, data, 0, 111, received, 0, 80)).toEqual({ value: 0 })
    expect(api.call(signature, VERIFY, data, 0, 112, received, 0, 79)).toEqual({ value: 0 })
  })

  it('with recovery: the beginning comes out of the signature', () => {
    const api = fixture()
    const { signing, verifying } = keys(api)
    const signature = api.value(api.callStatic(SIGNATURE, 31, 0))
    const [data, buffer] = [api.array(message), api.array(80)]
    const lengths = shortArray(api, 2)
    const signRecoverable = 'sign([BSS[BS[SS)S'
    expect(api.call(signature, 'beginVerify([BSS)S', buffer, 0, 80)).toEqual(INVALID_INIT)
    api.value(api.call(signature, INIT, signing, 1))
    expect(api.call(signature, SIGN, data, 0, 1, buffer, 0)).toEqual(ILLEGAL_USE)
    expect(api.call(signature, 'beginVerify([BSS)S', buffer, 0, 80)).toEqual(ILLEGAL_USE)
    expect(api.call(signature, signRecoverable, data, 0, 112, buffer, 0, lengths, 2)).toEqual({
      thrown: 'ArrayIndexOutOfBoundsException',
    })
    expect(api.call(signature, signRecoverable, data, 0, 112, buffer, 0, lengths, 1)).toEqual({ value: 80 })
    expect(toHex(api.bytes(buffer))).toBe(RECOVERABLE_SIGNATURE)
    expect(shorts(api, lengths)).toEqual([0, 58])

    api.value(api.call(signature, INIT, verifying, 2))
    expect(api.call(signature, 'verify([BSS)Z', data, 58, 54)).toEqual(ILLEGAL_USE)
    for (const [rest, isRight] of [
      [54, 1],
      [53, 0],
    ] as const) {
      const received = api.array(fromHex(RECOVERABLE_SIGNATURE))
      expect(api.call(signature, 'beginVerify([BSS)S', received, 0, 80)).toEqual({ value: 58 })
      expect(api.bytes(received).subarray(0, 58)).toEqual(message.subarray(0, 58))
      api.value(api.call(signature, 'update([BSS)V', data, 58, 10))
      expect(api.call(signature, 'verify([BSS)Z', data, 68, rest - 10)).toEqual({ value: isRight })
    }
    expect(api.call(signature, 'beginVerify([BSS)S', api.array(80), 0, 80)).toEqual(ILLEGAL_USE)
  })

  it('of a long message schemes 2 and 3 give back what fits, and want the rest as it was', () => {
    const api = fixture()
    const { signing, verifying } = keys(api)
    for (const [padding, room] of [
      [21, 38],
      [22, 58],
      [26, 37],
      [27, 57],
    ] as const) {
      const signature = api.value(api.callStatic(SIGNATURE_OF, 1, 3, padding, 0))
      const [data, buffer, lengths] = [api.array(message), api.array(80), shortArray(api, 1)]
      api.value(api.call(signature, INIT, signing, 1))
      api.value(api.call(signature, 'update([BSS)V', data, 0, 30))
      api.value(api.call(signature, 'sign([BSS[BS[SS)S', data, 30, 82, buffer, 0, lengths, 0))
      expect(shorts(api, lengths)).toEqual([room])
      const made = api.bytes(buffer)
      for (const [from, isRight] of [
        [room, 1],
        [room - 1, 0],
      ] as const) {
        const received = api.array(made)
        api.value(api.call(signature, INIT, verifying, 2))
        expect(api.call(signature, 'beginVerify([BSS)S', received, 0, 80)).toEqual({ value: room })
        expect(api.bytes(received).subarray(0, room)).toEqual(message.subarray(0, room))
        expect(api.call(signature, 'verify([BSS)Z', data, from, 112 - from)).toEqual({ value: isRight })
      }
      expect(api.call(signature, 'beginVerify([BSS)S', api.array(made.with(40, made[40]! ^ 1)), 0, 80)).toEqual(
        ILLEGAL_USE,
      )
    }
  })

  it('a short message comes back whole, and takes no more', () => {
    const api = fixture()
    const { signing, verifying } = keys(api)
    for (const padding of [11, 25, 21, 22, 26, 27]) {
      const signature = api.value(api.callStatic(SIGNATURE_OF, 1, 3, padding, 0))
      const [data, buffer, lengths] = [api.array(message), api.array(80), shortArray(api, 1)]
      for (const extra of [0, 1]) {
        api.value(api.call(signature, INIT, signing, 1))
        api.value(api.call(signature, 'sign([BSS[BS[SS)S', data, 0, 20, buffer, 0, lengths, 0))
        expect(shorts(api, lengths)).toEqual([20])
        api.value(api.call(signature, INIT, verifying, 2))
        expect(api.call(signature, 'beginVerify([BSS)S', buffer, 0, 80)).toEqual({ value: 20 })
        expect(api.call(signature, 'verify([BSS)Z', data, 0, extra)).toEqual({ value: 1 - extra })
      }
    }
  })

  it('RFC 2409: a digest without its name', () => {
    const api = fixture()
    const { signing, verifying } = keys(api)
    const signature = api.value(api.callStatic(SIGNATURE, 15, 0))
    const data = api.array(message)
    api.value(api.call(signature, INIT, signing, 1))
    const made = fromHex(out(api, 80, (array) => api.call(signature, SIGN, data, 0, 112, array, 0)))
    const opened = nodeCrypto
      .openRsaPublicKey({ modulus: fromHex(MODULUS), publicExponent: Uint8Array.of(3) })
      .transform(made)
    expect(toHex(opened)).toBe(`0001${'FF'.repeat(57)}00${toHex(nodeCrypto.hash('sha1', message))}`)
    api.value(api.call(signature, INIT, verifying, 2))
    expect(api.call(signature, VERIFY, data, 0, 112, api.array(made), 0, 80)).toEqual({ value: 1 })
    expect(api.call(signature, VERIFY, data, 0, 112, api.array(80), 0, 80)).toEqual({ value: 0 })
  })
})

function shortArray(api: NativeObjects, length: number): number {
  const { memory } = api.vm.jcre
  return memory.newPersistent(api.owner, SHORT_ARRAY_TYPE, length, 2 * length)
}

function shorts(api: NativeObjects, array: number): number[] {
  const { memory } = api.vm.jcre
  const at = memory.addressOf(array) >> 1
  return [...memory.i16.subarray(at, at + (memory.word1(array) & 0xffff))]
}

describe('keys that share a domain', () => {
  const P256 = ecDomain('P-256')

  it('see what is set in the parameters, not what is set in each other', () => {
    const api = fixture()
    expect(api.callStatic(BUILD_SHARED, 8, 0, build(api, 12, 256), 0)).toEqual(NO_SUCH_ALGORITHM)
    const parameters = build(api, 41, 256)
    expect(api.callStatic(BUILD_SHARED, 3, 0, parameters, 0)).toEqual(NO_SUCH_ALGORITHM)
    const [a, b] = [0, 0].map((_, i) => api.value(api.callStatic(BUILD_SHARED, 8, i, parameters, 0)))
    for (const [setter, bytes] of [
      ['setFieldFP', P256.p],
      ['setA', P256.a],
      ['setB', P256.b],
      ['setG', P256.g],
      ['setR', P256.order],
    ] as const) {
      api.value(set(api, setter === 'setR' ? b! : parameters, setter, bytes))
    }
    expect(api.call(parameters, 'isInitialized()Z')).toEqual({ value: 1 })
    expect(out(api, 32, (array) => api.call(a!, 'getR([BS)S', array, 0))).toBe(toHex(P256.order))
    api.value(set(api, a!, 'setS', new Uint8Array(32).fill(5)))
    expect(api.call(a!, 'isInitialized()Z')).toEqual({ value: 1 })
    expect(api.call(b!, 'isInitialized()Z')).toEqual({ value: 0 })
    expect(api.call(a!, 'getSize()S')).toEqual({ value: 256 })
    api.value(api.call(a!, 'clearKey()V'))
    expect(api.call(a!, 'isInitialized()Z')).toEqual({ value: 0 })
    expect(api.call(parameters, 'isInitialized()Z')).toEqual({ value: 1 })
  })

  it('a signature made with one is that of a key of its own', () => {
    const api = fixture()
    const parameters = build(api, 41, 256)
    const shared = api.value(api.callStatic(BUILD_SHARED, 8, 0, parameters, 0))
    const publicKey = api.value(api.callStatic(BUILD_SHARED, 7, 0, parameters, 0))
    api.value(set(api, parameters, 'setFieldFP', P256.p))
    api.value(set(api, parameters, 'setA', P256.a))
    api.value(set(api, parameters, 'setB', P256.b))
    // The generator compressed: 02 or 03 and its abscissa.
    api.value(set(api, parameters, 'setG', Uint8Array.of(2 + (P256.g.at(-1)! & 1), ...P256.g.subarray(1, 33))))
    api.value(set(api, parameters, 'setR', P256.order))
    const s = new Uint8Array(32).fill(5)
    const w = nodeCrypto.ecPublicKey(P256, s)
    api.value(set(api, shared, 'setS', s))
    const ecdsa = api.value(api.callStatic(SIGNATURE_OF, 4, 9, 0, 0))
    const [data, made] = [api.array(3), api.array(64)]
    api.value(api.call(ecdsa, INIT, shared, 1))
    api.value(api.call(ecdsa, SIGN, data, 0, 3, made, 0))
    for (const point of [w, Uint8Array.of(2 + (w.at(-1)! & 1), ...w.subarray(1, 33))]) {
      api.value(set(api, publicKey, 'setW', point))
      api.value(api.call(ecdsa, INIT, publicKey, 2))
      expect(api.call(ecdsa, VERIFY, data, 0, 3, made, 0, 64)).toEqual({ value: 1 })
    }
    api.value(set(api, publicKey, 'setW', Uint8Array.of(2, ...P256.p)))
    expect(api.call(ecdsa, INIT, publicKey, 2)).toEqual(ILLEGAL_VALUE)
  })
})

describe('KeyEncryption', () => {
  const SET_CIPHER = 'setKeyCipher(Ljavacardx/crypto/Cipher;)V'
  const GET_CIPHER = 'getKeyCipher()Ljavacardx/crypto/Cipher;'

  it('decrypts what is set', () => {
    const api = fixture()
    const wrapping = fromHex('00112233445566778899AABBCCDDEEFF')
    const cipher = api.value(api.callStatic(CIPHER, 14, 0))
    const key = build(api, 15, 128, 1)
    expect(api.call(key, GET_CIPHER)).toEqual({ value: 0 })
    api.value(api.call(key, SET_CIPHER, cipher))
    expect(api.call(key, GET_CIPHER)).toEqual({ value: cipher })
    const plain = new Uint8Array(16).fill(0x5a)
    const sealed = nodeCrypto.aesEcbEncrypt(wrapping, plain)
    expect(api.call(key, 'setKey([BS)V', api.array(sealed), 0)).toEqual(INVALID_INIT)
    api.value(api.call(cipher, INIT, aesKey(api, toHex(wrapping)), ENCRYPT))
    expect(api.call(key, 'setKey([BS)V', api.array(sealed), 0)).toEqual(ILLEGAL_VALUE)
    api.value(api.call(cipher, INIT, aesKey(api, toHex(wrapping)), DECRYPT))
    api.value(api.call(key, 'setKey([BS)V', api.array(sealed), 0))
    expect(out(api, 16, (array) => api.call(key, 'getKey([BS)B', array, 0))).toBe(toHex(plain))
    api.value(api.call(key, SET_CIPHER, 0))
    api.value(api.call(key, 'setKey([BS)V', api.array(sealed), 0))
    expect(out(api, 16, (array) => api.call(key, 'getKey([BS)B', array, 0))).toBe(toHex(sealed))
  })

  it.each([
    [3, 128],
    [21, 64],
    [12, 256],
    [5, 512],
    [6, 512],
    [4, 512],
    [11, 256],
    [8, 1024],
    [42, 256],
  ])('is there for keys of type %i', (type, size) => {
    const api = fixture()
    const key = build(api, type, size, 1)
    expect(api.call(key, GET_CIPHER)).toEqual({ value: 0 })
    expect(api.call(key, 'getSize()S')).toEqual({ value: size })
    expect(api.call(key, 'isInitialized()Z')).toEqual({ value: 0 })
  })
})

describe('prepared keys', () => {
  it('are made again when the key changes, is rolled back or is cleared', () => {
    const api = fixture()
    const { memory } = api.vm.jcre
    const key = aesKey(api, '11'.repeat(16))
    const cipher = api.value(api.callStatic(CIPHER, 14, 0))
    const block = api.array(16)
    const encrypted = () => out(api, 16, (array) => api.call(cipher, DO_FINAL, block, 0, 16, array, 0))
    const expected = (hex: string) => toHex(nodeCrypto.aesEcbEncrypt(fromHex(hex.repeat(16)), new Uint8Array(16)))
    api.value(api.call(cipher, INIT, key, ENCRYPT))
    expect(encrypted()).toBe(expected('11'))
    api.value(api.call(key, 'setKey([BS)V', api.array(new Uint8Array(16).fill(0x22)), 0))
    expect(encrypted()).toBe(expected('22'))
    memory.begin()
    api.value(api.call(key, 'setKey([BS)V', api.array(new Uint8Array(16).fill(0x33)), 0))
    expect(encrypted()).toBe(expected('33'))
    api.vm.jcre.rollBack()
    expect(encrypted()).toBe(expected('22'))
    api.value(api.call(key, 'clearKey()V'))
    expect(api.call(cipher, DO_FINAL, block, 0, 16, block, 0)).toEqual(UNINITIALIZED_KEY)
  })

  it('of transient memory go with their clear event', () => {
    const api = fixture()
    const { jcre } = api.vm
    const key = build(api, 31, 256)
    const pair = newPair(api, build(api, 11, 256), key)
    api.value(api.call(pair, 'genKeyPair()V'))
    const ecdsa = api.value(api.callStatic(SIGNATURE, 33, 0))
    const [data, made] = [api.array(3), api.array(80)]
    api.value(api.call(ecdsa, INIT, key, 1))
    api.value(api.call(ecdsa, SIGN, data, 0, 3, made, 0))
    jcre.clearOnDeselect(jcre.machine.selectedContext)
    expect(api.call(ecdsa, SIGN, data, 0, 3, made, 0)).toEqual(UNINITIALIZED_KEY)
  })
})
