import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findJavac } from 'gridcard'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// What `npm i -D gridcard` would bring, without a registry: the packed files in an empty project, and what they depend on
// from this checkout. Node runs JavaScript only below node_modules, so a source that was not built would show here.

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '..')
const javac = await findJavac()

let project: string
const gridcard = (...args: string[]) =>
  run(process.execPath, [join(project, 'node_modules/gridcard/dist/cli.js'), ...args], { cwd: project })

beforeAll(async () => {
  execFileSync(process.execPath, [join(ROOT, 'scripts/pack.ts')], { stdio: 'pipe' })
  project = await mkdtemp(join(tmpdir(), 'gridcard-npm-'))
  const modules = join(project, 'node_modules')
  await mkdir(join(modules, '@gridcard'), { recursive: true })
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (name !== 'gridcard' && name !== '@gridcard')
      await symlink(join(ROOT, 'node_modules', name), join(modules, name))
  }
  const packed = (await readdir(join(ROOT, 'dist/npm'))).filter((name) => name.endsWith('.tgz'))
  for (const file of packed) {
    const room = /^gridcard-([a-z]+)-\d/.exec(file)?.[1]
    const folder = room ? join(modules, '@gridcard', room) : join(modules, 'gridcard')
    await mkdir(folder)
    await run('tar', ['xzf', join(ROOT, 'dist/npm', file), '--strip-components=1', '-C', folder])
    const nested = join(ROOT, 'packages', room ?? 'gridcard', 'node_modules')
    if (existsSync(nested)) await symlink(nested, join(folder, 'node_modules'))
  }
  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
}, 300_000)
afterAll(() => rm(project, { recursive: true, force: true }))

describe('the npm packages', () => {
  test('hold no TypeScript sources but declarations, and no tests', async () => {
    for (const folder of ['gridcard', '@gridcard/cap', '@gridcard/card']) {
      const files = await readdir(join(project, 'node_modules', folder), { recursive: true })
      expect(files.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))).toEqual([])
      expect(files.filter((name) => name.includes('.test.'))).toEqual([])
      expect(files.filter((name) => name.includes('dap-client'))).toEqual([])
    }
  })

  test('have doors that lead somewhere, and do without vitest', async () => {
    const folder = join(project, 'node_modules/gridcard')
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
    expect(Object.keys(manifest.exports)).toEqual(['.', './test', './test/vitest'])
    for (const { types, default: code } of Object.values<{ types: string; default: string }>(manifest.exports)) {
      expect([types, code].filter((file) => !existsSync(join(folder, file)))).toEqual([])
    }
    expect(manifest.dependencies).not.toHaveProperty('vitest')
    expect(manifest.peerDependenciesMeta).toEqual({ vitest: { optional: true } })
  })

  test('run the command line', async () => {
    const { stdout } = await gridcard('--help')
    expect(stdout).toContain('applet')
  })

  test.skipIf(!javac)(
    'make, build, test and try an applet',
    async () => {
      await gridcard('applet', 'new', 'purse')
      await gridcard('applet', 'build', 'purse', '--out', 'purse/purse.cap')
      const { stdout } = await gridcard('script', 'purse/test.apdu')
      expect(stdout).toMatch(/passed|ok/)
      await expect(gridcard('cap', 'verify', 'purse/purse.cap')).resolves.toBeDefined()
    },
    120_000,
  )

  test('have types that a strict project compiles with', async () => {
    const source = `import { type CapFile, parseCapFile } from '@gridcard/cap'
      import { Card } from '@gridcard/card'
      import * as kit from 'gridcard/test'
      export const read: (bytes: Uint8Array) => CapFile = parseCapFile
      export const made = [Card, kit]`
    await writeFile(join(project, 'uses.ts'), source)
    const options = [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2024',
      '--lib',
      'es2024,esnext.disposable',
      '--types',
      'node',
      '--skipLibCheck',
      'false',
    ]
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    const { stdout } = await run(process.execPath, [tsc, ...options, 'uses.ts'], { cwd: project }).catch(
      (error: { stdout: string }) => error,
    )
    expect(stdout.split('\n').filter((line) => /@gridcard|gridcard\/dist|uses\.ts/.test(line))).toEqual([])
  }, 120_000)
})
