import type { SoftwareStatus } from '@gridcard/headend/api'
import { Instant } from '../clock/instant.tsx'

const states: Readonly<Record<SoftwareStatus['state'], string>> = {
  unknown: 'Not asked yet',
  verified: 'Software verified',
  refused: 'Not verified',
}

/** What the meter's card has proved of the software that it started. */
export function SoftwarePanel({ software }: { software: SoftwareStatus }) {
  return (
    <section className="panel" aria-labelledby="software-title">
      <div className="section-head">
        <h2 id="software-title" className="section-title">
          Software
        </h2>
        {software.checkedAt !== null && (
          <p className="section-note">
            asked <Instant at={software.checkedAt} />
          </p>
        )}
      </div>
      <dl className="facts">
        <div>
          <dt>Proof by its card</dt>
          <dd>
            {states[software.state]}
            {software.reason !== null && <span className="cell-soft">: {software.reason}</span>}
          </dd>
        </div>
        <div>
          <dt>Version</dt>
          <dd>
            {software.version ?? 'Unknown'}
            {software.verifiedAt !== null && (
              <span className="cell-soft">
                {' '}
                verified <Instant at={software.verifiedAt} />
              </span>
            )}
          </dd>
        </div>
        <div>
          <dt>Starts of the card, sealed events</dt>
          <dd>
            {software.boots ?? 0}, {software.events ?? 0}
          </dd>
        </div>
      </dl>
    </section>
  )
}
