import { GridcardError, toHex } from '@gridcard/bytes'
import { type CapFile, parseCapFile } from '@gridcard/cap'
import { Card, type CardReport, type InstallOptions, type Monitor } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import { developerCardProfile as profile } from '../reader/developer-profile.ts'
import { badOption } from './aid-option.ts'
import { CuttingStore } from './cutting-store.ts'
import { readInputFile } from './input-file.ts'
import { type GivenCap, inLoadingOrder } from './try/cap-library.ts'

export type Outcome<T> = { readonly kind: 'done'; readonly value: T } | { readonly kind: 'power-cut' }

/** A developer card in memory that can lose power in the middle of a write, and can be taken back to an image of itself. */
export class WorkbenchCard {
  readonly #monitor: Monitor | undefined
  #store = new CuttingStore()
  #card: Card
  #isPowered = true
  #cutAfter: number | undefined

  constructor(monitor?: Monitor) {
    this.#monitor = monitor
    this.#card = Card.create({ profile, crypto: nodeCrypto, store: this.#store, ...(monitor && { monitor }) })
    this.#card.powerOn()
  }

  get isPowered(): boolean {
    return this.#isPowered
  }

  load(cap: CapFile | Uint8Array): Outcome<void> {
    return this.#withCut(() => this.#card.loadPackage(cap))
  }

  install(o: InstallOptions): Outcome<Uint8Array> {
    return this.#withCut(() => this.#card.installApplet(o))
  }

  transmit(command: Uint8Array): Outcome<Uint8Array> {
    return this.#withCut(() => this.#card.transmit(command))
  }

  /** @returns the answer to reset */
  reset(): Outcome<Uint8Array> {
    return this.#withCut(() => {
      const atr = this.#card.powerOn()
      this.#isPowered = true
      return atr
    })
  }

  powerOff(): void {
    this.#card.powerOff()
    this.#isPowered = false
  }

  /** The next thing the card does loses power when it has written this often; then the card is started again. */
  cutPowerAfter(writes: number): void {
    this.#cutAfter = writes
  }

  image(): Uint8Array {
    return this.#card.image()
  }

  /** Back to an image of this card; it starts as after a reset. */
  restore(image: Uint8Array): void {
    this.#start(new CuttingStore(image))
  }

  /** To look into; another one after each start. */
  get machine(): Card['machine'] {
    return this.#card.machine
  }

  report(): CardReport {
    return this.#card.report()
  }

  #withCut<T>(act: () => T): Outcome<T> {
    if (this.#cutAfter !== undefined) this.#store.arm(this.#cutAfter)
    this.#cutAfter = undefined
    try {
      const value = act()
      if (!this.#store.disarm()) return { kind: 'done', value }
    } catch (error) {
      if (!this.#store.disarm()) throw error
    }
    this.#start(this.#store)
    return { kind: 'power-cut' }
  }

  #start(store: CuttingStore): void {
    this.#store = store
    const monitor = this.#monitor
    this.#card = Card.open({ profile, crypto: nodeCrypto, store, ...(monitor && { monitor }) })
    this.#card.powerOn()
    this.#isPowered = true
  }
}

/** @throws LauncherError `GRIDCARD_BAD_OPTION`, naming the file that is no CAP file */
export function readCaps(paths: readonly string[]): GivenCap[] {
  return paths.map((path) => naming(path, () => ({ path, cap: parseCapFile(readInputFile(path)) })))
}

/**
 * Loads CAP files, libraries first, and installs all their applets under their own AIDs.
 * @throws LauncherError `GRIDCARD_BAD_OPTION`, naming the file that cannot be used, or parameters for no applet
 */
export function loadAndInstall(
  card: WorkbenchCard,
  given: readonly GivenCap[],
  parameters: ReadonlyMap<string, Uint8Array>,
): void {
  requireApplets(given, parameters)
  for (const { path, cap } of inLoadingOrder(given)) {
    naming(path, () => {
      card.load(cap)
      for (const { aid } of cap.applet?.applets ?? []) {
        const applet = parameters.get(toHex(aid))
        card.install({ packageAid: cap.header.package.aid, appletAid: aid, ...(applet && { parameters: applet }) })
      }
    })
  }
}

/** @throws LauncherError `GRIDCARD_BAD_OPTION`: `--install` names an applet that no file has */
export function requireApplets(given: readonly GivenCap[], parameters: ReadonlyMap<string, Uint8Array>): void {
  const classes = new Set(given.flatMap(({ cap }) => cap.applet?.applets.map(({ aid }) => toHex(aid)) ?? []))
  for (const aid of parameters.keys()) {
    if (!classes.has(aid)) throw badOption(`--install ${aid}: no file has an applet with this AID`)
  }
}

function naming<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    if (!(cause instanceof GridcardError) || cause.code.startsWith('GRIDCARD_')) throw cause
    throw badOption(`${path}: ${cause.message} (${cause.code})`, { cause })
  }
}
