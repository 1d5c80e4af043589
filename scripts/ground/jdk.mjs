import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

// JDK 22 and later may stop compiling for Java 8, which applets are compiled for; before 8 there is no `--release`.
const OLDEST = 8
const NEWEST = 21

const JAVAC = process.platform === 'win32' ? 'javac.exe' : 'javac'

/**
 * The home of a JDK that can compile applets: the user's choice first, then the PATH, then where Linux keeps them.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} jvmFolder
 * @returns {string | undefined}
 */
export function findJdk(env = process.env, jvmFolder = '/usr/lib/jvm') {
  const onPath = (env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, JAVAC))
    .filter((file) => existsSync(file))
    .map((file) => dirname(dirname(realpathSync(file))))
  const installed = existsSync(jvmFolder)
    ? readdirSync(jvmFolder)
        .sort()
        .map((name) => join(jvmFolder, name))
    : []
  return [env['JAVA_HOME'], ...onPath, ...installed].find((home) => home && isUsable(home))
}

/** @param {string} home */
function isUsable(home) {
  if (!existsSync(join(home, 'bin', JAVAC))) return false
  const major = majorOf(readVersion(home))
  return major >= OLDEST && major <= NEWEST
}

/**
 * From the JDK's own note, because asking the compiler takes most of a second.
 * @param {string} home
 */
function readVersion(home) {
  try {
    return /^JAVA_VERSION="([^"]+)"/m.exec(readFileSync(join(home, 'release'), 'utf8'))?.[1] ?? ''
  } catch {
    const { stdout, stderr } = spawnSync(join(home, 'bin', JAVAC), ['-version'], { encoding: 'utf8' })
    return /javac ([\d._]+)/.exec(`${stdout}${stderr}`)?.[1] ?? ''
  }
}

/**
 * @param {string} version `17.0.15`, or `1.8.0_392` in the old way of counting
 * @returns {number} NaN if it is none
 */
export function majorOf(version) {
  return Number(/^(?:1\.)?(\d+)/.exec(version)?.[1])
}
