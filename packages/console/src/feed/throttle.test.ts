import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createThrottle } from './throttle.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('a burst runs once at once and once at its end', () => {
  const act = vi.fn<() => void>()
  const throttled = createThrottle(1000, act)
  for (let call = 0; call < 10; call++) throttled()
  expect(act).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(1000)
  expect(act).toHaveBeenCalledTimes(2)
  vi.advanceTimersByTime(5000)
  expect(act).toHaveBeenCalledTimes(2)
})

test('after a pause it runs at once again', () => {
  const act = vi.fn<() => void>()
  const throttled = createThrottle(1000, act)
  throttled()
  vi.advanceTimersByTime(1000)
  throttled()
  expect(act).toHaveBeenCalledTimes(2)
})
