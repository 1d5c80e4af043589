import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nobleCrypto } from '../src/noble-provider.ts'
import { nodeCrypto } from '../src/node-provider.ts'
import { cryptoProviderSuite } from './crypto-provider.suite.ts'

cryptoProviderSuite('nodeCrypto', nodeCrypto)
cryptoProviderSuite('nobleCrypto', nobleCrypto)

test('what one provider protects the other one opens', () => {
  const key = fc.constantFrom(16, 24, 32).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }))
  const iv = fc.uint8Array({ minLength: 12, maxLength: 12 })
  fc.assert(
    fc.property(key, iv, fc.uint8Array(), fc.uint8Array({ maxLength: 200 }), (key, iv, aad, plaintext) => {
      const sealed = nodeCrypto.gcmSeal(key, iv, aad, plaintext, 12)
      expect(nobleCrypto.gcmSeal(key, iv, aad, plaintext, 12)).toEqual(sealed)
      expect(nobleCrypto.gcmOpen(key, iv, aad, sealed, 12)).toEqual(plaintext)
      expect(nodeCrypto.gcmOpen(key, iv, aad, sealed, 12)).toEqual(plaintext)
      expect(nobleCrypto.aesCmac(key, plaintext)).toEqual(nodeCrypto.aesCmac(key, plaintext))
      expect(nobleCrypto.sha256(plaintext)).toEqual(nodeCrypto.sha256(plaintext))
    }),
  )
})
