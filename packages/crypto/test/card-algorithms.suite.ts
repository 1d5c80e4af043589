import { fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import {
  type CryptoProvider,
  ecCurveNames,
  ecDomain,
  isSaltedRecovery,
  recoverableEncoded,
  recoverableLength,
  recovered,
  saltedRecoverableEncoded,
  saltedRecoverableLength,
  saltedRecovered,
} from '../src/index.ts'
import { refuses } from './refuses.ts'
import {
  DSA_1024,
  ED25519PH,
  EXPAND_LABEL,
  GCM_OTHER_IVS,
  GCM_OTHER_IVS_AAD,
  GCM_OTHER_IVS_KEY,
  GCM_OTHER_IVS_PLAINTEXT,
  MESSAGE_RECOVERY,
  SALTED_RECOVERY,
  SP_800_108,
  XTS,
} from './vectors/card-vectors.ts'

const NONE = new Uint8Array()
const upper = (hex: string) => toHex(fromHex(hex))
const DOMAIN = { p: fromHex(DSA_1024.p), q: fromHex(DSA_1024.q), g: fromHex(DSA_1024.g) }

/** What a Java Card asks for and little else does. */
export function cardAlgorithmsSuite(provider: CryptoProvider): void {
  xtsSuite(provider)
  openedKeysSuite(provider)
  gcmSuite(provider)
  dsaSuite(provider)
  recoverySuite(provider)
  saltedRecoverySuite(provider)
  pointsSuite(provider)
  kdfSuite(provider)

  test('Ed25519ph, RFC 8032 §7.3', () => {
    const { privateKey, message, signature } = ED25519PH
    const publicKey = toHex(provider.eddsaPublicKey('Ed25519', fromHex(privateKey)))
    const made = provider.eddsaPhSign('Ed25519', fromHex(privateKey), fromHex(message))
    expect(toHex(made)).toBe(signature)
    const verify = (bytes: Uint8Array) => provider.eddsaPhVerify('Ed25519', fromHex(publicKey), fromHex(message), bytes)
    expect([verify(made), verify(made.subarray(1)), verify(made.toReversed())]).toEqual([true, false, false])
  })
}

function xtsSuite(provider: CryptoProvider): void {
  describe('AES-XTS', () => {
    test('refuses a key of 16 bytes, a tweak of 15, a unit of 15', () => {
      const [key, tweak] = [new Uint8Array(32), new Uint8Array(16)]
      for (const run of [provider.aesXtsEncrypt, provider.aesXtsDecrypt]) {
        refuses('CRYPTO_BAD_KEY_LENGTH', () => run(tweak, tweak, key))
        refuses('CRYPTO_BAD_IV_LENGTH', () => run(key, new Uint8Array(15), key))
        refuses('CRYPTO_BAD_DATA_LENGTH', () => run(key, tweak, new Uint8Array(15)))
      }
    })

    test.each(XTS)('$source', ({ key, tweak, plaintext, ciphertext }) => {
      expect(toHex(provider.aesXtsEncrypt(fromHex(key), fromHex(tweak), fromHex(plaintext)))).toBe(ciphertext)
      expect(toHex(provider.aesXtsDecrypt(fromHex(key), fromHex(tweak), fromHex(ciphertext)))).toBe(plaintext)
    })

    test('units of every length come back', () => {
      const [key, tweak] = [provider.randomBytes(64), provider.randomBytes(16)]
      for (let length = 16; length < 66; length++) {
        const plaintext = provider.randomBytes(length)
        const sealed = provider.aesXtsEncrypt(key, tweak, plaintext)
        expect(sealed.length).toBe(length)
        expect(provider.aesXtsDecrypt(key, tweak, sealed)).toEqual(plaintext)
      }
    })
  })
}

function openedKeysSuite(provider: CryptoProvider): void {
  describe('an AES key made ready', () => {
    test('refuses what the one-shot functions refuse', () => {
      refuses('CRYPTO_BAD_KEY_LENGTH', () => provider.openAesKey(new Uint8Array(15)))
      const key = provider.openAesKey(new Uint8Array(16))
      refuses('CRYPTO_BAD_DATA_LENGTH', () => key.ecbEncrypt(new Uint8Array(15)))
      refuses('CRYPTO_BAD_IV_LENGTH', () => key.cbcDecrypt(new Uint8Array(15), NONE))
    })

    test.each([16, 24, 32])('gives the same as they do, in any order; %d bytes', (length) => {
      const bytes = provider.randomBytes(length)
      const key = provider.openAesKey(bytes)
      for (let blocks = 0; blocks < 8; blocks++) {
        const [iv, data] = [provider.randomBytes(16), provider.randomBytes(16 * (blocks % 3))]
        expect(key.ecbEncrypt(data)).toEqual(provider.aesEcbEncrypt(bytes, data))
        expect(key.cbcEncrypt(iv, data)).toEqual(provider.aesCbcEncrypt(bytes, iv, data))
        expect(key.ecbDecrypt(data)).toEqual(provider.aesEcbDecrypt(bytes, data))
        expect(key.cbcDecrypt(iv, data)).toEqual(provider.aesCbcDecrypt(bytes, iv, data))
      }
    })
  })
}

function gcmSuite(provider: CryptoProvider): void {
  describe('GCM with IVs of other lengths', () => {
    test.each([0, 7, 129])('refuses %d bytes', (length) => {
      const iv = new Uint8Array(length)
      refuses('CRYPTO_BAD_IV_LENGTH', () => provider.createGcmEncryptor(new Uint8Array(16), iv, NONE))
      refuses('CRYPTO_BAD_IV_LENGTH', () => provider.gcmSeal(new Uint8Array(16), iv, NONE, NONE, 12))
    })

    test.each(GCM_OTHER_IVS)('GCM specification, IV of $iv', ({ iv, ciphertext, tag }) => {
      const [key, aad] = [fromHex(GCM_OTHER_IVS_KEY), fromHex(GCM_OTHER_IVS_AAD)]
      const plaintext = fromHex(GCM_OTHER_IVS_PLAINTEXT)
      const session = provider.createGcmEncryptor(key, fromHex(iv), aad)
      const parts = [session.update(plaintext.subarray(0, 7)), session.update(plaintext.subarray(7))]
      expect(parts.map(toHex).join('')).toBe(ciphertext)
      expect(toHex(session.finish())).toBe(tag)
      expect(provider.gcmOpen(key, fromHex(iv), aad, fromHex(ciphertext + tag), 16)).toEqual(plaintext)
    })
  })
}

function dsaSuite(provider: CryptoProvider): void {
  describe('DSA', () => {
    const digest = (hash: 'sha1' | 'sha256') => provider.hash(hash, fromAscii(DSA_1024.message))
    const x = fromHex(DSA_1024.x)

    test('refuses groups and keys that are none', () => {
      const { p, q, g } = DOMAIN
      const changed = (bytes: Uint8Array) => Uint8Array.of(...bytes.subarray(0, -1), bytes.at(-1)! ^ 2)
      refuses('CRYPTO_BAD_DOMAIN', () => provider.requireDsaDomain({ p: changed(p), q, g }))
      refuses('CRYPTO_BAD_DOMAIN', () => provider.requireDsaDomain({ p, q: changed(q), g }))
      refuses('CRYPTO_BAD_DOMAIN', () => provider.requireDsaDomain({ p, q, g: changed(g) }))
      refuses('CRYPTO_BAD_DOMAIN', () => provider.requireDsaDomain({ p, q, g: Uint8Array.of(1) }))
      refuses('CRYPTO_BAD_DOMAIN', () => provider.requireDsaDomain({ p: NONE, q: NONE, g: NONE }))
      refuses('CRYPTO_BAD_PRIVATE_KEY', () => provider.dsaPublicKey(DOMAIN, new Uint8Array(20)))
      refuses('CRYPTO_BAD_PRIVATE_KEY', () => provider.dsaPublicKey(DOMAIN, q))
      refuses('CRYPTO_BAD_PUBLIC_KEY', () =>
        provider.dsaVerifyDigest(DOMAIN, 'sha1', Uint8Array.of(2), digest('sha1'), x),
      )
      refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.dsaSignDigest(DOMAIN, 'sha1', x, NONE))
    })

    test.each(DSA_1024.signatures)('RFC 6979 A.2.1, $hash', ({ hash, rAndS }) => {
      const y = provider.dsaPublicKey(DOMAIN, x)
      expect(toHex(provider.dsaSignDigest(DOMAIN, hash, x, digest(hash)))).toBe(rAndS)
      const verify = (bytes: Uint8Array) => provider.dsaVerifyDigest(DOMAIN, hash, y, digest(hash), bytes)
      const signature = fromHex(rAndS)
      expect(verify(signature)).toBe(true)
      expect(verify(signature.subarray(1))).toBe(false)
      for (let bit = 0; bit < 8 * signature.length; bit += 37) {
        const flipped = Uint8Array.from(signature)
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        expect(verify(flipped)).toBe(false)
      }
    })
  })
}

