import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import type { DataLimits } from '../cosem/cosem-data.ts'
import { malformed } from '../malformed.ts'
import {
  type AttributeSelection,
  type GetDataResult,
  readAttributeSelection,
  readBoolean,
  readGetDataResult,
  readList,
  readOctets,
  writeAttributeSelection,
  writeGetDataResult,
  writeList,
  writeOctets,
} from './fields.ts'

/** `invokeIdAndPriority`: invoke id in the low nibble, 0x40 confirmed, 0x80 high priority; echoed by the server. */
export type GetRequest =
  | ({ readonly kind: 'get-request-normal'; readonly invokeIdAndPriority: number } & AttributeSelection)
  | { readonly kind: 'get-request-next'; readonly invokeIdAndPriority: number; readonly blockNumber: number }
  | {
      readonly kind: 'get-request-with-list'
      readonly invokeIdAndPriority: number
      readonly items: readonly AttributeSelection[]
    }

export type GetResponse =
  | { readonly kind: 'get-response-normal'; readonly invokeIdAndPriority: number; readonly result: GetDataResult }
  | {
      readonly kind: 'get-response-with-datablock'
      readonly invokeIdAndPriority: number
      readonly lastBlock: boolean
      /** From 1. */
      readonly blockNumber: number
      readonly result: { readonly rawData: Uint8Array } | { readonly accessResult: number }
    }
  | {
      readonly kind: 'get-response-with-list'
      readonly invokeIdAndPriority: number
      readonly results: readonly GetDataResult[]
    }

/** After the tag. @source Green Book ed. 8 §9.5 (Get-Request) */
export function readGetRequest(reader: ByteReader, limits?: DataLimits): GetRequest {
  const choice = reader.u8()
  const invokeIdAndPriority = reader.u8()
  switch (choice) {
    case 1:
      return { kind: 'get-request-normal', invokeIdAndPriority, ...readAttributeSelection(reader, limits) }
    case 2:
      return { kind: 'get-request-next', invokeIdAndPriority, blockNumber: reader.u32() }
    case 3:
      return {
        kind: 'get-request-with-list',
        invokeIdAndPriority,
        items: readList(reader, () => readAttributeSelection(reader, limits)),
      }
    default:
      throw malformed(`unknown choice ${choice} of GET request`, reader)
  }
}

export function writeGetRequest(writer: ByteWriter, request: GetRequest): void {
  switch (request.kind) {
    case 'get-request-normal':
      writer.u8(1).u8(request.invokeIdAndPriority)
      writeAttributeSelection(writer, request)
      return
    case 'get-request-next':
      writer.u8(2).u8(request.invokeIdAndPriority).u32(request.blockNumber)
      return
    case 'get-request-with-list':
      writer.u8(3).u8(request.invokeIdAndPriority)
      writeList(writer, request.items, (item) => writeAttributeSelection(writer, item))
  }
}

/** After the tag. @source Green Book ed. 8 §9.5 (Get-Response) */
export function readGetResponse(reader: ByteReader, limits?: DataLimits): GetResponse {
  const choice = reader.u8()
  const invokeIdAndPriority = reader.u8()
  switch (choice) {
    case 1:
      return { kind: 'get-response-normal', invokeIdAndPriority, result: readGetDataResult(reader, limits) }
    case 2:
      return {
        kind: 'get-response-with-datablock',
        invokeIdAndPriority,
        lastBlock: readBoolean(reader),
        blockNumber: reader.u32(),
        result: readBlockResult(reader),
      }
    case 3:
      return {
        kind: 'get-response-with-list',
        invokeIdAndPriority,
        results: readList(reader, () => readGetDataResult(reader, limits)),
      }
    default:
      throw malformed(`unknown choice ${choice} of GET response`, reader)
  }
}

function readBlockResult(reader: ByteReader): { rawData: Uint8Array } | { accessResult: number } {
  switch (reader.u8()) {
    case 0:
      return { rawData: readOctets(reader) }
    case 1:
      return { accessResult: reader.u8() }
    default:
      throw malformed('unknown choice of a data block', reader)
  }
}

export function writeGetResponse(writer: ByteWriter, response: GetResponse): void {
  switch (response.kind) {
    case 'get-response-normal':
      writer.u8(1).u8(response.invokeIdAndPriority)
      writeGetDataResult(writer, response.result)
      return
    case 'get-response-with-datablock':
      writer
        .u8(2)
        .u8(response.invokeIdAndPriority)
        .u8(response.lastBlock ? 1 : 0)
        .u32(response.blockNumber)
      if ('rawData' in response.result) writeOctets(writer.u8(0), response.result.rawData)
      else writer.u8(1).u8(response.result.accessResult)
      return
    case 'get-response-with-list':
      writer.u8(3).u8(response.invokeIdAndPriority)
      writeList(writer, response.results, (result) => writeGetDataResult(writer, result))
  }
}
