import Type from 'typebox'
import { type Clock, DAY_MS, INTERVAL_MS } from '../../clock.ts'
import { HeadendError } from '../../errors.ts'
import { requireMeter } from '../../store/meters.ts'
import { createReadingStore } from '../../store/readings.ts'
import { answers, refTo } from '../components.ts'
import type { ApiParts, ApiServer } from './api-parts.ts'
import { SerialParams } from './meters.ts'

const DEFAULT_DAYS = 30
const MOST_DAYS = 400

const Span = Type.Object({
  from: Type.Optional(Type.String({ format: 'date-time', description: `Default ${DEFAULT_DAYS} days before \`to\`` })),
  to: Type.Optional(Type.String({ format: 'date-time', description: 'Default the simulated time now' })),
})

export function loadProfileRoute(server: ApiServer, { db, clock }: ApiParts): void {
  server.get(
    '/api/meters/:serial/load-profile',
    {
      schema: {
        summary: `Intervals that end after \`from\` and not after \`to\`, oldest first; at most ${MOST_DAYS} days`,
        params: SerialParams,
        querystring: Span,
        response: answers(refTo('LoadProfile'), 400, 404),
      },
    },
    async ({ params, query }) => {
      const { fromMs, toMs } = spanOf(query, clock)
      const meter = await requireMeter(db, params.serial)
      const rows = await createReadingStore(db).intervals(meter.id, fromMs, toMs)
      return {
        serial: meter.serial,
        intervalMinutes: INTERVAL_MS / 60_000,
        from: new Date(fromMs).toISOString(),
        to: new Date(toMs).toISOString(),
        intervals: rows.map(({ endMs, energy, status }) => ({
          endAt: new Date(endMs).toISOString(),
          importWh: Number(energy?.importWh ?? 0n),
          exportWh: Number(energy?.exportWh ?? 0n),
          status,
        })),
      }
    },
  )
}

/** @throws HeadendError `HEADEND_BAD_REQUEST`, `HEADEND_RANGE_TOO_LONG` */
export function spanOf(query: { readonly from?: string; readonly to?: string }, clock: Clock) {
  const toMs = query.to === undefined ? clock.nowMs() : Date.parse(query.to)
  const fromMs = query.from === undefined ? toMs - DEFAULT_DAYS * DAY_MS : Date.parse(query.from)
  // The format lets a leap second through, which has no epoch.
  if (Number.isNaN(fromMs) || Number.isNaN(toMs)) throw new HeadendError('HEADEND_BAD_REQUEST', 'no such time')
  if (fromMs >= toMs) throw new HeadendError('HEADEND_BAD_REQUEST', 'from has to be before to')
  if (toMs - fromMs > MOST_DAYS * DAY_MS) {
    throw new HeadendError('HEADEND_RANGE_TOO_LONG', `at most ${MOST_DAYS} days of a load profile at once`)
  }
  return { fromMs, toMs }
}
