import type { MeterSummary } from '@gridcard/headend/api'
import { describe, expect, test } from 'vitest'
import { layoutSkyline } from './skyline.ts'

const meter = (powerW: number | null, changes: Partial<MeterSummary> = {}): MeterSummary => ({
  serial: `GC${powerW}`,
  systemTitle: '475243A1B2C3D4E5',
  logicalDeviceName: 'GRC',
  address: '127.0.0.1:4059',
  state: 'online',
  stateReason: null,
  switchState: 'connected',
  lastReadAt: null,
  importWh: null,
  exportWh: null,
  powerW,
  ...changes,
})

/** Height of the wall above the ground, read back from the drawing. */
function wallPx(outline: string | undefined, groundPx: number): number {
  return groundPx - Number(/V([\d.]+)L/.exec(outline ?? '')?.[1])
}

describe('the skyline', () => {
  test('is not drawn without meters or where houses could not be told apart', () => {
    expect(layoutSkyline([], 1000)).toBeUndefined()
    expect(
      layoutSkyline(
        Array.from({ length: 60 }, () => meter(1)),
        390,
      ),
    ).toBeUndefined()
  })

  test('one scale serves walls and bars: equal powers are equally long', () => {
    const skyline = layoutSkyline([meter(2000), meter(0), meter(-2000)], 600)
    const [drawing, idle, feeding] = skyline?.houses ?? []
    const groundPx = skyline?.groundPx ?? 0
    const drawnPx = wallPx(drawing?.outline, groundPx) - wallPx(idle?.outline, groundPx)
    expect(feeding?.feed?.height).toBeCloseTo(drawnPx, 1)
    expect(idle?.feed).toBeUndefined()
  })

  test('stays inside its picture whatever the powers', () => {
    for (const powers of [
      [0, 0],
      [1, -40_000],
      [90_000, -1],
      [-5000, -5000],
      [null, 3],
    ]) {
      const skyline = layoutSkyline(
        powers.map((powerW) => meter(powerW)),
        390,
      )
      for (const house of skyline?.houses ?? []) {
        expect(Math.min(...(house.outline.match(/[\d.]+/g) ?? []).map(Number))).toBeGreaterThanOrEqual(0)
        const bottomPx = house.feed === undefined ? 0 : house.feed.y + house.feed.height
        expect(bottomPx).toBeLessThanOrEqual(skyline?.heightPx ?? 0)
      }
      expect(skyline?.widthPx).toBeLessThanOrEqual(390)
    }
  })

  test('a meter that does not answer is not drawn with its old power', () => {
    const skyline = layoutSkyline([meter(5000, { state: 'unreachable' }), meter(10)], 390)
    expect(skyline?.houses[0]?.kind).toBe('troubled')
    expect(wallPx(skyline?.houses[0]?.outline, skyline?.groundPx ?? 0)).toBeCloseTo(9, 1)
  })

  test('a home without supply and a meter never read look different', () => {
    const meters = [
      meter(0, { switchState: 'disconnected' }),
      meter(null, { state: 'new', switchState: null }),
      meter(1),
    ]
    expect(layoutSkyline(meters, 390)?.houses.map((house) => house.kind)).toEqual(['dark', 'unread', 'supplied'])
  })
})
