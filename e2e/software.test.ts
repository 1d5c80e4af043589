import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MeterDetail, SoftwareOutcome } from '@gridcard/headend/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getJson, postJson, startTestStreet, type TestStreet } from './support/street.ts'

let street: TestStreet
beforeAll(async () => {
  street = await startTestStreet({ meters: 2 })
}, 240_000)
afterAll(() => street?.close(), 120_000)

const serialOf = (index: number) => street.street.meters[index]!.identity.serial
const detail = (index: number) => getJson<MeterDetail>(street, `/api/meters/${serialOf(index)}`)
const read = (index: number) => postJson(street, `/api/meters/${serialOf(index)}/read`, {})

function nextEvent(index: number, kind: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const stop = street.street.meters[index]!.onEvent((event) => {
    if (event.kind !== kind) return
    stop()
    resolve()
  })
  return promise
}

test('the first reading proves which software each meter runs', { timeout: 120_000 }, async () => {
  for (const index of [0, 1]) {
    expect((await detail(index)).software).toMatchObject({
      state: 'verified',
      version: '1.0.0',
      reason: null,
      verifiedAt: expect.stringMatching(/Z$/),
      releases: ['1.0.0', '1.1.0'],
    })
  }
})

test('an update without confirmation, or to what was never released, is refused', { timeout: 120_000 }, async () => {
  const path = `/api/meters/${serialOf(0)}/software`
  expect(await postJson(street, path, { version: '1.1.0', confirmSerial: serialOf(1) })).toMatchObject({ status: 409 })
  expect(await postJson(street, path, { version: '9.9.9', confirmSerial: serialOf(0) })).toMatchObject({ status: 404 })
})

test('one meter is updated over DLMS, proves it, and the other one stays as it was', { timeout: 120_000 }, async () => {
  const restarted = nextEvent(0, 'power-up')
  const { body } = await postJson<SoftwareOutcome>(street, `/api/meters/${serialOf(0)}/software`, {
    version: '1.1.0',
    confirmSerial: serialOf(0),
  })
  expect(body).toMatchObject({ done: true, version: '1.1.0' })
  await restarted
  await read(0)
  expect((await detail(0)).software).toMatchObject({ state: 'verified', version: '1.1.0' })
  expect((await detail(1)).software).toMatchObject({ state: 'verified', version: '1.0.0' })
  const again = await postJson<SoftwareOutcome>(street, `/api/meters/${serialOf(0)}/software`, {
    version: '1.0.0',
    confirmSerial: serialOf(0),
  })
  expect(again.body).toMatchObject({ done: false, text: 'The meter refused to verify 1.0.0' })
})

test('code that was changed behind the card is found and stays refused', { timeout: 120_000 }, async () => {
  const slot = join(street.dataDirectory, 'meters', `${serialOf(1)}.slot0`)
  const implant = readFileSync(slot)
  implant[implant.length - 9]! ^= 1
  writeFileSync(slot, implant)
  const meter = street.street.meters[1]!
  const found = nextEvent(1, 'software-refused')
  await meter.stop()
  await meter.start()
  await found
  expect(meter.state().software).toBeUndefined()
  street.clock.moveBy(2 * 3_600_000)
  await read(1)
  expect((await detail(1)).software).toMatchObject({
    state: 'refused',
    reason: 'it runs no software that its card has started for good',
  })
})
