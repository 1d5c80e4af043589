import { expect, test } from 'vitest'
import { explainState } from './meter-states.ts'

test('a meter that was never read has no figures to explain', () => {
  expect(explainState({ state: 'new', lastReadAt: null })).toBe('The meter has not been read yet.')
  expect(explainState({ state: 'unreachable', lastReadAt: null })).toBe('The meter does not answer. It was never read.')
})

test('figures of a meter in trouble are called old', () => {
  const lastReadAt = '2026-05-12T12:00:00Z'
  expect(explainState({ state: 'unreachable', lastReadAt })).toContain('its last reading')
  expect(explainState({ state: 'refusing', lastReadAt })).toContain('its last reading')
})
