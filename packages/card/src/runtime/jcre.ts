import type { CryptoProvider } from '@gridcard/crypto'
import type { CardProfile } from '../card-profile.ts'
import type { Engine } from '../vm/engine.ts'
import { APDU_BUFFER_HANDLE } from '../vm/jcre-objects.ts'
import type { LinkedClass, LinkedMethod, NativeHost } from '../vm/link/linked-package.ts'
import type { NativeLibrary } from '../vm/link/native-library.ts'
import { JAVA_THROW, Machine, type PackageInstance, VM_HALT } from '../vm/machine.ts'
import type { CardMemory } from '../vm/memory/card-memory.ts'
import { DESELECT_OWNER, elementBytes, LENGTH_MASK, OWNER_MASK, TYPE } from '../vm/memory/handle-entry.ts'
import type { Monitor } from '../vm/monitor.ts'
import type { Medium, TransmissionProtocol } from './answer-to-reset.ts'
import type { ApduSession } from './apdu-session.ts'
import { type AppletRecord, AppletRegistry } from './applet-registry.ts'
import { LogicalChannels, MOST_CHANNELS } from './logical-channels.ts'
import type { Open } from './open.ts'

/** The installation that is going on. */
export interface Installation {
  readonly owner: number
  readonly packageInstance: PackageInstance
  readonly moduleAid: Uint8Array
  registered: AppletRecord | undefined
  /** Life cycle state to begin with. */
  readonly state: number
  /** Under GlobalPlatform it is the installer who names the instance. */
  readonly instanceAid: Uint8Array | undefined
  /** The instance of the old version, in an upgrade: its records stay. */
  readonly replaces?: AppletRecord
}

/** What happened in the card that a status word does not tell. Never keys, never command data. */
export interface CardLogEntry {
  readonly event: 'halted' | 'transaction-aborted' | 'uncaught-exception' | 'upgrade-failed'
  readonly detail: string
}
export type CardLog = (entry: CardLogEntry) => void

/** Milliseconds, fractions too, since some moment; never goes back. */
export type CardClock = () => number

/** State of crypto objects between their calls; lost at reset, never part of the image. */
export type SessionState = object

/** The Java Card runtime environment of one card: what native methods and the dispatcher work with. */
export class Jcre implements NativeHost {
  readonly memory: CardMemory
  readonly machine: Machine
  readonly engine: Engine
  readonly crypto: CryptoProvider
  readonly profile: CardProfile
  readonly natives: NativeLibrary
  readonly log: CardLog
  readonly clock: CardClock
  /** What the clock said at the last power on. */
  poweredOnMs: number
  readonly registry: AppletRegistry
  /** The command being processed by an applet. */
  apdu: ApduSession | undefined
  /** Agreed on when the card was powered. */
  protocol: TransmissionProtocol = 'T=1'
  medium: Medium = 'contacts'
  /** process() of the currently selected applet is running. */
  isProcessing = false
  /** The currently selected applet: set while the JCRE lets an applet work for a channel. */
  selected: AppletRecord | undefined
  /** The applet of the last command called setOutgoingNoChaining. */
  isWithoutChaining = false
  /** Channel of the currently selected applet. */
  assignedChannel = 0
  /** Class byte of the command being dispatched; 0 between commands. */
  cla = 0
  readonly channels: LogicalChannels
  /** True in select() and in the process() call of the SELECT command. */
  isSelecting = false
  /** The selected applet was deselected immediately before. */
  isReselecting = false
  installation: Installation | undefined
  /** GlobalPlatform's part of the runtime environment, on a card that has it. */
  open: Open | undefined
  /** JCSystem.requestObjectDeletion was called in this command. */
  isDeletionRequested = false
  /** A transaction of the JCRE goes on around what applets do. */
  isUpgrading = false
  /** The store refused a write. */
  isDead = false
  /** For each command, and each installation. */
  readonly instructionBudget: number
  /** By handle of the native object. */
  readonly sessions = new Map<number, SessionState>()
  /** What the last sensitive method answered, for SensitiveResult: its kind (`SENSITIVE`), and the word. */
  sensitiveKind = 0
  sensitiveValue = 0
  /** Handles of the OneShot objects that are open; none is when the JCRE has control. */
  readonly openOneShots = new Set<number>()

