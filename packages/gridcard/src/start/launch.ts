import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { assert, concatBytes, fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  type Clock,
  createStreet,
  type HomePlan,
  type MeterEvent,
  meterReleases,
  meterSap,
  planStreet,
  type Scheduler,
  type Street,
} from '@gridcard/devices'
import { fileDeviceStore, tcpListener } from '@gridcard/devices/node'
import { type Headend, startHeadend } from '@gridcard/headend'
import type { Logger } from 'pino'
import { bundledPath } from '../bundled.ts'
import { LauncherError } from '../errors.ts'
import { CardDrawer, type MeterCardKind } from './card-drawer.ts'
import { openDataFolder } from './data-folder.ts'
import { associationKeysOf, type CardSoftware, meterCardElement, ownerKeysOf } from './meter-card.ts'
import { type MeterMaker, openMeterMaker } from './meter-maker.ts'
import type { Progress } from './progress.ts'
import { SimulatedTimeKeeper } from './simulated-time-keeper.ts'
import { readStreetRecord, type StreetRecord, writeStreetRecord } from './street-file.ts'

export interface LaunchOptions {
  readonly dataDirectory: string
  /** Undefined: as many as the street has, 20 for a new one. */
  readonly meters: number | undefined
  /** Of the HTTP API and the console; 0 lets the system choose. */
  readonly port: number
  /** Of the first meter, the next ones follow; 0 lets the system choose. */
  readonly meterPort: number
  readonly speed: number
  /** Makes the street's clock, given the earliest time it may show. */
  readonly clockFrom: (earliestMs: number) => Clock
  readonly schedulerOf?: (clock: Clock) => Scheduler
  /** False: meters are read only when asked for. */
  readonly isScheduled?: boolean
  readonly progress: Progress
  /** Of the head-end. */
  readonly logger: Logger
  /** Gives up between two steps; what was started is stopped again. */
  readonly signal?: AbortSignal
  readonly onMeterEvent?: (event: MeterEvent) => void
}

export interface RunningStreet {
  readonly url: string
  readonly record: StreetRecord
  readonly clock: Clock
  readonly street: Street
  readonly headend: Headend
  /** Intervals that the first reading stored. */
  readonly intervalsStored: number
  close(): Promise<void>
}

const defaultMeters = 20
/** A new street's meters were installed so long before. */
const historyMs = 31 * 86_400_000
const quarterMs = 900_000

