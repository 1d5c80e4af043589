import { ByteWriter, concatBytes, writeBerLength } from '@gridcard/bytes'
import { emitXdlms } from '../apdu/apdu.ts'
import { apduTags } from '../apdu/apdu-tags.ts'
import { conforms } from '../apdu/conformance.ts'
import type { GetRequest } from '../apdu/get.ts'
import { type DataAccessResult, dataAccessResults } from '../apdu/results.ts'
import type { AccessRefusal, Caller } from '../interface-classes/cosem-object.ts'
import { type LongValue, longValueOf } from './long-value.ts'
import { isStream, type ObjectAccess } from './object-access.ts'

/** Tag, choice, invoke id, last-block, block number, choice and the longest length field. */
const BLOCK_HEADER_BYTES = 1 + 1 + 1 + 1 + 4 + 1 + 3

interface LongGet {
  readonly value: LongValue
  readonly blockBytes: number
  /** Of the object, for the log; of the first one of a list. */
  readonly logicalName: string
  blockNumber: number
}

/** Tag, choice, invoke id and the choice of a whole answer. */
const WHOLE_HEADER_BYTES = 4

/**
 * GET on the server: answers that fit go at once, longer ones block by block as the client asks for them, and a stream is
 * read only as far as the client has asked. Any other
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
    this.#long?.value.leave()
    this.#long = undefined
  }

  /** @param maxPduBytes room for the plain response */
  async handle(request: GetRequest, caller: Caller, maxPduBytes: number): Promise<Uint8Array> {
    const id = request.invokeIdAndPriority
    if (request.kind === 'get-request-next') return this.#next(id, request.blockNumber)
    this.abort()
    if (request.kind === 'get-request-normal') return this.#one(request, caller, maxPduBytes)
    return this.#list(request, caller, maxPduBytes)
  }

  async #one(
    request: Extract<GetRequest, { kind: 'get-request-normal' }>,
    caller: Caller,
    maxPduBytes: number,
  ): Promise<Uint8Array> {
    const id = request.invokeIdAndPriority
    const { logicalName } = request.attribute
    const canStream = conforms(caller.conformance, 'block-transfer-with-get-or-read')
    const answer = canStream
      ? await this.#access.readLong(request, caller)
      : await this.#access.read(request, caller, this.#maxResponseBytes)
    if (!isStream(answer)) {
      const whole = concatBytes(Uint8Array.of(apduTags['get-response'], 1, id), encodeResult(answer))
      if (whole.length <= maxPduBytes || isRefusal(answer)) return whole
      return this.#begin(id, answer, logicalName, caller, maxPduBytes)
    }
    const room = maxPduBytes - WHOLE_HEADER_BYTES
    try {
      const first = await answer.take(room)
      if (first.isLast) return concatBytes(Uint8Array.of(apduTags['get-response'], 1, id, 0), first.octets)
      return this.#beginLong(id, behind(first.octets, answer), logicalName, maxPduBytes)
    } catch (error) {
      this.#access.reportFailed(logicalName, error)
      return normalRefusal(id, 'other-reason')
    }
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
      list.bytes(
        encodeResult(
          fits ? await this.#access.read(item, caller, this.#maxResponseBytes) : { refused: 'other-reason' },
        ),
      )
    }
    const rawData = list.toBytes()
    const whole = concatBytes(Uint8Array.of(apduTags['get-response'], 3, id), rawData)
    if (whole.length <= maxPduBytes) return whole
    const { logicalName } = request.items[0]?.attribute ?? { logicalName: '' }
    return this.#begin(id, rawData, logicalName, caller, maxPduBytes)
  }

  /** The first block; a refusal where blocks were not agreed or the answer is beyond all bounds. */
  async #begin(
    id: number,
    rawData: Uint8Array,
    logicalName: string,
    caller: Caller,
    maxPduBytes: number,
  ): Promise<Uint8Array> {
    const hasBlocks = conforms(caller.conformance, 'block-transfer-with-get-or-read')
    if (!hasBlocks || rawData.length > this.#maxResponseBytes) return normalRefusal(id, 'other-reason')
    return this.#beginLong(id, longValueOf(rawData), logicalName, maxPduBytes)
  }

  #beginLong(id: number, value: LongValue, logicalName: string, maxPduBytes: number): Promise<Uint8Array> {
    this.#long = { value, blockBytes: maxPduBytes - BLOCK_HEADER_BYTES, logicalName, blockNumber: 0 }
    return this.#next(id, 0)
  }

  /** The block after the one the client has. */
  async #next(id: number, blockNumber: number): Promise<Uint8Array> {
    const long = this.#long
    if (long === undefined) return refusedBlock(id, blockNumber, 'no-long-get-in-progress')
    if (blockNumber !== long.blockNumber) {
      this.abort()
      return refusedBlock(id, blockNumber, 'data-block-number-invalid')
    }
    long.blockNumber++
    let rawData: Uint8Array
    let lastBlock: boolean
    try {
      const taken = await long.value.take(long.blockBytes)
      rawData = taken.octets
      lastBlock = taken.isLast
    } catch (error) {
      this.abort()
      this.#access.reportFailed(long.logicalName, error)
      return refusedBlock(id, long.blockNumber, 'other-reason')
    }
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

/** Octets that were taken already, and then the rest. */
function behind(taken: Uint8Array, rest: LongValue): LongValue {
  let first = taken
  return {
    async take(mostBytes) {
      const octets = first.slice(0, mostBytes)
      first = first.slice(octets.length)
      if (first.length > 0 || octets.length === mostBytes) return { octets, isLast: false }
      const more = await rest.take(mostBytes - octets.length)
      return { octets: concatBytes(octets, more.octets), isLast: more.isLast }
    },
    leave: () => rest.leave(),
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
