import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

// A stamp says "this was made from exactly those files, on this platform". Its contents are compared, never times: an
// `npm ci` that was killed leaves a folder newer than its lockfile.

/**
 * @param {readonly string[]} paths files, or folders with all that is in them; a path that is not there counts as empty
 * @returns {string} hex
 */
export function hashOf(paths) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`)
  for (const path of paths) addTo(hash, path, '')
  return hash.digest('hex')
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {string} path
 * @param {string} name name below the path that was asked for
 */
function addTo(hash, path, name) {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory()) {
    for (const entry of readdirSync(path).sort()) {
      if (entry !== 'node_modules' && entry !== 'dist') addTo(hash, join(path, entry), `${name}/${entry}`)
    }
  } else if (found) {
    hash.update(`${name} ${found.size}\n`).update(readFileSync(path))
  } else {
    hash.update(`${name} absent\n`)
  }
}

/**
 * @param {string} stampFile
 * @returns {string | undefined}
 */
export function readStamp(stampFile) {
  try {
    return readFileSync(stampFile, 'utf8').trim()
  } catch {
    return undefined // none there: nothing was finished
  }
}

/**
 * Written last, whole or not at all.
 * @param {string} stampFile
 * @param {string} hash
 */
export function writeStamp(stampFile, hash) {
  mkdirSync(dirname(stampFile), { recursive: true })
  const unfinished = `${stampFile}.${process.pid}`
  writeFileSync(unfinished, `${hash}\n`)
  renameSync(unfinished, stampFile)
}

/** @param {string} stampFile */
export function removeStamp(stampFile) {
  rmSync(stampFile, { force: true })
}
