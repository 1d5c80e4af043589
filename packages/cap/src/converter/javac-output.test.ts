import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { fromHex, toHex } from '@gridcard/bytes'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { structureFaults } from '../../test/structure.ts'
import { checkCapFile } from '../capfile/check-cap-file.ts'
import { emitCapFile } from '../capfile/emit-cap-file.ts'
import { emitClassFile } from '../classfile/emit-class-file.ts'
import { parseClassFile } from '../classfile/parse-class-file.ts'
import { emitApiStubs } from '../stubs/api-stubs.ts'
import { verifyCapFile } from '../verifier/verify-cap-file.ts'
import { convert } from './convert.ts'

const run = promisify(execFile)
const SOURCES = join(import.meta.dirname, '../../test/java/difftest')
/** 0 without a compiler; JDK 8 says `1.8.0`. */
const jdk = await run('javac', ['-version']).then(
  ({ stdout, stderr }) => Number(/javac (?:1\.)?(\d+)/.exec(stdout + stderr)?.[1] ?? 0),
  () => 0,
)
/** JDK 8 cannot name releases. */
const forJava = (release: string) => (jdk >= 9 ? ['--release', release] : ['-source', release, '-target', release])

let work: string
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'gridcard-converter-'))
  for (const [path, bytes] of emitApiStubs('3.0.5')) {
    await mkdir(dirname(join(work, 'stubs', path)), { recursive: true })
    await writeFile(join(work, 'stubs', path), bytes)
  }
})
afterAll(() => rm(work, { recursive: true, force: true }))

async function compile(name: string, ...flags: readonly string[]): Promise<Uint8Array[]> {
  const out = join(work, name)
  await mkdir(out)
  const sources = (await readdir(SOURCES)).map((file) => join(SOURCES, file))
  await run('javac', [
    '-J-XX:TieredStopAtLevel=1',
    ...flags,
    '-Xlint:none',
    '-nowarn',
    '-cp',
    join(work, 'stubs'),
    '-d',
    out,
    ...sources,
  ])
  const classes = (await readdir(join(out, 'difftest'))).sort()
  return Promise.all(classes.map(async (file) => new Uint8Array(await readFile(join(out, 'difftest', file)))))
}

function converted(classFiles: readonly Uint8Array[]) {
  return convert({
    classFiles,
    packageName: 'difftest',
    packageAid: fromHex('F04752494401'),
    packageVersion: { major: 1, minor: 0 },
    applets: [{ className: 'difftest.CasesApplet', aid: fromHex('F0475249440101') }],
    level: '3.0.5',
  })
}

// A compiler takes a second of a free machine, and more of a busy one.
describe.skipIf(jdk < 8)('what javac makes', { timeout: 120_000 }, () => {
  // 11: private members of nested classes are called directly; 17: no accessors, newer constant pools; 25: the newest read
  test.for(['8', '11', '17', '25'].filter((release) => Number(release) <= jdk))(
    'for Java %s becomes a package that passes all checks',
    async (release) => {
      const classFiles = await compile(`release-${release}`, ...forJava(release), '-g')
      for (const bytes of classFiles) expect(toHex(emitClassFile(parseClassFile(bytes)))).toBe(toHex(bytes))
      const { cap } = converted(classFiles)
      checkCapFile(cap)
      expect(structureFaults(emitCapFile(cap))).toEqual([])
      expect(verifyCapFile(cap)).toEqual([])
    },
  )

  test('without debug information becomes the same bytes as with it', async () => {
    const [bare, full] = [
      await compile('bare', ...forJava('8'), '-g:none'),
      await compile('full', ...forJava('8'), '-g'),
    ]
    expect(toHex(emitCapFile(converted(bare).cap))).toBe(toHex(emitCapFile(converted(full).cap)))
  })
})
