import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean, os?: Names, cpu?: Names,
 *   libc?: Names }} LockedPackage
 * @typedef {string | string[]} Names names, or names to leave out with a `!` before them
 */

/**
 * @param {string} file `package-lock.json`, or npm's own record of what it installed
 * @returns {Record<string, LockedPackage>} by place, `node_modules/x`
 */
function readPackages(file) {
  return JSON.parse(readFileSync(file, 'utf8')).packages
}

/** @param {string} place */
const isFromRegistry = (place) => place.includes('node_modules/')

/**
 * @param {LockedPackage} locked
 * @returns {boolean} made for this platform (or for all)
 */
function fitsHere({ os, cpu, libc }) {
  return allows(os, process.platform) && allows(cpu, process.arch) && (libc === undefined || allows(libc, libcHere()))
}

/**
 * @param {Names | undefined} names
 * @param {string} name
 */
function allows(names, name) {
  if (names === undefined) return true
  const list = [names].flat()
  return !list.includes(`!${name}`) && (list.includes(name) || list.every((entry) => entry.startsWith('!')))
}

function libcHere() {
  const report = /** @type {{ header?: { glibcVersionRuntime?: string } }} */ (process.report?.getReport() ?? {})
  return report.header?.glibcVersionRuntime ? 'glibc' : 'musl'
}

/**
 * @param {string} folder
 * @returns {number} how many packages an install here brings, about
 */
export function countPackages(folder) {
  const packages = Object.entries(readPackages(join(folder, 'package-lock.json')))
  return packages.filter(([place, locked]) => isFromRegistry(place) && !locked.link && fitsHere(locked)).length
}

/**
 * Whether npm has already put there what the lockfile asks for, by its own record, which it writes last. True also after
 * an `npm install` by hand, so that a developer's folder is not emptied and filled again for nothing.
 * @param {string} folder
 */
export function isInstalled(folder) {
  try {
    const wanted = readPackages(join(folder, 'package-lock.json'))
    const present = readPackages(join(folder, 'node_modules', '.package-lock.json'))
    return Object.entries(wanted).every(([place, locked]) => {
      const found = present[place]
      if (!isFromRegistry(place)) return true // the root or a workspace: its sources are here anyway
      if (found === undefined) return mayBeMissing(locked)
      return found.version === locked.version && found.integrity === locked.integrity
    })
  } catch {
    return false // nothing installed, or a record that cannot be read
  }
}

/**
 * Optional packages may be missing, except those made for this very platform: npm leaves them out without a word when it
 * runs under an older Node than they ask for.
 * @param {LockedPackage} locked
 */
function mayBeMissing(locked) {
  const isForOnePlatform = locked.os !== undefined || locked.cpu !== undefined
  return locked.optional === true && !(isForOnePlatform && fitsHere(locked))
}
