import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createReadingStore, type IntervalRow, openDatabase, registerMeterRow } from '@gridcard/headend/store'
import type { Question } from '../question.ts'

const rowsPerBatch = 2880 // 30 days of one meter, as a first reading brings them
const quarterMs = 900_000

/** A meter's rows, all different from those of the meter before. */
function rows(): IntervalRow[] {
  return Array.from({ length: rowsPerBatch }, (_, i) => ({
    endMs: (i + 1) * quarterMs,
    importWh: BigInt(100 * (i + 1)),
    exportWh: 0n,
    energy: { importWh: 100n, exportWh: 0n },
    status: 0,
  }))
}

export const rowsIntoStore: Question = {
  name: 'rows-into-store',
  question: 'interval rows that the reading store takes, in batches of 2880, into PGlite on disk',
  unit: 'rows/s',
  async prepare() {
    const directory = mkdtempSync(join(tmpdir(), 'gridcard-bench-'))
    const db = await openDatabase(join(directory, 'db'))
    const store = createReadingStore(db)
    let number = 0
    const newMeter = async (): Promise<number> => {
      number++
      const serial = `BENCH${number}`
      await registerMeterRow(db, {
        serial,
        systemTitle: number.toString(16).toUpperCase().padStart(16, '0'),
        host: '127.0.0.1',
        port: 1,
        clientSap: 1,
        serverSap: 1,
      })
      const { id } = await db.selectFrom('meters').select('id').where('serial', '=', serial).executeTakeFirstOrThrow()
      return id
    }
    const batch = rows()
    return {
      async verify() {
        const id = await newMeter()
        const { stored } = await store.insertIntervals(id, batch)
        const back = await store.intervals(id, 0, rowsPerBatch * quarterMs)
        if (
          stored !== rowsPerBatch ||
          back.length !== rowsPerBatch ||
          back.some((row, i) => row.importWh !== BigInt(100 * (i + 1)))
        ) {
          throw new Error(`${back.length} rows came back of ${rowsPerBatch}`)
        }
      },
      async run() {
        const { stored } = await store.insertIntervals(await newMeter(), batch)
        return stored
      },
      async close() {
        await db.destroy()
        rmSync(directory, { recursive: true, force: true })
      },
    }
  },
}
