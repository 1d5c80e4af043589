import { concatBytes } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  commandLogicalNames,
  eventCodes,
  eventLogLogicalNames,
  type Meter,
  memoryDeviceStore,
  meterLogicalNames,
} from '@gridcard/devices'
import { cosem, type DlmsClient, methodCallOctets } from '@gridcard/dlms'
import {
  type CommandHeader,
  commandClasses,
  emitCommandHeader,
  parseCommandResponse,
  partyCells,
  purposes,
} from '@gridcard/terminal'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MeterBench, nowMs } from './support/meter-bench.ts'
import {
  headendModule,
  type MeteringCardFixture,
  makeMeteringCard,
  meteringModule,
  readerOf,
} from './support/metering-card.ts'

// The switch of a meter whose card judges critical commands: what does not move it, then what does.

const scheme = { domain: ecDomain('P-256'), hash: 'sha256', encoding: 'plain' } as const
const control = { classId: 70, logicalName: meterLogicalNames.disconnectControl }
const disconnect = { ...control, methodIndex: 1 }
const reconnect = { ...control, methodIndex: 2 }
const data = (logicalName: string) => ({ classId: 1, logicalName, attributeIndex: 2 })
const zero = cosem.integer(0)
const nowS = nowMs / 1000

let bench: MeterBench
let card: MeteringCardFixture
let meter: Meter
let client: DlmsClient
let headend: ReturnType<typeof headendModule>['module']

beforeAll(async () => {
  card = await makeMeteringCard(new MeterBench().identity, 0)
})
beforeEach(async () => {
  bench = new MeterBench(memoryDeviceStore())
  meter = await bench.started({ identity: card.identity, element: meteringModule(card, readerOf(card).link) })
  headend = headendModule(card).module // the card of each test is the one that was made, and so are all counters
  client = await managementClient()
})
afterEach(() => bench.close())

const managementClient = () => bench.managementClient(meter, headend)

function order(
  o: Partial<CommandHeader> & {
    readonly payload?: Uint8Array
    readonly by?: Uint8Array
    readonly damage?: number
  } = {},
): Uint8Array {
  const { payload = methodCallOctets(disconnect, zero), by = card.signing.privateKey, damage, ...change } = o
  const header = emitCommandHeader({
    target: card.identity.systemTitle,
    party: partyCells.networkOperator,
    commandClass: commandClasses.disconnect,
    counter: 1n,
    notBefore: nowS - 60,
    notAfter: nowS + 600,
    payloadHash: nodeCrypto.sha256(payload),
    ...change,
  })
  const signature = nodeCrypto.createEcdsaSigner(scheme, by).sign(concatBytes(purposes.command, header))
  const signed = concatBytes(header, signature)
  if (damage !== undefined) signed[damage]! ^= 1
  return signed
}

const authorise = (word: Uint8Array) => client.set(data(commandLogicalNames.authorisation), cosem.octetString(word))
const toReconnect = { commandClass: commandClasses.reconnect, payload: methodCallOctets(reconnect, zero) }

async function responseBytes(): Promise<Uint8Array> {
  const value = await client.get(data(commandLogicalNames.response))
  return value.type === 'octet-string' ? value.value : new Uint8Array(0)
}

/** Outside every refusal is the same; inside its reason is told and logged. */
async function expectRefused(act: () => Promise<unknown>, reason: string, code: number): Promise<void> {
  const before = meter.state().switchState
  await expect(act()).rejects.toMatchObject({
    code: 'DLMS_ACTION_REFUSED',
    place: { result: 'read-write-denied' },
  })
  expect(meter.state().switchState).toBe(before)
  expect(bench.eventsOf('command-refused').at(-1)).toMatchObject({ reason })
  const last = await client.get(data(eventLogLogicalNames.fraud.code))
  expect(last).toEqual(cosem.unsigned(code))
  expect(await responseBytes()).toHaveLength(0)
}

const { fraud } = eventCodes

