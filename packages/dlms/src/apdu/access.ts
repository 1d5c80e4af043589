import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import type { CosemData, DataLimits } from '../cosem/cosem-data.ts'
import { readData, writeData } from '../cosem/data-codec.ts'
import { malformed } from '../malformed.ts'
import {
  type AttributeSelection,
  readAttributeRef,
  readList,
  readMethodRef,
  readOctets,
  readOptional,
  writeAttributeRef,
  writeList,
  writeMethodRef,
  writeOctets,
  writeOptional,
} from './fields.ts'
import type { MethodRef } from './references.ts'

/** Bits of the long invoke id beside its 24-bit number. @source Green Book ed. 8 §9.3.5 */
export const longInvokeBits = {
  selfDescriptive: 0x1000_0000,
  breakOnError: 0x2000_0000,
  confirmed: 0x4000_0000,
  highPriority: 0x8000_0000,
} as const

/** What is asked for; its value or parameter stands in the list of data, null-data for a get. */
export type AccessSpecification =
  | ({ readonly service: 'get' | 'set' } & AttributeSelection)
  | { readonly service: 'action'; readonly method: MethodRef }

export interface AccessRequest {
  readonly kind: 'access-request'
  /** Number in the low 24 bits, see `longInvokeBits`. */
  readonly longInvokeIdAndPriority: number
  /** 12 octets, see `parseDateTime`. */
  readonly dateTime?: Uint8Array | undefined
  readonly specifications: readonly AccessSpecification[]
  /** One for each specification. */
  readonly data: readonly CosemData[]
}

export interface AccessResponse {
  readonly kind: 'access-response'
  readonly longInvokeIdAndPriority: number
  readonly dateTime?: Uint8Array | undefined
  /** The specifications of the request, if it wanted them back. */
  readonly specifications?: readonly AccessSpecification[] | undefined
  readonly data: readonly CosemData[]
  /** Data-access-result, or action-result for an action. */
  readonly results: readonly { readonly service: AccessSpecification['service']; readonly result: number }[]
}

const services = ['get', 'set', 'action'] as const
const WITH_SELECTION = 3

function readSpecification(reader: ByteReader, limits?: DataLimits): AccessSpecification {
  const choice = reader.u8()
  if (choice === 3) return { service: 'action', method: readMethodRef(reader) }
  const service = services[(choice - 1) % WITH_SELECTION]
  if (choice < 1 || choice > 5 || service === undefined || service === 'action') {
    throw malformed('unknown choice of Access-Request-Specification', reader)
  }
  const attribute = readAttributeRef(reader)
  if (choice <= WITH_SELECTION) return { service, attribute }
  return { service, attribute, selection: { selector: reader.u8(), parameters: readData(reader, limits) } }
}

function writeSpecification(writer: ByteWriter, item: AccessSpecification): void {
  const choice = services.indexOf(item.service) + 1
  if (item.service === 'action') {
    writeMethodRef(writer.u8(choice), item.method)
    return
  }
  const { attribute, selection } = item
  writeAttributeRef(writer.u8(selection === undefined ? choice : choice + WITH_SELECTION), attribute)
  if (selection !== undefined) writeData(writer.u8(selection.selector), selection.parameters)
}

function readDateTime(reader: ByteReader): { readonly dateTime?: Uint8Array } {
  const dateTime = readOctets(reader)
  if (dateTime.length !== 0 && dateTime.length !== 12) throw malformed('date-time is not 12 octets', reader)
  return dateTime.length > 0 ? { dateTime } : {}
}

/** After the tag. @source Green Book ed. 8 §9.5 (Access-Request) */
export function readAccessRequest(reader: ByteReader, limits?: DataLimits): AccessRequest {
  const longInvokeIdAndPriority = reader.u32()
  const dateTime = readDateTime(reader)
  const specifications = readList(reader, () => readSpecification(reader, limits))
  const data = readList(reader, () => readData(reader, limits))
  return { kind: 'access-request', longInvokeIdAndPriority, ...dateTime, specifications, data }
}

export function writeAccessRequest(writer: ByteWriter, request: AccessRequest): void {
  writeOctets(writer.u32(request.longInvokeIdAndPriority), request.dateTime ?? new Uint8Array(0))
  writeList(writer, request.specifications, (item) => writeSpecification(writer, item))
  writeList(writer, request.data, (value) => writeData(writer, value))
}

/** After the tag. @source Green Book ed. 8 §9.5 (Access-Response) */
export function readAccessResponse(reader: ByteReader, limits?: DataLimits): AccessResponse {
  const longInvokeIdAndPriority = reader.u32()
  const dateTime = readDateTime(reader)
  const specifications = readOptional(reader, () => readList(reader, () => readSpecification(reader, limits)))
  const data = readList(reader, () => readData(reader, limits))
  const results = readList(reader, () => {
    const service = services[reader.u8() - 1]
    if (service === undefined) throw malformed('unknown choice of Access-Response-Specification', reader)
    return { service, result: reader.u8() }
  })
  return {
    kind: 'access-response',
    longInvokeIdAndPriority,
    ...dateTime,
    ...(specifications && { specifications }),
    data,
    results,
  }
}

export function writeAccessResponse(writer: ByteWriter, response: AccessResponse): void {
  writeOctets(writer.u32(response.longInvokeIdAndPriority), response.dateTime ?? new Uint8Array(0))
  writeOptional(writer, response.specifications, (items) =>
    writeList(writer, items, (item) => writeSpecification(writer, item)),
  )
  writeList(writer, response.data, (value) => writeData(writer, value))
  writeList(writer, response.results, ({ service, result }) => {
    writer.u8(services.indexOf(service) + 1).u8(result)
  })
}
