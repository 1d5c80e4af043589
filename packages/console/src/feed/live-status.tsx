import { useEffect, useState } from 'react'
import { useFeed } from './feed-provider.tsx'

/** Whether what the page shows is the present. Said in words; the dot only repeats it. */
export function LiveStatus() {
  const { status, retryNow } = useFeed()
  const seconds = useSecondsUntil(status.phase === 'waiting' ? status.retryAtMs : undefined)
  const words = { live: 'Live', connecting: 'Connecting', waiting: 'Not live' }[status.phase]
  return (
    <div className="live" data-phase={status.phase}>
      <span className="live-dot" aria-hidden="true" />
      <span role="status">{words}</span>
      {status.phase === 'waiting' && (
        <button type="button" className="link-button" onClick={retryNow}>
          Retry{seconds > 0 ? ` (${seconds} s)` : ''}
        </button>
      )}
    </div>
  )
}

function useSecondsUntil(atMs: number | undefined): number {
  const [nowMs, setNowMs] = useState(() => performance.now())
  useEffect(() => {
    if (atMs === undefined) return
    setNowMs(performance.now())
    const timer = setInterval(() => setNowMs(performance.now()), 1000)
    return () => clearInterval(timer)
  }, [atMs])
  return atMs === undefined ? 0 : Math.max(0, Math.ceil((atMs - nowMs) / 1000))
}
