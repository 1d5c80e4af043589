import { DlmsError } from '../errors.ts'

/** An element with its attributes, and either elements or text in it. */
export interface XmlNode {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlNode[]
  readonly text: string
}

const MAX_DEPTH = 40
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (char) => `&${Object.keys(entities).find((name) => entities[name] === char)};`)

export const node = (
  name: string,
  content: readonly XmlNode[] | string = '',
  attributes: Readonly<Record<string, string>> = {},
): XmlNode =>
  typeof content === 'string'
    ? { name, attributes, children: [], text: content }
    : { name, attributes, children: content, text: '' }

/** Indented, an element a line. */
export function emitXml({ name, attributes, children, text }: XmlNode, indent = ''): string {
  const open = `${name}${Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${escaped(value)}"`)
    .join('')}`
  if (children.length > 0) {
    return `${indent}<${open}>\n${children.map((child) => emitXml(child, `${indent}  `)).join('')}${indent}</${name}>\n`
  }
  return text === '' ? `${indent}<${open}/>\n` : `${indent}<${open}>${escaped(text)}</${name}>\n`
}

/**
 * Reads one element and what is in it: elements, attributes, text, the five entities, a declaration and comments. Names
 * lose their prefix. Nothing that could name a file or grow: no document types, no entities of its own.
 * @throws DlmsError `DLMS_MALFORMED`, `DLMS_LIMIT_EXCEEDED`
 */
export function parseXml(source: string): XmlNode {
  const reader = new XmlReader(source)
  const root = reader.element(0)
  reader.end()
  return root
}

class XmlReader {
  readonly #source: string
  #at = 0

  constructor(source: string) {
    this.#source = source
    this.#skip()
  }

  element(depth: number): XmlNode {
    if (depth > MAX_DEPTH) throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'XML nested deeper than allowed')
    const name = this.#match(/<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)/y)
    const attributes: Record<string, string> = {}
    for (;;) {
      const key = this.#find(/\s+([A-Za-z_][\w.:-]*)\s*=\s*/y)
      if (key === undefined) break
      if (key in attributes) this.#fail()
      attributes[key] = unescaped(this.#match(/"([^"<]*)"/y))
    }
    if (this.#find(/\s*(\/>)/y) !== undefined) return node(name, '', attributes)
    this.#match(/\s*(>)/y)
    const text = this.#find(/([^<]+)(?=<\/)/y)
    const children: XmlNode[] = []
    if (text === undefined || text.trim() === '') {
      this.#skip()
      while (!this.#source.startsWith('</', this.#at)) {
        children.push(this.element(depth + 1))
        this.#skip()
      }
    }
    if (this.#match(/<\/(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)\s*>/y) !== name) this.#fail()
    return children.length > 0 ? node(name, children, attributes) : node(name, unescaped(text ?? ''), attributes)
  }

  end(): void {
    this.#skip()
    if (this.#at !== this.#source.length) this.#fail()
  }

  /** Space, comments and a declaration. */
  #skip(): void {
    this.#find(/((?:\s+|<\?xml[^>]*\?>|<!--(?:(?!-->)[\s\S])*-->)*)/y)
  }

  #match(pattern: RegExp): string {
    return this.#find(pattern) ?? this.#fail()
  }

  #find(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#source)
    if (found === null) return undefined
    this.#at = pattern.lastIndex
    return found[1]
  }

  #fail(): never {
    throw new DlmsError('DLMS_MALFORMED', 'no XML that is understood here', { offset: this.#at })
  }
}

function unescaped(text: string): string {
  return text.replace(/&([^;&]*);?/g, (whole, name: string) => {
    const char = whole.endsWith(';') ? entities[name] : undefined
    if (char === undefined) throw new DlmsError('DLMS_MALFORMED', 'an unknown entity in XML')
    return char
  })
}
