import { availableParallelism } from 'node:os'
import { join } from 'node:path'

/** One thing that `npm test` checks. Its commands run one after the other, all of them, in the root of the repository. */
export interface Step {
  readonly name: string
  readonly title: string
  /** Arguments for Node. */
  readonly commands: readonly (readonly string[])[]
  /** Where vitest writes its counts, for steps that run tests; another step counts as one test. */
  readonly reportFile?: string
  /** Steps of one lane run in turn, the lanes of one round side by side; rounds follow each other. */
  readonly round: number
  readonly lane: string
}

/** What may be chosen for the steps that run tests. */
export interface TestChoice {
  readonly paths: readonly string[]
  readonly namePattern: string | undefined
}

const bin = (...parts: string[]) => join('node_modules', ...parts)
const BIOME = bin('@biomejs', 'biome', 'bin', 'biome')
const TSC = bin('typescript', 'bin', 'tsc')
const BUILD_CONSOLE = [join('scripts', 'build-console.mjs')]

/** In the order in which they are told. Whatever starts a whole street comes last and has the machine for itself. */
export function stepsOf(choice: TestChoice): readonly Step[] {
  return [
    {
      name: 'types',
      title: 'TypeScript',
      commands: [
        [TSC, '-p', '.'],
        [TSC, '-p', 'packages/console'],
      ],
      round: 1,
      lane: 'checks',
    },
    {
      name: 'lint',
      title: 'Biome and oxlint',
      commands: [
        [BIOME, 'lint', '--error-on-warnings', '.'],
        [bin('oxlint', 'bin', 'oxlint'), '--deny-warnings', '.'],
      ],
      round: 1,
      lane: 'checks',
    },
    {
      name: 'format',
      title: 'format and order of imports',
      commands: [[BIOME, 'check', '--linter-enabled=false', '.']],
      round: 1,
      lane: 'checks',
    },
    { name: 'imports', title: 'direction of imports', commands: [importsCommand()], round: 1, lane: 'checks' },
    vitestStep('unit', 'unit and property tests, applet rebuild', choice, 1),
    vitestStep('e2e', 'whole streets, and the console in a browser', choice, 2),
  ]
}

/** dependency-cruiser over the folders that there are, in the folder that it is run in. */
export function importsCommand(): readonly string[] {
  const program = join(
    'tools',
    'dependency-cruiser',
    'node_modules',
    'dependency-cruiser',
    'bin',
    'dependency-cruiser.mjs',
  )
  return [program, '--config', '.dependency-cruiser.mjs', 'packages', 'bench', 'e2e', 'scripts']
}

function vitestStep(name: 'unit' | 'e2e', title: string, choice: TestChoice, round: number): Step {
  const reportFile = join('.cache', 'test', `${name}.json`)
  const filter = choice.namePattern === undefined ? [] : ['--testNamePattern', choice.namePattern]
  const paths = choice.paths.filter((path) => path.startsWith('e2e') === (name === 'e2e'))
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
  const workers = `--maxWorkers=${Math.max(2, availableParallelism() - 1)}` // vitest alone would take one of two cores
  const tests = [bin('vitest', 'vitest.mjs'), 'run', '--project', name, workers, ...reporters, ...filter, ...paths]
  return { name, title, commands: name === 'e2e' ? [BUILD_CONSOLE, tests] : [tests], reportFile, round, lane: name }
}