function recoverySuite(provider: CryptoProvider): void {
  describe('ISO/IEC 9796-2 scheme 1', () => {
    const scheme = { hash: 'ripemd160', trailer: 'implicit' } as const
    const { message, modulus, privateExponent, publicExponent, signature } = MESSAGE_RECOVERY
    const [bytes, length] = [fromHex(message), fromHex(modulus).length]

    test('signs and recovers the example of the standard', () => {
      const key = provider.openRsaPrivateKey({ modulus: fromHex(modulus), privateExponent: fromHex(privateExponent) })
      const digest = provider.hash('ripemd160', bytes)
      expect(toHex(key.transform(recoverableEncoded(scheme, bytes, false, digest, length)))).toBe(signature)
      const opened = provider.openRsaPublicKey({ modulus: fromHex(modulus), publicExponent: fromHex(publicExponent) })
      const found = recovered(scheme, opened.transform(fromHex(signature)))!
      expect(found.isWhole).toBe(false)
      expect(found.message).toEqual(bytes.subarray(0, recoverableLength(scheme, length)))
      expect(found.digest).toEqual(digest)
    })

    test('messages of every length, and nothing else', () => {
      for (const trailer of ['implicit', 'explicit'] as const) {
        const one = { hash: 'sha1', trailer } as const
        const room = recoverableLength(one, 64)
        for (let size = 0; size <= room; size++) {
          const block = recoverableEncoded(one, bytes.subarray(0, size), true, new Uint8Array(20), 64)
          expect(recovered(one, block)).toEqual({
            message: bytes.slice(0, size),
            isWhole: true,
            digest: new Uint8Array(20),
          })
          expect(recovered(one, block.with(63, block[63]! ^ 1))).toBeUndefined()
          expect(recovered(one, block.with(0, block[0]! ^ 0x80))).toBeUndefined()
          expect(recovered(one, block.subarray(0, 20))).toBeUndefined()
        }
      }
      refuses('CRYPTO_BAD_DATA_LENGTH', () => recoverableLength({ hash: 'sha512', trailer: 'implicit' }, 64))
    })
  })
}

