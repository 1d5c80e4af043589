import { DlmsError } from '../errors.ts'
import { type HdlcAddress, hdlcAddressText, hdlcReserved, isAllStation, isCallingAddress } from './hdlc-address.ts'
import { type HdlcFrame, type HdlcRawFrame, hdlcFrameOf, parseHdlcRawFrame } from './hdlc-frame.ts'
import type { HdlcParameters } from './hdlc-parameters.ts'
import { type HdlcServerEvent, HdlcServerLink, type HdlcServerStep } from './hdlc-server-link.ts'
import { HdlcSplitter } from './hdlc-splitter.ts'
import { llcHeaderBytes } from './llc.ts'
import { UiAssembly } from './ui-message.ts'

export interface HdlcServerStationOptions {
  /** Logical devices that answer here; frames for others are not ours, and get no answer. */
  serves(serverSap: number): boolean
  /** Those that hear what is sent to all of them; default none. */
  serverSaps?(): readonly number[]
  /** Lower address that must be met, 0..; undefined takes any, 0 (no station) too, and none. */
  readonly physicalAddress?: number
  /** Whether this device has called in, and answers to the CALLING physical address. Default no. */
  isCaller?(): boolean
  readonly parameters?: HdlcParameters
  readonly inactivityTimeoutMs?: number
  readonly maxApduBytes: number
  /** Clients and logical devices that may be linked on this line at once, default 8. */
  readonly maxLinks?: number
  /** See `HdlcServerLinkOptions`. */
  readonly maxPending?: number
  readonly notifications?: 'at-once' | 'when-polled'
}

export interface HdlcStationStep {
  readonly frames: readonly Uint8Array[]
  readonly events: readonly HdlcStationEvent[]
}

/** An event with the link it belongs to. */
export type HdlcStationEvent = (
  | HdlcServerEvent
  /** An APDU that came in UI frames; it has no answer, and there need not be such a link. */
  | { readonly kind: 'unconfirmed'; readonly apdu: Uint8Array }
) & { readonly link: string; readonly saps: HdlcSaps }

export interface HdlcSaps {
  readonly clientSap: number
  readonly serverSap: number
}

interface Entry {
  readonly link: HdlcServerLink
  readonly saps: HdlcSaps
}

/**
 * All links of one line: tells them apart by their addresses. What is sent to all stations is heard in UI frames without
 * poll only, or several would answer at once; what is sent to no logical device is heard by none. A lower part that says
 * no station is met like any other: clients give it to a meter that is alone behind its connection.
 * @source IEC 62056-46 §6.4.2.4, §6.4.2.5
 */
export class HdlcServerStation {
  readonly #options: HdlcServerStationOptions
  readonly #splitter = new HdlcSplitter()
  readonly #links = new Map<string, Entry>()
  /** Messages in UI frames that are not whole yet; the oldest is given up for a new one. */
  readonly #unfinished = new Map<string, UiAssembly>()

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

  /** Sends an APDU unasked, in UI frames. @throws DlmsError `DLMS_LIMIT_EXCEEDED` when too many wait to be polled for */
  notify(link: string, apdu: Uint8Array): HdlcStationStep {
    const entry = this.#links.get(link)
    return entry === undefined ? nothing : this.#step(link, entry, entry.link.notify(apdu))
  }

  tick(nowMs: number): HdlcStationStep {
    return together([...this.#links].map(([key, entry]) => this.#step(key, entry, entry.link.tick(nowMs))))
  }

  #take(raw: HdlcRawFrame, nowMs: number): HdlcStationStep {
    const { source } = raw
    if (source.lengthBytes !== 1 || source.upper === hdlcReserved.noStation || isAllStation(source.upper, source)) {
      return nothing
    }
    const destination = this.#addressed(raw.destination)
    if (destination === undefined) return nothing
    const frame = judged(raw)
    if (isToAll(destination)) {
      return frame?.kind === 'ui' && !frame.pollFinal ? this.#takeUi(frame, destination) : nothing
    }
    const key = keyOf(destination, source)
    const heard = frame?.kind === 'ui' ? this.#takeUi(frame, destination) : nothing
    const entry = this.#links.get(key) ?? this.#open(destination, source)
    // A frame costs no memory unless it is an SNRM that was taken.
    const step = entry.link.receive(raw, nowMs)
    if (entry.link.isConnected && !this.#links.has(key)) {
      if (this.#links.size >= (this.#options.maxLinks ?? MOST_LINKS)) return nothing
      this.#links.set(key, entry)
    }
    return together([heard, this.#step(key, entry, step)])
  }

  /** How this address is answered; undefined for one that is not ours. */
  #addressed(address: HdlcAddress): HdlcAddress | undefined {
    const { serves, physicalAddress, isCaller } = this.#options
    const { upper } = address
    if (upper === hdlcReserved.noStation || !(isAllStation(upper, address) || serves(upper))) return undefined
    if (address.lengthBytes === 1) return address
    if (isCallingAddress(address)) {
      if (isCaller?.() !== true) return undefined
      return physicalAddress === undefined ? address : { ...address, lower: physicalAddress }
    }
    const isMet = physicalAddress === undefined || address.lower === physicalAddress
    return isMet || isAllStation(address.lower, address) ? address : undefined
  }

  #takeUi(frame: Extract<HdlcFrame, { kind: 'ui' }>, destination: HdlcAddress): HdlcStationStep {
    const { maxApduBytes, serves, serverSaps } = this.#options
    const { source } = frame
    const link = keyOf(destination, source)
    const assembly = this.#unfinished.get(link) ?? new UiAssembly('command', maxApduBytes + llcHeaderBytes)
    this.#unfinished.delete(link)
    const apdu = assembly.take(frame)
    if (apdu === undefined && frame.isSegmented) {
      const [oldest] = this.#unfinished.keys()
      if (oldest !== undefined && this.#unfinished.size >= MOST_LINKS) this.#unfinished.delete(oldest)
      this.#unfinished.set(link, assembly)
    }
    if (apdu === undefined) return nothing
    const { upper } = destination
    const saps = isAllStation(upper, destination) ? (serverSaps?.() ?? []).filter((sap) => serves(sap)) : [upper]
    const events = saps.map((serverSap) => {
      return { kind: 'unconfirmed', apdu, link, saps: { clientSap: source.upper, serverSap } } as const
    })
    return { frames: [], events }
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

const MOST_LINKS = 8

const nothing: HdlcStationStep = { frames: [], events: [] }

const keyOf = (server: HdlcAddress, client: HdlcAddress): string =>
  `${hdlcAddressText(server)} ${hdlcAddressText(client)}`

const isToAll = (address: HdlcAddress): boolean =>
  isAllStation(address.upper, address) || (address.lengthBytes !== 1 && isAllStation(address.lower, address))

function together(steps: readonly HdlcStationStep[]): HdlcStationStep {
  return { frames: steps.flatMap(({ frames }) => frames), events: steps.flatMap(({ events }) => events) }
}

/** Undefined for a control field that means nothing; the link says so. */
function judged(raw: HdlcRawFrame): HdlcFrame | undefined {
  try {
    return hdlcFrameOf(raw)
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}

function parsed(bytes: Uint8Array): HdlcRawFrame | undefined {
  try {
    return parseHdlcRawFrame(bytes)
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}
