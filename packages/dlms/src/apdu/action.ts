import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import type { CosemData, DataLimits } from '../cosem/cosem-data.ts'
import { readData, writeData } from '../cosem/data-codec.ts'
import { malformed } from '../malformed.ts'
import {
  type GetDataResult,
  readGetDataResult,
  readMethodRef,
  readOptional,
  writeGetDataResult,
  writeMethodRef,
  writeOptional,
} from './fields.ts'
import type { MethodRef } from './references.ts'

export interface ActionRequest {
  readonly kind: 'action-request-normal'
  readonly invokeIdAndPriority: number
  readonly method: MethodRef
  readonly parameter?: CosemData | undefined
}

export interface ActionResponse {
  readonly kind: 'action-response-normal'
  readonly invokeIdAndPriority: number
  /** Action-result code. */
  readonly result: number
  readonly returned?: GetDataResult | undefined
}

/** After the tag. The forms with lists and parameter blocks are not read. @source Green Book ed. 8 §9.5 (Action-Request) */
export function readActionRequest(reader: ByteReader, limits?: DataLimits): ActionRequest {
  const choice = reader.u8()
  if (choice !== 1) throw malformed(`unsupported choice ${choice} of ACTION request`, reader)
  const invokeIdAndPriority = reader.u8()
  const method = readMethodRef(reader)
  const parameter = readOptional(reader, () => readData(reader, limits))
  return { kind: 'action-request-normal', invokeIdAndPriority, method, ...(parameter && { parameter }) }
}

export function writeActionRequest(writer: ByteWriter, request: ActionRequest): void {
  writeMethodRef(writer.u8(1).u8(request.invokeIdAndPriority), request.method)
  writeOptional(writer, request.parameter, (parameter) => writeData(writer, parameter))
}

/** After the tag. @source Green Book ed. 8 §9.5 (Action-Response) */
export function readActionResponse(reader: ByteReader, limits?: DataLimits): ActionResponse {
  const choice = reader.u8()
  if (choice !== 1) throw malformed(`unsupported choice ${choice} of ACTION response`, reader)
  const invokeIdAndPriority = reader.u8()
  const result = reader.u8()
  const returned = readOptional(reader, () => readGetDataResult(reader, limits))
  return { kind: 'action-response-normal', invokeIdAndPriority, result, ...(returned && { returned }) }
}

export function writeActionResponse(writer: ByteWriter, response: ActionResponse): void {
  writer.u8(1).u8(response.invokeIdAndPriority).u8(response.result)
  writeOptional(writer, response.returned, (returned) => writeGetDataResult(writer, returned))
}
