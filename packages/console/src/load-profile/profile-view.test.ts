import { describe, expect, test } from 'vitest'
import { canPage, initialView, page, reveal, windowOf, zoomTo } from './profile-view.ts'

const day = 86_400
const bounds = { fromS: 0, toS: 30 * day }

describe('what the plot shows', () => {
  test('the last days end with the newest value and move on with it', () => {
    expect(windowOf(initialView, bounds)).toEqual({ fromS: 23 * day, toS: 30 * day })
    expect(windowOf(initialView, { fromS: day, toS: 31 * day })).toEqual({ fromS: 24 * day, toS: 31 * day })
  })
  test('a chosen stretch stands still', () => {
    const view = zoomTo({ fromS: day, toS: 2 * day }, bounds)
    expect(windowOf(view, { fromS: day, toS: 31 * day })).toEqual({ fromS: day, toS: 2 * day })
  })
})

describe('zooming', () => {
  test('never goes below an hour', () => {
    expect(windowOf(zoomTo({ fromS: 7200, toS: 7260 }, bounds), bounds)).toEqual({ fromS: 5430, toS: 9030 })
  })
  test('never leaves the bounds', () => {
    expect(windowOf(zoomTo({ fromS: -500, toS: day }, bounds), bounds)).toEqual({ fromS: 0, toS: day + 500 })
    expect(windowOf(zoomTo({ fromS: -day, toS: 90 * day }, bounds), bounds)).toEqual(bounds)
  })
})

describe('paging', () => {
  test('is not possible beyond either end', () => {
    expect(canPage(initialView, bounds, 1)).toBe(false)
    expect(canPage({ kind: 'last', days: 30 }, bounds, -1)).toBe(false)
    expect(canPage(initialView, bounds, -1)).toBe(true)
  })
  test('goes back by the length shown and stops at the first value', () => {
    const earlier = page(initialView, bounds, -1)
    expect(windowOf(earlier, bounds)).toEqual({ fromS: 16 * day, toS: 23 * day })
    const earliest = page(page(page(page(earlier, bounds, -1), bounds, -1), bounds, -1), bounds, -1)
    expect(windowOf(earliest, bounds)).toEqual({ fromS: 0, toS: 7 * day })
    expect(canPage(earliest, bounds, -1)).toBe(false)
    expect(windowOf(page(earlier, bounds, 1), bounds)).toEqual({ fromS: 23 * day, toS: 30 * day })
  })
  test('reveals an instant with the shortest move', () => {
    expect(reveal(initialView, bounds, 25 * day)).toBe(initialView)
    expect(windowOf(reveal(initialView, bounds, 22 * day), bounds)).toEqual({ fromS: 22 * day, toS: 29 * day })
    const early = zoomTo({ fromS: 0, toS: day }, bounds)
    expect(windowOf(reveal(early, bounds, 2 * day), bounds)).toEqual({ fromS: day, toS: 2 * day })
  })
})
