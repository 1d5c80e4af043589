import { describe, expect, test } from 'vitest'
import {
  countOf,
  createTimeFormat,
  formatAgo,
  formatDeviation,
  formatDuration,
  formatWait,
  utcTooltip,
} from './time.ts'

const at = Date.parse('2026-05-12T22:32:08Z')

describe('a time format', () => {
  test('shows the instant in its zone', () => {
    const berlin = createTimeFormat('Europe/Berlin')
    expect(berlin.zone).toBe('Europe/Berlin')
    expect(berlin.clock(at)).toBe('00:32')
    expect(berlin.clockWithSeconds(at)).toBe('00:32:08')
    expect(berlin.day(at)).toBe('Wed 13 May')
    expect(berlin.fullDay(at)).toBe('Wed 13 May 2026')
    expect(berlin.dayAndClock(at)).toBe('13 May, 00:32')
    expect(berlin.dayKey(at)).toBe('2026-05-13')
    expect(berlin.offset(at)).toBe('UTC+2')
  })
  test('names the offset of that very day, not of today', () => {
    expect(createTimeFormat('Europe/Berlin').offset(Date.parse('2026-01-12T12:00:00Z'))).toBe('UTC+1')
    expect(createTimeFormat('America/New_York').offset(at)).toBe('UTC\u22124')
    expect(createTimeFormat('UTC').offset(at)).toBe('UTC')
  })
  test('midnight is 00:00, never 24:00', () => {
    expect(createTimeFormat('UTC').clock(Date.parse('2026-05-12T00:00:00Z'))).toBe('00:00')
  })
})

test('tooltips are in UTC to the second', () => {
  expect(utcTooltip(at)).toBe('2026-05-12 22:32:08 UTC')
})

test('durations use the two largest units', () => {
  const minutes = (count: number) => count * 60_000
  expect([0, 4_400, minutes(15), minutes(60), minutes(135), minutes(1440), minutes(1560)].map(formatDuration)).toEqual([
    '0 s',
    '4 s',
    '15 min',
    '1 h',
    '2 h 15 min',
    '1 d',
    '1 d 2 h',
  ])
})

test('waits are told as people feel them', () => {
  expect([0, 38.4, 999, 1000, 12_340].map(formatWait)).toEqual(['0 ms', '38 ms', '999 ms', '1.0 s', '12.3 s'])
})

test('ages round down and the future is just now', () => {
  const ago = (seconds: number) => formatAgo(at - seconds * 1000, at)
  expect([-30, 0, 4, 5, 59, 60, 3599, 3600, 100_000, 172_800].map(ago)).toEqual([
    'just now',
    'just now',
    'just now',
    '5 s ago',
    '59 s ago',
    '1 min ago',
    '59 min ago',
    '1 h ago',
    '27 h ago',
    '2 d ago',
  ])
})

test('a clock deviation says its direction', () => {
  expect([0, 0.5, -0.5, 1.24, -3, 725, -90_000].map(formatDeviation)).toEqual([
    'In step',
    'In step',
    'In step',
    '1.2 s ahead',
    '3.0 s behind',
    '12 min ahead',
    '1 d 1 h behind',
  ])
})

test('one is singular', () => {
  expect([0, 1, 20].map((count) => countOf(count, 'meter'))).toEqual(['0 meters', '1 meter', '20 meters'])
})
