import { useEffect, useState } from 'react'
import { parseTheme, THEME_KEY, type Theme } from './theme.ts'

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => parseTheme(readStored(THEME_KEY)))
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme
  }, [theme])
  const choose = (chosen: Theme) => {
    writeStored(THEME_KEY, chosen)
    setTheme(chosen)
  }
  return [theme, choose]
}

/** Storage can be closed by the browser's settings; a preference is then kept for this page only. */
export function readStored(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

export function writeStored(key: string, value: string): void {
  try {
    localStorage.setItem(key, value)
  } catch {
    // kept for this page only
  }
}
