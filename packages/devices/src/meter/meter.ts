import { assert } from '@gridcard/bytes'
import { type ActionOutcome, type CosemObject, DlmsServer, type SecurityEvent } from '@gridcard/dlms'
import type { CardLink } from '@gridcard/terminal'
import type { Clock } from '../clock.ts'
import { DevicesError } from '../errors.ts'
import { Household } from '../household/household.ts'
import type { Sky } from '../household/sky.ts'
import { capturePeriodMs, type IntervalTruth, Metrology, type Registers } from '../metrology/metrology.ts'
import { SupplyHistory } from '../metrology/supply-history.ts'
import type { Scheduler } from '../scheduler.ts'
import { nothingSealed, stillPending } from '../software/event-sealing.ts'
import { meterApplication } from '../software/meter-application.ts'
import type { MeterApplication } from '../software/meter-platform.ts'
import { versionText } from '../software/meter-releases.ts'
import {
  configurationText,
  defaultCheckPeriodMs,
  MeterSoftware,
  type MeterSoftwareOptions,
  type SoftwareNews,
} from '../software/meter-software.ts'
import { softwareObjects } from '../software/software-objects.ts'
import { CardSecurityModule, emptyCardSlot } from './card-security-module.ts'
import type { CommandRefusalReason } from './command-judge.ts'
import { CriticalCommands } from './critical-commands.ts'
import type { DeviceStore } from './device-store.ts'
import { type EventLogName, eventCodes } from './event-log.ts'
import { type MeterIdentity, requireIdentity } from './meter-identity.ts'
import { clientSaps, type MeterView, managementSlot, meterAssociations, meterObjects } from './meter-objects.ts'
import {
  logged,
  type MeterState,
  newMeterState,
  poweredDown,
  poweredUp,
  type SwitchState,
  switched,
} from './meter-state.ts'
import { emitMeterState, parseMeterState } from './meter-state-codec.ts'
import { SealedLog } from './sealed-log.ts'
import type { SecureElement, SecureElementState } from './secure-element.ts'

/** Where a meter can be reached while it runs. */
export interface MeterAddress {
  readonly host: string
  readonly port: number
}

export interface MeterSocket extends MeterAddress {
  /** Ends all connections. */
  close(): Promise<void>
}

/** Puts a server where clients reach it; `@gridcard/devices/node` has one for TCP. */
export type MeterListener = (server: DlmsServer) => Promise<MeterSocket>

export interface MeterOptions {
  readonly identity: MeterIdentity
  /** Title of the head-end that shares the management keys, 8 bytes. */
  readonly clientSystemTitle: Uint8Array
  /** The meter's card in some reader; undefined is an empty card slot. Or any other secure element. */
  readonly link?: CardLink | undefined
  readonly element?: SecureElement
  readonly clock: Clock
  /** With it the meter tells of each capture (`captured`); the profile is complete without. */
  readonly scheduler?: Scheduler
  /** Who lives behind it, 32 bits. */
  readonly seed: number
  /** Weather shared with other homes; by default it has its own. */
  readonly sky?: Sky
  readonly store: DeviceStore
  /** Slots, and what judges what is in them. Without it the meter runs the software that it was built with, unmeasured. */
  readonly software?: MeterSoftwareOptions
  readonly listen: MeterListener
  /** When it was put in, with its home running ever since; only used when the store is empty. By default now. */
  readonly installedAtMs?: number
}

export type MeterEventDetail =
  | { readonly kind: 'power-up' | 'power-down' | 'disconnected' | 'connected' | 'card-ready' }
  | { readonly kind: 'captured'; readonly firstMs: number; readonly lastMs: number }
  | { readonly kind: 'card-unavailable'; readonly reason: string }
  /** Its software: what was started, what was refused and why, and that it is not what was measured any more. */
  | SoftwareNews
  | { readonly kind: 'software-update'; readonly step: 'verified' | 'activated' }
  | { readonly kind: 'software-update-refused'; readonly step: 'verify' | 'activate'; readonly reason: string }
  /** A method that the card has to let through, and why it did not. */
  | { readonly kind: 'command-refused'; readonly reason: CommandRefusalReason; readonly method: string }
  /** From the DLMS server: refusals and associations. */
  | { readonly kind: 'security'; readonly event: SecurityEvent }
  /** The store failed while something was logged; what has to be saved first (a switch) is refused instead. */
  | { readonly kind: 'not-saved'; readonly error: unknown }

