import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useNavigate, useRouter } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { streetQuery } from '../api/queries.ts'
import { ClockProvider, useStreetClock } from '../clock/clock-provider.tsx'
import { AlarmAnnouncer } from '../feed/alarm-announcer.tsx'
import { FeedProvider } from '../feed/feed-provider.tsx'
import { LiveStatus } from '../feed/live-status.tsx'
import { localTime } from '../format/time.ts'
import { BrandMark } from './brand-mark.tsx'
import { HelpDialog } from './help-dialog.tsx'
import { ThemeToggle } from './theme-toggle.tsx'
import { useShortcut } from './use-shortcut.ts'

export function Shell() {
  const [isHelpOpen, setHelpOpen] = useState(false)
  useShortcut('help', () => setHelpOpen(true))
  useNavigationFocus()
  return (
    <ClockProvider>
      <FeedProvider>
        <a className="skip-link" href="#main">
          Skip to content
        </a>
        <header className="app-header">
          <Link to="/" className="brand">
            <BrandMark />
            Gridcard
          </Link>
          <div className="app-tools">
            <LiveStatus />
            <ThemeToggle />
            <button type="button" className="button button-icon" title="Keyboard (?)" onClick={() => setHelpOpen(true)}>
              <span aria-hidden="true">?</span>
              <span className="visually-hidden">Keyboard help</span>
            </button>
          </div>
        </header>
        <StaleBanner />
        <main id="main" tabIndex={-1}>
          <Outlet />
        </main>
        <AppFooter />
        <AlarmAnnouncer />
        {isHelpOpen && <HelpDialog onClose={() => setHelpOpen(false)} />}
      </FeedProvider>
    </ClockProvider>
  )
}

/** What is shown stays shown when the head-end goes away, but nobody must take it for the present. */
function StaleBanner() {
  const { data, isError, error, refetch } = useQuery(streetQuery)
  if (!isError || data === undefined) return null
  return (
    <div className="banner" role="alert">
      <p>
        <strong>Not up to date.</strong> {error.message} The page shows what was last known.
      </p>
      <button type="button" className="button" onClick={() => refetch()}>
        Try again
      </button>
    </div>
  )
}

function AppFooter() {
  const { data: street } = useQuery(streetQuery)
  const { nowMs } = useStreetClock()
  const offset = localTime.offset(nowMs ?? Date.now())
  return (
    <footer className="app-footer">
      <p>
        Times are in your zone, {localTime.zone.replace('_', ' ')}
        {localTime.zone === offset ? '' : ` (${offset})`}.
      </p>
      <p>
        {street === undefined ? 'Gridcard' : `Gridcard ${street.version}`} · <a href="/api/openapi.json">HTTP API</a>
      </p>
    </footer>
  )
}

const HEADING = 'main h1'
const FILTER = 'input[type=search]'

/**
 * A new page starts at its heading, for the eye (scroll) and for whoever listens (focus). The filter's shortcut leads to
 * the street page first when it is not there, and then to the filter.
 */
function useNavigationFocus(): void {
  const router = useRouter()
  const navigate = useNavigate()
  const target = useRef(HEADING)
  useEffect(
    () =>
      router.subscribe('onRendered', ({ fromLocation, pathChanged }) => {
        if (fromLocation === undefined || !pathChanged) return
        document.querySelector<HTMLElement>(target.current)?.focus({ preventScroll: true })
        target.current = HEADING
      }),
    [router],
  )
  useShortcut('filter', () => {
    const filter = document.querySelector<HTMLElement>(FILTER)
    if (filter !== null) return filter.focus()
    target.current = FILTER
    void navigate({ to: '/' })
  })
}
