import { toHex } from '@gridcard/bytes'
import { type Apdu, emitApdu, parseApdu } from '../apdu/apdu.ts'
import type { CosemData } from '../cosem/cosem-data.ts'
import { dataTags } from '../cosem/data-tags.ts'
import { dataNode, dataOfNode, malformed, numberIn, octetsIn, textNode, textOfNode } from './data-xml.ts'
import { emitXml, node, parseXml, type XmlNode } from './xml-node.ts'

/**
 * An APDU as XML: an element with the name of the service, in it one for each field, values as `dataXml` has them.
 * Everything that is in the APDU is in it, passwords and keys too.
 */
export const apduXml = (apdu: Apdu): string => emitXml(objectNode(spelled(apdu.kind), apdu, ['kind']))

/**
 * The APDU that `apduXml` gave.
 * @throws DlmsError `DLMS_MALFORMED`, `DLMS_LIMIT_EXCEEDED`, `DLMS_NOT_REPRESENTABLE`
 */
export function apduOfXml(source: string): Apdu {
  const root = parseXml(source)
  const fields = membersOf(root)
  let octets: Uint8Array
  try {
    octets = emitApdu({ ...fields, kind: root.name } as unknown as Apdu) // judged below: what is no APDU does not emit
  } catch (error) {
    if (error instanceof TypeError) throw malformed('an APDU')
    throw error
  }
  return parseApdu(octets)
}

const spelled = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
const camel = (name: string): string => name.replace(/-([a-z])/g, (_whole, letter: string) => letter.toUpperCase())

function objectNode(name: string, object: object, without: readonly string[] = []): XmlNode {
  const members = Object.entries(object).filter(([key, value]) => !without.includes(key) && value !== undefined)
  return node(
    name,
    members.map(([key, value]) => valueNode(spelled(key), value)),
    without.length > 0 ? {} : { form: 'fields' },
  )
}

function valueNode(name: string, value: unknown): XmlNode {
  if (value instanceof Uint8Array) return node(name, toHex(value), { form: 'hex' })
  if (Array.isArray(value))
    return node(
      name,
      value.map((item) => valueNode('item', item)),
      { form: 'list' },
    )
  if (isData(value)) return node(name, [dataNode(value)], { form: 'data' })
  switch (typeof value) {
    case 'object':
      return objectNode(name, value ?? {})
    case 'boolean':
      return node(name, String(value), { form: 'boolean' })
    case 'number':
      return node(name, String(value))
    default: {
      const text = textNode(name, String(value))
      return { ...text, attributes: { ...text.attributes, form: text.attributes['form'] ?? 'text' } }
    }
  }
}

const isData = (value: unknown): value is CosemData =>
  typeof value === 'object' && value !== null && 'type' in value && String(value.type) in dataTags

function membersOf({ children }: XmlNode): Record<string, unknown> {
  return Object.fromEntries(children.map((child) => [camel(child.name), contentOf(child)]))
}

function contentOf(from: XmlNode): unknown {
  switch (from.attributes['form']) {
    case 'hex':
      return octetsIn(from.text)
    case 'list':
      return from.children.map(contentOf)
    case 'data':
      return from.children[0] === undefined ? undefined : dataOfNode(from.children[0])
    case 'fields':
      return membersOf(from)
    case 'boolean':
      return from.text === 'true'
    case 'text':
    case 'utf-16':
      return textOfNode(from)
    default:
      return numberIn(from.text)
  }
}
