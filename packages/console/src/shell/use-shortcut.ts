import { useEffect, useEffectEvent, useSyncExternalStore } from 'react'
import { type ShortcutAction, shortcutFor } from './shortcuts.ts'
import { readStored, writeStored } from './use-theme.ts'

const ENABLED_KEY = 'gridcard.shortcuts'

const listeners = new Set<() => void>()
let isEnabled = readStored(ENABLED_KEY) !== 'off'

export function useShortcutsEnabled(): [boolean, (enabled: boolean) => void] {
  const enabled = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => isEnabled,
  )
  const setEnabled = (wanted: boolean) => {
    isEnabled = wanted
    writeStored(ENABLED_KEY, wanted ? 'on' : 'off')
    for (const listener of listeners) listener()
  }
  return [enabled, setEnabled]
}

/** Runs `act` when its single key is pressed outside fields and dialogs. */
export function useShortcut(action: ShortcutAction, act: () => void): void {
  const onAction = useEffectEvent(act)
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const scene = { isTyping: isTyping(event.target), isDialogOpen: hasOpenDialog(), isEnabled }
      if (event.defaultPrevented || shortcutFor(event, scene) !== action) return
      event.preventDefault()
      onAction()
    }
    document.addEventListener('keydown', onKeyDown)
    return () => document.removeEventListener('keydown', onKeyDown)
  }, [action])
}

const hasOpenDialog = (): boolean => document.querySelector('dialog[open]') !== null

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target instanceof HTMLInputElement) return !['radio', 'checkbox', 'button'].includes(target.type)
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}
