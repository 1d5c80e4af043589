import { fromHex, toHex } from '@gridcard/bytes'
import {
  type CardProfile,
  type CardReport,
  Card as JavaCard,
  type Medium,
  type Monitor,
  type TransmissionProtocol,
} from '@gridcard/card'
import { type CommandApdu, emitCommand } from '@gridcard/terminal'
import { developerCardProfile } from '../reader/developer-profile.ts'
import { CardSymbols } from '../symbols/card-symbols.ts'
import { PackageSymbols } from '../symbols/package-symbols.ts'
import { CuttingStore, type StoreWrite } from '../workbench/cutting-store.ts'
import { inLoadingOrder } from '../workbench/try/cap-library.ts'
import { Answer } from './answer.ts'
import { type AppletSource, type LoadedSource, loadSource } from './applet-source.ts'
import { type Channel, classOnChannel } from './channel.ts'
import { type CommandWork, markMemory, nameWrites } from './command-work.ts'
import type { Coverage } from './coverage/coverage.ts'
import { isPowerLost, TestKitError } from './errors.ts'
import { type ChanceTape, RecordedCrypto } from './recorded-crypto.ts'
import { WearCounter, type WearReport } from './wear.ts'

/** Hex (spaces allowed), bytes, or the parts of a command. */
export type CommandSource = string | Uint8Array | (Omit<CommandApdu, 'data'> & { readonly data?: string | Uint8Array })

export interface CardOptions {
  /** Install parameters by AID of the applet class, in hex. */
  readonly parameters?: Readonly<Record<string, string | Uint8Array>>
  /** Default: a roomy developer card, 512 KiB of non-volatile memory and 32 KiB of RAM. */
  readonly profile?: CardProfile
  /** Records which lines of Java ran. */
  readonly coverage?: Coverage
  /** False: nothing is selected. Default: when there is one applet it is, as after every `select()`. */
  readonly select?: boolean
}

/** How the card is powered: by contacts or over the air. */
export interface PowerOptions {
  /** Default: the first that its ATR offers; over the air T=1. In T=0 commands are TPDUs. */
  readonly protocol?: TransmissionProtocol
  readonly medium?: Medium
}

/** A card as it was at a moment, RAM and selection included: power on, and what happened since. */
export interface Snapshot {
  readonly image: Uint8Array
  readonly power: PowerOptions
  readonly actions: readonly Action[]
  readonly chance: ChanceTape
}

export interface Cut {
  /** Writes of the act that were done before the power was lost. */
  readonly afterWrites: number
  /** Of the write that was cut, its first half reached memory. */
  readonly isTorn: boolean
}

/** Something done to a powered card; done again it leads to the same card. */
type Action = (card: JavaCard) => void

const INSTRUCTION_BUDGET = 200_000_000
/** More would be a test that never ends. */
const MOST_CUTS = 100_000

/** A Java Card in this process with an applet to be tested. */
export class Card {
  /** Package by class, AIDs in hex. */
  readonly #packages = new Map<string, Uint8Array>()
  #applets: string[] = []
  readonly #profile: CardProfile
  readonly #monitor: Monitor | undefined
  readonly #symbols: CardSymbols
  readonly #crypto = new RecordedCrypto()
  readonly #wear: WearCounter
  #store = new CuttingStore()
  #card: JavaCard
  /** Where the running session began, and what was done in it. */
  #sessionImage: Uint8Array
  #power: PowerOptions = {}
  #actions: Action[] = []
  #writes: StoreWrite[] = []
  #writeCount = 0

