import { createServer } from 'node:net'
import { toHex } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { connectWrapperTcp } from '@gridcard/dlms/node'
import type { Logger } from 'pino'
import manifest from '../package.json' with { type: 'json' }
import { FeedHub } from './api/feed-hub.ts'
import { namesOf, urlHost } from './api/guards.ts'
import type { ReadOutcome, StreetEvent } from './api/schema.ts'
import { createApiServer } from './api/server.ts'
import { meterSummary } from './api/views.ts'
import type { Clock } from './clock.ts'
import { type CounterFile, openCounterFile } from './counters/counter-file.ts'
import { HeadendError, isSystemError } from './errors.ts'
import { NewsDesk, type StreetFeed } from './events.ts'
import { type KeyStore, type MeterKeys, wipeKeys } from './keys/key-store.ts'
import { openSealedKeyStore } from './keys/sealed-key-store.ts'
import { redacted } from './log-redaction.ts'
import { MeterJobs } from './reading/meter-jobs.ts'
import type { ConnectMeter } from './reading/meter-session.ts'
import { startSchedule } from './reading/schedule.ts'
import { SessionAborted } from './reading/session-failure.ts'
import { type DataDirectory, damaged, openDataDirectory } from './store/data-directory.ts'
import { type Database, openDatabase, type StartStep } from './store/database.ts'
import { insertEvents, pruneEvents, readEvents } from './store/events.ts'
import { findMeter, listMeters, registerMeterRow } from './store/meters.ts'
import { readSetting, writeSetting } from './store/settings.ts'

export interface HeadendOptions {
  /** Everything the head-end keeps; made at the first start, locked while it runs. */
  readonly dataDir: string
  /** Default 127.0.0.1. There is no login: another address lets everyone who reaches it switch meters. */
  readonly host?: string
  /** 0 takes a free one. */
  readonly port: number
  /** The head-end's own system title, 8 bytes: what meters know it by. */
  readonly systemTitle: Uint8Array
  /** The street's time, or what makes it from the time it showed when the head-end last ran. */
  readonly clock: Clock | ((lastSimulatedMs: number | undefined) => Clock)
  /** Simulated seconds per second, as the clock runs; default 1. */
  readonly speed?: number
  readonly streetName?: string
  /** When given, a data folder that belongs to another street is refused. */
  readonly streetId?: string
  /** The built console; without it there is only the API. */
  readonly consoleDir?: string
  readonly logger: Logger
  /** Seals the meters' keys; default GRIDCARD_KEYSTORE_PASSPHRASE, and without it a key file in the data folder. */
  readonly keystorePassphrase?: string
  /** Further names under which a browser may address this head-end. */
  readonly allowedHosts?: readonly string[]
  /** Sessions at once, default 8. */
  readonly concurrency?: number
  /** Real time a meter gets for each answer, default 10 s. */
  readonly answerTimeoutMs?: number
  /** False: meters are read only when asked for, until `startSchedule`. */
  readonly isScheduled?: boolean
  readonly onStep?: (step: StartStep) => void
  /** Default PGlite in a folder of the data directory. */
  readonly openDatabase?: (folder: string, onStep?: (step: StartStep) => void) => Promise<Database>
  /** Default TCP with the DLMS wrapper. */
  readonly connect?: ConnectMeter
  /** Default Node's own. */
  readonly crypto?: CryptoProvider
}

export interface RegisteredMeter {
  readonly serial: string
  /** 8 bytes. */
  readonly systemTitle: Uint8Array
  readonly host: string
  readonly port: number
  /** Default 1. */
  readonly clientSap?: number
  /** Default 1. */
  readonly serverSap?: number
  /** Needed once; afterwards the sealed ones are used. Not kept, and not changed. */
  readonly keys?: MeterKeys
}

export interface ReadAllProgress {
  readonly done: number
  readonly total: number
  readonly outcome: ReadOutcome
}

export interface Headend {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  /**
   * Makes a meter known, or tells the new address of a known one.
   * @throws HeadendError `HEADEND_KEY_REFUSED`, `HEADEND_KEYS_MISSING`, `HEADEND_METER_CONFLICT`, `HEADEND_BAD_OPTION`
   */
  registerMeter(meter: RegisteredMeter): Promise<void>
  /** Whether the key store has keys for a meter. */
  hasKeys(serial: string): boolean
  /**
   * Keeps a meter's keys before its address is known; durable when the promise resolves.
   * @throws HeadendError `HEADEND_KEY_REFUSED`, `HEADEND_METER_CONFLICT` when other keys are there
   */
  keepKeys(serial: string, keys: MeterKeys): Promise<void>
  /** Reads all meters now and each quarter of an hour from here on; a second call changes nothing. */
  startSchedule(): void
  /** Reads every meter once; a meter that fails is an outcome, not an error. */
  readAll(onProgress?: (progress: ReadAllProgress) => void): Promise<ReadOutcome[]>
  readonly events: StreetFeed & {
    /** Newest first. */
    recent(limit: number): Promise<StreetEvent[]>
  }
  /** Aborts what is under way and leaves the data folder; safe to call twice. */
  close(): Promise<void>
}

