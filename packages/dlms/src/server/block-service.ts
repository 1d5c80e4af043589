import { equalBytes } from '@gridcard/bytes'
import type { GeneralBlockTransfer } from '../apdu/general-block-transfer.ts'
import { BlockReceiver } from '../block-transfer/block-receiver.ts'
import { BlockSender } from '../block-transfer/block-sender.ts'

/** Bound of a request that comes in blocks. */
const MAX_REQUEST_BYTES = 65_536
/** Blocks this server takes in a row. */
export const serverBlockWindow = 8

export interface BlockServiceOptions {
  /**
   * No two requests are ever alike, because they are ciphered: the first block of the last one, come once more, is a
   * doubled one and no new request.
   */
  readonly isEachRequestNew: boolean
}

interface Incoming {
  readonly receiver: BlockReceiver
  readonly firstBlock: Uint8Array
  /** Given out to be served. */
  isServed: boolean
}

export type BlocksTaken = { readonly send: readonly Uint8Array[] } | { readonly apdu: Uint8Array }

/**
 * General block transfer on the server: whole APDUs, ciphered as they are, in pieces. Blocks and acknowledgements that
 * are lost, doubled or late do no harm; what fits nothing ends the transfer.
 * @source Green Book ed. 8 §9.4.6.13
 */
export class BlockService {
  readonly #isEachRequestNew: boolean
  #incoming: Incoming | undefined
  #outgoing: BlockSender | undefined
  /** What the client has told of itself; 1 before. */
  #peerWindow = 1

  constructor({ isEachRequestNew }: BlockServiceOptions) {
    this.#isEachRequestNew = isEachRequestNew
  }

  abort(): void {
    this.#incoming = undefined
    this.#outgoing = undefined
    this.#peerWindow = 1
  }

  /** The first blocks of a long answer to a request that came whole, or came in blocks. */
  begin(apdu: Uint8Array, maxPduBytes: number): readonly Uint8Array[] {
    this.#outgoing = new BlockSender({
      apdu,
      maxPduBytes,
      ownWindow: serverBlockWindow,
      peerWindow: this.#peerWindow,
      acknowledges: this.#incoming?.receiver.received ?? 0,
    })
    return this.#outgoing.window()
  }

  /** @returns what to send, the APDU that is now whole, or undefined for a block that fits nothing */
  take(block: GeneralBlockTransfer): BlocksTaken | undefined {
    if (block.blockData.length === 0) return this.#acknowledged(block)
    this.#peerWindow = Math.max(1, block.window)
    const incoming = this.#incomingFor(block)
    const taken = incoming.receiver.take(block)
    switch (taken) {
      case 'more':
        return { send: [] }
      case 'turn':
        return { send: [incoming.receiver.acknowledgement()] }
      case 'refused':
        return this.#end()
      case 'complete':
        // Once more after it was served: our answer was lost, or is on its way.
        if (incoming.isServed) return { send: block.streaming ? [] : (this.#outgoing?.window() ?? []) }
        incoming.isServed = true
        return { apdu: incoming.receiver.assemble() }
    }
  }

  #incomingFor(block: GeneralBlockTransfer): Incoming {
    const known = this.#incoming
    if (known !== undefined && (block.blockNumber !== 1 || this.#isDoubled(block, known))) return known
    const receiver = new BlockReceiver({ window: serverBlockWindow, maxBytes: MAX_REQUEST_BYTES })
    this.#incoming = { receiver, firstBlock: block.blockData, isServed: false }
    this.#outgoing = undefined
    return this.#incoming
  }

  #isDoubled({ blockData }: GeneralBlockTransfer, { firstBlock, isServed, receiver }: Incoming): boolean {
    // The others came before it.
    if (receiver.received === 0) return true
    return equalBytes(blockData, firstBlock) && (!isServed || this.#isEachRequestNew)
  }

  #acknowledged({ blockNumberAck, window, blockNumber }: GeneralBlockTransfer): BlocksTaken | undefined {
    const outgoing = this.#outgoing
    if (outgoing === undefined) return this.#end()
    const taken = outgoing.acknowledge(blockNumberAck, window, blockNumber)
    if (taken === 'never-sent') return this.#end()
    return { send: taken === 'old' || outgoing.isAllAcknowledged ? [] : outgoing.window() }
  }

  #end(): undefined {
    this.abort()
  }
}
