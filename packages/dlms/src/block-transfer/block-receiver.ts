import { concatBytes } from '@gridcard/bytes'
import { emitXdlms } from '../apdu/apdu.ts'
import type { GeneralBlockTransfer } from '../apdu/general-block-transfer.ts'
import { largestBlockNumber } from './block-limits.ts'

export interface BlockReceiverOptions {
  /** Blocks we take in a row, 1..63. */
  readonly window: number
  /** Bound of the whole APDU. */
  readonly maxBytes: number
  /** Our own blocks that have gone out in this exchange: acknowledgements are numbered on from them. Default 0. */
  readonly sent?: number
}

export type BlockTaken =
  /** More of this window comes. */
  | 'more'
  /** The peer waits for `acknowledgement`. */
  | 'turn'
  | 'complete'
  /** Neither of this window nor one that came before, empty, or beyond the bound: the transfer cannot go on. */
  | 'refused'

/**
 * One APDU coming in in blocks, in any order inside a window. Memory is bounded by `maxBytes` and the window, time by the
 * peer: each block that counts has something in it.
 * @source Green Book ed. 8 §9.4.6.13
 */
export class BlockReceiver {
  readonly #window: number
  readonly #maxBytes: number
  readonly #parts: Uint8Array[] = []
  /** Came after a gap. */
  readonly #ahead = new Map<number, Uint8Array>()
  #bytes = 0
  #last: number | undefined
  #sent: number
  /** The highest block the peer may send before it hears from us. */
  #windowEnd: number

  constructor({ window, maxBytes, sent = 0 }: BlockReceiverOptions) {
    this.#window = window
    this.#maxBytes = maxBytes
    this.#sent = sent
    // Before the first acknowledgement the peer goes by a window of its own choice.
    this.#windowEnd = window
  }

  /** The last block up to which none is missing. */
  get received(): number {
    return this.#parts.length
  }

  get isComplete(): boolean {
    return this.#last === this.#parts.length
  }

  take({ blockNumber, blockData, lastBlock, streaming }: GeneralBlockTransfer): BlockTaken {
    const isRepeated = (blockNumber > 0 && blockNumber <= this.received) || this.#ahead.has(blockNumber)
    if (!isRepeated && !this.#keep(blockNumber, blockData, lastBlock)) return 'refused'
    if (this.isComplete) return 'complete'
    // Some peers leave the streaming bit on; then the end of the window hands us the turn.
    return streaming && blockNumber < this.#windowEnd ? 'more' : 'turn'
  }

  #keep(blockNumber: number, blockData: Uint8Array, lastBlock: boolean): boolean {
    const isInWindow = blockNumber > 0 && blockNumber <= this.received + this.#window
    const isBeyond = this.#last !== undefined && blockNumber > this.#last
    this.#bytes += blockData.length
    if (!isInWindow || isBeyond || blockData.length === 0 || this.#bytes > this.#maxBytes) return false
    if (lastBlock) {
      if (this.#last !== undefined || [...this.#ahead.keys()].some((number) => number > blockNumber)) return false
      this.#last = blockNumber
    }
    this.#ahead.set(blockNumber, blockData)
    for (let next = this.#ahead.get(this.received + 1); next !== undefined; next = this.#ahead.get(this.received + 1)) {
      this.#ahead.delete(this.received + 1)
      this.#parts.push(next)
    }
    return true
  }

  /** What we have, and how many blocks we want: those of the first gap where there is one, else a whole window. */
  acknowledgement(): Uint8Array {
    const gap = this.#ahead.size === 0 ? this.#window : Math.min(...this.#ahead.keys()) - this.received - 1
    this.#sent = Math.min(this.#sent + 1, largestBlockNumber)
    this.#windowEnd = this.received + gap
    return emitXdlms({
      kind: 'general-block-transfer',
      lastBlock: true,
      streaming: false,
      window: gap,
      blockNumber: this.#sent,
      blockNumberAck: this.received,
      blockData: new Uint8Array(0),
    })
  }

  /** @returns the APDU, when `isComplete` */
  assemble(): Uint8Array {
    return concatBytes(...this.#parts)
  }
}
