import { resolve } from 'node:path'
import type { CardProfileName } from '@gridcard/card'
import { LauncherError } from '../errors.ts'

/** The options of `gridcard reader`, checked. */
/** Names of the profiles, without the card behind them: options are read before anything is loaded. A test compares. */
export const profileNames = ['developer', 'metering', 'minimal'] as const satisfies readonly CardProfileName[]

export interface ReaderOptions {
  /** Card images, a reader each. */
  readonly cards: readonly string[]
  /** CAP files for one fresh card, in the order in which they are loaded. */
  readonly applets: readonly string[]
  /** What a fresh card is; one is made if it is named, or if there is nothing else to serve. */
  readonly profile: CardProfileName | undefined
  /** Readers are named after it, with their number in hex. */
  readonly name: string
  readonly vpcd: VpcdAddress | undefined
  /** Program and arguments; undefined: serve until stopped. */
  readonly command: readonly [string, ...string[]] | undefined
  readonly json: boolean
}

export interface VpcdAddress {
  readonly host: string
  /** Of the first card; the next ones take the next ports. */
  readonly port: number
}

export interface RawReaderOptions {
  readonly card?: readonly string[]
  readonly applet?: readonly string[]
  readonly profile?: string
  readonly name: string
  /** True without an address. */
  readonly vpcd?: string | true
  readonly json?: true
}

export const maxReaders = 16
export const defaultReaderName = 'Gridcard'
/** What pcsc-lite keeps for a name, without our ` 00 00` and the NUL. */
const MAX_NAME_BYTES = 121
const DEFAULT_VPCD = '127.0.0.1:35963'

/** @throws LauncherError `GRIDCARD_BAD_OPTION` */
export function parseReaderOptions(raw: RawReaderOptions, command: readonly string[]): ReaderOptions {
  const cards = (raw.card ?? []).map((file) => resolve(file))
  const applets = (raw.applet ?? []).map((file) => resolve(file))
  const twice = cards.find((file, i) => cards.indexOf(file) !== i)
  if (twice !== undefined) throw badOption(`--card ${twice} is given twice, but a card is in one reader at a time`)
  if (cards.length + Math.min(applets.length, 1) > maxReaders) throw badOption(`at most ${maxReaders} cards fit`)
  const nameBytes = Buffer.byteLength(raw.name)
  if (nameBytes === 0 || nameBytes > MAX_NAME_BYTES || /\p{Cc}/u.test(raw.name)) {
    throw badOption(`--name takes 1 to ${MAX_NAME_BYTES} bytes of text, not "${raw.name}"`)
  }
  const [program, ...args] = command
  if (program !== undefined && raw.vpcd !== undefined) {
    throw badOption('--vpcd puts the card into the pcscd of this machine; start the program yourself')
  }
  return {
    cards,
    applets,
    profile: parseProfile(raw.profile),
    name: raw.name,
    vpcd: raw.vpcd === undefined ? undefined : parseAddress(raw.vpcd === true ? DEFAULT_VPCD : raw.vpcd),
    command: program === undefined ? undefined : [program, ...args],
    json: raw.json === true,
  }
}

function parseProfile(name: string | undefined): CardProfileName | undefined {
  const profile = profileNames.find((one) => one === name)
  if (name !== undefined && profile === undefined) {
    throw badOption(`--profile is ${profileNames.join(', ')}; not "${name}"`)
  }
  return profile
}

/** `host:port`, `host`, `[::1]:port` */
function parseAddress(text: string): VpcdAddress {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const host = bracketed ?? plain
  const port = digits === undefined ? Number(DEFAULT_VPCD.split(':')[1]) : Number(digits)
  if (host === undefined || port < 1 || port > 0xffff) {
    throw badOption(`--vpcd takes HOST:PORT, not "${text}"; without an address it is ${DEFAULT_VPCD}`)
  }
  return { host, port }
}

function badOption(message: string): LauncherError {
  return new LauncherError('GRIDCARD_BAD_OPTION', message)
}
