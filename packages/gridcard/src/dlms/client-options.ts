import { type CipheringOptions, type MechanismName, mechanisms, securityPolicy } from '@gridcard/dlms'
import { LauncherError } from '../errors.ts'
import { parseLogicalName } from './reference.ts'

/** Options that every client command has, as commander gives them. */
export interface RawClientOptions {
  readonly keyFile?: string
  readonly counters?: string
  readonly counterStart?: string
  readonly counterFromMeter?: true
  readonly counterObject?: string
  readonly public?: true
  readonly clientSap?: string
  readonly serverSap?: string
  readonly timeout?: string
  /** True without an address. */
  readonly hdlc?: string | true
  readonly udp?: true
  readonly baud?: string
  readonly modeE?: true
  readonly shortNames?: true
  readonly mechanism?: string
  readonly form?: string
  readonly generalKey?: string
  readonly dedicatedKey?: true
  readonly sign?: true
  readonly trace?: true
  readonly json?: true
}

/** How the management association is secured; the suite is that of the key file. */
export interface SecurityOptions {
  readonly mechanism: MechanismName
  /** False: in clear. */
  readonly ciphering: Omit<CipheringOptions, 'suite'> | false
}

export interface ClientOptions {
  readonly security: SecurityOptions
  /** The path of a serial port, with port 0. */
  readonly host: string
  readonly port: number
  readonly isUdp: boolean
  /** Undefined over a network. */
  readonly serial: { readonly baud: number; readonly isModeE: boolean } | undefined
  readonly keyFile: string | undefined
  readonly countersPath: string | undefined
  /** First counter, where none is known yet. */
  readonly counterStart: number | undefined
  readonly counterFromMeter: boolean
  readonly counterObject: string | undefined
  /** Leave keys alone, wherever they are. */
  readonly isPublic: boolean
  /** Undefined: 16 for the public client, 1 with keys. */
  readonly clientSap: number | undefined
  readonly serverSap: number
  readonly timeoutMs: number
  /** HDLC instead of the wrapper. */
  readonly hdlc: { readonly physicalAddress: number | undefined } | undefined
  /** The meter knows no logical names on the wire. */
  readonly hasShortNames: boolean
  readonly trace: boolean
  readonly json: boolean
}

/** The port that is registered for DLMS. */
const dlmsPort = 4059

/** @throws LauncherError `GRIDCARD_BAD_OPTION` */
export function parseClientOptions(target: string, raw: RawClientOptions): ClientOptions {
  if (raw.public && raw.keyFile !== undefined) throw bad('--public and --key-file contradict each other')
  if (raw.udp && raw.hdlc !== undefined) throw bad('--udp and --hdlc contradict each other')
  return {
    ...parseTarget(target, raw),
    isUdp: raw.udp === true,
    keyFile: raw.keyFile,
    countersPath: raw.counters,
    counterStart: optional(raw.counterStart, (text) => integer('--counter-start', text, 0, 0xffff_fffe)),
    counterFromMeter: raw.counterFromMeter === true,
    counterObject: optional(raw.counterObject, parseLogicalName),
    isPublic: raw.public === true,
    clientSap: optional(raw.clientSap, (text) => integer('--client-sap', text, 0, 0xffff)),
    serverSap: integer('--server-sap', raw.serverSap ?? '1', 0, 0xffff),
    timeoutMs: integer('--timeout', raw.timeout ?? '10', 1, 3600) * 1000,
    hdlc: raw.hdlc === undefined ? undefined : { physicalAddress: physicalAddressOf(raw.hdlc) },
    security: parseSecurity(raw),
    hasShortNames: raw.shortNames === true,
    trace: raw.trace === true,
    json: raw.json === true,
  }
}

const forms = {
  glo: 'service',
  'general-glo': 'general',
  'general-ciphering': 'general-ciphering',
} as const
const generalKeys = ['unicast', 'wrapped', 'one-pass', 'static'] as const

function parseSecurity({ mechanism = 'hls-gmac', form = 'glo', generalKey, dedicatedKey, sign }: RawClientOptions) {
  const names = Object.keys(mechanisms).filter((name) => name !== 'none')
  if (!names.includes(mechanism)) throw bad(`--mechanism takes ${names.join(', ')}, not "${mechanism}"`)
  const formNames = [...Object.keys(forms), 'none']
  if (!formNames.includes(form)) throw bad(`--form takes ${formNames.join(', ')}, not "${form}"`)
  const key = generalKeys.find((name) => name === (generalKey ?? 'unicast'))
  if (key === undefined) throw bad(`--general-key takes ${generalKeys.join(', ')}, not "${generalKey}"`)
  if (generalKey !== undefined && form !== 'general-ciphering')
    throw bad('--general-key needs --form general-ciphering')
  const isPlain = form === 'none'
  if (isPlain && (dedicatedKey || sign)) throw bad('--form none protects nothing: no --dedicated-key, no --sign')
  const signed = sign ? securityPolicy.signedRequest | securityPolicy.signedResponse : 0
  const ciphering = isPlain
    ? (false as const)
    : {
        form: forms[form as keyof typeof forms], // checked above
        key,
        dedicatedKey: dedicatedKey === true,
        policy: securityPolicy.everythingCiphered | signed,
      }
  return { mechanism: mechanism as MechanismName, ciphering } // checked above
}

const physicalAddressOf = (address: string | true): number | undefined =>
  address === true ? undefined : integer('--hdlc', address, 0, 0x3fff)

/** `host`, `host:port`, `[::1]:port`, or the path of a serial port. */
function parseTarget(text: string, raw: RawClientOptions): Pick<ClientOptions, 'host' | 'port' | 'serial'> {
  if (text.startsWith('/')) {
    if (raw.udp) throw bad('--udp is not for a serial port')
    const isModeE = raw.modeE === true
    const baud = integer('--baud', raw.baud ?? (isModeE ? '300' : '9600'), 50, 4_000_000)
    return { host: text, port: 0, serial: { baud, isModeE } }
  }
  if (raw.baud !== undefined || raw.modeE) throw bad('--baud and --mode-e are for a serial port, as /dev/ttyUSB0')
  const match = /^(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^\s:[\]/]+))(?::(\d{1,5}))?$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = match?.[3] === undefined ? dlmsPort : Number(match[3])
  if (host === undefined || port < 1 || port > 65535) {
    throw bad(`"${text}" is not HOST:PORT, as 192.0.2.7:4059 or [2001:db8::7]:4059, nor the path of a serial port`)
  }
  return { host, port, serial: undefined }
}

export function integer(option: string, text: string, low: number, high: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= low && value <= high) return value
  throw bad(`${option} takes a whole number from ${low} to ${high}, not "${text}"`)
}

const optional = <T>(text: string | undefined, parse: (text: string) => T): T | undefined =>
  text === undefined ? undefined : parse(text)

const bad = (message: string) => new LauncherError('GRIDCARD_BAD_OPTION', message)
