import { fromAscii } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { numberedIdentity, type SecureElementState } from '@gridcard/devices'
import {
  cosem,
  DlmsClient,
  DlmsError,
  DlmsServer,
  type DlmsTransport,
  defineMeter,
  isRefusal,
  type MechanismName,
  type SecuritySuiteId,
  securityPolicy,
} from '@gridcard/dlms'
import { securityModuleSuite } from '@gridcard/dlms/testing'
import { MeteringClient } from '@gridcard/terminal'
import { beforeAll, describe, expect, test } from 'vitest'
import { headendTitle } from './support/meter-bench.ts'
import {
  emptyMeteringSlot,
  headendModule,
  type MeteringCardFixture,
  makeMeteringCard,
  meteringModule,
  readerOf,
  meteringSlot as slot,
} from './support/metering-card.ts'

const identity = numberedIdentity(77, nodeCrypto.randomBytes(16))
const suites: readonly SecuritySuiteId[] = [0, 1, 2]
const cards: MeteringCardFixture[] = []

beforeAll(async () => {
  for (const suite of suites) cards.push(await makeMeteringCard(identity, suite))
}, 240_000)

for (const suite of suites) {
  securityModuleSuite(
    `Metering applet on the card, suite ${suite}`,
    async () => {
      const fixture = cards[suite]!
      const { link, changeCard } = readerOf(fixture)
      const module = meteringModule(fixture, link)
      expect(await module.powerUp()).toEqual({ ready: true })
      return {
        module,
        slot,
        peer: headendModule(fixture).module,
        peerSlot: slot,
        emptySlot: emptyMeteringSlot,
        restart: async () => {
          await module.powerDown()
          changeCard()
          const again = meteringModule(fixture, link)
          await again.powerUp()
          return again
        },
      }
    },
    { suite },
  )
}

/** The result, once it is no refusal. */
function granted<T extends object>(result: T): Exclude<T, { refused: unknown }> {
  if (isRefusal(result)) throw new Error(`refused: ${result.refused}`)
  return result as Exclude<T, { refused: unknown }>
}

async function ready(suite: SecuritySuiteId) {
  const fixture = cards[suite]!
  const reader = readerOf(fixture)
  const module = meteringModule(fixture, reader.link)
  expect(await module.powerUp()).toEqual({ ready: true })
  return { module, reader, fixture, ...headend(fixture) }
}
const headend = (fixture: MeteringCardFixture) => {
  const { module, kept } = headendModule(fixture)
  return { peer: module, kept }
}

describe('a card that is not this device’s, or goes away', () => {
  test('refuses everything before it is powered up, and tells nothing', async () => {
    const module = meteringModule(cards[0]!, readerOf(cards[0]!).link)
    const request = { slot, securityControl: 0x30, plaintext: new Uint8Array(5) }
    expect(await module.protect(request)).toEqual({ refused: 'unavailable' })
    expect(await module.cardStatus()).toBeUndefined()
  })

  test('made for another device, of another title', async () => {
    const { link } = readerOf(cards[0]!)
    const wrongDevice = meteringModule(cards[0]!, link, { deviceId: new Uint8Array(16) })
    expect(await wrongDevice.powerUp()).toMatchObject({ ready: false, reason: expect.stringContaining('6982') })
    const wrongTitle = meteringModule(cards[0]!, link, { systemTitle: headendTitle })
    expect(await wrongTitle.powerUp()).toMatchObject({ reason: expect.stringContaining('another device') })
  })

  test('opened: what the card saw is told', async () => {
    const { reader, fixture } = await ready(0)
    const client = new MeteringClient(reader.link)
    await client.tamper(1) // the policy of this input is nothing
    const module = meteringModule(fixture, reader.link)
    expect(await module.powerUp()).toEqual({ ready: true })
    expect((await module.cardStatus())?.tampered).toBe(2)
  })

  test('pulled out and put in again: refused once, said once, then used', async () => {
    const { reader, fixture } = await ready(1)
    let isPresent = true
    const present = () => (isPresent ? Promise.resolve() : Promise.reject(new Error('no card')))
    const module = meteringModule(fixture, {
      powerOn: () => present().then(() => reader.link.powerOn()),
      transmit: (command) => present().then(() => reader.link.transmit(command)),
      powerOff: () => present().then(() => reader.link.powerOff()),
    })
    const states: SecureElementState[] = []
    module.onStateChange = (state) => states.push(state)
    await module.powerUp()
    const request = { slot, securityControl: 0x31, plaintext: new Uint8Array(5) }
    const { handle: key } = granted(await module.sessionKeys.createDedicated(slot))
    isPresent = false
    expect(await module.protect(request)).toEqual({ refused: 'unavailable' })
    isPresent = true
    expect(await module.protect(request)).toHaveProperty('body')
    expect(await module.protect({ ...request, key })).toEqual({ refused: 'unknown-key' })
    expect(states.map((one) => one.ready)).toEqual([true, false, true])
  })
})

