import {
  checkPrimeSync,
  constants,
  createPrivateKey,
  hkdfSync,
  privateDecrypt,
  publicEncrypt,
  sign,
  verify,
} from 'node:crypto'
import { fromAscii } from '@gridcard/bytes'
import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from '@noble/curves/misc.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToNumberBE } from '@noble/curves/utils.js'
import { describe, expect, test } from 'vitest'
import { ecDomain, type RsaKeyPair } from '../src/index.ts'
import { nobleCrypto } from '../src/noble-provider.ts'
import { nodeCrypto } from '../src/node-provider.ts'

// What stands in this room and not in a library is compared with what OpenSSL does whole.

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

function openSslKey(pair: RsaKeyPair) {
  const { modulus: n, publicExponent: e, privateExponent: d, p, q, dp, dq, qInverse: qi } = pair
  const parts = Object.fromEntries(
    Object.entries({ n, e, d, p, q, dp, dq, qi }).map(([name, part]) => [name, base64(part)]),
  )
  return createPrivateKey({ key: { kty: 'RSA', ...parts }, format: 'jwk' })
}

const MESSAGE = fromAscii('sample')

describe.each([
  ['nodeCrypto', nodeCrypto],
  ['nobleCrypto', nobleCrypto],
] as const)('%s and OpenSSL agree', (_, provider) => {
  const pair = provider.generateRsaKeyPair(1024, 65_537)
  const key = openSslKey(pair)
  const [publicKey, privateKey] = [provider.openRsaPublicKey(pair), provider.openRsaPrivateKey(pair)]

  test('that the primes are prime', () => {
    expect([pair.p, pair.q].map((prime) => checkPrimeSync(prime))).toEqual([true, true])
  })

  test.each(['sha1', 'sha256', 'sha384', 'sha3-256', 'ripemd160', 'md5'] as const)(
    'on PKCS #1 v1.5 with %s',
    (hash) => {
      const scheme = { padding: 'pkcs1', hash } as const
      expect(publicKey.verify(scheme, MESSAGE, sign(hash, MESSAGE, key))).toBe(true)
      expect(verify(hash, MESSAGE, key, privateKey.sign(scheme, MESSAGE))).toBe(true)
    },
  )

  test.each([0, 8, 20, 32])('on PSS with a salt of %d bytes', (saltLength) => {
    const scheme = { padding: 'pss', hash: 'sha256', saltLengthBytes: saltLength } as const
    const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
    expect(publicKey.verify(scheme, MESSAGE, sign('sha256', MESSAGE, options))).toBe(true)
    expect(verify('sha256', MESSAGE, options, privateKey.sign(scheme, MESSAGE))).toBe(true)
  })

  test('on OAEP and PKCS #1 v1.5 encryption', () => {
    const oaep = { padding: 'oaep', hash: 'sha256', label: MESSAGE } as const
    const options = { key, oaepHash: 'sha256', oaepLabel: Buffer.from(MESSAGE) }
    expect(privateKey.decrypt(oaep, publicEncrypt(options, MESSAGE))).toEqual(MESSAGE)
    expect(Uint8Array.from(privateDecrypt(options, publicKey.encrypt(oaep, MESSAGE)))).toEqual(MESSAGE)
    const pkcs1 = { key, padding: constants.RSA_PKCS1_PADDING }
    expect(privateKey.decrypt({ padding: 'pkcs1' }, publicEncrypt(pkcs1, MESSAGE))).toEqual(MESSAGE)
    expect(Uint8Array.from(privateDecrypt(pkcs1, publicKey.encrypt({ padding: 'pkcs1' }, MESSAGE)))).toEqual(MESSAGE)
  })

  test('on HKDF', () => {
    const salt = fromAscii('salt')
    const derived = provider.hkdfExpand('sha384', provider.hkdfExtract('sha384', salt, MESSAGE), salt, 100)
    expect(derived).toEqual(new Uint8Array(hkdfSync('sha384', MESSAGE, salt, salt, 100)))
  })
})

test.each([
  ['P-256', p256],
  ['P-384', p384],
  ['P-521', p521],
  ['secp256k1', secp256k1],
  ['brainpoolP256r1', brainpoolP256r1],
  ['brainpoolP384r1', brainpoolP384r1],
  ['brainpoolP512r1', brainpoolP512r1],
] as const)('the parameters of %s are those noble has', (name, curve) => {
  const { p, a, b, n, Gx } = curve.Point.CURVE()
  const domain = ecDomain(name)
  const x = domain.g.subarray(1, 1 + domain.p.length)
  expect([domain.p, domain.a, domain.b, domain.order, x].map((part) => bytesToNumberBE(part))).toEqual([p, a, b, n, Gx])
})
