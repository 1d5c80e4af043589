import { DlmsError } from '../errors.ts'

interface Waiting {
  readonly take: (apdu: Uint8Array | undefined) => void
  readonly reject: (error: DlmsError) => void
}

/** More than a window of blocks and some notifications do not wait. */
const MAX_WAITING = 128

/** APDUs that came, in order, and whoever waits for the next one. Knows no clock: `expire` is the caller's to call. */
export class ApduInbox {
  readonly #apdus: Uint8Array[] = []
  #waiting: Waiting | undefined

  get isAwaited(): boolean {
    return this.#waiting !== undefined
  }

  /** @throws DlmsError `DLMS_LIMIT_EXCEEDED` when too many wait already */
  push(apdu: Uint8Array): void {
    const waiting = this.#waiting
    if (waiting !== undefined) {
      this.#waiting = undefined
      waiting.take(apdu)
      return
    }
    if (this.#apdus.length >= MAX_WAITING) throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'too many APDUs nobody asked for')
    this.#apdus.push(apdu)
  }

  /** Undefined when `expire` was called first. Rejects with what `fail` was given, or DLMS_BUSY when somebody waits. */
  next(): Promise<Uint8Array | undefined> {
    if (this.#waiting !== undefined) return Promise.reject(new DlmsError('DLMS_BUSY', 'a request is under way'))
    const first = this.#apdus.shift()
    if (first !== undefined) return Promise.resolve(first)
    return new Promise((take, reject) => {
      this.#waiting = { take, reject }
    })
  }

  expire(): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.take(undefined)
  }

  fail(error: DlmsError): void {
    this.#apdus.length = 0
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.reject(error)
  }

  clear(): void {
    this.#apdus.length = 0
  }
}
