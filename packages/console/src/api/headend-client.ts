import type {
  LoadProfile,
  MeterDetail,
  MeterSummary,
  Problem,
  ReadOutcome,
  SoftwareOutcome,
  SoftwareRequest,
  Street,
  StreetEvent,
  SwitchOutcome,
  SwitchRequest,
} from '@gridcard/headend/api'
import { HeadendRequestError } from './errors.ts'

export interface HeadendClient {
  street(): Promise<Street>
  meters(): Promise<MeterSummary[]>
  meter(serial: string): Promise<MeterDetail>
  loadProfile(serial: string, span: { fromMs: number; toMs: number }): Promise<LoadProfile>
  meterEvents(serial: string, limit: number): Promise<StreetEvent[]>
  events(limit: number): Promise<StreetEvent[]>
  read(serial: string): Promise<ReadOutcome>
  switchSupply(serial: string, request: SwitchRequest): Promise<SwitchOutcome>
  updateSoftware(serial: string, request: SoftwareRequest): Promise<SoftwareOutcome>
}

type Fetch = (input: string, init?: RequestInit) => Promise<Response>

export function createHeadendClient(fetchFrom: Fetch): HeadendClient {
  const get = <T>(path: string) => requestJson<T>(fetchFrom, path, { method: 'GET' })
  const post = <T>(path: string, body?: unknown) =>
    requestJson<T>(fetchFrom, path, {
      method: 'POST',
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
  const meterPath = (serial: string) => `/api/meters/${encodeURIComponent(serial)}`
  return {
    street: () => get('/api/street'),
    meters: () => get('/api/meters'),
    meter: (serial) => get(meterPath(serial)),
    loadProfile: (serial, { fromMs, toMs }) => {
      const span = new URLSearchParams({ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() })
      return get(`${meterPath(serial)}/load-profile?${span}`)
    },
    meterEvents: (serial, limit) => get(`${meterPath(serial)}/events?limit=${limit}`),
    events: (limit) => get(`/api/events?limit=${limit}`),
    read: (serial) => post(`${meterPath(serial)}/read`),
    switchSupply: (serial, request) => post(`${meterPath(serial)}/switch`, request),
    updateSoftware: (serial, request) => post(`${meterPath(serial)}/software`, request),
  }
}

async function requestJson<T>(fetchFrom: Fetch, path: string, init: RequestInit): Promise<T> {
  let response: Response
  try {
    response = await fetchFrom(path, init)
  } catch (cause) {
    throw new HeadendRequestError('CONSOLE_HEADEND_UNREACHABLE', 'The head-end does not answer.', undefined, { cause })
  }
  const body = await readJson(response)
  if (response.ok && body !== undefined) return body as T // the shapes are the head-end's own, validated on its side
  if (isProblem(body)) throw new HeadendRequestError(body.code, body.message, response.status)
  throw new HeadendRequestError(
    'CONSOLE_UNEXPECTED_ANSWER',
    `The head-end answered something unexpected (HTTP ${response.status}).`,
    response.status,
  )
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch {
    return undefined
  }
}

function isProblem(body: unknown): body is Problem {
  if (typeof body !== 'object' || body === null) return false
  return 'code' in body && typeof body.code === 'string' && 'message' in body && typeof body.message === 'string'
}

export const headend = createHeadendClient((input, init) => fetch(input, init))