const SERIAL = /^[A-Z0-9]{4,24}$/
/** How often the simulated time is noted for the next start, real time. */
const NOTE_TIME_MS = 5_000
/** Routine entries kept; what tells of trouble is kept for good. */
const MOST_READ_EVENTS = 20_000

/**
 * @throws HeadendError `HEADEND_PORT_TAKEN`, `HEADEND_DATA_LOCKED`, `HEADEND_DATA_DAMAGED`, `HEADEND_KEYSTORE_LOCKED`,
 * `HEADEND_BAD_OPTION`
 */
export async function startHeadend(options: HeadendOptions): Promise<Headend> {
  const host = options.host ?? '127.0.0.1'
  if (options.systemTitle.length !== 8) throw new HeadendError('HEADEND_BAD_OPTION', 'a system title has 8 bytes')
  // Before the seconds that a first start takes; listening later finds the rest.
  await requirePortFree(host, options.port)
  const ending = new Ending()
  try {
    return await start(options, host, ending)
  } catch (error) {
    await ending.run().catch(() => {})
    throw error
  }
}

async function start(options: HeadendOptions, host: string, ending: Ending): Promise<Headend> {
  const logger = redacted(options.logger)
  const onFault = (error: unknown) => {
    if (!(error instanceof SessionAborted)) logger.error({ err: error }, 'head-end fault')
  }
  const stores = await openStores(options, ending)
  const { db, keys, counterFile } = stores
  const { clock, speed } = await timeOf(options, db)
  const news = new NewsDesk(onFault)
  const jobs = new MeterJobs({
    ...stores,
    news,
    clock,
    speed,
    logger,
    crypto: options.crypto ?? nodeCrypto,
    systemTitle: options.systemTitle,
    connect: options.connect ?? connectWrapperTcp,
    concurrency: options.concurrency ?? 8,
    answerTimeoutMs: options.answerTimeoutMs ?? 10_000,
  })

  const hub = new FeedHub({
    feed: news,
    loadMeter: async (serial) => {
      const meter = await findMeter(db, serial)
      return meter && meterSummary(meter)
    },
    loadMissed: (afterId) => readEvents(db, { afterId, limit: 500 }),
    onFault,
  })
  options.onStep?.('listening')
  const server = await createApiServer({
    db,
    jobs,
    clock,
    speed,
    hub,
    logger,
    streetName: options.streetName ?? 'Gridcard street',
    version: manifest.version,
    ownNames: namesOf(host, options.allowedHosts),
    consoleDir: options.consoleDir,
  })
  // Undone last first: who waits for a meter hears that we close, then listeners are let go, then the door is shut.
  ending.add(() => server.close())
  ending.add(() => hub.close())
  ending.add(() => jobs.close())
  const port = await listen(server, host, options.port)

  const serials = new Set((await listMeters(db)).map(({ serial }) => serial))
  let schedule: { stop(): void } | undefined
  const beginSchedule = () => {
    schedule ??= startSchedule({
      clock,
      serials: () => [...serials],
      read: (serial) => jobs.read(serial, 'scheduled'),
      onFault,
    })
  }
  ending.add(() => schedule?.stop())
  if (options.isScheduled !== false) beginSchedule()
  ending.add(noteTime(db, clock, onFault))
  await pruneEvents(db, 'meter.read', MOST_READ_EVENTS)

  const record = async (meter: { id: number; serial: string } | undefined, kind: string, text: string) => {
    const event = { atMs: clock.nowMs(), source: 'headend', kind, severity: 'info', text } as const
    for (const stored of await insertEvents(db, meter, [event])) news.publish({ type: 'event', event: stored })
  }
  await record(undefined, 'headend.started', `Head-end ${manifest.version} started`)

  return {
    url: `http://${urlHost(host, port)}`,
    async registerMeter(meter) {
      requireSensible(meter)
      const { serial, host: meterHost, port: meterPort, clientSap = 1, serverSap = 1 } = meter
      const systemTitle = toHex(meter.systemTitle)
      const held = await findMeter(db, serial)
      if (held !== undefined && held.system_title !== systemTitle) {
        throw new HeadendError('HEADEND_METER_CONFLICT', `${serial} is registered with another system title`, {
          serial,
        })
      }
      await keepKeys(serial, meter.keys, keys, counterFile)
      const isNew = await registerMeterRow(db, {
        serial,
        systemTitle,
        host: meterHost,
        port: meterPort,
        clientSap,
        serverSap,
      })
      if (isNew) await record(await findMeter(db, serial), 'meter.registered', 'Registered')
      news.publish({ type: 'meter', serial })
      serials.add(serial)
    },
    hasKeys: (serial) => keys.serials().includes(serial),
    keepKeys: (serial, given) => keepKeys(serial, given, keys, counterFile),
    startSchedule: beginSchedule,
    async readAll(onProgress) {
      let done = 0
      const all = [...serials].map(async (serial) => {
        const { outcome } = await jobs.read(serial, 'scheduled')
        done++
        onProgress?.({ done, total: all.length, outcome })
        return outcome
      })
      return Promise.all(all)
    },
    events: {
      subscribe: (listener) => news.subscribe(listener),
      recent: (limit) => readEvents(db, { limit }),
    },
    close: () => ending.run(),
  }
}

