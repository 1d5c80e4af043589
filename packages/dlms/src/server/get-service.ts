import { ByteWriter, concatBytes, writeBerLength } from '@gridcard/bytes'
import { emitXdlms } from '../apdu/apdu.ts'
import { apduTags } from '../apdu/apdu-tags.ts'
import { conforms } from '../apdu/conformance.ts'
import type { GetRequest } from '../apdu/get.ts'
import { type DataAccessResult, dataAccessResults } from '../apdu/results.ts'
import type { AccessRefusal, Caller } from '../interface-classes/cosem-object.ts'
import type { ObjectAccess } from './object-access.ts'

/** Tag, choice, invoke id, last-block, block number, choice and the longest length field. */
const BLOCK_HEADER_BYTES = 1 + 1 + 1 + 1 + 4 + 1 + 3

interface LongGet {
  readonly rawData: Uint8Array
  readonly blockBytes: number
  offsetBytes: number
  blockNumber: number
}

/**
 * GET on the server: answers that fit go at once, longer ones block by block as the client asks for them. Any other
 * service ends a transfer (`abort`).
 * @source Green Book ed. 8 §9.3.6, §9.4.6.12
 */
export class GetService {
  readonly #access: ObjectAccess
  readonly #maxResponseBytes: number
  #long: LongGet | undefined

  constructor(access: ObjectAccess, maxResponseBytes: number) {
    this.#access = access
    this.#maxResponseBytes = maxResponseBytes
  }

  abort(): void {
    this.#long = undefined
  }

  /** @param maxPduBytes room for the plain response */
  async handle(request: GetRequest, caller: Caller, maxPduBytes: number): Promise<Uint8Array> {
    const id = request.invokeIdAndPriority
    if (request.kind === 'get-request-next') return this.#next(id, request.blockNumber)
    this.#long = undefined
    if (request.kind === 'get-request-normal') {
      const answer = await this.#access.read(request, caller)
      const result = encodeResult(answer)
      const whole = concatBytes(Uint8Array.of(apduTags['get-response'], 1, id), result)
      if (whole.length <= maxPduBytes || isRefusal(answer)) return whole
      return this.#begin(id, answer, caller, maxPduBytes) ?? normalRefusal(id, 'other-reason')
    }
    return this.#list(request, caller, maxPduBytes)
  }

  async #list(
    request: Extract<GetRequest, { kind: 'get-request-with-list' }>,
    caller: Caller,
    maxPduBytes: number,
  ): Promise<Uint8Array> {
    const id = request.invokeIdAndPriority
    const list = new ByteWriter()
    writeBerLength(list, request.items.length)
    for (const item of request.items) {
      // One item asked for a thousand times must not fill the memory.
      const fits = list.length <= this.#maxResponseBytes
      list.bytes(encodeResult(fits ? await this.#access.read(item, caller) : { refused: 'other-reason' }))
    }
    const rawData = list.toBytes()
    const whole = concatBytes(Uint8Array.of(apduTags['get-response'], 3, id), rawData)
    if (whole.length <= maxPduBytes) return whole
    return this.#begin(id, rawData, caller, maxPduBytes) ?? normalRefusal(id, 'other-reason')
  }

  /** The first block; undefined where blocks were not agreed or the answer is beyond all bounds. */
  #begin(id: number, rawData: Uint8Array, caller: Caller, maxPduBytes: number): Uint8Array | undefined {
    if (!conforms(caller.conformance, 'block-transfer-with-get-or-read')) return undefined
    if (rawData.length > this.#maxResponseBytes) return undefined
    this.#long = { rawData, blockBytes: maxPduBytes - BLOCK_HEADER_BYTES, offsetBytes: 0, blockNumber: 0 }
    return this.#next(id, 0)
  }

  /** The block after the one the client has. */
  #next(id: number, blockNumber: number): Uint8Array {
    const long = this.#long
    if (long === undefined) return refusedBlock(id, blockNumber, 'no-long-get-in-progress')
    if (blockNumber !== long.blockNumber) {
      this.#long = undefined
      return refusedBlock(id, blockNumber, 'data-block-number-invalid')
    }
    const end = Math.min(long.offsetBytes + long.blockBytes, long.rawData.length)
    const rawData = long.rawData.slice(long.offsetBytes, end)
    const lastBlock = end === long.rawData.length
    long.offsetBytes = end
    long.blockNumber++
    if (lastBlock) this.#long = undefined
    return emitXdlms({
      kind: 'get-response-with-datablock',
      invokeIdAndPriority: id,
      lastBlock,
      blockNumber: long.blockNumber,
      result: { rawData },
    })
  }
}

const isRefusal = (answer: Uint8Array | AccessRefusal): answer is AccessRefusal => 'refused' in answer

/** Get-Data-Result: choice 0 and the value, or choice 1 and the code. */
function encodeResult(answer: Uint8Array | AccessRefusal): Uint8Array {
  if (isRefusal(answer)) return Uint8Array.of(1, dataAccessResults[answer.refused])
  return concatBytes(Uint8Array.of(0), answer)
}

function normalRefusal(invokeIdAndPriority: number, result: DataAccessResult): Uint8Array {
  return emitXdlms({
    kind: 'get-response-normal',
    invokeIdAndPriority,
    result: { accessResult: dataAccessResults[result] },
  })
}

function refusedBlock(invokeIdAndPriority: number, blockNumber: number, result: DataAccessResult): Uint8Array {
  return emitXdlms({
    kind: 'get-response-with-datablock',
    invokeIdAndPriority,
    lastBlock: true,
    blockNumber,
    result: { accessResult: dataAccessResults[result] },
  })
}
