import { concatBytes } from '@gridcard/bytes'
import { emitXdlms } from '../apdu/apdu.ts'
import type { GeneralBlockTransfer } from '../apdu/general-block-transfer.ts'
import { blockOverheadBytes } from './block-limits.ts'
import { BlockSender } from './block-sender.ts'

// Blocks of an APDU that nobody acknowledges: all stream, and their window is 0. @source Green Book ed. 8 §9.4.6.13; so do
// meters of today push what is longer than a frame

/** Undefined for one longer than blocks can carry. */
export function unconfirmedBlocks(apdu: Uint8Array, maxPduBytes: number): readonly Uint8Array[] | undefined {
  if (apdu.length > BlockSender.capacityBytes(maxPduBytes)) return undefined
  const blockBytes = maxPduBytes - blockOverheadBytes
  const count = Math.max(1, Math.ceil(apdu.length / blockBytes))
  return Array.from({ length: count }, (_unused, i) =>
    emitXdlms({
      kind: 'general-block-transfer',
      lastBlock: i === count - 1,
      streaming: true,
      window: 0,
      blockNumber: i + 1,
      blockNumberAck: 0,
      blockData: apdu.subarray(i * blockBytes, (i + 1) * blockBytes),
    }),
  )
}

/** Whether a block is of an APDU that nobody acknowledges. */
export const isUnconfirmedBlock = ({ window, blockNumberAck, blockData }: GeneralBlockTransfer): boolean =>
  window === 0 && blockNumberAck === 0 && blockData.length > 0

/** Puts them together again. Of a message with a gap nothing is left; block 1 begins another. */
export class UnconfirmedBlocks {
  readonly #maxBytes: number
  #parts: Uint8Array[] = []
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** @returns the APDU, when its last block came */
  take({ blockNumber, blockData, lastBlock }: GeneralBlockTransfer): Uint8Array | undefined {
    // A doubled one tells nothing new.
    if (blockNumber > 1 && blockNumber === this.#parts.length) return undefined
    const isNext = blockNumber === 1 || (blockNumber === this.#parts.length + 1 && this.#parts.length > 0)
    if (blockNumber === 1 || !isNext) this.#reset()
    this.#bytes += blockData.length
    if (!isNext || this.#bytes > this.#maxBytes) {
      this.#reset()
      return undefined
    }
    this.#parts.push(blockData)
    if (!lastBlock) return undefined
    const apdu = concatBytes(...this.#parts)
    this.#reset()
    return apdu
  }

  #reset(): void {
    this.#parts = []
    this.#bytes = 0
  }
}
