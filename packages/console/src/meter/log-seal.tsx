import type { LogStatus } from '@gridcard/headend/api'
import { Instant } from '../clock/instant.tsx'
import { Icon } from '../icons/icon.tsx'

/** Whether what a meter logs is what its card was given. */
export function LogSeal({ log }: { log: LogStatus }) {
  if (log.state === 'broken') {
    return (
      <p className="mark" data-tone="alarm">
        <Icon name="alarm" />
        The meter's own log cannot be trusted: {log.reason}
      </p>
    )
  }
  const entries = log.entries ?? 0
  return (
    <p className="section-note">
      {entries === 1 ? '1 entry of the meter is' : `${entries} entries of the meter are`} sealed by its card, checked{' '}
      <Instant at={log.checkedAt} />
    </p>
  )
}
