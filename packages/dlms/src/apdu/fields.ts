import { type ByteReader, type ByteWriter, readBerLength, writeBerLength } from '@gridcard/bytes'
import type { CosemData, DataLimits } from '../cosem/cosem-data.ts'
import { readData, writeData } from '../cosem/data-codec.ts'
import { logicalNameBytes, logicalNameText } from '../cosem/obis-code.ts'
import { malformed } from '../malformed.ts'
import type { AttributeRef, MethodRef, SelectiveAccess } from './references.ts'

// The A-XDR pieces that GET, SET and ACTION share. @source Green Book ed. 8 §9.5, IEC 61334-6

/** OPTIONAL and DEFAULT are announced by 00 (absent) or 01. */
export function readOptional<T>(reader: ByteReader, read: () => T): T | undefined {
  const usage = reader.u8()
  if (usage > 1) throw malformed('usage flag is neither 0 nor 1', reader)
  return usage === 1 ? read() : undefined
}

export function writeOptional<T>(writer: ByteWriter, value: T | undefined, write: (value: T) => void): void {
  writer.u8(value === undefined ? 0 : 1)
  if (value !== undefined) write(value)
}

export const readOctets = (reader: ByteReader): Uint8Array => reader.take(readBerLength(reader))

export function writeOctets(writer: ByteWriter, octets: Uint8Array): void {
  writeBerLength(writer, octets.length)
  writer.bytes(octets)
}

export const readBoolean = (reader: ByteReader): boolean => reader.u8() !== 0

export function readList<T>(reader: ByteReader, read: () => T): T[] {
  const count = readBerLength(reader)
  const items: T[] = []
  for (let i = 0; i < count; i++) items.push(read())
  return items
}

export function writeList<T>(writer: ByteWriter, items: readonly T[], write: (item: T) => void): void {
  writeBerLength(writer, items.length)
  for (const item of items) write(item)
}

export function readAttributeRef(reader: ByteReader): AttributeRef {
  return { classId: reader.u16(), logicalName: logicalNameText(reader.take(6)), attributeIndex: reader.i8() }
}

export function writeAttributeRef(writer: ByteWriter, attribute: AttributeRef): void {
  writer.u16(attribute.classId).bytes(logicalNameBytes(attribute.logicalName)).i8(attribute.attributeIndex)
}

export function readMethodRef(reader: ByteReader): MethodRef {
  return { classId: reader.u16(), logicalName: logicalNameText(reader.take(6)), methodIndex: reader.i8() }
}

export function writeMethodRef(writer: ByteWriter, method: MethodRef): void {
  writer.u16(method.classId).bytes(logicalNameBytes(method.logicalName)).i8(method.methodIndex)
}

/** An attribute and, optionally, which part of it. */
export interface AttributeSelection {
  readonly attribute: AttributeRef
  readonly selection?: SelectiveAccess | undefined
}

export function readAttributeSelection(reader: ByteReader, limits?: DataLimits): AttributeSelection {
  const attribute = readAttributeRef(reader)
  const selection = readOptional(reader, () => ({ selector: reader.u8(), parameters: readData(reader, limits) }))
  return selection === undefined ? { attribute } : { attribute, selection }
}

export function writeAttributeSelection(writer: ByteWriter, item: AttributeSelection): void {
  writeAttributeRef(writer, item.attribute)
  writeOptional(writer, item.selection, ({ selector, parameters }) => {
    writer.u8(selector)
    writeData(writer, parameters)
  })
}

/** Get-Data-Result: the value or a data-access-result code. */
export type GetDataResult = { readonly data: CosemData } | { readonly accessResult: number }

export function readGetDataResult(reader: ByteReader, limits?: DataLimits): GetDataResult {
  switch (reader.u8()) {
    case 0:
      return { data: readData(reader, limits) }
    case 1:
      return { accessResult: reader.u8() }
    default:
      throw malformed('unknown choice of Get-Data-Result', reader)
  }
}

export function writeGetDataResult(writer: ByteWriter, result: GetDataResult): void {
  if ('data' in result) writeData(writer.u8(0), result.data)
  else writer.u8(1).u8(result.accessResult)
}

/** A piece of a long request; numbers from 1. */
export interface DataBlock {
  readonly lastBlock: boolean
  readonly blockNumber: number
  readonly rawData: Uint8Array
}

export function readDataBlock(reader: ByteReader): DataBlock {
  return { lastBlock: readBoolean(reader), blockNumber: reader.u32(), rawData: readOctets(reader) }
}

export function writeDataBlock(writer: ByteWriter, block: DataBlock): void {
  writer.u8(block.lastBlock ? 1 : 0).u32(block.blockNumber)
  writeOctets(writer, block.rawData)
}
