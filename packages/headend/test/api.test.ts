import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type MeterSummary, type Problem, routes, type Street, type StreetEvent } from '../src/index.ts'
import { clockAt, type HeadendUnderTest, headendUnderTest } from './head-end-under-test.ts'
import { type PeerMeter, quarterRows, startPeerMeter } from './meter-peer.ts'

const start = Date.UTC(2026, 5, 15, 12, 0, 20)
const lastQuarter = start - 20_000
const serial = 'GC00000001'

let under: HeadendUnderTest
let meter: PeerMeter
let consoleDir: string

beforeAll(async () => {
  consoleDir = await mkdtemp(join(tmpdir(), 'gridcard-console-'))
  await mkdir(join(consoleDir, 'assets'))
  await writeFile(join(consoleDir, 'index.html'), '<!doctype html><title>Console</title>')
  await writeFile(join(consoleDir, 'assets', 'index-4f2a.js'), 'export {}')
  await writeFile(join(consoleDir, '.secret'), 'not for pages')
  under = await headendUnderTest({ clock: clockAt(start), consoleDir, speed: 60, streetName: 'Elm Street' })
  meter = await startPeerMeter({ serial, nowMs: () => start })
  meter.rows = quarterRows(lastQuarter - 86_400_000, lastQuarter)
  await under.register(meter)
}, 240_000)
afterAll(async () => {
  await meter.close()
  await under.close()
  await rm(consoleDir, { recursive: true })
})

/** A request with whatever headers, which `fetch` would not send. */
function raw(
  path: string,
  headers: Record<string, string>,
  method = 'GET',
  body = '',
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const url = new URL(under.headend.url + path)
    const outgoing = request({ host: url.hostname, port: url.port, path, method, headers }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += String(chunk)
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

describe('a request under a foreign name', () => {
  test.each(['evil.example', 'evil.example:8080', '127.0.0.1.evil.example', 'localhost.', '[::2]', '10.0.0.7'])(
    'Host: %s is refused, whatever it asks for',
    async (host) => {
      for (const path of ['/api/meters', '/', '/assets/index-4f2a.js', '/nothing']) {
        const answer = await raw(path, { host })
        expect([400, 403]).toContain(answer.status)
        expect(answer.body).not.toContain('Console')
      }
      expect((await raw(`/api/meters/${serial}/read`, { host }, 'POST')).status).not.toBe(200)
    },
  )
  test.each(['127.0.0.1', 'localhost', 'LOCALHOST:8080', '[::1]:8080'])('Host: %s is ours', async (host) => {
    expect((await raw('/api/meters', { host })).status).toBe(200)
  })
})

describe('a request sent by a page of another origin', () => {
  const host = '127.0.0.1'
  test.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'http://evil.example' },
    { origin: 'http://127.0.0.1:1' },
    { origin: 'null' },
  ])('with %o is refused', async (headers: Record<string, string>) => {
    const { status, body } = await raw(`/api/meters/${serial}/read`, { host, ...headers }, 'POST')
    expect([status, JSON.parse(body).code]).toEqual([403, 'HEADEND_ORIGIN_REFUSED'])
    expect((await raw('/api/feed', { host, ...headers })).status).toBe(403)
    expect(meter.reads).toEqual([])
  })
  test('may still open the console by a link', async () => {
    const headers = { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', accept: 'text/html' }
    expect((await raw('/', headers)).status).toBe(200)
  })
  test.each([{ 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }, {}])(
    'is not what a request with %o is',
    async (headers: Record<string, string>) => {
      expect((await raw('/api/street', { host, ...headers })).status).toBe(200)
    },
  )
  test('is not what an older browser sends with our own origin', async () => {
    const own = new URL(under.headend.url)
    expect((await raw('/api/street', { host: own.host, origin: own.origin })).status).toBe(200)
  })
})

