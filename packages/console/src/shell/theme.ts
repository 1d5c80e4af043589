export const themes = ['auto', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

/** Also read by public/theme.js, before the first paint. */
export const THEME_KEY = 'gridcard.theme'

export const parseTheme = (stored: string | null): Theme => themes.find((theme) => theme === stored) ?? 'auto'
