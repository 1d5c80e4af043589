import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { HeadendError, type HeadendErrorCode } from '../errors.ts'
import type { Problem } from './schema.ts'

/** HTTP status of what a caller did wrong or has to wait for; everything else is 500 and says nothing. */
const statuses: Partial<Record<HeadendErrorCode, number>> = {
  HEADEND_BAD_REQUEST: 400,
  HEADEND_RANGE_TOO_LONG: 400,
  HEADEND_HOST_REFUSED: 403,
  HEADEND_ORIGIN_REFUSED: 403,
  HEADEND_NOT_FOUND: 404,
  HEADEND_UNKNOWN_METER: 404,
  HEADEND_UNKNOWN_RELEASE: 404,
  HEADEND_CONFIRMATION_MISSING: 409,
  HEADEND_METER_BUSY: 429,
  HEADEND_FEED_FULL: 503,
  HEADEND_CLOSED: 503,
}

const fastifyProblems: Readonly<Record<number, string>> = {
  400: 'the request cannot be read',
  404: 'there is nothing here',
  413: 'the request is too long',
  415: 'the request has to be JSON',
}

export interface StatusAndProblem {
  readonly status: number
  readonly problem: Problem
}

/** What a caller hears of an error. */
export function problemOf(error: unknown): StatusAndProblem {
  if (error instanceof HeadendError) {
    const status = statuses[error.code]
    if (status !== undefined) return { status, problem: { code: error.code, message: error.message } }
  }
  if (isFastifyError(error)) {
    const status = error.statusCode ?? 500
    const code = status === 404 ? 'HEADEND_NOT_FOUND' : 'HEADEND_BAD_REQUEST'
    // Of a validation, the message names the field and the rule; never the value.
    if (error.validation !== undefined) return { status: 400, problem: { code, message: error.message } }
    if (status < 500) return { status, problem: { code, message: fastifyProblems[status] ?? fastifyProblems[400]! } }
  }
  return { status: 500, problem: { code: 'HEADEND_INTERNAL', message: 'the head-end failed; its log says why' } }
}

const isFastifyError = (error: unknown): error is FastifyError => error instanceof Error && 'statusCode' in error

export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, problem } = problemOf(error)
  if (status === 500) request.log.error({ err: error }, 'request failed')
  return reply.code(status).send(problem)
}
