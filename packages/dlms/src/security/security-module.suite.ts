import { afterEach, describe, expect, test } from 'vitest'
import { isRefusal, type Protected, type SecurityModule, type SecurityRefusalReason } from './security-module.ts'
import type { SecuritySuiteId } from './security-suite.ts'

/** Two ends of one key set. */
export interface SecurityModulePair {
  /** What the suite judges. */
  readonly module: SecurityModule
  readonly slot: number
  /** Its peer, a software module with the same keys. */
  readonly peer: SecurityModule
  readonly peerSlot: number
  /** A slot of `module` that has no keys. */
  readonly emptySlot: number
  /** Forgets everything volatile and gives the module back with what was stored. */
  readonly restart: () => Promise<SecurityModule> | SecurityModule
  readonly close?: () => Promise<void> | void
}

/** The result, once it is no refusal. */
function granted<T extends object>(result: T): Exclude<T, { refused: unknown }> {
  if (isRefusal(result)) throw new Error(`refused: ${result.refused}`)
  return result as Exclude<T, { refused: unknown }>
}

const refused = (...reasons: SecurityRefusalReason[]) => ({
  refused: expect.toSatisfy((reason: SecurityRefusalReason) => reasons.length === 0 || reasons.includes(reason)),
})

const bytes = (lengthBytes: number): Uint8Array => Uint8Array.from({ length: lengthBytes }, (_unused, i) => i * 7 + 1)

/**
 * What every security module must do, in vitest. `createPair` gives a fresh pair for each test; counters may start
 * anywhere. `suite` is that of the slot; suite 0 is the default.
 */