describe('a request that makes no sense', () => {
  test.each([
    ['GET', '/api/meters/GC00000099', 404, 'HEADEND_UNKNOWN_METER'],
    ['GET', '/api/meters/GC00000099/events', 404, 'HEADEND_UNKNOWN_METER'],
    ['GET', '/api/meters/GC00000099/load-profile', 404, 'HEADEND_UNKNOWN_METER'],
    ['POST', '/api/meters/GC00000099/read', 404, 'HEADEND_UNKNOWN_METER'],
    ['GET', "/api/meters/x'%20or%201=1", 400, 'HEADEND_BAD_REQUEST'],
    ['GET', '/api/meters/%E0%A4%A', 400, 'HEADEND_BAD_REQUEST'],
    ['GET', '/api/events?limit=0', 400, 'HEADEND_BAD_REQUEST'],
    ['GET', '/api/events?limit=1001', 400, 'HEADEND_BAD_REQUEST'],
    ['GET', '/api/events?limit=many', 400, 'HEADEND_BAD_REQUEST'],
    ['GET', `/api/meters/${serial}/load-profile?from=yesterday`, 400, 'HEADEND_BAD_REQUEST'],
    [
      'GET',
      `/api/meters/${serial}/load-profile?from=2026-06-15T00:00:00Z&to=2026-06-15T00:00:00Z`,
      400,
      'HEADEND_BAD_REQUEST',
    ],
    [
      'GET',
      `/api/meters/${serial}/load-profile?from=2025-01-01T00:00:00Z&to=2026-06-15T00:00:00Z`,
      400,
      'HEADEND_RANGE_TOO_LONG',
    ],
    ['GET', '/api/nothing', 404, 'HEADEND_NOT_FOUND'],
    ['DELETE', `/api/meters/${serial}`, 404, 'HEADEND_NOT_FOUND'],
    ['POST', `/api/meters/${serial}/switch`, 400, 'HEADEND_BAD_REQUEST'],
  ])('%s %s is answered with %i %s', async (method, path, status, code) => {
    const answer = await raw(path, { host: 'localhost' }, method)
    const problem: Problem = JSON.parse(answer.body)
    expect([answer.status, problem.code]).toEqual([status, code])
    expect(Object.keys(problem).sort()).toEqual(['code', 'message'])
  })

  test.each([
    ['is plain text', 'text/plain', '{}', 415],
    ['is a form', 'application/x-www-form-urlencoded', 'to=disconnected', 415],
    ['ends too early', 'application/json', '{"to":', 400],
    ['asks for no state', 'application/json', JSON.stringify({ to: 'exploded', confirmSerial: serial }), 400],
    ['is too long', 'application/json', JSON.stringify({ to: 'disconnected', confirmSerial: 'x'.repeat(5000) }), 413],
    ['meddles with prototypes', 'application/json', '{"__proto__":{"to":"disconnected"},"confirmSerial":"A"}', 400],
  ])('a switch command that %s is refused', async (_what, type, body, status) => {
    const headers = { host: 'localhost', 'content-type': type, 'content-length': String(body.length) }
    const answer = await raw(`/api/meters/${serial}/switch`, headers, 'POST', body)
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([status, 'HEADEND_BAD_REQUEST'])
    expect(meter.switchState).toBe('connected')
  })
})

describe('a switch', () => {
  const path = `/api/meters/${serial}/switch`
  const events = async (): Promise<StreetEvent[]> => (await under.get('/api/events?limit=5')).body

  test.each([undefined, '', 'GC00000002', 'gc00000001'])('confirmed with %s is not moved', async (confirmSerial) => {
    const { status, body } = await under.post(path, { to: 'disconnected', confirmSerial })
    expect(status).toBe(confirmSerial === undefined ? 400 : 409)
    if (status === 409) expect(body).toMatchObject({ code: 'HEADEND_CONFIRMATION_MISSING' })
    expect(meter.switchState).toBe('connected')
  })
  test('of an unknown meter is 404', async () => {
    const answer = await under.post('/api/meters/GC00000099/switch', {
      to: 'disconnected',
      confirmSerial: 'GC00000099',
    })
    expect(answer.status).toBe(404)
  })
  test('that the meter refuses is not done', async () => {
    meter.onSwitch = () => ({ result: 'read-write-denied' })
    const { body } = await under.post(path, { to: 'disconnected', confirmSerial: serial })
    expect(body).toMatchObject({ done: false, switchState: 'connected' })
    expect((await events())[0]).toMatchObject({ kind: 'switch.failed', severity: 'warning' })
  })
  test('that the meter accepts and does not do is not done', async () => {
    meter.onSwitch = () => ({ result: 'success' })
    const { body } = await under.post(path, { to: 'disconnected', confirmSerial: serial })
    expect(body).toMatchObject({ done: false, switchState: 'connected' })
  })
  test('that stands right already is not touched', async () => {
    meter.onSwitch = () => {
      throw new Error('was told to move')
    }
    const { body } = await under.post(path, { to: 'connected', confirmSerial: serial })
    expect(body).toMatchObject({ done: true, switchState: 'connected' })
  })
  test('is moved, read back and recorded, there and back', async () => {
    meter.onSwitch = undefined
    const off = await under.post(path, { to: 'disconnected', confirmSerial: serial })
    expect(off).toMatchObject({ status: 200, body: { serial, done: true, switchState: 'disconnected' } })
    expect(meter.switchState).toBe('disconnected')
    expect(await events()).toContainEqual(expect.objectContaining({ kind: 'switch.disconnected', serial }))
    const street: Street = (await under.get('/api/street')).body
    expect(street.meters.disconnected).toBe(1)
    const on = await under.post(path, { to: 'connected', confirmSerial: serial })
    expect(on).toMatchObject({ body: { done: true, switchState: 'connected' } })
    expect(await events()).toContainEqual(expect.objectContaining({ kind: 'switch.connected' }))
  })
  test('that was moved is followed by a reading, so that the power shown is the power now', async () => {
    const reads = async () => (await events()).filter(({ kind }) => kind === 'meter.read').map(({ id }) => id)
    const before = await reads()
    await under.post(path, { to: 'disconnected', confirmSerial: serial })
    await vi.waitFor(async () => expect(await reads()).not.toEqual(before), { timeout: 60_000 })
    await under.post(path, { to: 'connected', confirmSerial: serial })
  })
  test('of a meter that is gone says that nothing was sent', async () => {
    const gone = await startPeerMeter({ serial: 'GC00000002', nowMs: () => start })
    await under.register(gone)
    await gone.close()
    const { body } = await under.post('/api/meters/GC00000002/switch', {
      to: 'disconnected',
      confirmSerial: 'GC00000002',
    })
    expect(body).toMatchObject({ done: false, switchState: null })
    expect((body as { text: string }).text).toContain('no command was sent')
  })
})

