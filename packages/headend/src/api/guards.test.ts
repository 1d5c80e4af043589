import { describe, expect, test } from 'vitest'
import { isCrossOrigin, isOwnName, namesOf, urlHost } from './guards.ts'

describe('own names', () => {
  const names = namesOf('127.0.0.1')
  test.each([undefined, '', ':8080', '127.0.0.1:', 'localhost:port', 'a.localhost', '[::1', '::1', '127.0.0.1:80:80'])(
    '%s is none',
    (header) => {
      expect(isOwnName(header, names)).toBe(false)
    },
  )
  test.each(['localhost', 'LocalHost:1', '127.0.0.1:65535', '[::1]', '[::1]:8080'])('%s is one', (header) => {
    expect(isOwnName(header, names)).toBe(true)
  })
  test('are those of the address it listens on and those allowed, no others', () => {
    const wide = namesOf('192.0.2.7', ['headend.example'])
    expect(isOwnName('192.0.2.7:80', wide)).toBe(true)
    expect(isOwnName('HEADEND.example', wide)).toBe(true)
    expect(isOwnName('192.0.2.8', wide)).toBe(false)
  })
  test('of a head-end that listens everywhere are all its addresses, but not the wildcard', () => {
    expect(isOwnName('0.0.0.0', namesOf('0.0.0.0'))).toBe(false)
    expect(isOwnName('127.0.0.1', namesOf('0.0.0.0'))).toBe(true)
  })
})

describe('a request is of another origin', () => {
  test.each([
    [{ 'sec-fetch-site': 'cross-site', origin: 'http://localhost', host: 'localhost' }, true],
    [{ 'sec-fetch-site': ['same-origin', 'cross-site'] }, true],
    [{ origin: 'https://localhost:8443', host: 'localhost' }, true],
    [{ origin: 'nonsense', host: 'localhost' }, true],
    [{ 'sec-fetch-site': 'same-origin', origin: 'http://localhost:5173', host: 'localhost' }, false],
    [{ origin: 'http://localhost', host: 'localhost' }, false],
    [{ host: 'localhost' }, false],
  ])('%o: %s', (headers, expected) => {
    expect(isCrossOrigin(headers)).toBe(expected)
  })
})

test('an IPv6 address stands in brackets', () => {
  expect([urlHost('::1', 80), urlHost('127.0.0.1', 80)]).toEqual(['[::1]:80', '127.0.0.1:80'])
})
