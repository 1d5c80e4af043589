import { expect, test } from 'vitest'
import { newerRelease } from './software-update.ts'

test('no update is offered to a meter that proved nothing, or has the newest', () => {
  expect(newerRelease({ version: null, releases: ['1.0.0', '1.1.0'] })).toBeUndefined()
  expect(newerRelease({ version: '1.1.0', releases: ['1.0.0', '1.1.0'] })).toBeUndefined()
  expect(newerRelease({ version: '1.0.0', releases: [] })).toBeUndefined()
})

test('else the newest is, however the releases are ordered', () => {
  expect(newerRelease({ version: '1.0.0', releases: ['1.0.0', '1.1.0'] })).toBe('1.1.0')
  expect(newerRelease({ version: '1.9.0', releases: ['1.10.0', '1.9.0'] })).toBe('1.10.0')
})
