import { fromAscii, toAscii } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DevicesError } from '../errors.ts'
import { crc32 } from './crc32.ts'
import { eventLogCapacity, type LoggedEvent, withEvent } from './event-log.ts'
import type { MeterState } from './meter-state.ts'
import { emitMeterState, parseMeterState } from './meter-state-codec.ts'

const installedAtMs = Date.UTC(2026, 0, 1)
const state: MeterState = {
  serial: 'GC00000001',
  installedAtMs,
  savedAtMs: installedAtMs + 500_000,
  switchState: 'disconnected',
  isRunning: true,
  supplyChangesS: [installedAtMs / 1000, installedAtMs / 1000 + 400],
  logs: {
    standard: [{ atMs: installedAtMs, code: 2 }],
    fraud: [],
    disconnector: [{ atMs: installedAtMs + 400_000, code: 60, number: 2 }],
  },
}

const damaged = expect.objectContaining({ code: 'DEVICES_STATE_DAMAGED' })

describe('the saved state of a meter', () => {
  test('is refused when it was cut off anywhere', () => {
    const bytes = emitMeterState(state)
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseMeterState(bytes.subarray(0, length))).toThrow(damaged)
    }
  })

  test('is refused when any single bit of it flipped', () => {
    const bytes = emitMeterState(state)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice()
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      expect(() => parseMeterState(flipped)).toThrow(DevicesError)
    }
  })

  test('is refused when it is anything else, whatever bytes they are', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => throwsDamaged(() => parseMeterState(bytes))))
    fc.assert(fc.property(fc.json(), (json) => throwsDamaged(() => parseMeterState(sealed(json)))))
  })

  test.each([
    ['no serial', { serial: 5 }],
    ['a switch in the middle', { switchState: 'half' }],
    ['neither running nor not', { isRunning: 'yes' }],
    ['a time before time', { installedAtMs: -1 }],
    ['a time between milliseconds', { savedAtMs: installedAtMs + 500_000.5 }],
    ['saved before it was installed', { savedAtMs: installedAtMs - 1 }],
    ['supply before installation', { supplyChangesS: [1, 2] }],
    ['supply out of order', { supplyChangesS: [installedAtMs / 1000 + 5, installedAtMs / 1000 + 4] }],
    ['supply through an open switch', { supplyChangesS: [installedAtMs / 1000] }],
    ['no logs', { logs: null }],
    ['logs in a list', { logs: [] }],
    ['an event code beyond a byte', { logs: { standard: [[installedAtMs, 256]], fraud: [], disconnector: [] } }],
    ['an event with a fourth part', { logs: { standard: [[installedAtMs, 2, 2, 2]], fraud: [], disconnector: [] } }],
    ['an event before the first', { logs: { standard: [[installedAtMs, 2, 0]], fraud: [], disconnector: [] } }],
    ['a log missing', { logs: { standard: [], fraud: [] } }],
    [
      'a log without end',
      { logs: { standard: [], fraud: Array(eventLogCapacity + 1).fill([installedAtMs, 49]), disconnector: [] } },
    ],
  ])('is refused with %s', (_, change) => {
    const json = JSON.parse(toAscii(emitMeterState(state)).split('\n')[1]!)
    expect(() => parseMeterState(sealed(JSON.stringify({ ...json, ...change })))).toThrow(damaged)
  })

  test('is refused by its version when a later one wrote it', () => {
    expect(() => parseMeterState(sealed('{}', 2))).toThrow(expect.objectContaining({ code: 'DEVICES_STATE_VERSION' }))
  })

  test('comes back as it was', () => {
    expect(parseMeterState(emitMeterState(state))).toEqual(state)
  })
})

test('CRC-32 of the check string is the published one', () => {
  expect(crc32(fromAscii('123456789')).toString(16)).toBe('cbf43926')
})

test('an event log that is full forgets its oldest event', () => {
  let log: readonly LoggedEvent[] = []
  for (let i = 0; i <= eventLogCapacity; i++) log = withEvent(log, { atMs: i, code: 1 })
  expect(log).toHaveLength(eventLogCapacity)
  expect(log[0]).toEqual({ atMs: 1, code: 1 })
})

function sealed(body: string, version = 1): Uint8Array {
  const bytes = fromAscii(body)
  return fromAscii(`gridcard-meter-state ${version} ${crc32(bytes).toString(16).padStart(8, '0')}\n${toAscii(bytes)}\n`)
}

function throwsDamaged(act: () => unknown): boolean {
  try {
    act()
  } catch (error) {
    return error instanceof DevicesError && error.code === 'DEVICES_STATE_DAMAGED'
  }
  return false
}
