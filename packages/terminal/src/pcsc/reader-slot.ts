import type { CardLink } from '../card-link.ts'
import { TerminalError } from '../errors.ts'
import { attributeValue } from './attributes.ts'
import { chooseProtocol, protocols } from './card-protocols.ts'
import { InsertedCard } from './inserted-card.ts'
import { EXCLUSIVE, type ReaderState, stateBits } from './reader-state.ts'
import { type ReturnCode, returnCodes as rc } from './return-codes.ts'

export const shareModes = { exclusive: 1, shared: 2, direct: 3 } as const
export const dispositions = { leave: 0, reset: 1, unpower: 2, eject: 3 } as const

/** pcscd holds a BEGIN for so long; a client asks again after as long by itself. */
const BEGIN_PATIENCE_MS = 100
/** Who waits for the end of a transaction looks so often whether its client is still there. */
const LOOK_MS = 1000

/** One SCardConnect of one client. */
export interface CardHandle {
  readonly number: number
  readonly slot: ReaderSlot
  /** The connection that asked. */
  readonly owner: object
  /** What happened to the card behind the handle's back; every call gives it until RECONNECT. */
  event: typeof rc.SCARD_W_REMOVED_CARD | typeof rc.SCARD_W_RESET_CARD | undefined
}

export interface SlotSurroundings {
  /** State, sharing or protocol differ from before. */
  onChange(): void
  /** A card's link failed: the client sees a return code, the operator the reason. */
  onTrouble(error: unknown): void
  /** Calls `act` after some time; gives what cancels it. */
  after(timeoutMs: number, act: () => void): () => void
}

export interface ConnectRequest {
  readonly owner: object
  readonly number: number
  readonly shareMode: number
  readonly preferredProtocols: number
  readonly isGone: () => boolean
}

const emptyAtr = new Uint8Array(0)

/**
 * A reader: which card is in it, who is connected, who has a transaction. Everything that PC/SC refuses is a return code.
 * @source PC/SC part 5; pcsc-lite 1.9.9 where part 5 leaves it open
 */
export class ReaderSlot {
  readonly name: string
  readonly #surroundings: SlotSurroundings
  readonly #handles = new Set<CardHandle>()
  readonly #waitingForLock = new Set<() => void>()
  #card: InsertedCard | undefined
  #moves: Promise<unknown> = Promise.resolve()
  /** Never 0: clients do not compare a counter of 0 and would miss a quick swap. */
  #eventCounter = 1
  #protocol: number = protocols.undefined
  #exclusive: CardHandle | undefined
  #lock: { readonly handle: CardHandle; depth: number } | undefined

  constructor(name: string, surroundings: SlotSurroundings) {
    this.name = name
    this.#surroundings = surroundings
  }

  get state(): ReaderState {
    return {
      name: this.name,
      eventCounter: this.#eventCounter,
      bits: this.#stateBits(),
      sharing: this.#exclusive === undefined ? this.#handles.size : EXCLUSIVE,
      atr: this.#card?.atr ?? emptyAtr,
      protocol: this.#protocol,
    }
  }

  get isCardPresent(): boolean {
    return this.#card !== undefined
  }

  get protocol(): number {
    return this.#protocol
  }

