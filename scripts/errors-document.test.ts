import { globSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('..', import.meta.url).pathname
const documented = [...readFileSync(`${root}docs/errors.md`, 'utf8').matchAll(/^\| `([A-Z0-9_]+)` \|/gm)].map(
  ([, code]) => code!,
)

/** Codes as the rooms declare them: string literals of the types named ...ErrorCode, and single codes of error classes. */
function declaredCodes(): Set<string> {
  const codes = new Set<string>()
  for (const file of globSync('packages/*/src/**/errors.ts', { cwd: root })) {
    for (const [, code] of readFileSync(`${root}${file}`, 'utf8').matchAll(/'([A-Z]+_[A-Z0-9_]+)'/g)) codes.add(code!)
  }
  codes.delete('ENOENT')
  return codes
}

test('docs/errors.md lists every code once', () => {
  expect(documented.length).toBe(new Set(documented).size)
})

test('docs/errors.md lists what the source declares, and nothing else', () => {
  expect([...declaredCodes()].sort()).toEqual([...documented].sort())
})
