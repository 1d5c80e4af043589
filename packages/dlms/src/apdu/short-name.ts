import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import type { CosemData, DataLimits } from '../cosem/cosem-data.ts'
import { readData, writeData } from '../cosem/data-codec.ts'
import { malformed } from '../malformed.ts'
import { readBoolean, readList, readOctets, readOptional, writeList, writeOctets, writeOptional } from './fields.ts'

/**
 * The services of short name referencing: variables are named by 16 bits, an attribute being the base name of its object
 * and 8 for each attribute before it.
 * @source Green Book ed. 8 §9.5 (ReadRequest, ReadResponse, WriteRequest, WriteResponse, InformationReportRequest)
 */
export type VariableAccess =
  | { readonly kind: 'variable-name'; readonly name: number }
  /** Selective access, or a method with its parameter. */
  | {
      readonly kind: 'parameterized-access'
      readonly name: number
      readonly selector: number
      readonly parameter: CosemData
    }
  /** Asks for the next block of a long answer. */
  | { readonly kind: 'block-number-access'; readonly blockNumber: number }
  /** A block of a long READ request. */
  | { readonly kind: 'read-data-block-access'; readonly block: ShortBlock }
  /** Announces a block of a long WRITE request. */
  | { readonly kind: 'write-data-block-access'; readonly lastBlock: boolean; readonly blockNumber: number }

/** Numbers of 16 bits here, from 1. */
export interface ShortBlock {
  readonly lastBlock: boolean
  readonly blockNumber: number
  readonly rawData: Uint8Array
}

export interface ReadRequest {
  readonly kind: 'read-request'
  readonly variables: readonly VariableAccess[]
}

export type ReadResult =
  | { readonly data: CosemData }
  | { readonly accessResult: number }
  | { readonly block: ShortBlock }
  | { readonly blockNumber: number }

export interface ReadResponse {
  readonly kind: 'read-response'
  readonly results: readonly ReadResult[]
}

export interface WriteRequest {
  readonly kind: 'write-request' | 'unconfirmed-write-request'
  readonly variables: readonly VariableAccess[]
  readonly values: readonly CosemData[]
}

export type WriteResult = { readonly ok: true } | { readonly accessResult: number } | { readonly blockNumber: number }

export interface WriteResponse {
  readonly kind: 'write-response'
  readonly results: readonly WriteResult[]
}

export interface InformationReport {
  readonly kind: 'information-report-request'
  /** GeneralizedTime as text, when there is one. */
  readonly currentTime?: string | undefined
  readonly variables: readonly VariableAccess[]
  readonly values: readonly CosemData[]
}

export type ShortNameApdu = ReadRequest | ReadResponse | WriteRequest | WriteResponse | InformationReport

const CHOICES = {
  'variable-name': 2,
  'parameterized-access': 4,
  'block-number-access': 5,
  'read-data-block-access': 6,
  'write-data-block-access': 7,
} as const

function readVariable(reader: ByteReader, limits?: DataLimits): VariableAccess {
  switch (reader.u8()) {
    case CHOICES['variable-name']:
      return { kind: 'variable-name', name: reader.u16() }
    case CHOICES['parameterized-access']:
      return {
        kind: 'parameterized-access',
        name: reader.u16(),
        selector: reader.u8(),
        parameter: readData(reader, limits),
      }
    case CHOICES['block-number-access']:
      return { kind: 'block-number-access', blockNumber: reader.u16() }
    case CHOICES['read-data-block-access']:
      return { kind: 'read-data-block-access', block: readShortBlock(reader) }
    case CHOICES['write-data-block-access']:
      return { kind: 'write-data-block-access', lastBlock: readBoolean(reader), blockNumber: reader.u16() }
    default:
      throw malformed('unknown choice of Variable-Access-Specification', reader)
  }
}