function saltedRecoverySuite({ hash }: CryptoProvider): void {
  describe('ISO/IEC 9796-2 schemes 2 and 3', () => {
    test.each(SALTED_RECOVERY)('$hash, $trailer, salt "$salt": the block of the standard', (vector) => {
      const [bytes, salt] = [fromHex(vector.message), fromHex(vector.salt)]
      const scheme = { hash: vector.hash, trailer: vector.trailer, saltLengthBytes: salt.length }
      const room = saltedRecoverableLength(scheme, 128)
      const [beginning, rest] = [bytes.subarray(0, room), bytes.subarray(room)]
      const restDigest = hash(vector.hash, rest)
      const block = saltedRecoverableEncoded(hash, scheme, { beginning, restDigest, salt }, 128)
      expect(toHex(block)).toBe(vector.block)
      const found = saltedRecovered(hash, scheme, block)!
      expect([found.beginning, found.salt].map((part) => toHex(part))).toEqual([toHex(beginning), vector.salt])
      expect(isSaltedRecovery(hash, scheme, found, restDigest)).toBe(true)
      expect(isSaltedRecovery(hash, scheme, found, hash(vector.hash, Uint8Array.of(...rest, 0)))).toBe(false)
      for (let bit = 0; bit < 8 * 128; bit += 37) {
        const flipped = saltedRecovered(hash, scheme, block.with(bit >> 3, block[bit >> 3]! ^ (1 << (bit & 7))))
        expect(flipped !== undefined && isSaltedRecovery(hash, scheme, flipped, restDigest), `bit ${bit}`).toBe(false)
      }
      for (const length of [0, 1, 21, 42, 127])
        expect(saltedRecovered(hash, scheme, block.slice(0, length))).toBeUndefined()
    })

    test('a modulus without room, and more than the room', () => {
      const scheme = { hash: 'sha512', trailer: 'explicit', saltLengthBytes: 64 } as const
      refuses('CRYPTO_BAD_DATA_LENGTH', () => saltedRecoverableLength(scheme, 128))
      const o = { beginning: new Uint8Array(126), restDigest: new Uint8Array(64), salt: new Uint8Array(64) }
      refuses('CRYPTO_BAD_DATA_LENGTH', () => saltedRecoverableEncoded(hash, scheme, o, 256))
      refuses('CRYPTO_BAD_DATA_LENGTH', () =>
        saltedRecoverableEncoded(hash, scheme, { ...o, beginning: new Uint8Array(), salt: new Uint8Array(63) }, 256),
      )
    })
  })
}

