import type { SoftwareStatus } from '@gridcard/headend/api'
import { useState } from 'react'
import { headend } from '../api/headend-client.ts'
import { Instant } from '../clock/instant.tsx'
import { Icon } from '../icons/icon.tsx'
import { ConfirmDialog } from './confirm-dialog.tsx'
import { newerRelease, updateWords } from './software-update.ts'

const states: Readonly<Record<SoftwareStatus['state'], string>> = {
  unknown: 'Not asked yet',
  verified: 'Software verified',
  refused: 'Not verified',
}

/** What the meter's card has proved of the software that it started. */
export function SoftwarePanel({ serial, software }: { serial: string; software: SoftwareStatus }) {
  const [ordered, setOrdered] = useState<string>()
  const offered = newerRelease(software)
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
      {offered !== undefined && (
        <div className="panel-actions">
          <button type="button" className="button" onClick={() => setOrdered(offered)}>
            <Icon name="up" />
            Update to {offered}
          </button>
        </div>
      )}
      {ordered !== undefined && (
        <ConfirmDialog
          serial={serial}
          title={`Update ${serial} to ${ordered}?`}
          words={updateWords(ordered)}
          icon="up"
          tone="primary"
          order={() => headend.updateSoftware(serial, { version: ordered, confirmSerial: serial })}
          onClose={() => setOrdered(undefined)}
        />
      )}
    </section>
  )
}
