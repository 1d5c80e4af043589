import { equalBytes, fromAscii, toHex } from '@gridcard/bytes'
import {
  integrityRegisters,
  parseSignedImage,
  type ReleaseKind,
  type ReleaseRecords,
  type SignedImage,
} from '@gridcard/terminal'
import type { DeviceStore } from '../meter/device-store.ts'
import { type DeviceIntegrity, isSoftwareRefusal, type SoftwareRefusal } from './device-integrity.ts'
import { type EventSealing, sealedText, stillPending } from './event-sealing.ts'
import { loadApplication } from './load-application.ts'
import type { MeterApplication } from './meter-platform.ts'
import { meterSoftwareTarget, versionText } from './meter-releases.ts'

export interface MeterSoftwareOptions {
  readonly integrity: DeviceIntegrity
  /** Two places for an image: one runs, the other takes the next. */
  readonly slots: readonly [DeviceStore, DeviceStore]
  /** How often what runs is measured again, by the meter's scheduler or else in real time. Default: 60 s. */
  readonly checkPeriodMs?: number
}

export const defaultCheckPeriodMs = 60_000

/** Register that holds what the meter was made for; quotes have it beside the software and the events. */
export const configurationRegister = integrityRegisters.firstOfDevice + 1
/** Registers that a meter's quote is about. */
export const meterQuoteMask =
  (1 << meterSoftwareTarget) | (1 << configurationRegister) | (1 << integrityRegisters.events)

/** What is measured of the configuration: which meter this is, and which head-end it serves. */
export const configurationText = (o: {
  readonly systemTitle: Uint8Array
  readonly clientSystemTitle: Uint8Array
}): string => `meter ${toHex(o.systemTitle)} head-end ${toHex(o.clientSystemTitle)}`

/** Software that was verified, started and tried out. */
export interface RunningSoftware {
  readonly image: SignedImage
  readonly kind: ReleaseKind
  readonly slot: 0 | 1
}

/** For the log of whoever runs the meter. */
export type SoftwareNews =
  | { readonly kind: 'software-started'; readonly version: string; readonly release: ReleaseKind }
  | { readonly kind: 'software-refused'; readonly reason: string }
  | { readonly kind: 'software-mismatch' }

/** Starting over, because software that failed its trial has been measured already; twice is enough for two slots and a trial. */
const mostBoots = 4

/**
 * A meter's software: two slots, and a secure element that says which of them may run. Boots the release on trial, else the
 * active one, else the previous one, from exactly the bytes that the element has verified.
 */
export class MeterSoftware {
  readonly #integrity: DeviceIntegrity
  readonly #slots: readonly [DeviceStore, DeviceStore]
  readonly #configuration: string
  readonly #tell: (news: SoftwareNews) => void
  #running: RunningSoftware | undefined
  #sealed: number | undefined
  #sealTail: Promise<unknown> = Promise.resolve()

  constructor(
    o: MeterSoftwareOptions & { readonly configuration: string; readonly tell: (news: SoftwareNews) => void },
  ) {
    this.#integrity = o.integrity
    this.#slots = o.slots
    this.#configuration = o.configuration
    this.#tell = o.tell
  }

  get running(): RunningSoftware | undefined {
    return this.#running
  }

  /**
   * @param tryOut the self-test; what it throws makes the release one that failed
   * @param reset takes the element's power away and gives it back
   * @returns undefined when nothing may run; told why before
   */
  async boot(
    tryOut: (application: MeterApplication) => void,
    reset: () => Promise<void>,
  ): Promise<RunningSoftware | undefined> {
    this.#running = undefined
    const failed = new Set<ReleaseKind>()
    for (let attempt = 0; attempt < mostBoots; attempt++) {
      if (attempt > 0) await reset()
      const found = await this.#findStartable(failed)
      if (found === undefined) return undefined
      const reason = await this.#run(found, tryOut)
      if (reason === undefined) return this.#running
      failed.add(found.kind)
      if (found.kind === 'trial') await this.#integrity.abandon(meterSoftwareTarget)
      this.#tell({ kind: 'software-refused', reason })
    }
    return undefined
  }

