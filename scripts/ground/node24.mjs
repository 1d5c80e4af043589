import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GroundError } from './ground-error.mjs'
import { requireInstalled } from './install.mjs'
import { ROOT } from './places.mjs'

const FOLDER = join(ROOT, 'tools', 'node')
const WANTED_MAJOR = 24

/** @param {string} version */
const isNewEnough = (version) => Number(version.split('.')[0]) >= WANTED_MAJOR

/**
 * A Node that is new enough: the one that runs this, or the one that tools/node brings.
 * @returns {Promise<string>} its program file
 */
export async function requireNode() {
  if (isNewEnough(process.versions.node)) return process.execPath
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const { optionalDependencies } = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8'))
  if (!(name in optionalDependencies))
    throw new GroundError(byHand(`none is ready-made for ${process.platform} on ${process.arch}`))

  const nodeFile = join(FOLDER, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  const isNew = !existsSync(nodeFile)
  await requireInstalled({
    folder: FOLDER,
    title: `Fetching Node ${optionalDependencies[name]} (this machine has ${process.versions.node})`,
    nodeFile: process.execPath,
    name: 'node',
  })
  if (isNew && spawnSync(nodeFile, ['--version']).status !== 0)
    throw new GroundError(byHand('the one that npm brought does not run here'))
  return nodeFile
}

/** @param {string} reason */
function byHand(reason) {
  return `Gridcard runs on Node ${WANTED_MAJOR} or newer; this is ${process.version}, and ${reason}. Get one at https://nodejs.org/ and try again.`
}
