import { type AnyMessage, emitRequest, Message } from '../src/pcsc/message.ts'
import { type FieldOf, type MessageName, messages } from '../src/pcsc/message-table.ts'
import type { PcscConnection } from '../src/pcsc/pcsc-connection.ts'
import type { PcscEndpoint } from '../src/pcsc/pcsc-endpoint.ts'
import { returnCodes } from '../src/pcsc/return-codes.ts'

const names = new Map(Object.entries(returnCodes).map(([name, code]) => [code as number, name.replace('SCARD_', '')]))

/** The return code at the end of a reply, by its name. */
export function outcomeOf(reply: AnyMessage | Uint8Array): string {
  const body = reply instanceof Uint8Array ? reply : reply.body
  const rv = new DataView(body.buffer, body.byteOffset).getUint32(body.length - 4, true)
  return names.get(rv) ?? rv.toString(16)
}

/** A PC/SC client without library and socket: what it sends goes straight to the endpoint. */
export class TestClient {
  readonly connection: PcscConnection
  context = 0
  isClosed = false
  isPaused = false
  /** What `send` of its port answers. */
  takesMore = true
  readonly #wakes: (() => void)[] = []
  #received = new Uint8Array(0)

  constructor(endpoint: PcscEndpoint) {
    this.connection = endpoint.connect({
      send: (bytes) => {
        const received = new Uint8Array(this.#received.length + bytes.length)
        received.set(this.#received)
        received.set(bytes, this.#received.length)
        this.#received = received
        for (const wake of this.#wakes.splice(0)) wake()
        return this.takesMore
      },
      close: () => {
        this.isClosed = true
        this.connection.closed()
      },
      pause: () => {
        this.isPaused = true
      },
      resume: () => {
        this.isPaused = false
      },
    })
  }

  /** With version and context, as every client begins. */
  static async open(endpoint: PcscEndpoint, minor = 4): Promise<TestClient> {
    const client = new TestClient(endpoint)
    await client.request('version', { major: 4, minor })
    client.context = (await client.request('establishContext', { scope: 2 })).get('context')
    return client
  }

  get receivedBytes(): number {
    return this.#received.length
  }

  send(bytes: Uint8Array): void {
    this.connection.receive(bytes)
  }

  /** The next bytes, whenever they come. */
  async take(count: number): Promise<Uint8Array> {
    while (this.#received.length < count) await new Promise<void>((resolve) => this.#wakes.push(resolve))
    const taken = this.#received.slice(0, count)
    this.#received = this.#received.slice(count)
    return taken
  }

  async request<Name extends MessageName>(
    name: Name,
    fields: Partial<Record<FieldOf<Name>, number>> = {},
    raw?: Uint8Array,
  ): Promise<Message<Name>> {
    this.send(emitRequest(name, fields, raw))
    return new Message(name, await this.take(messages[name].bodyBytes))
  }

  /** The request of SCardConnect, not awaited. */
  askToConnect(reader: string, shareMode = 2, preferredProtocols = 3): void {
    const bytes = emitRequest('connect', { context: this.context, shareMode, preferredProtocols })
    bytes.set(new TextEncoder().encode(reader), 8 + messages.connect.fields.reader)
    this.send(bytes)
  }

  async connect(reader: string, shareMode?: number, preferredProtocols?: number): Promise<Message<'connect'>> {
    this.askToConnect(reader, shareMode, preferredProtocols)
    return new Message('connect', await this.take(messages.connect.bodyBytes))
  }

  async transmit(
    card: number,
    command: Uint8Array,
    { protocol = 2, roomBytes = 65546 } = {},
  ): Promise<Uint8Array | string> {
    const fields = { card, sendProtocol: protocol, sendLength: command.length, receiveLength: roomBytes }
    const reply = await this.request('transmit', fields, command)
    const outcome = outcomeOf(reply)
    return outcome === 'S_SUCCESS' ? this.take(reply.get('receiveLength')) : outcome
  }

  async outcome<Name extends MessageName>(name: Name, fields: Partial<Record<FieldOf<Name>, number>>): Promise<string> {
    return outcomeOf((await this.request(name, fields)) as AnyMessage)
  }
}
