import { describe, expect, test } from 'vitest'
import { type ClockAnchor, describeSpeed, reanchor, simulatedNowMs } from './simulated-clock.ts'

const anchor: ClockAnchor = { simulatedMs: 1_000_000, speed: 60, takenAtMs: 500 }

test('time runs on at the street’s speed', () => {
  expect(simulatedNowMs(anchor, 500)).toBe(1_000_000)
  expect(simulatedNowMs(anchor, 1500)).toBe(1_060_000)
})

describe('a newly learnt instant', () => {
  test('is ignored within an answer’s travel time', () => {
    const next = { simulatedMs: 1_060_000 - 40_000, speed: 60, takenAtMs: 1500 }
    expect(reanchor(anchor, next)).toBe(anchor)
  })
  test('is taken over when the street was restarted or jumped', () => {
    const next = { simulatedMs: 5_000_000, speed: 60, takenAtMs: 1500 }
    expect(reanchor(anchor, next)).toBe(next)
  })
  test('is taken over when the speed changed, and when it is the first', () => {
    const next = { simulatedMs: 1_060_000, speed: 1, takenAtMs: 1500 }
    expect(reanchor(anchor, next)).toBe(next)
    expect(reanchor(undefined, next)).toBe(next)
  })
})

test('only a speed that is not real time is mentioned', () => {
  expect([1, 60, 0, 0.5, 1234.5].map(describeSpeed)).toEqual([
    '',
    '60 × real time',
    'time stands still',
    '0.5 × real time',
    '1230 × real time',
  ])
})
