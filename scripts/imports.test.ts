import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { importsCommand } from './test/steps.ts'

const ROOT = dirname(import.meta.dirname)

// A small copy of the house: the real rules and the real package.json files, and in each room one file that we plant.
let house: string

beforeAll(() => {
  house = mkdtempSync(join(tmpdir(), 'gridcard-arrows-'))
  for (const folder of ['node_modules/@gridcard', 'bench', 'e2e', 'scripts', 'tools'])
    mkdirSync(join(house, folder), { recursive: true })
  copyFileSync(join(ROOT, '.dependency-cruiser.mjs'), join(house, '.dependency-cruiser.mjs'))
  symlinkSync(join(ROOT, 'tools', 'dependency-cruiser'), join(house, 'tools', 'dependency-cruiser'))
  for (const room of readdirSync(join(ROOT, 'packages'))) {
    mkdirSync(join(house, 'packages', room, 'src'), { recursive: true })
    copyFileSync(join(ROOT, 'packages', room, 'package.json'), join(house, 'packages', room, 'package.json'))
    symlinkSync(join(house, 'packages', room), join(house, 'node_modules', '@gridcard', room))
  }
  plantDoors()
  plant('packages/crypto/src/node-provider.ts', "import 'node:crypto'\nexport const nodeCrypto = 1\n")
  plant('packages/dlms/src/node.ts', "import 'node:net'\nexport const serve = 1\n")
  plant('packages/headend/src/api/schema.ts', 'export interface Meter {}\nexport const schema = 1\n')
})
afterAll(() => rmSync(house, { recursive: true }))

function plantDoors(): void {
  for (const room of readdirSync(join(house, 'packages'))) {
    plant(`packages/${room}/src/index.ts`, `export type Room = '${room}'\n`)
  }
}

function plant(file: string, text: string): void {
  mkdirSync(dirname(join(house, file)), { recursive: true })
  writeFileSync(join(house, file), text)
}

/** The rules that `files` break, each with the file. */
function violationsOf(files: Record<string, string>): string[] {
  for (const [file, text] of Object.entries(files)) plant(file, text)
  try {
    execFileSync(process.execPath, importsCommand(), {
      cwd: house,
      encoding: 'utf8',
      stdio: 'pipe',
      env: { ...process.env, NO_COLOR: '1' },
    })
    return []
  } catch (error) {
    const { stdout } = error as { stdout: string }
    const found = [...stdout.matchAll(/error (\S+): (\S+)/g)].map(([, rule, file]) => `${rule}: ${file}`)
    return [...new Set(found)].sort()
  } finally {
    for (const file of Object.keys(files)) rmSync(join(house, file))
    plantDoors()
  }
}

test('wrong arrows are refused, whatever form the import has', () => {
  const found = violationsOf({
    'packages/bytes/src/a.ts': "import type { Room } from '@gridcard/crypto'\nexport type A = Room\n",
    'packages/cap/src/a.ts': "export { type Room } from '@gridcard/card'\n",
    'packages/devices/src/a.ts': "export const card = () => import('@gridcard/card')\n",
    'packages/headend/src/a.ts': "import '@gridcard/devices'\n",
    'packages/terminal/src/a.ts': "import '@gridcard/card'\n",
  })
  expect(found).toEqual([
    'arrow-of-bytes: packages/bytes/src/a.ts',
    'arrow-of-cap: packages/cap/src/a.ts',
    'arrow-of-devices: packages/devices/src/a.ts',
    'arrow-of-headend: packages/headend/src/a.ts',
    'arrow-of-terminal: packages/terminal/src/a.ts',
  ])
})

test('rooms that run in a page are refused the modules of Node, also behind other files and other rooms', () => {
  const found = violationsOf({
    'packages/bytes/src/index.ts': "export * from './a.ts'\n",
    'packages/bytes/src/a.ts': "import { Buffer } from 'node:buffer'\nexport const a = Buffer\n",
    'packages/cap/src/index.ts': "import '@gridcard/crypto/node'\n",
    'packages/card/src/index.ts': "export const read = () => import('fs')\n",
    'packages/dlms/src/index.ts': "export * from './node.ts'\n",
    'packages/console/src/a.tsx': "import 'node:path'\nexport const a = <p />\n",
  })
  expect(found).toEqual([
    'console-runs-in-a-page: packages/console/src/a.tsx',
    'runs-in-a-page: packages/bytes/src/index.ts',
    'runs-in-a-page: packages/cap/src/index.ts',
    'runs-in-a-page: packages/card/src/index.ts',
    'runs-in-a-page: packages/dlms/src/index.ts',
  ])
})

test('a room is refused entry beside its door, and the console the code of the head-end', () => {
  const found = violationsOf({
    'packages/card/src/a.ts': "import '../../cap/src/inside.ts'\n",
    'packages/cap/src/inside.ts': 'export {}\n',
    'packages/console/src/a.ts': "import { schema } from '@gridcard/headend/api'\nexport const a = schema\n",
    'bench/a.ts': "import '../packages/cap/src/inside.ts'\n",
    'e2e/a.ts': "import './nowhere.ts'\n",
  })
  expect(found).toEqual([
    'console-takes-types-only: packages/console/src/a.ts',
    'found: e2e/a.ts',
    'through-the-door-from-outside: bench/a.ts',
    'through-the-door: packages/card/src/a.ts',
  ])
})

test('the right arrows pass', () => {
  const found = violationsOf({
    'packages/crypto/src/a.ts': "import '@gridcard/bytes'\n",
    'packages/card/src/a.ts': "import '@gridcard/bytes'\nimport '@gridcard/crypto'\nimport '@gridcard/cap'\n",
    'packages/card/src/a.test.ts': "import 'node:fs'\nimport '@gridcard/crypto/node'\n",
    'packages/dlms/src/tcp.ts': "import 'node:net'\n", // reached from the door for Node only
    'packages/devices/src/a.ts': "import 'node:fs'\nimport '@gridcard/dlms/node'\nimport '@gridcard/terminal'\n",
    'packages/console/src/a.tsx': "import type { Meter } from '@gridcard/headend/api'\nexport type A = Meter\n",
    'packages/gridcard/src/a.ts': "import '@gridcard/card'\nimport '@gridcard/devices'\nimport '@gridcard/headend'\n",
    'e2e/a.ts': "import '@gridcard/card'\n",
  })
  expect(found).toEqual([])
})
