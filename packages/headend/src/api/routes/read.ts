import { requireMeter } from '../../store/meters.ts'
import { answers, refTo } from '../components.ts'
import type { ApiParts, ApiServer } from './api-parts.ts'
import { SerialParams } from './meters.ts'

export function readRoute(server: ApiServer, { db, jobs }: ApiParts): void {
  server.post(
    '/api/meters/:serial/read',
    {
      schema: {
        summary: 'Reads a meter now; a reading that is under way is joined',
        params: SerialParams,
        response: answers(refTo('ReadOutcome'), 400, 404, 429, 503),
      },
    },
    async ({ params }) => {
      const { serial } = await requireMeter(db, params.serial)
      return (await jobs.read(serial, 'urgent')).outcome
    },
  )
}
