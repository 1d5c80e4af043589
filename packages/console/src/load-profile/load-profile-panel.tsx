import type { MeterDetail } from '@gridcard/headend/api'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { loadProfileQuery } from '../api/queries.ts'
import { useStreetClock } from '../clock/clock-provider.tsx'
import { localTime } from '../format/time.ts'
import { Icon } from '../icons/icon.tsx'
import { Empty, Loading, Problem } from '../shell/problem.tsx'
import { ProfilePlot } from './profile-plot.tsx'
import { ProfileReadout } from './profile-readout.tsx'
import { intervalAt, type ProfileSeries, shapeProfile, type TimeWindow } from './profile-series.ts'
import { describeProfile, summarise } from './profile-summary.ts'
import { ProfileTable } from './profile-table.tsx'
import { canPage, initialView, type ProfileView, page, rangeDays, reveal, windowOf, zoomTo } from './profile-view.ts'

export function LoadProfilePanel({ meter }: { meter: MeterDetail }) {
  const { nowMs } = useStreetClock()
  const { data: profile, error, refetch } = useQuery(loadProfileQuery(meter.serial, () => nowMs))
  const series = useMemo(() => (profile === undefined ? undefined : shapeProfile(profile)), [profile])
  const bounds = useMemo(
    () => profile && { fromS: Date.parse(profile.from) / 1000, toS: Date.parse(profile.to) / 1000 },
    [profile],
  )
  return (
    <section className="panel profile" aria-labelledby="profile-title">
      {series === undefined || bounds === undefined ? (
        <>
          <h2 id="profile-title" className="section-title">
            Load profile
          </h2>
          {error !== null ? (
            <Problem title="No load profile" error={error} onRetry={() => void refetch()} />
          ) : (
            <Loading label="Loading the load profile" lines={8} />
          )}
        </>
      ) : series.startsS.length === 0 ? (
        <>
          <h2 id="profile-title" className="section-title">
            Load profile
          </h2>
          <Empty title="No values yet">
            <p>The first one is stored when the meter has been read after a full quarter of an hour.</p>
          </Empty>
        </>
      ) : (
        <LoadProfile series={series} bounds={bounds} />
      )}
    </section>
  )
}

function LoadProfile({ series, bounds }: { series: ProfileSeries; bounds: TimeWindow }) {
  const [view, setView] = useState<ProfileView>(initialView)
  const [cursor, setCursor] = useState<number>()
  const { fromS, toS } = windowOf(view, bounds)
  const window = useMemo<TimeWindow>(() => ({ fromS, toS }), [fromS, toS])
  const summary = useMemo(() => summarise(series, window), [series, window])
  const reading = cursor === undefined ? undefined : intervalAt(series, cursor)

  const moveCursorTo = (index: number) => {
    const within = Math.min(Math.max(index, 0), series.startsS.length - 1)
    setCursor(within)
    setView(reveal(view, bounds, (series.startsS[within] ?? 0) + series.stepS / 2))
  }
  return (
    <>
      <div className="section-head">
        <h2 id="profile-title" className="section-title">
          Load profile
        </h2>
        <ProfileControls view={view} bounds={bounds} onView={setView} />
      </div>
      <ProfileReadout reading={reading} summary={summary} window={window} stepS={series.stepS} />
      <ProfilePlot
        series={series}
        window={window}
        cursor={cursor}
        onCursor={setCursor}
        onCursorKey={moveCursorTo}
        onZoom={(dragged) => setView(zoomTo(dragged, bounds))}
        onReset={() => setView(initialView)}
      />
      <p className="profile-summary">{describeProfile(summary, localTime).join(' ')}</p>
      <ProfileTable series={series} window={window} />
    </>
  )
}

interface ProfileControlsProps {
  view: ProfileView
  bounds: TimeWindow
  onView(view: ProfileView): void
}

const rangeNames = { 1: '1 day', 7: '7 days', 30: '30 days' } as const

function ProfileControls({ view, bounds, onView }: ProfileControlsProps) {
  return (
    <div className="profile-controls">
      {view.kind === 'chosen' && (
        <button type="button" className="link-button" onClick={() => onView(initialView)}>
          Reset
        </button>
      )}
      <div className="button-group">
        <PageButton name="Earlier" direction={-1} {...{ view, bounds, onView }} />
        <PageButton name="Later" direction={1} {...{ view, bounds, onView }} />
      </div>
      <fieldset className="segments">
        <legend className="visually-hidden">Time shown</legend>
        {rangeDays.map((days) => (
          <button
            key={days}
            type="button"
            className="segment"
            aria-pressed={view.kind === 'last' && view.days === days}
            onClick={() => onView({ kind: 'last', days })}
          >
            {rangeNames[days]}
          </button>
        ))}
      </fieldset>
    </div>
  )
}

function PageButton({
  name,
  direction,
  view,
  bounds,
  onView,
}: ProfileControlsProps & { name: string; direction: -1 | 1 }) {
  const isPossible = canPage(view, bounds, direction)
  return (
    <button
      type="button"
      className="button button-icon"
      title={name}
      aria-disabled={!isPossible}
      onClick={() => isPossible && onView(page(view, bounds, direction))}
    >
      <Icon name={direction < 0 ? 'back' : 'forward'} />
      <span className="visually-hidden">{name}</span>
    </button>
  )
}
