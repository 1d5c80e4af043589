import { fromAscii, toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CryptoPortError,
  type CryptoProvider,
  type EcDomain,
  ecCurveNames,
  ecDomain,
  eddsaKeyLengthBytes,
  type HashName,
  hashes,
  xdhKeyLengthBytes,
} from '../src/index.ts'
import { createNobleCrypto, nobleCrypto } from '../src/noble-provider.ts'
import { createNodeCrypto, nodeCrypto } from '../src/node-provider.ts'

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const aesKey = fc.constantFrom(16, 24, 32).chain(bytesOf)
const desKey = fc.constantFrom(8, 16, 24).chain(bytesOf)
const some = fc.uint8Array({ maxLength: 200 })
const hashName = fc.constantFrom(...(Object.keys(hashes) as HashName[]))
const curveName = fc.constantFrom(...ecCurveNames)

/** What came of it: a value, or the code of the refusal. Anything else thrown is a bug. */
function outcome(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    if (error instanceof CryptoPortError) return error.code
    throw error
  }
}

function agree(act: (provider: CryptoProvider) => unknown): void {
  expect(outcome(() => act(nobleCrypto))).toEqual(outcome(() => act(nodeCrypto)))
}

describe('both providers agree', () => {
  test('on hashes, HMAC and key derivation', () => {
    fc.assert(
      fc.property(hashName, some, some, some, fc.nat(200), (name, key, message, info, length) => {
        agree((provider) => [
          provider.hash(name, message),
          provider.hmac(name, key, message),
          provider.hkdfExpand(name, key, info, length),
          provider.tls12Prf(name, key, 'key expansion', message, length),
          provider.x963Kdf(name, key, info, length),
          provider.concatenationKdf(name, key, info, length),
        ])
      }),
    )
  })

  test('on AES, and one opens what the other sealed', () => {
    fc.assert(
      fc.property(aesKey, bytesOf(16), some, some, fc.constantFrom(4, 8, 12, 16), (key, iv, aad, text, tagLength) => {
        const blocks = text.subarray(0, text.length & ~15)
        const [gcmIv, nonce] = [iv.subarray(0, 12), iv.subarray(0, 13)]
        agree((provider) => [
          provider.aesEcbDecrypt(key, blocks),
          provider.aesCbcEncrypt(key, iv, blocks),
          provider.aesCbcDecrypt(key, iv, blocks),
          provider.aesCtr(key, iv, text),
          provider.aesCfbEncrypt(key, iv, text),
          provider.aesCfbDecrypt(key, iv, text),
          provider.aesCmac(key, text),
          provider.gcmSeal(key, gcmIv, aad, text, tagLength),
          provider.ccmSeal(key, nonce, aad, text, tagLength),
        ])
        const gcm = nodeCrypto.gcmSeal(key, gcmIv, aad, text, tagLength)
        const ccm = nodeCrypto.ccmSeal(key, nonce, aad, text, tagLength)
        expect(nobleCrypto.gcmOpen(key, gcmIv, aad, gcm, tagLength)).toEqual(text)
        expect(nobleCrypto.ccmOpen(key, nonce, aad, ccm, tagLength)).toEqual(text)
      }),
    )
  })

  test('on DES', () => {
    fc.assert(
      fc.property(desKey, bytesOf(8), some, (key, iv, text) => {
        const blocks = text.subarray(0, text.length & ~7)
        agree((provider) => [
          provider.desEcbEncrypt(key, blocks),
          provider.desEcbDecrypt(key, blocks),
          provider.desCbcEncrypt(key, iv, blocks),
          provider.desCbcDecrypt(key, iv, blocks),
        ])
        agree((provider) => provider.desRetailMac(key, iv, blocks))
      }),
    )
  })

  test('on points and shared secrets', () => {
    fc.assert(
      fc.property(curveName, bytesOf(74), bytesOf(74), (name, a, b) => {
        const domain = ecDomain(name)
        const keyOf = (bytes: Uint8Array) => createNodeCrypto({ randomBytes: () => bytes }).generateEcPrivateKey(domain)
        const [aKey, bKey] = [keyOf(a), keyOf(b)]
        agree((provider) => provider.ecPublicKey(domain, aKey))
        agree((provider) => provider.ecdh(domain, aKey, provider.ecPublicKey(domain, bKey)))
      }),
      { numRuns: 40 },
    )
  })

  test('on signatures: one verifies what the other signed', () => {
    const encoding = fc.constantFrom('der', 'plain')
    fc.assert(
      fc.property(curveName, hashName, encoding, some, (name, hash, encoding, message) => {
        const domain = ecDomain(name)
        const scheme = { domain, hash, encoding: encoding as 'der' | 'plain' }
        const key = nodeCrypto.generateEcPrivateKey(domain)
        const point = nodeCrypto.ecPublicKey(domain, key)
        const byNode = nodeCrypto.createEcdsaSigner(scheme, key).sign(message)
        const byNoble = nobleCrypto.createEcdsaSigner(scheme, key).sign(message)
        expect(nobleCrypto.createEcdsaVerifier(scheme, point).verify(message, byNode)).toBe(true)
        expect(nodeCrypto.createEcdsaVerifier(scheme, point).verify(message, byNoble)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('on X25519, X448, Ed25519 and Ed448', () => {
    for (const curve of ['X25519', 'X448'] as const) {
      fc.assert(
        fc.property(bytesOf(xdhKeyLengthBytes[curve]), bytesOf(xdhKeyLengthBytes[curve]), (a, b) => {
          agree((provider) => [provider.xdhPublicKey(curve, a), provider.xdh(curve, a, b)])
        }),
        { numRuns: 20 },
      )
    }
    for (const curve of ['Ed25519', 'Ed448'] as const) {
      fc.assert(
        fc.property(bytesOf(eddsaKeyLengthBytes[curve]), some, (key, message) => {
          agree((provider) => [provider.eddsaPublicKey(curve, key), provider.eddsaSign(curve, key, message)])
        }),
        { numRuns: 20 },
      )
    }
  })

  test('on RSA: bare, signed and encrypted', () => {
    const pair = nobleCrypto.generateRsaKeyPair(1024, 3)
    const plain = { modulus: pair.modulus, privateExponent: pair.privateExponent }
    fc.assert(
      fc.property(bytesOf(127), hashName, some, (number, hash, message) => {
        const block = Uint8Array.of(0, ...number)
        for (const key of [pair, plain]) {
          agree((provider) => provider.openRsaPrivateKey(key).transform(block))
          agree((provider) => provider.openRsaPrivateKey(key).sign({ padding: 'pkcs1', hash }, message))
        }
        agree((provider) => provider.openRsaPublicKey(pair).transform(block))
        const pss = { padding: 'pss', hash, saltLengthBytes: 8 } as const
        const signature = nodeCrypto.openRsaPrivateKey(plain).sign(pss, message)
        expect(nobleCrypto.openRsaPublicKey(pair).verify(pss, message, signature)).toBe(true)
        const ciphertext = nodeCrypto.openRsaPublicKey(pair).encrypt({ padding: 'pkcs1' }, message.subarray(0, 117))
        const decrypted = nobleCrypto.openRsaPrivateKey(pair).decrypt({ padding: 'pkcs1' }, ciphertext)
        expect(decrypted).toEqual(message.subarray(0, 117))
        agree((provider) => provider.modularPower(block, pair.p, pair.modulus))
      }),
      { numRuns: 30 },
    )
  })

  test('on what comes from a seed', () => {
    const seeded = () => {
      let at = 0
      return (lengthBytes: number) => nodeCrypto.hash('sha512', Uint8Array.of(at++)).slice(0, lengthBytes)
    }
    const pair = nodeCrypto.generateRsaKeyPair(1024, 65_537)
    const results = [createNodeCrypto, createNobleCrypto].map((create) => {
      const provider = create({ randomBytes: seeded() })
      return [
        provider.randomBytes(16),
        provider.generateEcPrivateKey(ecDomain('P-256')),
        provider.openRsaPrivateKey(pair).sign({ padding: 'pss', hash: 'sha256' }, fromAscii('sample')),
        provider.openRsaPublicKey(pair).encrypt({ padding: 'oaep', hash: 'sha1' }, fromAscii('sample')),
        provider.openRsaPublicKey(pair).encrypt({ padding: 'pkcs1' }, new Uint8Array(80)),
      ].map(toHex)
    })
    expect(results[0]).toEqual(results[1])
  })
})

describe('both providers refuse alike', () => {
  const p256 = ecDomain('P-256')

  test('points of any bytes', () => {
    const nearly = fc.tuple(fc.nat(64), fc.integer({ min: 1, max: 255 })).map(([place, change]) => {
      const point = Uint8Array.from(p256.g)
      point[place]! ^= change
      return point
    })
    fc.assert(
      fc.property(fc.oneof(some, bytesOf(65), nearly), (point) => {
        agree((provider) => provider.isEcPublicKey(p256, point))
        agree((provider) =>
          provider.ecdh(
            p256,
            p256.order.map((byte) => byte >> 1),
            point,
          ),
        )
      }),
    )
  })

  test('private keys of any bytes', () => {
    const longer = fc.constantFrom(p256.order, new Uint8Array(32), new Uint8Array(32).fill(255))
    fc.assert(fc.property(fc.oneof(some, longer), (key) => agree((provider) => provider.ecPublicKey(p256, key))))
  })

  test('domains of any numbers', () => {
    const part = fc.constantFrom('p', 'a', 'b', 'g', 'order')
    fc.assert(
      fc.property(part, fc.oneof(some, bytesOf(32), bytesOf(65)), (part, number) => {
        const domain: EcDomain = { ...p256, [part]: number }
        agree((provider) => provider.requireEcDomain(domain))
      }),
      { numRuns: 60 },
    )
  })

  test('signatures of any bytes, DER or nearly', () => {
    const signature = nodeCrypto
      .createEcdsaSigner(
        { domain: p256, hash: 'sha256', encoding: 'der' },
        p256.order.map((byte) => byte >> 1),
      )
      .sign(fromAscii('sample'))
    const nearly = fc.tuple(fc.nat(signature.length - 1), fc.nat(255)).map(([place, byte]) => {
      const changed = Uint8Array.from(signature)
      changed[place] = byte
      return changed
    })
    const verifiers = (['der', 'plain'] as const).flatMap((encoding) =>
      [nodeCrypto, nobleCrypto].map((provider) =>
        provider.createEcdsaVerifier({ domain: p256, hash: 'sha256', encoding }, p256.g),
      ),
    )
    fc.assert(
      fc.property(fc.oneof(some, nearly), (bytes) => {
        const [derNode, derNoble, plainNode, plainNoble] = verifiers.map(({ verify }) =>
          verify(fromAscii('sample'), bytes),
        )
        expect([derNode, plainNode]).toEqual([derNoble, plainNoble])
      }),
    )
  })

  test('public keys and signatures of Edwards curves of any bytes', () => {
    for (const curve of ['Ed25519', 'Ed448'] as const) {
      const length = eddsaKeyLengthBytes[curve]
      fc.assert(
        fc.property(bytesOf(length), fc.oneof(some, bytesOf(2 * length)), (key, signature) => {
          agree((provider) => provider.eddsaVerify(curve, key, fromAscii('sample'), signature))
        }),
        { numRuns: 50 },
      )
    }
  })

  test('RSA keys of any bytes', () => {
    const pair = nodeCrypto.generateRsaKeyPair(512, 65_537)
    const part = fc.constantFrom('p', 'q', 'dp', 'dq', 'qInverse')
    const { p, q, dp, dq, qInverse } = pair
    fc.assert(
      fc.property(part, fc.oneof(some, bytesOf(32)), (part, number) => {
        agree((provider) => {
          const key = provider.openRsaPrivateKey({ p, q, dp, dq, qInverse, [part]: number })
          return key.modulusLengthBytes
        })
        agree((provider) => {
          const key = provider.openRsaPublicKey({ modulus: pair.modulus, publicExponent: number })
          return key.transform(new Uint8Array(64).fill(1))
        })
      }),
    )
  })
})
