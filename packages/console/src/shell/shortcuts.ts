export type ShortcutAction = 'filter' | 'read' | 'help'

export const shortcuts: readonly { readonly key: string; readonly action: ShortcutAction; readonly text: string }[] = [
  { key: '/', action: 'filter', text: 'Filter the meters' },
  { key: 'r', action: 'read', text: 'Read the meter shown' },
  { key: '?', action: 'help', text: 'Show this help' },
]

export interface Keystroke {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly repeat: boolean
}

/** Where the keystroke landed. Single keys must never act while someone types or answers a question. */
export interface KeystrokeScene {
  readonly isTyping: boolean
  readonly isDialogOpen: boolean
  /** Single-key shortcuts can be turned off: speech input types stray letters (WCAG 2.1.4). */
  readonly isEnabled: boolean
}

export function shortcutFor(stroke: Keystroke, scene: KeystrokeScene): ShortcutAction | undefined {
  if (!scene.isEnabled || scene.isTyping || scene.isDialogOpen) return undefined
  if (stroke.ctrlKey || stroke.metaKey || stroke.altKey || stroke.repeat) return undefined
  return shortcuts.find((shortcut) => shortcut.key === stroke.key)?.action
}
