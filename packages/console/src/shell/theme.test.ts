import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseTheme, THEME_KEY } from './theme.ts'

test('anything unknown in storage means: as the system says', () => {
  expect([null, '', 'DARK', 'sepia'].map(parseTheme)).toEqual(['auto', 'auto', 'auto', 'auto'])
  expect(parseTheme('dark')).toBe('dark')
})

test('the script that runs before the first paint reads the same key', () => {
  const script = readFileSync(new URL('../../public/theme.js', import.meta.url), 'utf8')
  expect(script).toContain(`'${THEME_KEY}'`)
})
