import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { sayWhoIsWaitedFor } from './install.mjs'
import { acquireLock } from './lock.mjs'
import { CACHE, ROOT } from './places.mjs'
import { runQuietly } from './quiet-program.mjs'
import { hashOf, readStamp, writeStamp } from './stamp.mjs'

const FOLDER = join(ROOT, 'packages', 'console')
const BUILT = join(FOLDER, 'dist')
const STAMP = '.gridcard-stamp'

/** All that the built page depends on: its own files, the API's shapes, and the versions of what it is built with. */
const SOURCES = [FOLDER, join(ROOT, 'packages', 'headend', 'src', 'api'), join(ROOT, 'package-lock.json')]

/**
 * Builds the console page unless it was built from exactly these sources. The new page takes the old one's place only
 * when it is complete, stamp included.
 * @param {string} nodeFile
 */
export async function requireConsolePage(nodeFile) {
  const hash = hashOf(SOURCES)
  if (readStamp(join(BUILT, STAMP)) === hash) return

  const lock = await acquireLock(join(CACHE, 'console.lock'), sayWhoIsWaitedFor)
  try {
    if (readStamp(join(BUILT, STAMP)) === hash) return
    removeLeftovers()
    const fresh = join(CACHE, `console-${process.pid}`)
    const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js')
    await runQuietly({
      title: 'Building the console page',
      file: nodeFile,
      args: [vite, 'build', '--outDir', fresh, '--emptyOutDir'],
      cwd: FOLDER,
      env: { ...process.env, NODE_ENV: 'production' },
      logFile: join(CACHE, 'build-console.log'),
      lock,
    })
    writeStamp(join(fresh, STAMP), hash)
    replaceFolder(BUILT, fresh)
  } finally {
    lock.release()
  }
}

/** What earlier builds left when they were killed. Safe under the lock. */
function removeLeftovers() {
  mkdirSync(CACHE, { recursive: true })
  for (const entry of readdirSync(CACHE)) {
    if (/^console-\d+(-old)?$/.test(entry)) rmSync(join(CACHE, entry), { recursive: true, force: true })
  }
}

/**
 * @param {string} folder
 * @param {string} fresh on the same disk
 */
function replaceFolder(folder, fresh) {
  const old = `${fresh}-old`
  if (existsSync(folder)) renameSync(folder, old)
  renameSync(fresh, folder)
  rmSync(old, { recursive: true, force: true })
}
