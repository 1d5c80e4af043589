import { concatBytes } from '@gridcard/bytes'
import type { XdlmsApdu } from '../apdu/apdu.ts'
import { emitXdlms } from '../apdu/apdu.ts'
import { conforms } from '../apdu/conformance.ts'
import { type AttributeSelection, type GetDataResult, readGetDataResult, readList } from '../apdu/fields.ts'
import type { GetRequest, GetResponse } from '../apdu/get.ts'
import { ArrayElements } from '../cosem/array-elements.ts'
import type { CosemData } from '../cosem/cosem-data.ts'
import { parseData } from '../cosem/data-codec.ts'
import { DlmsError } from '../errors.ts'
import { parseExactly } from '../malformed.ts'
import type { ClientConversation } from './client-conversation.ts'
import { accessRefused } from './response-errors.ts'

/** GET: whole, in blocks, with lists, and element by element. @source Green Book ed. 8 §9.3.6 */
export class GetRequests {
  readonly #conversation: ClientConversation

  constructor(conversation: ClientConversation) {
    this.#conversation = conversation
  }

  async get(item: AttributeSelection): Promise<GetDataResult> {
    const invokeIdAndPriority = this.#conversation.nextInvokeId()
    const response = await this.#requestGet({ kind: 'get-request-normal', invokeIdAndPriority, ...item })
    switch (response.kind) {
      case 'get-response-normal':
        return response.result
      case 'get-response-with-datablock': {
        const rawData = await this.#collect(response)
        return typeof rawData === 'number' ? { accessResult: rawData } : { data: parseData(rawData) }
      }
      default:
        throw this.#conversation.unexpected(response)
    }
  }

  async *elements(item: AttributeSelection): AsyncGenerator<CosemData, void, undefined> {
    const refused = (code: number) => accessRefused('get', item.attribute, code)
    const response = await this.#requestGet({
      kind: 'get-request-normal',
      invokeIdAndPriority: this.#conversation.nextInvokeId(),
      ...item,
    })
    if (response.kind === 'get-response-normal') {
      if ('accessResult' in response.result) throw refused(response.result.accessResult)
      const { data } = response.result
      if (data.type !== 'array' && data.type !== 'compact-array') throw noArray(data.type)
      yield* data.value
      return
    }
    if (response.kind !== 'get-response-with-datablock') throw this.#conversation.unexpected(response)
    const elements = new ArrayElements(this.#conversation.maxValueBytes)
    for await (const rawData of this.#blocksOf(response)) {
      if (typeof rawData === 'number') throw refused(rawData)
      const whole = elements.push(rawData)
      if (whole === undefined) throw noArray('another type')
      yield* whole
    }
    elements.end()
  }

  async getList(items: readonly AttributeSelection[]): Promise<readonly GetDataResult[]> {
    const { info } = this.#conversation.requireAssociation()
    const results: GetDataResult[] = []
    if (items.length <= 1 || !conforms(info.conformance, 'multiple-references')) {
      for (const item of items) results.push(await this.get(item))
      return results
    }
    const invokeIdAndPriority = this.#conversation.nextInvokeId()
    const request = { kind: 'get-request-with-list', invokeIdAndPriority, items } as const
    if (emitXdlms(request).length > this.#conversation.room()) {
      const half = Math.ceil(items.length / 2)
      return [...(await this.getList(items.slice(0, half))), ...(await this.getList(items.slice(half)))]
    }
    return this.#listResults(await this.#requestGet(request), items.length)
  }

  async #listResults(response: GetResponse, count: number): Promise<readonly GetDataResult[]> {
    const results = await this.#resultsOf(response, count)
    if (results.length !== count) throw this.#conversation.unexpected(response)
    return results
  }

  async #resultsOf(response: GetResponse, count: number): Promise<readonly GetDataResult[]> {
    if (response.kind === 'get-response-with-list') return response.results
    const refusedWhole = (accessResult: number) =>
      Array.from({ length: count }, (): GetDataResult => ({ accessResult }))
    if (response.kind === 'get-response-normal') {
      if ('data' in response.result) throw this.#conversation.unexpected(response)
      return refusedWhole(response.result.accessResult)
    }
    const rawData = await this.#collect(response)
    if (typeof rawData === 'number') return refusedWhole(rawData)
    return parseExactly('list of results', rawData, (reader) => readList(reader, () => readGetDataResult(reader)))
  }

  async #requestGet(request: GetRequest): Promise<GetResponse> {
    const response = await this.#conversation.invoke(
      this.#conversation.requireFitting(emitXdlms(request)),
      request.invokeIdAndPriority,
    )
    if (!isGetResponse(response)) throw this.#conversation.unexpected(response)
    return response
  }

  /** All blocks from the first on, put together; a number is the data-access-result that ended it. */
  async #collect(first: Extract<GetResponse, { kind: 'get-response-with-datablock' }>): Promise<Uint8Array | number> {
    const parts: Uint8Array[] = []
    let bytes = 0
    for await (const rawData of this.#blocksOf(first)) {
      if (typeof rawData === 'number') return rawData
      bytes += rawData.length
      if (bytes > this.#conversation.maxValueBytes)
        throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'value longer than allowed', { bytes })
      parts.push(rawData)
    }
    return concatBytes(...parts)
  }

  /** One block after the other, asked for when it is wanted; a number is the data-access-result that ends it. */
  async *#blocksOf(
    first: Extract<GetResponse, { kind: 'get-response-with-datablock' }>,
  ): AsyncGenerator<Uint8Array | number, void, undefined> {
    let block = first
    for (let number = 1; ; number++) {
      if ('accessResult' in block.result) {
        yield block.result.accessResult
        return
      }
      const { rawData } = block.result
      // Blocks in order, and each but the last with something in it, or the server could keep us here for ever.
      if (block.blockNumber !== number || (rawData.length === 0 && !block.lastBlock))
        throw this.#conversation.unexpected(block)
      yield rawData
      if (block.lastBlock) return
      const { invokeIdAndPriority, blockNumber } = block
      const next = await this.#requestGet({ kind: 'get-request-next', invokeIdAndPriority, blockNumber })
      if (next.kind !== 'get-response-with-datablock') throw this.#conversation.unexpected(next)
      block = next
    }
  }
}

function isGetResponse(response: XdlmsApdu): response is GetResponse {
  return response.kind.startsWith('get-response')
}

const noArray = (type: string): DlmsError =>
  new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'the value is no array', { type })
