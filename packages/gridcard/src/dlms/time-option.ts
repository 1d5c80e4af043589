import { LauncherError } from '../errors.ts'

const unitsMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * `now`, `2026-01-31`, `2026-01-31T12:00`, with `Z` or an offset, or so long ago: `90m`, `24h`, `7d`. Without an offset
 * it is UTC: what a command does should not depend on where it runs. Undefined for anything else.
 */
export function parseTime(text: string, nowMs: number): number | undefined {
  if (text === 'now') return nowMs
  const ago = /^(\d{1,5})([mhd])$/.exec(text)
  if (ago !== null) return nowMs - Number(ago[1]) * unitsMs[ago[2]!]!
  const shape = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text)
  if (shape === null) return undefined
  const [, date, clock = '00:00', zone = 'Z'] = shape
  const atMs = Date.parse(`${date}T${clock}${zone}`)
  if (Number.isNaN(atMs)) return undefined
  // The 31st of February would come out as a day in March.
  return new Date(`${date}T00:00Z`).toISOString().startsWith(date!) ? atMs : undefined
}

/** @throws LauncherError `GRIDCARD_BAD_OPTION` */
export function requireTime(option: string, text: string, nowMs: number): number {
  const atMs = parseTime(text, nowMs)
  if (atMs !== undefined) return atMs
  throw new LauncherError(
    'GRIDCARD_BAD_OPTION',
    `${option} takes a time, as 2026-01-31 or 2026-01-31T12:00Z, or an age, as 24h or 7d, not "${text.slice(0, 40)}"`,
  )
}
