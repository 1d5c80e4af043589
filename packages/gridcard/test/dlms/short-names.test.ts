import { afterEach, beforeEach, expect, test } from 'vitest'
import { clock } from '../../src/dlms/clock.ts'
import { discover } from '../../src/dlms/discover.ts'
import { read } from '../../src/dlms/read.ts'
import { write } from '../../src/dlms/write.ts'
import { refusalOf, TestIo } from './bench.ts'
import { ShortNameMeter } from './short-name-meter.ts'

const raw = { shortNames: true } as const

let meter: ShortNameMeter
let target: string
let io: TestIo
beforeEach(async () => {
  meter = new ShortNameMeter()
  target = await meter.listen()
  io = new TestIo()
})
afterEach(() => meter.close())

test('what the meter does not have or give is told by name, and the rest is read', async () => {
  const references = ['register/1.0.1.8.0.255/value', 'data/0.0.96.1.0.255/value', 'clock/1.0.1.8.0.255/time']
  expect(await read(target, references, raw, io)).toBe(1)
  expect(io.stdout).toBe(
    'register/1.0.1.8.0.255/value  4711 Wh\n' +
      'data/0.0.96.1.0.255/value  refused: object-undefined\n' +
      'clock/1.0.1.8.0.255/time  refused: object-class-inconsistent\n',
  )
})

test('writing is refused by the meter, or done', async () => {
  const energy = 'register/1.0.1.8.0.255/value'
  expect(await refusalOf(write(target, energy, 'double-long-unsigned=0', raw, io))).toMatchObject({
    code: 'DLMS_ACCESS_REFUSED',
    message: expect.stringContaining('read-write-denied'),
  })
  const time = 'octet-string=07EA011F060C000000000000'
  expect(await write(target, 'clock/0.0.1.0.0.255/time', time, raw, io)).toBe(0)
})

test('discover shows the list with its names, and the trace each layer', async () => {
  expect(await discover(target, { ...raw, trace: true }, io)).toBe(0)
  expect(io.stdout).toMatch(/3 {2}Register {2}v0 {2}1\.0\.1\.8\.0\.255 {2}0100\n/)
  expect(io.stdout).toMatch(/8 {2}Clock {5}v0 {2}0\.0\.1\.0\.0\.255 {2}2000\n/)
  expect(io.stderr).toContain('aarq (31) context 2 initiate-request')
})

test('a clock is read as one with logical names', async () => {
  expect(await clock(target, raw, io)).toBe(0)
  expect(io.stdout).toContain('2026-01-31T13:07:00-01:00')
})