  /** The first release that the element verifies and starts. */
  async #findStartable(failed: ReadonlySet<ReleaseKind>): Promise<RunningSoftware | undefined> {
    const opened = await this.#integrity.open()
    if (isSoftwareRefusal(opened)) return this.#refuse('the card does not judge software')
    const records = await this.#integrity.releases(meterSoftwareTarget)
    if (isSoftwareRefusal(records)) return this.#refuse('the card does not tell its releases')
    for (const kind of ['trial', 'active', 'previous'] as const) {
      if (failed.has(kind)) continue
      for (const slot of [0, 1] as const) {
        const image = this.#load(slot)
        if (image === undefined || !isRelease(image, records[kind])) continue
        const started = await this.#start(image)
        if (!isSoftwareRefusal(started)) return { image, kind: started.kind, slot }
        this.#refuse(`${kind} ${versionText(image.header.version)}: ${started.refused}`)
      }
    }
    return this.#refuse('no slot has software that may run')
  }

  async #start(image: SignedImage): Promise<{ readonly kind: ReleaseKind } | SoftwareRefusal> {
    const verified = await this.#integrity.verify(image, 'start')
    return isSoftwareRefusal(verified) ? verified : this.#integrity.start(meterSoftwareTarget)
  }

  /** @returns why not */
  async #run(found: RunningSoftware, tryOut: (application: MeterApplication) => void): Promise<string | undefined> {
    const version = versionText(found.image.header.version)
    try {
      tryOut(await loadApplication(found.image.body))
    } catch (error) {
      return `${found.kind} ${version} failed its self-test (${error instanceof Error ? error.name : 'unknown'})`
    }
    const digest = await sha256(fromAscii(this.#configuration))
    await this.#integrity.measure(configurationRegister, digest)
    let { kind } = found
    if (kind === 'trial') {
      const confirmed = await this.#integrity.confirm(meterSoftwareTarget)
      if (isSoftwareRefusal(confirmed)) return `${version} was not confirmed: ${confirmed.refused}`
      kind = 'active'
    }
    this.#running = { ...found, kind }
    this.#tell({ kind: 'software-started', version, release: found.kind })
    return undefined
  }

  #refuse(reason: string): undefined {
    this.#tell({ kind: 'software-refused', reason })
    return undefined
  }

  #load(slot: 0 | 1): SignedImage | undefined {
    try {
      const bytes = this.#slots[slot].load()
      return bytes && parseSignedImage(bytes)
    } catch {
      return undefined // damaged or unreadable: the other slot may be whole
    }
  }

  // ---- while it runs

  /** What lies in the slot that runs, measured again. A mismatch is told, and the element remembers it. */
  async check(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    const image = this.#load(running.slot)
    const digest = image === undefined ? new Uint8Array(32) : await sha256(image.body)
    const answer = await this.#integrity.check(meterSoftwareTarget, digest)
    if (isSoftwareRefusal(answer) && answer.refused === 'not-genuine') this.#tell({ kind: 'software-mismatch' })
  }

  /** A quote and the head of the sealed log that it is about: no event comes in between. */
  quote(
    nonce: Uint8Array,
    nowSeconds: number,
  ): Promise<{ readonly quote: Uint8Array; readonly eventHead: Uint8Array } | SoftwareRefusal> {
    const turn = this.#sealTail.then(async () => {
      const quoted = await this.#integrity.quote({ mask: meterQuoteMask, nowSeconds, nonce })
      const head = await this.#integrity.readRegister(integrityRegisters.events)
      if (isSoftwareRefusal(quoted)) return quoted
      return isSoftwareRefusal(head) ? head : { quote: quoted.quote, eventHead: head.value }
    })
    this.#sealTail = turn.catch(() => {})
    return turn
  }

  /** Gives the element the events it has not seen, in order. @returns how many it has then, if it says so */
  seal(sealing: EventSealing): Promise<number | undefined> {
    const turn = this.#sealTail.then(async () => {
      if (this.#running === undefined) return undefined
      if (this.#sealed === undefined) {
        const known = await this.#integrity.eventCount()
        if (isSoftwareRefusal(known)) return undefined
        this.#sealed = known.events
      }
      for (const event of stillPending(sealing, this.#sealed).pending) {
        const digest = await sha256(fromAscii(sealedText(event)))
        const answer = await this.#integrity.measure(integrityRegisters.events, digest)
        if (isSoftwareRefusal(answer)) {
          this.#sealed = undefined // whether it got there is known after the next boot
          return undefined
        }
        this.#sealed++
      }
      return this.#sealed
    })
    this.#sealTail = turn.catch(() => {})
    return turn
  }

  // ---- updates

  /** @returns why it is refused, or undefined */
  async verifyUpdate(bytes: Uint8Array): Promise<string | undefined> {
    let image: SignedImage
    try {
      image = parseSignedImage(bytes)
    } catch {
      return 'it is no image'
    }
    const answer = await this.#integrity.verify(image, 'update')
    return isSoftwareRefusal(answer) ? answer.refused : undefined
  }

  /**
   * Writes the image into the slot that does not run, then lets the element put it on trial: whatever is cut in between, one
   * slot has software that may run.
   *
   * @returns why it is refused, or undefined; the next boot tries it
   */
  async activateUpdate(bytes: Uint8Array, nowSeconds: number, activation: Uint8Array): Promise<string | undefined> {
    const slot = this.#running?.slot === 0 ? 1 : 0
    try {
      this.#slots[slot].save(bytes)
    } catch {
      return 'it cannot be stored'
    }
    const answer = await this.#integrity.activate(nowSeconds, activation)
    return isSoftwareRefusal(answer) ? answer.refused : undefined
  }

  /** Power off: nothing is known of the element any more. */
  async powerDown(): Promise<void> {
    await this.#sealTail
    this.#running = undefined
    this.#sealed = undefined
  }
}

function isRelease(image: SignedImage, record: ReleaseRecords['active']): boolean {
  return record !== undefined && record.version === image.header.version && equalBytes(record.hash, image.header.hash)
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes)))
}
