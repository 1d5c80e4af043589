import { INTERVAL_MS } from '../clock.ts'
import type { NewEvent } from '../store/events.ts'
import type { IntervalEnergy, IntervalRow } from '../store/readings.ts'

/** One entry of the load profile as the meter told it: registers at the end of an interval, Wh. */
export interface ProfileRow {
  readonly endMs: number
  readonly importWh: bigint
  readonly exportWh: bigint
  readonly status: number
}

export interface Differenced {
  readonly rows: readonly IntervalRow[]
  /** What is odd about them. */
  readonly events: readonly NewEvent[]
}

/**
 * Turns register values into interval energies. A row whose predecessor is missing keeps its registers and leaves its
 * energy open: splitting the difference over several intervals would be an invention.
 *
 * @param rows in any order
 * @param last the newest stored row, in case the meter no longer has it
 */
export function differenceRows(rows: readonly ProfileRow[], last: ProfileRow | undefined, nowMs: number): Differenced {
  const events: NewEvent[] = []
  const differenced: IntervalRow[] = []
  const note = (event: Pick<NewEvent, 'kind' | 'severity' | 'text' | 'once'>) =>
    events.push({ atMs: nowMs, source: 'headend', ...event })
  let before = last
  for (const row of rows.toSorted((a, b) => a.endMs - b.endMs)) {
    if (row.endMs % INTERVAL_MS !== 0) {
      note({
        kind: 'profile.off-grid',
        severity: 'warning',
        text: `Profile entry at ${isoOf(row.endMs)} is not at a quarter of an hour, left out`,
        once: `off-grid/${row.endMs}`,
      })
      continue
    }
    let energy: IntervalEnergy | undefined
    const elapsedMs = before === undefined ? 0 : row.endMs - before.endMs
    if (before !== undefined && elapsedMs === INTERVAL_MS) {
      energy = energyBetween(before, row)
      if (energy === undefined) {
        note({
          kind: 'profile.register-went-back',
          severity: 'alarm',
          text: `An energy register was lower at ${isoOf(row.endMs)} than a quarter of an hour before`,
          once: `went-back/${row.endMs}`,
        })
      }
    } else if (before !== undefined && elapsedMs > INTERVAL_MS) {
      note({
        kind: 'profile.gap',
        severity: 'warning',
        text: `Load profile has no entries between ${isoOf(before.endMs)} and ${isoOf(row.endMs)}`,
        once: `gap/${before.endMs}`,
      })
    }
    differenced.push({ ...row, energy })
    before = row
  }
  return { rows: differenced, events }
}

function energyBetween(before: ProfileRow, after: ProfileRow): IntervalEnergy | undefined {
  const importWh = after.importWh - before.importWh
  const exportWh = after.exportWh - before.exportWh
  return importWh < 0n || exportWh < 0n ? undefined : { importWh, exportWh }
}

const isoOf = (ms: number): string => new Date(ms).toISOString()
