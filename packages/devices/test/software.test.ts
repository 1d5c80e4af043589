import { fromAscii, fromHex } from '@gridcard/bytes'
import {
  configurationRegister,
  configurationText,
  type DeviceStore,
  type Meter,
  type MeterEvent,
  type MeterRelease,
  memoryDeviceStore,
  meterQuoteMask,
  sealedText,
  softwareLogicalNames,
  versionNumber,
} from '@gridcard/devices'
import { cosem, type DlmsClient } from '@gridcard/dlms'
import {
  extendedRegister,
  IntegrityClient,
  inProcessLink,
  parseQuote,
  parseSignedImage,
  registersDigest,
  startedRegister,
} from '@gridcard/terminal'
import { afterEach, describe, expect, it, test } from 'vitest'
import { headendTitle, MeterBench, nowMs } from './support/meter-bench.ts'
import { readLog, readNumber } from './support/reading.ts'
import {
  activateImage,
  activationOf,
  authorise,
  first,
  isSigned,
  keyPair,
  makeSoftwareCard,
  nextEvent,
  reopenCard,
  second,
  sha256,
  shipped,
  statusOf,
  transferImage,
  verifyImage,
  withSoftware,
} from './support/software-bench.ts'

const current = '1.0.31.7.0.255'
const benches: MeterBench[] = []
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.close()
})

async function benchWithCard() {
  const bench = new MeterBench()
  benches.push(bench)
  const card = await makeSoftwareCard(bench.identity, bench.keys)
  return { bench, card, link: inProcessLink(card) }
}

const versionOf = async (client: DlmsClient): Promise<string> => {
  const value = await client.get({ classId: 1, logicalName: softwareLogicalNames.activeFirmware, attributeIndex: 2 })
  return value.type === 'octet-string' ? String.fromCharCode(...value.value) : value.type
}

async function quoteOf(client: DlmsClient, nonce: Uint8Array) {
  const attribute = { classId: 1, logicalName: softwareLogicalNames.quote, attributeIndex: 2 }
  await client.set(attribute, cosem.octetString(nonce))
  const value = await client.get(attribute)
  if (value.type !== 'structure') throw new Error(value.type)
  const [quote, head] = value.value
  if (quote?.type !== 'octet-string' || head?.type !== 'octet-string') throw new Error('no octets')
  return { quote: parseQuote(quote.value), head: head.value }
}

const nonce = fromHex('000102030405060708090A0B0C0D0E0F')
const other = keyPair().privateKey
const refusedSteps = (events: readonly MeterEvent[]) =>
  events.flatMap((event) => (event.kind === 'software-update-refused' ? [event.step] : []))

