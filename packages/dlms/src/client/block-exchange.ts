import { parseXdlms } from '../apdu/apdu.ts'
import { apduTags } from '../apdu/apdu-tags.ts'
import type { GeneralBlockTransfer } from '../apdu/general-block-transfer.ts'
import { BlockReceiver } from '../block-transfer/block-receiver.ts'
import { BlockSender } from '../block-transfer/block-sender.ts'
import { DlmsError } from '../errors.ts'
import { type ConversingTransport, type DlmsTransport, isConversing } from './dlms-transport.ts'

export interface BlockExchangeOptions {
  readonly transport: Pick<DlmsTransport, 'send' | 'post' | 'next'>
  /** Blocks we take in a row; 1 where the transport carries one answer only. */
  readonly window: number
  /** Longest APDU the server takes. */
  readonly serverMaxPduBytes: number
  /** Bound of the answer. */
  readonly maxAnswerBytes: number
  /** Silence after which blocks, or an acknowledgement, count as lost. */
  readonly quietMs: number
  /** Silences in a row after which the transfer is given up. */
  readonly maxRetries: number
}

/**
 * One APDU in as many blocks as it needs, and its answer put together again; what is lost on the way is asked for anew.
 * An exception-response ends it, and is the answer.
 * @throws DlmsError `DLMS_UNEXPECTED_RESPONSE`, `DLMS_LIMIT_EXCEEDED`, `DLMS_TIMEOUT`, transport errors
 * @source Green Book ed. 8 §9.4.6.13
 */
export async function exchangeInBlocks(apdu: Uint8Array, options: BlockExchangeOptions): Promise<Uint8Array> {
  const exchange = new BlockExchange(options)
  if (apdu.length > options.serverMaxPduBytes) return exchange.collect(await exchange.sendInBlocks(apdu))
  const answer = await options.transport.send(apdu)
  return exchange.collect(answer)
}

/** The whole of an answer whose first APDU is there already. */
export const collectBlocks = (first: Uint8Array, options: BlockExchangeOptions): Promise<Uint8Array> =>
  new BlockExchange(options).collect(first)

class BlockExchange {
  readonly #options: BlockExchangeOptions
  readonly #line: Line
  readonly #window: number
  /** Our own blocks of the request. */
  #sent = 0
  /** Silences, and blocks that told nothing new, in a row. */
  #retries = 0

  constructor(options: BlockExchangeOptions) {
    this.#options = options
    const { transport } = options
    this.#line = isConversing(transport) ? conversation(transport, options.quietMs) : questions(transport)
    this.#window = isConversing(transport) ? options.window : 1
  }

  /** @returns the first APDU of the answer */
  async sendInBlocks(apdu: Uint8Array): Promise<Uint8Array> {
    const { serverMaxPduBytes } = this.#options
    if (apdu.length > BlockSender.capacityBytes(serverMaxPduBytes)) {
      throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'request longer than blocks carry', { lengthBytes: apdu.length })
    }
    const sender = new BlockSender({
      apdu,
      maxPduBytes: serverMaxPduBytes,
      ownWindow: this.#window,
      ...(!isConversing(this.#options.transport) && { mostInARow: 1 }),
    })
    this.#sent = sender.count
    let outgoing = sender.window()
    for (;;) {
      const answer = await this.#line.say(outgoing)
      if (answer === undefined) {
        this.#countRetry()
        outgoing = [sender.probe()]
        continue
      }
      if (answer[0] !== apduTags['general-block-transfer']) return answer
      const block = blockOf(answer)
      if (block.blockData.length > 0) {
        // The answer begins, so the server has the whole request, unless this is a block of another one.
        if (block.blockNumberAck === sender.count) return answer
        this.#countRetry()
        outgoing = []
        continue
      }
      const taken = sender.acknowledge(block.blockNumberAck, block.window, block.blockNumber)
      if (taken === 'never-sent') throw unexpected('an acknowledgement of blocks that were not sent')
      if (taken === 'old') this.#countRetry()
      else this.#retries = 0
      // All there and no answer yet: it comes when it is ready.
      outgoing = taken === 'old' || sender.isAllAcknowledged ? [] : sender.window()
    }
  }

  /** All blocks of the answer from the first that came. */
  async collect(first: Uint8Array): Promise<Uint8Array> {
    if (first[0] !== apduTags['general-block-transfer']) return first
    const receiver = new BlockReceiver({
      window: this.#window,
      maxBytes: this.#options.maxAnswerBytes,
      sent: this.#sent,
    })
    this.#retries = 0
    let answer: Uint8Array | undefined = first
    for (;;) {
      let outgoing: Uint8Array[] = []
      if (answer === undefined) {
        this.#countRetry()
        outgoing = [receiver.acknowledgement()]
      } else {
        if (answer[0] !== apduTags['general-block-transfer']) return answer
        const before = receiver.received
        switch (receiver.take(blockOf(answer))) {
          case 'complete':
            return receiver.assemble()
          case 'refused':
            throw unexpected('a block that does not belong here')
          case 'turn':
            outgoing = [receiver.acknowledgement()]
        }
        if (receiver.received > before) this.#retries = 0
        else this.#countRetry()
      }
      answer = await this.#line.say(outgoing)
    }
  }

  #countRetry(): void {
    if (++this.#retries > this.#options.maxRetries) {
      throw new DlmsError('DLMS_TIMEOUT', 'blocks are lost, and do not come again')
    }
  }
}

/** Says some blocks, and gives the next APDU that comes; undefined after a silence. */
interface Line {
  say(apdus: readonly Uint8Array[]): Promise<Uint8Array | undefined>
}

const conversation = (transport: ConversingTransport, quietMs: number): Line => ({
  async say(apdus) {
    for (const apdu of apdus) await transport.post(apdu)
    return transport.next(quietMs)
  },
})

/** Each APDU of ours has one answer; with nothing to say there is nothing to hear. */
const questions = (transport: Pick<DlmsTransport, 'send'>): Line => ({
  async say(apdus) {
    let answer: Uint8Array | undefined
    for (const apdu of apdus) answer = await transport.send(apdu)
    if (answer === undefined) throw unexpected('a server that says nothing in its turn')
    return answer
  },
})

function blockOf(apdu: Uint8Array): GeneralBlockTransfer {
  const block = parseXdlms(apdu)
  if (block.kind !== 'general-block-transfer') throw unexpected('not a block')
  return block
}

const unexpected = (message: string): DlmsError => new DlmsError('DLMS_UNEXPECTED_RESPONSE', message)
