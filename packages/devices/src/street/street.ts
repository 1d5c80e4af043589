import type { CardLink } from '@gridcard/terminal'
import type { Clock } from '../clock.ts'
import { Sky } from '../household/sky.ts'
import type { DeviceStore } from '../meter/device-store.ts'
import { createMeter, type Meter, type MeterEvent, type MeterListener } from '../meter/meter.ts'
import type { SecureElement } from '../meter/secure-element.ts'
import type { Scheduler } from '../scheduler.ts'
import { cardIntegrity } from '../software/card-integrity.ts'
import type { HomePlan, StreetPlan } from './street-plan.ts'

type Awaitable<T> = T | Promise<T>

export interface StreetOptions {
  readonly plan: StreetPlan
  readonly clock: Clock
  readonly scheduler?: Scheduler
  readonly clientSystemTitle: Uint8Array
  /** When meters without a saved state were put in; by default now. */
  readonly installedAtMs?: number
  /** The card in each meter; undefined leaves the slot empty. */
  readonly linkOf: (home: HomePlan) => Awaitable<CardLink | undefined>
  /** What the card in that slot is to its meter; undefined: one with the MeterSecurity applet. */
  readonly elementOf?: (home: HomePlan, link: CardLink) => SecureElement | undefined
  readonly storeOf: (home: HomePlan) => Awaitable<DeviceStore>
  readonly listenAt: (home: HomePlan) => MeterListener
  /** Slots for the software of a meter with a card that judges it; without them meters run what they were built with. */
  readonly slotsOf?: (home: HomePlan) => readonly [DeviceStore, DeviceStore]
  /** Called after each meter that started. */
  readonly onProgress?: (progress: { readonly started: number; readonly total: number; readonly meter: Meter }) => void
  readonly onEvent?: (event: MeterEvent) => void
}

/** A street that runs. */
export interface Street {
  readonly plan: StreetPlan
  /** In the order of the plan. */
  readonly meters: readonly Meter[]
  meter(serial: string): Meter | undefined
  /** Powers all meters down. @throws AggregateError with what went wrong, after all were tried */
  stop(): Promise<void>
  /** Ends this process's part of all meters; the street goes on without it. @throws AggregateError as `stop` */
  leave(): Promise<void>
}

/** How many meters start or stop at a time: enough to overlap their disk writes, not to crowd anyone out. */
const atATime = 8

/**
 * Builds and starts the meters of a plan. If one cannot start, those that run are stopped again.
 *
 * @throws what `createMeter` and `start` throw for the first meter that failed
 */
export async function createStreet(options: StreetOptions): Promise<Street> {
  const { plan, onProgress, onEvent } = options
  const sky = new Sky(plan.weatherSeed)
  const meters: Meter[] = []
  let started = 0
  const endAll = async (end: (meter: Meter) => Promise<void>) => {
    const errors: unknown[] = []
    await eachAtATime(meters, async (meter) => {
      await end(meter).catch((error: unknown) => errors.push(error))
    })
    if (errors.length > 0) throw new AggregateError(errors, `${errors.length} meters did not stop cleanly`)
  }
  const stop = () => endAll((meter) => meter.stop())
  const leave = () => endAll((meter) => meter.leave())
  try {
    await eachAtATime(plan.homes, async (home) => {
      const [link, store] = await Promise.all([options.linkOf(home), options.storeOf(home)])
      const element = link && options.elementOf?.(home, link)
      const meter = createMeter({
        identity: home.identity,
        clientSystemTitle: options.clientSystemTitle,
        ...(element === undefined ? { link } : { element }),
        ...(link !== undefined &&
          options.slotsOf !== undefined && {
            software: { integrity: cardIntegrity(link), slots: options.slotsOf(home) },
          }),
        clock: options.clock,
        seed: home.seed,
        sky,
        store,
        listen: options.listenAt(home),
        ...(options.scheduler && { scheduler: options.scheduler }),
        ...(options.installedAtMs !== undefined && { installedAtMs: options.installedAtMs }),
      })
      if (onEvent !== undefined) meter.onEvent(onEvent)
      meters[home.index] = meter
      await meter.start()
      started++
      onProgress?.({ started, total: plan.homes.length, meter })
    })
  } catch (error) {
    await stop().catch(() => {}) // the first failure is the one to tell
    throw error
  }
  const bySerial = new Map(meters.map((meter) => [meter.identity.serial, meter]))
  return { plan, meters, meter: (serial) => bySerial.get(serial), stop, leave }
}

/** Runs `act` on all of them, a few at a time; after a failure no more are begun, and those under way are waited for. */
async function eachAtATime<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  let next = 0
  let failed = false
  const lane = async () => {
    while (!failed && next < items.length) {
      try {
        await act(items[next++]!)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(atATime, items.length) }, lane))
  const failure = lanes.find((outcome) => outcome.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}
