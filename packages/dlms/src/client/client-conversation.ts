import { emitXdlms, parseXdlms, type XdlmsApdu } from '../apdu/apdu.ts'
import { apduTags } from '../apdu/apdu-tags.ts'
import { conforms } from '../apdu/conformance.ts'
import type { GeneralBlockTransfer } from '../apdu/general-block-transfer.ts'
import { largestWindow } from '../block-transfer/block-limits.ts'
import { isUnconfirmedBlock, UnconfirmedBlocks } from '../block-transfer/unconfirmed-blocks.ts'
import { DlmsError } from '../errors.ts'
import { type OpenedFrame, overheadBytesOf, type ProtectionLayers } from '../security/frame-protection.ts'
import { isSameForm } from '../security/protection-layers.ts'
import { isRefusal, type SecurityRefusal } from '../security/security-module.ts'
import { type BlockExchangeOptions, collectBlocks, exchangeInBlocks } from './block-exchange.ts'
import { requireSecurable } from './ciphering-options.ts'
import type { AssociationInfo, BlockTransferOptions, DlmsClientOptions } from './client-options.ts'
import { postUnanswered } from './dlms-transport.ts'
import { type ClientAssociation, openAssociation } from './open-association.ts'
import { release as releaseAssociation } from './release.ts'
import { exceptionOf, refusalError } from './response-errors.ts'

const DEFAULT_MAX_VALUE_BYTES = 4 * 1024 * 1024
/** For the answer behind a notification that came in between. */
const ANSWER_TIMEOUT_MS = 10_000
const notificationTags: ReadonlySet<number | undefined> = new Set([
  apduTags['data-notification'],
  apduTags['event-notification-request'],
])
const defaultBlocks: Required<BlockTransferOptions> = { window: 8, quietMs: 1000, maxRetries: 5 }
/** Bound of a request that goes in general block transfer. */
const MAX_BLOCKS_BYTES = 65_536
/** Confirmed service, high priority; the invoke id goes in the low nibble. */
const CONFIRMED_HIGH = 0xc0

/**
 * One association as its services see it: a plain APDU goes out as the association demands, in blocks where that was agreed
 * on, and comes back checked and parsed; notifications in between are told. When an answer is not protected as agreed, or
 * not the answer to the request, the association is over.
 */
export class ClientConversation {
  readonly #options: DlmsClientOptions
  readonly #maxPduBytes: number
  /** Bound of one reassembled value. */
  readonly maxValueBytes: number
  readonly #blocks: Required<BlockTransferOptions>
  #association: ClientAssociation | undefined
  #invokeId = 0
  /** Of a notification that comes in blocks. */
  readonly #unaskedBlocks: UnconfirmedBlocks
  /** An APDU that was opened to see whether it is a notification. */
  #opened: { readonly apdu: Uint8Array; readonly opened: OpenedFrame | SecurityRefusal } | undefined
  #queue: Promise<unknown> = Promise.resolve()

  /** @throws DlmsError `DLMS_CONFIGURATION` when a mechanism or the ciphering lacks what it needs */
  constructor(options: DlmsClientOptions) {
    requireSecurable(options)
    if (options.isConfirmed === false && options.mechanism.startsWith('hls')) {
      throw new DlmsError('DLMS_CONFIGURATION', `${options.mechanism} needs answers`)
    }
    this.#options = options
    this.#maxPduBytes = options.maxPduBytes ?? 0xffff
    this.maxValueBytes = options.maxValueBytes ?? DEFAULT_MAX_VALUE_BYTES
    this.#unaskedBlocks = new UnconfirmedBlocks(this.maxValueBytes)
    const blocks = typeof options.generalBlockTransfer === 'object' ? options.generalBlockTransfer : {}
    const { quietMs = defaultBlocks.quietMs } = options.transport
    this.#blocks = { ...defaultBlocks, quietMs, ...blocks }
    const { window } = this.#blocks
    if (options.onNotification !== undefined) {
      options.transport.onWaiting?.(() => void this.exclusively(() => this.#hearUnasked()).catch(() => {}))
    }
    if (!Number.isInteger(window) || window < 1 || window > largestWindow) {
      throw new DlmsError('DLMS_CONFIGURATION', 'a window of general block transfer is 1..63')
    }
  }

  get isAssociated(): boolean {
    return this.#association !== undefined
  }

  async associate(): Promise<AssociationInfo> {
    this.#leave()
    this.#association = await openAssociation({
      ...this.#options,
      maxPduBytes: this.#maxPduBytes,
      send: (apdu) => this.#send(apdu),
      post: (apdu) => this.#postUnanswered(apdu),
    })
    return this.#association.info
  }

  async release(): Promise<void> {
    const association = this.#association
    if (association === undefined) return
    this.#association = undefined
    try {
      await releaseAssociation(association, {
        send: (apdu) => this.#send(apdu),
        post: (apdu) => this.#postUnanswered(apdu),
      })
    } finally {
      association.protection?.close()
    }
  }