  private constructor(o: CardOptions, sources: readonly LoadedSource[]) {
    this.#profile = o.profile ?? developerCardProfile
    this.#monitor = o.coverage?.monitor
    this.#symbols = new CardSymbols()
    for (const { cap, debug } of sources) {
      const symbols = new PackageSymbols(cap, debug)
      this.#symbols.add(symbols)
      o.coverage?.addPackage(symbols)
    }
    this.#wear = new WearCounter(this.#profile.nvSizeBytes)
    this.#card = JavaCard.create({ ...this.#cardOptions(), store: this.#store })
    this.#watchStore()
    this.#sessionImage = this.#card.image()
    this.#card.powerOn()
    const parameters = parametersOf(o.parameters)
    for (const { cap } of inLoadingOrder(sources)) {
      this.#do((card) => card.loadPackage(cap))
      for (const { aid } of cap.applet?.applets ?? []) {
        const given = parameters.get(toHex(aid))
        this.#packages.set(toHex(aid), cap.header.package.aid)
        this.#install(aid, aid, given)
      }
    }
    for (const aid of parameters.keys()) {
      if (!this.#packages.has(aid))
        throw new TestKitError('GRIDCARD_TEST_SETUP', `parameters for ${aid}: no such applet`)
    }
    this.#writes = []
  }

  /**
   * A fresh card with an applet installed, or several; libraries among them are loaded first.
   * @param applet path of a CAP file, path of a project folder (built first), or bytes
   * @throws GridcardError: it cannot be read, built, loaded or installed
   */
  static async with(applet: AppletSource | readonly AppletSource[], o: CardOptions = {}): Promise<Card> {
    const sources = await Promise.all((isList(applet) ? applet : [applet]).map(loadSource))
    const card = new Card(o, sources)
    if (o.select !== false && card.applets.length === 1) await card.select()
    return card
  }

  // ---- applets

  /** AIDs of all applets, in hex. */
  get applets(): readonly string[] {
    return this.#applets
  }

  /**
   * Installs one more instance of an applet. Like any card this one refuses while an applet of the package is selected that
   * does not implement MultiSelectable: `reset` first.
   * @param o.as its AID; default: that of the class
   * @returns its AID in hex
   * @throws CardError `CARD_INSTALL_REFUSED`
   */
  async install(
    classAid: string | Uint8Array,
    o: { readonly as?: string | Uint8Array; readonly parameters?: string | Uint8Array } = {},
  ): Promise<string> {
    const aid = bytesOf(classAid)
    const parameters = o.parameters === undefined ? undefined : bytesOf(o.parameters)
    return this.#install(aid, o.as === undefined ? aid : bytesOf(o.as), parameters)
  }

  /** Deletes an applet with all its objects. @throws CardError `CARD_DELETE_REFUSED` */
  async delete(aid: string | Uint8Array): Promise<void> {
    const bytes = bytesOf(aid)
    this.#do((card) => card.deleteApplet(bytes))
    this.#applets = this.#applets.filter((one) => one !== toHex(bytes))
  }

  #install(classAid: Uint8Array, instanceAid: Uint8Array, parameters: Uint8Array | undefined): string {
    const packageAid = this.#packages.get(toHex(classAid))
    if (packageAid === undefined) throw new TestKitError('GRIDCARD_TEST_SETUP', `${toHex(classAid)}: no such applet`)
    const given = { packageAid, appletAid: classAid, instanceAid, ...(parameters && { parameters }) }
    this.#do((card) => card.installApplet(given))
    this.#applets = [...this.#applets, toHex(instanceAid)]
    return toHex(instanceAid)
  }

  // ---- exchange

