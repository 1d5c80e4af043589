import { parseArgs } from 'node:util'
import type { TestChoice } from './steps.ts'

export const STEP_NAMES = ['types', 'lint', 'format', 'imports', 'unit', 'e2e'] as const

export const USAGE = `npm test                            everything
npm test -- types lint              only these steps: ${STEP_NAMES.join(', ')}
npm test -- packages/cap            the unit tests of one folder or file (or e2e/...)
npm test -- packages/cap -t 'sdiv'  of these, the tests whose name contains the text
npm test -- --help                  this

The last line is "N passed, N failed". Exit code: 0 all passed, 1 something failed, 2 something is missing or a wrong option.`

export type Request =
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string }
  | { readonly kind: 'run'; readonly steps: readonly string[]; readonly choice: TestChoice }

const isStepName = (word: string): boolean => (STEP_NAMES as readonly string[]).includes(word)

/** Words are names of steps or paths of tests; a path also picks the step that runs it. */
export function parseRequest(args: readonly string[]): Request {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { help: { type: 'boolean', short: 'h' }, testNamePattern: { type: 'string', short: 't' } },
      allowPositionals: true,
    })
    if (values.help) return { kind: 'help' }
    const paths = positionals.filter((word) => !isStepName(word)).map((word) => word.replace(/^\.\//, ''))
    const unknown = paths.find((word) => !/^(packages|scripts|e2e)\b/.test(word))
    if (unknown !== undefined) return { kind: 'wrong', message: `"${unknown}" is neither a step nor a path of tests.` }
    const picked = new Set([
      ...positionals.filter(isStepName),
      ...paths.map((path) => (path.startsWith('e2e') ? 'e2e' : 'unit')),
      ...(values.testNamePattern !== undefined && positionals.length === 0 ? ['unit', 'e2e'] : []),
    ])
    const steps = STEP_NAMES.filter((name) => picked.size === 0 || picked.has(name))
    return { kind: 'run', steps, choice: { paths, namePattern: values.testNamePattern } }
  } catch (error) {
    return { kind: 'wrong', message: (error as Error).message } // parseArgs names the option
  }
}