function pointsSuite(provider: CryptoProvider): void {
  describe('points in other forms', () => {
    test.each(ecCurveNames)('%s', (name) => {
      const domain = ecDomain(name)
      const { g } = domain
      const length = (g.length - 1) / 2
      const odd = g.at(-1)! & 1
      const compressed = Uint8Array.of(2 + odd, ...g.subarray(1, 1 + length))
      expect(provider.ecPointOf(domain, compressed)).toEqual(g)
      expect(provider.ecPointOf(domain, Uint8Array.of(6 + odd, ...g.subarray(1)))).toEqual(g)
      expect(provider.ecPointOf(domain, g)).toEqual(g)
      const other = provider.ecPointOf(domain, compressed.with(0, 3 - odd))
      expect(provider.isEcPublicKey(domain, other)).toBe(true)
      expect(other).not.toEqual(g)
      for (const bad of [NONE, Uint8Array.of(0), g.subarray(1), g.with(0, 6 + (1 - odd)), compressed.subarray(1)]) {
        refuses('CRYPTO_BAD_PUBLIC_KEY', () => provider.ecPointOf(domain, bad))
      }
      refuses('CRYPTO_BAD_PUBLIC_KEY', () => provider.ecPointOf(domain, Uint8Array.of(2, ...domain.p.slice(-length))))
    })

    test('an abscissa without a point is refused', () => {
      const domain = ecDomain('P-256')
      const refused = [1, 2, 3, 4, 5, 6, 7, 8].filter((x) => {
        try {
          return !provider.isEcPublicKey(domain, provider.ecPointOf(domain, Uint8Array.of(2, ...new Uint8Array(31), x)))
        } catch {
          return true
        }
      })
      expect(refused).toEqual([1, 2, 3, 4, 7])
    })
  })
}

function kdfSuite(provider: CryptoProvider): void {
  describe('key derivation for cards', () => {
    test('refuses counters that are none, or come round', () => {
      const input = { before: NONE, after: NONE, counterBytes: 0 }
      refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.counterModeKdf({ hmac: 'sha1' }, NONE, input, 20))
      refuses('CRYPTO_BAD_DATA_LENGTH', () => {
        return provider.counterModeKdf({ hmac: 'sha1' }, NONE, { ...input, counterBytes: 5 }, 20)
      })
      refuses('CRYPTO_BAD_DATA_LENGTH', () => {
        return provider.counterModeKdf({ hmac: 'sha1' }, NONE, { ...input, counterBytes: 1 }, 20 * 256)
      })
    })

    test.each(SP_800_108.counter)('counter mode, $source', ({ key, counterBytes, input, output }) => {
      const parts = { before: NONE, after: fromHex(input), counterBytes }
      expect(toHex(provider.counterModeKdf('aes-cmac', fromHex(key), parts, output.length / 2))).toBe(output)
    })

    test.each(SP_800_108.feedback)('feedback mode, $source', ({ prf, key, iv, counterBytes, input, output }) => {
      const parts = { iv: fromHex(iv), input: fromHex(input), counterBytes }
      expect(toHex(provider.feedbackModeKdf(prf, fromHex(key), parts, output.length / 2))).toBe(output)
    })

    test.each(SP_800_108.doublePipeline)('double pipeline, $source', ({ key, counterBytes, input, output }) => {
      const parts = { input: fromHex(input), counterBytes }
      expect(toHex(provider.doublePipelineKdf('aes-cmac', fromHex(key), parts, output.length / 2))).toBe(output)
    })

    test('HKDF-Expand-Label, RFC 8448 §3', () => {
      const { secret, label, context, output } = EXPAND_LABEL
      const named = { prefix: 'tls13 ', label: fromAscii(label), context: fromHex(context) }
      expect(toHex(provider.hkdfExpandLabel('sha256', fromHex(secret), named, 32))).toBe(output)
    })

    test('TLS 1.1 PRF, as published on the list of the TLS working group', () => {
      const seed = Uint8Array.of(...fromAscii('PRF Testvector'), ...new Uint8Array(64).fill(0xcd))
      const prf = provider.tls11Prf(new Uint8Array(48).fill(0xab), seed, 104)
      expect(toHex(prf.subarray(0, 32))).toBe(upper('D3D4D1E349B5D515044666D51DE32BAB258CB521B6B053463E354832FD976754'))
    })

    test('KDF1 with SHA-1 is the key derivation of travel documents, ICAO 9303-11 D.1', () => {
      const seed = fromHex('239AB9CB282DAF66231DC5A4DF6BFBAE')
      expect(toHex(provider.kdf1('sha1', seed, Uint8Array.of(0, 0, 0, 1)))).toBe(
        'AB94FCEDF2664EDFB9B291F85D7F77F27F2F4A9D',
      )
    })
  })
}
