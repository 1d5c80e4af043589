import { useQuery } from '@tanstack/react-query'
import { metersQuery, streetQuery } from '../api/queries.ts'
import { FeedPanel } from '../feed/feed-panel.tsx'
import { PageHeading } from '../shell/page-heading.tsx'
import { Empty, Loading, Problem } from '../shell/problem.tsx'
import { MeterPanel } from './meter-panel.tsx'
import { Skyline } from './skyline-drawing.tsx'
import { StreetClockFace } from './street-clock-face.tsx'
import { StreetTotals } from './street-totals.tsx'

export function StreetPage() {
  const { data: street } = useQuery(streetQuery)
  const { data: meters } = useQuery(metersQuery)
  return (
    <div className="page">
      <header className="street-header">
        <PageHeading title={street?.name ?? 'Street'} />
        <StreetClockFace />
      </header>
      <StreetTotals />
      {meters !== undefined && <Skyline meters={meters} />}
      <div className="street-columns">
        <Meters />
        <FeedPanel />
      </div>
    </div>
  )
}

function Meters() {
  const { data: meters, error, refetch } = useQuery(metersQuery)
  if (meters !== undefined && meters.length > 0) return <MeterPanel meters={meters} />
  return (
    <section aria-labelledby="meters-title">
      <h2 id="meters-title" className="section-title">
        Meters
      </h2>
      {meters !== undefined ? (
        <Empty title="No meter on this street yet">
          <p>A meter appears here as soon as it is registered with the head-end.</p>
        </Empty>
      ) : error !== null ? (
        <Problem title="No meters to show" error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading label="Loading meters" lines={10} />
      )}
    </section>
  )
}
