import { existsSync, realpathSync } from 'node:fs'
import { basename, delimiter, dirname, join } from 'node:path'
import { GroundError } from './ground-error.mjs'

const DEBIAN_MODULES = '/usr/share/nodejs'

/**
 * npm's own file, so that it can be run by a Node of our choice.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} nodeFile the Node that this machine has
 * @returns {string}
 */
export function findNpm(env = process.env, nodeFile = process.execPath) {
  const candidates = [env['npm_execpath'], ...besideNode(nodeFile), ...onPath(env['PATH'] ?? '')]
  for (const candidate of candidates) {
    if (candidate && existsSync(candidate)) {
      const file = realpathSync(candidate)
      if (/^npm-cli\.[cm]?js$/.test(basename(file))) return file
    }
  }
  throw new GroundError('npm was not found beside Node or on the PATH. Install npm 8 or newer and try again.')
}

/** @param {string} nodeFile */
function besideNode(nodeFile) {
  const folder = dirname(nodeFile)
  const npm = join('node_modules', 'npm', 'bin', 'npm-cli.js')
  return [join(folder, '..', 'lib', npm), join(folder, npm), join(DEBIAN_MODULES, 'npm', 'bin', 'npm-cli.js')]
}

/** @param {string} path */
function onPath(path) {
  return path
    .split(delimiter)
    .filter((folder) => folder !== '')
    .flatMap((folder) => [join(folder, 'npm'), join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js')])
}

/**
 * Debian's npm finds its own modules only through Debian's Node; another Node must be told where they are.
 * @param {string} npmFile
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function npmEnvironment(npmFile, env = process.env) {
  return npmFile.startsWith(`${DEBIAN_MODULES}/`) ? { ...env, NODE_PATH: DEBIAN_MODULES } : env
}

/**
 * By the lockfile, with every package that it names for this platform, whatever NODE_ENV or a user's npm settings say.
 * No script of any package is run.
 */
export const CLEAN_INSTALL = [
  'ci',
  '--include=dev',
  '--include=optional',
  '--ignore-scripts',
  '--engine-strict=false',
  '--package-lock=true',
  '--no-audit',
  '--no-fund',
  '--no-progress',
  '--loglevel=warn',
]
