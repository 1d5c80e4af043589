import { formatEnergy, formatRegisterKwh } from '../format/energy.ts'
import { formatPower } from '../format/power.ts'
import { localTime } from '../format/time.ts'
import { averageW, type IntervalReading, type TimeWindow } from './profile-series.ts'
import type { ProfileSummary } from './profile-summary.ts'

interface ProfileReadoutProps {
  /** The interval under the cursor. */
  reading: IntervalReading | undefined
  summary: ProfileSummary
  window: TimeWindow
  stepS: number
}

/** Legend and cursor value in one line: what is under the cursor, else the sums of what is shown. */
export function ProfileReadout({ reading, summary, window, stepS }: ProfileReadoutProps) {
  if (reading === undefined) {
    return (
      <dl className="readout">
        <div className="readout-when">
          <dt className="visually-hidden">Time</dt>
          <dd>
            {localTime.dayAndClock(window.fromS * 1000)} to {localTime.dayAndClock(window.toS * 1000)}
          </dd>
        </div>
        <ReadoutEntry kind="import" name="Import" energy={formatEnergy(summary.importWh)} />
        <ReadoutEntry kind="export" name="Export" energy={formatEnergy(summary.exportWh)} />
      </dl>
    )
  }
  const { energy } = reading
  return (
    <dl className="readout">
      <div className="readout-when">
        <dt className="visually-hidden">Time</dt>
        <dd>{describeInterval(reading)}</dd>
      </div>
      {energy === null ? (
        <div className="readout-missing">
          <dt className="visually-hidden">Value</dt>
          <dd>No value</dd>
        </div>
      ) : (
        <>
          <ReadoutEntry
            kind="import"
            name="Import"
            energy={`${formatRegisterKwh(energy.importWh)} kWh`}
            power={formatPower(averageW(energy.importWh, stepS))}
          />
          <ReadoutEntry
            kind="export"
            name="Export"
            energy={`${formatRegisterKwh(energy.exportWh)} kWh`}
            power={formatPower(averageW(energy.exportWh, stepS))}
          />
          {energy.status !== 0 && (
            <div>
              <dt>Flagged</dt>
              <dd>status {energy.status}</dd>
            </div>
          )}
        </>
      )}
    </dl>
  )
}

function ReadoutEntry(props: { kind: 'import' | 'export'; name: string; energy: string; power?: string }) {
  return (
    <div className="readout-entry" data-kind={props.kind}>
      <dt>{props.name}</dt>
      <dd>
        {props.energy}
        {props.power !== undefined && <span className="readout-power">{props.power}</span>}
      </dd>
    </div>
  )
}

/** `Tue 12 May, 14:15 to 14:30` */
export function describeInterval({ fromS, toS }: Pick<IntervalReading, 'fromS' | 'toS'>): string {
  return `${localTime.day(fromS * 1000)}, ${localTime.clock(fromS * 1000)} to ${localTime.clock(toS * 1000)}`
}

/** The same for a screen reader, in one breath. */
export function describeReading(reading: IntervalReading | undefined): string {
  if (reading === undefined) return 'No value chosen'
  const { energy } = reading
  const when = describeInterval(reading)
  if (energy === null) return `${when}: no value`
  return `${when}: import ${formatRegisterKwh(energy.importWh)} kWh, export ${formatRegisterKwh(energy.exportWh)} kWh`
}
