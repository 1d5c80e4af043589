import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GroundError } from './ground-error.mjs'
import { acquireLock } from './lock.mjs'
import { CACHE } from './places.mjs'
import { runQuietly } from './quiet-program.mjs'

const LOCK = join(existsSync('/run/lock') ? '/run/lock' : tmpdir(), 'gridcard-apt.lock')
const ENV = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' }
const OPTIONS = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=3']

/** A program that Debian can bring; the first of its packages that this Debian has is taken. */
/** @typedef {{ title: string, find: () => string | undefined, packages: readonly (readonly string[])[] }} DebianProgram */

/**
 * Brings what is missing where we may (root on a Debian), else says the one line to run.
 * @param {readonly DebianProgram[]} programs
 */
export async function requireDebianPrograms(programs) {
  const missing = () => programs.filter((program) => program.find() === undefined)
  if (missing().length === 0) return
  if (!mayInstall()) throw new GroundError(byHand(missing()))

  const lock = await acquireLock(LOCK, (pid) =>
    console.error(`Another run is installing Debian packages (process ${pid}); waiting for it.`),
  )
  try {
    for (let attempt = 1; missing().length > 0; attempt++) {
      try {
        await install(missing(), lock)
      } catch (error) {
        if (attempt === 2 || !(error instanceof GroundError) || error.exitCode !== 2) throw error
        console.error('Trying once more.')
        continue
      }
      if (missing().length > 0) throw new GroundError(`Installed, and still not found: ${titlesOf(missing())}.`)
    }
  } finally {
    lock.release()
  }
}

/**
 * Brings what is missing where we may; where we may not, or Debian cannot be reached, says which tests will be left out.
 * @param {readonly DebianProgram[]} programs
 */
export async function offerDebianPrograms(programs) {
  const missing = () => programs.filter((program) => program.find() === undefined)
  if (missing().length === 0) return
  try {
    if (mayInstall()) await requireDebianPrograms(programs)
  } catch (error) {
    if (!(error instanceof GroundError) || error.exitCode !== 2) throw error
  }
  if (missing().length === 0) return
  const packages = missing().flatMap((program) => firstKnown(program.packages))
  const hint = existsSync('/usr/bin/apt-get') ? ` (Debian: ${packages.join(' ')})` : ''
  console.error(`Not there: ${titlesOf(missing())}${hint}. Their tests are left out.`)
}

/**
 * @param {readonly DebianProgram[]} programs
 * @param {import('./lock.mjs').Lock} lock
 */
async function install(programs, lock) {
  /** @type {NodeJS.Signals} */
  const stopWith = 'SIGTERM'
  const apt = { file: 'apt-get', cwd: '/', env: ENV, lock, stopWith }
  await runQuietly({
    ...apt,
    title: 'Asking Debian for its package lists',
    args: [...OPTIONS, 'update'],
    logFile: join(CACHE, 'apt-update.log'),
  })
  await runQuietly({
    ...apt,
    title: `Installing ${titlesOf(programs)} from Debian`,
    args: [
      ...OPTIONS,
      'install',
      '--no-install-recommends',
      ...programs.flatMap((program) => firstKnown(program.packages)),
    ],
    logFile: join(CACHE, 'apt-install.log'),
  })
}

function mayInstall() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
}

/**
 * @param {DebianProgram['packages']} choices
 * @returns {readonly string[]}
 */
function firstKnown(choices) {
  return choices.find(([name]) => name !== undefined && isKnown(name)) ?? choices[0] ?? []
}

/** @param {string} name */
function isKnown(name) {
  const { stdout } = spawnSync('apt-cache', ['policy', name], { encoding: 'utf8', env: ENV })
  return /Candidate: (?!\(none\))/.test(stdout ?? '')
}

/** @param {readonly DebianProgram[]} programs */
function byHand(programs) {
  if (!existsSync('/usr/bin/apt-get'))
    return `Missing: ${titlesOf(programs)}. Please install, then try again (JAVA_HOME and CHROMIUM_PATH may say where).`
  const packages = programs.flatMap((program) => firstKnown(program.packages)).join(' ')
  return `Missing: ${titlesOf(programs)}. Please run this, then try again:\n  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${packages}`
}

/** @param {readonly DebianProgram[]} programs */
function titlesOf(programs) {
  return programs.map((program) => program.title).join(' and ')
}
