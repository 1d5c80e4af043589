import type { StreetEvent } from '@gridcard/headend/api'
import { useMemo } from 'react'
import { EventLine, EventRun } from './event-line.tsx'
import { foldRoutine } from './street-events.ts'

export function EventList({ events, withSerial }: { events: readonly StreetEvent[]; withSerial: boolean }) {
  const entries = useMemo(() => foldRoutine(events), [events])
  return (
    <ol className="events">
      {entries.map((entry) =>
        entry.kind === 'run' ? (
          <EventRun key={`run-${entry.key}`} events={entry.events} withSerial={withSerial} />
        ) : (
          <EventLine key={entry.event.id} event={entry.event} withSerial={withSerial} />
        ),
      )}
    </ol>
  )
}
