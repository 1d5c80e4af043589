import { nodeCrypto } from '@gridcard/crypto/node'
import {
  type AssociationInfo,
  type CosemData,
  connectHdlcStream,
  DlmsError,
  type DlmsTransport,
  hdlcAddress,
  hdlcServerAddress,
  logicalNameText,
  numberOf,
  SoftwareSecurityModule,
  signOnModeE,
} from '@gridcard/dlms'
import { connectHdlcTcp, connectWrapperTcp, connectWrapperUdp, nodeTimer, openSerialPort } from '@gridcard/dlms/node'
import type { ClientOptions } from './client-options.ts'
import type { CommandIo } from './command-io.ts'
import { DlmsToolError } from './errors.ts'
import { type AssociationKeys, findKeys, keySetOf, systemCode } from './keys/association-keys.ts'
import { CounterFile } from './keys/counter-file.ts'
import { type MeterClient, meterClient } from './meter-client.ts'
import { Tracer } from './trace.ts'

/** One open association. */
export interface Session {
  readonly client: MeterClient
  readonly info: AssociationInfo
  readonly clientSap: number
  readonly isPublic: boolean
  /** Bytes that came in so far. */
  receivedBytes(): number
}

const publicSap = 16
const managementSap = 1
const SLOT = 0
/** What a stranger may make us jump to: above it, half of the counters of a key would be gone. */
const HIGHEST_FROM_METER = 0x7fff_ffff

/** The management association if there are keys, else the public one; left and closed when `act` has ended. */
export async function withSession<T>(options: ClientOptions, io: CommandIo, act: (session: Session) => Promise<T>) {
  const keys = keysFor(options, io)
  return keys === undefined ? withPublic(options, io, act) : withManagement(options, keys, io, act)
}

/** Keys this command shall use; undefined for the public client. */
export function keysFor(options: ClientOptions, io: CommandIo): AssociationKeys | undefined {
  return options.isPublic ? undefined : findKeys(options.keyFile, io.env)
}

export async function withPublic<T>(
  options: ClientOptions,
  io: CommandIo,
  act: (session: Session) => Promise<T>,
): Promise<T> {
  const tracer = tracerFor(options, io)
  const clientSap = options.clientSap ?? publicSap
  return connected(options, clientSap, tracer, async (transport, receivedBytes) => {
    const client = meterClient({ transport, mechanism: 'none' }, options.hasShortNames)
    return associated(client, { clientSap, isPublic: true, receivedBytes }, act)
  })
}

export async function withManagement<T>(
  options: ClientOptions,
  keys: AssociationKeys,
  io: CommandIo,
  act: (session: Session) => Promise<T>,
): Promise<T> {
  const tracer = tracerFor(options, io)
  const counters = await CounterFile.open({
    path: countersPathOf(options.countersPath, keys, 'counters'),
    ownSystemTitle: keys.clientSystemTitle,
    peerSystemTitle: keys.serverSystemTitle,
    blockCipherKey: keys.blockCipherKey,
    floors: 'session',
  })
  try {
    await beginCounting(counters, options, io)
    const software = new SoftwareSecurityModule({
      crypto: nodeCrypto,
      systemTitle: keys.clientSystemTitle,
      slots: (slot) => (slot === SLOT ? keySetOf(keys, 'client') : undefined),
      counters,
    })
    const clientSap = options.clientSap ?? managementSap
    return await connected(options, clientSap, tracer, async (transport, receivedBytes) => {
      const clientOptions = {
        transport,
        mechanism: options.security.mechanism,
        ciphering: options.security.ciphering && { suite: keys.suite, ...options.security.ciphering },
        // Asked for by name on the command line.
        allowsBrokenHashes: true,
        ...(keys.secret && { password: keys.secret }),
        security: tracer?.security(software) ?? software,
        slot: SLOT,
        serverSystemTitle: keys.serverSystemTitle,
      }
      const client = meterClient(clientOptions, options.hasShortNames)
      return associated(client, { clientSap, isPublic: false, receivedBytes }, async (session) => {
        counters.saveFloors()
        return act(session)
      })
    })
  } finally {
    counters.close()
  }
}

