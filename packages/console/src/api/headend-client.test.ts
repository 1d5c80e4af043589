import { describe, expect, test } from 'vitest'
import { HeadendRequestError, isNotFound } from './errors.ts'
import { createHeadendClient } from './headend-client.ts'

const answering = (body: string, status = 200) => createHeadendClient(async () => new Response(body, { status }))

async function refusal(promise: Promise<unknown>): Promise<HeadendRequestError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof HeadendRequestError)) throw new Error('expected a HeadendRequestError')
  return error
}

describe('a request to the head-end', () => {
  test('that gets no answer says so', async () => {
    const client = createHeadendClient(() => Promise.reject(new TypeError('fetch failed')))
    expect((await refusal(client.street())).code).toBe('CONSOLE_HEADEND_UNREACHABLE')
  })
  test('that is refused carries the head-end’s own code and sentence', async () => {
    const problem = JSON.stringify({ code: 'HEADEND_UNKNOWN_METER', message: 'No meter GC1' })
    const error = await refusal(answering(problem, 404).meter('GC1'))
    expect([error.code, error.message, error.status]).toEqual(['HEADEND_UNKNOWN_METER', 'No meter GC1', 404])
    expect(isNotFound(error)).toBe(true)
  })
  test('that is answered by something else is not taken for data', async () => {
    expect((await refusal(answering('<html>', 502).street())).code).toBe('CONSOLE_UNEXPECTED_ANSWER')
    expect((await refusal(answering('<html>', 200).street())).code).toBe('CONSOLE_UNEXPECTED_ANSWER')
    expect((await refusal(answering('{"oops":1}', 500).street())).code).toBe('CONSOLE_UNEXPECTED_ANSWER')
  })
  test('asks for the right place in the right way', async () => {
    const asked: string[] = []
    const client = createHeadendClient(async (input, init) => {
      asked.push(`${init?.method} ${input}${init?.body === undefined ? '' : ` ${init.body}`}`)
      return new Response('{}')
    })
    await client.loadProfile('GC1', { fromMs: 0, toMs: 900_000 })
    await client.meterEvents('GC/1', 50)
    await client.read('GC1')
    await client.switchSupply('GC1', { to: 'disconnected', confirmSerial: 'GC1' })
    expect(asked).toEqual([
      'GET /api/meters/GC1/load-profile?from=1970-01-01T00%3A00%3A00.000Z&to=1970-01-01T00%3A15%3A00.000Z',
      'GET /api/meters/GC%2F1/events?limit=50',
      'POST /api/meters/GC1/read',
      'POST /api/meters/GC1/switch {"to":"disconnected","confirmSerial":"GC1"}',
    ])
  })
})