describe('session keys', () => {
  test('a fifth is unavailable until one is closed', async () => {
    const { module } = await ready(0)
    const handles = []
    for (let i = 0; i < 4; i++) handles.push(granted(await module.sessionKeys.createDedicated(slot)).handle)
    expect(await module.sessionKeys.createDedicated(slot)).toEqual({ refused: 'unavailable' })
    module.sessionKeys.close(handles[2]!)
    granted(await module.sessionKeys.createDedicated(slot))
  })

  test.each([1, 2] as const)('suite %i: one-pass and static agreement, both ways', async (suite) => {
    const { module, peer } = await ready(suite)
    const securityControl = 0x30 | suite
    const transactionId = fromAscii('transaction 1')
    for (const scheme of ['one-pass', 'static'] as const) {
      const request = { slot, scheme, transactionId }
      const ours = granted(await module.sessionKeys.agreeAsOriginator(request))
      const theirs = granted(await peer.sessionKeys!.agreeAsRecipient({ ...request, ...ours }))
      const sent = granted(
        await module.protect({ slot, securityControl, plaintext: fromAscii('up'), key: ours.handle }),
      )
      const arrived = { slot, securityControl, peerSystemTitle: module.systemTitle, key: theirs, ...sent }
      expect(granted(await peer.unprotect(arrived)).plaintext).toEqual(fromAscii('up'))

      const back = granted(await peer.sessionKeys!.agreeAsOriginator(request))
      if (scheme === 'one-pass') {
        const keyCipheredData = back.keyCipheredData.with(-1, back.keyCipheredData.at(-1)! ^ 1)
        const refused = await module.sessionKeys.agreeAsRecipient({ ...request, keyCipheredData })
        expect(refused).toEqual({ refused: 'authentication-failed' })
      }
      const key = granted(await module.sessionKeys.agreeAsRecipient({ ...request, ...back }))
      const plain = { slot, securityControl, plaintext: fromAscii('down'), key: back.handle }
      const down = {
        slot,
        securityControl,
        peerSystemTitle: peer.systemTitle,
        key,
        ...granted(await peer.protect(plain)),
      }
      expect(granted(await module.unprotect(down)).plaintext).toEqual(fromAscii('down'))
      expect(await module.unprotect(down)).toMatchObject({ refused: 'counter-replayed' })
      for (const handle of [ours.handle, key]) module.sessionKeys.close(handle)
    }
  })

  test('suite 0 agrees on nothing', async () => {
    const { module } = await ready(0)
    const request = { slot, scheme: 'static', transactionId: fromAscii('t') } as const
    expect(await module.sessionKeys.agreeAsOriginator(request)).toEqual({ refused: 'unsupported' })
    const came = { ...request, keyCipheredData: new Uint8Array() }
    expect(await module.sessionKeys.agreeAsRecipient(came)).toEqual({ refused: 'unsupported' })
  })
})

describe('signatures', () => {
  test.each([1, 2] as const)('suite %i: the peer verifies ours, and the card the peer’s', async (suite) => {
    const { module, peer } = await ready(suite)
    const octets = fromAscii('a document')
    const signature = granted(await module.signatures.sign(slot, octets))
    expect(await peer.signatures!.verify(slot, octets, signature)).toEqual({ ok: true })
    const theirs = granted(await peer.signatures!.sign(slot, octets))
    expect(await module.signatures.verify(slot, fromAscii('another one'), theirs)).toEqual({
      refused: 'authentication-failed',
    })
    expect(await module.signatures.verify(slot, octets, theirs)).toEqual({ ok: true })
  })

  test('the card does not sign what looks like a statement of its own', async () => {
    const { module } = await ready(1)
    expect(await module.signatures.sign(slot, fromAscii('GCR1 forged'))).toEqual({ refused: 'not-permitted' })
  })
})

