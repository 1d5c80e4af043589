import { toHex } from '@gridcard/bytes'
import { type CapFile, parseCapFile } from '@gridcard/cap'
import type { CryptoProvider } from '@gridcard/crypto'
import { platform } from './api/platform.ts'
import { type CardProfile, profileHash, requireProfile, stackSizeBytes } from './card-profile.ts'
import type { CardReport } from './card-report.ts'
import { CardError } from './errors.ts'
import { attachGlobalPlatform, createGlobalPlatform } from './globalplatform/create-issuer-domain.ts'
import type { IssuerKeys } from './globalplatform/globalplatform-profile.ts'
import { type Medium, protocolsOfAtr, type TransmissionProtocol } from './runtime/answer-to-reset.ts'
import { collectGarbage } from './runtime/collector.ts'
import { deleteApplet, deletePackage } from './runtime/deletion.ts'
import { dispatch, selectDefaultApplet } from './runtime/dispatcher.ts'
import { type InstallOptions, installApplet } from './runtime/installer.ts'
import { type CardClock, type CardLog, Jcre } from './runtime/jcre.ts'
import { createJcreObjects, requireJcreObjects } from './runtime/jcre-objects.ts'
import { adoptPackages, loadPackage, packageSizeBytes, restorePackages } from './runtime/loader.ts'
import { MOST_CHANNELS } from './runtime/logical-channels.ts'
import { noneSelected } from './runtime/selection.ts'
import { T0Transport } from './runtime/t0-transport.ts'
import type { Engine } from './vm/engine.ts'
import { interpreter } from './vm/interpreter/interpreter.ts'
import { FIRST_LOADED_CLASS_ID } from './vm/link/native-library.ts'
import type { Machine } from './vm/machine.ts'
import { BufferPool } from './vm/memory/buffer-pool.ts'
import { CardMemory, type MemoryShape } from './vm/memory/card-memory.ts'
import { elementBytes, isBlock, LENGTH_MASK, OWNER_MASK, TYPE } from './vm/memory/handle-entry.ts'
import { HANDLE_ENTRY_BYTES, JOURNAL_OFFSET } from './vm/memory/layout.ts'
import type { NvStore } from './vm/memory/nv-store.ts'
import type { Monitor } from './vm/monitor.ts'

const DEFAULT_INSTRUCTION_BUDGET = 200_000_000

export interface CardOptions {
  readonly profile: CardProfile
  readonly crypto: CryptoProvider
  /** Default: the interpreter. */
  readonly engine?: Engine
  /** Byte codes per command, then the command ends with 6F00. Default: 200 million. */
  readonly instructionBudget?: number
  /** Default: the monotonic clock of the host. */
  readonly clock?: CardClock
  /** What went wrong inside and a status word does not tell. */
  readonly log?: CardLog
  /** Watches the card run, from the first instruction on. */
  readonly monitor?: Monitor
}

/** A Java Card: non-volatile memory that outlives it, a runtime environment while it is powered. */
export class Card {
  readonly profile: CardProfile
  readonly #jcre: Jcre
  #isPowered = false
  #t0: T0Transport | undefined
  #isBusy = false

