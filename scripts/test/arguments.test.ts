import { expect, test } from 'vitest'
import { parseRequest, STEP_NAMES } from './arguments.ts'
import { stepsOf } from './steps.ts'

const everything = { paths: [], namePattern: undefined }

test('an option that there is not', () => {
  expect(parseRequest(['--quick'])).toMatchObject({ kind: 'wrong', message: expect.stringContaining('--quick') })
})

test('a word that is no step and no path of tests', () => {
  expect(parseRequest(['linting'])).toEqual({ kind: 'wrong', message: expect.stringContaining('"linting"') })
})

test('help is asked for', () => {
  expect(parseRequest(['lint', '--help'])).toEqual({ kind: 'help' })
})

test('without arguments everything runs', () => {
  expect(parseRequest([])).toEqual({ kind: 'run', steps: STEP_NAMES, choice: everything })
})

test('steps run in their own order', () => {
  expect(parseRequest(['lint', 'types'])).toEqual({ kind: 'run', steps: ['types', 'lint'], choice: everything })
})

test('a path picks the step that runs it', () => {
  expect(parseRequest(['./packages/cap', '-t', 'sdiv'])).toEqual({
    kind: 'run',
    steps: ['unit'],
    choice: { paths: ['packages/cap'], namePattern: 'sdiv' },
  })
  expect(parseRequest(['e2e/street.test.ts'])).toMatchObject({ steps: ['e2e'] })
})

test('a name alone is looked for in all tests', () => {
  expect(parseRequest(['-t', 'sdiv'])).toMatchObject({ steps: ['unit', 'e2e'] })
})

test('every name of a step has its step', () => {
  expect(stepsOf(everything).map((step) => step.name)).toEqual(STEP_NAMES)
})

test('each kind of test gets the paths that are its own', () => {
  const steps = stepsOf({ paths: ['packages/cap', 'e2e/a.test.ts'], namePattern: undefined })
  const lastWords = steps.slice(-2).map((step) => step.commands.at(-1)!.at(-1))
  expect(lastWords).toEqual(['packages/cap', 'e2e/a.test.ts'])
})