export type MeterEvent = MeterEventDetail & { readonly atMs: number; readonly serial: string }

/** The meter's own account, for tests and demonstrations; no protocol gives it. */
export interface MeterTruth {
  /** Whole capture periods inside `[fromMs, toMs]` that have ended, oldest first. */
  intervals(fromMs: number, toMs: number): IntervalTruth[]
  registers(): Registers
}

export interface MeterSnapshot {
  readonly serial: string
  readonly isRunning: boolean
  readonly address: MeterAddress | undefined
  readonly switchState: SwitchState
  readonly card: SecureElementState
  /** `1.0.0`; undefined when none runs, or none is measured. */
  readonly software: string | undefined
  readonly nowMs: number
  readonly installedAtMs: number
}

/** Real time: for the last answer to be on its way, and at the latest when nobody ends the association. */
const restartDelayMs = 50
const restartAtLatestMs = 30_000

const cardOff: SecureElementState = { ready: false, reason: 'the meter is off' }

const fraudCodeOf: Partial<Record<SecurityEvent['kind'], number>> = {
  'association-refused': eventCodes.fraud.associationRefused,
  'decryption-failed': eventCodes.fraud.authenticationFailed,
  'hls-failed': eventCodes.fraud.authenticationFailed,
  'counter-replayed': eventCodes.fraud.replayRefused,
}

/** A card that is not there has an event of its own. */
const commandCodeOf: Partial<Record<CommandRefusalReason, number>> = {
  unauthorised: eventCodes.fraud.commandUnauthorised,
  'not-genuine': eventCodes.fraud.commandNotGenuine,
  'other-device': eventCodes.fraud.commandForOtherDevice,
  'not-allowed': eventCodes.fraud.commandNotAllowed,
  'old-counter': eventCodes.fraud.commandReplayed,
  'not-now': eventCodes.fraud.commandNotNow,
  'other-payload': eventCodes.fraud.commandOtherPayload,
}

/**
 * Builds a meter, off. What it did before is read from its store now, so that a damaged state is known early.
 *
 * @throws DevicesError `DEVICES_BAD_OPTION`, `DEVICES_STATE_DAMAGED`, `DEVICES_STATE_VERSION`, `DEVICES_STATE_FOREIGN`
 */
export function createMeter(options: MeterOptions): Meter {
  return new Meter(options)
}

/**
 * A DLMS meter: a household behind a switch, a card that holds the keys, and a server that shows both. `start` is power
 * on, `stop` power off; a meter started again with the same store and card goes on where it was.
 */
export class Meter {
  readonly identity: MeterIdentity
  readonly household: Household
  readonly truth: MeterTruth
  readonly #clock: Clock
  readonly #scheduler: Scheduler | undefined
  readonly #store: DeviceStore
  readonly #listen: MeterListener
  readonly #element: SecureElement
  readonly #metrology: Metrology
  readonly #view: MeterView
  readonly #software: MeterSoftware | undefined
  readonly #commands: CriticalCommands | undefined
  readonly #sealedLog: SealedLog | undefined
  readonly #checkPeriodMs: number
  readonly #listeners = new Set<(event: MeterEvent) => void>()
  #memory: MeterState
  #supply: SupplyHistory
  /** Its first power-up was at installation; the home has been running since. */
  #isNew: boolean
  #latestMs: number
  #card: SecureElementState = cardOff
  /** It was unavailable while the meter ran. */
  #isCardBack = false
  #socket: MeterSocket | undefined
  #stopCaptures: (() => void) | undefined
  #stopChecks: (() => void) | undefined
  /** An update was activated: the meter starts again when whoever ordered it has its answer. */
  #restartTimer: ReturnType<typeof setTimeout> | undefined
  #restart: Promise<void> = Promise.resolve()

