import { fromHex, GridcardError } from '@gridcard/bytes'
import { DlmsError } from '../errors.ts'
import { node, type XmlNode } from './xml-node.ts'

/** Text that XML cannot hold, or would change, goes as hex of its UTF-16 units. */
export function textNode(name: string, text: string): XmlNode {
  if (/^[\x21-\x7e\xa1-\xff](?:[\x20-\x7e\xa1-\xff]*[\x21-\x7e\xa1-\xff])?$/.test(text)) return node(name, text)
  const units = [...Array(text.length).keys()].map((i) => text.charCodeAt(i).toString(16).padStart(4, '0'))
  return node(name, units.join(''), text === '' ? {} : { form: 'utf-16' })
}

export function textOfNode({ text, attributes }: XmlNode): string {
  if (attributes['form'] !== 'utf-16') return text
  if (!/^([0-9a-f]{4})*$/.test(text)) throw malformed('UTF-16 in hex')
  return String.fromCharCode(...(text.match(/.{4}/g) ?? []).map((unit) => Number.parseInt(unit, 16)))
}

export function octetsIn(text: string): Uint8Array {
  try {
    return fromHex(text.trim())
  } catch (error) {
    if (!(error instanceof GridcardError)) throw error
    throw malformed('hex')
  }
}

export function numberIn(text: string): number {
  if (/^-?\d+$/.test(text)) return Number(text)
  throw malformed('a number')
}

export const malformed = (what: string): DlmsError => new DlmsError('DLMS_MALFORMED', `XML: not ${what}`)