describe('the street', () => {
  test('is told in numbers, with the energy of the simulated day', async () => {
    await under.post(`/api/meters/${serial}/read`)
    const street: Street = (await under.get('/api/street')).body
    expect(street).toMatchObject({
      name: 'Elm Street',
      speed: 60,
      simulatedTime: new Date(start).toISOString(),
      meters: { total: 2, online: 1, disconnected: 0, attention: 1 },
      // 48 quarters from midnight to noon, 10 Wh each.
      importWhToday: 480,
    })
    const meters: MeterSummary[] = (await under.get('/api/meters')).body
    expect(meters.map(({ serial, state }) => [serial, state])).toEqual([
      ['GC00000001', 'online'],
      ['GC00000002', 'unreachable'],
    ])
  })
  test('is described in OpenAPI 3.1, every route of the contract and its refusals', async () => {
    const { body } = await under.get('/api/openapi.json')
    const document = body as {
      openapi: string
      paths: Record<string, Record<string, { summary: string; responses: Record<string, unknown> }>>
      components: { schemas: Record<string, unknown> }
    }
    expect(document.openapi).toBe('3.1.0')
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    )
    const promised = Object.values(routes)
      .map((route) => route.replace(/\?.*/, '').replaceAll(/:(\w+)/g, '{$1}'))
      .filter((route) => !route.endsWith('openapi.json'))
    expect(described.sort()).toEqual(promised.sort())
    const operation = document.paths['/api/meters/{serial}/switch']!['post']!
    expect(Object.keys(operation.responses)).toEqual(['200', '400', '404', '409', '429', '503', '5XX'])
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)]
    expect(references.length).toBeGreaterThan(10)
    for (const [, name] of references) expect(document.components.schemas).toHaveProperty(name!)
    expect(JSON.stringify(document)).not.toContain('"$id"')
  })
  test('says that it runs', async () => {
    expect((await under.get('/api/health')).body).toMatchObject({ status: 'ok' })
  })
})

describe('the console', () => {
  test('is served with headers that keep it to itself', async () => {
    const page = await under.get('/')
    expect([page.status, page.body]).toEqual([200, '<!doctype html><title>Console</title>'])
    const policy = page.headers.get('content-security-policy')
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    expect(page.headers.get('cache-control')).toBe('no-cache')
    expect(page.headers.get('access-control-allow-origin')).toBeNull()
  })
  test('keeps hashed files for ever', async () => {
    const { headers } = await under.get('/assets/index-4f2a.js')
    expect(headers.get('cache-control')).toContain('immutable')
    expect(headers.get('content-type')).toContain('javascript')
  })
  test('answers with the page where the page has an address of its own', async () => {
    expect((await under.get('/meters/GC00000001', { accept: 'text/html' })).body).toContain('Console')
    expect((await under.get('/meters/GC00000001', { accept: 'application/json' })).status).toBe(404)
    expect((await under.get('/api/nothing', { accept: 'text/html' })).status).toBe(404)
  })
  test.each([
    '/.secret',
    '/../package.json',
    '/%2e%2e/package.json',
    '/assets/%2e%2e%2f%2e%2e%2fetc/passwd',
    '/assets/',
  ])('does not give %s', async (path) => {
    const { status, body } = await raw(path, { host: 'localhost' })
    expect(status).toBeGreaterThanOrEqual(400)
    expect(body).not.toContain('not for pages')
  })
})
