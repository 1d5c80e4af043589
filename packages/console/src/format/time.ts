// Times are stored and sent in UTC and shown in the viewer's zone. The zone is named once, in the header; every time
// carries its UTC value as a tooltip.

const LOCALE = 'en-GB'

export interface TimeFormat {
  /** IANA name, e.g. `Europe/Berlin`. */
  readonly zone: string
  /** `14:32` */
  clock(ms: number): string
  /** `14:32:08` */
  clockWithSeconds(ms: number): string
  /** `Tue 12 May` */
  day(ms: number): string
  /** `Tue 12 May 2026` */
  fullDay(ms: number): string
  /** `12 May` */
  shortDay(ms: number): string
  /** `12 May, 14:32` */
  dayAndClock(ms: number): string
  /** Sortable and equal for all instants of one local day: `2026-05-12`. */
  dayKey(ms: number): string
  /** `UTC+2`, as it is at that instant. */
  offset(ms: number): string
}

/** @param zone IANA time zone; without it the viewer's own */
export function createTimeFormat(zone?: string): TimeFormat {
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(LOCALE, { ...options, ...(zone === undefined ? {} : { timeZone: zone }) })
  const clock = format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const clockWithSeconds = format({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
  const weekday = format({ weekday: 'short' })
  const shortDay = format({ day: 'numeric', month: 'short' })
  const year = format({ year: 'numeric' })
  const key = format({ year: 'numeric', month: '2-digit', day: '2-digit' })
  const offset = format({ timeZoneName: 'shortOffset' })
  const part = (formatter: Intl.DateTimeFormat, ms: number, type: string) =>
    formatter.formatToParts(ms).find((candidate) => candidate.type === type)?.value ?? ''
  return {
    zone: clock.resolvedOptions().timeZone,
    clock: (ms) => clock.format(ms),
    clockWithSeconds: (ms) => clockWithSeconds.format(ms),
    shortDay: (ms) => shortDay.format(ms),
    day: (ms) => `${weekday.format(ms)} ${shortDay.format(ms)}`,
    fullDay: (ms) => `${weekday.format(ms)} ${shortDay.format(ms)} ${year.format(ms)}`,
    dayAndClock: (ms) => `${shortDay.format(ms)}, ${clock.format(ms)}`,
    dayKey: (ms) => `${part(key, ms, 'year')}-${part(key, ms, 'month')}-${part(key, ms, 'day')}`,
    offset: (ms) =>
      part(offset, ms, 'timeZoneName').replace('GMT', 'UTC').replace('-', '\u2212').replace('UTC+0', 'UTC'),
  }
}

/** The viewer's zone. */
export const localTime = createTimeFormat()

/** `2026-05-12 12:32:08 UTC`, for tooltips. */
export function utcTooltip(ms: number): string {
  const iso = new Date(ms).toISOString()
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `2 h 15 min`: the two largest units that say something. */
export function formatDuration(durationMs: number): string {
  const ms = Math.abs(durationMs)
  if (ms < MINUTE) return `${Math.round(ms / SECOND)} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`
  if (ms < DAY) return twoUnits(Math.floor(ms / MINUTE), 60, 'h', 'min')
  return twoUnits(Math.floor(ms / HOUR), 24, 'd', 'h')
}

function twoUnits(total: number, perLarge: number, large: string, small: string): string {
  const rest = total % perLarge
  const whole = `${Math.floor(total / perLarge)} ${large}`
  return rest === 0 ? whole : `${whole} ${rest} ${small}`
}

/** How long something took that people waited for: `38 ms`, `1.2 s`. */
export function formatWait(waitMs: number): string {
  return waitMs < 1000 ? `${Math.round(waitMs)} ms` : `${(waitMs / 1000).toFixed(1)} s`
}

/** `3 min ago`; a time that has not come yet (clocks differ) is `just now`. */
export function formatAgo(atMs: number, nowMs: number): string {
  const ageMs = nowMs - atMs
  if (ageMs < 5 * SECOND) return 'just now'
  if (ageMs < MINUTE) return `${Math.floor(ageMs / SECOND)} s ago`
  if (ageMs < HOUR) return `${Math.floor(ageMs / MINUTE)} min ago`
  if (ageMs < 2 * DAY) return `${Math.floor(ageMs / HOUR)} h ago`
  return `${Math.floor(ageMs / DAY)} d ago`
}

/** A meter's clock against the head-end's. Half a second is within what reading it takes. */
export function formatDeviation(deviationS: number): string {
  const magnitudeS = Math.abs(deviationS)
  if (magnitudeS <= 0.5) return 'In step'
  const amount = magnitudeS < 10 ? `${magnitudeS.toFixed(1)} s` : formatDuration(magnitudeS * SECOND)
  return `${amount} ${deviationS > 0 ? 'ahead' : 'behind'}`
}

/** `1 meter`, `20 meters`. */
export const countOf = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
