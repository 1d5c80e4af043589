import { DlmsError } from '../errors.ts'
import type { HdlcAddress } from './hdlc-address.ts'
import { HdlcFlow } from './hdlc-flow.ts'
import { emitHdlcFrame, type HdlcFrame, type HdlcRawFrame, hdlcFrameOf } from './hdlc-frame.ts'
import {
  defaultHdlcParameters,
  emitHdlcParameters,
  type HdlcParameters,
  negotiateHdlcParameters,
  parseHdlcParameters,
  requireHdlcParameters,
} from './hdlc-parameters.ts'
import { llcHeaderBytes, withLlc, withoutLlc } from './llc.ts'
import { uiSegments } from './ui-message.ts'

export interface HdlcServerLinkOptions {
  /** As the client writes it; answers carry the same form. */
  readonly server: HdlcAddress
  readonly client: HdlcAddress
  /** Most we do, both ways; default 2030 octets and windows of 7. */
  readonly parameters?: HdlcParameters
  /** Silence after which the link is forgotten, default 120 s. */
  readonly inactivityTimeoutMs?: number
  /** Bound of one message from the client. */
  readonly maxApduBytes: number
  /** Requests that may be under way at once, default 8; more are refused by RNR. */
  readonly maxPending?: number
  /** When notifications go out; `when-polled`: in answer to a UI frame with the poll bit. Default `at-once`. */
  readonly notifications?: 'at-once' | 'when-polled'
}

export type HdlcServerEvent =
  | { readonly kind: 'connected'; readonly parameters: HdlcParameters }
  /** Answer with `respond`, once for each, in their order. */
  | { readonly kind: 'request'; readonly apdu: Uint8Array }
  | { readonly kind: 'disconnected'; readonly reason: string }

export interface HdlcServerStep {
  readonly frames: readonly Uint8Array[]
  readonly events: readonly HdlcServerEvent[]
}

/** What a server can do that has memory to spare. */
export const generousHdlcParameters: HdlcParameters = {
  transmitInformationBytes: 2030,
  receiveInformationBytes: 2030,
  transmitWindow: 7,
  receiveWindow: 7,
}

/** As many as a window of general block transfer here. */
const MOST_PENDING = 8
const MOST_NOTIFICATIONS = 16

/** Reasons of FRMR. @source ISO/IEC 13239 §5.5.3.4.2 */
const frmrReasons = { undefinedControl: 0x01, informationTooLong: 0x04 } as const

/**
 * The secondary station of one link: speaks only when polled, and remembers a poll while the answer is being made. Does
 * no I/O and knows no clock, like `HdlcClientLink`.
 * @source IEC 62056-46 §6.4.4
 */
export class HdlcServerLink {
  readonly #options: HdlcServerLinkOptions
  readonly #own: HdlcParameters
  #isConnected = false
  #agreed: HdlcParameters = defaultHdlcParameters
  #flow: HdlcFlow
  /** A poll that is not answered yet. */
  #isPolled = false
  /** Requests that were given out and are not answered yet. */
  #pending = 0
  /** Notifications that wait to be polled for. */
  #notifications: Uint8Array[] = []
  /** Information of the FRMR that was sent; only SNRM and DISC end this. */
  #rejection: Uint8Array | undefined
  #deadlineMs: number | undefined
  #frames: Uint8Array[] = []
  #events: HdlcServerEvent[] = []

