import { join } from 'node:path'
import { acquireLock } from './lock.mjs'
import { isInstalled } from './lockfile.mjs'
import { CLEAN_INSTALL, findNpm, npmEnvironment } from './npm.mjs'
import { CACHE } from './places.mjs'
import { runQuietly } from './quiet-program.mjs'
import { hashOf, readStamp, removeStamp, writeStamp } from './stamp.mjs'

/**
 * Puts the packages of one lockfile in place, unless they are there. Two at once: the second waits, then finds all done.
 * @param {{ folder: string, title: string, nodeFile: string, name: string }} install `nodeFile` runs npm
 */
export async function requireInstalled({ folder, title, nodeFile, name }) {
  const stampFile = join(folder, 'node_modules', '.gridcard-stamp')
  const hash = hashOf([join(folder, 'package-lock.json')])
  if (readStamp(stampFile) === hash) return

  const lock = await acquireLock(join(CACHE, 'install.lock'), sayWhoIsWaitedFor)
  try {
    if (readStamp(stampFile) === hash) return
    if (!isInstalled(folder)) {
      removeStamp(stampFile)
      const npm = findNpm()
      const logFile = join(CACHE, `install-${name}.log`)
      await runQuietly({
        title,
        file: nodeFile,
        args: [npm, ...CLEAN_INSTALL],
        cwd: folder,
        env: npmEnvironment(npm),
        logFile,
        lock,
      })
    }
    writeStamp(stampFile, hash)
  } finally {
    lock.release()
  }
}

/** @param {number} pid */
export function sayWhoIsWaitedFor(pid) {
  console.error(`Another run is preparing the same folder (process ${pid}); waiting for it.`)
}