function writeVariable(writer: ByteWriter, variable: VariableAccess): void {
  writer.u8(CHOICES[variable.kind])
  switch (variable.kind) {
    case 'variable-name':
      writer.u16(variable.name)
      break
    case 'parameterized-access':
      writeData(writer.u16(variable.name).u8(variable.selector), variable.parameter)
      break
    case 'block-number-access':
      writer.u16(variable.blockNumber)
      break
    case 'read-data-block-access':
      writeShortBlock(writer, variable.block)
      break
    case 'write-data-block-access':
      writer.u8(variable.lastBlock ? 1 : 0).u16(variable.blockNumber)
  }
}

const readShortBlock = (reader: ByteReader): ShortBlock => ({
  lastBlock: readBoolean(reader),
  blockNumber: reader.u16(),
  rawData: readOctets(reader),
})

function writeShortBlock(writer: ByteWriter, block: ShortBlock): void {
  writer.u8(block.lastBlock ? 1 : 0).u16(block.blockNumber)
  writeOctets(writer, block.rawData)
}

/** After the tag. */
export function readReadRequest(reader: ByteReader, limits?: DataLimits): ReadRequest {
  return { kind: 'read-request', variables: readList(reader, () => readVariable(reader, limits)) }
}

export function readReadResponse(reader: ByteReader, limits?: DataLimits): ReadResponse {
  const results = readList(reader, (): ReadResult => {
    switch (reader.u8()) {
      case 0:
        return { data: readData(reader, limits) }
      case 1:
        return { accessResult: reader.u8() }
      case 2:
        return { block: readShortBlock(reader) }
      case 3:
        return { blockNumber: reader.u16() }
      default:
        throw malformed('unknown choice of a read result', reader)
    }
  })
  return { kind: 'read-response', results }
}

export function readWriteRequest(reader: ByteReader, kind: WriteRequest['kind'], limits?: DataLimits): WriteRequest {
  const variables = readList(reader, () => readVariable(reader, limits))
  return { kind, variables, values: readList(reader, () => readData(reader, limits)) }
}

export function readWriteResponse(reader: ByteReader): WriteResponse {
  const results = readList(reader, (): WriteResult => {
    switch (reader.u8()) {
      case 0:
        return { ok: true }
      case 1:
        return { accessResult: reader.u8() }
      case 2:
        return { blockNumber: reader.u16() }
      default:
        throw malformed('unknown choice of a write result', reader)
    }
  })
  return { kind: 'write-response', results }
}

export function readInformationReport(reader: ByteReader, limits?: DataLimits): InformationReport {
  const currentTime = readOptional(reader, () => String.fromCharCode(...readOctets(reader)))
  const variables = readList(reader, () => readVariable(reader, limits))
  const values = readList(reader, () => readData(reader, limits))
  return { kind: 'information-report-request', ...(currentTime !== undefined && { currentTime }), variables, values }
}

export function writeShortName(writer: ByteWriter, apdu: ShortNameApdu): void {
  switch (apdu.kind) {
    case 'read-request':
      writeList(writer, apdu.variables, (one) => writeVariable(writer, one))
      break
    case 'read-response':
      writeList(writer, apdu.results, (one) => {
        if ('data' in one) writeData(writer.u8(0), one.data)
        else if ('accessResult' in one) writer.u8(1).u8(one.accessResult)
        else if ('block' in one) writeShortBlock(writer.u8(2), one.block)
        else writer.u8(3).u16(one.blockNumber)
      })
      break
    case 'write-response':
      writeList(writer, apdu.results, (one) => {
        if ('ok' in one) writer.u8(0)
        else if ('accessResult' in one) writer.u8(1).u8(one.accessResult)
        else writer.u8(2).u16(one.blockNumber)
      })
      break
    case 'information-report-request':
      writeOptional(writer, apdu.currentTime, (time) =>
        writeOctets(
          writer,
          Uint8Array.from(time, (character) => character.charCodeAt(0)),
        ),
      )
      writeLists(writer, apdu)
      break
    default:
      writeLists(writer, apdu)
  }
}

function writeLists(writer: ByteWriter, apdu: WriteRequest | InformationReport): void {
  writeList(writer, apdu.variables, (one) => writeVariable(writer, one))
  writeList(writer, apdu.values, (one) => writeData(writer, one))
}
