import { isProtectedTag, parseProtected, parseXdlms } from '../apdu/apdu.ts'
import { apduTags } from '../apdu/apdu-tags.ts'
import type { DataNotification, EventNotification } from '../apdu/data-notification.ts'
import type { GeneralBlockTransfer } from '../apdu/general-block-transfer.ts'
import { UnconfirmedBlocks } from '../block-transfer/unconfirmed-blocks.ts'
import { DlmsError } from '../errors.ts'
import { everythingRequired, FrameProtection } from '../security/frame-protection.ts'
import { isRefusal, type SecurityModule, type SecurityRefusalReason } from '../security/security-module.ts'
import type { SecuritySuiteId } from '../security/security-suite.ts'

export interface PushReceiverOptions {
  readonly security?: SecurityModule
  /** Key slot for a sender, or undefined for one that is not known. */
  readonly slotOf?: (systemTitle: Uint8Array) => number | undefined | Promise<number | undefined>
  /** Suite of a slot, default 0. */
  readonly suiteOf?: (slot: number) => SecuritySuiteId
  /** What a protected notification must have at least, see `protections`; default authenticated and encrypted. */
  readonly required?: number
  /** Takes notifications in clear, which anybody can send. Default false. */
  readonly acceptsPlain?: boolean
  /** Longest notification in blocks of general block transfer, default 65535. */
  readonly maxApduBytes?: number
}

/** Senders whose blocks are put together at once; the oldest is given up for a new one. */
const MOST_SENDERS = 16

export interface Push {
  readonly notification: DataNotification | EventNotification
  /** Title of the sender, proved by its tag or signature; undefined for a notification in clear. */
  readonly systemTitle: Uint8Array | undefined
}

/** `incomplete` is no fault: a block of general block transfer, and more of them follow. */
export type PushRefusalReason = SecurityRefusalReason | 'plain' | 'no-notification' | 'incomplete'

export interface PushRefusal {
  readonly refused: PushRefusalReason
}

export const isPushRefusal = (result: Push | PushRefusal): result is PushRefusal => 'refused' in result

/** Judges what comes in unasked: known sender, right tag, a counter never seen, and a notification inside. */
export class PushReceiver {
  readonly #options: PushReceiverOptions
  readonly #senders = new Map<string, UnconfirmedBlocks>()

  constructor(options: PushReceiverOptions) {
    this.#options = options
  }

  /**
   * Never rejects at octets.
   * @param sender tells apart whose blocks go together: an address, say
   */
  async receive(came: Uint8Array, sender = ''): Promise<Push | PushRefusal> {
    const apdu = this.#whole(came, sender)
    return apdu instanceof Uint8Array ? this.#judge(apdu) : apdu
  }

  #whole(apdu: Uint8Array, sender: string): Uint8Array | PushRefusal {
    if (apdu[0] !== apduTags['general-block-transfer']) return apdu
    const block = blockIn(apdu)
    if (block === undefined) return { refused: 'malformed' }
    const blocks = this.#senders.get(sender) ?? new UnconfirmedBlocks(this.#options.maxApduBytes ?? 0xffff)
    this.#senders.delete(sender)
    const whole = blocks.take(block)
    if (whole !== undefined) return whole
    const [oldest] = this.#senders.keys()
    if (oldest !== undefined && this.#senders.size >= MOST_SENDERS) this.#senders.delete(oldest)
    this.#senders.set(sender, blocks)
    return { refused: 'incomplete' }
  }

  async #judge(apdu: Uint8Array): Promise<Push | PushRefusal> {
    if (!isProtectedTag(apdu[0])) {
      // Judged before it is parsed: what is not taken is not looked at.
      return this.#options.acceptsPlain === true ? pushOf(apdu, undefined) : { refused: 'plain' }
    }
    const { security, slotOf, suiteOf, required = everythingRequired } = this.#options
    const systemTitle = titleOf(apdu)
    if (systemTitle === undefined) return { refused: 'malformed' }
    const slot = await slotOf?.(systemTitle)
    if (security === undefined || slot === undefined) return { refused: 'unknown-peer' }
    const protection = new FrameProtection({
      security,
      slot,
      peerSystemTitle: systemTitle,
      suite: suiteOf?.(slot),
      required: () => required,
    })
    const opened = await protection.unprotect(apdu)
    return isRefusal(opened) ? { refused: opened.refused } : pushOf(opened.plaintext, systemTitle)
  }
}

function blockIn(apdu: Uint8Array): GeneralBlockTransfer | undefined {
  try {
    const block = parseXdlms(apdu)
    return block.kind === 'general-block-transfer' ? block : undefined
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}

/** Undefined for what names no sender. */
function titleOf(apdu: Uint8Array): Uint8Array | undefined {
  try {
    const frame = parseProtected(apdu)
    if (frame.kind === 'general-glo-ciphering') return frame.systemTitle
    const isGeneral = frame.kind === 'general-ciphering' || frame.kind === 'general-signing'
    return isGeneral ? frame.originatorSystemTitle : undefined
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}

function pushOf(plaintext: Uint8Array, systemTitle: Uint8Array | undefined): Push | PushRefusal {
  try {
    const notification = parseXdlms(plaintext)
    const isOne = notification.kind === 'data-notification' || notification.kind === 'event-notification-request'
    return isOne ? { notification, systemTitle } : { refused: 'no-notification' }
  } catch (error) {
    if (error instanceof DlmsError) return { refused: 'malformed' }
    throw error
  }
}
