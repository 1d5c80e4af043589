import { useQueryClient } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react'
import { browserFeedPorts, type FeedConnection, type FeedStatus, openFeed } from './feed-connection.ts'
import { createFeedWriter } from './feed-writer.ts'

interface Feed {
  readonly status: FeedStatus
  retryNow(): void
}

const FeedContext = createContext<Feed>({ status: { phase: 'connecting' }, retryNow: () => {} })

/** One feed for the whole console. What it tells goes into the queries' answers, where every page looks. */
export function FeedProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient()
  const connection = useRef<FeedConnection>(undefined)
  const [status, setStatus] = useState<FeedStatus>({ phase: 'connecting' })

  useEffect(() => {
    const opened = openFeed(browserFeedPorts, {
      ...createFeedWriter(client),
      onStatus: setStatus,
      onRegained: () => void client.invalidateQueries(),
    })
    connection.current = opened
    const onOnline = () => opened.retryNow()
    window.addEventListener('online', onOnline)
    return () => {
      window.removeEventListener('online', onOnline)
      opened.close()
    }
  }, [client])

  const feed = useMemo<Feed>(() => ({ status, retryNow: () => connection.current?.retryNow() }), [status])
  return <FeedContext value={feed}>{children}</FeedContext>
}

export const useFeed = (): Feed => useContext(FeedContext)