describe('a meter boots', () => {
  it('what its card has verified, and its quote says what that was', async () => {
    const { bench, link } = await benchWithCard()
    const meter = await bench.started(withSoftware(link))
    expect(meter.state().software).toBe('1.0.0')
    const client = await bench.managementClient(meter)
    expect(await versionOf(client)).toBe('1.0.0')
    expect(await readNumber(client, 3, '1.0.1.8.0.255')).toBe(meter.truth.registers().importWh)
    const { quote, head } = await quoteOf(client, nonce)
    const configuration = configurationText({
      systemTitle: bench.identity.systemTitle,
      clientSystemTitle: headendTitle,
    })
    const registers = [
      startedRegister(parseSignedImage(shipped(first)).signedHeader, sha256),
      extendedRegister([sha256(fromAscii(configuration))], sha256),
      head,
    ]
    expect(configurationRegister).toBe(5)
    expect(quote).toMatchObject({
      device: bench.identity.systemTitle,
      nonce,
      time: Math.floor(nowMs / 1000),
      digest: registersDigest(meterQuoteMask, registers, sha256),
      isStarted: true,
      isOnTrial: false,
      hasAlarm: false,
    })
    await client.release()
    await meter.stop()
    await link.powerOn()
    const integrity = new IntegrityClient(link)
    await integrity.select()
    const key = await integrity.publicKey('attestation')
    expect(isSigned(key as Uint8Array, quote.signed, quote.signature)).toBe(true)
  })

  const damaged = shipped(first)
  damaged[damaged.length - 20]! ^= 1
  test.each<[string, Uint8Array | undefined]>([
    ['nothing', undefined],
    ['something that is no image', fromAscii('GII1 but no more')],
    ['an image with one bit changed', damaged],
    ['an image signed by somebody else', shipped(first, { by: other })],
    ['an image that nobody activated', shipped(second)],
  ])('with %s in its slots only as far as its loader: no readings, no switch', async (_, bytes) => {
    const { bench, link } = await benchWithCard()
    const meter = await bench.started(withSoftware(link, [memoryDeviceStore(bytes), memoryDeviceStore()]))
    expect(meter.state().software).toBeUndefined()
    const client = await bench.managementClient(meter)
    expect(await client.get({ classId: 1, logicalName: '0.0.42.0.0.255', attributeIndex: 2 })).toMatchObject({
      type: 'octet-string',
    })
    await expect(readNumber(client, 3, '1.0.1.8.0.255')).rejects.toThrow()
    await expect(client.action({ classId: 70, logicalName: '0.0.96.3.10.255', methodIndex: 1 })).rejects.toThrow()
    expect(bench.eventsOf('software-refused').length).toBeGreaterThan(0)
  })

  it('from either slot, the whole one', async () => {
    const { bench, link } = await benchWithCard()
    const meter = await bench.started(
      withSoftware(link, [memoryDeviceStore(damaged), memoryDeviceStore(shipped(first))]),
    )
    expect(meter.state().software).toBe('1.0.0')
  })

  it('again and again, with the boots counted and the log sealed as it was written', async () => {
    const { bench, link } = await benchWithCard()
    const options = withSoftware(link)
    const meter = await bench.started(options)
    await bench.publicClient(meter)
    for (let i = 0; i < 2; i++) {
      const client = await bench.managementClient(meter)
      await client.action({ classId: 70, logicalName: '0.0.96.3.10.255', methodIndex: 1 + i })
      await client.release()
    }
    await meter.stop()
    await meter.start()
    const client = await bench.managementClient(meter)
    const logged = (
      await Promise.all(
        (['standard', 'disconnector'] as const).map(async (log) =>
          (await readLog(client, log)).map((event) => ({ log, ...event })),
        ),
      )
    ).flat()
    const order = [2, 60, 61, 1, 2] // power up, disconnected, connected, power down, power up
    const digests = order.map((code) => {
      const event = logged.splice(
        logged.findIndex((one) => one.code === code),
        1,
      )[0]!
      return sha256(fromAscii(sealedText(event)))
    })
    const { quote, head } = await quoteOf(client, nonce)
    expect(quote.events).toBe(order.length)
    expect(head).toEqual(extendedRegister(digests, sha256))
  })
})