  /**
   * One command, one answer; everything the card refuses is a status word.
   * @throws TestKitError `GRIDCARD_POWER_LOST` (as a rejection) when the test cut the power; the card has then been started
   *   again, and nothing is selected
   */
  async send(command: CommandSource): Promise<Answer> {
    const bytes = commandBytes(command)
    let response = new Uint8Array()
    const work = this.#do((card) => {
      response = card.transmit(bytes) as Uint8Array<ArrayBuffer>
    })
    return new Answer(bytes, response, work)
  }

  /** SELECT by AID in hex; without one the only applet. */
  async select(aid: string | Uint8Array | undefined = this.#onlyApplet()): Promise<Answer> {
    if (aid === undefined) throw new TestKitError('GRIDCARD_TEST_SETUP', 'which applet? There is not just one')
    return this.send({ cla: 0, ins: 0xa4, p1: 4, p2: 0, data: aid, ne: 256 })
  }

  /** A further logical channel. @throws TestKitError the card has none left */
  async openChannel(): Promise<Channel<CommandSource, Answer>> {
    const opened = await this.send('00 70 00 00 01')
    const [number] = opened.data
    if (opened.status !== 0x9000 || number === undefined) {
      throw new TestKitError('GRIDCARD_TEST_SETUP', `no further channel: ${opened.statusText}`)
    }
    const send = (command: CommandSource) => {
      const bytes = commandBytes(command).slice()
      bytes[0] = classOnChannel(bytes[0]!, number)
      return this.send(bytes)
    }
    return {
      number,
      send,
      select: (aid) => send({ cla: 0, ins: 0xa4, p1: 4, p2: 0, data: aid, ne: 256 }),
      close: () => this.send(Uint8Array.of(0x00, 0x70, 0x80, number)),
    }
  }

  /** Power off and on, by contacts or over the air. @returns the answer to reset */
  async reset(power: PowerOptions = {}): Promise<Uint8Array> {
    this.#card.powerOff()
    this.#power = power
    return this.#startSession()
  }

  #onlyApplet(): string | undefined {
    return this.applets.length === 1 ? this.applets[0] : undefined
  }

  // ---- power

  /** The power is lost after so many more writes to non-volatile memory, whichever command does them; see `isPowerCutDue`. */
  cutPowerAfterWrite(writes: number, { torn = false }: { readonly torn?: boolean } = {}): void {
    if (!Number.isInteger(writes) || writes < 0) {
      throw new TestKitError('GRIDCARD_TEST_SETUP', `power is lost after 0, 1, 2... writes, not ${writes}`)
    }
    this.#store.arm(writes, torn)
  }

  /** True while a cut that was asked for has not happened. */
  get isPowerCutDue(): boolean {
    return this.#store.isArmed
  }

  /** No cut after all. */
  keepPower(): void {
    this.#store.disarm()
  }

  /**
   * Does the act once to count its writes, then once for each write with the power lost before it, every time from the
   * card as it is now; after each cut the card is started and checked. At the end the card is as after the whole act.
   *
   * @param check on the restarted card; select the applet first
   * @param o.torn also cut in the middle of each write
   * @returns how many cuts there were
   */
  async forEveryWrite(
    act: (card: Card) => unknown,
    check: (card: Card, cut: Cut) => unknown = () => {},
    { torn = false }: { readonly torn?: boolean } = {},
  ): Promise<number> {
    const before = this.snapshot()
    const first = this.#writeCount
    await act(this)
    const writes = this.#writeCount - first
    const after = this.snapshot()
    if (writes > MOST_CUTS) throw new TestKitError('GRIDCARD_TEST_SETUP', `${writes} writes are too many to cut each`)
    let cuts = 0
    for (let afterWrites = 0; afterWrites < writes; afterWrites++) {
      for (const isTorn of torn ? [false, true] : [false]) {
        const cut = { afterWrites, isTorn }
        this.restore(before)
        await this.#actWithCut(act, cut)
        try {
          await check(this, cut)
        } catch (cause) {
          const when = `power lost after write ${afterWrites} of ${writes}${isTorn ? ', the next one torn' : ''}`
          throw new TestKitError('GRIDCARD_TEST_SETUP', `${when}: ${(cause as Error).message}`, { ...cut }, { cause })
        }
        cuts++
      }
    }
    this.restore(after)
    return cuts
  }

  async #actWithCut(act: (card: Card) => unknown, { afterWrites, isTorn }: Cut): Promise<void> {
    this.cutPowerAfterWrite(afterWrites, { torn: isTorn })
    try {
      await act(this)
    } catch (error) {
      if (isPowerLost(error)) return
      this.keepPower()
      throw error
    }
    const isDue = this.isPowerCutDue
    this.keepPower()
    if (isDue) throw new TestKitError('GRIDCARD_TEST_SETUP', `the act wrote less when it was done again`)
  }

  // ---- time travel

  /** The card as it is now, RAM, selection and open sessions included. */
  snapshot(): Snapshot {
    return { image: this.#sessionImage, power: this.#power, actions: [...this.#actions], chance: this.#crypto.tape() }
  }

  /** The card as it was then. It can be gone back to again and again; what came after it is forgotten. */
  restore(snapshot: Snapshot): void {
    this.#replay(snapshot, snapshot.actions)
  }

  /**
   * The card as it was before its last commands.
   * @param commands at most those since the card was powered
   */
  rewind(commands = 1): void {
    const kept = this.#actions.length - commands
    if (kept < 0) {
      const there = this.#actions.length
      throw new TestKitError(
        'GRIDCARD_TEST_SETUP',
        `the card did ${there} things since it was powered, not ${commands}`,
      )
    }
    this.#replay(this.snapshot(), this.#actions.slice(0, kept))
  }

  #replay({ image, power, chance }: Snapshot, actions: readonly Action[]): void {
    this.#store = new CuttingStore(image)
    this.#card = JavaCard.open({ ...this.#cardOptions(), store: this.#store })
    // What is played back was counted when it happened.
    this.#store.onWrite = undefined
    this.#crypto.playBack(chance)
    this.#card.powerOn(power)
    this.#power = power
    for (const action of actions) action(this.#card)
    this.#applets = this.#card.report().applets.map(({ aid }) => aid)
    this.#sessionImage = image
    this.#actions = [...actions]
    this.#writes = []
    this.#watchStore()
  }

  // ---- reports

  /** What is on the card and where its memory went. */
  report(): CardReport {
    return this.#card.report()
  }

  /** Which bytes were written most often, since the card was made; see `wearText`. */
  wear(o: { readonly most?: number } = {}): WearReport {
    return this.#wear.report(this.#card.machine, this.#symbols, o)
  }

  /** A copy of all non-volatile memory. */
  image(): Uint8Array {
    return this.#card.image()
  }

  // ---- inside

  #cardOptions() {
    return {
      profile: this.#profile,
      crypto: this.#crypto.provider,
      instructionBudget: INSTRUCTION_BUDGET,
      ...(this.#monitor && { monitor: this.#monitor }),
    }
  }

  #watchStore(): void {
    this.#store.onWrite = (write) => {
      this.#writes.push(write)
      this.#writeCount++
      this.#wear.count(write)
    }
  }

  /** What the card did for an action; power that is lost on the way is a TestKitError. */
  #do(action: Action): CommandWork {
    const before = markMemory(this.#card.machine)
    this.#writes = []
    try {
      action(this.#card)
    } catch (error) {
      if (!this.#store.hasCut) throw error
    }
    if (this.#store.hasCut) this.#powerLost()
    this.#actions.push(action)
    const { machine } = this.#card
    const after = markMemory(machine)
    const writes = this.#writes
    return {
      byteCodes: INSTRUCTION_BUDGET - machine.budget,
      writes: writes.length,
      bytesWritten: writes.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
      places: nameWrites(machine, this.#symbols, writes),
      persistentBytes: after.persistent - before.persistent,
      transientBytes: after.transient - before.transient,
    }
  }

  #powerLost(): never {
    const done = this.#writes.length
    this.#store.disarm()
    this.#card = JavaCard.open({ ...this.#cardOptions(), store: this.#store })
    this.#startSession()
    throw new TestKitError('GRIDCARD_POWER_LOST', `the card lost power after ${done} writes of this command`, {
      writes: done,
    })
  }

  #startSession(): Uint8Array {
    this.#sessionImage = this.#card.image()
    this.#actions = []
    this.#crypto.startAnew()
    return this.#card.powerOn(this.#power)
  }
}

function isList(applet: AppletSource | readonly AppletSource[]): applet is readonly AppletSource[] {
  return Array.isArray(applet)
}

function parametersOf(given: CardOptions['parameters'] = {}): Map<string, Uint8Array> {
  return new Map(Object.entries(given).map(([aid, value]) => [toHex(fromHex(aid)), bytesOf(value)]))
}

const bytesOf = (source: string | Uint8Array): Uint8Array => (typeof source === 'string' ? fromHex(source) : source)

function commandBytes(command: CommandSource): Uint8Array {
  if (typeof command === 'string' || command instanceof Uint8Array) return bytesOf(command)
  const { data, ...rest } = command
  return emitCommand({ ...rest, ...(data !== undefined && { data: bytesOf(data) }) })
}
