import { delimiter, dirname, join } from 'node:path'
import { requireConsolePage } from './console-page.mjs'
import { runInForeground } from './foreground-program.mjs'
import { GroundError } from './ground-error.mjs'
import { requireInstalled } from './install.mjs'
import { countPackages } from './lockfile.mjs'
import { needsOf } from './needs.mjs'
import { requireNode } from './node24.mjs'
import { findNpm, npmEnvironment } from './npm.mjs'
import { ROOT } from './places.mjs'
import { requireTestPrograms } from './test-programs.mjs'

const USAGE = `node scripts/run.mjs start   starts a street of meters and the head-end (also: npm start)
node scripts/run.mjs test    everything that is checked (also: npm test)
node scripts/run.mjs bench   measurements (also: npm run bench)
node scripts/run.mjs npm     npm under the right Node, for example: npm run npm -- install x
node scripts/run.mjs node    the right Node itself`

/**
 * Lays what the command stands on, then becomes it.
 * @param {readonly string[]} commandLine
 * @returns {Promise<number>} exit code
 */
export async function main([command = '', ...rest]) {
  const args = rest[0] === '--' ? rest.slice(1) : rest
  if (!['start', 'test', 'bench', 'npm', 'node'].includes(command)) {
    console.error(USAGE)
    return 2
  }
  try {
    const needs = needsOf(command, args)
    const programs = command === 'test' ? await requireTestPrograms(needs) : {}
    const nodeFile = await requireNode()
    if (needs.packages) await requirePackages(nodeFile)
    if (needs.importRules) await requireImportRules(nodeFile)
    if (needs.consolePage) await requireConsolePage(nodeFile)
    return await runInForeground(nodeFile, targetOf(command, args), environmentOf(command, nodeFile, programs))
  } catch (error) {
    if (!(error instanceof GroundError)) throw error
    console.error(error.message)
    return error.exitCode
  }
}

/** @param {string} nodeFile */
function requirePackages(nodeFile) {
  const title = `Installing packages (about ${countPackages(ROOT)})`
  return requireInstalled({ folder: ROOT, title, nodeFile, name: 'packages' })
}

/** @param {string} nodeFile */
function requireImportRules(nodeFile) {
  const folder = join(ROOT, 'tools', 'dependency-cruiser')
  return requireInstalled({ folder, title: 'Installing dependency-cruiser', nodeFile, name: 'dependency-cruiser' })
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {string[]} arguments for Node
 */
function targetOf(command, args) {
  if (command === 'start') return [join(ROOT, 'packages', 'gridcard', 'src', 'cli.ts'), 'start', ...args]
  if (command === 'test') return [join(ROOT, 'scripts', 'test.ts'), ...args]
  if (command === 'bench') return [join(ROOT, 'bench', 'run.ts'), ...args]
  if (command === 'npm') return [findNpm(), ...args]
  return [...args]
}

/**
 * @param {string} command
 * @param {string} nodeFile
 * @param {NodeJS.ProcessEnv} programs where the test programs are
 * @returns {NodeJS.ProcessEnv}
 */
function environmentOf(command, nodeFile, programs) {
  const env = { ...process.env, ...programs }
  env['PATH'] = [dirname(nodeFile), env['PATH']].join(delimiter)
  env['NODE'] = env['npm_node_execpath'] = nodeFile
  if (command === 'test') delete env['NODE_ENV'] // a test runner sets its own
  return command === 'npm' ? npmEnvironment(findNpm(), env) : env
}
