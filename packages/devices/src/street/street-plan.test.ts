import { toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { numberedIdentity, requireIdentity } from '../meter/meter-identity.ts'
import { planStreet } from './street-plan.ts'

const badOption = expect.objectContaining({ code: 'DEVICES_BAD_OPTION' })

describe('the plan of a street', () => {
  test.each([0, -1, 1.5, Number.NaN, 1e9])('is refused for %d meters', (meters) => {
    expect(() => planStreet({ seed: 'a', meters })).toThrow(badOption)
  })

  test('is the same for the same seed and another for another', () => {
    expect(planStreet({ seed: 'oak lane', meters: 20 })).toEqual(planStreet({ seed: 'oak lane', meters: 20 }))
    expect(planStreet({ seed: 'oak lanf', meters: 1 }).homes[0]).not.toEqual(
      planStreet({ seed: 'oak lane', meters: 1 }).homes[0],
    )
  })

  test('of a longer street begins with the shorter one', () => {
    const { homes } = planStreet({ seed: 'oak lane', meters: 50 })
    expect(homes.slice(0, 20)).toEqual(planStreet({ seed: 'oak lane', meters: 20 }).homes)
  })

  test('gives every meter names of its own', () => {
    const { homes } = planStreet({ seed: '7', meters: 12_000 })
    for (const name of [
      homes.map(({ identity }) => identity.serial),
      homes.map(({ identity }) => identity.logicalDeviceName),
      homes.map(({ identity }) => toHex(identity.systemTitle)),
      homes.map(({ identity }) => toHex(identity.deviceId)),
    ]) {
      expect(new Set(name).size).toBe(homes.length)
    }
    for (const { identity } of homes) expect(requireIdentity(identity)).toEqual(identity)
  })

  test('puts panels on some roofs and vehicles before some doors', () => {
    const { homes } = planStreet({ seed: 'oak lane', meters: 1000 })
    const panels = homes.filter(({ traits }) => traits.pvPeakW > 0).length
    const vehicles = homes.filter(({ traits }) => traits.vehicleW > 0).length
    expect(panels).toBeGreaterThan(240)
    expect(panels).toBeLessThan(360)
    expect(vehicles).toBeGreaterThan(150)
    expect(vehicles).toBeLessThan(260)
  })
})

describe('a meter identity', () => {
  const good = numberedIdentity(123, new Uint8Array(16))
  test.each([
    ['a serial of other letters', { serial: 'XX00000123' }],
    ['a short serial', { serial: 'GC123' }],
    ['a title of 7 bytes', { systemTitle: good.systemTitle.subarray(1) }],
    ['a title of another maker', { systemTitle: new Uint8Array(8) }],
    ['a short device name', { logicalDeviceName: 'GRC1' }],
    ['a device name of another maker', { logicalDeviceName: 'ABCEM1GC00000123' }],
    ['a device id of 15 bytes', { deviceId: new Uint8Array(15) }],
  ])('with %s is refused', (_, change) => {
    expect(() => requireIdentity({ ...good, ...change })).toThrow(badOption)
  })

  test('carries its number in each name', () => {
    expect(good.serial).toBe('GC00000123')
    expect(good.logicalDeviceName).toBe('GRCEM1GC00000123')
    expect(toHex(good.systemTitle)).toBe('475243010000007B')
    expect(() => numberedIdentity(100_000_000, new Uint8Array(16))).toThrow(badOption)
  })
})
