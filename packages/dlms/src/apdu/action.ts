import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import type { CosemData, DataLimits } from '../cosem/cosem-data.ts'
import { readData, writeData } from '../cosem/data-codec.ts'
import { malformed } from '../malformed.ts'
import {
  type DataBlock,
  type GetDataResult,
  readDataBlock,
  readGetDataResult,
  readList,
  readMethodRef,
  readOptional,
  writeDataBlock,
  writeGetDataResult,
  writeList,
  writeMethodRef,
  writeOptional,
} from './fields.ts'
import type { MethodRef } from './references.ts'

interface Invocation {
  readonly invokeIdAndPriority: number
}

export interface ActionRequestNormal extends Invocation {
  readonly kind: 'action-request-normal'
  readonly method: MethodRef
  readonly parameter?: CosemData | undefined
}

/** Blocks hold the parameter, or with a list the list of parameters, encoded. */
export type ActionRequest =
  | ActionRequestNormal
  | (Invocation & { readonly kind: 'action-request-next-pblock'; readonly blockNumber: number })
  | (Invocation & {
      readonly kind: 'action-request-with-list'
      readonly methods: readonly MethodRef[]
      /** One for each method; null-data for none. */
      readonly parameters: readonly CosemData[]
    })
  | (Invocation & {
      readonly kind: 'action-request-with-first-pblock'
      readonly method: MethodRef
      readonly block: DataBlock
    })
  | (Invocation & {
      readonly kind: 'action-request-with-list-and-first-pblock'
      readonly methods: readonly MethodRef[]
      readonly block: DataBlock
    })
  | (Invocation & { readonly kind: 'action-request-with-pblock'; readonly block: DataBlock })

/** Action-Response-With-Optional-Data. */
export interface ActionAnswer {
  /** Action-result code. */
  readonly result: number
  readonly returned?: GetDataResult | undefined
}

/** Blocks hold one Action-Response-With-Optional-Data, or a list of them, encoded. */
export type ActionResponse =
  | (Invocation & { readonly kind: 'action-response-normal' } & ActionAnswer)
  | (Invocation & { readonly kind: 'action-response-with-pblock'; readonly block: DataBlock })
  | (Invocation & { readonly kind: 'action-response-with-list'; readonly results: readonly ActionAnswer[] })
  | (Invocation & { readonly kind: 'action-response-next-pblock'; readonly blockNumber: number })

/** After the tag. @source Green Book ed. 8 §9.5 (Action-Request) */
export function readActionRequest(reader: ByteReader, limits?: DataLimits): ActionRequest {
  const choice = reader.u8()
  const invokeIdAndPriority = reader.u8()
  switch (choice) {
    case 1: {
      const method = readMethodRef(reader)
      const parameter = readOptional(reader, () => readData(reader, limits))
      return { kind: 'action-request-normal', invokeIdAndPriority, method, ...(parameter && { parameter }) }
    }
    case 2:
      return { kind: 'action-request-next-pblock', invokeIdAndPriority, blockNumber: reader.u32() }
    case 3: {
      const methods = readList(reader, () => readMethodRef(reader))
      const parameters = readList(reader, () => readData(reader, limits))
      return { kind: 'action-request-with-list', invokeIdAndPriority, methods, parameters }
    }
    case 4: {
      const method = readMethodRef(reader)
      return { kind: 'action-request-with-first-pblock', invokeIdAndPriority, method, block: readDataBlock(reader) }
    }
    case 5: {
      const methods = readList(reader, () => readMethodRef(reader))
      const block = readDataBlock(reader)
      return { kind: 'action-request-with-list-and-first-pblock', invokeIdAndPriority, methods, block }
    }
    case 6:
      return { kind: 'action-request-with-pblock', invokeIdAndPriority, block: readDataBlock(reader) }
    default:
      throw malformed(`unknown choice ${choice} of ACTION request`, reader)
  }
}

export function writeActionRequest(writer: ByteWriter, request: ActionRequest): void {
  const head = (choice: number) => writer.u8(choice).u8(request.invokeIdAndPriority)
  const writeMethods = (methods: readonly MethodRef[]) =>
    writeList(writer, methods, (method) => writeMethodRef(writer, method))
  switch (request.kind) {
    case 'action-request-normal':
      writeMethodRef(head(1), request.method)
      writeOptional(writer, request.parameter, (parameter) => writeData(writer, parameter))
      break
    case 'action-request-next-pblock':
      head(2).u32(request.blockNumber)
      break
    case 'action-request-with-list':
      head(3)
      writeMethods(request.methods)
      writeList(writer, request.parameters, (parameter) => writeData(writer, parameter))
      break
    case 'action-request-with-first-pblock':
      writeMethodRef(head(4), request.method)
      writeDataBlock(writer, request.block)
      break
    case 'action-request-with-list-and-first-pblock':
      head(5)
      writeMethods(request.methods)
      writeDataBlock(writer, request.block)
      break
    case 'action-request-with-pblock':
      head(6)
      writeDataBlock(writer, request.block)
  }
}

export function readActionResult(reader: ByteReader, limits?: DataLimits): ActionAnswer {
  const result = reader.u8()
  const returned = readOptional(reader, () => readGetDataResult(reader, limits))
  return { result, ...(returned && { returned }) }
}

export function writeActionResult(writer: ByteWriter, { result, returned }: ActionAnswer): void {
  writeOptional(writer.u8(result), returned, (value) => writeGetDataResult(writer, value))
}

/** After the tag. @source Green Book ed. 8 §9.5 (Action-Response) */
export function readActionResponse(reader: ByteReader, limits?: DataLimits): ActionResponse {
  const choice = reader.u8()
  const invokeIdAndPriority = reader.u8()
  switch (choice) {
    case 1:
      return { kind: 'action-response-normal', invokeIdAndPriority, ...readActionResult(reader, limits) }
    case 2:
      return { kind: 'action-response-with-pblock', invokeIdAndPriority, block: readDataBlock(reader) }
    case 3: {
      const results = readList(reader, () => readActionResult(reader, limits))
      return { kind: 'action-response-with-list', invokeIdAndPriority, results }
    }
    case 4:
      return { kind: 'action-response-next-pblock', invokeIdAndPriority, blockNumber: reader.u32() }
    default:
      throw malformed(`unknown choice ${choice} of ACTION response`, reader)
  }
}

export function writeActionResponse(writer: ByteWriter, response: ActionResponse): void {
  const head = (choice: number) => writer.u8(choice).u8(response.invokeIdAndPriority)
  switch (response.kind) {
    case 'action-response-normal':
      writeActionResult(head(1), response)
      break
    case 'action-response-with-pblock':
      head(2)
      writeDataBlock(writer, response.block)
      break
    case 'action-response-with-list':
      head(3)
      writeList(writer, response.results, (result) => writeActionResult(writer, result))
      break
    case 'action-response-next-pblock':
      head(4).u32(response.blockNumber)
  }
}
