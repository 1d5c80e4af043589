import { join } from 'node:path'
import type { CryptoProvider } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { connectWrapperTcp } from '@gridcard/dlms/node'
import type { Logger } from 'pino'
import manifest from '../package.json' with { type: 'json' }
import { FeedHub } from './api/feed-hub.ts'
import { namesOf, urlHost } from './api/guards.ts'
import { listen, requirePortFree } from './api/listen.ts'
import type { ReadOutcome, SoftwareOutcome, StreetEvent } from './api/schema.ts'
import { createApiServer } from './api/server.ts'
import { meterSummary } from './api/views.ts'
import type { Clock } from './clock.ts'
import { CommandParty } from './commands/command-party.ts'
import { Ending } from './ending.ts'
import { HeadendError } from './errors.ts'
import { NewsDesk, type StreetFeed } from './events.ts'
import type { MeterKeys, SecretStore } from './keys/key-store.ts'
import { redacted } from './log-redaction.ts'
import { MeterJobs } from './reading/meter-jobs.ts'
import type { ConnectMeter } from './reading/meter-session.ts'
import { type Schedule, startSchedule } from './reading/schedule.ts'
import { SessionAborted } from './reading/session-failure.ts'
import { keepKeys, type MeterCard, type MeterToRegister, register } from './registry.ts'
import { SoftwareAuthority } from './software/software-authority.ts'
import type { Database, StartStep } from './store/database.ts'
import { insertEvents, pruneEvents, readEvents } from './store/events.ts'
import { findMeter } from './store/meters.ts'
import { type OpenDatabase, openStores } from './store/open-stores.ts'
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
  /** Signed images of the releases that its meters may run, oldest first. Without them no software is judged. */
  readonly software?:
    | readonly Uint8Array[]
    /** Whoever makes them in this process keeps its keys under the same seal. */
    | ((secrets: SecretStore) => Promise<readonly Uint8Array[] | undefined>)
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
  /** Real time a meter gets for each answer, default 10 s, and for a whole session, default 5 minutes. */
  readonly answerTimeoutMs?: number
  readonly sessionTimeoutMs?: number
  /** False: meters are read only when asked for. */
  readonly isScheduled?: boolean
  readonly onStep?: (step: StartStep) => void
  /** Default PGlite in a folder of the data directory. */
  readonly openDatabase?: OpenDatabase
  /** Default TCP with the DLMS wrapper. */
  readonly connect?: ConnectMeter
  /** Default Node's own. */
  readonly crypto?: CryptoProvider
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
   * Makes a meter known, or tells the new address of a known one. From then on it is read on schedule: a meter of an
   * earlier run keeps its data, but is left alone until someone says where it is now.
   * @throws HeadendError `HEADEND_KEY_REFUSED`, `HEADEND_KEYS_MISSING`, `HEADEND_METER_CONFLICT`, `HEADEND_BAD_OPTION`
   */
  registerMeter(meter: MeterToRegister): Promise<void>
  /** Whether the key store has keys for a meter. */
  hasKeys(serial: string): boolean
  /**
   * Keeps a meter's keys before its address is known; durable when the promise resolves.
   * @throws HeadendError `HEADEND_BAD_OPTION`, `HEADEND_KEY_REFUSED`, `HEADEND_METER_CONFLICT` when other keys are there
   */
  keepKeys(serial: string, keys: MeterKeys, card?: MeterCard): Promise<void>
  /** Who it is to the cards of its meters, whose owner it is: what they verify commands with. */
  readonly party: CommandParty['points']
  /** Point of the key with which it authorises software; cards are made with it. Undefined without `software`. */
  readonly authorityKey: Uint8Array | undefined
  /** Gives a meter another release; a meter that refuses is an outcome, not an error. @throws HeadendError `HEADEND_UNKNOWN_RELEASE` */
  updateSoftware(serial: string, version: string): Promise<SoftwareOutcome>
  /**
   * Reads every meter registered in this run once; a meter that fails is an outcome, not an error.
   * @throws HeadendError `HEADEND_CLOSED` when the head-end closes meanwhile
   */
  readAll(onProgress?: (progress: ReadAllProgress) => void): Promise<ReadOutcome[]>
  readonly events: StreetFeed & {
    /** Newest first. */
    recent(limit: number): Promise<StreetEvent[]>
  }
  /** Aborts what is under way and leaves the data folder; safe to call twice. */
  close(): Promise<void>
}

