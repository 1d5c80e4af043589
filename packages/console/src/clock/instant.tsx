import { formatAgo, localTime, utcTooltip } from '../format/time.ts'
import { useStreetClock } from './clock-provider.tsx'

type InstantShape = 'clock' | 'day-and-clock' | 'full' | 'short'

/** An instant in the viewer's zone, with UTC as its tooltip. `short`: the day only when it is not today. */
export function Instant({ at, shape = 'short' }: { at: string; shape?: InstantShape }) {
  const { nowMs } = useStreetClock()
  const ms = Date.parse(at)
  return (
    <time dateTime={at} title={utcTooltip(ms)} className="figure">
      {instantText(ms, shape, nowMs)}
    </time>
  )
}

function instantText(ms: number, shape: InstantShape, nowMs: number | undefined): string {
  if (shape === 'clock') return localTime.clock(ms)
  if (shape === 'full') return `${localTime.fullDay(ms)}, ${localTime.clockWithSeconds(ms)}`
  const isToday = nowMs !== undefined && localTime.dayKey(ms) === localTime.dayKey(nowMs)
  return shape === 'short' && isToday ? localTime.clock(ms) : localTime.dayAndClock(ms)
}

/** `3 min ago`, counted in the street's time. */
export function Ago({ at }: { at: string }) {
  const { nowMs } = useStreetClock()
  const ms = Date.parse(at)
  return (
    <time dateTime={at} title={`${localTime.dayAndClock(ms)} (${utcTooltip(ms)})`} className="figure">
      {nowMs === undefined ? localTime.dayAndClock(ms) : formatAgo(ms, nowMs)}
    </time>
  )
}
