// Makes npm packages of the rooms: dist/npm/*.tgz. In a checkout Node runs the TypeScript sources, but it takes no types off
// files below node_modules, so packages hold JavaScript and declarations.
//
//   npm run pack

import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const OUT = join(ROOT, 'dist/npm')
const BUILD = join(OUT, 'build/packages')

/** In the order of their imports. */
const ROOMS = ['bytes', 'crypto', 'cap', 'card', 'terminal', 'dlms', 'devices', 'headend', 'gridcard'] as const

/** What `gridcard start` takes from elsewhere in a checkout, by its place in the package. */
const BUNDLED: Readonly<Record<string, string>> = {
  'bundled/meter-security.cap': 'applets/prebuilt/meter-security.cap',
  'bundled/metering.cap': 'applets/prebuilt/metering.cap',
  'bundled/integrity.cap': 'applets/prebuilt/integrity.cap',
  'bundled/iot-safe.cap': 'applets/prebuilt/iot-safe.cap',
  'bundled/console': 'packages/console/dist',
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, string>>
  readonly bin?: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies?: unknown
}

/** `./src/node.ts` to what stands for it in the package. */
function builtPath(source: string, ending: '.js' | '.d.ts'): string {
  return source.replace(/^\.\/src\//, './dist/').replace(/\.ts$/, ending)
}

function packedManifest({ devDependencies: _, ...manifest }: Manifest): object {
  const { version } = manifest
  // What lies outside of src is for the tests of this workspace.
  const doors = Object.entries(manifest.exports).filter(([, source]) => source.startsWith('./src/'))
  const exportsOf = ([name, source]: [string, string]) =>
    [name, { types: builtPath(source, '.d.ts'), default: builtPath(source, '.js') }] as const
  const dependency = ([name, range]: [string, string]) => [name, range === '*' ? version : range] as const
  return {
    ...manifest,
    exports: Object.fromEntries(doors.map(exportsOf)),
    ...(manifest.bin && {
      bin: Object.fromEntries(Object.entries(manifest.bin).map(([name, source]) => [name, builtPath(source, '.js')])),
    }),
    dependencies: Object.fromEntries(Object.entries(manifest.dependencies).map(dependency)),
    files: ['dist', 'bundled'],
  }
}

/** JSON that sources import; the compiler does not bring it along. */
function copyTables(from: string, to: string): void {
  for (const name of readdirSync(from, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.json')) cpSync(join(from, name), join(to, name))
  }
}

/** Compilers leave the imports of declarations as they are. */
function mendDeclarations(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.d.ts')) continue
    const path = join(folder, name)
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replaceAll(/((?:from|import\()\s*['"]\.{1,2}\/[^'"]*)\.ts(['"])/g, '$1.js$2'))
  }
}

function stage(room: string): string {
  const folder = join(OUT, room)
  const manifest = JSON.parse(readFileSync(join(ROOT, 'packages', room, 'package.json'), 'utf8')) as Manifest
  mkdirSync(folder, { recursive: true })
  cpSync(join(BUILD, room, 'src'), join(folder, 'dist'), { recursive: true })
  copyTables(join(ROOT, 'packages', room, 'src'), join(folder, 'dist'))
  mendDeclarations(join(folder, 'dist'))
  const packed = packedManifest(manifest)
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(packed, null, 2)}\n`)
  cpSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'))
  cpSync(join(ROOT, 'packages', room, 'README.md'), join(folder, 'README.md'))
  for (const bin of Object.values(manifest.bin ?? {})) chmodSync(join(folder, builtPath(bin, '.js')), 0o755)
  if (room === 'gridcard') bundle(folder)
  return folder
}

function bundle(folder: string): void {
  for (const [place, source] of Object.entries(BUNDLED)) {
    const from = join(ROOT, source)
    if (!existsSync(from)) continue // the console is built by `npm start`; without it `gridcard start` says so
    mkdirSync(dirname(join(folder, place)), { recursive: true })
    cpSync(from, join(folder, place), { recursive: true })
  }
}

rmSync(OUT, { recursive: true, force: true })
execFileSync(
  process.execPath,
  [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', join(ROOT, 'tsconfig.pack.json')],
  {
    stdio: 'inherit',
  },
)
const npm = join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js')
for (const room of ROOMS) {
  const folder = stage(room)
  const args = ['pack', folder, '--pack-destination', OUT, '--silent']
  const [command, first] = existsSync(npm) ? [process.execPath, [npm]] : ['npm', []]
  const file = execFileSync(command, [...first, ...args], { encoding: 'utf8', cwd: OUT }).trim()
  process.stdout.write(`dist/npm/${file}\n`)
}
rmSync(join(OUT, 'build'), { recursive: true })
