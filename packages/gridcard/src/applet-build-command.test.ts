import { join } from 'node:path'
import { expect, test } from 'vitest'
import { defaultCapFile, describeWarning } from './applet-build-command.ts'

const finding = { className: 'hello.Hello', message: 'an int is cut to a short', advice: 'cast it' }

test('a warning of a build names file and line as compilers do, as far as they are known', () => {
  expect(describeWarning({ ...finding, file: 'Hello.java', line: 12, method: 'process()V' })).toBe(
    'Hello.java:12: warning: hello.Hello.process()V: an int is cut to a short; cast it',
  )
  expect(describeWarning({ ...finding, file: 'Hello.java' })).toBe(
    'Hello.java: warning: hello.Hello: an int is cut to a short; cast it',
  )
  expect(describeWarning(finding)).toBe('warning: hello.Hello: an int is cut to a short; cast it')
})

test('a CAP file goes into the folder one is in, and one of our own applets to the prebuilt ones', () => {
  const applets = join(import.meta.dirname, '../../../applets')
  expect(defaultCapFile('/somewhere/purse', 'purse')).toBe('purse.cap')
  expect(defaultCapFile(join(applets, 'bench'), 'bench')).toBe(join(applets, 'prebuilt', 'bench.cap'))
})
