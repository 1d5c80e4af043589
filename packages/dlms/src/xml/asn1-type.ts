/**
 * The types of ASN.1 that the PDUs of COSEM are written in, as far as A-XDR and the XML of them need to know.
 * @source IEC 61334-6 (A-XDR); Green Book ed. 9 §9.5
 */
export type Asn1Type =
  | { readonly is: 'null' | 'boolean' | 'octets' | 'text' | 'bits' | 'conformance' }
  /** Fixed length on the wire; `unsigned64` and `integer64` are more than a JavaScript number holds. */
  | { readonly is: 'integer'; readonly octets: 1 | 2 | 4 | 8; readonly signed: boolean }
  /** Octets without a length before them. */
  | { readonly is: 'fixed-octets'; readonly octets: number }
  /** One octet; a value without a name is written as its number. */
  | { readonly is: 'enumerated'; readonly names: Readonly<Record<string, number>> }
  | { readonly is: 'sequence'; readonly fields: readonly Asn1Field[] }
  | { readonly is: 'choice'; readonly alternatives: readonly Asn1Alternative[] }
  /** Each item is an element called `item`; without it the alternatives of the item's choice stand there themselves. */
  | { readonly is: 'sequence-of'; readonly type: Asn1TypeRef; readonly item?: string }

/** A function, where a type is in itself. */
export type Asn1TypeRef = Asn1Type | (() => Asn1Type)

export interface Asn1Field {
  readonly name: string
  readonly type: Asn1TypeRef
  /** OPTIONAL, or DEFAULT TRUE: an octet before it tells whether it is there. */
  readonly usage?: 'optional' | 'default-true'
}

export interface Asn1Alternative {
  readonly name: string
  readonly tag: number
  readonly type: Asn1TypeRef
}

export const resolved = (type: Asn1TypeRef): Asn1Type => (typeof type === 'function' ? type() : type)

export const nullType: Asn1Type = { is: 'null' }
export const boolean: Asn1Type = { is: 'boolean' }
export const octets: Asn1Type = { is: 'octets' }
export const text: Asn1Type = { is: 'text' }
export const bits: Asn1Type = { is: 'bits' }
export const conformance: Asn1Type = { is: 'conformance' }
export const unsigned8: Asn1Type = { is: 'integer', octets: 1, signed: false }
export const unsigned16: Asn1Type = { is: 'integer', octets: 2, signed: false }
export const unsigned32: Asn1Type = { is: 'integer', octets: 4, signed: false }
export const unsigned64: Asn1Type = { is: 'integer', octets: 8, signed: false }
export const integer8: Asn1Type = { is: 'integer', octets: 1, signed: true }
export const integer16: Asn1Type = { is: 'integer', octets: 2, signed: true }
export const integer32: Asn1Type = { is: 'integer', octets: 4, signed: true }
export const integer64: Asn1Type = { is: 'integer', octets: 8, signed: true }
export const fixedOctets = (count: number): Asn1Type => ({ is: 'fixed-octets', octets: count })
export const enumerated = (names: Readonly<Record<string, number>>): Asn1Type => ({ is: 'enumerated', names })
export const sequenceOf = (type: Asn1TypeRef, item?: string): Asn1Type =>
  item === undefined ? { is: 'sequence-of', type } : { is: 'sequence-of', type, item }

/** Fields by name; `name?` is OPTIONAL, `name=true` is DEFAULT TRUE. */
export function sequence(fields: Readonly<Record<string, Asn1TypeRef>>): Asn1Type {
  return {
    is: 'sequence',
    fields: Object.entries(fields).map(([key, type]) => {
      if (key.endsWith('?')) return { name: key.slice(0, -1), type, usage: 'optional' }
      if (key.endsWith('=true')) return { name: key.slice(0, -5), type, usage: 'default-true' }
      return { name: key, type }
    }),
  }
}

export function choice(alternatives: Readonly<Record<string, readonly [tag: number, type: Asn1TypeRef]>>): Asn1Type {
  return {
    is: 'choice',
    alternatives: Object.entries(alternatives).map(([name, [tag, type]]) => ({ name, tag, type })),
  }
}
