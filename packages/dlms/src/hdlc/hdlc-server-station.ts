import { DlmsError } from '../errors.ts'
import { type HdlcAddress, hdlcAddressText } from './hdlc-address.ts'
import { type HdlcRawFrame, parseHdlcRawFrame } from './hdlc-frame.ts'
import type { HdlcParameters } from './hdlc-parameters.ts'
import { type HdlcServerEvent, HdlcServerLink, type HdlcServerStep } from './hdlc-server-link.ts'
import { HdlcSplitter } from './hdlc-splitter.ts'

export interface HdlcServerStationOptions {
  /** Logical devices that answer here; frames for others are not ours, and get no answer. */
  serves(serverSap: number): boolean
  /** Lower address that must be met; undefined takes any, and none. */
  readonly physicalAddress?: number
  readonly parameters?: HdlcParameters
  readonly inactivityTimeoutMs?: number
  readonly maxApduBytes: number
  /** Clients and logical devices that may be linked on this line at once, default 8. */
  readonly maxLinks?: number
}

export interface HdlcStationStep {
  readonly frames: readonly Uint8Array[]
  readonly events: readonly HdlcStationEvent[]
}

/** An event with the link it belongs to. */
export type HdlcStationEvent = HdlcServerEvent & { readonly link: string; readonly saps: HdlcSaps }

export interface HdlcSaps {
  readonly clientSap: number
  readonly serverSap: number
}

interface Entry {
  readonly link: HdlcServerLink
  readonly saps: HdlcSaps
}

/** All links of one line: tells them apart by their addresses. */
export class HdlcServerStation {
  readonly #options: HdlcServerStationOptions
  readonly #splitter = new HdlcSplitter()
  readonly #links = new Map<string, Entry>()

  constructor(options: HdlcServerStationOptions) {
    this.#options = options
  }

  /** When `tick` is due; undefined for never. */
  get deadlineMs(): number | undefined {
    const deadlines = [...this.#links.values()].flatMap(({ link }) => link.deadlineMs ?? [])
    return deadlines.length === 0 ? undefined : Math.min(...deadlines)
  }

  /** Octets off the line; never throws. */
  receive(chunk: Uint8Array, nowMs: number): HdlcStationStep {
    return together(
      this.#splitter.push(chunk).map((bytes) => {
        const raw = parsed(bytes)
        return raw === undefined ? nothing : this.#take(raw, nowMs)
      }),
    )
  }

  /** The answer to a `request` event: none, one, or several APDUs. */
  respond(link: string, apdus: readonly Uint8Array[]): HdlcStationStep {
    const entry = this.#links.get(link)
    return entry === undefined ? nothing : this.#step(link, entry, entry.link.respond(apdus))
  }

  /**
   * Sends an APDU unasked, in one UI frame.
   * @throws DlmsError `DLMS_LIMIT_EXCEEDED` when it does not fit one
   */
  notify(link: string, apdu: Uint8Array): HdlcStationStep {
    const entry = this.#links.get(link)
    return entry === undefined ? nothing : this.#step(link, entry, entry.link.notify(apdu))
  }

  tick(nowMs: number): HdlcStationStep {
    return together([...this.#links].map(([key, entry]) => this.#step(key, entry, entry.link.tick(nowMs))))
  }

  #take(raw: HdlcRawFrame, nowMs: number): HdlcStationStep {
    const { destination, source } = raw
    if (source.lengthBytes !== 1 || !this.#isOurs(destination)) return nothing
    const key = `${hdlcAddressText(destination)} ${hdlcAddressText(source)}`
    const entry = this.#links.get(key) ?? this.#open(destination, source)
    // A frame costs no memory unless it is an SNRM that was taken.
    const step = entry.link.receive(raw, nowMs)
    if (entry.link.isConnected && !this.#links.has(key)) {
      if (this.#links.size >= (this.#options.maxLinks ?? 8)) return nothing
      this.#links.set(key, entry)
    }
    return this.#step(key, entry, step)
  }

  #isOurs(address: HdlcAddress): boolean {
    const { physicalAddress, serves } = this.#options
    const lower = address.lengthBytes === 1 ? undefined : address.lower
    const isMet = physicalAddress === undefined || lower === undefined || lower === physicalAddress
    return isMet && serves(address.upper)
  }

  #open(server: HdlcAddress, client: HdlcAddress): Entry {
    const link = new HdlcServerLink({ ...this.#options, server, client })
    return { link, saps: { clientSap: client.upper, serverSap: server.upper } }
  }

  #step(key: string, { link, saps }: Entry, step: HdlcServerStep): HdlcStationStep {
    if (!link.isConnected) this.#links.delete(key)
    return { frames: step.frames, events: step.events.map((event) => ({ ...event, link: key, saps })) }
  }
}

const nothing: HdlcStationStep = { frames: [], events: [] }

function together(steps: readonly HdlcStationStep[]): HdlcStationStep {
  return { frames: steps.flatMap(({ frames }) => frames), events: steps.flatMap(({ events }) => events) }
}

function parsed(bytes: Uint8Array): HdlcRawFrame | undefined {
  try {
    return parseHdlcRawFrame(bytes)
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}
