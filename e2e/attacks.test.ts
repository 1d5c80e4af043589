import { fromHex } from '@gridcard/bytes'
import { createMeter, memoryDeviceStore } from '@gridcard/devices'
import { tcpListener } from '@gridcard/devices/node'
import type { MeterDetail, ReadOutcome, StreetEvent } from '@gridcard/headend'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeTestCard, testCardElement } from './support/meter-card.ts'
import { getJson, postJson, startTestStreet, type TestStreet } from './support/street.ts'
import { startTamperingProxy, type TamperingProxy } from './support/tampering-proxy.ts'

// Somebody owns the wire between head-end and meter. Whatever he changes or repeats: refused, logged on both sides where
// both can know, shown, and nothing stored.

let street: TestStreet
let proxy: TamperingProxy
let serial: string

beforeAll(async () => {
  street = await startTestStreet({ meters: 1 })
  const meter = street.street.meters[0]!
  serial = meter.identity.serial
  proxy = await startTamperingProxy(meter.address!)
  await street.headend.registerMeter({
    serial,
    systemTitle: meter.identity.systemTitle,
    host: '127.0.0.1',
    port: proxy.port,
  })
})
afterAll(async () => {
  await proxy?.close()
  await street?.close()
})
beforeEach(() => {
  proxy.tamper = (frame) => frame
  street.clock.moveBy(900_000) // something new to read each time
})

const read = async () => (await postJson<ReadOutcome>(street, `/api/meters/${serial}/read`, {})).body
const detail = () => getJson<MeterDetail>(street, `/api/meters/${serial}`)
const events = () => getJson<StreetEvent[]>(street, `/api/meters/${serial}/events?limit=200`)
const fraudLog = () =>
  events().then((all) => all.filter(({ source, severity }) => source === 'meter' && severity !== 'info'))

async function expectNothingStored(act: () => Promise<unknown>): Promise<void> {
  const before = await detail()
  await act()
  const after = await detail()
  expect(after.intervalsStored).toBe(before.intervalsStored)
  expect(after.lastReadAt).toBe(before.lastReadAt)
  expect(after.registers).toEqual(before.registers)
  expect(after.state).not.toBe('online')
}

describe('a man in the middle', () => {
  test('who only listens changes nothing, and sees no reading', async () => {
    const seen: string[] = []
    proxy.tamper = (frame) => {
      seen.push(Buffer.from(frame).toString('latin1'))
      return frame
    }
    expect(await read()).toMatchObject({ done: true })
    const { logicalDeviceName } = await detail()
    expect(seen.length).toBeGreaterThan(6)
    // the meter's name goes over the wire in each reading, but never in clear
    expect(logicalDeviceName).toMatch(/^GRC/)
    expect(seen.some((frame) => frame.includes(logicalDeviceName))).toBe(false)
  })

  test('who changes one bit of a response is found out', async () => {
    proxy.tamper = (frame, direction, number) => {
      if (direction === 'response' && number === 3) frame[frame.length - 20]! ^= 0x10
      return frame
    }
    await expectNothingStored(async () => expect(await read()).toMatchObject({ done: false }))
    expect((await events())[0]).toMatchObject({
      source: 'headend',
      kind: 'security.authentication-failed',
      severity: 'alarm',
    })
    expect((await detail()).state).toBe('refusing')
  })

  test('who changes one bit of a request is found out by the card, and the meter logs it', async () => {
    const before = (await fraudLog()).length
    proxy.tamper = (frame, direction, number) => {
      if (direction === 'request' && number === 3) frame[frame.length - 20]! ^= 0x10
      return frame
    }
    await expectNothingStored(async () => expect(await read()).toMatchObject({ done: false }))
    proxy.tamper = (frame) => frame
    expect(await read()).toMatchObject({ done: true })
    expect((await fraudLog()).length).toBeGreaterThan(before)
  })

  test('who replays a request is refused by the card, and the meter logs it', async () => {
    const before = (await fraudLog()).length
    let kept: Uint8Array | undefined
    proxy.tamper = (frame, direction, number) => {
      if (direction !== 'request') return frame
      if (number === 2) kept = frame
      return number === 3 ? kept : frame
    }
    await expectNothingStored(async () => expect(await read()).toMatchObject({ done: false }))
    proxy.tamper = (frame) => frame
    expect(await read()).toMatchObject({ done: true })
    const log = await fraudLog()
    expect(log.length).toBeGreaterThan(before)
    expect(log.some(({ text }) => /replay/i.test(text))).toBe(true)
  })

  test('who replays a response is found out', async () => {
    let kept: Uint8Array | undefined
    proxy.tamper = (frame, direction, number) => {
      if (direction !== 'response') return frame
      if (number === 2) kept = frame
      return number === 3 ? kept : frame
    }
    await expectNothingStored(async () => expect(await read()).toMatchObject({ done: false }))
    expect((await events())[0]).toMatchObject({ source: 'headend', severity: 'alarm' })
    expect((await events())[0]!.kind).toMatch(/^security\./)
  })

  test('who replays a whole session of yesterday is found out at once', async () => {
    const session: Uint8Array[] = []
    proxy.tamper = (frame, direction) => {
      if (direction === 'response') session.push(frame.slice())
      return frame
    }
    expect(await read()).toMatchObject({ done: true })
    street.clock.moveBy(86_400_000)
    proxy.tamper = (frame, direction, number) => (direction === 'response' ? session[number] : frame)
    await expectNothingStored(async () => expect(await read()).toMatchObject({ done: false }))
    expect((await events())[0]!.kind).toMatch(/^security\./)
  })

  test('who puts up a meter of the same name with a card of his own is found out, and that meter logs it too', async () => {
    const { identity } = street.street.plan.homes[0]!
    const headendTitle = fromHex(street.record.headendSystemTitle)
    const { link } = await makeTestCard(identity, headendTitle)
    const impostor = createMeter({
      identity,
      clientSystemTitle: headendTitle,
      element: testCardElement(identity, headendTitle, link),
      clock: street.clock,
      seed: 1,
      store: memoryDeviceStore(),
      listen: tcpListener(),
    })
    const logged: string[] = []
    impostor.onEvent((event) => {
      if (event.kind === 'security') logged.push(event.event.kind)
    })
    await impostor.start()
    await street.headend.registerMeter({ serial, systemTitle: identity.systemTitle, ...impostor.address! })
    await expectNothingStored(async () => expect(await read()).toMatchObject({ done: false }))
    expect((await events())[0]).toMatchObject({ source: 'headend', severity: 'alarm' })
    expect(logged.some((kind) => ['decryption-failed', 'association-refused', 'hls-failed'].includes(kind))).toBe(true)
    await impostor.stop()
    await street.headend.registerMeter({
      serial,
      systemTitle: identity.systemTitle,
      host: '127.0.0.1',
      port: proxy.port,
    })
    expect(await read()).toMatchObject({ done: true })
  })

  test('who swallows everything makes the meter unreachable, no more', async () => {
    proxy.tamper = () => undefined
    await expectNothingStored(async () => expect(await read()).toMatchObject({ done: false }))
    expect((await detail()).state).toBe('unreachable')
    proxy.tamper = (frame) => frame
    expect(await read()).toMatchObject({ done: true })
    expect((await detail()).state).toBe('online')
  })
})
