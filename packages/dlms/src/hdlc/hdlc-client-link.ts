import { DlmsError } from '../errors.ts'
import { type HdlcAddress, isCallingAddress, isSameHdlcAddress } from './hdlc-address.ts'
import { HdlcFlow } from './hdlc-flow.ts'
import { emitHdlcFrame, type HdlcFrame, maxHdlcFrameBytes, parseHdlcFrame } from './hdlc-frame.ts'
import {
  defaultHdlcParameters,
  emitHdlcParameters,
  type HdlcParameters,
  negotiateHdlcParameters,
  parseHdlcParameters,
  requireHdlcParameters,
} from './hdlc-parameters.ts'
import { HdlcSplitter } from './hdlc-splitter.ts'
import { llcHeaderBytes, withLlc, withoutLlc } from './llc.ts'
import { UiAssembly, uiSegments } from './ui-message.ts'

export interface HdlcClientOptions {
  /** One octet: the client's SAP. */
  readonly client: HdlcAddress
  /** With `calling` as its lower part the one that has called in answers, under its own address. */
  readonly server: HdlcAddress
  /** Proposed in SNRM; default 128 octets and windows of 1. */
  readonly parameters?: HdlcParameters
  /** Silence after a poll before it is repeated, default 2 s. */
  readonly responseTimeoutMs?: number
  /** Polls without any progress before the link is given up, default 3. */
  readonly maxRetries?: number
  /** Pause before a server that has nothing to say yet is asked again, default 50 ms. */
  readonly pollIntervalMs?: number
  /** Idle time after which the link counts as gone (the server has forgotten it), default 120 s. */
  readonly inactivityTimeoutMs?: number
  /** Bound of one message from the server, default 65535. */
  readonly maxApduBytes?: number
}

export type HdlcClientState = 'disconnected' | 'connecting' | 'connected' | 'waiting' | 'disconnecting'

export type HdlcClientEvent =
  | { readonly kind: 'connected'; readonly parameters: HdlcParameters }
  /** Answers come in the order of the requests. */
  | { readonly kind: 'response'; readonly apdu: Uint8Array }
  /** In UI frames, unasked. */
  | { readonly kind: 'notification'; readonly apdu: Uint8Array }
  /** `error` is undefined after our own DISC. */
  | { readonly kind: 'disconnected'; readonly error: DlmsError | undefined }

export interface HdlcClientStep {
  /** Whole frames for the line, in order. */
  readonly frames: readonly Uint8Array[]
  readonly events: readonly HdlcClientEvent[]
}

/**
 * The primary station of one link. Does no I/O and knows no clock: the caller brings octets, the time with each call,
 * and calls `tick` when `deadlineMs` has come. Takes turns with the server: every turn of ours ends with a poll.
 * @source IEC 62056-46 §6.4.4.2 (normal response mode), §6.4.4.7 (time-outs, retransmission)
 */
export class HdlcClientLink {
  readonly #options: HdlcClientOptions
  readonly #own: HdlcParameters
  readonly #responseTimeoutMs: number
  readonly #maxRetries: number
  readonly #maxApduBytes: number
  readonly #splitter = new HdlcSplitter(maxHdlcFrameBytes)
  #state: HdlcClientState = 'disconnected'
  #flow: HdlcFlow
  #deadlineMs: number | undefined
  #retries = 0
  /** The deadline is not for an answer but for asking again. */
  #isPausing = false
  /** Answers that we are waiting for. */
  #missing = 0
  /** UI frames that wait for our turn. */
  #waitingUi: HdlcFrame[] = []
  #server: HdlcAddress
  #agreed: HdlcParameters
  readonly #ui: UiAssembly
  /** Something new came since our last poll. */
  #hasProgress = false
  #frames: Uint8Array[] = []
  #events: HdlcClientEvent[] = []