describe('an update over DLMS', () => {
  it('in seven steps: a new object appears, and the old software is what could be fallen back to', async () => {
    const { bench, link } = await benchWithCard()
    const meter = await bench.started(withSoftware(link))
    const client = await bench.managementClient(meter)
    await expect(readNumber(client, 3, current)).rejects.toThrow()
    await transferImage(client, shipped(second))
    await verifyImage(client)
    await authorise(client, activationOf(second, bench.identity.systemTitle))
    const restarted = nextEvent(meter, 'power-up')
    await activateImage(client)
    expect(meter.state().software).toBe('1.0.0')
    await client.release()
    await restarted
    expect(meter.state().software).toBe('1.1.0')
    const again = await bench.managementClient(meter)
    expect(await versionOf(again)).toBe('1.1.0')
    expect(await readNumber(again, 3, current)).toBeGreaterThanOrEqual(0)
    expect((await readLog(again, 'standard')).map(({ code }) => code)).toEqual([2, 17, 18])
    const { quote } = await quoteOf(again, nonce)
    expect(quote.lastOrder).toBe(1n)
    await again.release()
    await meter.stop()
    await meter.start()
    expect(meter.state().software).toBe('1.1.0')
  })

  const old: MeterRelease = { ...first, version: versionNumber('0.9.0') }
  const withdrawn: MeterRelease = { ...second, rollback: 0 }
  const flipped = shipped(second)
  flipped[flipped.length - 1]! ^= 1
  test.each<[string, Uint8Array]>([
    ['damaged', flipped],
    ['wrongly signed', shipped(second, { by: other })],
    ['for another type of device', shipped(second, { type: fromAscii('GCGM') })],
    ['for other hardware', shipped(second, { hardwareMin: 2, hardwareMax: 9 })],
    ['older', shipped(old)],
    ['the same', shipped(first)],
    ['withdrawn', shipped(withdrawn)],
  ])('is refused by image_verify when it is %s', async (_, bytes) => {
    const { bench, link } = await benchWithCard()
    const meter = await bench.started(withSoftware(link))
    const client = await bench.managementClient(meter)
    await transferImage(client, bytes)
    await expect(verifyImage(client)).rejects.toThrow()
    expect(await statusOf(client)).toEqual(cosem.enumeration(4)) // verification failed
    await expect(activateImage(client)).rejects.toThrow()
    expect(refusedSteps(bench.events)).toEqual(['verify'])
    expect((await readLog(client, 'fraud')).map(({ code }) => code)).toEqual([231])
    await client.release()
    await meter.stop()
    await meter.start()
    expect(meter.state().software).toBe('1.0.0')
  })

  test.each<[string, (device: Uint8Array) => Uint8Array | undefined]>([
    ['nobody has authorised it', () => undefined],
    ['somebody else has', (device) => activationOf(second, device, { by: other })],
    ['another meter was meant', () => activationOf(second, fromHex('4752430100009999'))],
    ['another image was meant', (device) => activationOf(first, device)],
  ])('is refused by image_activate when %s', async (_, word) => {
    const { bench, link } = await benchWithCard()
    const meter = await bench.started(withSoftware(link))
    const client = await bench.managementClient(meter)
    await transferImage(client, shipped(second))
    await verifyImage(client)
    const activation = word(bench.identity.systemTitle)
    if (activation !== undefined) await authorise(client, activation)
    await expect(activateImage(client)).rejects.toThrow()
    expect(await statusOf(client)).toEqual(cosem.enumeration(7)) // activation failed
    expect(refusedSteps(bench.events)).toEqual(['activate'])
    await client.release()
    await meter.stop()
    await meter.start()
    expect(meter.state().software).toBe('1.0.0')
  })

  test.each([
    ['throws', 'export default () => { throw new Error("no") }'],
    ['is no module', 'this is not JavaScript'],
    [
      'has an object twice',
      'export default (p) => [1, 2].map(() => p.dlms.dataObject({ logicalName: "1.0.0.9.1.255" }))',
    ],
  ])('that %s fails its self-test, and the old software runs on', async (_, text) => {
    const bad: MeterRelease = { version: versionNumber('1.2.0'), rollback: 9, body: fromAscii(text) }
    const { bench, link } = await benchWithCard()
    const meter = await bench.started(withSoftware(link))
    const client = await bench.managementClient(meter)
    await transferImage(client, shipped(bad))
    await verifyImage(client)
    await authorise(client, activationOf(bad, bench.identity.systemTitle))
    const restarted = nextEvent(meter, 'power-up')
    await activateImage(client)
    await client.release()
    await restarted
    expect(meter.state().software).toBe('1.0.0')
    const again = await bench.managementClient(meter)
    expect((await quoteOf(again, nonce)).quote).toMatchObject({ isStarted: true, isOnTrial: false })
  })

  it('cut off at any block leaves the old software, and can be begun again', async () => {
    const { bench, link } = await benchWithCard()
    const meter = await bench.started(withSoftware(link))
    const image = shipped(second)
    const blocks = Math.ceil(image.length / 800)
    for (let cut = 0; cut < blocks; cut++) {
      const client = await bench.managementClient(meter)
      const gone = new Error('power cut')
      await transferImage(client, image, (n) => {
        if (n === cut) throw gone
      }).catch((error: unknown) => expect(error).toBe(gone))
      await meter.stop()
      await meter.start()
      expect(meter.state().software).toBe('1.0.0')
    }
    const client = await bench.managementClient(meter)
    await transferImage(client, image)
    await verifyImage(client)
  })
})

/** Memory of a card that loses its power after a number of writes; of the next one nothing or half arrives. */
class CuttingStore {
  bytes: Uint8Array
  left = Number.POSITIVE_INFINITY
  writes = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes.slice()
  }

  read = () => this.bytes.slice()

  write(offsetBytes: number, part: Uint8Array): void {
    if (this.left-- <= 0) {
      if (this.writes % 2 === 0) this.bytes.set(part.subarray(0, part.length >> 1), offsetBytes)
      throw new Error('power cut')
    }
    this.writes++
    this.bytes.set(part, offsetBytes)
  }
}

