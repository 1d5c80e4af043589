import type { MeterSummary } from '@gridcard/headend/api'
import { Link } from '@tanstack/react-router'
import { Ago } from '../clock/instant.tsx'
import { formatEnergy, UNKNOWN_FIGURE } from '../format/energy.ts'
import { formatPower } from '../format/power.ts'
import { StateMark, SwitchMark } from '../meter/state-mark.tsx'
import { sortKeys, sortLabels, sortStartingWith } from './meter-list.ts'
import type { SortedMetersProps } from './meter-table.tsx'

/** The same list where a table does not fit. */
export function MeterCards({ meters, sort, onSort }: SortedMetersProps) {
  return (
    <>
      <label className="sort-choice">
        Sort by
        <select
          value={sort.key}
          onChange={(event) => {
            const key = sortKeys.find((candidate) => candidate === event.target.value)
            if (key !== undefined) onSort(sortStartingWith(key))
          }}
        >
          {sortKeys.map((key) => (
            <option key={key} value={key}>
              {sortLabels[key]}
            </option>
          ))}
        </select>
      </label>
      <ul className="meter-cards">
        {meters.map((meter) => (
          <MeterCard key={meter.serial} meter={meter} />
        ))}
      </ul>
    </>
  )
}

function MeterCard({ meter }: { meter: MeterSummary }) {
  const figure = (value: number | null, format: (value: number) => string) =>
    value === null ? UNKNOWN_FIGURE : format(value)
  return (
    <li className="meter-card">
      <div className="meter-card-head">
        <Link to="/meters/$serial" params={{ serial: meter.serial }} className="row-link">
          {meter.serial}
        </Link>
        <span title="Power at the last reading">{figure(meter.powerW, formatPower)}</span>
      </div>
      <div>
        <span className="meter-card-marks">
          <StateMark state={meter.state} reason={meter.stateReason} />
          <SwitchMark state={meter.switchState} />
        </span>
        <span className="cell-soft">{meter.lastReadAt === null ? 'never read' : <Ago at={meter.lastReadAt} />}</span>
      </div>
      <dl className="meter-card-energies">
        <div>
          <dt>Import</dt>
          <dd>{figure(meter.importWh, formatEnergy)}</dd>
        </div>
        <div>
          <dt>Export</dt>
          <dd>{figure(meter.exportWh, formatEnergy)}</dd>
        </div>
      </dl>
    </li>
  )
}
