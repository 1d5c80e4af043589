import { concatBytes, fromAscii, fromHex, toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CryptoProvider, type HashName, hashes, type ResumableHashName } from '../src/index.ts'
import { refuses } from './refuses.ts'
import { ABC, INITIAL, JEFE } from './vectors/hash-vectors.ts'

const NAMES = Object.keys(hashes) as HashName[]
const RESUMABLE = Object.keys(INITIAL) as ResumableHashName[]
const pieces = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 })

export function hashesSuite(provider: CryptoProvider): void {
  describe('hashes', () => {
    test.each(RESUMABLE)('%s does not go on from a state of another length, or between blocks', (name) => {
      const { blockLengthBytes, chainingLengthBytes } = hashes[name]
      const chainingValue = new Uint8Array(chainingLengthBytes)
      for (const byteCount of [1, blockLengthBytes - 1, -blockLengthBytes, Number.NaN, 2 ** 60]) {
        refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.createResumableHash(name, { chainingValue, byteCount }))
      }
      for (const length of [0, chainingLengthBytes - 1, chainingLengthBytes + 1]) {
        const state = { chainingValue: new Uint8Array(length), byteCount: blockLengthBytes }
        refuses('CRYPTO_BAD_DATA_LENGTH', () => provider.createResumableHash(name, state))
      }
      const session = provider.createResumableHash(name)
      session.update(new Uint8Array(blockLengthBytes + 1))
      refuses('CRYPTO_BAD_DATA_LENGTH', () => session.state())
    })

    test.each(NAMES)('%s: a session that was ended takes no more', (name) => {
      const session = provider.createHash(name)
      session.finish()
      expect(() => session.update(new Uint8Array(1))).toThrow()
      expect(() => session.finish()).toThrow()
      const mac = provider.createHmac(name, new Uint8Array(1))
      mac.finish()
      expect(() => mac.update(new Uint8Array(1))).toThrow()
      expect(() => mac.finish()).toThrow()
    })

    test.each(NAMES)('%s of abc', (name) => {
      expect(toHex(provider.hash(name, fromAscii('abc')))).toBe(ABC[name])
      expect(ABC[name].length).toBe(2 * hashes[name].digestLengthBytes)
    })

    test.each(Object.entries(JEFE))('HMAC with %s: test case 2', (name, mac) => {
      const [key, message] = [fromAscii('Jefe'), fromAscii('what do ya want for nothing?')]
      expect(toHex(provider.hmac(name as HashName, key, message))).toBe(mac)
    })

    test.each(RESUMABLE)('%s begins with the words its standard gives', (name) => {
      const state = provider.createResumableHash(name).state()
      expect({ ...state, chainingValue: toHex(state.chainingValue) }).toEqual({
        chainingValue: INITIAL[name],
        byteCount: 0,
      })
    })

    test.each(NAMES)('%s in pieces, copied on the way, is that of the whole', (name) => {
      fc.assert(
        fc.property(pieces, pieces, fc.uint8Array({ maxLength: 300 }), (before, after, key) => {
          const whole = concatBytes(...before, ...after)
          const session = provider.createHash(name)
          for (const piece of before) session.update(piece)
          const copy = session.copy()
          for (const piece of after) copy.update(piece)
          expect(copy.finish()).toEqual(provider.hash(name, whole))
          expect(session.finish()).toEqual(provider.hash(name, concatBytes(...before)))

          const mac = provider.createHmac(name, key)
          for (const piece of [...before, ...after]) mac.update(piece)
          expect(mac.finish()).toEqual(provider.hmac(name, key, whole))
        }),
        { numRuns: 25 },
      )
    })

    test.each(RESUMABLE)('%s goes on elsewhere where it stood', (name) => {
      const blocks = fc.nat(4)
      fc.assert(
        fc.property(blocks, fc.uint8Array({ maxLength: 300 }), (count, rest) => {
          const before = provider.randomBytes(count * hashes[name].blockLengthBytes)
          const first = provider.createResumableHash(name)
          first.update(before)
          const second = provider.createResumableHash(name, first.state())
          second.update(rest)
          expect(second.finish()).toEqual(provider.hash(name, concatBytes(before, rest)))
        }),
        { numRuns: 25 },
      )
    })

    test('a hash does not depend on what becomes of its input', () => {
      const [part, key] = [Buffer.from('abc'), Buffer.from('Jefe')]
      const [session, mac] = [provider.createHash('sha256'), provider.createHmac('sha256', key)]
      session.update(part)
      mac.update(fromAscii('what do ya want for nothing?'))
      part.fill(0)
      key.fill(0)
      expect(toHex(session.finish())).toBe(ABC.sha256)
      expect(mac.finish()).toEqual(fromHex(JEFE.sha256!))
    })
  })
}
