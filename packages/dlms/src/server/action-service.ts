import { ByteWriter, concatBytes } from '@gridcard/bytes'
import { type ActionAnswer, type ActionRequest, writeActionResult } from '../apdu/action.ts'
import { emitXdlms } from '../apdu/apdu.ts'
import { conforms } from '../apdu/conformance.ts'
import { type DataBlock, readList } from '../apdu/fields.ts'
import type { MethodRef } from '../apdu/references.ts'
import { type ActionResult, actionResults } from '../apdu/results.ts'
import type { CosemData } from '../cosem/cosem-data.ts'
import { parseData, readData } from '../cosem/data-codec.ts'
import { DlmsError } from '../errors.ts'
import type { Caller } from '../interface-classes/cosem-object.ts'
import { parseExactly } from '../malformed.ts'
import type { ObjectAccess } from './object-access.ts'

/** Bound of parameters that come in blocks. */
const MAX_PARAMETER_BYTES = 65_536
/** Tag, choice, invoke id, last-block, block number and the longest length field. */
const BLOCK_HEADER_BYTES = 1 + 1 + 1 + 1 + 4 + 3

interface LongRequest {
  readonly methods: readonly MethodRef[]
  readonly isList: boolean
  readonly parts: Uint8Array[]
  bytes: number
}

interface LongResponse {
  readonly rawData: Uint8Array
  readonly blockBytes: number
  offsetBytes: number
  blockNumber: number
}

/**
 * ACTION on the server: one method or a list, parameters and answers whole or in blocks. Nothing is invoked before the
 * last block was there. Any other service ends a transfer (`abort`).
 * @source Green Book ed. 8 §9.3.8, §9.4.6.12
 */
export class ActionService {
  readonly #access: ObjectAccess
  readonly #onUnfit: (method: MethodRef) => void
  #request: LongRequest | undefined
  #response: LongResponse | undefined

  /** @param onUnfit told of an answer that no form holds */
  constructor(access: ObjectAccess, onUnfit: (method: MethodRef) => void) {
    this.#access = access
    this.#onUnfit = onUnfit
  }

  abort(): void {
    this.#request = undefined
    this.#response = undefined
  }

  /** @param maxPduBytes room for the plain response */
  async handle(request: ActionRequest, caller: Caller, maxPduBytes: number): Promise<Uint8Array> {
    const id = request.invokeIdAndPriority
    if (request.kind === 'action-request-next-pblock') return this.#next(id, request.blockNumber)
    this.#response = undefined
    switch (request.kind) {
      case 'action-request-normal': {
        this.#request = undefined
        return this.#one(id, request.method, request.parameter, caller, maxPduBytes)
      }
      case 'action-request-with-list':
        this.#request = undefined
        return this.#list(id, request.methods, request.parameters, caller, maxPduBytes)
      case 'action-request-with-first-pblock':
        this.#request = { methods: [request.method], isList: false, parts: [], bytes: 0 }
        return this.#block(id, request.block, caller, maxPduBytes)
      case 'action-request-with-list-and-first-pblock':
        this.#request = { methods: request.methods, isList: true, parts: [], bytes: 0 }
        return this.#block(id, request.block, caller, maxPduBytes)
      case 'action-request-with-pblock':
        return this.#block(id, request.block, caller, maxPduBytes)
    }
  }

