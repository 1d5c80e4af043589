import { fromHex, GridcardError, toHex } from '@gridcard/bytes'
import type { CosemData, CosemNumberType, TypeDescription } from '../cosem/cosem-data.ts'
import { emitData } from '../cosem/data-codec.ts'
import { dataTags } from '../cosem/data-tags.ts'
import { DlmsError } from '../errors.ts'
import { emitXml, node, parseXml, type XmlNode } from './xml-node.ts'

/**
 * A value as XML, an element for each with the name of its type, as the standard's schema of PDUs names them: octets in
 * hex, bits as 0 and 1, numbers in decimal. `dataOfXml` gives the same value back.
 * @source IEC 62056-8-20 (COSEMpdu), names of Data
 */
export const dataXml = (data: CosemData): string => emitXml(dataNode(data))

/** @throws DlmsError `DLMS_MALFORMED`, `DLMS_LIMIT_EXCEEDED`, `DLMS_NOT_REPRESENTABLE` */
export function dataOfXml(source: string): CosemData {
  const data = dataOfNode(parseXml(source))
  emitData(data)
  return data
}

export function dataNode(data: CosemData): XmlNode {
  switch (data.type) {
    case 'null-data':
    case 'dont-care':
      return node(data.type)
    case 'array':
    case 'structure':
      return node(data.type, data.value.map(dataNode))
    case 'compact-array':
      return node(data.type, [
        node('type-description', [typeNode(data.elementType)]),
        node('array-contents', data.value.map(dataNode)),
      ])
    case 'bit-string':
      return bitsNode(data.value, data.lengthBits)
    case 'octet-string':
    case 'date-time':
    case 'date':
    case 'time':
      return node(data.type, toHex(data.value))
    case 'visible-string':
    case 'utf8-string':
      return textNode(data.type, data.value)
    default:
      return node(data.type, Object.is(data.value, -0) ? '-0' : String(data.value))
  }
}

/** Text that XML cannot hold, or would change, goes as hex of its UTF-16 units. */
export function textNode(name: string, text: string): XmlNode {
  if (/^[\x21-\x7e\xa1-\xff](?:[\x20-\x7e\xa1-\xff]*[\x21-\x7e\xa1-\xff])?$/.test(text)) return node(name, text)
  return node(
    name,
    [...Array(text.length).keys()].map((i) => text.charCodeAt(i).toString(16).padStart(4, '0')).join(''),
    {
      form: 'utf-16',
    },
  )
}

export function textOfNode({ text, attributes }: XmlNode): string {
  if (attributes['form'] !== 'utf-16') return text
  if (!/^([0-9a-f]{4})*$/.test(text)) throw malformed('UTF-16 in hex')
  return String.fromCharCode(...(text.match(/.{4}/g) ?? []).map((unit) => Number.parseInt(unit, 16)))
}

export function dataOfNode(from: XmlNode): CosemData {
  const { name, children, text } = from
  if (!(name in dataTags)) throw malformed(`the type ${name.slice(0, 40)}`)
  const type = name as CosemData['type']
  switch (type) {
    case 'null-data':
    case 'dont-care':
      return { type }
    case 'array':
    case 'structure':
      return { type, value: children.map(dataOfNode) }
    case 'compact-array': {
      const [description, contents] = children
      if (description?.name !== 'type-description' || contents?.name !== 'array-contents') throw malformed(type)
      return { type, elementType: typeOfNode(description.children[0]), value: contents.children.map(dataOfNode) }
    }
    case 'boolean':
      if (text !== 'true' && text !== 'false') throw malformed(type)
      return { type, value: text === 'true' }
    case 'bit-string':
      return { type, ...bitsIn(text, from.attributes['unused'] ?? '') }
    case 'octet-string':
    case 'date-time':
    case 'date':
    case 'time':
      return { type, value: octetsIn(text) }
    case 'visible-string':
    case 'utf8-string':
      return { type, value: textOfNode(from) }
    case 'long64':
    case 'long64-unsigned':
      if (!/^-?\d{1,20}$/.test(text)) throw malformed(type)
      return { type, value: BigInt(text) }
    default:
      return { type: type satisfies CosemNumberType, value: numberIn(text) }
  }
}

export function octetsIn(text: string): Uint8Array {
  try {
    return fromHex(text)
  } catch (error) {
    if (!(error instanceof GridcardError)) throw error
    throw malformed('hex')
  }
}

export function numberIn(text: string): number {
  if (/^(-?\d+(\.\d+)?(e[+-]?\d+)?|-?Infinity|NaN)$/.test(text)) return Number(text)
  throw malformed('a number')
}

function typeNode(type: TypeDescription): XmlNode {
  switch (type.type) {
    case 'array':
      return node('array', [typeNode(type.element)], { length: String(type.length) })
    case 'structure':
      return node('structure', type.elements.map(typeNode))
    default:
      return node(type.type)
  }
}

function typeOfNode(from: XmlNode | undefined): TypeDescription {
  if (from === undefined || !(from.name in dataTags) || from.name === 'compact-array') throw malformed('a type')
  const type = from.name as TypeDescription['type']
  switch (type) {
    case 'array':
      return { type, length: numberIn(from.attributes['length'] ?? ''), element: typeOfNode(from.children[0]) }
    case 'structure':
      return { type, elements: from.children.map(typeOfNode) }
    default:
      return { type }
  }
}

/** What fills up the last octet is said only where it says something. */
function bitsNode(octets: Uint8Array, lengthBits: number): XmlNode {
  const bits = [...octets].map((octet) => octet.toString(2).padStart(8, '0')).join('')
  const unused = bits.slice(lengthBits)
  return node('bit-string', bits.slice(0, lengthBits), unused.includes('1') ? { unused } : {})
}

function bitsIn(text: string, unused: string): { lengthBits: number; value: Uint8Array } {
  const bits = text + unused
  if (!/^[01]*$/.test(bits) || unused.length > 7) throw malformed('bits')
  const value = new Uint8Array(Math.ceil(bits.length / 8))
  for (const [i, bit] of [...bits].entries()) if (bit === '1') value[i >> 3]! |= 0x80 >> (i & 7)
  return { lengthBits: text.length, value }
}

export const malformed = (what: string): DlmsError => new DlmsError('DLMS_MALFORMED', `XML: not ${what}`)
