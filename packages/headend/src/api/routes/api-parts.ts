import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify'
import type { Clock } from '../../clock.ts'
import type { MeterJobs } from '../../reading/meter-jobs.ts'
import type { Database } from '../../store/database.ts'

/** What the operations work with. */
export interface ApiParts {
  readonly db: Database
  readonly jobs: MeterJobs
  readonly clock: Clock
  readonly speed: number
  readonly streetName: string
  readonly version: string
}

export type ApiServer = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>