  // ---- requests without an answer

  /** All are made, and fit, before the first goes out. */
  async tellAll(requests: readonly XdlmsApdu[]): Promise<void> {
    const { layers } = this.requireAssociation()
    const plaintexts = requests.map((request) => this.requireFitting(emitXdlms(request)))
    for (const plaintext of plaintexts) await this.tell(plaintext, layers)
  }

  async tell(plaintext: Uint8Array, layers: ProtectionLayers): Promise<void> {
    const { protection } = this.requireAssociation()
    const request = protection === undefined ? plaintext : await protection.protect(plaintext, layers)
    if (isRefusal(request)) throw this.broken(refusalError(request))
    await this.#postUnanswered(request)
  }

  async #postUnanswered(apdu: Uint8Array): Promise<void> {
    try {
      await postUnanswered(this.#options.transport, apdu)
    } catch (error) {
      this.#leave()
      throw error
    }
  }

  // ---- one request

  /** The checked, parsed answer to a plain APDU of a service with a short invoke id. */
  async invoke(plaintext: Uint8Array, invokeIdAndPriority: number): Promise<XdlmsApdu> {
    const response = await this.exchange(plaintext, this.requireAssociation().layers)
    const hasOwnId = 'invokeIdAndPriority' in response && response.invokeIdAndPriority === invokeIdAndPriority
    if (!hasOwnId) throw this.unexpected(response)
    return response
  }

  /** Sends a plain APDU as the association demands; an exception is thrown. */
  async exchange(plaintext: Uint8Array, layers: ProtectionLayers): Promise<XdlmsApdu> {
    const { protection, isConfirmed } = this.requireAssociation()
    if (!isConfirmed) throw new DlmsError('DLMS_CONFIGURATION', 'an association without confirmation has no answers')
    const request = protection === undefined ? plaintext : await protection.protect(plaintext, layers)
    if (isRefusal(request)) throw this.broken(refusalError(request))
    let answer = await this.#sendWhole(request)
    for (;;) {
      // Not authenticated, so it can only be an error, never a value.
      if (answer[0] === apduTags['exception-response']) throw exceptionOf(answer)
      const early = this.#opened?.apdu === answer ? this.#opened.opened : undefined
      this.#opened = undefined
      const opened = early ?? (await protection?.unprotect(answer))
      if (opened !== undefined && isRefusal(opened)) throw this.broken(refusalError(opened))
      const content = opened?.plaintext ?? answer
      if (!this.#tellIfNotification(content)) {
        if (opened !== undefined && !isSameForm(layers, opened.layers)) {
          throw this.broken(refusalError({ refused: 'not-permitted' }))
        }
        return parseXdlms(content)
      }
      answer = await this.#nextAnswer()
    }
  }

