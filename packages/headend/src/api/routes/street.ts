import { DAY_MS } from '../../clock.ts'
import { readStreetTotals } from '../../store/street-totals.ts'
import { answers, refTo } from '../components.ts'
import type { ApiParts, ApiServer } from './api-parts.ts'

export function streetRoute(server: ApiServer, { db, clock, speed, streetName, version }: ApiParts): void {
  server.get(
    '/api/street',
    {
      schema: {
        summary: 'The street in numbers; today is the day of the simulated time, in UTC',
        response: answers(refTo('Street')),
      },
    },
    async () => {
      const nowMs = clock.nowMs()
      const totals = await readStreetTotals(db, Math.floor(nowMs / DAY_MS) * DAY_MS)
      const { total, online, disconnected, attention, importWh, exportWh } = totals
      return {
        name: streetName,
        version,
        simulatedTime: new Date(nowMs).toISOString(),
        speed,
        meters: { total, online, disconnected, attention },
        importWhToday: importWh,
        exportWhToday: exportWh,
      }
    },
  )
}
