import { emitXdlms } from '../apdu/apdu.ts'
import { conforms } from '../apdu/conformance.ts'
import type { AttributeRef } from '../apdu/references.ts'
import type { CosemData } from '../cosem/cosem-data.ts'
import { emitData } from '../cosem/data-codec.ts'
import type { ClientConversation } from './client-conversation.ts'
import type { SetItem } from './client-items.ts'
import { requestBlock } from './request-blocks.ts'

/** SET: whole, in blocks, with lists. @source Green Book ed. 8 §9.3.7 */
export class SetRequests {
  readonly #conversation: ClientConversation

  constructor(conversation: ClientConversation) {
    this.#conversation = conversation
  }

  async set(attribute: AttributeRef, value: CosemData): Promise<number> {
    const invokeIdAndPriority = this.#conversation.nextInvokeId()
    const { info } = this.#conversation.requireAssociation()
    const whole = emitXdlms({ kind: 'set-request-normal', invokeIdAndPriority, attribute, value })
    if (whole.length > this.#conversation.room() && conforms(info.conformance, 'block-transfer-with-set-or-write')) {
      return this.#setInBlocks(attribute, emitData(value), invokeIdAndPriority)
    }
    const response = await this.#conversation.invoke(
      this.#conversation.requireFitting(whole, this.#conversation.roomInBlocks()),
      invokeIdAndPriority,
    )
    if (response.kind !== 'set-response-normal') throw this.#conversation.unexpected(response)
    return response.result
  }

  async #setInBlocks(attribute: AttributeRef, rawData: Uint8Array, invokeIdAndPriority: number): Promise<number> {
    // The first block also names the attribute: two octets of class, six of name, index and an absent selection.
    const room = this.#conversation.room()
    for (let blockNumber = 1; ; blockNumber++) {
      const block = requestBlock(rawData, blockNumber, room, 10)
      const request =
        blockNumber === 1
          ? ({ kind: 'set-request-with-first-datablock', invokeIdAndPriority, attribute, block } as const)
          : ({ kind: 'set-request-with-datablock', invokeIdAndPriority, block } as const)
      const response = await this.#conversation.invoke(emitXdlms(request), invokeIdAndPriority)
      if (response.kind === 'set-response-last-datablock') return response.result
      // A server may also end a transfer it gives up with the plain form.
      if (response.kind === 'set-response-normal' && response.result !== 0) return response.result
      if (response.kind !== 'set-response-datablock' || response.blockNumber !== blockNumber || block.lastBlock) {
        throw this.#conversation.unexpected(response)
      }
    }
  }

  async setList(items: readonly SetItem[]): Promise<readonly number[]> {
    const { info } = this.#conversation.requireAssociation()
    if (items.length <= 1 || !conforms(info.conformance, 'multiple-references')) {
      const results: number[] = []
      for (const { attribute, value } of items) results.push(await this.set(attribute, value))
      return results
    }
    const invokeIdAndPriority = this.#conversation.nextInvokeId()
    const values = items.map(({ value }) => value)
    const whole = emitXdlms({ kind: 'set-request-with-list', invokeIdAndPriority, items, values })
    if (whole.length <= this.#conversation.room()) {
      const response = await this.#conversation.invoke(whole, invokeIdAndPriority)
      // A server may refuse the whole list with the plain form.
      if (response.kind === 'set-response-normal' && response.result !== 0) return items.map(() => response.result)
      if (response.kind !== 'set-response-with-list' || response.results.length !== items.length) {
        throw this.#conversation.unexpected(response)
      }
      return response.results
    }
    // Too long for one request: halves cost no more exchanges than blocks, and every server takes them.
    const half = Math.ceil(items.length / 2)
    return [...(await this.setList(items.slice(0, half))), ...(await this.setList(items.slice(half)))]
  }
}