export function securityModuleSuite(
  name: string,
  createPair: () => SecurityModulePair | Promise<SecurityModulePair>,
  { suite = 0 }: { readonly suite?: SecuritySuiteId } = {},
): void {
  const AUTHENTICATED = 0x10 | suite
  const AUTHENTICATED_ENCRYPTED = 0x30 | suite
  const keyBytes = suite === 2 ? 32 : 16
  describe(`security module: ${name}`, () => {
    const open: SecurityModulePair[] = []
    const pairUp = async () => {
      const pair = await createPair()
      open.push(pair)
      const { module, slot, peer, peerSlot } = pair
      return {
        ...pair,
        fromModule: async (plaintext: Uint8Array, securityControl = AUTHENTICATED_ENCRYPTED) =>
          granted(await module.protect({ slot, securityControl, plaintext })),
        fromPeer: async (plaintext: Uint8Array, securityControl = AUTHENTICATED_ENCRYPTED) =>
          granted(await peer.protect({ slot: peerSlot, securityControl, plaintext })),
        toModule: (frame: Protected, securityControl = AUTHENTICATED_ENCRYPTED, target = module) =>
          target.unprotect({ slot, securityControl, peerSystemTitle: peer.systemTitle, ...frame }),
        toPeer: (frame: Protected, securityControl = AUTHENTICATED_ENCRYPTED) =>
          peer.unprotect({ slot: peerSlot, securityControl, peerSystemTitle: module.systemTitle, ...frame }),
        counters: async (target = module) => granted(await target.counters(slot)),
      }
    }

    afterEach(async () => {
      for (const pair of open.splice(0)) await pair.close?.()
    })

    describe('messages', () => {
      test.each([
        [0x00, 'nothing'],
        [0x20 | suite, 'encryption without authentication'],
        [0x30 | ((suite + 1) % 3), 'another suite'],
        [0x70 | suite, 'the broadcast key'],
        [0x90 | suite, 'compression'],
      ])('refuses security control %i: %s', async (securityControl) => {
        const { module, slot, peer, fromPeer } = await pairUp()
        expect(await module.protect({ slot, securityControl, plaintext: bytes(13) })).toMatchObject(refused())
        const frame = await fromPeer(bytes(13))
        const request = { slot, securityControl, peerSystemTitle: peer.systemTitle, ...frame }
        expect(await module.unprotect(request)).toMatchObject(refused())
      })

      test('refuses a slot without keys', async () => {
        const { module, emptySlot, peer, fromPeer } = await pairUp()
        const plain = { slot: emptySlot, securityControl: AUTHENTICATED_ENCRYPTED, plaintext: bytes(13) }
        expect(await module.protect(plain)).toEqual({ refused: 'unknown-key' })
        const frame = { ...(await fromPeer(bytes(13))), peerSystemTitle: peer.systemTitle }
        const ciphered = { slot: emptySlot, securityControl: AUTHENTICATED_ENCRYPTED, ...frame }
        expect(await module.unprotect(ciphered)).toEqual({ refused: 'unknown-key' })
        expect(await module.hlsChallenge(emptySlot, 16)).toEqual({ refused: 'unknown-key' })
        expect(await module.hlsAnswer(emptySlot, bytes(16))).toEqual({ refused: 'unknown-key' })
        expect(await module.counters(emptySlot)).toEqual({ refused: 'unknown-key' })
      })

      test('refuses a peer whose system title is not the one of the slot, and takes it under its own', async () => {
        const { module, slot, peer, fromPeer, toModule } = await pairUp()
        const frame = await fromPeer(bytes(13))
        const peerSystemTitle = peer.systemTitle.map((byte) => byte ^ 1)
        const request = { slot, securityControl: AUTHENTICATED_ENCRYPTED, peerSystemTitle, ...frame }
        expect(await module.unprotect(request)).toEqual({ refused: 'unknown-peer' })
        expect(granted(await toModule(frame)).plaintext).toEqual(bytes(13))
      })

      test.each([AUTHENTICATED, AUTHENTICATED_ENCRYPTED])(
        'refuses a message with any one bit changed (control %i), moves no floor, and takes the genuine one',
        async (securityControl) => {
          const { fromPeer, toModule, counters } = await pairUp()
          const frame = await fromPeer(bytes(13), securityControl)
          const before = await counters()
          for (let bit = 0; bit < frame.body.length * 8; bit++) {
            const body = frame.body.slice()
            body[bit >> 3]! ^= 1 << (bit & 7)
            expect(await toModule({ ...frame, body }, securityControl)).toEqual({ refused: 'authentication-failed' })
          }
          for (let bit = 0; bit < 32; bit++) {
            const invocationCounter = (frame.invocationCounter ^ (1 << bit)) >>> 0
            const answer = await toModule({ ...frame, invocationCounter }, securityControl)
            expect(answer).toMatchObject(refused('authentication-failed', 'counter-replayed'))
          }
          const otherControl = securityControl ^ 0x20
          expect(await toModule(frame, otherControl)).toEqual({ refused: 'authentication-failed' })
          expect(await counters()).toEqual(before)
          expect(granted(await toModule(frame, securityControl)).plaintext).toEqual(bytes(13))
        },
      )

      test('refuses a body that is shorter than a tag', async () => {
        const { fromPeer, toModule } = await pairUp()
        const frame = await fromPeer(new Uint8Array(0))
        for (let length = 0; length < 12; length++) {
          expect(await toModule({ ...frame, body: frame.body.slice(0, length) })).toMatchObject(refused('malformed'))
        }
        expect(granted(await toModule(frame)).plaintext).toEqual(new Uint8Array(0))
      })

      test('refuses a replayed message and says which counter it would take', async () => {
        const { fromPeer, toModule, counters } = await pairUp()
        const frame = await fromPeer(bytes(13))
        granted(await toModule(frame))
        const { messageFloor } = await counters()
        expect(messageFloor).toBe(frame.invocationCounter + 1)
        expect(await toModule(frame)).toEqual({ refused: 'counter-replayed', expectedCounter: messageFloor })
      })

      test('refuses older messages once a newer one was taken; gaps are no matter', async () => {
        const { fromPeer, toModule } = await pairUp()
        const frames = [await fromPeer(bytes(1)), await fromPeer(bytes(2)), await fromPeer(bytes(3))]
        expect(granted(await toModule(frames[2]!)).plaintext).toEqual(bytes(3))
        expect(await toModule(frames[0]!)).toMatchObject(refused('counter-replayed'))
        expect(await toModule(frames[1]!)).toMatchObject(refused('counter-replayed'))
      })

      test('refuses the last counter, which has no successor', async () => {
        const { fromPeer, toModule, counters } = await pairUp()
        const before = await counters()
        const frame = await fromPeer(bytes(13))
        const last = { ...frame, invocationCounter: 0xffff_ffff }
        expect(await toModule(last)).toMatchObject(refused())
        expect(await counters()).toEqual(before)
      })

      test('takes one message once, however many copies come at the same time', async () => {
        const { fromPeer, toModule } = await pairUp()
        const frame = await fromPeer(bytes(13))
        const answers = await Promise.all(Array.from({ length: 5 }, () => toModule(frame)))
        expect(answers.filter((answer) => !isRefusal(answer))).toHaveLength(1)
      })

      test.each([0, 1, 15, 16, 17, 300, 1024, 1184])('%i bytes go both ways, in both controls', async (length) => {
        const { fromModule, toPeer, fromPeer, toModule } = await pairUp()
        for (const control of [AUTHENTICATED_ENCRYPTED, AUTHENTICATED]) {
          const out = await fromModule(bytes(length), control)
          expect(out.body).toHaveLength(length + 12)
          expect(granted(await toPeer(out, control)).plaintext).toEqual(bytes(length))
          expect(granted(await toModule(await fromPeer(bytes(length), control), control)).plaintext).toEqual(
            bytes(length),
          )
        }
      })

      test('encrypts only when told to', async () => {
        const { fromModule } = await pairUp()
        const plain = await fromModule(bytes(32), AUTHENTICATED)
        const ciphered = await fromModule(bytes(32), AUTHENTICATED_ENCRYPTED)
        expect(plain.body.slice(0, 32)).toEqual(bytes(32))
        expect(ciphered.body.slice(0, 32)).not.toEqual(bytes(32))
      })
    })

    describe('counters', () => {
      test('never gives one counter twice, to messages or tokens, also at the same time', async () => {
        const { module, slot, fromModule, counters } = await pairUp()
        const first = (await counters()).send
        const token = async () => {
          const octets = granted(await module.hlsAnswer(slot, bytes(16)))
          return new DataView(octets.buffer, octets.byteOffset).getUint32(1)
        }
        const message = async () => (await fromModule(bytes(5))).invocationCounter
        const taken = await Promise.all(Array.from({ length: 20 }, (_unused, i) => (i % 3 === 0 ? token() : message())))
        expect(taken.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_unused, i) => first + i))
        expect((await counters()).send).toBe(first + 20)
      })

      test('keeps counters and floors over a restart: nothing repeats, nothing is taken twice', async () => {
        const { restart, fromModule, fromPeer, toModule, counters } = await pairUp()
        await fromModule(bytes(5))
        const frame = await fromPeer(bytes(5))
        granted(await toModule(frame))
        const before = await counters()
        const restarted = await restart()
        expect(await counters(restarted)).toEqual(before)
        expect(await toModule(frame, AUTHENTICATED_ENCRYPTED, restarted)).toMatchObject(refused('counter-replayed'))
      })
    })

    describe('HLS with GMAC', () => {
      test.each([0, 7, 65, 1.5])('refuses a challenge of %d bytes', async (length) => {
        const { module, slot } = await pairUp()
        expect(await module.hlsChallenge(slot, length)).toMatchObject(refused())
        expect(await module.hlsAnswer(slot, bytes(length))).toMatchObject(refused())
      })

      test('refuses a token when no challenge was given', async () => {
        const { module, slot, peer, peerSlot } = await pairUp()
        const token = granted(await peer.hlsAnswer(peerSlot, bytes(16)))
        expect(await module.hlsVerify(slot, token)).toEqual({ refused: 'no-challenge' })
      })

      test('refuses a wrong token, and with it the challenge is spent', async () => {
        const { module, slot, peer, peerSlot } = await pairUp()
        const token = granted(await peer.hlsAnswer(peerSlot, granted(await module.hlsChallenge(slot, 16))))
        const wrong = token.slice()
        wrong[16]! ^= 1
        expect(await module.hlsVerify(slot, wrong)).toEqual({ refused: 'authentication-failed' })
        expect(await module.hlsVerify(slot, token)).toEqual({ refused: 'no-challenge' })
      })

      test('refuses a token with any one bit changed', async () => {
        const { module, slot, peer, peerSlot } = await pairUp()
        for (let bit = 0; bit < 17 * 8; bit++) {
          const token = granted(await peer.hlsAnswer(peerSlot, granted(await module.hlsChallenge(slot, 8))))
          token[bit >> 3]! ^= 1 << (bit & 7)
          expect(await module.hlsVerify(slot, token)).toMatchObject(refused())
        }
      })

      test('refuses the token of an older challenge', async () => {
        const { module, slot, peer, peerSlot } = await pairUp()
        const old = granted(await peer.hlsAnswer(peerSlot, granted(await module.hlsChallenge(slot, 16))))
        granted(await module.hlsChallenge(slot, 16))
        expect(await module.hlsVerify(slot, old)).toMatchObject(refused('authentication-failed'))
      })

      test('refuses a token taken before, whatever the challenge', async () => {
        const { module, slot, peer, peerSlot } = await pairUp()
        const token = granted(await peer.hlsAnswer(peerSlot, granted(await module.hlsChallenge(slot, 16))))
        granted(await module.hlsVerify(slot, token))
        expect(await module.hlsVerify(slot, token)).toEqual({ refused: 'no-challenge' })
        granted(await module.hlsChallenge(slot, 16))
        expect(await module.hlsVerify(slot, token)).toMatchObject(refused('counter-replayed'))
      })

      test('refuses its own token sent back', async () => {
        const { module, slot } = await pairUp()
        const challenge = granted(await module.hlsChallenge(slot, 16))
        const own = granted(await module.hlsAnswer(slot, challenge))
        expect(await module.hlsVerify(slot, own)).toMatchObject(refused('authentication-failed', 'counter-replayed'))
      })

      test('forgets the challenge over a restart', async () => {
        const { module, slot, peer, peerSlot, restart } = await pairUp()
        const token = granted(await peer.hlsAnswer(peerSlot, granted(await module.hlsChallenge(slot, 16))))
        expect(await (await restart()).hlsVerify(slot, token)).toEqual({ refused: 'no-challenge' })
      })

      test('challenges are as long as asked and never the same', async () => {
        const { module, slot } = await pairUp()
        const challenges = []
        for (const length of [8, 8, 16, 16, 64, 64]) challenges.push(granted(await module.hlsChallenge(slot, length)))
        expect(challenges.map(({ length }) => length)).toEqual([8, 8, 16, 16, 64, 64])
        expect(new Set(challenges.map((challenge) => challenge.join())).size).toBe(6)
      })

      test.each([8, 16, 64])('proves itself to the peer and the peer to it, challenges of %i bytes', async (length) => {
        const { module, slot, peer, peerSlot } = await pairUp()
        const answer = granted(await module.hlsAnswer(slot, granted(await peer.hlsChallenge(peerSlot, length))))
        expect(answer).toHaveLength(17)
        expect(answer[0]).toBe(AUTHENTICATED)
        expect(await peer.hlsVerify(peerSlot, answer)).toEqual({ ok: true })
        const token = granted(await peer.hlsAnswer(peerSlot, granted(await module.hlsChallenge(slot, length))))
        expect(await module.hlsVerify(slot, token)).toEqual({ ok: true })
      })

      test('takes a token that was made before, and came inside, a message with a higher counter', async () => {
        const { module, slot, peer, peerSlot, fromPeer, toModule } = await pairUp()
        const token = granted(await peer.hlsAnswer(peerSlot, granted(await module.hlsChallenge(slot, 16))))
        const message = await fromPeer(token)
        const { plaintext } = granted(await toModule(message))
        expect(await module.hlsVerify(slot, plaintext)).toEqual({ ok: true })
      })
    })

    describe('what only some modules can', () => {
      test('mechanisms: those it does not name are refused as unsupported', async () => {
        const { module, slot } = await pairUp()
        for (const mechanism of ['hls', 'hls-md5', 'hls-sha1', 'hls-sha256', 'hls-ecdsa'] as const) {
          if (module.capabilities.mechanisms.includes(mechanism)) continue
          const exchange = { mechanism, otherChallenge: bytes(32) }
          expect(await module.hlsAnswer(slot, bytes(32), exchange)).toEqual({ refused: 'unsupported' })
          granted(await module.hlsChallenge(slot, 32))
          expect(await module.hlsVerify(slot, bytes(32), exchange)).toMatchObject(refused())
        }
        expect(module.capabilities.suites).toContain(suite)
        expect(module.capabilities.mechanisms).toContain('hls-gmac')
      })

      test('session keys: an unknown handle is refused, and takes no counter', async () => {
        const { module, slot, counters } = await pairUp()
        const before = await counters()
        const key = { sessionKey: 4711 }
        const plain = { slot, securityControl: AUTHENTICATED_ENCRYPTED, plaintext: bytes(13), key }
        expect(await module.protect(plain)).toMatchObject(refused('unknown-key', 'unsupported'))
        expect(await counters()).toEqual(before)
      })

      test('session keys: a dedicated key goes both ways, takes each message once, and is gone when closed', async () => {
        const { module, slot, peer, peerSlot, emptySlot } = await pairUp()
        if (module.sessionKeys === undefined || peer.sessionKeys === undefined) return
        expect(await module.sessionKeys.createDedicated(emptySlot)).toEqual({ refused: 'unknown-key' })
        expect(await module.sessionKeys.openDedicated(slot, bytes(keyBytes - 1))).toEqual({ refused: 'malformed' })
        const { key: octets, handle: key } = granted(await module.sessionKeys.createDedicated(slot))
        const peerKey = granted(await peer.sessionKeys.openDedicated(peerSlot, octets))
        const securityControl = AUTHENTICATED_ENCRYPTED
        const sent = granted(await module.protect({ slot, securityControl, plaintext: bytes(13), key }))
        const peerSystemTitle = module.systemTitle
        const received = { slot: peerSlot, securityControl, peerSystemTitle, ...sent }
        expect(await peer.unprotect(received)).toEqual({ refused: 'authentication-failed' })
        expect(granted(await peer.unprotect({ ...received, key: peerKey })).plaintext).toEqual(bytes(13))
        expect(await peer.unprotect({ ...received, key: peerKey })).toMatchObject(refused('counter-replayed'))
        const back = granted(await peer.protect({ slot: peerSlot, securityControl, plaintext: bytes(5), key: peerKey }))
        const answer = { slot, securityControl, peerSystemTitle: peer.systemTitle, key, ...back }
        expect(await module.unprotect({ ...answer, slot: emptySlot })).toEqual({ refused: 'unknown-key' })
        expect(granted(await module.unprotect(answer)).plaintext).toEqual(bytes(5))
        module.sessionKeys.close(key)
        const closed = { slot, securityControl, plaintext: bytes(13), key }
        expect(await module.protect(closed)).toEqual({ refused: 'unknown-key' })
      })

      test('the header of general-ciphering is authenticated, where it is spoken', async () => {
        const { module, slot, peer, peerSlot } = await pairUp()
        const header = bytes(30)
        const request = { slot, securityControl: AUTHENTICATED_ENCRYPTED, plaintext: bytes(13), header }
        const sent = await module.protect(request)
        if (isRefusal(sent)) {
          expect(sent).toEqual({ refused: 'unsupported' })
          return
        }
        const received = {
          slot: peerSlot,
          securityControl: AUTHENTICATED_ENCRYPTED,
          peerSystemTitle: module.systemTitle,
          ...sent,
        }
        const wrong = header.with(29, header[29]! ^ 1)
        expect(await peer.unprotect({ ...received, header: wrong })).toEqual({ refused: 'authentication-failed' })
        expect(await peer.unprotect(received)).toEqual({ refused: 'authentication-failed' })
        expect(granted(await peer.unprotect({ ...received, header })).plaintext).toEqual(bytes(13))
      })

      test('keys can be changed where the module says so, and refused ones leave all as it was', async () => {
        const { module, slot, emptySlot } = await pairUp()
        const { keyManagement } = module
        if (keyManagement === undefined) return
        const data = [{ keyId: 0, keyData: bytes(24) }] as const
        expect(await keyManagement.receiveKeys(emptySlot, data)).toMatchObject(refused('unknown-key'))
        expect(await keyManagement.receiveKeys(slot, data)).toMatchObject(refused())
        await keyManagement.commit(slot)
        granted(await module.counters(slot))
      })
    })
  })
}