/** Cuts at every write; without GRIDCARD_EVERY_CUT=1 at every eleventh. */
const STRIDE = process.env['GRIDCARD_EVERY_CUT'] === undefined ? 11 : 1

it('cut at any write of card or slot while it is activated and started, the meter boots the old or the new software', {
  timeout: 600_000,
}, async () => {
  const { bench, card } = await benchWithCard()
  const base = card.image()
  const update = parseSignedImage(shipped(second))
  /** The update as the meter does it, then the boot that tries it. @returns the slots as they are at the end, or when it was cut */
  const run = async (store: CuttingStore, slots: [DeviceStore, DeviceStore]) => {
    const link = inProcessLink(reopenCard(store))
    const { integrity } = withSoftware(link).software!
    await link.powerOn()
    await integrity.open()
    await integrity.verify(update, 'update')
    slots[1].save(shipped(second))
    await integrity.activate(Math.floor(nowMs / 1000), activationOf(second, bench.identity.systemTitle))
    await link.powerOff()
    const meter = bench.meter(withSoftware(link, slots))
    await meter.start()
    await meter.stop()
  }
  const boot = async (store: CuttingStore, slots: [DeviceStore, DeviceStore]): Promise<Meter> => {
    store.left = Number.POSITIVE_INFINITY
    const meter = bench.meter(withSoftware(inProcessLink(reopenCard(store)), slots))
    await meter.start()
    return meter
  }
  const whole = new CuttingStore(base)
  await run(whole, [memoryDeviceStore(shipped(first)), memoryDeviceStore()])
  const seen = new Set<string | undefined>()
  for (let n = 0; n < whole.writes; n += STRIDE) {
    const store = new CuttingStore(base)
    store.left = n
    const slots: [DeviceStore, DeviceStore] = [memoryDeviceStore(shipped(first)), memoryDeviceStore()]
    await run(store, slots).catch(() => {})
    const meter = await boot(store, slots)
    seen.add(meter.state().software)
    await meter.stop()
  }
  const torn: DeviceStore = { ...memoryDeviceStore(), save: () => expect.fail('power cut') }
  const meter = await boot(new CuttingStore(base), [memoryDeviceStore(shipped(first)), torn])
  seen.add(meter.state().software)
  expect([...seen].sort()).toEqual(['1.0.0', '1.1.0'])
})

describe('while it runs', () => {
  it('software that was changed in its slot is found at the next check, told, and stays in the quote', async () => {
    const { bench, link } = await benchWithCard()
    const slot = memoryDeviceStore(shipped(first))
    const meter = await bench.started({ ...withSoftware(link, [slot, memoryDeviceStore()]), scheduler: bench.clock })
    const client = await bench.managementClient(meter)
    bench.clock.moveBy(60_000)
    await expect.poll(async () => (await quoteOf(client, nonce)).quote.checks, { timeout: 30_000 }).toBeGreaterThan(0)
    const implant = shipped(first)
    implant[implant.length - 5]! ^= 1
    slot.save(implant)
    const found = nextEvent(meter, 'software-mismatch')
    bench.clock.moveBy(60_000)
    await found
    expect((await quoteOf(client, nonce)).quote).toMatchObject({ hasAlarm: true, hasMismatch: true, mismatches: 1 })
    expect((await readLog(client, 'fraud')).map(({ code }) => code)).toEqual([232])
  })

  it('a card that was away has forgotten what was measured: the meter boots again when it is back', async () => {
    const { bench, card } = await benchWithCard()
    const inner = inProcessLink(card)
    let isPresent = true
    const whilePresent = <T>(act: () => Promise<T>) => (isPresent ? act() : Promise.reject(new Error('no card')))
    const link = {
      powerOn: () => whilePresent(() => inner.powerOn()),
      transmit: (command: Uint8Array) => whilePresent(() => inner.transmit(command)),
      powerOff: () => whilePresent(() => inner.powerOff()),
    }
    const meter = await bench.started(withSoftware(link))
    isPresent = false
    await expect(bench.managementClient(meter)).rejects.toThrow()
    await inner.powerOff()
    isPresent = true
    const started = nextEvent(meter, 'software-started')
    const up = nextEvent(meter, 'power-up')
    await (await bench.managementClient(meter)).release()
    await started
    await up
    const client = await bench.managementClient(meter)
    expect((await quoteOf(client, nonce)).quote.isStarted).toBe(true)
  })
})