/**
 * @throws HeadendError `HEADEND_PORT_TAKEN`, `HEADEND_DATA_LOCKED`, `HEADEND_DATA_DAMAGED`, `HEADEND_KEYSTORE_LOCKED`,
 * `HEADEND_BAD_OPTION`
 */
export async function startHeadend(options: HeadendOptions): Promise<Headend> {
  const host = options.host ?? '127.0.0.1'
  if (options.systemTitle.length !== 8) throw new HeadendError('HEADEND_BAD_OPTION', 'a system title has 8 bytes')
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
  const stores = await openStores(
    {
      dataDir: options.dataDir,
      streetId: options.streetId,
      passphrase: options.keystorePassphrase ?? process.env['GRIDCARD_KEYSTORE_PASSPHRASE'],
      openDatabase: options.openDatabase,
      onStep: options.onStep,
    },
    ending,
  )
  const { db } = stores
  const clock = await clockOf(options, db)
  const speed = options.speed ?? 1
  const news = new NewsDesk(onFault)
  const crypto = options.crypto ?? nodeCrypto
  const party = await CommandParty.open({ secrets: stores.keys, crypto, systemTitle: options.systemTitle })
  const images = typeof options.software === 'function' ? await options.software(stores.keys) : options.software
  const authority =
    images &&
    (await SoftwareAuthority.open({
      secrets: stores.keys,
      openKeyFile: join(options.dataDir, 'authority.key'),
      crypto,
      systemTitle: options.systemTitle,
      images,
    }))
  const jobs = new MeterJobs({
    ...stores,
    news,
    clock,
    speed,
    logger,
    crypto,
    systemTitle: options.systemTitle,
    party,
    authority,
    connect: options.connect ?? connectWrapperTcp,
    concurrency: options.concurrency ?? 8,
    answerTimeoutMs: options.answerTimeoutMs ?? 10_000,
    sessionTimeoutMs: options.sessionTimeoutMs ?? 300_000,
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

  const serials = new Set<string>()
  let schedule: Schedule | undefined
  if (options.isScheduled !== false) {
    schedule = startSchedule({
      clock,
      serials: () => [...serials],
      read: (serial) => jobs.read(serial, 'scheduled'),
      onFault,
    })
  }
  ending.add(() => schedule?.stop())
  ending.add(keepHouse(db, clock, onFault))

  const record = async (meter: { id: number; serial: string } | undefined, kind: string, text: string) => {
    const event = { atMs: clock.nowMs(), source: 'headend', kind, severity: 'info', text } as const
    for (const stored of await insertEvents(db, meter, [event])) news.publish({ type: 'event', event: stored })
  }
  await record(undefined, 'headend.started', `Head-end ${manifest.version} started`)

  return {
    url: `http://${urlHost(host, port)}`,
    async registerMeter(toRegister) {
      const { meter, isNew } = await register(stores, toRegister)
      if (isNew) await record(meter, 'meter.registered', 'Registered')
      news.publish({ type: 'meter', serial: meter.serial })
      schedule?.forget(meter.serial)
      serials.add(meter.serial)
    },
    hasKeys: (serial) => stores.keys.serials().includes(serial),
    keepKeys: (serial, keys, card) => keepKeys(stores, serial, keys, card),
    party: party.points,
    authorityKey: authority?.publicKey,
    updateSoftware: (serial, version) => jobs.updateSoftware(serial, version),
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

async function clockOf({ clock }: HeadendOptions, db: Database): Promise<Clock> {
  if (typeof clock !== 'function') return clock
  const last = await readSetting(db, 'simulated-time')
  return clock(last === undefined ? undefined : Number(last))
}

/** Real time. */
const NOTE_TIME_MS = 5_000
const PRUNE_MS = 600_000
/** Routine entries kept; what tells of trouble is kept for good. */
const MOST_READ_EVENTS = 20_000

/** Notes the simulated time for the next start, now and then and once more at the end, and drops old routine events. */
function keepHouse(db: Database, clock: Clock, onFault: (error: unknown) => void): () => Promise<void> {
  const note = () => writeSetting(db, 'simulated-time', String(clock.nowMs()))
  const prune = () => pruneEvents(db, 'meter.read', MOST_READ_EVENTS)
  const timers = [
    setInterval(() => note().catch(onFault), NOTE_TIME_MS),
    setInterval(() => prune().catch(onFault), PRUNE_MS),
  ]
  return () => {
    for (const timer of timers) clearInterval(timer)
    return note()
  }
}
