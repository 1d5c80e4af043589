import { fromHex, GridcardError, toHex } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import type { Logger } from 'pino'
import type { ReadOutcome, SoftwareOutcome, SwitchOutcome } from '../api/schema.ts'
import { switchOrder } from '../api/views.ts'
import type { Clock } from '../clock.ts'
import type { CommandParty, SignedCommand } from '../commands/command-party.ts'
import type { CounterFile } from '../counters/counter-file.ts'
import { MeterCounters } from '../counters/meter-counters.ts'
import { HeadendError } from '../errors.ts'
import type { NewsDesk } from '../events.ts'
import type { KeyStore } from '../keys/key-store.ts'
import type { SoftwareAuthority } from '../software/software-authority.ts'
import type { Database } from '../store/database.ts'
import { insertEvents, lastLogged, type NewEvent } from '../store/events.ts'
import { cardSigningKeyOf } from '../store/meter-cards.ts'
import { recordMeterSoftware } from '../store/meter-software.ts'
import { findMeter, type MeterRow, requireMeter, setMeterState, setSwitchState } from '../store/meters.ts'
import { keepOrder, keepOutcome, keepText, lastOrderCounter, ordersOf } from '../store/orders.ts'
import { createReadingStore } from '../store/readings.ts'
import { MeterLanes } from './meter-lanes.ts'
import { switchMethods } from './meter-names.ts'
import { type AskedProofs, MeterProofs } from './meter-proofs.ts'
import { type ConnectMeter, type MeterSessionOptions, withMeterSession } from './meter-session.ts'
import { updateMeterSoftware } from './meter-software.ts'
import { readMeter } from './read-meter.ts'
import { recordReading } from './record-reading.ts'
import { failureOf, SessionAborted, type SessionFailure, stateAfter } from './session-failure.ts'
import { judgeSwitch, type SwitchTarget, switchMeter } from './switch-meter.ts'

export interface MeterJobsOptions {
  readonly db: Database
  readonly keys: KeyStore
  readonly counterFile: CounterFile
  readonly news: NewsDesk
  readonly clock: Clock
  /** Simulated seconds per second; what asking takes in real time counts so much in the street. */
  readonly speed: number
  readonly logger: Logger
  readonly crypto: CryptoProvider
  readonly systemTitle: Uint8Array
  /** Orders what cards have to verify. */
  readonly party: CommandParty
  /** Without it no software is judged and none is given. */
  readonly authority: SoftwareAuthority | undefined
  readonly connect: ConnectMeter
  readonly concurrency: number
  readonly answerTimeoutMs: number
  readonly sessionTimeoutMs: number
}

/** How a read ended, for the schedule as well. */
export interface ReadResult {
  readonly outcome: ReadOutcome
  readonly failure: SessionFailure | undefined
}

const MAX_JOBS_PER_METER = 5

/**
 * Reading and switching, by serial number. Each may be asked for again and again: a read that is under way is joined,
 * a switch that stands right is not moved.
 */
export class MeterJobs {
  readonly #options: MeterJobsOptions
  readonly #lanes: MeterLanes
  readonly #counters = new Map<string, MeterCounters>()
  readonly #reads = new Map<string, Promise<ReadResult>>()
  readonly #proofs: MeterProofs
  #lastCounter = 0n

  constructor(options: MeterJobsOptions) {
    this.#options = options
    this.#proofs = new MeterProofs({ ...options, record: (meter, event) => this.#record(meter, event) })
    this.#lanes = new MeterLanes({ concurrency: options.concurrency, maxPerMeter: MAX_JOBS_PER_METER })
  }