describe('keys change in two phases', () => {
  test.each(suites)('suite %i: the old keys go on until the peer’s first message under the new ones', async (suite) => {
    const { module, peer, reader, fixture } = await ready(suite)
    const securityControl = 0x30 | suite
    const plaintext = fromAscii('hello')
    const toCard = async (to = module) => {
      const frame = granted(await peer.protect({ slot, securityControl, plaintext }))
      return to.unprotect({ slot, securityControl, peerSystemTitle: peer.systemTitle, ...frame })
    }
    const fromCard = async (to = module) => {
      const frame = granted(await to.protect({ slot, securityControl, plaintext }))
      return peer.unprotect({ slot, securityControl, peerSystemTitle: module.systemTitle, ...frame })
    }
    const data = granted(await peer.keyManagement!.makeKeys(slot, [0, 2]))
    expect(await module.keyManagement.receiveKeys(slot, [data[0]!, data[0]!])).toEqual({ refused: 'malformed' })
    const damaged = [{ ...data[0]!, keyData: data[0]!.keyData.with(9, data[0]!.keyData[9]! ^ 1) }]
    expect(await module.keyManagement.receiveKeys(slot, damaged)).toEqual({ refused: 'authentication-failed' })
    expect(await module.keyManagement.receiveKeys(slot, data)).toEqual({ ok: true })
    await module.keyManagement.commit()
    granted(await fromCard())
    granted(await toCard())

    // The card keeps what waits, whatever becomes of its host.
    await module.powerDown()
    reader.changeCard()
    const again = meteringModule(fixture, reader.link)
    await again.powerUp()
    await peer.keyManagement!.commit(slot)
    granted(await toCard(again))
    granted(await fromCard(again))
    expect((await again.cardStatus())?.changingSlots).toBe(0)
  })

  test('what was taken back is gone', async () => {
    const { module, peer } = await ready(0)
    const data = granted(await peer.keyManagement!.makeKeys(slot, [0]))
    expect(await module.keyManagement.receiveKeys(slot, data)).toEqual({ ok: true })
    module.keyManagement.discard(slot)
    expect((await module.cardStatus())?.changingSlots).toBe(0)
  })

  test('a fresh key pair takes the place of the old one', async () => {
    const { module } = await ready(1)
    const before = granted(await module.keyManagement.publicKey(slot, 'digital-signature'))
    const made = granted(await module.keyManagement.generateKeyPair(slot, 'digital-signature'))
    expect(made).not.toEqual(before)
    expect(granted(await module.keyManagement.publicKey(slot, 'digital-signature'))).toEqual(made)
    expect(await module.keyManagement.signWith(slot, 'key-agreement', fromAscii('x'))).toEqual({
      refused: 'unsupported',
    })
  })
})

// ---- a whole meter

const saps = { clientSap: 1, serverSap: 1 }
const energy = { classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2 }
const energyValue = cosem.doubleLongUnsigned(4711)

function lineTo(server: DlmsServer): DlmsTransport {
  const connection = server.connection()
  return {
    async send(apdu) {
      const { clientSap, serverSap } = saps
      const [answer] = await connection.handle({ sourceWPort: clientSap, destinationWPort: serverSap, apdu })
      if (answer === undefined) throw new DlmsError('DLMS_TIMEOUT', 'no answer')
      return answer
    },
    close: () => connection.close(),
  }
}

async function meterAndClient(suite: SecuritySuiteId, o: { mechanism?: MechanismName; policy?: number } = {}) {
  const { mechanism = 'hls-gmac', policy } = o
  const { module, peer, fixture, kept } = await ready(suite)
  const meter = defineMeter({
    ports: { nowMs: () => 0, onEvent: () => {} },
    objects: [
      { class: 'Register', logicalName: energy.logicalName, attributes: { value: energyValue } },
      {
        class: 'Data',
        logicalName: '0.0.96.1.9.255',
        attributes: { value: cosem.octetString(fromAscii('x'.repeat(3000))) },
      },
    ],
  })
  const association = { name: 'management', ...saps, mechanism, ciphered: true, slot, suite, access: () => true }
  const server = new DlmsServer({
    objects: meter.objects,
    associations: [{ ...association, ...(policy !== undefined && { policy }) }],
    security: module,
  })
  const clientFor = (security: typeof peer, ciphering: object = {}) =>
    new DlmsClient({
      transport: lineTo(server),
      mechanism,
      security,
      slot,
      serverSystemTitle: identity.systemTitle,
      ciphering: { suite, ...ciphering },
    })
  return { server, clientFor, peer, fixture, kept, module }
}

describe('a meter with a Metering card, and our client', () => {
  test.each([1, 2] as const)('suite %i: a client with other keys does not get in', async (suite) => {
    const { clientFor } = await meterAndClient(suite)
    const stranger = headendModule(await makeMeteringCard(identity, suite)).module
    await expect(clientFor(stranger).associate()).rejects.toBeInstanceOf(DlmsError)
  })

  test.each(suites)('suite %i: associates, reads, also a long value in blocks, and releases', async (suite) => {
    const { clientFor, peer } = await meterAndClient(suite)
    const client = clientFor(peer)
    await client.associate()
    expect(await client.get(energy)).toEqual(energyValue)
    const long = await client.get({ classId: 1, logicalName: '0.0.96.1.9.255', attributeIndex: 2 })
    expect(long).toMatchObject({ type: 'octet-string', value: { length: 3000 } })
    await client.release()
  })

  test.each([1, 2] as const)('suite %i: with a dedicated key of the association', async (suite) => {
    const { clientFor, peer, module } = await meterAndClient(suite)
    const client = clientFor(peer, { dedicatedKey: true })
    await client.associate()
    expect(await client.get(energy)).toEqual(energyValue)
    expect(granted(await module.counters(slot)).messageFloor).toBeLessThan(5)
    await client.release()
  })

  test.each([1, 2] as const)('suite %i: signed both ways by policy', async (suite) => {
    const policy = securityPolicy.everythingCiphered | securityPolicy.signedRequest | securityPolicy.signedResponse
    const { clientFor, peer } = await meterAndClient(suite, { policy })
    const client = clientFor(peer, { policy })
    await client.associate()
    expect(await client.get(energy)).toEqual(energyValue)
    await client.release()
  })
})
