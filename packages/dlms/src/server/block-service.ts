import { concatBytes } from '@gridcard/bytes'
import type { GeneralBlockTransfer } from '../apdu/general-block-transfer.ts'
import { blockOf, blockOverheadBytes } from '../apdu/single-block.ts'

/** Bound of an APDU that comes in blocks. */
const MAX_APDU_BYTES = 65_536

interface Outgoing {
  readonly apdu: Uint8Array
  readonly blockBytes: number
  blockNumber: number
}

/**
 * General block transfer on the server, one block at a time: whole APDUs, ciphered as they are, in pieces. A block or an
 * acknowledgement that comes twice is answered as the first time; any other gap ends the transfer.
 * @source Green Book ed. 8 §9.4.6.13
 */
export class BlockService {
  #parts: Uint8Array[] = []
  #bytes = 0
  #outgoing: Outgoing | undefined

  abort(): void {
    this.#parts = []
    this.#bytes = 0
    this.#outgoing = undefined
  }

  /** The first block of a long answer to a request that came whole, or came in blocks. */
  begin(apdu: Uint8Array, maxPduBytes: number): Uint8Array {
    const acknowledged = this.#parts.length
    this.abort()
    this.#outgoing = { apdu, blockBytes: maxPduBytes - blockOverheadBytes, blockNumber: 1 }
    return this.#current(this.#outgoing, acknowledged)
  }

  /** @returns what to send, the APDU that is now whole, or undefined for a block that fits nothing */
  take(block: GeneralBlockTransfer): { readonly send: Uint8Array } | { readonly apdu: Uint8Array } | undefined {
    // What streams comes in windows, and windows of more than one were never offered.
    if (block.streaming) return this.#end()
    if (this.#outgoing !== undefined && block.blockData.length === 0) {
      return this.#acknowledged(this.#outgoing, block.blockNumberAck)
    }
    if (block.blockNumber === 1) this.abort()
    if (block.blockNumber === this.#parts.length && this.#parts.length > 0) return { send: this.#acknowledgement() }
    this.#bytes += block.blockData.length
    const isNext = block.blockNumber === this.#parts.length + 1
    if (!isNext || block.blockData.length === 0 || this.#bytes > MAX_APDU_BYTES) return this.#end()
    this.#parts.push(block.blockData)
    return block.lastBlock ? { apdu: concatBytes(...this.#parts) } : { send: this.#acknowledgement() }
  }

  #acknowledged(outgoing: Outgoing, blockNumberAck: number): { readonly send: Uint8Array } | undefined {
    if (blockNumberAck === outgoing.blockNumber && !isLast(outgoing)) outgoing.blockNumber++
    else if (blockNumberAck !== outgoing.blockNumber - 1) return this.#end()
    return { send: this.#current(outgoing, 0) }
  }

  #current(outgoing: Outgoing, blockNumberAck: number): Uint8Array {
    const { apdu, blockBytes, blockNumber } = outgoing
    const blockData = apdu.slice((blockNumber - 1) * blockBytes, blockNumber * blockBytes)
    return blockOf({ lastBlock: isLast(outgoing), blockNumber, blockNumberAck, blockData })
  }

  #acknowledgement(): Uint8Array {
    const blockNumber = this.#parts.length
    return blockOf({ lastBlock: true, blockNumber, blockNumberAck: blockNumber, blockData: new Uint8Array(0) })
  }

  #end(): undefined {
    this.abort()
  }
}

const isLast = ({ apdu, blockBytes, blockNumber }: Outgoing): boolean => blockNumber * blockBytes >= apdu.length