/** Beside the key file; keys from the environment lie beside nothing. */
export function countersPathOf(given: string | undefined, keys: AssociationKeys, suffix: string): string {
  if (given !== undefined) return given
  if (keys.path !== undefined) return `${keys.path}.${suffix}`
  throw new DlmsToolError(
    'GRIDCARD_COUNTERS_UNUSABLE',
    'keys from the environment need --counters FILE, where the invocation counter is kept so that it never repeats',
  )
}

/**
 * Where the counter begins for keys that have no entry yet: at --counter-start, or above what the meter tells its public
 * client. That is not authenticated; it is taken upwards only, so a liar can cost counters but cannot make one repeat,
 * unless these keys were used before and our file is lost.
 */
async function beginCounting(counters: CounterFile, options: ClientOptions, io: CommandIo): Promise<void> {
  if (options.counterStart !== undefined) counters.raiseTo(options.counterStart)
  if (counters.next !== undefined && !options.counterFromMeter) return
  const told = await counterOfMeter(options, io)
  if (told === undefined) {
    throw new DlmsToolError(
      'GRIDCARD_COUNTER_START_UNKNOWN',
      'the meter tells the public client no invocation counter: give --counter-start, 0 for keys never used before',
    )
  }
  if (told > HIGHEST_FROM_METER) {
    throw new DlmsToolError(
      'GRIDCARD_COUNTER_START_UNKNOWN',
      `the meter tells an invocation counter of ${told}, more than half of all: give --counter-start if that is right`,
    )
  }
  // Some meters tell the last counter they took, some the next they will take.
  counters.raiseTo(told + 1)
  if (!options.json) io.err(`invocation counter: continues at ${counters.next}, as the meter tells\n`)
}

async function counterOfMeter(options: ClientOptions, io: CommandIo): Promise<number | undefined> {
  const publicOptions = { ...options, clientSap: publicSap }
  try {
    const found = await withPublic(publicOptions, io, ({ client }) => readCounters(client, options.counterObject))
    return found.length === 0 ? undefined : Math.max(...found.map(({ counter }) => counter))
  } catch (error) {
    if (error instanceof DlmsError && error.code === 'DLMS_ASSOCIATION_REFUSED') return undefined
    throw error
  }
}

const usualCounters = ['0.0.43.1.0.255', '0.0.43.1.1.255', '0.0.43.1.2.255', '0.0.43.1.3.255']

/** Invocation counter objects that this association can read. @source Blue Book ed. 14, OBIS 0.b.43.1.e */
export async function readCounters(
  client: MeterClient,
  logicalName?: string,
): Promise<{ logicalName: string; counter: number }[]> {
  const names = logicalName === undefined ? await counterNames(client) : [logicalName]
  const items = names.map((name) => ({ attribute: { classId: 1, logicalName: name, attributeIndex: 2 } }))
  const results = items.length === 0 ? [] : await client.getWithList(items)
  return results.flatMap((result, i) => {
    const counter = result.ok ? numberOf(result.data) : undefined
    return counter === undefined || counter < 0 || counter > 0xffff_ffff ? [] : [{ logicalName: names[i]!, counter }]
  })
}

async function counterNames(client: MeterClient): Promise<readonly string[]> {
  const [list] = await client.getWithList([
    { attribute: { classId: 15, logicalName: '0.0.40.0.0.255', attributeIndex: 2 } },
  ])
  const listed = list?.ok ? namesIn(list.data).filter((name) => /^0\.\d+\.43\.1\.\d+\.255$/.test(name)) : []
  return listed.length > 0 ? listed : usualCounters
}

