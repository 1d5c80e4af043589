import { useStreetClock } from '../clock/clock-provider.tsx'
import { describeSpeed } from '../clock/simulated-clock.ts'
import { localTime, utcTooltip } from '../format/time.ts'

const NO_BREAK_SPACE = '\u00a0'

/** The street's time. Not announced: it changes every second. Keeps its place until the time is known. */
export function StreetClockFace() {
  const { nowMs, speed } = useStreetClock()
  if (nowMs === undefined) {
    return (
      <div className="clock-face" aria-hidden="true">
        <span className="clock-time">{NO_BREAK_SPACE}</span>
      </div>
    )
  }
  const note = describeSpeed(speed)
  return (
    <div className="clock-face">
      <p className="clock-day">
        {note !== '' && <span className="clock-speed">{note}</span>}
        {localTime.fullDay(nowMs)}
      </p>
      <time className="clock-time" dateTime={new Date(nowMs).toISOString()} title={utcTooltip(nowMs)}>
        {localTime.clockWithSeconds(nowMs)}
      </time>
    </div>
  )
}