interface Stores {
  readonly db: Database
  readonly keys: KeyStore
  readonly counterFile: CounterFile
}

async function openStores(options: HeadendOptions, ending: Ending): Promise<Stores> {
  const directory: DataDirectory = await openDataDirectory(options.dataDir)
  ending.add(() => directory.release())
  const db = await (options.openDatabase ?? openDatabase)(directory.database, options.onStep)
  ending.add(() => db.destroy())
  await requireStreet(db, options)
  options.onStep?.('opening-keys')
  const keys = await openSealedKeyStore({
    path: directory.keyStore,
    keyFilePath: directory.keyFile,
    passphrase: options.keystorePassphrase ?? process.env['GRIDCARD_KEYSTORE_PASSPHRASE'],
  })
  ending.add(() => keys.close())
  const counterFile = await openCounterFile(directory.counters)
  ending.add(() => counterFile.close())
  for (const serial of keys.serials()) {
    if (counterFile.find(serial) === undefined) {
      throw damaged(options.dataDir, `the counters of ${serial} are lost and its keys cannot be used without them`)
    }
  }
  return { db, keys, counterFile }
}

async function requireStreet(db: Database, { streetId, dataDir }: HeadendOptions): Promise<void> {
  if (streetId === undefined) return
  const held = await readSetting(db, 'street-id')
  if (held === undefined) await writeSetting(db, 'street-id', streetId)
  else if (held !== streetId) throw damaged(dataDir, 'it belongs to another street')
}

async function timeOf(options: HeadendOptions, db: Database): Promise<{ clock: Clock; speed: number }> {
  const speed = options.speed ?? 1
  if (typeof options.clock !== 'function') return { clock: options.clock, speed }
  const last = await readSetting(db, 'simulated-time')
  return { clock: options.clock(last === undefined ? undefined : Number(last)), speed }
}

/** Notes the simulated time now and then, and once more at the end. */
function noteTime(db: Database, clock: Clock, onFault: (error: unknown) => void): () => Promise<void> {
  const note = () => writeSetting(db, 'simulated-time', String(clock.nowMs()))
  const timer = setInterval(() => note().catch(onFault), NOTE_TIME_MS)
  return () => {
    clearInterval(timer)
    return note()
  }
}

/** Counters first: keys without them would be unusable, counters without keys are nothing. */
async function keepKeys(
  serial: string,
  given: MeterKeys | undefined,
  keys: KeyStore,
  counterFile: CounterFile,
): Promise<void> {
  if (given === undefined) {
    if (keys.serials().includes(serial)) return
    throw new HeadendError('HEADEND_KEYS_MISSING', `there are no keys for ${serial}`, { serial })
  }
  const own = { blockCipherKey: given.blockCipherKey.slice(), authenticationKey: given.authenticationKey.slice() }
  try {
    if (counterFile.find(serial) === undefined) {
      await counterFile.save(serial, { sendLimit: 0, messageFloor: 0, tokenFloor: 0 })
    }
    await keys.put(serial, own)
  } finally {
    wipeKeys(own)
  }
}

function requireSensible({ serial, systemTitle, port }: RegisteredMeter): void {
  const why = !SERIAL.test(serial)
    ? 'a serial number has 4 to 24 capital letters and digits'
    : systemTitle.length !== 8
      ? 'a system title has 8 bytes'
      : !Number.isInteger(port) || port < 1 || port > 65535
        ? 'a port is 1 to 65535'
        : undefined
  if (why !== undefined) throw new HeadendError('HEADEND_BAD_OPTION', `meter not registered: ${why}`)
}

async function listen(
  server: Awaited<ReturnType<typeof createApiServer>>,
  host: string,
  port: number,
): Promise<number> {
  try {
    await server.listen({ host, port })
  } catch (error) {
    throw listenProblem(error, host, port)
  }
  const address = server.server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

function requirePortFree(host: string, port: number): Promise<void> {
  if (port === 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error) => reject(listenProblem(error, host, port)))
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve()))
  })
}

function listenProblem(error: unknown, host: string, port: number): Error {
  if (isSystemError(error, 'EADDRINUSE')) {
    return new HeadendError('HEADEND_PORT_TAKEN', `port ${port} on ${host} is taken by another program`, { port })
  }
  const cause = { cause: error }
  return new HeadendError('HEADEND_BAD_OPTION', `cannot listen on ${host}, port ${port}`, { port }, cause)
}

/** What has to be undone, last first, each step whatever the others do. */
class Ending {
  readonly #steps: (() => unknown)[] = []
  #done: Promise<void> | undefined

  add(step: () => unknown): void {
    this.#steps.push(step)
  }

  run(): Promise<void> {
    this.#done ??= this.#undo()
    return this.#done
  }

  async #undo(): Promise<void> {
    const errors: unknown[] = []
    for (const step of this.#steps.toReversed()) {
      try {
        await step()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }
}
