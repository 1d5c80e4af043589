import { useQuery } from '@tanstack/react-query'
import { metersQuery, streetQuery } from '../api/queries.ts'
import { FeedPanel } from '../feed/feed-panel.tsx'
import { PageHeading } from '../shell/page-heading.tsx'
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
      {meters === undefined ? <div className="skyline-place" /> : <Skyline meters={meters} />}
      <div className="street-columns">
        <MeterPanel />
        <FeedPanel />
      </div>
    </div>
  )
}
