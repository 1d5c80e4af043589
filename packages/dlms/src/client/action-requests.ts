import { concatBytes } from '@gridcard/bytes'
import { type ActionAnswer, readActionResult } from '../apdu/action.ts'
import { emitXdlms, type XdlmsApdu } from '../apdu/apdu.ts'
import { conforms } from '../apdu/conformance.ts'
import { readList } from '../apdu/fields.ts'
import type { MethodRef } from '../apdu/references.ts'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { emitData } from '../cosem/data-codec.ts'
import { DlmsError } from '../errors.ts'
import { parseExactly } from '../malformed.ts'
import type { ClientConversation } from './client-conversation.ts'
import type { ActionItem } from './client-items.ts'
import { requestBlock } from './request-blocks.ts'

/** ACTION: whole, in blocks both ways, with lists. @source Green Book ed. 8 §9.3.8 */
export class ActionRequests {
  readonly #conversation: ClientConversation

  constructor(conversation: ClientConversation) {
    this.#conversation = conversation
  }

  async action(method: MethodRef, parameter: CosemData | undefined): Promise<ActionAnswer> {
    const { info } = this.#conversation.requireAssociation()
    const invokeIdAndPriority = this.#conversation.nextInvokeId()
    const whole = emitXdlms({ kind: 'action-request-normal', invokeIdAndPriority, method, parameter })
    const hasBlocks = conforms(info.conformance, 'block-transfer-with-action')
    const response =
      whole.length > this.#conversation.room() && hasBlocks && parameter !== undefined
        ? await this.#actionInBlocks(method, emitData(parameter), invokeIdAndPriority)
        : await this.#conversation.invoke(
            this.#conversation.requireFitting(whole, this.#conversation.roomInBlocks()),
            invokeIdAndPriority,
          )
    if (response.kind === 'action-response-normal') return response
    if (response.kind !== 'action-response-with-pblock') throw this.#conversation.unexpected(response)
    const collected = await this.#collectAction(response)
    return isAnswer(collected)
      ? collected
      : parseExactly('ACTION answer', collected, (reader) => readActionResult(reader))
  }

  async #actionInBlocks(method: MethodRef, rawData: Uint8Array, invokeIdAndPriority: number): Promise<XdlmsApdu> {
    // The first block also names the method, in nine octets.
    const room = this.#conversation.room()
    for (let blockNumber = 1; ; blockNumber++) {
      const block = requestBlock(rawData, blockNumber, room, 9)
      const request =
        blockNumber === 1
          ? ({ kind: 'action-request-with-first-pblock', invokeIdAndPriority, method, block } as const)
          : ({ kind: 'action-request-with-pblock', invokeIdAndPriority, block } as const)
      const response = await this.#conversation.invoke(emitXdlms(request), invokeIdAndPriority)
      if (response.kind !== 'action-response-next-pblock') return response
      if (response.blockNumber !== blockNumber || block.lastBlock) throw this.#conversation.unexpected(response)
    }
  }

  /** All blocks from the first on, or the answer that ended it. */
  async #collectAction(
    first: Extract<XdlmsApdu, { kind: 'action-response-with-pblock' }>,
  ): Promise<Uint8Array | ActionAnswer> {
    const parts: Uint8Array[] = []
    let bytes = 0
    let response = first
    for (;;) {
      const { lastBlock, blockNumber, rawData } = response.block
      if (blockNumber !== parts.length + 1 || (rawData.length === 0 && !lastBlock))
        throw this.#conversation.unexpected(response)
      bytes += rawData.length
      if (bytes > this.#conversation.maxValueBytes)
        throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'value longer than allowed', { bytes })
      parts.push(rawData)
      if (lastBlock) return concatBytes(...parts)
      const { invokeIdAndPriority } = response
      const request = { kind: 'action-request-next-pblock', invokeIdAndPriority, blockNumber } as const
      const next = await this.#conversation.invoke(emitXdlms(request), invokeIdAndPriority)
      if (next.kind === 'action-response-normal' && next.result !== 0) return next
      if (next.kind !== 'action-response-with-pblock') throw this.#conversation.unexpected(next)
      response = next
    }
  }

  async actionList(items: readonly ActionItem[]): Promise<readonly ActionAnswer[]> {
    const { info } = this.#conversation.requireAssociation()
    if (items.length <= 1 || !conforms(info.conformance, 'multiple-references')) {
      const results: ActionAnswer[] = []
      for (const { method, parameter } of items) results.push(await this.action(method, parameter))
      return results
    }
    const invokeIdAndPriority = this.#conversation.nextInvokeId()
    const methods = items.map(({ method }) => method)
    const parameters = items.map(({ parameter }) => parameter ?? cosem.nullData)
    const request = emitXdlms({ kind: 'action-request-with-list', invokeIdAndPriority, methods, parameters })
    if (request.length > this.#conversation.room()) {
      const half = Math.ceil(items.length / 2)
      return [...(await this.actionList(items.slice(0, half))), ...(await this.actionList(items.slice(half)))]
    }
    const response = await this.#conversation.invoke(request, invokeIdAndPriority)
    if (response.kind === 'action-response-normal' && response.result !== 0) return items.map(() => response)
    const results = await this.#actionResultsOf(response)
    if (results.length !== items.length) throw this.#conversation.unexpected(response)
    return results
  }

  async #actionResultsOf(response: XdlmsApdu): Promise<readonly ActionAnswer[]> {
    if (response.kind === 'action-response-with-list') return response.results
    if (response.kind !== 'action-response-with-pblock') throw this.#conversation.unexpected(response)
    const collected = await this.#collectAction(response)
    if (isAnswer(collected)) throw this.#conversation.unexpected(response)
    return parseExactly('list of ACTION answers', collected, (reader) =>
      readList(reader, () => readActionResult(reader)),
    )
  }
}

const isAnswer = (collected: Uint8Array | ActionAnswer): collected is ActionAnswer => 'result' in collected
