import type { StreetEvent } from '@gridcard/headend/api'
import { Link } from '@tanstack/react-router'
import { Instant } from '../clock/instant.tsx'
import { countOf } from '../format/time.ts'
import { Icon } from '../icons/icon.tsx'

const severityWords = { info: '', warning: 'Warning: ', alarm: 'Alarm: ' } as const
const sourceWords = { meter: 'Meter', headend: 'Head-end' } as const

/** @param withSerial false on a meter's own page, where it would only repeat the heading */
export function EventLine({ event, withSerial }: { event: StreetEvent; withSerial: boolean }) {
  return (
    <li className="event" data-severity={event.severity}>
      <Icon name={event.severity} />
      <div className="event-body">
        <p className="event-text">
          <span className="visually-hidden">{severityWords[event.severity]}</span>
          {event.text}
        </p>
        <p className="event-origin">
          <Instant at={event.at} />
          <span>{sourceWords[event.source]}</span>
          {withSerial && event.serial !== null && (
            <Link to="/meters/$serial" params={{ serial: event.serial }}>
              {event.serial}
            </Link>
          )}
        </p>
      </div>
    </li>
  )
}

/** Routine readings folded into one line that opens. */
export function EventRun({ events, withSerial }: { events: readonly StreetEvent[]; withSerial: boolean }) {
  const newest = events[0]
  const oldest = events.at(-1)
  if (newest === undefined || oldest === undefined) return null
  const meters = new Set(events.map((event) => event.serial)).size
  return (
    <li className="event event-run" data-severity="info">
      <Icon name="info" />
      <details className="event-body">
        <summary>
          <span className="event-text">
            {withSerial && meters > 1 ? `${countOf(meters, 'meter')} read` : `Read ${events.length} times`}
          </span>
          <span className="event-origin">
            <span>
              <Instant at={oldest.at} /> to <Instant at={newest.at} shape="clock" />
            </span>
          </span>
        </summary>
        <ol className="events">
          {events.map((event) => (
            <EventLine key={event.id} event={event} withSerial={withSerial} />
          ))}
        </ol>
      </details>
    </li>
  )
}
