import { type CosemData, type CosemType, cosem } from '../../cosem/cosem-data.ts'
import { DlmsError } from '../../errors.ts'

/**
 * The type of an attribute or parameter, as the class definitions write it:
 *
 *     unsigned                         one simple type
 *     any                              an instance-specific CHOICE
 *     array(TYPE)                      any number of elements of one type; a compact array will do
 *     structure(name TYPE, name TYPE)  named elements, in order
 *     octet-string(12)                 of that many octets, or of none
 *     a|b                              one of them
 *
 * `logical-name` is an octet-string of 6, `date-time` of 12 (or the type of its own), `time` of 4, `date` of 5.
 */
export type AttributeType =
  | { readonly kind: 'any' }
  | { readonly kind: 'simple'; readonly type: CosemType; readonly lengthBytes?: number; readonly ownType?: CosemType }
  | { readonly kind: 'array'; readonly element: AttributeType }
  | {
      readonly kind: 'structure'
      readonly elements: readonly { readonly name: string; readonly type: AttributeType }[]
    }
  | { readonly kind: 'choice'; readonly of: readonly AttributeType[] }

const octets = (lengthBytes: number, ownType?: CosemType): AttributeType => ({
  kind: 'simple',
  type: 'octet-string',
  lengthBytes,
  ...(ownType && { ownType }),
})

/** Words of the definitions that are more than a simple type. @source Blue Book ed. 14 §4.1.6 */
const wordTypes: Readonly<Record<string, string | AttributeType>> = {
  any: { kind: 'any' },
  'logical-name': octets(6),
  'date-time': octets(12, 'date-time'),
  date: octets(5, 'date'),
  time: octets(4, 'time'),
  'scaler-unit': 'structure(scaler integer, unit enum)',
  'value-definition': 'structure(class_id long-unsigned, logical_name logical-name, attribute_index integer)',
  'object-definition':
    'structure(class_id long-unsigned, logical_name logical-name, attribute_index integer, data_index long-unsigned)',
  'script-reference': 'structure(script_logical_name logical-name, script_selector long-unsigned)',
}

const simpleTypes: ReadonlySet<string> = new Set<CosemType>([
  'null-data',
  'boolean',
  'bit-string',
  'double-long',
  'double-long-unsigned',
  'octet-string',
  'visible-string',
  'utf8-string',
  'bcd',
  'integer',
  'long',
  'unsigned',
  'long-unsigned',
  'long64',
  'long64-unsigned',
  'enum',
  'float32',
  'float64',
])

const parsed = new Map<string, AttributeType>()

/** @throws DlmsError `DLMS_CONFIGURATION` for what is no type */
export function attributeType(text: string): AttributeType {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const reader = new TypeReader(text)
  const type = reader.choice()
  reader.end()
  parsed.set(text, type)
  return type
}

class TypeReader {
  readonly #words: readonly string[]
  #at = 0

  constructor(text: string) {
    this.#words = text.match(/[A-Za-z0-9_-]+|[(),|]/g) ?? []
  }

  #take(): string | undefined {
    return this.#words[this.#at++]
  }

  #has(word: string): boolean {
    if (this.#words[this.#at] !== word) return false
    this.#at++
    return true
  }

  #fail(): never {
    throw new DlmsError('DLMS_CONFIGURATION', `no type: ${this.#words.join(' ')} at word ${this.#at}`)
  }

  end(): void {
    if (this.#at !== this.#words.length) this.#fail()
  }

  choice(): AttributeType {
    const of = [this.one()]
    while (this.#has('|')) of.push(this.one())
    return of.length === 1 ? of[0]! : { kind: 'choice', of }
  }

  one(): AttributeType {
    const word = this.#take() ?? this.#fail()
    if (word === 'array') return { kind: 'array', element: this.#inBrackets(() => this.choice()) }
    if (word === 'structure') return { kind: 'structure', elements: this.#inBrackets(() => this.elements()) }
    const named = wordTypes[word]
    if (named !== undefined) return typeof named === 'string' ? attributeType(named) : named
    if (!simpleTypes.has(word)) return this.#fail()
    const type = word as CosemType
    if (this.#words[this.#at] !== '(') return { kind: 'simple', type }
    return { kind: 'simple', type, lengthBytes: this.#inBrackets(() => Number(this.#take())) }
  }

  elements(): { name: string; type: AttributeType }[] {
    const elements: { name: string; type: AttributeType }[] = []
    do elements.push({ name: this.#take() ?? this.#fail(), type: this.choice() })
    while (this.#has(','))
    return elements
  }

  #inBrackets<T>(read: () => T): T {
    if (!this.#has('(')) this.#fail()
    const result = read()
    return this.#has(')') ? result : this.#fail()
  }
}

/** Where a value is not of a type: a path such as `[2].threshold`, `` for the value itself; undefined if it is. */
export function mismatchOf(type: AttributeType, data: CosemData, path = ''): string | undefined {
  switch (type.kind) {
    case 'any':
      return undefined
    case 'simple': {
      if (data.type === type.ownType) return undefined
      if (data.type !== type.type) return path
      const isLong = type.lengthBytes !== undefined && data.type === 'octet-string'
      return isLong && data.value.length !== type.lengthBytes && data.value.length !== 0 ? path : undefined
    }
    case 'choice':
      return type.of.some((one) => mismatchOf(one, data, path) === undefined) ? undefined : path
    case 'array':
      if (data.type !== 'array' && data.type !== 'compact-array') return path
      return first(data.value, (element, i) => mismatchOf(type.element, element, `${path}[${i}]`))
    case 'structure':
      if (data.type !== 'structure' || data.value.length !== type.elements.length) return path
      return first(type.elements, (element, i) => mismatchOf(element.type, data.value[i]!, `${path}.${element.name}`))
  }
}

function first<T>(list: readonly T[], find: (one: T, index: number) => string | undefined): string | undefined {
  for (const [i, one] of list.entries()) {
    const found = find(one, i)
    if (found !== undefined) return found
  }
  return undefined
}

/** The least value of a type: zeros, empty strings and arrays, null where anything goes. */
export function leastValueOf(type: AttributeType): CosemData {
  switch (type.kind) {
    case 'any':
      return cosem.nullData
    case 'choice':
      return leastValueOf(type.of[0]!)
    case 'array':
      return cosem.array([])
    case 'structure':
      return cosem.structure(...type.elements.map((element) => leastValueOf(element.type)))
    case 'simple':
      return leastSimple(type.type, type.lengthBytes ?? 0)
  }
}

function leastSimple(type: CosemType, lengthBytes: number): CosemData {
  switch (type) {
    case 'boolean':
      return cosem.boolean(false)
    case 'bit-string':
      return cosem.bitString(new Uint8Array(0), 0)
    case 'octet-string':
      return cosem.octetString(new Uint8Array(lengthBytes))
    case 'visible-string':
    case 'utf8-string':
      return { type, value: '' }
    case 'long64':
    case 'long64-unsigned':
      return { type, value: 0n }
    case 'null-data':
    case 'array':
    case 'structure':
    case 'compact-array':
    case 'dont-care':
    case 'date-time':
    case 'date':
    case 'time':
      return cosem.nullData
    default:
      return { type, value: 0 }
  }
}
