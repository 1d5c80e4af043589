import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { type ApiLevel, type ApiPackage, emitApiStubs, emitPackageStubs, emitStubJar } from '@gridcard/cap'
import { AppletBuildError } from './errors.ts'

const run = promisify(execFile)

/** Enough for every warning a compiler may print. */
const OUTPUT_BYTES = 16 * 1024 * 1024

export interface Javac {
  readonly path: string
  /** 8, 11, 17, 21, 25 */
  readonly majorVersion: number
}

/**
 * The Java compiler of JAVA_HOME, else the one on the PATH.
 *
 * @returns undefined when there is none
 */
export async function findJavac(env: NodeJS.ProcessEnv = process.env): Promise<Javac | undefined> {
  const candidates = [...(env['JAVA_HOME'] ? [join(env['JAVA_HOME'], 'bin', 'javac')] : []), 'javac']
  for (const path of candidates) {
    const majorVersion = await versionOf(path, env)
    if (majorVersion !== undefined) return { path, majorVersion }
  }
  return undefined
}

/** `javac 17.0.15`, or `javac 1.8.0_392` on the error stream. */
async function versionOf(path: string, env: NodeJS.ProcessEnv): Promise<number | undefined> {
  try {
    const { stdout, stderr } = await run(path, ['-version'], { env })
    const [, first, second] = /javac (\d+)(?:\.(\d+))?/.exec(stdout + stderr) ?? []
    return first === '1' ? Number(second) : first === undefined ? undefined : Number(first)
  } catch {
    return undefined
  }
}

export async function requireJavac(): Promise<Javac> {
  const javac = await findJavac()
  if (javac) return javac
  throw new AppletBuildError(
    'GRIDCARD_JDK_MISSING',
    'building an applet needs a Java compiler (JDK 8 to 25): set JAVA_HOME, or on Debian: apt install openjdk-17-jdk-headless',
  )
}

/** An applet is small: the compiler is done before its own code would be worth compiling well. A third less time. */
const SHORT_RUN = ['-J-XX:TieredStopAtLevel=1', '-J-XX:+UseSerialGC']

/**
 * Java 8 class files whatever the JDK, with line numbers for messages. From JDK 9 on `--release` also hides newer JDK
 * classes; JDK 8 has none to hide.
 */
function flagsFor(javac: Javac): string[] {
  const release = javac.majorVersion >= 9 ? ['--release', '8'] : ['-source', '8', '-target', '8']
  return [...SHORT_RUN, ...release, '-g', '-Xlint:none', '-nowarn', '-proc:none', '-encoding', 'UTF-8']
}

/**
 * Compiles all sources under a folder, or under several, a later one's files in the place of those with their paths, against stubs of
 * packages, the later of two with one name counting, in a temporary folder that is gone afterwards.
 *
 * @returns the class files, ordered by path
 * @throws AppletBuildError `GRIDCARD_COMPILE_FAILED` with the compiler's own words
 */
export async function compileApplet(
  javac: Javac,
  sourceDir: string | readonly string[],
  packages: readonly ApiPackage[],
): Promise<Uint8Array[]> {
  const folders = typeof sourceDir === 'string' ? [sourceDir] : sourceDir
  const byPath = new Map<string, string>()
  for (const folder of folders) {
    for (const file of await listFiles(folder, '.java')) byPath.set(relative(folder, file), file)
  }
  const sources = [...byPath.values()].sort()
  if (sources.length === 0) {
    throw new AppletBuildError('GRIDCARD_APPLET_NO_SOURCES', `there are no .java files under ${folders.join(', ')}`)
  }
  const work = await mkdtemp(join(tmpdir(), 'gridcard-javac-'))
  try {
    const stubs = join(work, 'stubs.jar')
    const classes = join(work, 'classes')
    await writeFile(stubs, emitStubJar(emitPackageStubs(packages)))
    await mkdir(classes)
    await runJavac(javac, [...flagsFor(javac), '-cp', stubs, '-d', classes, ...sources])
    return await Promise.all(
      (await listFiles(classes, '.class')).map(async (path) => new Uint8Array(await readFile(path))),
    )
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

export async function writeStubs(folder: string, level: ApiLevel): Promise<void> {
  for (const [path, bytes] of emitApiStubs(level)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
}

async function runJavac(javac: Javac, args: readonly string[]): Promise<void> {
  try {
    await run(javac.path, [...args], { maxBuffer: OUTPUT_BYTES })
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim()
    throw new AppletBuildError('GRIDCARD_COMPILE_FAILED', said || `${javac.path} failed`, {}, { cause: error })
  }
}

async function listFiles(folder: string, ending: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
