import { type ByteReader, ByteWriter, readBerLength, writeBerLength } from '@gridcard/bytes'
import { malformed, parseExactly } from '../malformed.ts'
import { readCompactArray, writeCompactArray } from './compact-array.ts'
import { type CosemData, type DataLimits, defaultDataLimits } from './cosem-data.ts'
import { DataBudget, repeat } from './data-budget.ts'
import { dataTags, dataTypeOfTag } from './data-tags.ts'
import { readSimple, writeSimple } from './simple-values.ts'

/**
 * Reads exactly one value in A-XDR.
 * @throws DlmsError `DLMS_MALFORMED`; `DLMS_LIMIT_EXCEEDED` when nested deeper or larger than `limits`
 * @source Green Book ed. 8 §9.5 (Data), IEC 61334-6
 */
export function parseData(bytes: Uint8Array, limits: DataLimits = defaultDataLimits): CosemData {
  return parseExactly('data', bytes, (reader) => readData(reader, limits))
}

/** @throws DlmsError `DLMS_NOT_REPRESENTABLE` for a value outside its type */
export function emitData(data: CosemData): Uint8Array {
  const writer = new ByteWriter()
  writeData(writer, data)
  return writer.toBytes()
}

/** Reads one value and leaves the reader behind it. Short input throws BytesError: call it inside `parseExactly`. */
export function readData(reader: ByteReader, limits: DataLimits = defaultDataLimits): CosemData {
  return readWithin(reader, new DataBudget(limits))
}

function readWithin(reader: ByteReader, budget: DataBudget): CosemData {
  const tag = reader.u8()
  const type = dataTypeOfTag(tag)
  if (type === undefined) throw malformed(`unknown data tag ${tag}`, reader)
  budget.count()
  switch (type) {
    case 'array':
    case 'structure': {
      const count = readBerLength(reader)
      return { type, value: budget.nested(() => repeat(count, () => readWithin(reader, budget))) }
    }
    case 'compact-array':
      return budget.nested(() => readCompactArray(reader, budget))
    default:
      return readSimple(reader, type)
  }
}

export function writeData(writer: ByteWriter, data: CosemData): void {
  writer.u8(dataTags[data.type])
  switch (data.type) {
    case 'array':
    case 'structure':
      writeBerLength(writer, data.value.length)
      for (const element of data.value) writeData(writer, element)
      return
    case 'compact-array':
      writeCompactArray(writer, data)
      return
    default:
      writeSimple(writer, data)
  }
}
