import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findNpm, npmEnvironment } from './npm.mjs'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'gridcard-npm-')))
})
afterEach(() => rmSync(folder, { recursive: true }))

function put(...parts: string[]): string {
  const file = join(folder, ...parts)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, '')
  return file
}

const lonelyNode = () => join(folder, 'lonely', 'bin', 'node')

test('the npm that runs us is taken', () => {
  const npm = put('anywhere', 'npm-cli.js')
  put('lonely', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js')
  expect(findNpm({ npm_execpath: npm }, lonelyNode())).toBe(npm)
})

test('another package manager that runs us is not', () => {
  const npm = put('lonely', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js')
  expect(findNpm({ npm_execpath: put('pnpm.cjs') }, lonelyNode())).toBe(npm)
})

test.skipIf(process.platform === 'win32')('without either, the one on the PATH is followed to its file', () => {
  const npm = put('elsewhere', 'npm', 'bin', 'npm-cli.js')
  mkdirSync(join(folder, 'bin'))
  symlinkSync(npm, join(folder, 'bin', 'npm'))
  const found = findNpm({ PATH: join(folder, 'bin') }, lonelyNode())
  expect(['/usr/share/nodejs/npm/bin/npm-cli.js', npm]).toContain(found)
})

test("Debian's npm is told where its modules are, any other keeps its environment", () => {
  expect(npmEnvironment('/usr/share/nodejs/npm/bin/npm-cli.js', { A: '1' })).toEqual({
    A: '1',
    NODE_PATH: '/usr/share/nodejs',
  })
  expect(npmEnvironment('/usr/lib/node_modules/npm/bin/npm-cli.js', { A: '1' })).toEqual({ A: '1' })
})