function namesIn(data: CosemData): string[] {
  if (data.type !== 'array') return []
  return data.value.flatMap((entry) => {
    const name = entry.type === 'structure' ? entry.value[2] : undefined
    return name?.type === 'octet-string' && name.value.length === 6 ? [logicalNameText(name.value)] : []
  })
}

function connect(options: ClientOptions, clientSap: number): Promise<DlmsTransport> {
  const { host, port, serverSap, timeoutMs, hdlc, serial, isUdp } = options
  const to = { host, port, clientSap, serverSap, timeoutMs }
  if (serial !== undefined) return connectSerial(options, clientSap, serial)
  if (isUdp) return connectWrapperUdp(to)
  if (hdlc === undefined) return connectWrapperTcp(to)
  return connectHdlcTcp({ ...to, ...(hdlc.physicalAddress !== undefined && { physicalAddress: hdlc.physicalAddress }) })
}

/** HDLC on a serial port, after signing on where that is the way in. */
async function connectSerial(
  { host: path, serverSap, timeoutMs, hdlc }: ClientOptions,
  clientSap: number,
  { baud, isModeE }: { readonly baud: number; readonly isModeE: boolean },
): Promise<DlmsTransport> {
  const port = await openSerialPort(path, { baud, characters: isModeE ? '7E1' : '8N1' })
  try {
    const stream = isModeE
      ? (await signOnModeE({ stream: port.stream, setLine: port.setLine, timer: nodeTimer, timeoutMs })).stream
      : port.stream
    return await connectHdlcStream({
      stream,
      timer: nodeTimer,
      client: hdlcAddress(clientSap),
      server: hdlcServerAddress(serverSap, hdlc?.physicalAddress),
      timeoutMs,
    })
  } catch (error) {
    port.stream.close()
    throw error
  }
}

async function connected<T>(
  options: ClientOptions,
  clientSap: number,
  tracer: Tracer | undefined,
  act: (transport: DlmsTransport, receivedBytes: () => number) => Promise<T>,
): Promise<T> {
  const { host, port, serverSap, hdlc, serial } = options
  const frame = hdlc === undefined && serial === undefined ? 'wrapper' : 'HDLC'
  tracer?.note(`connect to ${host}${serial === undefined ? ` ${port}` : ''}, ${frame}`)
  const socket: DlmsTransport = await connect(options, clientSap).catch((error: unknown) => {
    throw unreachable(error, serial === undefined ? `${host} port ${port}` : host)
  })
  let receivedBytes = 0
  const counting: DlmsTransport = {
    send: async (apdu) => {
      const answer = await socket.send(apdu)
      receivedBytes += answer.length
      return answer
    },
    close: () => socket.close(),
  }
  try {
    const transport = tracer?.transport(counting, { frame, clientSap, serverSap }) ?? counting
    return await act(transport, () => receivedBytes)
  } finally {
    socket.close()
  }
}

async function associated<T>(
  client: MeterClient,
  parts: Omit<Session, 'client' | 'info'>,
  act: (session: Session) => Promise<T>,
): Promise<T> {
  const info = await client.associate()
  const result = await act({ client, info, ...parts })
  // What was asked for is here; a meter that does not say goodbye changes nothing of it.
  await client.release().catch((error: unknown) => {
    if (!(error instanceof DlmsError)) throw error
  })
  return result
}

function unreachable(error: unknown, where: string): unknown {
  if (!(error instanceof DlmsError)) return error
  const isTimeout = error.code === 'DLMS_TIMEOUT'
  // What has no cause in the system comes from somebody who is there: an HDLC link refused, or cut while it opened.
  if (!isTimeout && (error.code !== 'DLMS_TRANSPORT_CLOSED' || error.cause === undefined)) return error
  const why = isTimeout ? error.message : systemCode(error.cause)
  return new DlmsToolError('GRIDCARD_UNREACHABLE', `nothing answers at ${where} (${why})`)
}

function tracerFor(options: ClientOptions, io: CommandIo): Tracer | undefined {
  return options.trace ? new Tracer((line) => io.err(`${line}\n`)) : undefined
}
