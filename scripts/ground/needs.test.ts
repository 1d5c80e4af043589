import { expect, test } from 'vitest'
import { needsOf } from './needs.mjs'

const nothing = {
  packages: true,
  importRules: false,
  jdk: false,
  browser: false,
  pcscClients: false,
  consolePage: false,
}

test('the start needs no JDK and no browser, but the console page', () => {
  expect(needsOf('start', ['--meters', '5'])).toEqual({ ...nothing, consolePage: true })
})

test('npm itself needs nothing installed', () => {
  expect(needsOf('npm', ['install', 'x'])).toEqual({ ...nothing, packages: false })
})

test('all the tests need everything', () => {
  expect(needsOf('test', [])).toEqual({
    packages: true,
    importRules: true,
    jdk: true,
    browser: true,
    pcscClients: true,
    consolePage: false,
  })
})

test.each([
  [['types', 'lint'], {}],
  [['imports'], { importRules: true }],
  [['unit'], { importRules: true, jdk: true }],
  [['packages/cap', '-t', 'sdiv'], {}],
  [['./e2e/street.test.ts'], { jdk: true, browser: true, pcscClients: true }],
  [['--help'], {}],
])('tests picked with %j need only their own', (args, needed) => {
  expect(needsOf('test', args)).toEqual({ ...nothing, ...needed })
})
