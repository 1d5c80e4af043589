import { type ByteReader, type ByteWriter, readBerLength, toHex, writeBerLength } from '@gridcard/bytes'
import { conformanceBits } from '../apdu/conformance.ts'
import { DlmsError } from '../errors.ts'
import { malformed as malformedAt } from '../malformed.ts'
import { type Asn1Field, type Asn1Type, type Asn1TypeRef, resolved } from './asn1-type.ts'
import { node, type XmlNode } from './xml-node.ts'
import { malformed, numberIn, octetsIn, textNode, textOfNode } from './xml-text.ts'

/*
 * A-XDR to XML and back, by the type. One rule for all: a field is an element with its name; so is the alternative of a
 * choice; the items of a list are elements with the name of their type.
 * @source IEC 61334-6; ITU-T X.693 (basic XER), which the names follow
 */

/** Of the deepest APDU with data nested as deep as it may be. */
const MAX_DEPTH = 36

/** Bits of the conformance block by name, from the first; two of the 24 are reserved. */
const conformanceNames: readonly string[] = Array.from({ length: 24 }, (_, bit) => {
  const reserved: Readonly<Record<number, string>> = { 0: 'reserved-zero', 7: 'reserved-seven' }
  const name = Object.entries(conformanceBits).find(([, mask]) => mask === 0x800000 >> bit)?.[0]
  return name ?? reserved[bit] ?? `reserved-${bit}`
})

/** What comes next in the octets, as the content of an element. */
export interface XmlContent {
  readonly text: string
  readonly children: readonly XmlNode[]
  readonly attributes?: Readonly<Record<string, string>>
}

const textContent = (text: string): XmlContent => ({ text, children: [] })

export function elementOf(name: string, content: XmlContent): XmlNode {
  return { ...node(name), attributes: content.attributes ?? {}, text: content.text, children: content.children }
}

/** @throws BytesError at the end of the octets, DlmsError `DLMS_MALFORMED`, `DLMS_LIMIT_EXCEEDED` */
export function readXml(reader: ByteReader, of: Asn1TypeRef, depth = 0): XmlContent {
  if (depth > MAX_DEPTH) throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'nested deeper than allowed')
  const type = resolved(of)
  switch (type.is) {
    case 'null':
      return textContent('')
    case 'boolean':
      return textContent(booleanText(reader))
    case 'octets':
      return textContent(toHex(reader.take(readBerLength(reader))))
    case 'fixed-octets':
      return textContent(toHex(reader.take(type.octets)))
    case 'text':
      return textOf(reader.take(readBerLength(reader)))
    case 'bits':
      return bitsOf(reader)
    case 'conformance':
      return textContent(conformanceText(reader))
    case 'integer':
      return textContent(String(readInteger(reader, type)))
    case 'enumerated': {
      const code = reader.u8()
      return textContent(Object.keys(type.names).find((name) => type.names[name] === code) ?? String(code))
    }
    case 'sequence':
      return { text: '', children: type.fields.flatMap((field) => fieldNodes(reader, field, depth)) }
    case 'choice':
      return { text: '', children: [alternativeNode(reader, type, depth)] }
    case 'sequence-of': {
      const children: XmlNode[] = []
      for (let left = readBerLength(reader); left > 0; left--) {
        const content = readXml(reader, type.type, depth + 1)
        if (type.item === undefined) children.push(...content.children)
        else children.push(elementOf(type.item, content))
      }
      return { text: '', children }
    }
  }
}

/** @throws DlmsError `DLMS_MALFORMED` */
export function writeXml(writer: ByteWriter, of: Asn1TypeRef, from: XmlNode): void {
  const type = resolved(of)
  switch (type.is) {
    case 'null':
      if (from.text.trim() !== '' || from.children.length > 0) throw malformed(`empty: ${from.name}`)
      return
    case 'boolean':
      writer.u8(booleanOctet(from.text))
      return
    case 'octets':
      writeOctets(writer, octetsIn(from.text))
      return
    case 'fixed-octets':
      writer.bytes(exactly(octetsIn(from.text), type.octets))
      return
    case 'text':
      writeOctets(
        writer,
        from.attributes['form'] === 'hex' ? octetsIn(from.text) : new TextEncoder().encode(textOfNode(from)),
      )
      return
    case 'bits':
      writeBits(writer, from)
      return
    case 'conformance':
      writer.u8(0x5f).u8(0x1f).u8(4).u8(0)
      for (const shift of [16, 8, 0]) writer.u8((conformanceIn(from.text) >> shift) & 0xff)
      return
    case 'integer':
      writeInteger(writer, type, from.text)
      return
    case 'enumerated':
      writer.u8(type.names[from.text.trim()] ?? octetIn(from.text))
      return
    case 'sequence':
      writeFields(writer, type.fields, from)
      return
    case 'choice':
      writeAlternative(writer, type, from)
      return
    case 'sequence-of':
      writeBerLength(writer, from.children.length)
      for (const child of from.children) writeItem(writer, type, child)
  }
}

function fieldNodes(reader: ByteReader, field: Asn1Field, depth: number): XmlNode[] {
  if (field.usage !== undefined) {
    const usage = reader.u8()
    if (usage > 1) throw malformedAt('usage flag is neither 0 nor 1', reader)
    if (usage === 0) return []
  }
  return [elementOf(field.name, readXml(reader, field.type, depth + 1))]
}