  constructor(o: {
    memory: CardMemory
    engine: Engine
    crypto: CryptoProvider
    profile: CardProfile
    natives: NativeLibrary
    log: CardLog
    clock: CardClock
    instructionBudget: number
    monitor?: Monitor
  }) {
    this.memory = o.memory
    this.engine = o.engine
    this.crypto = o.crypto
    this.profile = o.profile
    this.natives = o.natives
    this.log = o.log
    this.clock = o.clock
    this.poweredOnMs = o.clock()
    this.instructionBudget = o.instructionBudget
    this.machine = new Machine(o.memory, this, o.natives, o.monitor)
    this.registry = new AppletRegistry(this.machine)
    const { logicalChannels = MOST_CHANNELS } = o.profile
    this.channels = new LogicalChannels(logicalChannels, this.machine, (one) => this.isMultiSelectable(one))
  }

  // ---- calls

  /** Runs a method on behalf of the JCRE; afterwards `machine.thrown` and `machine.halted` tell how it ended. */
  call(method: LinkedMethod, owner: number, args: readonly number[]): number {
    return this.engine.invoke(this.machine, method, owner, args)
  }

  /** From a native method: a virtual call that an applet's subclass may have overridden. */
  callVirtual(handle: number, token: number, args: readonly number[]): number {
    const method = this.machine.classOf(handle).virtualMethods[token]!
    const owner = (this.memory.word0(handle) >>> 24) & OWNER_MASK
    const result = this.engine.invoke(this.machine, method, owner, [handle, ...args])
    if (this.machine.halted !== undefined) throw VM_HALT
    if (this.machine.thrown !== 0) throw JAVA_THROW
    return result
  }

  startBudget(): void {
    this.machine.budget = this.instructionBudget
  }

  /** The reason in a CardException or CardRuntimeException; undefined for others. */
  reasonOf(thrown: number): number | undefined {
    const linked = this.machine.classOf(thrown)
    const hasReason =
      linked.isKindOf(this.requireClass('javacard/framework/CardRuntimeException')) ||
      linked.isKindOf(this.requireClass('javacard/framework/CardException'))
    return hasReason ? this.memory.i16[this.machine.hiddenAddress(thrown) >> 1]! : undefined
  }

  // ---- classes that natives ask for by name

  requireClass(name: string): LinkedClass {
    return this.natives.requireClass(name)
  }

  /** @source JCRE 3.1 §4.2 */
  isMultiSelectable(applet: AppletRecord): boolean {
    return this.machine.classOf(applet.applet).isKindOf(this.requireClass('javacard/framework/MultiSelectable'))
  }

  // ---- transactions

  /** Ends an open transaction when the JCRE regains control. @returns true if there was one @source JCRE 3.1 §7.6.2 */
  abortOpenTransaction(): boolean {
    if (!this.memory.inTransaction) return false
    this.rollBack()
    this.log({ event: 'transaction-aborted', detail: 'a transaction was open when the runtime regained control' })
    return true
  }

  /** Rolls back, and makes references in transient arrays to what is gone null. @source JCRE 3.1 §7.6.3 */
  rollBack(): void {
    const gone = this.memory.freshHandles()
    this.memory.abort()
    for (const handle of this.sessions.keys()) if (gone.has(handle)) this.sessions.delete(handle)
    this.#forEachTransientArray((handle, address, length) => {
      if (((this.memory.word1(handle) >>> 16) & TYPE.references) === 0) return
      for (let cell = address >> 1; cell < (address >> 1) + length; cell++) {
        if (gone.has(this.memory.i16[cell]! & 0xffff)) this.memory.i16[cell] = 0
      }
    })
  }

  // ---- transient memory

  /** CLEAR_ON_DESELECT contents of a context. @source JCRE 3.1 §5.1 */
  clearOnDeselect(context: number): void {
    this.#forEachTransientArray((handle, address, length) => {
      const owner = this.memory.word0(handle) >>> 24
      if ((owner & DESELECT_OWNER) === 0 || this.machine.contextOf[owner & OWNER_MASK] !== context) return
      this.memory.u8.fill(0, address, address + length * elementBytes(this.memory.word1(handle) >>> 16))
    })
  }

  #forEachTransientArray(visit: (handle: number, address: number, length: number) => void): void {
    const { memory } = this
    for (let handle = 1; handle < memory.root.handleCount; handle++) {
      const word1 = memory.word1(handle)
      const address = memory.addressOf(handle)
      if (word1 < 0 && address >= memory.nvSizeBytes) visit(handle, address, word1 & LENGTH_MASK)
    }
  }

  // ---- the APDU buffer

  get apduBuffer(): Uint8Array {
    const at = this.memory.addressOf(APDU_BUFFER_HANDLE)
    return this.memory.u8.subarray(at, at + (this.memory.word1(APDU_BUFFER_HANDLE) & LENGTH_MASK))
  }
}