  private constructor(o: CardOptions, memory: CardMemory) {
    this.profile = o.profile
    this.#jcre = new Jcre({
      memory,
      engine: o.engine ?? interpreter,
      crypto: o.crypto,
      profile: o.profile,
      natives: platform(),
      log: o.log ?? (() => {}),
      clock: o.clock ?? (() => performance.now()),
      instructionBudget: o.instructionBudget ?? DEFAULT_INSTRUCTION_BUDGET,
      ...(o.monitor && { monitor: o.monitor }),
    })
    memory.onPowerCut = () => {
      this.#jcre.isDead = true
      memory.keep()
    }
  }

  /**
   * A blank card. Its store, if it has one, is written from the first byte to the last. `issuerKeys` are the first keys of
   * the issuer security domain, if its profile says that the card maker brings them.
   * @throws CardError `CARD_BAD_PROFILE`
   */
  static create(o: CardOptions & { readonly store?: NvStore; readonly issuerKeys?: IssuerKeys }): Card {
    requireProfile(o.profile)
    const memory = CardMemory.format(shapeOf(o), FIRST_LOADED_CLASS_ID, o.store, poolFor(o))
    try {
      createJcreObjects(memory, platform())
      const card = new Card(o, memory)
      const { globalPlatform } = o.profile
      if (globalPlatform) createGlobalPlatform(card.#jcre, globalPlatform, o.issuerKeys)
      return card
    } finally {
      memory.letGo()
    }
  }

  /**
   * The card of an image, of the same profile. What a power cut left half done is undone first. `image` is copied; a
   * card opened from one keeps its memory to itself.
   * @throws CardError `CARD_IMAGE_...`
   */
  static open(o: CardOptions & ({ readonly store: NvStore } | { readonly image: Uint8Array })): Card {
    requireProfile(o.profile)
    const store = 'store' in o ? o.store : undefined
    const image = 'store' in o ? o.store.read() : o.image
    if (image === undefined) throw new CardError('CARD_IMAGE_MISSING', 'the store holds no image')
    const memory = CardMemory.open(shapeOf(o), image, store, poolFor(o))
    try {
      return Card.#restore(o, memory)
    } catch (error) {
      memory.giveUp()
      throw error
    } finally {
      memory.letGo()
    }
  }

  static #restore(o: CardOptions, memory: CardMemory): Card {
    const card = new Card(o, memory)
    const jcre = card.#jcre
    requireJcreObjects(jcre.memory, jcre.natives)
    if (o.profile.globalPlatform) attachGlobalPlatform(jcre, o.profile.globalPlatform)
    restorePackages(jcre)
    jcre.registry.restore(jcre.requireClass('javacard/framework/Applet'), jcre.requireClass('javacard/framework/AID'))
    if (jcre.memory.root.isCollecting) collectGarbage(jcre)
    jcre.open?.recover()
    return card
  }

  /**
   * Another card with the same packages, applets and data, as from this one's image, but fast: nothing is linked or checked
   * again. It has no power yet, the same identity and keys, and goes its own way from here.
   *
   * @param o.store gets the whole image; without one the clone keeps its memory to itself
   */
  clone(o: Omit<CardOptions, 'profile' | 'crypto'> & { readonly store?: NvStore } = {}): Card {
    return this.#exclusively(() => {
      const jcre = this.#jcre
      const options = { engine: jcre.engine, clock: jcre.clock, instructionBudget: jcre.instructionBudget, ...o }
      const card = new Card(
        { ...options, profile: this.profile, crypto: jcre.crypto },
        jcre.memory.clone(shapeOf({ profile: this.profile, crypto: jcre.crypto }), o.store),
      )
      const { memory } = card.#jcre
      const { globalPlatform } = this.profile
      if (globalPlatform) {
        memory.hold()
        attachGlobalPlatform(card.#jcre, globalPlatform)
      }
      adoptPackages(card.#jcre, jcre)
      card.#jcre.registry.adopt(jcre.registry)
      memory.letGo()
      return card
    })
  }

  /**
   * Loads a package through the host, without GlobalPlatform.
   * @param cap a CAP file, parsed or as the bytes of its ZIP
   * @throws CardError `CARD_PACKAGE_...`, `CARD_IMPORT_MISSING`, `CARD_LINK_...`, `CARD_MEMORY_FULL`; CapFormatError
   */
  loadPackage(cap: CapFile | Uint8Array): void {
    this.#exclusively(() => {
      loadPackage(this.#jcre, cap instanceof Uint8Array ? parseCapFile(cap) : cap)
    })
  }

  /**
   * Runs an applet's install method.
   * @returns the AID of the new instance
   * @throws CardError `CARD_INSTALL_REFUSED`, the status word in `place.sw`
   */
  installApplet(o: InstallOptions): Uint8Array {
    return this.#exclusively(() => installApplet(this.#jcre, o).slice())
  }

  /**
   * Makes an applet the default applet of a logical channel, in place of another; without `aid` the channel has none.
   * @throws CardError `CARD_NO_SUCH_APPLET`
   * @source JCRE 3.1 §4.1
   */
  setDefaultApplet({ channel = 0, aid }: { readonly channel?: number; readonly aid?: Uint8Array | undefined }): void {
    this.#exclusively(() => {
      const { registry } = this.#jcre
      const applet = aid && registry.find(aid)
      const isThere = (aid === undefined || applet !== undefined) && channel >= 0 && channel < MOST_CHANNELS
      if (!isThere) throw new CardError('CARD_NO_SUCH_APPLET', 'no such applet, or no such channel', { channel })
      registry.setDefault(channel, applet)
    })
  }

  /**
   * Deletes an applet instance with everything it owns.
   * @throws CardError `CARD_DELETE_REFUSED`, the status word in `place.sw`
   */
  deleteApplet(aid: Uint8Array): void {
    this.#exclusively(() => deleteApplet(this.#jcre, aid))
  }

  /**
   * Deletes a package; with `withApplets` its applet instances, too.
   * @throws CardError `CARD_DELETE_REFUSED`, the status word in `place.sw`
   */
  deletePackage(aid: Uint8Array, o: { readonly withApplets: boolean } = { withApplets: false }): void {
    this.#exclusively(() => deletePackage(this.#jcre, aid, o))
  }

  /**
   * Clears RAM, starts a session, and selects the default applet of the basic channel, if there is one.
   * @param o.protocol the one that reader and card agreed on; default: the first that the card offers
   * @param o.medium over the air the protocol is T=1, whatever the ATR offers. Default: contacts
   * @returns the ATR
   * @throws CardError `CARD_BAD_PROFILE` for a protocol that it does not offer
   */
  powerOn(o: { readonly protocol?: TransmissionProtocol; readonly medium?: Medium } = {}): Uint8Array {
    const { medium = 'contacts' } = o
    const isByContacts = medium === 'contacts'
    const offered: readonly TransmissionProtocol[] = isByContacts
      ? (this.profile.protocols ?? protocolsOfAtr(this.profile.atr))
      : ['T=1']
    const protocol = o.protocol ?? offered[0]!
    if (!offered.includes(protocol)) {
      throw new CardError('CARD_BAD_PROFILE', `the card speaks ${offered.join(' and ')}, not ${protocol}`)
    }
    return this.#exclusively(() => {
      const { memory, machine, sessions } = this.#jcre
      this.#cutPower()
      this.#jcre.protocol = protocol
      this.#jcre.medium = medium
      this.#t0 = protocol === 'T=0' ? new T0Transport((command) => dispatch(this.#jcre, command)) : undefined
      memory.root.bootCount = (memory.root.bootCount + 1) >>> 0
      memory.commitRoot()
      machine.resetStack()
      sessions.clear()
      this.#jcre.poweredOnMs = this.#jcre.clock()
      this.#isPowered = true
      selectDefaultApplet(this.#jcre)
      return this.#jcre.open?.answerToReset(this.profile.atr) ?? this.profile.atr.slice()
    })
  }

  /** RAM is gone; deselect() of active applets is not called. @source JCRE 3.1 §3.6 */
  powerOff(): void {
    const { memory } = this.#jcre
    memory.hold()
    this.#cutPower()
    if (!this.#isBusy) memory.letGo()
  }

  #cutPower(): void {
    const { memory, channels, sessions } = this.#jcre
    this.#isPowered = false
    noneSelected(this.#jcre)
    channels.reset()
    this.#jcre.open?.reset()
    sessions.clear()
    memory.u8.fill(0, memory.nvSizeBytes)
  }

  /**
   * One command, one response: APDUs in T=1, TPDUs in T=0. Everything the card refuses is a status word.
   * @throws CardError `CARD_NOT_POWERED`; `CARD_POWER_CUT` if the store refused a write, and ever after
   */
  transmit(command: Uint8Array): Uint8Array {
    this.#requireAlive()
    if (!this.#isPowered) throw new CardError('CARD_NOT_POWERED', 'the card has no power')
    return this.#exclusively(() => this.#t0?.transmit(command) ?? dispatch(this.#jcre, command).response)
  }

  /** A copy of all non-volatile memory: everything `Card.open` needs. */
  image(): Uint8Array {
    return this.#jcre.memory.image()
  }

  /**
   * The machine inside, to look at with the functions of `@gridcard/card/monitor`; changing it breaks the card. From here on
   * the card keeps its buffer, also when it is idle.
   */
  get machine(): Machine {
    this.#jcre.memory.keep()
    return this.#jcre.machine
  }

  report(): CardReport {
    const { memory } = this.#jcre
    memory.hold()
    const report = this.#report()
    if (!this.#isBusy) memory.letGo()
    return report
  }

  #report(): CardReport {
    const { memory, machine, registry, channels } = this.#jcre
    const usage = this.#usageByOwner()
    return {
      profile: this.profile.name,
      packages: machine.packageList.map((one) => ({
        aid: one.linked.aid,
        version: `${one.linked.version.major}.${one.linked.version.minor}`,
        sizeBytes: packageSizeBytes(this.#jcre, one),
      })),
      applets: registry.applets.map((one) => ({
        aid: toHex(one.aid),
        packageAid: registry.packageOf(one).linked.aid,
        lifeCycle: channels.isActive(one) ? 'selected' : 'selectable',
        persistentBytes: usage.get(one.owner)?.persistent ?? 0,
        transientBytes: usage.get(one.owner)?.transient ?? 0,
      })),
      memory: {
        nvSizeBytes: memory.nvSizeBytes,
        nvUsedBytes: memory.nvSizeBytes - memory.freePersistentBytes,
        nvSystemBytes: JOURNAL_OFFSET + memory.commitCapacityBytes,
        handleCount: memory.root.handleCount,
        ramSizeBytes: memory.ramSizeBytes,
        ramUsedBytes: memory.stackStart - memory.nvSizeBytes - memory.freeTransientBytes,
        ramStackBytes: memory.ramSizeBytes - (memory.stackStart - memory.nvSizeBytes),
        commitCapacityBytes: memory.commitCapacityBytes,
      },
      bootCount: memory.root.bootCount,
    }
  }

  #usageByOwner(): Map<number, { persistent: number; transient: number }> {
    const { memory, machine } = this.#jcre
    const usage = new Map<number, { persistent: number; transient: number }>()
    for (let handle = 1; handle < memory.root.handleCount; handle++) {
      const type = memory.word1(handle) >>> 16
      const owner = (memory.word0(handle) >>> 24) & OWNER_MASK
      const length = memory.word1(handle) & LENGTH_MASK
      const size = type & TYPE.array ? length * elementBytes(type) : length + machine.classOf(handle).hiddenBytes
      if (isBlock(type)) continue
      const of = usage.get(owner) ?? { persistent: 0, transient: 0 }
      of.persistent += HANDLE_ENTRY_BYTES
      if (memory.addressOf(handle) < memory.nvSizeBytes) of.persistent += (size + 1) & ~1
      else of.transient += (size + 1) & ~1
      usage.set(owner, of)
    }
    return usage
  }

  #requireAlive(): void {
    if (this.#jcre.isDead) throw new CardError('CARD_POWER_CUT', 'the card lost power: open its store again')
  }

  /** A card does one thing at a time; a store or log that calls back into it is a mistake. */
  #exclusively<T>(act: () => T): T {
    this.#requireAlive()
    if (this.#isBusy) throw new CardError('CARD_BUSY', 'the card is in the middle of a command')
    this.#isBusy = true
    const { memory } = this.#jcre
    memory.hold()
    try {
      return act()
    } finally {
      this.#isBusy = false
      memory.letGo()
    }
  }
}

/** Cards of this process that are at work at the same time; those beyond take turns. */
const MOST_AWAKE_BYTES = 64 * 1024 * 1024
const buffers = new BufferPool(MOST_AWAKE_BYTES)

/** Cards that are watched, and very large ones, have a buffer of their own. */
function poolFor({ profile, monitor }: CardOptions): BufferPool | undefined {
  const isLarge = (profile.nvSizeBytes + profile.ramSizeBytes) * 8 > MOST_AWAKE_BYTES
  return monitor === undefined && !isLarge ? buffers : undefined
}

function shapeOf(o: CardOptions): MemoryShape {
  return {
    nvSizeBytes: o.profile.nvSizeBytes,
    ramSizeBytes: o.profile.ramSizeBytes,
    stackSizeBytes: stackSizeBytes(o.profile),
    commitCapacityBytes: o.profile.commitCapacityBytes,
    profileHash: profileHash(o.profile, o.crypto),
  }
}