describe('the switch does not move', () => {
  it('for a plain method call, whoever has the keys', async () => {
    await expectRefused(() => client.action(disconnect, zero), 'unauthorised', fraud.commandUnauthorised)
  })

  it.each<[string, () => Uint8Array, string, number]>([
    ['a signature with a wrong bit', () => order({ damage: 121 }), 'not-genuine', fraud.commandNotGenuine],
    ['a header with a wrong bit', () => order({ damage: 30 }), 'not-genuine', fraud.commandNotGenuine],
    [
      'the word of somebody else',
      () => order({ by: nodeCrypto.generateEcPrivateKey(scheme.domain) }),
      'not-genuine',
      fraud.commandNotGenuine,
    ],
    ['a MAC that the policy does not know', () => concatBytes(order(), new Uint8Array(16)), 'not-genuine', 234],
    [
      'a word for another meter',
      () => order({ target: Uint8Array.of(0x47, 0x52, 0x43, 1, 0, 0, 0, 9) }),
      'other-device',
      fraud.commandForOtherDevice,
    ],
    [
      'a party that the card does not know',
      () => order({ party: partyCells.supplier }),
      'not-allowed',
      fraud.commandNotAllowed,
    ],
    ['counter 0', () => order({ counter: 0n }), 'old-counter', fraud.commandReplayed],
    ['a word that is over', () => order({ notAfter: nowS - 1 }), 'not-now', fraud.commandNotNow],
    ['a word for later', () => order({ notBefore: nowS + 1 }), 'not-now', fraud.commandNotNow],
    [
      'a word of the class for another method',
      () => order({ commandClass: commandClasses.reconnect }),
      'other-payload',
      fraud.commandOtherPayload,
    ],
    [
      'a word whose payload is the other method',
      () => order({ payload: methodCallOctets(reconnect, zero) }),
      'other-payload',
      fraud.commandOtherPayload,
    ],
    [
      'a word for other parameters',
      () => order({ payload: methodCallOctets(disconnect, cosem.integer(1)) }),
      'other-payload',
      fraud.commandOtherPayload,
    ],
  ])('with %s', async (_, word, reason, code) => {
    await authorise(word())
    await expectRefused(() => client.action(disconnect, zero), reason, code)
    // the word is used up by that
    await expectRefused(() => client.action(disconnect, zero), 'unauthorised', fraud.commandUnauthorised)
  })

  it('for other parameters than were signed', async () => {
    await authorise(order())
    await expectRefused(() => client.action(disconnect), 'other-payload', fraud.commandOtherPayload)
  })

  it('to reconnect with the word to disconnect', async () => {
    await authorise(order())
    await expectRefused(() => client.action(reconnect, zero), 'other-payload', fraud.commandOtherPayload)
  })

  it('for a word that was obeyed before', async () => {
    const word = order()
    await authorise(word)
    await client.action(disconnect, zero)
    await authorise(order(toReconnect))
    await client.action(reconnect, zero)
    await authorise(word)
    await expectRefused(() => client.action(disconnect, zero), 'old-counter', fraud.commandReplayed)
  })

  it('with the word of an association that is over', async () => {
    await authorise(order())
    await client.release()
    client = await managementClient()
    await expectRefused(() => client.action(disconnect, zero), 'unauthorised', fraud.commandUnauthorised)
  })

  it('more often than the policy has it', async () => {
    for (const counter of [1n, 2n, 3n]) {
      await authorise(order({ counter }))
      await client.action(disconnect, zero)
    }
    await authorise(order({ counter: 4n }))
    await expectRefused(() => client.action(disconnect, zero), 'not-allowed', fraud.commandNotAllowed)
  })
})

it('a word has its length', async () => {
  for (const length of [0, 121, 123, 137, 139]) {
    await expect(authorise(new Uint8Array(length))).rejects.toMatchObject({ place: { result: 'type-unmatched' } })
  }
})

it('a command that the card has verified moves the switch, and the card signs what came of it', async () => {
  const word = order()
  await authorise(word)
  await client.action(disconnect, zero)
  expect(meter.state().switchState).toBe('disconnected')
  const response = parseCommandResponse(await responseBytes())
  expect(response).toMatchObject({ result: 0, time: nowS })
  expect(response.command).toEqual(word.slice(0, 58))
  const verifier = nodeCrypto.createEcdsaVerifier(scheme, card.signing.cardPoint)
  expect(verifier.verify(response.signed, response.signature)).toBe(true)
  expect(bench.eventsOf('command-refused')).toEqual([])
})
