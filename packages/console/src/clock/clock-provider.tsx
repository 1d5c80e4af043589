import { useQuery } from '@tanstack/react-query'
import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react'
import { streetQuery } from '../api/queries.ts'
import { type ClockAnchor, reanchor, simulatedNowMs } from './simulated-clock.ts'

interface StreetClock {
  /** The street's time at the last tick; undefined until the head-end has told it once. */
  readonly nowMs: number | undefined
  readonly speed: number
}

const ClockContext = createContext<StreetClock>({ nowMs: undefined, speed: 1 })

const TICK_MS = 1000

export function ClockProvider({ children }: { children: ReactNode }) {
  const { data: street, dataUpdatedAt } = useQuery(streetQuery)
  const [anchor, setAnchor] = useState<ClockAnchor>()
  const [steadyNowMs, setSteadyNowMs] = useState(() => performance.now())

  useEffect(() => {
    if (street === undefined) return
    const takenAtMs = performance.now() - (Date.now() - dataUpdatedAt)
    const learnt = { simulatedMs: Date.parse(street.simulatedTime), speed: street.speed, takenAtMs }
    setAnchor((previous) => reanchor(previous, learnt))
    setSteadyNowMs(performance.now())
  }, [street, dataUpdatedAt])

  useEffect(() => {
    const timer = setInterval(() => setSteadyNowMs(performance.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [])

  const clock = useMemo<StreetClock>(
    () => ({
      nowMs: anchor === undefined ? undefined : simulatedNowMs(anchor, Math.max(steadyNowMs, anchor.takenAtMs)),
      speed: anchor?.speed ?? 1,
    }),
    [anchor, steadyNowMs],
  )
  return <ClockContext value={clock}>{children}</ClockContext>
}

export const useStreetClock = (): StreetClock => useContext(ClockContext)
