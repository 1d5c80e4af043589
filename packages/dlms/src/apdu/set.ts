import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import type { CosemData, DataLimits } from '../cosem/cosem-data.ts'
import { readData, writeData } from '../cosem/data-codec.ts'
import { malformed } from '../malformed.ts'
import {
  type AttributeSelection,
  type DataBlock,
  readAttributeSelection,
  readDataBlock,
  readList,
  writeAttributeSelection,
  writeDataBlock,
  writeList,
} from './fields.ts'

interface Invocation {
  readonly invokeIdAndPriority: number
}

export type SetRequest =
  | (Invocation & { readonly kind: 'set-request-normal'; readonly value: CosemData } & AttributeSelection)
  | (Invocation & { readonly kind: 'set-request-with-first-datablock'; readonly block: DataBlock } & AttributeSelection)
  | (Invocation & { readonly kind: 'set-request-with-datablock'; readonly block: DataBlock })
  | (Invocation & {
      readonly kind: 'set-request-with-list'
      readonly items: readonly AttributeSelection[]
      readonly values: readonly CosemData[]
    })
  | (Invocation & {
      readonly kind: 'set-request-with-list-and-first-datablock'
      readonly items: readonly AttributeSelection[]
      readonly block: DataBlock
    })

/** Results are data-access-result codes. */
export type SetResponse =
  | (Invocation & { readonly kind: 'set-response-normal'; readonly result: number })
  | (Invocation & { readonly kind: 'set-response-datablock'; readonly blockNumber: number })
  | (Invocation & {
      readonly kind: 'set-response-last-datablock'
      readonly result: number
      readonly blockNumber: number
    })
  | (Invocation & {
      readonly kind: 'set-response-last-datablock-with-list'
      readonly results: readonly number[]
      readonly blockNumber: number
    })
  | (Invocation & { readonly kind: 'set-response-with-list'; readonly results: readonly number[] })

/** After the tag. @source Green Book ed. 8 §9.5 (Set-Request) */
export function readSetRequest(reader: ByteReader, limits?: DataLimits): SetRequest {
  const choice = reader.u8()
  const invokeIdAndPriority = reader.u8()
  switch (choice) {
    case 1: {
      const item = readAttributeSelection(reader, limits)
      return { kind: 'set-request-normal', invokeIdAndPriority, ...item, value: readData(reader, limits) }
    }
    case 2: {
      const item = readAttributeSelection(reader, limits)
      return { kind: 'set-request-with-first-datablock', invokeIdAndPriority, ...item, block: readDataBlock(reader) }
    }
    case 3:
      return { kind: 'set-request-with-datablock', invokeIdAndPriority, block: readDataBlock(reader) }
    case 4: {
      const items = readList(reader, () => readAttributeSelection(reader, limits))
      const values = readList(reader, () => readData(reader, limits))
      return { kind: 'set-request-with-list', invokeIdAndPriority, items, values }
    }
    case 5: {
      const items = readList(reader, () => readAttributeSelection(reader, limits))
      return {
        kind: 'set-request-with-list-and-first-datablock',
        invokeIdAndPriority,
        items,
        block: readDataBlock(reader),
      }
    }
    default:
      throw malformed(`unknown choice ${choice} of SET request`, reader)
  }
}

export function writeSetRequest(writer: ByteWriter, request: SetRequest): void {
  const begin = (choice: number) => writer.u8(choice).u8(request.invokeIdAndPriority)
  switch (request.kind) {
    case 'set-request-normal':
      writeAttributeSelection(begin(1), request)
      writeData(writer, request.value)
      return
    case 'set-request-with-first-datablock':
      writeAttributeSelection(begin(2), request)
      writeDataBlock(writer, request.block)
      return
    case 'set-request-with-datablock':
      writeDataBlock(begin(3), request.block)
      return
    case 'set-request-with-list':
      writeList(begin(4), request.items, (item) => writeAttributeSelection(writer, item))
      writeList(writer, request.values, (value) => writeData(writer, value))
      return
    case 'set-request-with-list-and-first-datablock':
      writeList(begin(5), request.items, (item) => writeAttributeSelection(writer, item))
      writeDataBlock(writer, request.block)
  }
}

/** After the tag. @source Green Book ed. 8 §9.5 (Set-Response) */
export function readSetResponse(reader: ByteReader): SetResponse {
  const choice = reader.u8()
  const invokeIdAndPriority = reader.u8()
  const readResults = () => readList(reader, () => reader.u8())
  switch (choice) {
    case 1:
      return { kind: 'set-response-normal', invokeIdAndPriority, result: reader.u8() }
    case 2:
      return { kind: 'set-response-datablock', invokeIdAndPriority, blockNumber: reader.u32() }
    case 3:
      return {
        kind: 'set-response-last-datablock',
        invokeIdAndPriority,
        result: reader.u8(),
        blockNumber: reader.u32(),
      }
    case 4:
      return {
        kind: 'set-response-last-datablock-with-list',
        invokeIdAndPriority,
        results: readResults(),
        blockNumber: reader.u32(),
      }
    case 5:
      return { kind: 'set-response-with-list', invokeIdAndPriority, results: readResults() }
    default:
      throw malformed(`unknown choice ${choice} of SET response`, reader)
  }
}

export function writeSetResponse(writer: ByteWriter, response: SetResponse): void {
  const begin = (choice: number) => writer.u8(choice).u8(response.invokeIdAndPriority)
  switch (response.kind) {
    case 'set-response-normal':
      begin(1).u8(response.result)
      return
    case 'set-response-datablock':
      begin(2).u32(response.blockNumber)
      return
    case 'set-response-last-datablock':
      begin(3).u8(response.result).u32(response.blockNumber)
      return
    case 'set-response-last-datablock-with-list':
      writeList(begin(4), response.results, (result) => writer.u8(result))
      writer.u32(response.blockNumber)
      return
    case 'set-response-with-list':
      writeList(begin(5), response.results, (result) => writer.u8(result))
  }
}
