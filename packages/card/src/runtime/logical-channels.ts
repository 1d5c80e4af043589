import type { Machine } from '../vm/machine.ts'
import type { AppletRecord } from './applet-registry.ts'

/** Channels an interface can have. @source JCRE 3.1 §4.1 */
export const MOST_CHANNELS = 20
export const BASIC_CHANNEL = 0

/** Which logical channels are open, and which applet instance is active on each; forgotten at reset. */
export class LogicalChannels {
  /** Channels that this card has. */
  readonly count: number
  readonly #machine: Machine
  readonly #isMultiSelectable: (applet: AppletRecord) => boolean
  readonly #isOpen: boolean[] = []
  readonly #active: (AppletRecord | undefined)[] = []

  constructor(count: number, machine: Machine, isMultiSelectable: (applet: AppletRecord) => boolean) {
    this.count = count
    this.#machine = machine
    this.#isMultiSelectable = isMultiSelectable
    this.reset()
  }

  /** Only the basic channel is open, without an applet. @source JCRE 3.1 §4.1.1 */
  reset(): void {
    this.#isOpen.fill(false)
    this.#active.fill(undefined)
    this.#isOpen[BASIC_CHANNEL] = true
    this.#machine.unreachableServers.fill(0)
  }

  isOpen(channel: number): boolean {
    return this.#isOpen[channel] === true
  }

  open(channel: number): void {
    this.#isOpen[channel] = true
  }

  /** Its applet has been deselected. */
  close(channel: number): void {
    this.#isOpen[channel] = false
    this.activate(channel, undefined)
  }

  /** The lowest closed channel. */
  findClosed(): number | undefined {
    for (let channel = 1; channel < this.count; channel++) if (!this.isOpen(channel)) return channel
    return undefined
  }

  activeOn(channel: number): AppletRecord | undefined {
    return this.#active[channel]
  }

  activate(channel: number, applet: AppletRecord | undefined): void {
    this.#active[channel] = applet
    const { unreachableServers } = this.#machine
    unreachableServers.fill(0)
    for (const one of this.#active) {
      if (one !== undefined && !this.#isMultiSelectable(one)) unreachableServers[one.owner] = 1
    }
  }

  isActive(applet: AppletRecord): boolean {
    return this.#active.includes(applet)
  }

  /** An instance of the package, so of its context, is active on some channel. */
  isPackageActive(packageSlot: number): boolean {
    return this.#active.some((one) => one?.packageSlot === packageSlot)
  }

  /** Instances of the package that are active. */
  activeOf(packageSlot: number): AppletRecord[] {
    return this.#active.filter((one) => one !== undefined && one.packageSlot === packageSlot) as AppletRecord[]
  }

  /** Instances of the package that are active on any channel but this one. */
  activeElsewhere(packageSlot: number, channel: number): AppletRecord[] {
    const found: AppletRecord[] = []
    for (const [number, one] of this.#active.entries()) {
      if (number !== channel && one?.packageSlot === packageSlot) found.push(one)
    }
    return found
  }
}
