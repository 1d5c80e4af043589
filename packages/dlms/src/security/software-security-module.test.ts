import { fromHex } from '@gridcard/bytes'
import { nobleCrypto } from '@gridcard/crypto/noble'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, test } from 'vitest'
import { DlmsError } from '../errors.ts'
import { memoryCounterStore } from './counter-store.ts'
import { securityModuleSuite } from './security-module.suite.ts'
import { SoftwareSecurityModule } from './software-security-module.ts'

const meterTitle = fromHex('4752430000000001')
const clientTitle = fromHex('4752434845414431')
const keys = {
  blockCipherKey: fromHex('8C1F0D3AA4C54E6B9D2E7F8091A2B3C4'),
  authenticationKey: fromHex('1B2C3D4E5F60718293A4B5C6D7E8F901'),
}

for (const [name, crypto] of [
  ['software, node:crypto', nodeCrypto],
  ['software, noble', nobleCrypto],
] as const) {
  securityModuleSuite(name, () => {
    const counters = memoryCounterStore({ 2: { send: 500, messageFloor: 0, tokenFloor: 0 } })
    const start = () =>
      new SoftwareSecurityModule({
        crypto,
        systemTitle: meterTitle,
        slots: (slot) => (slot === 2 ? { ...keys, peerSystemTitle: clientTitle } : undefined),
        storeKeys: () => {
          throw new Error('nothing to store')
        },
        counters,
      })
    const peer = new SoftwareSecurityModule({
      crypto: nodeCrypto,
      systemTitle: clientTitle,
      slots: async (slot) => (slot === 0 ? { ...keys, peerSystemTitle: meterTitle } : undefined),
      counters: memoryCounterStore(),
    })
    return { module: start(), slot: 2, peer, peerSlot: 0, emptySlot: 1, restart: start }
  })
}

describe('software security module', () => {
  const moduleWith = (slot: { blockCipherKey?: Uint8Array; peerSystemTitle?: Uint8Array }, send = 0) =>
    new SoftwareSecurityModule({
      crypto: nodeCrypto,
      systemTitle: meterTitle,
      slots: () => ({ ...keys, peerSystemTitle: clientTitle, ...slot }),
      counters: memoryCounterStore({ 0: { send } }),
    })
  const plain = { slot: 0, securityControl: 0x30, plaintext: new Uint8Array(4) }

  test('refuses when the counter is used up, for messages and tokens', async () => {
    const module = moduleWith({}, 0xffff_fffe)
    expect(await module.protect(plain)).toMatchObject({ invocationCounter: 0xffff_fffe })
    expect(await module.protect(plain)).toEqual({ refused: 'counter-exhausted' })
    expect(await module.hlsAnswer(0, new Uint8Array(16))).toEqual({ refused: 'counter-exhausted' })
  })

  test('will not work with a peer of the same title, whose IVs would be its own', async () => {
    await expect(moduleWith({ peerSystemTitle: meterTitle }).protect(plain)).rejects.toThrow(DlmsError)
  })

  test('will not work with keys of another suite', async () => {
    await expect(moduleWith({ blockCipherKey: new Uint8Array(32) }).protect(plain)).rejects.toThrow(DlmsError)
  })

  test('will not work with a title that is not 8 bytes', () => {
    const options = { crypto: nodeCrypto, slots: () => undefined, counters: memoryCounterStore() }
    expect(() => new SoftwareSecurityModule({ ...options, systemTitle: new Uint8Array(7) })).toThrow(DlmsError)
  })
})

describe('keys made ready', () => {
  test('a key that changes in the store counts with the next message', async () => {
    const current = { key: fromHex('000102030405060708090A0B0C0D0E0F') }
    const module = new SoftwareSecurityModule({
      crypto: nodeCrypto,
      systemTitle: meterTitle,
      slots: () => ({ ...keys, blockCipherKey: current.key, peerSystemTitle: clientTitle }),
      counters: memoryCounterStore(),
    })
    const peerOf = (blockCipherKey: Uint8Array) =>
      new SoftwareSecurityModule({
        crypto: nodeCrypto,
        systemTitle: clientTitle,
        slots: () => ({ ...keys, blockCipherKey, peerSystemTitle: meterTitle }),
        counters: memoryCounterStore(),
      })
    const plain = { slot: 0, securityControl: 0x30, plaintext: new Uint8Array(4) }
    const old = current.key.slice()
    await module.protect(plain)
    // In place, as a store that wipes and fills its buffer would.
    current.key.fill(7)
    const sent = await module.protect(plain)
    if ('refused' in sent) throw new Error(sent.refused)
    const received = { slot: 0, securityControl: 0x30, peerSystemTitle: meterTitle, ...sent }
    expect(await peerOf(old).unprotect(received)).toEqual({ refused: 'authentication-failed' })
    expect(await peerOf(new Uint8Array(16).fill(7)).unprotect(received)).toEqual({ plaintext: new Uint8Array(4) })
  })
})