  /** @throws DlmsError `DLMS_CONFIGURATION` */
  constructor(options: HdlcServerLinkOptions) {
    this.#options = options
    this.#own = options.parameters ?? generousHdlcParameters
    requireHdlcParameters(this.#own)
    this.#flow = new HdlcFlow(defaultHdlcParameters, 0)
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  get deadlineMs(): number | undefined {
    return this.#deadlineMs
  }

  /** A frame from this client to this server; never throws. */
  receive(raw: HdlcRawFrame, nowMs: number): HdlcServerStep {
    if (this.#isConnected) this.#deadlineMs = nowMs + (this.#options.inactivityTimeoutMs ?? 120_000)
    const frame = judged(raw)
    if (frame === undefined) this.#reject(raw.control, frmrReasons.undefinedControl)
    else this.#take(frame, raw.control, nowMs)
    return this.#step()
  }

  /** The answer to the oldest request: none, one, or several APDUs. After a disconnection it is dropped. */
  respond(apdus: readonly Uint8Array[]): HdlcServerStep {
    if (this.#isConnected && this.#pending > 0) {
      this.#pending--
      for (const apdu of apdus) this.#flow.enqueue(withLlc('response', apdu))
      // The turn is for what there is to say; with nothing yet it stays ours while others are being answered.
      if (this.#isPolled && (this.#flow.hasOutgoing || this.#pending === 0)) this.#answerPoll()
    }
    return this.#step()
  }

  /**
   * An APDU unasked, in as many UI frames as it needs.
   * @throws DlmsError `DLMS_LIMIT_EXCEEDED` when too many wait to be polled for
   */
  notify(apdu: Uint8Array): HdlcServerStep {
    if (this.#options.notifications !== 'when-polled') this.#sendUi([apdu], false)
    else if (this.#notifications.length < MOST_NOTIFICATIONS) this.#notifications.push(apdu)
    else throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'too many notifications wait')
    return this.#step()
  }

  /** @param isTurn the last frame hands the turn back */
  #sendUi(apdus: readonly Uint8Array[], isTurn: boolean): void {
    const segments = apdus.flatMap((apdu) => uiSegments('response', apdu, this.#agreed.transmitInformationBytes))
    for (const [i, segment] of segments.entries()) {
      this.#send({ kind: 'ui', ...this.#addresses, ...segment, pollFinal: isTurn && i === segments.length - 1 })
    }
  }

  tick(nowMs: number): HdlcServerStep {
    if (this.#deadlineMs !== undefined && nowMs >= this.#deadlineMs) this.#leave('inactive for too long')
    return this.#step()
  }

  #take(frame: HdlcFrame, control: number, nowMs: number): void {
    if (frame.kind === 'snrm') this.#connect(frame, nowMs)
    else if (frame.kind === 'disc') this.#disconnect(frame.pollFinal)
    else if (!this.#isConnected) {
      if (frame.pollFinal && frame.kind !== 'ui') this.#sendUnnumbered('dm')
    } else if (this.#rejection !== undefined) {
      if (frame.pollFinal) this.#sendUnnumbered('frmr', this.#rejection)
    } else this.#takeConnected(frame, control)
  }

  #connect(frame: { readonly information: Uint8Array; readonly pollFinal: boolean }, nowMs: number): void {
    let peer: HdlcParameters
    try {
      peer = parseHdlcParameters(frame.information)
    } catch (error) {
      if (!(error instanceof DlmsError)) throw error
      if (this.#isConnected) this.#leave('SNRM that cannot be read')
      if (frame.pollFinal) this.#sendUnnumbered('dm')
      return
    }
    if (this.#isConnected) this.#leave('connecting anew')
    this.#agreed = negotiateHdlcParameters(this.#own, peer)
    this.#flow = new HdlcFlow(this.#agreed, this.#options.maxApduBytes + llcHeaderBytes)
    this.#isConnected = true
    this.#deadlineMs = nowMs + (this.#options.inactivityTimeoutMs ?? 120_000)
    this.#events.push({ kind: 'connected', parameters: this.#agreed })
    if (frame.pollFinal) this.#sendUnnumbered('ua', emitHdlcParameters(this.#agreed))
  }

  #disconnect(isPolled: boolean): void {
    const wasConnected = this.#isConnected
    if (wasConnected) this.#leave('disconnected by the client')
    if (isPolled) this.#sendUnnumbered(wasConnected ? 'ua' : 'dm')
  }

  #takeConnected(frame: HdlcFrame, control: number): void {
    switch (frame.kind) {
      case 'i':
        if (frame.information.length > this.#agreed.receiveInformationBytes) {
          this.#reject(control, frmrReasons.informationTooLong)
          return
        }
        if (!this.#takeInformation(frame)) return
        break
      case 'rr':
      case 'rnr':
        this.#flow.acknowledge(frame.receiveNumber)
        if (frame.pollFinal && this.#pending > 0 && !this.#flow.hasOutgoing) {
          // It asks again: it must hear that we are here.
          this.#isPolled = false
          this.#sendSupervisory('rr')
          return
        }
        break
      case 'ui':
        // What is in it is for whoever stands above all links.
        if (frame.pollFinal) this.#answerInvitation()
        return
      default:
        if (frame.pollFinal) this.#reject(control, frmrReasons.undefinedControl)
        return
    }
    if (!frame.pollFinal) return
    this.#isPolled = true
    if (frame.kind === 'rnr') {
      this.#isPolled = false
      this.#sendSupervisory('rr')
    } else if (this.#pending === 0 || this.#flow.hasOutgoing || this.#flow.isReceiving) this.#answerPoll()
  }

  #answerInvitation(): void {
    if (this.#notifications.length === 0) this.#sendSupervisory('rr')
    else this.#sendUi(this.#notifications.splice(0), true)
  }

  /** False when the frame had its answer already. */
  #takeInformation(frame: Extract<HdlcFrame, { kind: 'i' }>): boolean {
    this.#flow.acknowledge(frame.receiveNumber)
    const isRepetition = frame.sendNumber !== this.#flow.receiveNumber
    const isFull = this.#pending >= (this.#options.maxPending ?? MOST_PENDING)
    if (isFull || (isRepetition && this.#pending > 0 && !this.#flow.hasOutgoing)) {
      // Too many at a time, or a request once more that is being answered: the client must hear that we are here.
      if (frame.pollFinal) {
        this.#isPolled = false
        this.#sendSupervisory(isRepetition ? 'rr' : 'rnr')
      }
      return false
    }
    const taken = this.#flow.take(frame)
    if (taken === 'too-long') {
      this.#leave('message longer than allowed')
      if (frame.pollFinal) this.#sendUnnumbered('dm')
      return false
    }
    if (taken === 'repeated' || taken === 'stored') return true
    try {
      const apdu = withoutLlc('command', taken.message)
      this.#pending++
      this.#events.push({ kind: 'request', apdu })
    } catch (error) {
      // Acknowledged, and never answered: there is nobody behind that LSAP.
      if (!(error instanceof DlmsError)) throw error
    }
    return true
  }

  #answerPoll(): void {
    this.#isPolled = false
    const segments = this.#flow.window()
    const { receiveNumber } = this.#flow
    for (const { isLast, ...segment } of segments) {
      this.#send({ kind: 'i', ...this.#addresses, ...segment, receiveNumber, pollFinal: isLast })
    }
    if (segments.length === 0) this.#sendSupervisory('rr')
  }

  /** FRMR tells which control field, our numbers, and why. */
  #reject(control: number, reason: number): void {
    if (!this.#isConnected) return
    const numbers = this.#flow.receiveNumber << 5
    this.#rejection = Uint8Array.of(control, numbers, reason)
    this.#sendUnnumbered('frmr', this.#rejection)
  }

  #leave(reason: string): void {
    if (!this.#isConnected) return
    this.#isConnected = false
    this.#pending = 0
    this.#notifications = []
    this.#isPolled = false
    this.#rejection = undefined
    this.#deadlineMs = undefined
    this.#agreed = defaultHdlcParameters
    this.#events.push({ kind: 'disconnected', reason })
  }

  #sendSupervisory(kind: 'rr' | 'rnr'): void {
    this.#send({ kind, ...this.#addresses, receiveNumber: this.#flow.receiveNumber, pollFinal: true })
  }

  #sendUnnumbered(kind: 'ua' | 'dm' | 'frmr', information: Uint8Array = new Uint8Array(0)): void {
    this.#send({ kind, ...this.#addresses, pollFinal: true, information })
  }

  #send(frame: HdlcFrame): void {
    this.#frames.push(emitHdlcFrame(frame))
  }

  get #addresses(): { readonly destination: HdlcAddress; readonly source: HdlcAddress } {
    return { destination: this.#options.client, source: this.#options.server }
  }

  #step(): HdlcServerStep {
    const step = { frames: this.#frames, events: this.#events }
    this.#frames = []
    this.#events = []
    return step
  }
}

function judged(raw: HdlcRawFrame): HdlcFrame | undefined {
  try {
    return hdlcFrameOf(raw)
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}
