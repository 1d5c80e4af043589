import { useQuery } from '@tanstack/react-query'
import { eventsQuery } from '../api/queries.ts'
import { Empty, Loading, Problem } from '../shell/problem.tsx'
import { EventList } from './event-list.tsx'
import { useFeed } from './feed-provider.tsx'

export function FeedPanel() {
  const { status } = useFeed()
  return (
    <section className="feed" aria-labelledby="feed-title">
      <h2 id="feed-title" className="section-title">
        Live feed
      </h2>
      {status.phase === 'waiting' && (
        <p className="feed-notice">
          Not live: the connection to the head-end is lost. New events appear once it is back.
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <section className="feed-scroll" aria-label="Events" tabIndex={0}>
        <FeedEvents />
      </section>
    </section>
  )
}

function FeedEvents() {
  const { data: events, error, refetch } = useQuery(eventsQuery)
  if (events !== undefined) {
    if (events.length === 0) return <Empty title="Nothing has happened yet" />
    return <EventList events={events} withSerial />
  }
  if (error !== null) return <Problem title="No events" error={error} onRetry={() => void refetch()} />
  return <Loading label="Loading events" lines={6} />
}
