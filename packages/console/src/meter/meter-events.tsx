import type { LogStatus } from '@gridcard/headend/api'
import { useQuery } from '@tanstack/react-query'
import { meterEventsQuery } from '../api/queries.ts'
import { EventList } from '../feed/event-list.tsx'
import { Empty, Loading, Problem } from '../shell/problem.tsx'
import { LogSeal } from './log-seal.tsx'

export function MeterEvents({ serial, log }: { serial: string; log: LogStatus | null }) {
  const { data: events, error, refetch } = useQuery(meterEventsQuery(serial))
  return (
    <section className="panel event-log" aria-labelledby="events-title">
      <div className="section-head">
        <h2 id="events-title" className="section-title">
          Event log
        </h2>
        <p className="section-note">of the meter and of the head-end</p>
      </div>
      {log !== null && <LogSeal log={log} />}
      {events !== undefined ? (
        events.length === 0 ? (
          <Empty title="Nothing has happened yet" />
        ) : (
          <EventList events={events} withSerial={false} />
        )
      ) : error !== null ? (
        <Problem title="No events" error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading label="Loading events" lines={4} />
      )}
    </section>
  )
}
