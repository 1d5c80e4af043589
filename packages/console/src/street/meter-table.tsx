import type { MeterSummary } from '@gridcard/headend/api'
import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import { Ago } from '../clock/instant.tsx'
import { formatColumnKwh, UNKNOWN_FIGURE } from '../format/energy.ts'
import { formatColumnKw } from '../format/power.ts'
import { Icon } from '../icons/icon.tsx'
import { StateMark, SwitchMark } from '../meter/state-mark.tsx'
import { type MeterSort, nextSort, type SortKey, sortLabels } from './meter-list.ts'

export interface SortedMetersProps {
  meters: readonly MeterSummary[]
  sort: MeterSort
  onSort(sort: MeterSort): void
}

const columns: readonly { key: SortKey; unit?: string; isFigure: boolean }[] = [
  { key: 'serial', isFigure: false },
  { key: 'state', isFigure: false },
  { key: 'switch', isFigure: false },
  { key: 'import', unit: 'kWh', isFigure: true },
  { key: 'export', unit: 'kWh', isFigure: true },
  { key: 'power', unit: 'kW', isFigure: true },
  { key: 'read', isFigure: true },
]

export function MeterTable({ meters, sort, onSort }: SortedMetersProps) {
  return (
    <table className="meter-table">
      <caption className="visually-hidden">
        Meters with state, switch and last reading. A negative power is fed into the grid. Column headings sort.
      </caption>
      <thead>
        <tr>
          {columns.map(({ key, unit, isFigure }) => (
            <th
              key={key}
              scope="col"
              className={isFigure ? 'cell-figure' : undefined}
              aria-sort={sort.key === key ? sort.direction : undefined}
            >
              <button type="button" className="sort-button" onClick={() => onSort(nextSort(sort, key))}>
                {sortLabels[key]}
                {unit !== undefined && <span className="cell-unit">{unit}</span>}
                {sort.key === key && <Icon name={sort.direction === 'ascending' ? 'up' : 'down'} />}
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {meters.map((meter) => (
          <MeterRow key={meter.serial} meter={meter} />
        ))}
      </tbody>
    </table>
  )
}

const MeterRow = memo(function MeterRow({ meter }: { meter: MeterSummary }) {
  return (
    <tr>
      <th scope="row">
        <Link to="/meters/$serial" params={{ serial: meter.serial }} className="row-link">
          {meter.serial}
        </Link>
      </th>
      <td>
        <StateMark state={meter.state} reason={meter.stateReason} />
      </td>
      <td>
        <SwitchMark state={meter.switchState} />
      </td>
      <td className="cell-figure">{meter.importWh === null ? UNKNOWN_FIGURE : formatColumnKwh(meter.importWh)}</td>
      <td className="cell-figure">{meter.exportWh === null ? UNKNOWN_FIGURE : formatColumnKwh(meter.exportWh)}</td>
      <td className="cell-figure">{meter.powerW === null ? UNKNOWN_FIGURE : formatColumnKw(meter.powerW)}</td>
      <td className="cell-figure cell-soft">{meter.lastReadAt === null ? 'never' : <Ago at={meter.lastReadAt} />}</td>
    </tr>
  )
})