  /** @throws DlmsError `DLMS_CONFIGURATION` */
  constructor(options: HdlcClientOptions) {
    this.#options = options
    this.#own = options.parameters ?? defaultHdlcParameters
    requireHdlcParameters(this.#own)
    this.#responseTimeoutMs = options.responseTimeoutMs ?? 2000
    this.#maxRetries = options.maxRetries ?? 3
    this.#maxApduBytes = options.maxApduBytes ?? 0xffff
    this.#flow = new HdlcFlow(defaultHdlcParameters, 0)
    this.#server = options.server
    this.#agreed = this.#own
    this.#ui = new UiAssembly('response', this.#maxApduBytes + llcHeaderBytes)
  }

  get state(): HdlcClientState {
    return this.#state
  }

  /** When `tick` is due; undefined for never. */
  get deadlineMs(): number | undefined {
    return this.#deadlineMs
  }

  get discardedBytes(): number {
    return this.#splitter.discardedBytes
  }

  /** Sends SNRM. @throws DlmsError `DLMS_BUSY` unless disconnected */
  connect(nowMs: number): HdlcClientStep {
    this.#require('disconnected')
    this.#splitter.reset()
    this.#ui.reset()
    this.#server = this.#options.server
    this.#state = 'connecting'
    this.#retries = 0
    this.#sendCommand('snrm', nowMs)
    return this.#step()
  }

  /**
   * Sends one APDU; its answer comes as `response`. Several may be under way: what fits our window goes in one turn.
   * @throws DlmsError `DLMS_BUSY` unless connected
   */
  request(apdu: Uint8Array, nowMs: number): HdlcClientStep {
    const step = this.post(apdu, nowMs)
    this.#missing++
    return step
  }

  /** Sends one APDU, which the server acknowledges and need not answer. @throws DlmsError `DLMS_BUSY` unless connected */
  post(apdu: Uint8Array, nowMs: number): HdlcClientStep {
    this.#requireLinked()
    this.#flow.enqueue(withLlc('command', apdu))
    return this.#begin(nowMs)
  }

  /** Polls until one more APDU has come, or `stopHearing`. @throws DlmsError `DLMS_BUSY` unless connected */
  hear(nowMs: number): HdlcClientStep {
    this.#requireLinked()
    this.#missing = Math.max(this.#missing, 1)
    return this.#begin(nowMs)
  }

  /** What has not come by now is not waited for. */
  stopHearing(): void {
    this.#missing = 0
  }

  /**
   * An empty UI frame that hands the turn to the server, for notifications that wait there.
   * @throws DlmsError `DLMS_BUSY` unless connected and idle
   */
  invite(nowMs: number): HdlcClientStep {
    this.#require('connected')
    this.#state = 'waiting'
    this.#retries = 0
    this.#hasProgress = false
    this.#send({ kind: 'ui', ...this.#addresses, pollFinal: true, isSegmented: false, information: new Uint8Array(0) })
    this.#deadlineMs = nowMs + this.#responseTimeoutMs
    return this.#step()
  }

  /** Sends one APDU in UI frames, which nobody acknowledges: also without a link, and to all stations. */
  unconfirmed(apdu: Uint8Array): HdlcClientStep {
    const frames = uiSegments('command', apdu, this.#agreed.transmitInformationBytes).map(
      (segment): HdlcFrame => ({ kind: 'ui', ...this.#addresses, ...segment, pollFinal: false }),
    )
    if (this.#state === 'connected' || this.#state === 'disconnected') for (const frame of frames) this.#send(frame)
    else this.#waitingUi.push(...frames)
    return this.#step()
  }

  /** Sends DISC, whatever was under way. */
  disconnect(nowMs: number): HdlcClientStep {
    if (this.#state === 'disconnected' || this.#state === 'disconnecting') return this.#step()
    this.#state = 'disconnecting'
    this.#retries = 0
    this.#sendCommand('disc', nowMs)
    return this.#step()
  }

  /** Octets off the line; never throws. */
  receive(chunk: Uint8Array, nowMs: number): HdlcClientStep {
    for (const bytes of this.#splitter.push(chunk)) {
      const frame = parsed(bytes)
      if (frame === undefined || !isSameHdlcAddress(frame.destination, this.#options.client)) continue
      if (this.#isServer(frame.source)) this.#take(frame, nowMs)
    }
    return this.#step()
  }

  /** Before its deadline it does nothing. */
  tick(nowMs: number): HdlcClientStep {
    if (this.#deadlineMs !== undefined && nowMs >= this.#deadlineMs) this.#expire(nowMs)
    return this.#step()
  }

  // ---- frames from the server

  #take(frame: HdlcFrame, nowMs: number): void {
    if (frame.kind === 'ui') this.#takeUi(frame, nowMs)
    else if (this.#state === 'connecting') this.#takeConnecting(frame, nowMs)
    else if (this.#state === 'disconnecting') {
      if (frame.kind === 'ua' || frame.kind === 'dm') this.#leave(undefined)
    } else if (this.#state !== 'disconnected') this.#takeConnected(frame, nowMs)
  }

  /** Who has called in may answer under its own physical address; from then on it is that one. */
  #isServer(source: HdlcAddress): boolean {
    if (isSameHdlcAddress(source, this.#server)) return true
    const { lengthBytes, upper } = source
    return isCallingAddress(this.#server) && lengthBytes === this.#server.lengthBytes && upper === this.#server.upper
  }

  #takeUi(frame: Extract<HdlcFrame, { kind: 'ui' }>, nowMs: number): void {
    const apdu = this.#ui.take(frame)
    if (apdu !== undefined) {
      this.#hasProgress = true
      this.#events.push({ kind: 'notification', apdu })
    }
    if (this.#state !== 'waiting') return
    if (frame.pollFinal) this.#turn(false, nowMs)
    else this.#deadlineMs = nowMs + this.#responseTimeoutMs
  }

  #takeConnecting(frame: HdlcFrame, nowMs: number): void {
    if (frame.kind === 'dm') {
      this.#leave(new DlmsError('DLMS_LINK_REFUSED', 'the server answered SNRM with DM'))
    } else if (frame.kind === 'ua') {
      try {
        const parameters = negotiateHdlcParameters(this.#own, parseHdlcParameters(frame.information))
        this.#flow = new HdlcFlow(parameters, this.#maxApduBytes + llcHeaderBytes)
        this.#server = frame.source
        this.#agreed = parameters
        this.#missing = 0
        this.#events.push({ kind: 'connected', parameters })
        this.#rest(nowMs)
      } catch (error) {
        if (!(error instanceof DlmsError)) throw error
        this.#leave(error)
      }
    }
  }

  #takeConnected(frame: HdlcFrame, nowMs: number): void {
    switch (frame.kind) {
      case 'dm':
        this.#leave(new DlmsError('DLMS_LINK_LOST', 'the server says that there is no link'))
        return
      case 'frmr':
        this.#leave(new DlmsError('DLMS_LINK_LOST', 'the server rejected a frame', { rejected: frame.information[0] }))
        return
      case 'rr':
      case 'rnr':
        if (this.#flow.acknowledge(frame.receiveNumber) > 0) this.#hasProgress = true
        break
      case 'i':
        if (!this.#takeInformation(frame)) return
        break
      default:
        return
    }
    if (this.#state !== 'waiting') return
    if (!frame.pollFinal) this.#deadlineMs = nowMs + this.#responseTimeoutMs
    else this.#turn(frame.kind === 'rnr', nowMs)
  }

  /** False when that was the end of the link. */
  #takeInformation(frame: Extract<HdlcFrame, { kind: 'i' }>): boolean {
    if (this.#flow.acknowledge(frame.receiveNumber) > 0) this.#hasProgress = true
    // Nobody has asked: it is not acknowledged either, and comes again when somebody has.
    if (this.#state !== 'waiting') return true
    const taken = this.#flow.take(frame)
    if (taken === 'repeated') return true
    if (taken === 'too-long') {
      this.#leave(new DlmsError('DLMS_LIMIT_EXCEEDED', 'message longer than allowed'))
      return false
    }
    this.#hasProgress = true
    if (taken === 'stored') return true
    try {
      this.#events.push({ kind: 'response', apdu: withoutLlc('response', taken.message) })
      this.#missing = Math.max(0, this.#missing - 1)
      return true
    } catch (error) {
      if (!(error instanceof DlmsError)) throw error
      this.#leave(error)
      return false
    }
  }

  /** It is our turn again. */
  #turn(isServerBusy: boolean, nowMs: number): void {
    if (this.#hasProgress) this.#retries = 0
    if (this.#missing === 0 && !this.#flow.hasOutgoing) {
      this.#rest(nowMs)
    } else if (this.#hasProgress && !isServerBusy) {
      this.#sendTurn(nowMs)
    } else {
      // Nothing new: the server is at work, or our frames were lost, or this is an old frame doubled on its way. The
      // right answer may be behind it, so asking again at once would have every later frame go twice.
      this.#isPausing = true
      this.#deadlineMs = nowMs + (this.#options.pollIntervalMs ?? 50)
    }
  }

  // ---- our turn

  #begin(nowMs: number): HdlcClientStep {
    if (this.#state === 'connected') {
      this.#state = 'waiting'
      this.#retries = 0
      this.#sendTurn(nowMs)
    }
    return this.#step()
  }

  #sendTurn(nowMs: number): void {
    this.#hasProgress = false
    this.#isPausing = false
    this.#sendWaitingUi()
    const segments = this.#flow.window()
    const { receiveNumber } = this.#flow
    for (const { isLast, ...segment } of segments) {
      this.#send({ kind: 'i', ...this.#addresses, ...segment, receiveNumber, pollFinal: isLast })
    }
    if (segments.length === 0) this.#send({ kind: 'rr', ...this.#addresses, receiveNumber, pollFinal: true })
    this.#deadlineMs = nowMs + this.#responseTimeoutMs
  }

  #expire(nowMs: number): void {
    if (this.#state === 'connected') {
      this.#leave(new DlmsError('DLMS_LINK_LOST', 'idle for longer than the server remembers the link'))
    } else if (this.#isPausing && !this.#flow.hasOutgoing) {
      this.#sendTurn(nowMs)
    } else {
      // Half a frame may be waiting for the octets that were lost.
      this.#splitter.reset()
      this.#repeat(nowMs)
    }
  }

  #repeat(nowMs: number): void {
    if (this.#hasProgress) this.#retries = 0
    if (++this.#retries > this.#maxRetries) {
      // A server that never confirms DISC is left all the same.
      const isLeaving = this.#state === 'disconnecting'
      this.#leave(isLeaving ? undefined : new DlmsError('DLMS_LINK_LOST', 'no answer after all repetitions'))
    } else if (this.#state === 'connecting') this.#sendCommand('snrm', nowMs)
    else if (this.#state === 'disconnecting') this.#sendCommand('disc', nowMs)
    else this.#sendTurn(nowMs)
  }

  #sendCommand(kind: 'snrm' | 'disc', nowMs: number): void {
    // Without wishes of our own SNRM goes out empty, which every server takes.
    const hasWishes = kind === 'snrm' && this.#options.parameters !== undefined
    const information = hasWishes ? emitHdlcParameters(this.#own) : new Uint8Array(0)
    this.#send({ kind, ...this.#addresses, pollFinal: true, information })
    this.#hasProgress = false // what came before counts for no repetition of this
    this.#isPausing = false
    this.#deadlineMs = nowMs + this.#responseTimeoutMs
  }

  #rest(nowMs: number): void {
    this.#state = 'connected'
    this.#isPausing = false
    this.#sendWaitingUi()
    this.#deadlineMs = nowMs + (this.#options.inactivityTimeoutMs ?? 120_000)
  }

  #leave(error: DlmsError | undefined): void {
    this.#state = 'disconnected'
    this.#deadlineMs = undefined
    this.#isPausing = false
    this.#missing = 0
    this.#waitingUi = []
    this.#agreed = this.#own
    this.#events.push({ kind: 'disconnected', error })
  }

  #sendWaitingUi(): void {
    for (const frame of this.#waitingUi.splice(0)) this.#send(frame)
  }

  #send(frame: HdlcFrame): void {
    this.#frames.push(emitHdlcFrame(frame))
  }

  get #addresses(): { readonly destination: HdlcAddress; readonly source: HdlcAddress } {
    return { destination: this.#server, source: this.#options.client }
  }

  #requireLinked(): void {
    if (this.#state !== 'waiting') this.#require('connected')
  }

  #require(state: HdlcClientState): void {
    if (this.#state !== state) throw new DlmsError('DLMS_BUSY', `HDLC link is ${this.#state}, not ${state}`)
  }

  #step(): HdlcClientStep {
    const step = { frames: this.#frames, events: this.#events }
    this.#frames = []
    this.#events = []
    return step
  }
}

function parsed(bytes: Uint8Array): HdlcFrame | undefined {
  try {
    return parseHdlcFrame(bytes)
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}
