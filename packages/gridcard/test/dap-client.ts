import type { Readable, Writable } from 'node:stream'
import type { DebugProtocol } from '@vscode/debugprotocol'

type Body = Record<string, unknown>

/** An editor, as far as a debug adapter can see. */
export class DapClient {
  readonly events: DebugProtocol.Event[] = []
  readonly #output: Writable
  #received = Buffer.alloc(0)
  readonly #waiting = new Map<number, (response: DebugProtocol.Response) => void>()
  readonly #listeners = new Set<() => void>()
  #seq = 1

  constructor({ input, output }: { input: Readable; output: Writable }) {
    this.#output = output
    input.on('data', (part: Buffer) => {
      this.#received = Buffer.concat([this.#received, part])
      this.#takeAll()
    })
  }

  /** @throws Error with the adapter's message */
  async request<T = Body>(command: string, args: unknown = {}): Promise<T> {
    const response = await this.respond(command, args)
    if (!response.success) throw new Error(response.message)
    return response.body as T
  }

  respond(command: string, args: unknown = {}): Promise<DebugProtocol.Response> {
    const seq = this.#seq++
    return new Promise((resolve) => {
      this.#waiting.set(seq, resolve)
      const json = JSON.stringify({ seq, type: 'request', command, arguments: args })
      this.#output.write(`Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`)
    })
  }

  /** The next event of a kind that nobody has waited for, in the past or to come. */
  async event<T = Body>(name: string): Promise<T> {
    for (;;) {
      const at = this.events.findIndex(({ event }) => event === name)
      if (at >= 0) return this.events.splice(at, 1)[0]!.body as T
      await new Promise<void>((resolve) => {
        this.#listeners.add(resolve)
      })
    }
  }

  /** Up to `configurationDone`. */
  async begin(launch: unknown, configure: () => Promise<unknown> = async () => {}, request = 'launch'): Promise<void> {
    await this.request('initialize', { adapterID: 'gridcard', linesStartAt1: true })
    const launched = this.request(request, launch)
    await Promise.race([this.event('initialized'), launched.then(() => this.event('initialized'))])
    await configure()
    await this.request('configurationDone')
    await launched
  }

  async frames(): Promise<DebugProtocol.StackFrame[]> {
    return (await this.request<DebugProtocol.StackTraceResponse['body']>('stackTrace', { threadId: 1 })).stackFrames
  }

  async scope(name: string, frameId = 1): Promise<Map<string, DebugProtocol.Variable>> {
    const { scopes } = await this.request<DebugProtocol.ScopesResponse['body']>('scopes', { frameId })
    const found = scopes.find((one) => one.name === name)
    if (found === undefined) throw new Error(`no scope ${name}, there is ${scopes.map((one) => one.name)}`)
    return this.variables(found.variablesReference)
  }

  async variables(variablesReference: number): Promise<Map<string, DebugProtocol.Variable>> {
    const { variables } = await this.request<DebugProtocol.VariablesResponse['body']>('variables', {
      variablesReference,
    })
    return new Map(variables.map((one) => [one.name, one]))
  }

  async value(expression: string): Promise<string> {
    return (await this.request<DebugProtocol.EvaluateResponse['body']>('evaluate', { expression, frameId: 1 })).result
  }

  /** Written without the adapter's own code: both sides of a mistake would agree. */
  #takeAll(): void {
    for (;;) {
      const [header, digits] = /^Content-Length: (\d+)\r\n\r\n/.exec(this.#received.toString('latin1')) ?? []
      if (header === undefined) return
      const end = header.length + Number(digits)
      if (this.#received.length < end) return
      const message = JSON.parse(this.#received.toString('utf8', header.length, end))
      this.#received = this.#received.subarray(end)
      this.#take(message)
    }
  }

  #take(message: DebugProtocol.ProtocolMessage): void {
    if (message.type === 'response') {
      const response = message as DebugProtocol.Response
      this.#waiting.get(response.request_seq)?.(response)
      return
    }
    this.events.push(message as DebugProtocol.Event)
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener()
  }
}