/** Starts the head-end, makes what cards are missing, starts the meters and reads them all once. */
export async function launchStreet(options: LaunchOptions): Promise<RunningStreet> {
  const { progress, signal } = options
  const folder = openDataFolder(options.dataDirectory)
  const known = readStreetRecord(folder.path)
  if (known !== undefined && options.meters !== undefined && options.meters < known.meters) {
    throw new LauncherError(
      'GRIDCARD_BAD_OPTION',
      `this street has ${known.meters} meters and none can be taken away; for a smaller one name a new folder with --data`,
    )
  }
  const clock = options.clockFrom(known?.timeReservedMs ?? 0)

  const closers: (() => Promise<void> | void)[] = []
  const close = async () => {
    const errors: unknown[] = []
    for (const closer of closers.splice(0).reverse()) {
      try {
        await closer()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'not everything stopped cleanly')
  }

  try {
    const opening = progress.step('Head-end')
    let record = recordFor(known, options.meters, clock)
    const headendTitle = fromHex(record.headendSystemTitle)
    const { hasSoftware = false } = record
    const opened: { maker?: MeterMaker } = {}
    const headend = await startHeadend({
      dataDir: folder.headend,
      port: options.port,
      systemTitle: headendTitle,
      clock,
      speed: options.speed,
      streetName: record.name,
      streetId: record.seed,
      software: async (secrets) => {
        const releases = hasSoftware ? meterReleases : []
        opened.maker = await openMeterMaker({ folder: folder.software, releases, crypto: nodeCrypto, secrets })
        return hasSoftware ? opened.maker.images : undefined
      },
      logger: options.logger,
      isScheduled: options.isScheduled ?? true,
      ...consoleFolder(),
    })
    closers.push(() => headend.close())
    opening.done('store, keys and API are open')
    const keeper = new SimulatedTimeKeeper({
      nowMs: () => clock.nowMs(),
      speed: options.speed,
      save(timeReservedMs) {
        record = { ...record, timeReservedMs }
        writeStreetRecord(folder.path, record)
      },
    })
    closers.push(() => keeper.close())

    const plan = planStreet({ seed: record.seed, meters: record.meters })
    const { maker } = opened
    assert(maker !== undefined, 'a head-end that runs has asked for its software')
    const software = hasSoftware ? cardSoftware(maker, headend.authorityKey) : undefined
    const cardMaker = {
      issuer: maker.issuer,
      makerKey: maker.publicKey,
      owner: headend.party,
      ...(software && { software }),
    }
    const drawer = new CardDrawer({ directory: folder.cards, crypto: nodeCrypto })
    const slotsOf = (serial: string) => {
      const slot = (n: number) => fileDeviceStore(join(folder.meters, `${serial}.slot${n}`))
      return [slot(0), slot(1)] as const
    }
    closers.push(() => drawer.close())
    // A card whose keys the head-end never got was made by a start that was cut off: it is of no use to anyone.
    const missing = plan.homes.filter(({ identity: { serial } }) => !drawer.has(serial) || !headend.hasKeys(serial))
    if (missing.length > 0) {
      const step = progress.step('Cards', missing.length)
      for (const [done, { identity }] of missing.entries()) {
        signal?.throwIfAborted()
        if (software !== undefined) slotsOf(identity.serial)[0].save(software.first)
        await drawer.issue(cardMaker, identity, ({ keys, points }) =>
          headend.keepKeys(identity.serial, associationKeysOf(keys), {
            signingKey: points.sign,
            attestationKey: points.attestation,
            ownerKeys: ownerKeysOf(keys),
          }),
        )
        step.update(done + 1)
      }
      step.done(`${missing.length} made: applets loaded, keys of their own, personalisation ended`)
    }

    signal?.throwIfAborted()
    const kinds = new Map<string, MeterCardKind>()
    const starting = progress.step('Meters', plan.homes.length)
    const street = await createStreet({
      plan,
      clock,
      clientSystemTitle: headendTitle,
      installedAtMs: record.installedAtMs,
      linkOf: ({ identity: { serial } }) => {
        const { link, kind } = drawer.take(serial)
        kinds.set(serial, kind)
        return link
      },
      elementOf: ({ identity }, link) =>
        kinds.get(identity.serial) === 'metering'
          ? meterCardElement(identity, { link, ownerTitle: headendTitle, crypto: nodeCrypto })
          : undefined,
      storeOf: (home) => fileDeviceStore(join(folder.meters, `${home.identity.serial}.state`)),
      ...(hasSoftware && { slotsOf: (home: HomePlan) => slotsOf(home.identity.serial) }),
      listenAt: (home) => tcpListener({ port: options.meterPort === 0 ? 0 : options.meterPort + home.index }),
      onProgress: ({ started }) => starting.update(started),
      ...(options.schedulerOf === undefined ? {} : { scheduler: options.schedulerOf(clock) }),
      ...(options.onMeterEvent === undefined ? {} : { onEvent: options.onMeterEvent }),
    })
    closers.push(() => street.leave()) // the homes go on; the next start reads what they used
    const ports = street.meters.map((meter) => meter.address?.port ?? 0)
    starting.done(
      `${street.meters.length} listening on 127.0.0.1, ports ${Math.min(...ports)} to ${Math.max(...ports)}`,
    )

    for (const meter of street.meters) {
      await headend.registerMeter({
        serial: meter.identity.serial,
        systemTitle: meter.identity.systemTitle,
        serverSap: meterSap,
        ...meter.address!,
      })
    }
    signal?.throwIfAborted()
    const reading = progress.step('Reading', street.meters.length)
    const read = await orAborted(
      headend.readAll(({ done }) => reading.update(done)),
      signal,
    )
    const intervalsStored = read.reduce((sum, outcome) => sum + outcome.intervalsStored, 0)
    const done = read.filter((outcome) => outcome.done).length
    reading.done(`${done} of ${street.meters.length} meters, ${intervalsStored} new intervals`)

    return {
      url: headend.url,
      record,
      clock,
      street,
      headend,
      intervalsStored,
      close,
    }
  } catch (error) {
    await close().catch(() => {}) // the first failure is the one to tell
    throw error
  }
}

/** The name of every street that this launcher makes. */
const streetName = 'Gridcard Street'

function recordFor(known: StreetRecord | undefined, meters: number | undefined, clock: Clock): StreetRecord {
  const nowMs = clock.nowMs()
  if (known !== undefined) return { ...known, meters: meters ?? known.meters }
  return {
    version: 1,
    name: streetName,
    seed: toHex(nodeCrypto.randomBytes(16)).toLowerCase(),
    // maker, H for head-end (meters have 01 here), four random bytes
    headendSystemTitle: toHex(concatBytes(fromAscii('GRCH'), nodeCrypto.randomBytes(4))),
    installedAtMs: Math.floor((nowMs - historyMs) / quarterMs) * quarterMs,
    meters: meters ?? defaultMeters,
    hasSoftware: true,
    timeReservedMs: nowMs,
  }
}

/** What the cards of new meters are told of those who decide on software. */
function cardSoftware({ publicKey, images }: MeterMaker, responsibleKey: Uint8Array | undefined): CardSoftware {
  assert(
    images[0] !== undefined && responsibleKey !== undefined,
    'a street with software has a release and an authority',
  )
  return { manufacturerKey: publicKey, responsibleKey, first: images[0] }
}

/** The built pages; without them the head-end serves its API only. */
function consoleFolder(): { consoleDir?: string } {
  const path = bundledPath('console', '../console/dist')
  return existsSync(path) ? { consoleDir: path } : {}
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  return Promise.race([work, aborted])
}
