import { type ByteReader, ByteWriter, readBerLength, writeBerLength } from '@gridcard/bytes'
import { DlmsError } from '../errors.ts'
import { malformed } from '../malformed.ts'
import type { CosemData, TypeDescription } from './cosem-data.ts'
import { type DataBudget, repeat } from './data-budget.ts'
import { dataTags, dataTypeOfTag } from './data-tags.ts'
import { readSimple, type SimpleValue, writeSimple } from './simple-values.ts'

type CompactArray = Extract<CosemData, { type: 'compact-array' }>

/**
 * What follows tag 19: the type description, then the values without tags, structures without a count, arrays with
 * the count of their type.
 * @source Green Book ed. 8 §9.5 (compact-array, TypeDescription)
 */
export function readCompactArray(reader: ByteReader, budget: DataBudget): CompactArray {
  const elementType = readTypeDescription(reader, budget)
  const contents = reader.sub(readBerLength(reader))
  const value: CosemData[] = []
  while (!contents.isAtEnd) {
    const before = contents.offsetBytes
    value.push(readDescribed(contents, budget, elementType))
    // Values of no octets (null-data, empty structures) could be any number: only none of them is unambiguous.
    if (contents.offsetBytes === before) throw malformed('compact array of values without octets', contents)
  }
  return { type: 'compact-array', elementType, value }
}

export function writeCompactArray(writer: ByteWriter, array: CompactArray): void {
  writeTypeDescription(writer, array.elementType)
  const contents = new ByteWriter()
  for (const element of array.value) {
    const before = contents.length
    writeDescribed(contents, element, array.elementType)
    if (contents.length === before) throw mismatch(array.elementType)
  }
  writeBerLength(writer, contents.length)
  writer.bytes(contents.toBytes())
}

function readTypeDescription(reader: ByteReader, budget: DataBudget): TypeDescription {
  const tag = reader.u8()
  const type = dataTypeOfTag(tag)
  budget.count()
  switch (type) {
    case undefined:
    case 'compact-array':
      throw malformed(`data tag ${tag} in a type description`, reader)
    case 'array': {
      const length = reader.u16()
      return { type, length, element: budget.nested(() => readTypeDescription(reader, budget)) }
    }
    case 'structure': {
      const count = readBerLength(reader)
      return { type, elements: budget.nested(() => repeat(count, () => readTypeDescription(reader, budget))) }
    }
    default:
      return { type }
  }
}

function readDescribed(reader: ByteReader, budget: DataBudget, description: TypeDescription): CosemData {
  budget.count()
  switch (description.type) {
    case 'array': {
      const { length, element } = description
      return { type: 'array', value: repeat(length, () => readDescribed(reader, budget, element)) }
    }
    case 'structure':
      return {
        type: 'structure',
        value: description.elements.map((element) => readDescribed(reader, budget, element)),
      }
    default:
      return readSimple(reader, description.type)
  }
}

function writeTypeDescription(writer: ByteWriter, description: TypeDescription): void {
  writer.u8(dataTags[description.type])
  if (description.type === 'array') {
    if (description.length > 0xffff) throw mismatch(description)
    writer.u16(description.length)
    writeTypeDescription(writer, description.element)
  } else if (description.type === 'structure') {
    writeBerLength(writer, description.elements.length)
    for (const element of description.elements) writeTypeDescription(writer, element)
  }
}

function writeDescribed(writer: ByteWriter, value: CosemData, description: TypeDescription): void {
  if (value.type !== description.type) throw mismatch(description)
  if (description.type === 'array') {
    const elements = elementsOf(value, description.length, description)
    for (const element of elements) writeDescribed(writer, element, description.element)
  } else if (description.type === 'structure') {
    const elements = elementsOf(value, description.elements.length, description)
    for (const [i, element] of description.elements.entries()) writeDescribed(writer, elements[i]!, element)
  } else {
    // The types were compared above, so this is no container.
    writeSimple(writer, value as SimpleValue)
  }
}

function elementsOf(value: CosemData, count: number, description: TypeDescription): readonly CosemData[] {
  if ((value.type !== 'array' && value.type !== 'structure') || value.value.length !== count)
    throw mismatch(description)
  return value.value
}

const mismatch = (description: TypeDescription): DlmsError =>
  new DlmsError('DLMS_NOT_REPRESENTABLE', 'element is not of the type of its compact array', { type: description.type })