  async #block(id: number, block: DataBlock, caller: Caller, maxPduBytes: number): Promise<Uint8Array> {
    const long = this.#request
    const fault = long === undefined ? 'no-long-action-in-progress' : append(long, block)
    if (long === undefined || fault !== undefined) {
      this.#request = undefined
      return refusal(id, fault ?? 'other-reason')
    }
    const { blockNumber } = block
    if (!block.lastBlock)
      return emitXdlms({ kind: 'action-response-next-pblock', invokeIdAndPriority: id, blockNumber })
    this.#request = undefined
    const parameters = parametersOf(long)
    if (long.isList) return this.#list(id, long.methods, parameters ?? [], caller, maxPduBytes)
    if (parameters === undefined) return refusal(id, 'type-unmatched')
    return this.#one(id, long.methods[0]!, parameters[0], caller, maxPduBytes)
  }

  async #one(
    id: number,
    method: MethodRef,
    parameter: CosemData | undefined,
    caller: Caller,
    maxPduBytes: number,
  ): Promise<Uint8Array> {
    const answer = await this.#invoke(method, parameter, caller)
    const response = { kind: 'action-response-normal', invokeIdAndPriority: id, ...answer } as const
    return (
      this.#fitting(id, emitXdlms(response), caller, maxPduBytes) ??
      this.#unfit(method, () => emitXdlms({ ...response, result: actionResults['other-reason'], returned: undefined }))
    )
  }

  /** One answer for each method, in order. Without as many parameters as methods nothing is invoked. */
  async #list(
    id: number,
    methods: readonly MethodRef[],
    parameters: readonly CosemData[],
    caller: Caller,
    maxPduBytes: number,
  ): Promise<Uint8Array> {
    const results: ActionAnswer[] = []
    for (const [i, method] of methods.entries()) {
      const parameter = parameters.length === methods.length ? parameters[i] : undefined
      const answer =
        parameter === undefined
          ? { result: actionResults['type-unmatched'] }
          : await this.#invoke(method, parameter.type === 'null-data' ? undefined : parameter, caller)
      results.push(answer)
    }
    const response = { kind: 'action-response-with-list', invokeIdAndPriority: id, results } as const
    // What was done stays done, so at least the results must arrive.
    const bare = results.map(({ result, returned }) => ({
      result: returned === undefined ? result : actionResults['other-reason'],
    }))
    return (
      this.#fitting(id, emitXdlms(response), caller, maxPduBytes) ??
      this.#unfit(methods[0]!, () => emitXdlms({ ...response, results: bare }))
    )
  }

  async #invoke(method: MethodRef, parameter: CosemData | undefined, caller: Caller): Promise<ActionAnswer> {
    const { result, data } = await this.#access.invoke(method, parameter, caller)
    const answer = { result: actionResults[result], ...(data && { returned: { data } }) }
    try {
      writeActionResult(new ByteWriter(), answer)
      return answer
    } catch {
      // A value that does not fit its own type: a fault of the object.
      return this.#unfit(method, () => ({ result: actionResults['other-reason'] }))
    }
  }

  /** The response itself, its first block, or undefined when neither can be. */
  #fitting(id: number, whole: Uint8Array, caller: Caller, maxPduBytes: number): Uint8Array | undefined {
    if (whole.length <= maxPduBytes) return whole
    if (!conforms(caller.conformance, 'block-transfer-with-action')) return undefined
    // After tag, choice and invoke id stands exactly what the blocks carry.
    const rawData = whole.slice(3)
    this.#response = { rawData, blockBytes: maxPduBytes - BLOCK_HEADER_BYTES, offsetBytes: 0, blockNumber: 0 }
    return this.#next(id, 0)
  }

  /** The block after the one the client has. */
  #next(id: number, blockNumber: number): Uint8Array {
    const long = this.#response
    if (long === undefined) return refusal(id, 'no-long-action-in-progress')
    if (blockNumber !== long.blockNumber) {
      this.#response = undefined
      return refusal(id, 'long-action-aborted')
    }
    const end = Math.min(long.offsetBytes + long.blockBytes, long.rawData.length)
    const rawData = long.rawData.slice(long.offsetBytes, end)
    const lastBlock = end === long.rawData.length
    long.offsetBytes = end
    long.blockNumber++
    if (lastBlock) this.#response = undefined
    const block = { lastBlock, blockNumber: long.blockNumber, rawData }
    return emitXdlms({ kind: 'action-response-with-pblock', invokeIdAndPriority: id, block })
  }

  #unfit<T>(method: MethodRef, instead: () => T): T {
    this.#onUnfit(method)
    return instead()
  }
}

function append(long: LongRequest, block: DataBlock): ActionResult | undefined {
  if (block.blockNumber !== long.parts.length + 1) return 'data-block-unavailable'
  long.bytes += block.rawData.length
  // An empty block that is not the last would let a transfer go on for ever.
  if (long.bytes > MAX_PARAMETER_BYTES || (block.rawData.length === 0 && !block.lastBlock)) return 'long-action-aborted'
  long.parts.push(block.rawData)
  return undefined
}

/** Undefined when the blocks do not make whole values. */
function parametersOf(long: LongRequest): CosemData[] | undefined {
  const rawData = concatBytes(...long.parts)
  try {
    if (!long.isList) return [parseData(rawData)]
    return parseExactly('list of parameters', rawData, (reader) => readList(reader, () => readData(reader)))
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}

const refusal = (invokeIdAndPriority: number, result: ActionResult): Uint8Array =>
  emitXdlms({ kind: 'action-response-normal', invokeIdAndPriority, result: actionResults[result] })
