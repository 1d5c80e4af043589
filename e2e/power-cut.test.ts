import { equalBytes, toHex } from '@gridcard/bytes'
import { Card } from '@gridcard/card'
import type { CryptoProvider } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { inProcessLink, isCardRefusal, MeterSecurityClient } from '@gridcard/terminal'
import { meterSecurityCardProfile } from 'gridcard'
import { beforeAll, describe, expect, test } from 'vitest'
import { CuttingStore } from './support/cutting-store.ts'
import { makeMeterSecurityCard, type TestCardSecrets } from './support/meter-security-card.ts'

// A meter's card loses its power at every single write of a command, and in the middle of every single write.

const secrets: TestCardSecrets = {
  systemTitle: nodeCrypto.randomBytes(8),
  deviceId: nodeCrypto.randomBytes(16),
  peerSystemTitle: nodeCrypto.randomBytes(8),
  encryptionKey: nodeCrypto.randomBytes(16),
  authenticationKey: nodeCrypto.randomBytes(16),
}

/** Notes every (key, IV) that the card ever encrypts or authenticates with, whether or not the result leaves. */
function watchingCrypto(): { crypto: CryptoProvider; used: string[] } {
  const used: string[] = []
  const crypto: CryptoProvider = {
    ...nodeCrypto,
    createGcmEncryptor(key, iv, aad) {
      used.push(`${toHex(key)} ${toHex(iv)}`)
      return nodeCrypto.createGcmEncryptor(key, iv, aad)
    },
    // A card keeps keys ready, so it is these that encrypt.
    openGcmKey(key) {
      const ready = nodeCrypto.openGcmKey(key)
      const note = (iv: Uint8Array) => used.push(`${toHex(key)} ${toHex(iv)}`)
      return {
        seal(iv, aad, plaintext, tagLengthBytes) {
          note(iv)
          return ready.seal(iv, aad, plaintext, tagLengthBytes)
        },
        createEncryptor(iv, aad) {
          note(iv)
          return ready.createEncryptor(iv, aad)
        },
        open: (iv, aad, sealed, tagLengthBytes) => ready.open(iv, aad, sealed, tagLengthBytes),
        createDecryptor: (iv, aad, tagLengthBytes) => ready.createDecryptor(iv, aad, tagLengthBytes),
      }
    },
  }
  return { crypto, used }
}

let image: Uint8Array
beforeAll(async () => {
  image = (await makeMeterSecurityCard(nodeCrypto, secrets)).image()
})

async function start(store: CuttingStore, crypto: CryptoProvider): Promise<MeterSecurityClient> {
  const link = inProcessLink(Card.open({ profile: meterSecurityCardProfile, crypto, store }))
  await link.powerOn()
  const security = new MeterSecurityClient(link)
  await security.select()
  expect(await security.bindDevice(secrets.deviceId)).toEqual({ ok: true })
  return security
}

/** Most writes any command here may need; a test that gets that far cuts nothing any more and must say so. */
const manyWrites = 50

/** Runs an act and tells whether the power went out during it. */
async function isCut(act: Promise<unknown>): Promise<boolean> {
  try {
    await act
    return false
  } catch (error) {
    expect(error).toMatchObject({ code: 'CARD_POWER_CUT' })
    return true
  }
}

const message = new TextEncoder().encode('one message')
const acts = {
  PROTECT: (security: MeterSecurityClient) => security.protect(0, 0x30, message),
  'HLS ANSWER': (security: MeterSecurityClient) => security.hlsAnswer(0, new Uint8Array(16)),
} as const

describe.each(Object.entries(acts))('power cut during %s', (_name, act) => {
  test.each([false, true])('never lets a (key, IV) pair be used twice (torn write: %s)', async (torn) => {
    let cut = 0
    for (; cut < manyWrites; cut++) {
      const { crypto, used } = watchingCrypto()
      const store = new CuttingStore(image)
      const security = await start(store, crypto)
      await act(security)
      store.cutAfter(cut, { torn })
      const wasCut = await isCut(act(security))

      store.restorePower()
      const again = await start(store, crypto)
      expect(isCardRefusal((await act(again)) as object)).toBe(false)
      await act(again)
      expect(used.length).toBeGreaterThanOrEqual(3) // the act before the cut, and two after it
      expect(new Set(used).size, `cut after write ${cut}: ${used.length} uses`).toBe(used.length)
      if (!wasCut) break // all its writes were let through
    }
    expect(cut).toBeGreaterThan(0)
    expect(cut).toBeLessThan(manyWrites)
  })
})

/** A frame from the head-end with that counter: IV and additional data as the Green Book says, made without our stack. */
function frameFor(invocationCounter: number): Uint8Array {
  const iv = new Uint8Array(12)
  iv.set(secrets.peerSystemTitle)
  new DataView(iv.buffer).setUint32(8, invocationCounter)
  const aad = Uint8Array.of(0x30, ...secrets.authenticationKey)
  return nodeCrypto.gcmSeal(secrets.encryptionKey, iv, aad, message, 12)
}

describe('power cut during UNPROTECT', () => {
  test.each([false, true])('never gives a message out twice (torn write: %s)', async (torn) => {
    const frame = frameFor(41)
    const unprotect = (security: MeterSecurityClient) => security.unprotect(0, 0x30, 41, frame)
    let cut = 0
    for (; cut < manyWrites; cut++) {
      const store = new CuttingStore(image)
      const security = await start(store, nodeCrypto)
      store.cutAfter(cut, { torn })
      let given = 0
      const tryOnce = async (client: MeterSecurityClient) => {
        const result = await unprotect(client)
        if (!isCardRefusal(result)) {
          expect(equalBytes(result.plaintext, message)).toBe(true)
          given++
        }
      }
      const wasCut = await isCut(tryOnce(security))
      store.restorePower()
      const again = await start(store, nodeCrypto)
      await tryOnce(again)
      await tryOnce(again)
      expect(given, `cut after write ${cut}`).toBeLessThanOrEqual(1)
      if (!wasCut) break
    }
    expect(cut).toBeGreaterThan(0)
    expect(cut).toBeLessThan(manyWrites)
  })
})
