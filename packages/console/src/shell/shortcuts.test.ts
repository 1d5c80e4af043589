import { describe, expect, test } from 'vitest'
import { type Keystroke, shortcutFor } from './shortcuts.ts'

const stroke = (key: string, changes: Partial<Keystroke> = {}): Keystroke => ({
  key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  repeat: false,
  ...changes,
})
const scene = { isTyping: false, isDialogOpen: false, isEnabled: true }

describe('a single key', () => {
  test('does nothing while someone types, a dialog is open or shortcuts are off', () => {
    expect(shortcutFor(stroke('r'), { ...scene, isTyping: true })).toBeUndefined()
    expect(shortcutFor(stroke('r'), { ...scene, isDialogOpen: true })).toBeUndefined()
    expect(shortcutFor(stroke('r'), { ...scene, isEnabled: false })).toBeUndefined()
  })
  test('leaves the browser’s own chords alone, and a key held down', () => {
    for (const changes of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { repeat: true }]) {
      expect(shortcutFor(stroke('r', changes), scene)).toBeUndefined()
    }
  })
  test('acts otherwise', () => {
    expect(['/', 'r', '?', 'x', 'R'].map((key) => shortcutFor(stroke(key), scene))).toEqual([
      'filter',
      'read',
      'help',
      undefined,
      undefined,
    ])
  })
})
