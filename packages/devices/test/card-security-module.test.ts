import { Card } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { CardSecurityModule, managementSlot, numberedIdentity, type SecureElementState } from '@gridcard/devices'
import { securityModuleSuite } from '@gridcard/dlms/testing'
import { type CardLink, inProcessLink } from '@gridcard/terminal'
import { beforeAll, describe, expect, test } from 'vitest'
import { freshKeys, headendTitle, softwareModule } from './support/meter-bench.ts'
import { makeMeterCard, testCardProfile } from './support/meter-card.ts'

const identity = numberedIdentity(42, nodeCrypto.randomBytes(16))
const keys = freshKeys()
/** A slot the meter has a peer for, but the card no keys. */
const emptySlot = 1
let image: Uint8Array

beforeAll(async () => {
  image = (await makeMeterCard(identity, keys)).image()
})

function reader() {
  let card = Card.open({ profile: testCardProfile, crypto: nodeCrypto, image })
  const link: CardLink = {
    powerOn: async () => card.powerOn(),
    transmit: async (command) => card.transmit(command),
    powerOff: async () => card.powerOff(),
  }
  /** Takes the card out and puts in what its memory says. */
  const changeCard = () => {
    card = Card.open({ profile: testCardProfile, crypto: nodeCrypto, image: card.image() })
  }
  return { link, changeCard }
}

function moduleOver(link: CardLink, change: { deviceId?: Uint8Array; systemTitle?: Uint8Array } = {}) {
  const { systemTitle, deviceId } = { ...identity, ...change }
  const peerSystemTitles = new Map([
    [managementSlot, headendTitle],
    [emptySlot, headendTitle],
  ])
  return new CardSecurityModule({ link, systemTitle, deviceId, peerSystemTitles })
}

securityModuleSuite('MeterSecurity applet on the card', async () => {
  const { link, changeCard } = reader()
  const module = moduleOver(link)
  expect(await module.powerUp()).toEqual({ ready: true })
  return {
    module,
    slot: managementSlot,
    peer: softwareModule(headendTitle, identity.systemTitle, keys),
    peerSlot: managementSlot,
    emptySlot,
    restart: async () => {
      await module.powerDown()
      changeCard()
      const again = moduleOver(link)
      await again.powerUp()
      return again
    },
  }
})

const protectRequest = { slot: managementSlot, securityControl: 0x30, plaintext: new Uint8Array(20) }

describe('a card security module', () => {
  test('refuses everything before it is powered up', async () => {
    const module = moduleOver(reader().link)
    expect(await module.protect(protectRequest)).toEqual({ refused: 'unavailable' })
    expect(await module.hlsChallenge(managementSlot, 16)).toEqual({ refused: 'unavailable' })
    expect(await module.status()).toBeUndefined()
  })

  test('of a card made for another device says what the card said, and refuses', async () => {
    const module = moduleOver(reader().link, { deviceId: new Uint8Array(16) })
    expect(await module.powerUp()).toMatchObject({ ready: false, reason: expect.stringContaining('6982') })
    expect(await module.protect(protectRequest)).toEqual({ refused: 'unavailable' })
  })

  test('of a card with another system title does not use it', async () => {
    const module = moduleOver(reader().link, { systemTitle: numberedIdentity(43, new Uint8Array(16)).systemTitle })
    expect(await module.powerUp()).toMatchObject({ ready: false, reason: expect.stringContaining('another meter') })
  })

  test('of a card without the applet says so', async () => {
    const blank = Card.create({ profile: testCardProfile, crypto: nodeCrypto })
    const module = moduleOver(inProcessLink(blank))
    expect(await module.powerUp()).toMatchObject({ ready: false, reason: expect.stringContaining('SELECT') })
  })

  test('refuses a message that is too long for the card, and takes the next', async () => {
    const module = moduleOver(reader().link)
    await module.powerUp()
    const long = { ...protectRequest, plaintext: new Uint8Array(1185) }
    expect(await module.protect(long)).toEqual({ refused: 'malformed' })
    expect(await module.protect(protectRequest)).toHaveProperty('body')
  })

  test('loses a card that is pulled out, says so once, and goes on with it when it is back', async () => {
    const { link } = reader()
    let isPresent = true
    const present = () => (isPresent ? Promise.resolve() : Promise.reject(new Error('no card')))
    const states: SecureElementState[] = []
    const module = moduleOver({
      powerOn: () => present().then(() => link.powerOn()),
      transmit: (command) => present().then(() => link.transmit(command)),
      powerOff: () => present().then(() => link.powerOff()),
    })
    module.onStateChange = (state) => states.push(state)
    await module.powerUp()
    const before = await module.counters(managementSlot)
    isPresent = false
    expect(await module.protect(protectRequest)).toEqual({ refused: 'unavailable' })
    expect(await module.protect(protectRequest)).toEqual({ refused: 'unavailable' })
    isPresent = true
    expect(await module.protect(protectRequest)).toMatchObject({
      invocationCounter: 'send' in before ? before.send : undefined,
    })
    expect(states.map(({ ready }) => ready)).toEqual([true, false, true])
  })

  test('binds again after somebody reset the card behind its back', async () => {
    const { link } = reader()
    const module = moduleOver(link)
    await module.powerUp()
    await link.powerOff()
    await link.powerOn()
    expect(await module.protect(protectRequest)).toEqual({ refused: 'unavailable' })
    expect(await module.protect(protectRequest)).toHaveProperty('body')
  })

  test('tells applet, memory and counters of the card', async () => {
    const module = moduleOver(reader().link)
    await module.powerUp()
    await module.protect(protectRequest)
    const status = (await module.status())!
    expect(status).toMatchObject({ appletVersion: 1, lifeCycle: 2, bound: true })
    expect(status.slots).toEqual([{ slot: managementSlot, ...(await module.counters(managementSlot)) }])
    expect(status.appletBytes).toBeGreaterThan(100)
    expect(status.freePersistentBytes).toBeGreaterThan(1000)
  })

  test('never has two commands under way at once', async () => {
    const { link } = reader()
    let underWay = 0
    let most = 0
    const module = moduleOver({
      ...link,
      transmit: async (command) => {
        most = Math.max(most, ++underWay)
        await new Promise((resolve) => setTimeout(resolve, 1))
        const response = await link.transmit(command)
        underWay--
        return response
      },
    })
    await module.powerUp()
    await Promise.all([
      ...Array.from({ length: 8 }, () => module.protect(protectRequest)),
      module.status(),
      module.counters(managementSlot),
    ])
    expect(most).toBe(1)
  })
})