  /** Behind a notification that came in between. */
  async #answerBehind(): Promise<Uint8Array> {
    const answer = await this.#nextOfBlocks(ANSWER_TIMEOUT_MS)
    if (answer === undefined) throw this.broken(new DlmsError('DLMS_TIMEOUT', 'no answer behind a notification'))
    return answer
  }

  async #nextAnswer(): Promise<Uint8Array> {
    const answer = await this.#answerBehind()
    return answer[0] === apduTags['general-block-transfer'] ? collectBlocks(answer, this.#blockExchange()) : answer
  }

  // ---- what nobody asked for

  /** @returns false for something else; then the listener has heard nothing */
  #tellIfNotification(plaintext: Uint8Array): boolean {
    const { onNotification } = this.#options
    if (onNotification === undefined || !notificationTags.has(plaintext[0])) return false
    const notification = parseXdlms(plaintext)
    const isOne = notification.kind === 'data-notification' || notification.kind === 'event-notification-request'
    if (isOne) onNotification(notification)
    return isOne
  }

  async #hearUnasked(): Promise<void> {
    for (let apdu = await this.#next(0); apdu !== undefined; apdu = await this.#next(0)) await this.takeUnasked(apdu)
  }

  /** What is no notification of this association, or cannot be trusted, is passed over: it may be a late block. */
  async takeUnasked(came: Uint8Array): Promise<boolean> {
    const { protection } = this.requireAssociation()
    const block = unconfirmedBlockIn(came)
    const apdu = block === undefined ? came : this.#unaskedBlocks.take(block)
    if (apdu === undefined) return false
    const opened = protection === undefined ? { plaintext: apdu } : await protection.unprotect(apdu)
    return !isRefusal(opened) && this.#tellIfNotification(opened.plaintext)
  }

  /** In blocks where that was agreed on. */
  async #sendWhole(apdu: Uint8Array): Promise<Uint8Array> {
    const { info } = this.requireAssociation()
    if (!conforms(info.conformance, 'general-block-transfer')) return this.#send(apdu)
    try {
      return await exchangeInBlocks(apdu, this.#blockExchange())
    } catch (error) {
      if (error instanceof DlmsError) throw this.broken(error)
      throw error
    }
  }

  #blockExchange(): BlockExchangeOptions {
    const { transport } = this.#options
    const { post, next } = transport
    return {
      transport: {
        send: async (block) => {
          const answer = await this.#send(block)
          const isListening = this.#options.onNotification !== undefined
          if (!isListening || unconfirmedBlockIn(answer) === undefined) return answer
          await this.takeUnasked(answer)
          return this.#answerBehind()
        },
        ...(post && { post: (block) => post.call(transport, block) }),
        ...(next && { next: (quietMs) => this.#nextOfBlocks(quietMs) }),
      },
      serverMaxPduBytes: this.requireAssociation().info.serverMaxPduBytes,
      maxAnswerBytes: this.maxValueBytes,
      ...this.#blocks,
    }
  }

  /** A notification that comes between blocks is told; anything else stays opened, for its counter counts once. */
  async #nextOfBlocks(quietMs: number): Promise<Uint8Array | undefined> {
    for (;;) {
      const apdu = await this.#next(quietMs)
      const isListening = this.#options.onNotification !== undefined
      if (apdu === undefined || !isListening || apdu[0] === apduTags['exception-response']) return apdu
      if (unconfirmedBlockIn(apdu) !== undefined) {
        await this.takeUnasked(apdu)
        continue
      }
      if (apdu[0] === apduTags['general-block-transfer']) return apdu
      const { protection } = this.requireAssociation()
      const opened = await protection?.unprotect(apdu)
      const isTold = (opened === undefined || !isRefusal(opened)) && this.#tellIfNotification(opened?.plaintext ?? apdu)
      if (isTold) continue
      this.#opened = opened && { apdu, opened }
      return apdu
    }
  }

  /** Nothing is longer than agreed. */
  async #next(quietMs: number): Promise<Uint8Array | undefined> {
    const apdu = await this.#options.transport.next?.(quietMs)
    if (apdu !== undefined) this.#requireAgreedLength(apdu)
    return apdu
  }

  async #send(apdu: Uint8Array): Promise<Uint8Array> {
    let answer: Uint8Array
    try {
      answer = await this.#options.transport.send(apdu)
    } catch (error) {
      this.#leave()
      throw error
    }
    this.#requireAgreedLength(answer)
    return answer
  }

  #requireAgreedLength({ length }: Uint8Array): void {
    if (length <= this.#maxPduBytes) return
    throw this.broken(new DlmsError('DLMS_LIMIT_EXCEEDED', 'answer longer than agreed', { lengthBytes: length }))
  }

  /** Octets that a plain request may have. */
  room(): number {
    return this.roomIn(this.requireAssociation().layers)
  }

  /** The same where one longer than the server takes goes in general block transfer. */
  roomInBlocks(layers = this.requireAssociation().layers): number {
    const { info } = this.requireAssociation()
    const hasBlocks = conforms(info.conformance, 'general-block-transfer')
    return this.roomIn(layers, hasBlocks ? MAX_BLOCKS_BYTES : info.serverMaxPduBytes)
  }

  roomIn(layers: ProtectionLayers, most = this.requireAssociation().info.serverMaxPduBytes): number {
    return most - overheadBytesOf(layers, this.#suite())
  }

  #suite() {
    return this.requireAssociation().protection?.suite
  }

  requireFitting(plaintext: Uint8Array, room = this.room()): Uint8Array {
    if (plaintext.length <= room) return plaintext
    throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'request longer than the server takes', {
      lengthBytes: plaintext.length,
    })
  }

  requireAssociation(): ClientAssociation {
    if (this.#association !== undefined) return this.#association
    throw new DlmsError('DLMS_NOT_ASSOCIATED', 'no association: associate first')
  }

  /** 1..15, so that an answer that is late by one is not taken for the next. */
  nextInvokeId(): number {
    this.#invokeId = (this.#invokeId % 15) + 1
    return CONFIRMED_HIGH | this.#invokeId
  }

  exclusively<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(act, act)
    this.#queue = result
    return result
  }

  unexpected(response: XdlmsApdu): DlmsError {
    return this.broken(
      new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'not the answer to the request', { kind: response.kind }),
    )
  }

  broken(error: DlmsError): DlmsError {
    this.#leave()
    return error
  }

  #leave(): void {
    this.#association?.protection?.close()
    this.#association = undefined
  }
}

/** Undefined for anything but a block that nobody acknowledges, so one of a notification. */
function unconfirmedBlockIn(apdu: Uint8Array): GeneralBlockTransfer | undefined {
  if (apdu[0] !== apduTags['general-block-transfer']) return undefined
  try {
    const block = parseXdlms(apdu)
    return block.kind === 'general-block-transfer' && isUnconfirmedBlock(block) ? block : undefined
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}
