import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findJdk, majorOf } from './jdk.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gridcard-jdk-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function installJdk(name: string, version: string): string {
  const home = join(folder, name)
  mkdirSync(join(home, 'bin'), { recursive: true })
  writeFileSync(join(home, 'bin', process.platform === 'win32' ? 'javac.exe' : 'javac'), '')
  writeFileSync(join(home, 'release'), `IMPLEMENTOR="x"\nJAVA_VERSION="${version}"\n`)
  return home
}

test('there is none where there is none', () => {
  expect(findJdk({ PATH: join(folder, 'nowhere') }, join(folder, 'nowhere'))).toBeUndefined()
})

test.each(['1.7.0_80', '22', '25.0.1'])('Java %s does not compile applets', (version) => {
  installJdk('a', version)
  expect(findJdk({}, folder)).toBeUndefined()
})

test('a runtime without a compiler is none', () => {
  const home = installJdk('a', '17')
  rmSync(join(home, 'bin'), { recursive: true })
  expect(findJdk({}, folder)).toBeUndefined()
})

test.each(['1.8.0_392', '11.0.2', '21'])('Java %s does', (version) => {
  const home = installJdk('a', version)
  expect(findJdk({}, folder)).toBe(home)
})

test('one that fits is found beside one that does not', () => {
  installJdk('a-25', '25')
  const fitting = installJdk('b-17', '17.0.15')
  expect(findJdk({ JAVA_HOME: join(folder, 'a-25') }, folder)).toBe(fitting)
})

test("the user's own choice comes first", () => {
  installJdk('a', '17')
  const chosen = installJdk('b', '11')
  expect(findJdk({ JAVA_HOME: chosen }, folder)).toBe(chosen)
})

test('versions are read in both ways of counting', () => {
  expect([majorOf('17.0.15'), majorOf('1.8.0_392'), majorOf('9'), majorOf('')]).toEqual([17, 8, 9, Number.NaN])
})
