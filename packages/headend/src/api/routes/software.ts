import { HeadendError } from '../../errors.ts'
import { requireMeter } from '../../store/meters.ts'
import { answers, refTo } from '../components.ts'
import type { ApiParts, ApiServer } from './api-parts.ts'
import { SerialParams } from './meters.ts'

export function softwareRoute(server: ApiServer, { db, jobs }: ApiParts): void {
  server.post(
    '/api/meters/:serial/software',
    {
      schema: {
        summary: 'Gives a meter another release of its software, authorised for it alone',
        params: SerialParams,
        body: refTo('SoftwareRequest'),
        response: answers(refTo('SoftwareOutcome'), 400, 404, 409, 429, 503),
      },
    },
    async ({ params, body }) => {
      const { serial } = await requireMeter(db, params.serial)
      if (body.confirmSerial !== serial) {
        throw new HeadendError('HEADEND_CONFIRMATION_MISSING', `confirmSerial has to be ${serial} to update it`)
      }
      return jobs.updateSoftware(serial, body.version)
    },
  )
}
