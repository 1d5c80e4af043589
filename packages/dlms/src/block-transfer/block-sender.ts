import { emitXdlms } from '../apdu/apdu.ts'
import { blockOverheadBytes, largestBlockNumber, largestWindow } from './block-limits.ts'

export interface BlockSenderOptions {
  readonly apdu: Uint8Array
  /** Longest block with its header. */
  readonly maxPduBytes: number
  /** Blocks we take in a row, told in each block; 1..63. */
  readonly ownWindow: number
  /** Blocks the peer takes in a row. Default 1, until it has told. */
  readonly peerWindow?: number
  /** Default 63: as many in a row as the peer takes. */
  readonly mostInARow?: number
  /** The peer's block that the first of ours acknowledges; default 0, none. */
  readonly acknowledges?: number
}

/**
 * One APDU going out in blocks, window after window. What an acknowledgement does not cover goes out anew, so a receiver
 * that misses one block may ask for it alone (a window of 1) or for all from it on.
 * @source Green Book ed. 8 §9.4.6.13
 */
export class BlockSender {
  readonly #apdu: Uint8Array
  readonly #blockBytes: number
  readonly #ownWindow: number
  readonly #count: number
  readonly #mostInARow: number
  #peerWindow: number
  #acknowledges: number
  /** Every block up to here has arrived. */
  #acknowledged = 0
  /** The last one that went out. */
  #sent = 0

  constructor(options: BlockSenderOptions) {
    this.#apdu = options.apdu
    this.#blockBytes = options.maxPduBytes - blockOverheadBytes
    this.#ownWindow = options.ownWindow
    this.#mostInARow = options.mostInARow ?? largestWindow
    this.#peerWindow = Math.min(options.peerWindow ?? 1, this.#mostInARow)
    this.#acknowledges = options.acknowledges ?? 0
    this.#count = Math.max(1, Math.ceil(this.#apdu.length / this.#blockBytes))
  }

  /** Most octets that blocks of this size can carry. */
  static capacityBytes(maxPduBytes: number): number {
    return Math.max(0, maxPduBytes - blockOverheadBytes) * largestBlockNumber
  }

  get count(): number {
    return this.#count
  }

  /** The blocks to send now; the last of them hands the turn over. */
  window(): Uint8Array[] {
    const first = this.#acknowledged + 1
    const last = Math.min(this.#acknowledged + this.#peerWindow, this.#count)
    this.#sent = Math.max(this.#sent, last)
    return Array.from({ length: last - first + 1 }, (_unused, i) => this.#block(first + i, first + i < last))
  }

  /** Asks for an acknowledgement anew: the block whose number is the highest sent, with the turn. */
  probe(): Uint8Array {
    return this.#block(this.#sent, false)
  }

  /**
   * @param window how many blocks the peer takes next; one that misses some asks for just those
   * @returns `old` for an acknowledgement that came late, `never-sent` for one of what has not gone out
   */
  acknowledge(blockNumberAck: number, window: number, blockNumber: number): 'taken' | 'old' | 'never-sent' {
    if (blockNumberAck > this.#sent) return 'never-sent'
    if (blockNumberAck < this.#acknowledged) return 'old'
    this.#acknowledged = blockNumberAck
    this.#peerWindow = Math.min(Math.max(window, 1), this.#mostInARow)
    this.#acknowledges = Math.max(this.#acknowledges, blockNumber)
    return 'taken'
  }

  get isAllAcknowledged(): boolean {
    return this.#acknowledged === this.#count
  }

  #block(blockNumber: number, streaming: boolean): Uint8Array {
    const at = (blockNumber - 1) * this.#blockBytes
    return emitXdlms({
      kind: 'general-block-transfer',
      lastBlock: blockNumber === this.#count,
      streaming,
      window: this.#ownWindow,
      blockNumber,
      blockNumberAck: this.#acknowledges,
      blockData: this.#apdu.subarray(at, at + this.#blockBytes),
    })
  }
}
