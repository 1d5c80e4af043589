// DEVELOPMENT ONLY: invented data in the shape of the head-end's HTTP API, to draw the console against while no street
// runs. Nothing here is a meter. `node dev/fixture-headend.ts [--scene normal|empty|slow|refuse] [--port 8080]`
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type {
  Interval,
  MeterDetail,
  MeterSummary,
  Street,
  StreetEvent,
  SwitchOutcome,
  SwitchRequest,
} from '@gridcard/headend/api'

const { values: options } = parseArgs({
  options: {
    scene: { type: 'string', default: 'normal' },
    port: { type: 'string', default: '8080' },
    meters: { type: 'string', default: '20' },
    speed: { type: 'string', default: '60' },
  },
})
const speed = Number(options.speed)
const startMs = Date.parse('2026-05-12T11:47:12Z')
const bootMs = Date.now()
const nowMs = () => startMs + (Date.now() - bootMs) * speed
const isoAt = (ms: number) => new Date(ms).toISOString()

function noise(seed: number): number {
  let x = (seed * 2654435761) >>> 0
  x ^= x >>> 15
  x = Math.imul(x, 2246822519) >>> 0
  x ^= x >>> 13
  return (x >>> 0) / 2 ** 32
}

interface Home {
  summary: MeterSummary
  seed: number
  hasPv: boolean
  detail: Omit<MeterDetail, keyof MeterSummary>
}

/** Wh in the quarter of an hour that ends at `endMs`. */
function intervalOf(home: Home, endMs: number): Interval {
  const slot = Math.floor(endMs / 900_000)
  const hour = (endMs / 3_600_000 + 2) % 24
  const day = Math.floor(endMs / 86_400_000)
  const bump = (at: number, width: number, height: number) => height * Math.exp(-(((hour - at) / width) ** 2))
  const size = 0.6 + noise(home.seed) * 1.1
  let loadWh = 45 + bump(7.3, 1.1, 190) + bump(12.5, 1.2, 130) + bump(19.2, 2, 310)
  loadWh *= size * (0.7 + 0.6 * noise(slot * 31 + home.seed))
  if (noise(slot * 7 + home.seed * 13) > 0.965) loadWh += 500 * noise(slot + home.seed)
  const cloud = 0.35 + 0.65 * noise(day * 17 + 5)
  const sun = Math.max(0, Math.sin(((hour - 5.6) / 15) * Math.PI)) ** 1.6
  const pvWh = home.hasPv ? 1150 * sun * cloud * (0.75 + 0.25 * noise(slot * 3)) : 0
  const net = Math.round(loadWh - pvWh)
  return { endAt: isoAt(endMs), importWh: Math.max(0, net), exportWh: Math.max(0, -net), status: 0 }
}

const homes = Array.from({ length: options.scene === 'empty' ? 0 : Number(options.meters) }, (_, index): Home => {
  const serial = `GC${String(48_210_000 + index * 37 + 7).padStart(8, '0')}`
  const seed = index + 11
  const state = index === 6 ? 'unreachable' : index === 13 ? 'refusing' : index === 17 ? 'new' : 'online'
  const reason =
    state === 'unreachable'
      ? 'Connection refused (127.0.0.1:5006)'
      : state === 'refusing'
        ? 'Response failed authentication: wrong tag'
        : null
  const isNew = state === 'new'
  const home: Home = {
    seed,
    hasPv: index % 3 === 1,
    summary: {
      serial,
      systemTitle: `475243${(0x4ad10000 + index * 7919).toString(16).toUpperCase().padStart(10, '0')}`,
      logicalDeviceName: `GRC${String(1_048_210_000_000 + index * 37 + 7)}`,
      address: `127.0.0.1:${5000 + index}`,
      state,
      stateReason: reason,
      switchState: isNew ? null : index === 9 ? 'disconnected' : 'connected',
      lastReadAt: isNew ? null : isoAt(startMs - (state === 'online' ? 20_000 + index * 9_000 : 7_900_000)),
      importWh: isNew ? null : Math.round(900_000 + noise(seed * 5) * 14_000_000),
      exportWh: isNew ? null : index % 3 === 1 ? Math.round(noise(seed * 9) * 6_000_000) : 0,
      powerW: null,
    },
    detail: {
      registers: [],
      clock: null,
      card: null,
      intervalsStored: isNew ? 0 : 2880,
      firstIntervalEndAt: isNew ? null : isoAt(startMs - 30 * 86_400_000),
      lastIntervalEndAt: isNew ? null : isoAt(Math.floor(startMs / 900_000) * 900_000),
    },
  }
  if (!isNew) refresh(home)
  return home
})

