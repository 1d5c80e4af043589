import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = dirname(import.meta.dirname)

interface Manifest {
  readonly name: string
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
  readonly optionalDependencies?: Record<string, string>
}

const manifests = ['package.json', ...globSync('{packages,tools}/*/package.json', { cwd: ROOT })].map(
  (file) => [file, JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as Manifest] as const,
)
const allOf = (manifest: Manifest) =>
  Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies })
const isOurs = (name: string) => manifests.some(([, manifest]) => manifest.name === name)

test('every dependency has its sentence in docs/dependencies.md, and none is explained that is gone', () => {
  const page = readFileSync(join(ROOT, 'docs', 'dependencies.md'), 'utf8')
  const explained = [...page.matchAll(/^\| `([^`]+)` \| [^|]+ \| [^|]{10,} \|$/gm)].map(([, name]) => name!)
  const used = manifests
    .flatMap(([, manifest]) => allOf(manifest).map(([name]) => name))
    .filter((name) => !isOurs(name))
  expect(explained.toSorted()).toEqual([...new Set(used)].sort())
})

test('versions are exact', () => {
  const loose = manifests.flatMap(([file, manifest]) =>
    allOf(manifest)
      .filter(([name, version]) => !isOurs(name) && !/^\d+\.\d+\.\d+$/.test(version))
      .map(([name, version]) => `${file}: ${name} ${version}`),
  )
  expect(loose).toEqual([])
})

const IMPORT = /^(?:(?:import|export|\}) [^'\n]*from|import) '([^'\n]+)'|import\('([^'\n]+)'\)/gm

/** Packages that shipped sources import, without the path inside them. */
function importsOf(folder: string): Set<string> {
  const files = globSync('src/**/*.{ts,tsx}', { cwd: join(ROOT, folder) }).filter((file) => !/\.test\.tsx?$/.test(file))
  const texts = files.map((file) => readFileSync(join(ROOT, folder, file), 'utf8'))
  const specifiers = texts.flatMap((text) => [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2]!))
  const names = specifiers.map((name) =>
    name
      .split('/')
      .slice(0, name.startsWith('@') ? 2 : 1)
      .join('/'),
  )
  return new Set(names.filter((name) => !name.startsWith('.') && !name.startsWith('node:')))
}

test.each(manifests.filter(([file]) => file.startsWith('packages')))(
  '%s names all that its sources import, and no more',
  (file, manifest) => {
    const imported = importsOf(dirname(file))
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })
    const developed = Object.keys(manifest.devDependencies ?? {})
    const rootTools = Object.keys(manifests[0]![1].devDependencies ?? {}) // test suites that are shipped for others import vitest
    expect(
      [...imported].filter((name) => ![...declared, ...developed, ...rootTools, manifest.name].includes(name)),
    ).toEqual([])
    expect(declared.filter((name) => !imported.has(name))).toEqual([])
  },
)
