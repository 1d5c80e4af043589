import { expect, test } from 'vitest'
import { describeWarning } from './applet-build-command.ts'

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