function refresh(home: Home): void {
  const { summary } = home
  const readAt = summary.lastReadAt ?? isoAt(nowMs())
  const interval = intervalOf(home, Math.ceil(Date.parse(readAt) / 900_000) * 900_000)
  summary.powerW = summary.switchState === 'disconnected' ? 0 : (interval.importWh - interval.exportWh) * 4
  const register = (logicalName: string, name: string, value: number, unit: string) => ({
    logicalName,
    name,
    value,
    unit,
    readAt,
  })
  home.detail.registers = [
    register('1.0.1.8.0.255', 'Active energy import', summary.importWh ?? 0, 'Wh'),
    register('1.0.2.8.0.255', 'Active energy export', summary.exportWh ?? 0, 'Wh'),
    register('1.0.1.7.0.255', 'Active power import', Math.max(0, summary.powerW), 'W'),
    register('1.0.2.7.0.255', 'Active power export', Math.max(0, -summary.powerW), 'W'),
    register('1.0.32.7.0.255', 'Voltage L1', 229.4 + noise(home.seed) * 3, 'V'),
  ]
  home.detail.clock = { meterTime: readAt, readAt, deviationS: home.seed === 14 ? -12.4 : 0.2 }
  home.detail.card = {
    appletAid: 'F047524944434152440101',
    appletVersion: 1,
    lifeCycle: 'operational',
    bound: true,
    appletBytes: 3184,
    freePersistentBytes: 58_204,
    freeTransientBytes: 1_436,
    slots: [{ slot: 0, send: 4127 + home.seed, messageFloor: 4391, tokenFloor: 512 }],
    readAt,
  }
}

const events: StreetEvent[] = []
const listeners = new Set<ServerResponse>()

function publish(name: 'event' | 'meter', message: unknown): void {
  for (const listener of listeners) listener.write(`event: ${name}\ndata: ${JSON.stringify(message)}\n\n`)
}

function record(event: Omit<StreetEvent, 'id' | 'at'>, atMs = nowMs()): void {
  const full = { ...event, id: events.length + 1, at: isoAt(atMs) }
  events.push(full)
  publish('event', full)
}

function read(home: Home): void {
  const { summary } = home
  summary.lastReadAt = isoAt(nowMs())
  summary.importWh = (summary.importWh ?? 0) + 38
  refresh(home)
  record({
    serial: summary.serial,
    source: 'headend',
    kind: 'meter.read',
    severity: 'info',
    text: `Read ${summary.serial}: 1 new interval`,
  })
  publish('meter', summary)
}

function seedEvents(): void {
  const [first, , , , , , lost, , , dark, , , , refusing] = homes
  if (!first || !lost || !dark || !refusing) return
  const at = (minutesAgo: number) => startMs - minutesAgo * 60_000
  const headend = { source: 'headend' as const, kind: 'meter.read', severity: 'info' as const }
  record({ ...headend, serial: null, kind: 'street.started', text: 'Head-end started with 20 meters' }, at(190))
  record(
    {
      ...headend,
      serial: lost.summary.serial,
      kind: 'meter.unreachable',
      severity: 'warning',
      text: 'Meter does not answer: connection refused',
    },
    at(131),
  )
  record(
    { ...headend, serial: dark.summary.serial, kind: 'switch.disconnected', text: 'Supply disconnected on request' },
    at(74),
  )
  record(
    {
      source: 'meter',
      serial: dark.summary.serial,
      kind: 'meter.disconnected-remotely',
      severity: 'info',
      text: 'Disconnected remotely (code 60)',
    },
    at(74),
  )
  record(
    {
      source: 'meter',
      serial: refusing.summary.serial,
      kind: 'security.authentication-failed',
      severity: 'alarm',
      text: 'Decryption or authentication failed (code 49)',
    },
    at(42),
  )
  record(
    {
      ...headend,
      serial: refusing.summary.serial,
      kind: 'security.authentication-failed',
      severity: 'alarm',
      text: 'Reading refused: response failed authentication, nothing stored',
    },
    at(41),
  )
  homes.slice(0, 5).forEach((home, index) => {
    record(
      { ...headend, serial: home.summary.serial, text: `Read ${home.summary.serial}: 1 new interval` },
      at(17 - index),
    )
  })
  record(
    {
      source: 'meter',
      serial: first.summary.serial,
      kind: 'meter.clock-adjusted',
      severity: 'info',
      text: 'Clock adjusted (code 5)',
    },
    at(9),
  )
}
seedEvents()

let turn = 0
setInterval(() => {
  const readable = homes.filter((home) => home.summary.state === 'online')
  const home = readable[turn++ % Math.max(readable.length, 1)]
  if (home !== undefined) read(home)
}, 4000).unref()