/** Fields stand in their order, all that are not optional. */
function writeFields(writer: ByteWriter, fields: readonly Asn1Field[], from: XmlNode): void {
  let at = 0
  for (const { name, type, usage } of fields) {
    const child = from.children[at]
    const isThere = child?.name === name
    if (usage !== undefined) writer.u8(isThere ? 1 : 0)
    else if (!isThere) throw malformed(`${from.name}, for ${name} is missing`)
    if (!isThere) continue
    writeXml(writer, type, child)
    at++
  }
  if (at < from.children.length) throw malformed(`${from.name} with ${from.children[at]?.name.slice(0, 40)}`)
}

type Choice = Extract<Asn1Type, { is: 'choice' }>

function alternativeNode(reader: ByteReader, type: Choice, depth: number): XmlNode {
  const tag = reader.u8()
  const alternative = type.alternatives.find((each) => each.tag === tag)
  if (alternative === undefined) throw malformedAt('unknown choice', reader)
  return elementOf(alternative.name, readXml(reader, alternative.type, depth + 1))
}

function writeAlternative(writer: ByteWriter, type: Choice, from: XmlNode): void {
  const [child, ...more] = from.children
  // Some tools write an alternative without content as text.
  const chosen = child ?? node(from.text.trim())
  const alternative = type.alternatives.find((each) => each.name === chosen.name)
  if (alternative === undefined || more.length > 0) throw malformed(`a choice of ${from.name}`)
  writeXml(writer.u8(alternative.tag), alternative.type, chosen)
}

function writeItem(writer: ByteWriter, type: Extract<Asn1Type, { is: 'sequence-of' }>, child: XmlNode): void {
  if (type.item === undefined) writeXml(writer, type.type, node('', [child]))
  else if (child.name === type.item) writeXml(writer, type.type, child)
  else throw malformed(type.item)
}

/** Every octet but 00 is true: 01 is written `true`, FF `1`, which means the same to a reader of XML. */
function booleanText(reader: ByteReader): string {
  const octet = reader.u8()
  const text = { 0: 'false', 1: 'true', 255: '1' }[octet]
  if (text === undefined) throw notWritable('a boolean that is neither 00, 01 nor FF')
  return text
}

function booleanOctet(text: string): number {
  const octet = { false: 0, '0': 0, true: 1, '1': 255 }[text.trim()]
  if (octet === undefined) throw malformed('a boolean')
  return octet
}

/** Text that is no UTF-8, or that XML cannot hold, keeps its octets. */
function textOf(octets: Uint8Array): XmlContent {
  try {
    const { text, attributes } = textNode('', new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets))
    return { text, attributes, children: [] }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return { text: toHex(octets), attributes: { form: 'hex' }, children: [] }
  }
}

function bitsOf(reader: ByteReader): XmlContent {
  const length = readBerLength(reader)
  const bits = [...reader.take(Math.ceil(length / 8))].map((octet) => octet.toString(2).padStart(8, '0')).join('')
  const unused = bits.slice(length)
  return { text: bits.slice(0, length), children: [], ...(unused.includes('1') && { attributes: { unused } }) }
}

function writeBits(writer: ByteWriter, { text, attributes }: XmlNode): void {
  const unused = attributes['unused'] ?? ''
  const bits = text.trim() + unused
  if (!/^[01]*$/.test(bits) || unused.length > 7) throw malformed('bits')
  writeBerLength(writer, text.trim().length)
  for (let at = 0; at < bits.length; at += 8) writer.u8(Number.parseInt(bits.slice(at, at + 8).padEnd(8, '0'), 2))
}

/** [APPLICATION 31] in BER, whatever is around it; always 24 bits. */
function conformanceText(reader: ByteReader): string {
  const header = toHex(reader.take(4))
  if (header !== '5F1F0400') throw malformedAt('no conformance block', reader)
  const bits = reader.u8() * 0x10000 + reader.u16()
  return conformanceNames.filter((_name, bit) => bits & (0x800000 >> bit)).join(' ')
}

function conformanceIn(text: string): number {
  return text
    .split(/\s+/)
    .filter((name) => name !== '')
    .reduce((bits, name) => {
      const bit = conformanceNames.indexOf(name)
      if (bit < 0) throw malformed('a conformance block')
      return bits | (0x800000 >> bit)
    }, 0)
}

type Integer = Extract<Asn1Type, { is: 'integer' }>

function readInteger(reader: ByteReader, { octets, signed }: Integer): number | bigint {
  switch (octets) {
    case 1:
      return signed ? reader.i8() : reader.u8()
    case 2:
      return signed ? reader.i16() : reader.u16()
    case 4:
      return signed ? reader.i32() : reader.u32()
    case 8:
      return signed ? reader.i64() : reader.u64()
  }
}

function writeInteger(writer: ByteWriter, { octets, signed }: Integer, text: string): void {
  if (!/^\s*-?\d{1,20}\s*$/.test(text)) throw malformed('a whole number')
  const value = BigInt(text.trim())
  if (value !== (signed ? BigInt.asIntN(octets * 8, value) : BigInt.asUintN(octets * 8, value))) {
    throw malformed(`a number of ${octets} octets`)
  }
  for (let shift = (octets - 1) * 8; shift >= 0; shift -= 8) writer.u8(Number((value >> BigInt(shift)) & 0xffn))
}

function octetIn(text: string): number {
  const value = numberIn(text.trim())
  if (!Number.isInteger(value) || value < 0 || value > 255) throw malformed('a name or number that stands here')
  return value
}

function exactly(octets: Uint8Array, count: number): Uint8Array {
  if (octets.length !== count) throw malformed(`${count} octets`)
  return octets
}

function writeOctets(writer: ByteWriter, octets: Uint8Array): void {
  writeBerLength(writer, octets.length)
  writer.bytes(octets)
}

export const notWritable = (what: string): DlmsError => new DlmsError('DLMS_NOT_REPRESENTABLE', `XML: ${what}`)
