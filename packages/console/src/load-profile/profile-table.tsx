import { useState } from 'react'
import { formatRegisterKwh, UNKNOWN_FIGURE } from '../format/energy.ts'
import { localTime } from '../format/time.ts'
import type { ProfileSeries, TimeWindow } from './profile-series.ts'
import { type ProfileRow, tabulate } from './profile-summary.ts'

/** The plot as figures, for who cannot or does not want to read a curve. Built only when opened. */
export function ProfileTable({ series, window }: { series: ProfileSeries; window: TimeWindow }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details className="profile-figures" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Show as table</summary>
      {isOpen && <Figures rows={tabulate(series, window, localTime)} />}
    </details>
  )
}

function Figures({ rows }: { rows: readonly ProfileRow[] }) {
  const isDaily = rows[0]?.kind === 'day'
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="profile-scroll" aria-label="Load profile as table" tabIndex={0}>
      <table className="data-table">
        <caption className="visually-hidden">
          {isDaily ? 'Energy per day' : 'Energy per interval'} in the time shown, newest first
        </caption>
        <thead>
          <tr>
            <th scope="col">{isDaily ? 'Day' : 'From'}</th>
            <th scope="col" className="cell-figure">
              Import <span className="cell-unit">kWh</span>
            </th>
            <th scope="col" className="cell-figure">
              Export <span className="cell-unit">kWh</span>
            </th>
            <th scope="col" className="cell-figure">
              Missing values
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <FigureRow key={row.fromS} row={row} />
          ))}
        </tbody>
      </table>
    </section>
  )
}

function FigureRow({ row }: { row: ProfileRow }) {
  const ms = row.fromS * 1000
  const isUnknown = row.kind === 'interval' && row.missing > 0
  return (
    <tr>
      <th scope="row" className="figure">
        {row.kind === 'day' ? localTime.day(ms) : localTime.dayAndClock(ms)}
      </th>
      <td className="cell-figure">{isUnknown ? UNKNOWN_FIGURE : formatRegisterKwh(row.importWh)}</td>
      <td className="cell-figure">{isUnknown ? UNKNOWN_FIGURE : formatRegisterKwh(row.exportWh)}</td>
      <td className="cell-figure">{row.missing}</td>
    </tr>
  )
}
