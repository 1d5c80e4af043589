import Type from 'typebox'
import { readEvents } from '../../store/events.ts'
import { requireMeter } from '../../store/meters.ts'
import { answers, refTo } from '../components.ts'
import type { ApiParts, ApiServer } from './api-parts.ts'
import { SerialParams } from './meters.ts'

const Limit = Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })) })

export function eventRoutes(server: ApiServer, { db }: ApiParts): void {
  server.get(
    '/api/events',
    {
      schema: {
        summary: 'What happened last on the street, newest first',
        querystring: Limit,
        response: answers(Type.Array(refTo('StreetEvent')), 400),
      },
    },
    ({ query }) => readEvents(db, { limit: query.limit ?? 100 }),
  )

  server.get(
    '/api/meters/:serial/events',
    {
      schema: {
        summary: "What happened last at one meter, newest first: the head-end's events and the meter's own logs",
        params: SerialParams,
        querystring: Limit,
        response: answers(Type.Array(refTo('StreetEvent')), 400, 404),
      },
    },
    async ({ params, query }) => {
      const { id } = await requireMeter(db, params.serial)
      return readEvents(db, { meterId: id, limit: query.limit ?? 100 })
    },
  )
}
