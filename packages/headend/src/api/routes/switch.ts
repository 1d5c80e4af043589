import { HeadendError } from '../../errors.ts'
import { requireMeter } from '../../store/meters.ts'
import { answers, refTo } from '../components.ts'
import type { ApiParts, ApiServer } from './api-parts.ts'
import { SerialParams } from './meters.ts'

export function switchRoute(server: ApiServer, { db, jobs }: ApiParts): void {
  server.post(
    '/api/meters/:serial/switch',
    {
      schema: {
        summary: 'Disconnects or connects the supply of a meter, and reads the state back',
        params: SerialParams,
        body: refTo('SwitchRequest'),
        response: answers(refTo('SwitchOutcome'), 400, 404, 409, 429, 503),
      },
    },
    async ({ params, body }) => {
      const { serial } = await requireMeter(db, params.serial)
      if (body.confirmSerial !== serial) {
        throw new HeadendError('HEADEND_CONFIRMATION_MISSING', `confirmSerial has to be ${serial} to switch it`)
      }
      return jobs.switch(serial, body.to)
    },
  )
}
