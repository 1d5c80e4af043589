import type { Readable, Writable } from 'node:stream'
import type { DebugProtocol } from '@vscode/debugprotocol'
import { MessageStream } from '../src/debug/dap/message-stream.ts'

type Body = Record<string, unknown>

/** An editor, as far as a debug adapter can see. */
export class DapClient {
  readonly events: DebugProtocol.Event[] = []
  readonly #stream: MessageStream
  readonly #waiting = new Map<number, (response: DebugProtocol.Response) => void>()
  readonly #listeners = new Set<() => void>()
  #seq = 1

  constructor(o: { input: Readable; output: Writable }) {
    this.#stream = new MessageStream({ ...o, onMessage: (message) => this.#take(message), onEnd: () => {} })
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
      this.#stream.send({ seq, type: 'request', command, arguments: args } as DebugProtocol.Request)
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
