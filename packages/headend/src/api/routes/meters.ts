import Type from 'typebox'
import { cardSigningKeyOf } from '../../store/meter-cards.ts'
import { meterLogOf } from '../../store/meter-logs.ts'
import { meterSoftwareOf } from '../../store/meter-software.ts'
import { cardStatusOf, listMeters, registersOf, requireMeter } from '../../store/meters.ts'
import { ordersOf } from '../../store/orders.ts'
import { createReadingStore } from '../../store/readings.ts'
import { answers, refTo } from '../components.ts'
import { Serial } from '../schema.ts'
import { meterDetail, meterSummary } from '../views.ts'
import type { ApiParts, ApiServer } from './api-parts.ts'

const SHOWN_ORDERS = 5

export const SerialParams = Type.Object({ serial: Serial })

export function meterRoutes(server: ApiServer, { db, jobs }: ApiParts): void {
  server.get(
    '/api/meters',
    { schema: { summary: 'All meters, by serial number', response: answers(Type.Array(refTo('MeterSummary'))) } },
    async () => (await listMeters(db)).map(meterSummary),
  )

  server.get(
    '/api/meters/:serial',
    {
      schema: {
        summary: 'All that is known of one meter and its card',
        params: SerialParams,
        response: answers(refTo('MeterDetail'), 400, 404),
      },
    },
    async ({ params }) => {
      const meter = await requireMeter(db, params.serial)
      return meterDetail({
        meter,
        registers: await registersOf(db, meter.id),
        card: await cardStatusOf(db, meter.id),
        software: await meterSoftwareOf(db, meter.serial),
        releases: jobs.releases,
        verifiedByCard: (await cardSigningKeyOf(db, meter.serial)) !== undefined,
        orders: await ordersOf(db, meter.id, SHOWN_ORDERS),
        log: await meterLogOf(db, meter.serial),
        extent: await createReadingStore(db).extent(meter.id),
      })
    },
  )
}