  /**
   * @throws HeadendError `HEADEND_UNKNOWN_METER`, `HEADEND_METER_BUSY`
   * @throws SessionAborted when the head-end closes
   */
  read(serial: string, urgency: 'scheduled' | 'urgent'): Promise<ReadResult> {
    const underWay = this.#reads.get(serial)
    if (underWay !== undefined) return underWay
    const reading = this.#lanes
      .add({ serial, isUrgent: urgency === 'urgent', run: (signal) => this.#read(serial, signal) })
      .finally(() => this.#reads.delete(serial))
    this.#reads.set(serial, reading)
    return reading
  }

  /** @throws HeadendError `HEADEND_UNKNOWN_METER`, `HEADEND_METER_BUSY` */
  async switch(serial: string, to: SwitchTarget): Promise<SwitchOutcome> {
    const outcome = await this.#lanes.add({ serial, isUrgent: true, run: (signal) => this.#switch(serial, to, signal) })
    if (outcome.done) this.#readBehindSwitch(serial)
    return outcome
  }

  /** What a meter draws is another matter now; nobody waits for it, and a failure shows in the meter's state. */
  #readBehindSwitch(serial: string): void {
    this.read(serial, 'urgent').catch((error: unknown) => {
      if (!(error instanceof SessionAborted))
        this.#options.logger.warn({ serial, err: error }, 'not read after a switch')
    })
  }

  /** Whether a read of this meter waits or runs. */
  isReading(serial: string): boolean {
    return this.#reads.has(serial)
  }

  close(): Promise<void> {
    return this.#lanes.close()
  }

  async #read(serial: string, signal: AbortSignal): Promise<ReadResult> {
    const { db, clock, speed } = this.#options
    const meter = await requireMeter(db, serial)
    const startedMs = performance.now()
    const elapsedMs = () => Math.round(performance.now() - startedMs)
    const outcome = (done: boolean, intervalsStored: number, text: string): ReadOutcome => ({
      serial,
      done,
      intervalsStored,
      durationMs: elapsedMs(),
      text,
    })
    const asked: AskedProofs = {}
    try {
      const due = await this.#proofs.due(serial)
      const last = await createReadingStore(db).lastRow(meter.id)
      const known = { serial, lastStoredEndMs: last?.endMs, lastLoggedMs: await lastLogged(db, meter.id) }
      const reading = await withMeterSession(this.#session(meter, signal), async (client) => {
        await this.#proofs.ask(client, due, asked)
        return readMeter(client, known, clock)
      })
      await this.#proofs.judge(meter, asked)
      const recorded = await recordReading(db, meter, reading, elapsedMs() * speed)
      for (const event of recorded.events) this.#options.news.publish({ type: 'event', event })
      this.#options.news.publish({ type: 'meter', serial })
      if (reading.missing.length > 0) this.#options.logger.warn({ serial, missing: reading.missing }, 'objects missing')
      const { intervalsStored } = recorded
      return { outcome: outcome(true, intervalsStored, readText(intervalsStored)), failure: undefined }
    } catch (error) {
      const failure = await this.#fail(serial, error)
      // Proofs that came prove themselves, as those of a meter whose software may not run.
      await this.#proofs.judge(meter, {
        ...(asked.software?.proof && { software: asked.software }),
        ...(asked.log?.proof && { log: asked.log }),
      })
      return { outcome: outcome(false, 0, `${failure.reason}; nothing was stored`), failure }
    }
  }

  async #switch(serial: string, to: SwitchTarget, signal: AbortSignal): Promise<SwitchOutcome> {
    const { db, news } = this.#options
    const meter = await requireMeter(db, serial)
    const cardKey = await cardSigningKeyOf(db, serial)
    let acted = false
    let order: { readonly id: bigint; readonly command: SignedCommand } | undefined
    const lastOrder = async () => {
      const [row] = order === undefined ? [] : await ordersOf(db, meter.id, 1)
      return row === undefined ? null : switchOrder(row)
    }
    try {
      const session = this.#session(meter, signal)
      const steps = await withMeterSession(session, (client) =>
        switchMeter(client, to, {
          onActed: () => {
            acted = true
          },
          signedWord: async () => {
            order = cardKey === undefined ? undefined : await this.#signCommand(meter, to)
            return order?.command.word
          },
        }),
      )
      const response = steps.response ?? new Uint8Array(0)
      const evidence = order && this.#options.party.judge(order.command, fromHex(cardKey!), response)
      const { done, text, event, outcome } = judgeSwitch(to, steps, evidence)
      if (order !== undefined) {
        await keepOutcome(db, order.id, {
          outcome,
          text,
          response: response.length === 0 ? null : toHex(response),
          result: evidence?.isGenuine === true ? evidence.result : null,
          signed_at: evidence?.isGenuine === true ? new Date(evidence.signedAtMs) : null,
        })
      }
      await setSwitchState(db, meter.id, steps.after)
      await this.#record(meter, { ...event, text })
      news.publish({ type: 'meter', serial })
      return { serial, requested: to, done, switchState: steps.after, order: await lastOrder(), text }
    } catch (error) {
      const failure = await this.#fail(serial, error)
      const text = acted
        ? `${failure.reason}, after the command was sent; the next reading shows how the switch stands`
        : `${failure.reason}; no command was sent`
      if (order !== undefined) await keepText(db, order.id, text)
      await this.#record(meter, { kind: 'switch.failed', severity: 'warning', text: `Not ${to}: ${text}` })
      const switchState = acted ? null : meter.switch_state
      return { serial, requested: to, done: false, switchState, order: await lastOrder(), text }
    }
  }

  /** Its counter is above all before, also those of a head-end whose data came back from a backup: it follows real time. */
  async #signCommand(meter: MeterRow, to: SwitchTarget): Promise<{ id: bigint; command: SignedCommand }> {
    const { db, party, clock, speed } = this.#options
    const now = BigInt(Date.now())
    const last = (await lastOrderCounter(db)) ?? 0n
    const above = [now, last + 1n, this.#lastCounter + 1n].reduce((a, b) => (a > b ? a : b))
    this.#lastCounter = above
    const nowMs = clock.nowMs()
    const target = fromHex(meter.system_title)
    const command = party.sign({ to, method: switchMethods[to], target, counter: above, nowMs, speed })
    const at = new Date(nowMs)
    const id = await keepOrder(db, { meterId: meter.id, at, to, counter: above, command: toHex(command.word) })
    return { id, command }
  }

  /** Versions that meters can be given. */
  get releases(): readonly string[] {
    return this.#options.authority?.versions ?? []
  }

  /** @throws HeadendError `HEADEND_UNKNOWN_METER`, `HEADEND_METER_BUSY`, `HEADEND_UNKNOWN_RELEASE` */
  async updateSoftware(serial: string, version: string): Promise<SoftwareOutcome> {
    const { authority } = this.#options
    const image = authority?.image(version)
    if (authority === undefined || image === undefined) {
      throw new HeadendError('HEADEND_UNKNOWN_RELEASE', `there is no release ${version}`)
    }
    const run = (signal: AbortSignal) => this.#update(serial, { authority, image, version }, signal)
    return this.#lanes.add({ serial, isUrgent: true, run })
  }

  async #update(
    serial: string,
    o: { readonly authority: SoftwareAuthority; readonly image: Uint8Array; readonly version: string },
    signal: AbortSignal,
  ): Promise<SoftwareOutcome> {
    const { db, clock } = this.#options
    const meter = await requireMeter(db, serial)
    const { image, version } = o
    const activation = o.authority.activation(image, fromHex(meter.system_title), clock.nowMs())
    try {
      const step = await withMeterSession(this.#session(meter, signal), (client) =>
        updateMeterSoftware(client, { image, version, activation }),
      )
      const done = step === 'done'
      const text = done
        ? `Software ${version} activated; the meter starts again`
        : `The meter refused to ${step} ${version}`
      const event = done
        ? { kind: 'software.activated', severity: 'info' }
        : { kind: 'software.failed', severity: 'warning' }
      await this.#record(meter, { ...event, text } as Pick<NewEvent, 'kind' | 'severity' | 'text'>)
      this.#proofs.forget(serial)
      if (done) await recordMeterSoftware(db, serial, { state: 'unknown', checked_at: null })
      return { serial, version, done, text }
    } catch (error) {
      const failure = await this.#fail(serial, error)
      const text = `${failure.reason}; ask again, what arrived is not activated unless the meter says so`
      await this.#record(meter, { kind: 'software.failed', severity: 'warning', text })
      return { serial, version, done: false, text }
    }
  }

  #session(meter: MeterRow, signal: AbortSignal): MeterSessionOptions {
    const { serial } = meter
    const counters = this.#countersOf(serial)
    const keys = this.#options.keys.find(serial)
    if (keys === undefined)
      throw new HeadendError('HEADEND_KEYS_MISSING', `there are no keys for ${serial}`, { serial })
    const { connect, crypto, systemTitle, answerTimeoutMs, sessionTimeoutMs } = this.#options
    const target = {
      host: meter.host,
      port: meter.port,
      clientSap: meter.client_sap,
      serverSap: meter.server_sap,
      systemTitle: fromHex(meter.system_title),
    }
    return { target, keys, counters, signal, connect, crypto, systemTitle, answerTimeoutMs, sessionTimeoutMs }
  }

  /** One object per meter while the head-end runs, so that a block of counters serves many sessions. */
  #countersOf(serial: string): MeterCounters {
    let counters = this.#counters.get(serial)
    if (counters === undefined) {
      const saved = this.#options.counterFile.find(serial)
      // Beginning at 0 would repeat counters under keys that were in use.
      if (saved === undefined) {
        throw new HeadendError('HEADEND_DATA_DAMAGED', `the counters of ${serial} are lost; its keys cannot be used`)
      }
      counters = new MeterCounters(this.#options.counterFile, serial, saved)
      this.#counters.set(serial, counters)
    }
    return counters
  }

  /**
   * Notes what a failed session says about the way to the meter. An alarm is an event each time; that a meter does not
   * answer is one when it begins, or when the reason changes.
   */
  async #fail(serial: string, error: unknown): Promise<SessionFailure> {
    const { db, logger, news } = this.#options
    const failure = failureOf(error)
    if (failure.kind === 'aborted') throw error
    if (failure.kind === 'own-fault') logger.error({ serial, err: error }, failure.reason)
    else logger.info({ serial, failure: failure.kind, code: codeOf(error) }, failure.reason)
    const meter = await findMeter(db, serial)
    if (meter === undefined) return failure
    const state = stateAfter(failure.kind)
    const isChange = meter.state_reason !== failure.reason
    if (state !== undefined && (meter.state !== state || isChange)) {
      await setMeterState(db, meter.id, state, failure.reason)
      news.publish({ type: 'meter', serial })
    }
    if (failure.kind === 'untrusted' || failure.kind === 'own-fault' || isChange) {
      await this.#record(meter, { kind: failure.event, severity: failure.severity, text: failure.reason })
    }
    return failure
  }

  async #record(meter: MeterRow, event: Pick<NewEvent, 'kind' | 'severity' | 'text'>): Promise<void> {
    const { db, clock, news } = this.#options
    const stored = await insertEvents(db, meter, [{ atMs: clock.nowMs(), source: 'headend', ...event }])
    for (const one of stored) news.publish({ type: 'event', event: one })
  }
}

const codeOf = (error: unknown): string | undefined => (error instanceof GridcardError ? error.code : undefined)

function readText(intervals: number): string {
  if (intervals === 0) return 'Read; no new interval yet'
  return intervals === 1 ? 'Read; 1 new interval' : `Read; ${intervals} new intervals`
}