  /**
   * Puts a card in and powers it. One that does not answer is shown as mute.
   * @throws TerminalError `TERMINAL_PCSC_SLOT_OCCUPIED`
   */
  insert(link: CardLink): Promise<void> {
    return this.#inOrder(async () => {
      if (this.#card !== undefined) {
        throw new TerminalError('TERMINAL_PCSC_SLOT_OCCUPIED', `a card is in ${this.name}`, { reader: this.name })
      }
      const card = new InsertedCard(link)
      await card.reset().catch((error: unknown) => this.#surroundings.onTrouble(error))
      this.#card = card
      this.#moved()
    })
  }

  /** Takes the card out, in the middle of whatever it does, then takes its power. */
  remove(): Promise<void> {
    return this.#inOrder(async () => {
      const card = this.#card
      if (card === undefined) return
      this.#card = undefined
      for (const handle of this.#handles) handle.event = rc.SCARD_W_REMOVED_CARD
      this.#lock = undefined
      this.#moved()
      this.#wake()
      await card.inTurn((link) => link.powerOff()).catch((error: unknown) => this.#surroundings.onTrouble(error))
    })
  }

  /** Waits for the end of another client's transaction, as pcscd does. */
  async connect(request: ConnectRequest): Promise<CardHandle | ReturnCode> {
    const { owner, number, shareMode, preferredProtocols } = request
    const refusal = refusalOf(shareMode, preferredProtocols)
    if (refusal !== undefined) return refusal
    if (this.#exclusive !== undefined) return rc.SCARD_E_SHARING_VIOLATION
    await this.#untilNoTransaction(owner, request.isGone)
    await this.#card?.resets // whoever had the transaction may have ended it so
    if (request.isGone()) return rc.SCARD_E_INVALID_HANDLE
    if (this.#exclusive !== undefined) return rc.SCARD_E_SHARING_VIOLATION
    if (shareMode === shareModes.exclusive && this.#handles.size > 0) return rc.SCARD_E_SHARING_VIOLATION
    const ready = this.#makeReady(shareMode, preferredProtocols)
    if (ready !== rc.SCARD_S_SUCCESS) return ready
    const handle: CardHandle = { number, slot: this, owner, event: undefined }
    this.#handles.add(handle)
    if (shareMode === shareModes.exclusive) this.#exclusive = handle
    this.#surroundings.onChange()
    return handle
  }

  async reconnect(
    handle: CardHandle,
    shareMode: number,
    preferredProtocols: number,
    initialization: number,
  ): Promise<ReturnCode> {
    const refusal = refusalOf(shareMode, preferredProtocols)
    if (refusal !== undefined) return refusal
    if (initialization > dispositions.unpower) return rc.SCARD_E_INVALID_VALUE
    if (this.#isLockedAgainst(handle)) return rc.SCARD_E_SHARING_VIOLATION
    if (shareMode === shareModes.exclusive && this.#handles.size > 1) return rc.SCARD_E_SHARING_VIOLATION
    if (this.#card === undefined && shareMode !== shareModes.direct) return rc.SCARD_E_NO_SMARTCARD
    if (initialization !== dispositions.leave) {
      await this.#reset(initialization, handle)
    }
    await this.#card?.resets // by another handle, to which this one may be the answer
    if (!this.#handles.has(handle)) return rc.SCARD_E_INVALID_HANDLE
    if (this.#isLockedAgainst(handle)) return rc.SCARD_E_SHARING_VIOLATION
    const ready = this.#makeReady(shareMode, preferredProtocols)
    if (ready !== rc.SCARD_S_SUCCESS) return ready
    handle.event = undefined
    this.#exclusive = shareMode === shareModes.exclusive ? handle : undefined
    this.#surroundings.onChange()
    return rc.SCARD_S_SUCCESS
  }

  /**
   * The handle is gone afterwards, unless refused. One that wants the card reset waits for the end of another client's
   * transaction, as with pcscd.
   */
  async disconnect(handle: CardHandle, disposition: number, isGone: () => boolean): Promise<ReturnCode> {
    if (disposition > dispositions.eject) return rc.SCARD_E_INVALID_VALUE
    if (disposition !== dispositions.leave) {
      await this.#untilNoTransaction(handle.owner, isGone)
      if (isGone()) return rc.SCARD_E_INVALID_HANDLE
      if (this.#isLockedAgainst(handle)) return rc.SCARD_E_SHARING_VIOLATION
    }
    const hadCard = handle.event !== rc.SCARD_W_REMOVED_CARD
    this.#forget(handle)
    if (disposition !== dispositions.leave && hadCard) await this.#reset(disposition)
    return rc.SCARD_S_SUCCESS
  }

  /** The client went away without a word: a card in the middle of its transaction is reset, another one left as it is. */
  async abandon(handle: CardHandle): Promise<void> {
    const hadItAlone = this.#lock?.handle === handle || this.#exclusive === handle
    this.#forget(handle)
    if (hadItAlone && handle.event === undefined) await this.#reset(dispositions.reset)
  }

  async begin(handle: CardHandle): Promise<ReturnCode> {
    if (handle.event !== undefined) return handle.event
    if (this.#isLockedAgainst(handle)) {
      // The END of a second handle on the same connection stands behind this request.
      if (this.#lock?.handle.owner === handle.owner) return rc.SCARD_E_SHARING_VIOLATION
      await this.#untilUnlocked(BEGIN_PATIENCE_MS)
      if (!this.#handles.has(handle)) return rc.SCARD_E_INVALID_HANDLE
      if (handle.event !== undefined) return handle.event
      if (this.#isLockedAgainst(handle)) return rc.SCARD_E_SHARING_VIOLATION
    }
    if (this.#lock === undefined) this.#lock = { handle, depth: 1 }
    else this.#lock.depth++
    return rc.SCARD_S_SUCCESS
  }

  async end(handle: CardHandle, disposition: number): Promise<ReturnCode> {
    if (disposition > dispositions.eject) return rc.SCARD_E_INVALID_VALUE
    if (handle.event !== undefined) return handle.event
    if (this.#isLockedAgainst(handle)) return rc.SCARD_E_SHARING_VIOLATION
    const lock = this.#lock
    if (lock === undefined) return rc.SCARD_E_NOT_TRANSACTED
    const reset = disposition === dispositions.leave ? undefined : this.#reset(disposition)
    if (--lock.depth === 0) {
      this.#lock = undefined
      this.#wake()
    }
    await reset
    return rc.SCARD_S_SUCCESS
  }

  /** Whether the handle may use the card now. */
  status(handle: CardHandle): ReturnCode {
    if (handle.event !== undefined) return handle.event
    return this.#isLockedAgainst(handle) ? rc.SCARD_E_SHARING_VIOLATION : rc.SCARD_S_SUCCESS
  }

  /** One APDU. @param protocol as the client believes it to be */
  async transmit(handle: CardHandle, protocol: number, command: Uint8Array): Promise<Uint8Array | ReturnCode> {
    const card = this.#card
    const before = this.#mayTransmit(handle, protocol)
    if (before !== rc.SCARD_S_SUCCESS || card === undefined) return before
    try {
      return await card.inTurn(async (link) => {
        const now = this.#mayTransmit(handle, protocol) // others came first
        if (now !== rc.SCARD_S_SUCCESS) return now
        const response = await link.transmit(command)
        return this.#card === card ? response : rc.SCARD_W_REMOVED_CARD
      })
    } catch (error) {
      this.#surroundings.onTrouble(error)
      return rc.SCARD_E_NOT_TRANSACTED
    }
  }

  /** CONTROL works without a card and after a reset, but not into another client's transaction. */
  control(handle: CardHandle): ReturnCode {
    return this.#isLockedAgainst(handle) ? rc.SCARD_E_SHARING_VIOLATION : rc.SCARD_S_SUCCESS
  }

  attribute(handle: CardHandle, attribute: number): Uint8Array | ReturnCode {
    const status = this.status(handle)
    if (status !== rc.SCARD_S_SUCCESS) return status
    const reader = { name: this.name, atr: this.#card?.atr, protocol: this.#protocol }
    return attributeValue(attribute, reader) ?? rc.SCARD_E_UNSUPPORTED_FEATURE
  }

  #mayTransmit(handle: CardHandle, protocol: number): ReturnCode {
    const status = this.status(handle)
    if (status !== rc.SCARD_S_SUCCESS) return status
    if (this.#card === undefined) return rc.SCARD_E_NO_SMARTCARD
    if (this.#card.atr === undefined) return rc.SCARD_W_UNRESPONSIVE_CARD
    const isRight = protocol === this.#protocol || protocol === protocols.raw || protocol === protocols.oldAny
    return isRight ? rc.SCARD_S_SUCCESS : rc.SCARD_E_PROTO_MISMATCH
  }

  /** Is there a card that talks, and a protocol that suits? Chooses one if none is active. */
  #makeReady(shareMode: number, preferred: number): ReturnCode {
    if (shareMode === shareModes.direct) return rc.SCARD_S_SUCCESS
    if (this.#card === undefined) return rc.SCARD_E_NO_SMARTCARD
    if (this.#card.protocols === undefined) return rc.SCARD_W_UNRESPONSIVE_CARD
    if (this.#protocol === protocols.undefined) {
      const chosen = chooseProtocol(this.#card.protocols, preferred)
      if (chosen === undefined) return rc.SCARD_E_PROTO_MISMATCH
      this.#protocol = chosen
      return rc.SCARD_S_SUCCESS
    }
    const suits = (preferred & (this.#protocol | protocols.oldAny)) !== 0
    return suits ? rc.SCARD_S_SUCCESS : rc.SCARD_E_PROTO_MISMATCH
  }

  /** Marks all other handles at once, so that nothing they asked for before slips in after it. */
  async #reset(disposition: number, initiator?: CardHandle): Promise<void> {
    const card = this.#card
    if (card === undefined) return
    for (const handle of this.#handles) {
      if (handle !== initiator) handle.event = rc.SCARD_W_RESET_CARD
    }
    this.#protocol = protocols.undefined
    const takePowerFirst = disposition !== dispositions.reset
    await card.reset({ takePowerFirst }).catch((error: unknown) => this.#surroundings.onTrouble(error))
    this.#surroundings.onChange()
  }

  #forget(handle: CardHandle): void {
    this.#handles.delete(handle)
    if (this.#handles.size === 0) this.#protocol = protocols.undefined // the next client may choose again
    if (this.#exclusive === handle) this.#exclusive = undefined
    if (this.#lock?.handle === handle) {
      this.#lock = undefined
      this.#wake()
    }
    this.#surroundings.onChange()
  }

  #isLockedAgainst(handle: CardHandle): boolean {
    return this.#lock !== undefined && this.#lock.handle !== handle
  }

  /** Waiting for a handle of the same connection would never end: its END stands behind this request. */
  async #untilNoTransaction(owner: object, isGone: () => boolean): Promise<void> {
    while (this.#lock !== undefined && this.#lock.handle.owner !== owner && !isGone()) {
      await this.#untilUnlocked(LOOK_MS)
    }
  }

  #untilUnlocked(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waitingForLock.delete(wake)
        cancel()
        resolve()
      }
      const cancel = this.#surroundings.after(timeoutMs, wake)
      this.#waitingForLock.add(wake)
    })
  }

  #wake(): void {
    for (const wake of this.#waitingForLock) wake()
  }

  #moved(): void {
    this.#protocol = protocols.undefined
    this.#eventCounter = this.#eventCounter === 0xffff ? 1 : this.#eventCounter + 1
    this.#surroundings.onChange()
  }

  #inOrder(move: () => Promise<void>): Promise<void> {
    const moving = this.#moves.then(move)
    this.#moves = moving.catch(() => {}) // who asked is told
    return moving
  }

  #stateBits(): number {
    if (this.#card === undefined) return stateBits.absent
    const { protocols: known } = this.#card
    if (known === undefined) return stateBits.present | stateBits.mute
    return stateBits.present | stateBits.powered | (known.isSpecific ? stateBits.specific : stateBits.negotiable)
  }
}

function refusalOf(shareMode: number, preferredProtocols: number): ReturnCode | undefined {
  if (shareMode < shareModes.exclusive || shareMode > shareModes.direct) return rc.SCARD_E_INVALID_VALUE
  const known = protocols.T0 | protocols.T1 | protocols.raw | protocols.oldAny
  return shareMode !== shareModes.direct && (preferredProtocols & known) === 0 ? rc.SCARD_E_PROTO_MISMATCH : undefined
}
