// Which way imports run: the arrows of ARCHITECTURE.md, as rules. `npm test -- imports` checks them.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PACKAGES = join(dirname(fileURLToPath(import.meta.url)), 'packages')

/** Each room, and the rooms that it may import. */
const ARROWS = {
  bytes: [],
  crypto: ['bytes'],
  cap: ['bytes', 'crypto'],
  card: ['bytes', 'crypto', 'cap'],
  terminal: ['bytes', 'crypto'],
  dlms: ['bytes', 'crypto'],
  devices: ['bytes', 'crypto', 'dlms', 'terminal'], // never card: a card is a link
  headend: ['bytes', 'crypto', 'dlms', 'terminal'], // never devices, never card
  console: [], // and the shapes of the head-end's API, see below
  gridcard: ['bytes', 'crypto', 'cap', 'card', 'terminal', 'dlms', 'devices', 'headend'],
}

/** What a page imports. The doors for Node alone are others: crypto's `node`, dlms's `node`. */
const PAGE_DOORS = '^packages/((bytes|crypto|cap|card|dlms)/src/index|crypto/src/noble-provider)\\.ts$'

/** Tests are not shipped: they may set up whatever they need. */
const TESTS = '\\.(test|suite)\\.tsx?$|/test/|/testing(\\.ts$|/)'

const arrows = Object.entries(ARROWS).map(([room, allowed]) => ({
  name: `arrow-of-${room}`,
  comment: allowed.length === 0 ? `${room} imports no other room` : `${room} imports only ${allowed.join(', ')}`,
  severity: 'error',
  from: { path: `^packages/${room}/`, pathNot: TESTS },
  to: {
    path: '^(packages|bench|e2e|scripts)/',
    pathNot: [room, ...allowed]
      .map((name) => `^packages/${name}/`)
      .concat(room === 'console' ? ['^packages/headend/src/api/'] : []),
  },
}))

/** What each room's package.json opens to others. */
const doors = readdirSync(PACKAGES).flatMap((room) => {
  const manifest = join(PACKAGES, room, 'package.json')
  if (!existsSync(manifest)) return []
  const targets = Object.values(JSON.parse(readFileSync(manifest, 'utf8')).exports ?? {})
  return targets.map((target) => `^packages/${room}/${target.slice(2).replaceAll('.', '\\.')}$`)
})

export default {
  forbidden: [
    ...arrows,
    {
      name: 'through-the-door',
      comment: 'a room is entered through what its package.json exports',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/', pathNot: ['^packages/$1/', ...doors] },
    },
    {
      name: 'through-the-door-from-outside',
      comment: 'bench, e2e and scripts enter a room through what its package.json exports',
      severity: 'error',
      from: { path: '^(bench|e2e|scripts)/' },
      to: { path: '^packages/', pathNot: doors },
    },
    {
      name: 'console-takes-types-only',
      comment: 'of the head-end the console knows the shapes of the API and no code',
      severity: 'error',
      from: { path: '^packages/console/', pathNot: TESTS },
      to: { path: '^packages/headend/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'runs-in-a-page',
      comment: 'bytes, crypto, cap, card and dlms run in a browser: from their doors no module of Node is reached',
      severity: 'error',
      from: { path: PAGE_DOORS },
      to: { path: `^(node:)?(${builtinModules.join('|')})$`, reachable: true },
    },
    {
      name: 'console-runs-in-a-page',
      comment: 'no file of the console imports a module of Node',
      severity: 'error',
      from: { path: '^packages/console/src/', pathNot: TESTS },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'found',
      comment: 'an import that leads nowhere',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|\\.cache)/' },
    tsPreCompilationDeps: true, // type imports are arrows too
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.json', '.d.ts'],
    },
    skipAnalysisNotInRules: true,
  },
}
