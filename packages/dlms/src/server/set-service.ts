import { concatBytes } from '@gridcard/bytes'
import type { AttributeSelection, DataBlock } from '../apdu/fields.ts'
import { readList } from '../apdu/fields.ts'
import { type DataAccessResult, dataAccessResults } from '../apdu/results.ts'
import type { SetRequest, SetResponse } from '../apdu/set.ts'
import type { CosemData } from '../cosem/cosem-data.ts'
import { parseData, readData } from '../cosem/data-codec.ts'
import { DlmsError } from '../errors.ts'
import type { Caller } from '../interface-classes/cosem-object.ts'
import { parseExactly } from '../malformed.ts'
import type { ObjectAccess } from './object-access.ts'

/** Bound of a value that comes in blocks. */
const MAX_VALUE_BYTES = 65_536

interface LongSet {
  readonly items: readonly AttributeSelection[]
  readonly isList: boolean
  readonly parts: Uint8Array[]
  bytes: number
}

/**
 * SET on the server, whole or in blocks; nothing is written before the last block was there. Any other service ends a
 * transfer (`abort`).
 * @source Green Book ed. 8 §9.3.7
 */
export class SetService {
  readonly #access: ObjectAccess
  #long: LongSet | undefined

  constructor(access: ObjectAccess) {
    this.#access = access
  }

  abort(): void {
    this.#long = undefined
  }

  async handle(request: SetRequest, caller: Caller): Promise<SetResponse> {
    const { invokeIdAndPriority } = request
    switch (request.kind) {
      case 'set-request-normal': {
        this.#long = undefined
        const [result] = await this.#write([request], [request.value], caller)
        return { kind: 'set-response-normal', invokeIdAndPriority, result: result! }
      }
      case 'set-request-with-list': {
        this.#long = undefined
        const results = await this.#write(request.items, request.values, caller)
        return { kind: 'set-response-with-list', invokeIdAndPriority, results }
      }
      case 'set-request-with-first-datablock':
        this.#long = { items: [request], isList: false, parts: [], bytes: 0 }
        return this.#block(request.block, invokeIdAndPriority, caller)
      case 'set-request-with-list-and-first-datablock':
        this.#long = { items: request.items, isList: true, parts: [], bytes: 0 }
        return this.#block(request.block, invokeIdAndPriority, caller)
      case 'set-request-with-datablock':
        return this.#block(request.block, invokeIdAndPriority, caller)
    }
  }

  async #block(block: DataBlock, invokeIdAndPriority: number, caller: Caller): Promise<SetResponse> {
    const { blockNumber } = block
    const long = this.#long
    const fault = long === undefined ? 'no-long-set-in-progress' : append(long, block)
    if (long === undefined || fault !== undefined) {
      this.#long = undefined
      const result = dataAccessResults[fault ?? 'other-reason']
      return { kind: 'set-response-last-datablock', invokeIdAndPriority, result, blockNumber }
    }
    if (!block.lastBlock) return { kind: 'set-response-datablock', invokeIdAndPriority, blockNumber }
    this.#long = undefined
    const results = await this.#write(long.items, valuesOf(long), caller)
    return long.isList
      ? { kind: 'set-response-last-datablock-with-list', invokeIdAndPriority, results, blockNumber }
      : { kind: 'set-response-last-datablock', invokeIdAndPriority, result: results[0]!, blockNumber }
  }

  /** One result per item, in order. Without as many values as items nothing is written. */
  async #write(
    items: readonly AttributeSelection[],
    values: readonly CosemData[] | undefined,
    caller: Caller,
  ): Promise<number[]> {
    const results: number[] = []
    for (const [i, item] of items.entries()) {
      const value = values?.length === items.length ? values[i] : undefined
      const result = value === undefined ? 'type-unmatched' : await this.#access.write(item, value, caller)
      results.push(dataAccessResults[result])
    }
    return results
  }
}

function append(long: LongSet, block: DataBlock): DataAccessResult | undefined {
  if (block.blockNumber !== long.parts.length + 1) return 'data-block-number-invalid'
  long.bytes += block.rawData.length
  // An empty block that is not the last would let a transfer go on for ever.
  if (long.bytes > MAX_VALUE_BYTES || (block.rawData.length === 0 && !block.lastBlock)) return 'long-set-aborted'
  long.parts.push(block.rawData)
  return undefined
}

/** Undefined when the blocks do not make whole values. */
function valuesOf(long: LongSet): CosemData[] | undefined {
  const rawData = concatBytes(...long.parts)
  try {
    if (!long.isList) return [parseData(rawData)]
    return parseExactly('list of values', rawData, (reader) => readList(reader, () => readData(reader)))
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}
