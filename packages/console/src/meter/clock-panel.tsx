import type { ClockReading } from '@gridcard/headend/api'
import { Instant } from '../clock/instant.tsx'
import { formatDeviation } from '../format/time.ts'
import { Empty } from '../shell/problem.tsx'

export function ClockPanel({ clock }: { clock: ClockReading | null }) {
  return (
    <section className="panel" aria-labelledby="clock-title">
      <h2 id="clock-title" className="section-title">
        Clock
      </h2>
      {clock === null ? (
        <Empty title="Not read yet" />
      ) : (
        <dl className="facts">
          <div>
            <dt>Meter</dt>
            <dd>
              <Instant at={clock.meterTime} shape="full" />
            </dd>
          </div>
          <div>
            <dt>Head-end</dt>
            <dd>
              <Instant at={clock.readAt} shape="full" />
            </dd>
          </div>
          <div>
            <dt>Deviation</dt>
            <dd className="figure">{formatDeviation(clock.deviationS)}</dd>
          </div>
        </dl>
      )}
    </section>
  )
}
