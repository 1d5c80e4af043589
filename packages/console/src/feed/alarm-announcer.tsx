import type { StreetEvent } from '@gridcard/headend/api'
import { useQuery } from '@tanstack/react-query'
import { eventsQuery } from '../api/queries.ts'

/** Reads out alarms and nothing else: a feed that spoke every line would never be silent. */
export function AlarmAnnouncer() {
  const { data: alarm } = useQuery({ ...eventsQuery, select: newestAlarm })
  return (
    <div className="visually-hidden" aria-live="polite">
      {alarm === undefined ? '' : `Alarm${alarm.serial === null ? '' : `, ${alarm.serial}`}: ${alarm.text}`}
    </div>
  )
}

const newestAlarm = (events: StreetEvent[]): StreetEvent | undefined =>
  events.find((event) => event.severity === 'alarm')
