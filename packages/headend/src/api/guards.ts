import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'

// There is no login yet, so the browser is the danger: a page from elsewhere must neither send commands to a head-end on
// this machine nor read from it. Two checks, both on headers that a page cannot set.

const loopbackNames = ['localhost', '127.0.0.1', '::1'] as const
const wildcards = new Set(['0.0.0.0', '::'])

/** Names under which a head-end that listens on `host` may be addressed. */
export function namesOf(host: string, further: readonly string[] = []): ReadonlySet<string> {
  const own = wildcards.has(host)
    ? Object.values(networkInterfaces()).flatMap((addresses) => addresses?.map(({ address }) => address) ?? [])
    : [host]
  return new Set([...loopbackNames, ...own, ...further].map((name) => name.toLowerCase()))
}

/**
 * Whether the Host header names us. A page whose name was pointed at this machine after it was loaded (DNS rebinding)
 * passes every same-origin check of the browser, but still sends its own name.
 */
export function isOwnName(hostHeader: string | undefined, names: ReadonlySet<string>): boolean {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(hostHeader ?? '')
  const name = match?.[1] ?? match?.[2]
  return name !== undefined && names.has(name.toLowerCase())
}

export interface OriginHeaders {
  readonly host?: string | undefined
  readonly origin?: string | undefined
  readonly 'sec-fetch-site'?: string | string[] | undefined
}

/**
 * Whether a request may have been sent by a page of another origin. Browsers say so in Sec-Fetch-Site; one too old for
 * that sends Origin with every POST. A program sends neither and is no browser that could be led astray.
 */
export function isCrossOrigin(headers: OriginHeaders): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  if (headers.origin === undefined) return false
  return !URL.canParse(headers.origin) || new URL(headers.origin).host !== headers.host
}

/** Host and port as they stand in a URL. */
export const urlHost = (host: string, port: number): string => `${isIPv6(host) ? `[${host}]` : host}:${port}`