  constructor(options: MeterOptions) {
    this.identity = requireIdentity(options.identity)
    if (options.clientSystemTitle.length !== 8) {
      throw new DevicesError('DEVICES_BAD_OPTION', "the head-end's system title has 8 bytes")
    }
    this.#clock = options.clock
    this.#scheduler = options.scheduler
    this.#store = options.store
    this.#listen = options.listen
    this.household = new Household({ seed: options.seed, ...(options.sky && { sky: options.sky }) })
    const saved = loadState(options.store, this.identity.serial)
    this.#isNew = saved === undefined
    this.#memory = saved ?? newMeterState(this.identity.serial, installationTime(options))
    this.#supply = new SupplyHistory(this.#memory.supplyChangesS)
    this.#latestMs = this.#memory.savedAtMs
    this.#metrology = new Metrology({
      household: this.household,
      supply: () => this.#supply,
      installedAtMs: this.#memory.installedAtMs,
    })
    this.truth = {
      intervals: (fromMs, toMs) => this.#metrology.intervals(fromMs, toMs, this.#now()),
      registers: () => this.#metrology.registersAt(this.#now()),
    }
    this.#element = elementOf(options, this.identity)
    this.#element.onStateChange = (state) => this.#cardChanged(state)
    const { commands: judge, log: sealer } = this.#element
    this.#sealedLog = sealer && new SealedLog(sealer)
    this.#commands =
      judge &&
      new CriticalCommands({
        judge,
        nowSeconds: () => Math.floor(this.#now() / 1000),
        onRefused: (reason, { logicalName, methodIndex }) =>
          this.#commandRefused(reason, `${logicalName} method ${methodIndex}`),
      })
    this.#view = {
      identity: this.identity,
      clientSystemTitle: options.clientSystemTitle,
      element: this.#element,
      commands: this.#commands,
      sealedLog: this.#sealedLog,
      metrology: this.#metrology,
      log: (name) => this.#memory.logs[name],
      nowMs: () => this.#now(),
      isClockSound: () => this.#clock.nowMs() >= this.#latestMs,
      switchState: () => this.#memory.switchState,
      switchTo: (state) => this.#switchTo(state),
    }
    if (options.software !== undefined || sealer !== undefined) {
      this.#memory = { ...this.#memory, sealing: this.#memory.sealing ?? nothingSealed }
    }
    this.#checkPeriodMs = options.software?.checkPeriodMs ?? defaultCheckPeriodMs
    if (options.software !== undefined) {
      const { systemTitle } = this.identity
      const { clientSystemTitle } = options
      this.#software = new MeterSoftware({
        ...options.software,
        configuration: configurationText({ systemTitle, clientSystemTitle }),
        tell: (news) => this.#softwareNews(news),
      })
    }
  }

  /** Host and port while it runs. */
  get address(): MeterAddress | undefined {
    return this.#socket && { host: this.#socket.host, port: this.#socket.port }
  }

  state(): MeterSnapshot {
    return {
      serial: this.identity.serial,
      isRunning: this.#socket !== undefined,
      address: this.address,
      switchState: this.#memory.switchState,
      card: this.#card,
      software: this.#softwareVersion(),
      nowMs: this.#now(),
      installedAtMs: this.#memory.installedAtMs,
    }
  }

  /** @returns takes the listener away again */
  onEvent(listener: (event: MeterEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Power on. With a card that is missing or refuses, the meter runs, shows its public part and says so.
   *
   * @throws what the listener throws, for a port that is taken, and what the store throws; the meter is off then, as before
   */
  async start(): Promise<void> {
    assert(this.#socket === undefined, 'a running meter is not started')
    const card = await this.#element.powerUp() // first, so that whoever connects finds it ready
    let socket: MeterSocket | undefined
    try {
      socket = await this.#listen(await this.#boot())
      this.#commit(poweredUp(this.#memory, this.#isNew ? this.#memory.installedAtMs : this.#now()))
    } catch (error) {
      await socket?.close()
      await this.#element.powerDown()
      throw error
    }
    this.#isNew = false
    this.#socket = socket
    this.#emit({ kind: 'power-up' })
    this.#cardChanged(card)
    this.#stopCaptures = this.#scheduler?.every(capturePeriodMs, ({ firstMs, lastMs }) =>
      this.#emit({ kind: 'captured', firstMs, lastMs }),
    )
    if (this.#software !== undefined) this.#stopChecks = this.#everyCheck(() => void this.#software?.check())
    await this.#sealLog()
  }

  /** By the scheduler if there is one, else in real time: checks go on in a street that nobody drives. */
  #everyCheck(run: () => void): () => void {
    if (this.#scheduler !== undefined) return this.#scheduler.every(this.#checkPeriodMs, run)
    const timer = setInterval(run, this.#checkPeriodMs)
    timer.unref()
    return () => clearInterval(timer)
  }

  /**
   * The server over what may run. Where nothing may, it is the loader's alone: who the meter is, its keys, and the way to new
   * software; no readings and no switch.
   */
  async #boot(): Promise<DlmsServer> {
    if (this.#software === undefined) return this.#serverOf(meterApplication)
    let server: DlmsServer | undefined
    const tryOut = (application: MeterApplication) => {
      server = this.#serverOf(application)
    }
    const reset = async () => {
      await this.#element.powerDown()
      await this.#element.powerUp()
    }
    const running = await this.#software.boot(tryOut, reset)
    return running !== undefined && server !== undefined ? server : this.#serverOf(() => [])
  }

  #serverOf(application: MeterApplication): DlmsServer {
    return new DlmsServer({
      objects: meterObjects(this.#view, application, this.#loaderObjects()),
      associations: meterAssociations,
      security: this.#element.security,
      onSecurityEvent: (event) => this.#securityEvent(event),
    })
  }

  #loaderObjects(): readonly CosemObject[] {
    if (this.#software === undefined) return []
    return softwareObjects({
      software: this.#software,
      nowMs: () => this.#now(),
      onVerified: () => this.#emit({ kind: 'software-update', step: 'verified' }),
      onActivated: () => {
        this.#log('standard', eventCodes.standard.firmwareReady)
        this.#emit({ kind: 'software-update', step: 'activated' })
        this.#restartAfter(restartAtLatestMs)
      },
      onRefused: (step, reason) => {
        this.#log('fraud', eventCodes.fraud.softwareRefused)
        this.#emit({ kind: 'software-update-refused', step, reason })
      },
    })
  }

  #softwareVersion(): string | undefined {
    const running = this.#software?.running
    return running && versionText(running.image.header.version)
  }

  #softwareNews(news: SoftwareNews): void {
    if (news.kind === 'software-refused') this.#log('fraud', eventCodes.fraud.softwareRefused)
    if (news.kind === 'software-mismatch') this.#log('fraud', eventCodes.fraud.softwareMismatch)
    if (news.kind === 'software-started' && news.release === 'trial') {
      this.#log('standard', eventCodes.standard.firmwareActivated)
    }
    this.#emit(news)
  }

  #restartAfter(delayMs: number): void {
    clearTimeout(this.#restartTimer)
    this.#restartTimer = setTimeout(() => {
      this.#restartTimer = undefined
      this.#restart = this.#startAgain().catch((error: unknown) => this.#emit({ kind: 'not-saved', error }))
    }, delayMs)
  }

  /** As after a reset button: the home goes on meanwhile. */
  async #startAgain(): Promise<void> {
    if (await this.#disconnect()) await this.start()
  }

  /** What was logged goes into the element's chain; what it has need not be kept any longer than the next save. */
  async #sealLog(): Promise<void> {
    const { sealing } = this.#memory
    if (sealing === undefined || sealing.pending.length === 0) return
    const seen: (number | undefined)[] = []
    if (this.#software !== undefined) seen.push(await this.#software.seal(sealing))
    if (this.#sealedLog !== undefined) seen.push(await this.#sealedLog.enter(sealing))
    if (seen.length === 0 || this.#memory.sealing === undefined) return
    // what one of them has not seen yet is kept
    const sealed = Math.min(...seen.map((count) => count ?? 0))
    this.#memory = { ...this.#memory, sealing: stillPending(this.#memory.sealing, sealed) }
  }

  /**
   * Power off. Afterwards it can be started again, or built again from the same store.
   *
   * @throws what the store throws; the meter is off then too, and its next start looks like one after a crash
   */
  async stop(): Promise<void> {
    await this.#endRestart()
    if (!(await this.#disconnect())) return
    this.#commit(poweredDown(this.#memory, this.#now()))
    this.#emit({ kind: 'power-down' })
  }

  /**
   * Ends this process's part without cutting the power: the home goes on meanwhile, as after a kill, and a later `start`
   * over the same store has its consumption.
   */
  async leave(): Promise<void> {
    await this.#endRestart()
    await this.#disconnect()
  }

  async #endRestart(): Promise<void> {
    clearTimeout(this.#restartTimer)
    this.#restartTimer = undefined
    await this.#restart
  }

  /** False if it was off already. */
  async #disconnect(): Promise<boolean> {
    const socket = this.#socket
    if (socket === undefined) return false
    this.#socket = undefined
    this.#stopCaptures?.()
    this.#stopCaptures = undefined
    this.#stopChecks?.()
    this.#stopChecks = undefined
    await socket.close()
    await this.#software?.powerDown()
    await this.#sealedLog?.powerDown()
    await this.#element.powerDown()
    this.#card = cardOff
    return true
  }

  /** Never goes back: where the clock does, the meter's time stands until the clock has caught up. */
  #now(): number {
    this.#latestMs = Math.max(this.#latestMs, Math.floor(this.#clock.nowMs()))
    return this.#latestMs
  }

  // ---- what happens to it

  /** Saved before it is answered: a switch that a power cut could undo would be a lie to the head-end. */
  #switchTo(state: SwitchState): ActionOutcome {
    if (this.#socket === undefined) return { result: 'temporary-failure' }
    if (this.#commands?.permits(state) === false) {
      this.#commandRefused('unauthorised', `switch to ${state}`) // by its software, past the object
      return { result: 'read-write-denied' }
    }
    if (state === this.#memory.switchState) return { result: 'success' }
    try {
      this.#commit(switched(this.#memory, state, this.#now()))
    } catch (error) {
      this.#emit({ kind: 'not-saved', error })
      return { result: 'hardware-fault' }
    }
    this.#emit({ kind: state })
    return { result: 'success' }
  }

  #commandRefused(reason: CommandRefusalReason, method: string): void {
    const code = commandCodeOf[reason]
    if (code !== undefined) this.#log('fraud', code)
    this.#emit({ kind: 'command-refused', reason, method })
  }

  #securityEvent(event: SecurityEvent): void {
    if (event.kind === 'association-closed' && event.clientSap === clientSaps.management) this.#commands?.forget()
    const code = fraudCodeOf[event.kind]
    if (code !== undefined) this.#log('fraud', code)
    this.#emit({ kind: 'security', event })
    if (event.kind === 'association-closed' && this.#restartTimer !== undefined) this.#restartAfter(restartDelayMs)
  }

  #cardChanged(state: SecureElementState): void {
    if (this.#socket === undefined) return
    this.#card = state
    if (state.ready) {
      this.#emit({ kind: 'card-ready' })
      // A card that was away has forgotten what was measured: only a boot measures it again.
      if (this.#isCardBack) this.#restartAfter(restartAtLatestMs)
      this.#isCardBack = false
    } else {
      this.#isCardBack = this.#software !== undefined
      this.#log('fraud', eventCodes.fraud.cardUnavailable)
      this.#emit({ kind: 'card-unavailable', reason: state.reason })
    }
  }

  /** An event that nobody waits for: a store that fails is told of, and does not stop the meter. */
  #log(name: EventLogName, code: number): void {
    const next = logged(this.#memory, name, code, this.#now())
    try {
      this.#commit(next)
    } catch (error) {
      this.#memory = next
      this.#emit({ kind: 'not-saved', error })
    }
  }

  #commit(next: MeterState): void {
    const state = { ...next, savedAtMs: this.#now() }
    this.#store.save(emitMeterState(state))
    this.#memory = state
    this.#supply = new SupplyHistory(state.supplyChangesS)
    void this.#sealLog()
  }

  #emit(detail: MeterEventDetail): void {
    const event: MeterEvent = { ...detail, atMs: this.#now(), serial: this.identity.serial }
    for (const listener of this.#listeners) listener(event)
  }
}

function installationTime({ installedAtMs, clock }: MeterOptions): number {
  const atMs = installedAtMs ?? Math.floor(clock.nowMs())
  if (Number.isInteger(atMs) && atMs >= 0) return atMs
  throw new DevicesError('DEVICES_BAD_OPTION', 'a meter is installed at whole milliseconds since 1970')
}

function loadState(store: DeviceStore, serial: string): MeterState | undefined {
  const bytes = store.load()
  if (bytes === undefined) return undefined
  const state = parseMeterState(bytes)
  if (state.serial === serial) return state
  throw new DevicesError('DEVICES_STATE_FOREIGN', `the saved state is of meter ${state.serial}, not ${serial}`, {
    serial,
  })
}

function elementOf({ link, element, clientSystemTitle }: MeterOptions, identity: MeterIdentity): SecureElement {
  if (element === undefined) {
    return new CardSecurityModule({
      link: link ?? emptyCardSlot,
      systemTitle: identity.systemTitle,
      deviceId: identity.deviceId,
      peerSystemTitles: new Map([[managementSlot, clientSystemTitle.slice()]]),
    })
  }
  if (link !== undefined)
    throw new DevicesError('DEVICES_BAD_OPTION', 'a meter has a card or another element, not both')
  return element
}
