import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DAY_MS, INTERVAL_MS } from '../clock.ts'
import { eventsOfLog } from './event-codes.ts'
import { differenceRows, type ProfileRow } from './intervals.ts'
import { profileWindows } from './profile-window.ts'

const at = (quarter: number, importWh: number, exportWh = 0): ProfileRow => ({
  endMs: quarter * INTERVAL_MS,
  importWh: BigInt(importWh),
  exportWh: BigInt(exportWh),
  status: 0,
})
const energies = (rows: readonly ProfileRow[], last?: ProfileRow) =>
  differenceRows(rows, last, 0).rows.map(({ endMs, energy }) => [
    endMs / INTERVAL_MS,
    energy && Number(energy.importWh),
  ])
const kinds = (rows: readonly ProfileRow[], last?: ProfileRow) =>
  differenceRows(rows, last, 0).events.map(({ kind }) => kind)

describe('the energy of an interval', () => {
  test('is open where the row before is missing', () => {
    const rows = [at(10, 100), at(11, 130), at(14, 200), at(15, 201)]
    expect(energies(rows)).toEqual([
      [10, undefined],
      [11, 30],
      [14, undefined],
      [15, 1],
    ])
    expect(kinds(rows)).toEqual(['profile.gap'])
  })
  test('is open where a register went back, and known after it', () => {
    const rows = [at(10, 100), at(11, 90), at(12, 95)]
    expect(energies(rows)).toEqual([
      [10, undefined],
      [11, undefined],
      [12, 5],
    ])
    expect(kinds(rows)).toEqual(['profile.register-went-back'])
  })
  test('is the difference to the stored row, whether the meter tells that again or not', () => {
    expect(energies([at(11, 130)], at(10, 100))).toEqual([[11, 30]])
    expect(energies([at(10, 100), at(11, 130)], at(10, 100))).toEqual([
      [10, undefined],
      [11, 30],
    ])
  })
  test('does not depend on the order of rows', () => {
    expect(energies([at(12, 131), at(10, 100), at(11, 130)])).toEqual([
      [10, undefined],
      [11, 30],
      [12, 1],
    ])
  })
  test('leaves out entries off the grid', () => {
    const odd = { ...at(11, 120), endMs: 11 * INTERVAL_MS - 7000 }
    expect(energies([at(10, 100), odd, at(11, 130)])).toEqual([
      [10, undefined],
      [11, 30],
    ])
    expect(kinds([at(10, 100), odd, at(11, 130)])).toEqual(['profile.off-grid'])
  })
  test('sums to what the register gained, however the rows are read in pieces', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5000), { minLength: 2, maxLength: 60 }),
        fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
        (gains, cuts) => {
          let register = 0
          const rows = gains.map((gain, i) => {
            register += gain
            return at(100 + i, register)
          })
          const pieces: ProfileRow[][] = [[]]
          rows.forEach((row, i) => {
            pieces.at(-1)!.push(row)
            if (cuts[i]) pieces.push([])
          })
          let last: ProfileRow | undefined
          let sum = 0n
          let known = 0
          for (const piece of pieces) {
            const { rows: told } = differenceRows(piece, last, 0)
            for (const { energy } of told) {
              sum += energy?.importWh ?? 0n
              known += energy === undefined ? 0 : 1
            }
            last = piece.at(-1) ?? last
          }
          expect(sum).toBe(rows.at(-1)!.importWh - rows[0]!.importWh)
          expect(known).toBe(rows.length - 1)
        },
      ),
    )
  })
})

describe('the windows asked for', () => {
  const now = 1_000_000 * INTERVAL_MS + 12_345
  test('begin at the last stored row and lie end to end without a hole', () => {
    for (const days of [0, 1, 30, 31, 32, 33, 100, 400]) {
      const from = (1_000_000 - days * 96) * INTERVAL_MS
      const windows = profileWindows(now, from)
      expect(windows[0]!.fromMs).toBe(from)
      expect(windows.at(-1)!.toMs).toBe(now + DAY_MS)
      for (const [i, window] of windows.slice(1).entries()) expect(window.fromMs - windows[i]!.toMs).toBe(10)
      for (const { fromMs, toMs } of windows) expect(toMs - fromMs).toBeLessThan(32 * DAY_MS)
    }
  })
  test('are one at the first time, 30 days and the row before', () => {
    expect(profileWindows(now, undefined)).toEqual([
      { fromMs: 1_000_000 * INTERVAL_MS - 30 * DAY_MS, toMs: now + DAY_MS },
    ])
  })
})

describe('entries of a log', () => {
  test('of codes nobody told us are still events', () => {
    expect(eventsOfLog('standard', [{ atMs: 5, code: 200 }])).toMatchObject([
      { kind: 'meter.event', severity: 'info', text: 'Event 200 in the standard log' },
    ])
    expect(eventsOfLog('fraud', [{ atMs: 5, code: 200 }])).toMatchObject([{ severity: 'alarm' }])
  })
  test('are told apart by moment, code and place, the same at each reading', () => {
    const entries = [
      { atMs: 5, code: 49 },
      { atMs: 5, code: 49 },
      { atMs: 5, code: 50 },
      { atMs: 6, code: 49 },
    ]
    const names = eventsOfLog('fraud', entries).map(({ once }) => once)
    expect(new Set(names).size).toBe(4)
    expect(eventsOfLog('fraud', entries).map(({ once }) => once)).toEqual(names)
    expect(eventsOfLog('standard', entries).map(({ once }) => once)).not.toEqual(names)
  })
})
