import { type FieldOf, HEADER_BYTES, type MessageName, messages } from './message-table.ts'

const NOTHING = new Uint8Array(0)

/** One request, its struct writable so that it can become the reply. */
export class Message<Name extends MessageName = MessageName> {
  readonly name: Name
  readonly body: Uint8Array
  /** The APDU of TRANSMIT, the input of CONTROL. */
  readonly raw: Uint8Array
  readonly #view: DataView

  constructor(name: Name, body: Uint8Array, raw: Uint8Array = NOTHING) {
    this.name = name
    this.body = body
    this.raw = raw
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  }

  get(field: FieldOf<Name>): number {
    return this.#view.getUint32(this.#offsetOf(field), true)
  }

  set(field: FieldOf<Name>, value: number): this {
    this.#view.setUint32(this.#offsetOf(field), value, true)
    return this
  }

  #offsetOf(field: FieldOf<Name>): number {
    return (messages[this.name].fields as Readonly<Record<string, number>>)[field]!
  }

  /** One line for a trace: fields by name, of raw bytes and byte arrays only the length. */
  toString(): string {
    const fields = Object.keys(messages[this.name].fields)
      .filter((field) => field !== 'reader' && field !== 'value')
      .map((field) => ` ${field}=${this.get(field as FieldOf<Name>).toString(16)}`)
    return `${this.name}${fields.join('')}${this.raw.length === 0 ? '' : ` +${this.raw.length} bytes`}`
  }
}

/** A message of any name, told apart by it. */
export type AnyMessage = { [Name in MessageName]: Message<Name> }[MessageName]

/** A request as a client sends it: header, struct, raw bytes. */
export function emitRequest<Name extends MessageName>(
  name: Name,
  fields: Partial<Record<FieldOf<Name>, number>> = {},
  raw: Uint8Array = NOTHING,
): Uint8Array {
  const { number, bodyBytes } = messages[name]
  const bytes = new Uint8Array(HEADER_BYTES + bodyBytes + raw.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bodyBytes, true)
  view.setUint32(4, number, true)
  const body = new Message(name, bytes.subarray(HEADER_BYTES, HEADER_BYTES + bodyBytes))
  for (const [field, value] of Object.entries(fields)) body.set(field as FieldOf<Name>, value as number)
  bytes.set(raw, HEADER_BYTES + bodyBytes)
  return bytes
}