function street(): Street {
  const summaries = homes.map((home) => home.summary)
  const count = (test: (summary: MeterSummary) => boolean) => summaries.filter(test).length
  return {
    name: 'Linden Street',
    version: '0.1.0',
    simulatedTime: isoAt(nowMs()),
    speed,
    meters: {
      total: summaries.length,
      online: count((each) => each.state === 'online'),
      disconnected: count((each) => each.switchState === 'disconnected'),
      attention: count((each) => each.state === 'unreachable' || each.state === 'refusing'),
    },
    importWhToday: homes.length * 7_133,
    exportWhToday: homes.length * 1_906,
  }
}

function loadProfile(home: Home, query: URLSearchParams) {
  const fromMs = Date.parse(query.get('from') ?? isoAt(nowMs() - 30 * 86_400_000))
  const toMs = Date.parse(query.get('to') ?? isoAt(nowMs()))
  const intervals: Interval[] = []
  const lastMs = Math.min(toMs, Date.parse(home.summary.lastReadAt ?? isoAt(0)))
  for (let endMs = Math.ceil(fromMs / 900_000) * 900_000; endMs <= lastMs; endMs += 900_000) {
    const age = Math.floor((startMs - endMs) / 900_000)
    if (age > 190 && age < 214) continue
    intervals.push(intervalOf(home, endMs))
  }
  return { serial: home.summary.serial, intervalMinutes: 15, from: isoAt(fromMs), to: isoAt(toMs), intervals }
}

async function switchSupply(home: Home, request: SwitchRequest): Promise<SwitchOutcome> {
  await sleep(1400)
  const { serial } = home.summary
  const isRefused = options.scene === 'refuse' || request.confirmSerial !== serial || home.summary.state !== 'online'
  if (!isRefused) {
    home.summary.switchState = request.to
    refresh(home)
    record({
      serial,
      source: 'headend',
      kind: `switch.${request.to}`,
      severity: 'info',
      text: `Supply ${request.to} on request`,
    })
    publish('meter', home.summary)
  }
  return {
    serial,
    requested: request.to,
    done: !isRefused,
    switchState: home.summary.switchState,
    text: isRefused ? 'The meter does not answer: connection refused.' : `The meter confirmed: ${request.to}.`,
  }
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://fixture')
  const send = (body: unknown, status = 200) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  if (!url.pathname.startsWith('/api/')) return serveFile(url.pathname, response)
  if (options.scene === 'slow') await sleep(60_000)
  const [, , noun, serial, part] = url.pathname.split('/')
  const limit = Number(url.searchParams.get('limit') ?? 100)
  if (noun === 'street') return send(street())
  if (noun === 'events') return send(events.slice(-limit).reverse())
  if (noun === 'feed') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(': fixture\n\n')
    listeners.add(response)
    response.on('close', () => listeners.delete(response))
    return
  }
  if (noun !== 'meters') return send({ code: 'HEADEND_NOT_FOUND', message: 'No such route' }, 404)
  if (serial === undefined) return send(homes.map((home) => home.summary))
  const home = homes.find((candidate) => candidate.summary.serial === serial)
  if (home === undefined) return send({ code: 'HEADEND_UNKNOWN_METER', message: `No meter ${serial}` }, 404)
  if (part === undefined) return send({ ...home.summary, ...home.detail })
  if (part === 'load-profile') return send(loadProfile(home, url.searchParams))
  if (part === 'events')
    return send(
      events
        .filter((event) => event.serial === serial)
        .slice(-limit)
        .reverse(),
    )
  if (part === 'switch') return send(await switchSupply(home, JSON.parse(await bodyOf(request))))
  await sleep(900)
  const isDone = home.summary.state === 'online'
  if (isDone) read(home)
  const text = isDone ? 'Read: 1 new interval.' : 'The meter does not answer: connection refused.'
  return send({ serial, done: isDone, intervalsStored: isDone ? 1 : 0, durationMs: 912, text })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
}
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

async function serveFile(path: string, response: ServerResponse): Promise<void> {
  const dist = join(import.meta.dirname, '..', 'dist')
  const file = extname(path) === '' ? '/index.html' : normalize(path)
  const content = await readFile(join(dist, file)).catch(() => undefined)
  if (content === undefined) {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, { 'content-type': types[extname(file)] ?? 'text/plain', 'content-security-policy': policy })
  response.end(content)
}

createServer((request, response) => {
  answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)))
}).listen(Number(options.port), '127.0.0.1', () => console.log(`fixture head-end on http://127.0.0.1:${options.port}`))
