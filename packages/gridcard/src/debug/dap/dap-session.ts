import { basename } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { GridcardError } from '@gridcard/bytes'
import type { DebugProtocol } from '@vscode/debugprotocol'
import type { CodePlace } from '../code-map.ts'
import { DebugHost, type HostEvent } from '../debug-host.ts'
import { DebugError } from '../errors.ts'
import { parseLaunchOptions } from '../launch-options.ts'
import type { Stop } from '../target/debug-monitor.ts'
import type { BreakpointSpec, DataBreakpointSpec, HitRule, TargetFrame, TargetVariable } from '../target/target-api.ts'
import { EXCEPTION_FILTERS, exceptionFilters } from './exception-filters.ts'
import { MessageStream } from './message-stream.ts'

/** Key of the breakpoints that are set by address. */
const INSTRUCTIONS = 'instructions'
/** Those that are set by the name of a method. */
const FUNCTIONS = 'functions'
/** The card is one thread. */
const THREAD_ID = 1

const CAPABILITIES: DebugProtocol.Capabilities = {
  supportsConfigurationDoneRequest: true,
  supportsConditionalBreakpoints: true,
  supportsHitConditionalBreakpoints: true,
  supportsLogPoints: true,
  supportsEvaluateForHovers: true,
  supportsSetVariable: true,
  supportsExceptionInfoRequest: true,
  supportsExceptionFilterOptions: true,
  exceptionBreakpointFilters: [...EXCEPTION_FILTERS],
  supportsDataBreakpoints: true,
  supportsReadMemoryRequest: true,
  supportsWriteMemoryRequest: true,
  supportsSetExpression: true,
  supportsFunctionBreakpoints: true,
  supportsDisassembleRequest: true,
  supportsInstructionBreakpoints: true,
  supportsSteppingGranularity: true,
  supportsBreakpointLocationsRequest: true,
  supportsLoadedSourcesRequest: true,
  supportsTerminateRequest: true,
  supportTerminateDebuggee: true,
}

type Handler = (args: never) => unknown

/** One editor that speaks the Debug Adapter Protocol. Positions count from 1 unless it says otherwise. */
export class DapSession {
  readonly #stream: MessageStream
  /** A card that was there before the editor; it stays when the editor goes. */
  readonly #given: DebugHost | undefined
  readonly ended: Promise<void>
  #host: DebugHost | undefined
  #seq = 1
  #nextBreakpoint = 1
  #linesFrom = 1
  #columnsFrom = 1
  #hasEnded = false
  #isConfigured = false
  /** What to do when the answer has been sent. */
  #after: (() => void) | undefined
  /** By source, and one list for addresses. */
  readonly #breakpoints = new Map<string, readonly BreakpointSpec[]>()
  #resolveEnded: () => void = () => {}

  constructor(o: { input: Readable; output: Writable; host?: DebugHost }) {
    this.#given = o.host
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    this.#stream = new MessageStream({
      input: o.input,
      output: o.output,
      onMessage: (message) => {
        if (message.type === 'request') void this.#serve(message as DebugProtocol.Request)
      },
      onEnd: () => void this.#end(false),
    })
  }

  /** The editor has said good-bye, or is gone; `ended` when everything is put back. */
  get isEnding(): boolean {
    return this.#hasEnded
  }

  async #serve(request: DebugProtocol.Request): Promise<void> {
    const { command } = request
    const handler = Object.hasOwn(this.#handlers, command) ? this.#handlers[command] : undefined
    const answer = { seq: 0, type: 'response', request_seq: request.seq, command } as const
    try {
      if (handler === undefined) throw new DebugError('GRIDCARD_DEBUG_REFUSED', `there is no request "${command}" here`)
      const body = await handler((request.arguments ?? {}) as never) // handlers look at what they use
      this.#send({ ...answer, success: true, body })
    } catch (error) {
      const isOurs = error instanceof GridcardError
      const text = isOurs ? error.message : `a fault of the debugger: ${(error as Error).stack}`
      const body = { error: { id: 1, format: '{text}', variables: { text }, showUser: command !== 'evaluate' } }
      this.#send({ ...answer, success: false, message: text, body })
    }
    const after = this.#after
    this.#after = undefined
    after?.()
  }

  #send(message: Omit<DebugProtocol.ProtocolMessage, 'seq'> & Record<string, unknown>): void {
    this.#stream.send({ ...message, seq: this.#seq++ } as DebugProtocol.ProtocolMessage)
  }

  #event(event: string, body?: unknown): void {
    this.#send({ type: 'event', event, ...(body !== undefined && { body }) })
  }

  // ---- requests

  readonly #handlers: Readonly<Record<string, Handler>> = {
    initialize: (args: DebugProtocol.InitializeRequestArguments) => {
      this.#linesFrom = args.linesStartAt1 === false ? 0 : 1
      this.#columnsFrom = args.columnsStartAt1 === false ? 0 : 1
      return CAPABILITIES
    },
    launch: async (args: DebugProtocol.LaunchRequestArguments) => {
      if (this.#given !== undefined)
        throw new DebugError('GRIDCARD_DEBUG_REFUSED', 'there is a card already: use "attach"')
      await this.#take(await DebugHost.prepare(parseLaunchOptions(args)))
    },
    attach: async () => {
      if (this.#given === undefined) {
        throw new DebugError(
          'GRIDCARD_DEBUG_REFUSED',
          'nothing to attach to: use "launch", or give gridcard debug an applet',
        )
      }
      await this.#take(this.#given)
    },
    configurationDone: () => {
      this.#isConfigured = true
      this.#after = () => this.#start()
    },
    disconnect: async ({ terminateDebuggee }: DebugProtocol.DisconnectArguments) => {
      this.#after = () => void this.#end(terminateDebuggee === true)
    },
    terminate: () => {
      this.#after = () => this.#event('terminated')
    },
    threads: () => ({ threads: [{ id: THREAD_ID, name: 'card' }] }),

    setBreakpoints: (args: DebugProtocol.SetBreakpointsArguments) => this.#setBreakpoints(args),
    setInstructionBreakpoints: ({ breakpoints }: DebugProtocol.SetInstructionBreakpointsArguments) => {
      const found = breakpoints.map((wanted) => {
        const place = this.#required.code.placeAt(addressIn(wanted.instructionReference) + (wanted.offset ?? 0))
        return place === undefined ? [] : [{ id: this.#nextBreakpoint++, ...place, ...conditionsOf(wanted) }]
      })
      return this.#store(INSTRUCTIONS, found)
    },
    setFunctionBreakpoints: ({ breakpoints }: DebugProtocol.SetFunctionBreakpointsArguments) => {
      const found = breakpoints.map((wanted) => {
        const id = this.#nextBreakpoint++
        return this.#required.code
          .placesOfMethod(wanted.name)
          .map((place) => ({ id, ...place, ...conditionsOf(wanted) }))
      })
      return this.#store(FUNCTIONS, found)
    },
    setExceptionBreakpoints: async (args: DebugProtocol.SetExceptionBreakpointsArguments) => {
      await this.#required.target.interrupt('exceptions', exceptionFilters(args))
      return {}
    },
    dataBreakpointInfo: async ({ variablesReference, name, frameId }: DebugProtocol.DataBreakpointInfoArguments) => {
      const info = await this.#required.target.request('dataBreakpointInfo', {
        name,
        ...(variablesReference && { reference: variablesReference }),
        ...(frameId !== undefined && { frameId }),
      })
      return { dataId: null, accessTypes: ['write'], canPersist: false, ...info }
    },
    setDataBreakpoints: async ({ breakpoints }: DebugProtocol.SetDataBreakpointsArguments) => {
      const specs: DataBreakpointSpec[] = breakpoints.map(({ dataId, ...when }) => {
        return { id: this.#nextBreakpoint++, dataId, ...conditionsOf(when) }
      })
      await this.#required.target.interrupt('dataBreakpoints', specs)
      return { breakpoints: specs.map(({ id }) => ({ id, verified: true })) }
    },
    breakpointLocations: ({ source, line, endLine }: DebugProtocol.BreakpointLocationsArguments) => {
      const from = this.#inward(line)
      const lines = this.#required.code.linesWithCode(
        source.path ?? '',
        from,
        endLine === undefined ? from : this.#inward(endLine),
      )
      return { breakpoints: lines.map((one) => ({ line: this.#outward(one) })) }
    },
    loadedSources: () => ({ sources: this.#required.code.sources() }),
    source: ({ source, sourceReference }: DebugProtocol.SourceArguments) => {
      const listing = this.#required.code.listing(source?.sourceReference ?? sourceReference)
      if (listing === undefined) throw new DebugError('GRIDCARD_DEBUG_REFUSED', 'no such source')
      return { content: listing.text }
    },

    continue: async () => {
      await this.#required.target.request('resume', undefined)
      return { allThreadsContinued: true }
    },
    next: (args: DebugProtocol.NextArguments) => this.#step('over', args),
    stepIn: (args: DebugProtocol.StepInArguments) => this.#step('in', args),
    stepOut: (args: DebugProtocol.StepOutArguments) => this.#step('out', args),
    pause: () => {
      // A card that waits for a command stops in the next one: the answer does not wait for that.
      void this.#required.target.interrupt('pause', { reason: 'pause' }).catch(() => {})
    },

    stackTrace: async ({ startFrame = 0, levels }: DebugProtocol.StackTraceArguments) => {
      const frames = await this.#required.target.request('frames', undefined)
      const shown = frames.slice(startFrame, levels ? startFrame + levels : undefined)
      return { stackFrames: shown.map((one) => this.#stackFrame(one)), totalFrames: frames.length }
    },
    scopes: async ({ frameId }: DebugProtocol.ScopesArguments) => {
      const scopes = await this.#required.target.request('scopes', { frameId })
      return {
        scopes: scopes.map(({ name, reference, hint }) => ({
          name,
          variablesReference: reference,
          expensive: false,
          ...(hint && { presentationHint: hint }),
        })),
      }
    },
    variables: async ({ variablesReference, start, count, filter }: DebugProtocol.VariablesArguments) => {
      const variables = await this.#required.target.request('variables', {
        reference: variablesReference,
        ...(start && { start }),
        ...(count && { count }),
      })
      return { variables: filter === 'named' && variables.every(isElement) ? [] : variables.map(dapVariable) }
    },
    setExpression: ({ expression, value, frameId }: DebugProtocol.SetExpressionArguments) =>
      this.#required.target.request('setExpression', {
        expression,
        value,
        ...(frameId !== undefined && { frameId }),
      }),
    writeMemory: async ({ memoryReference, offset = 0, data, allowPartial }: DebugProtocol.WriteMemoryArguments) => {
      const bytes = new Uint8Array(Buffer.from(data, 'base64'))
      const { bytesWritten } = await this.#required.target.request('writeMemory', {
        isWhole: allowPartial !== true,
        address: addressIn(memoryReference) + offset,
        bytes,
      })
      return { bytesWritten }
    },
    setVariable: ({ variablesReference, name, value }: DebugProtocol.SetVariableArguments) =>
      this.#required.target.request('setVariable', { reference: variablesReference, name, value }),
    evaluate: async ({ expression, frameId, context }: DebugProtocol.EvaluateArguments) => {
      if (context === 'repl' && this.#isCommand(expression)) {
        const { text } = await this.#required.target.request('command', { line: expression })
        return { result: text.trimEnd(), variablesReference: 0 }
      }
      const [, target, assigned] = (context === 'repl' && /^([^=!<>]+)=([^=].*)$/s.exec(expression)) || []
      if (target !== undefined && assigned !== undefined) {
        const where = frameId === undefined ? {} : { frameId }
        const set = { expression: target, value: assigned, ...where }
        const { value } = await this.#required.target.request('setExpression', set)
        return { result: value, variablesReference: 0 }
      }
      const found = await this.#required.target.request('evaluate', {
        expression,
        ...(frameId !== undefined && { frameId }),
      })
      const { value, ...rest } = dapVariable(found)
      return { ...rest, result: value }
    },
    exceptionInfo: async () => {
      const raised = await this.#required.target.request('exception', undefined)
      if (raised === undefined) throw new DebugError('GRIDCARD_DEBUG_REFUSED', 'no exception is on its way')
      const digits =
        raised.reason === undefined ? '' : `reason 0x${(raised.reason & 0xffff).toString(16).padStart(4, '0')}`
      return {
        exceptionId: raised.name,
        description: digits,
        breakMode: raised.isCaught ? 'always' : 'unhandled',
        details: { typeName: raised.name, fullTypeName: raised.fullName.replaceAll('/', '.'), message: digits },
      }
    },
    readMemory: async ({ memoryReference, offset = 0, count }: DebugProtocol.ReadMemoryArguments) => {
      const address = addressIn(memoryReference) + offset
      const { bytes, unreadable } = await this.#required.target.request('readMemory', { address, count })
      return {
        address: hexAddress(address),
        data: Buffer.from(bytes).toString('base64'),
        ...(unreadable > 0 && { unreadableBytes: unreadable }),
      }
    },
    disassemble: (args: DebugProtocol.DisassembleArguments) => this.#disassemble(args),
  }

  get #required(): DebugHost {
    if (this.#host === undefined)
      throw new DebugError('GRIDCARD_DEBUG_REFUSED', 'there is no card yet: "launch" or "attach" first')
    return this.#host
  }

  // ---- beginning and end

  async #take(host: DebugHost): Promise<void> {
    if (this.#host !== undefined) throw new DebugError('GRIDCARD_DEBUG_REFUSED', 'this session has a card')
    this.#host = host
    host.listen((event) => this.#tell(event))
    this.#after = () => this.#event('initialized')
  }

  #start(): void {
    const host = this.#host
    if (host === undefined || !this.#isConfigured) return
    host.start().catch((error: Error) => {
      if (this.#hasEnded) return
      this.#event('output', {
        category: 'stderr',
        output: `${error instanceof GridcardError ? error.message : error.stack}\n`,
      })
      this.#event('terminated')
    })
  }

  async #end(isTerminating: boolean): Promise<void> {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const host = this.#host
    if (host !== undefined && (host !== this.#given || isTerminating)) await host.end()
    else if (host !== undefined) await this.#leave(host).catch(() => {}) // the card may have ended before
    this.#resolveEnded()
  }

  /** The card goes on without us. */
  async #leave({ target }: DebugHost): Promise<void> {
    this.#given?.listen(() => {})
    const none = { caught: undefined, uncaught: undefined, status: undefined }
    await target.interrupt('breakpoints', [])
    await target.interrupt('dataBreakpoints', [])
    await target.interrupt('exceptions', none)
    await target.request('resume', undefined)
  }

  #tell(event: HostEvent): void {
    if (this.#hasEnded) return
    if (event.event === 'stopped') this.#event('stopped', this.#stoppedBody(event.stop))
    else if (event.event === 'output') this.#event('output', { category: event.category, output: event.text })
    else if (event.event === 'exited') {
      this.#event('exited', { exitCode: event.exitCode })
      this.#event('terminated')
    }
  }

  #stoppedBody({ reason, text, breakpointIds = [] }: Stop) {
    const instructions = this.#breakpoints.get(INSTRUCTIONS)?.map(({ id }) => id) ?? []
    const functions = this.#breakpoints.get(FUNCTIONS)?.map(({ id }) => id) ?? []
    const isAll = (ids: readonly number[]) => reason === 'breakpoint' && breakpointIds.every((id) => ids.includes(id))
    return {
      reason: isAll(instructions) ? 'instruction breakpoint' : isAll(functions) ? 'function breakpoint' : reason,
      threadId: THREAD_ID,
      allThreadsStopped: true,
      ...(text !== undefined && { description: text, text }),
      ...(breakpointIds.length > 0 && { hitBreakpointIds: breakpointIds }),
    }
  }

  // ---- breakpoints

  async #setBreakpoints({ source, breakpoints = [] }: DebugProtocol.SetBreakpointsArguments) {
    const { code } = this.#required
    const reference = source.sourceReference ?? 0
    const listing = reference > 0 ? code.listing(reference) : undefined
    const aid = code.packages[reference - 1]?.aid
    const specs = breakpoints.map((wanted) => {
      const id = this.#nextBreakpoint++
      const line = this.#inward(wanted.line)
      const rest = { id, ...conditionsOf(wanted) }
      if (listing !== undefined) {
        const found = listing.offsetOf(line)
        return found === undefined ? [] : [{ ...rest, aid: aid!, offset: found.offset, line: found.line }]
      }
      return code.placesOfLine(source.path ?? '', line).map((place) => ({ ...rest, ...place }))
    })
    const key = listing === undefined ? `path ${source.path}` : `listing ${reference}`
    this.#breakpoints.set(
      key,
      specs.flat().map(({ line: _, ...spec }) => spec),
    )
    await this.#sendBreakpoints()
    return {
      breakpoints: specs.map((places, i): DebugProtocol.Breakpoint => {
        const [first] = places
        if (first !== undefined) return { id: first.id, verified: true, line: this.#outward(first.line), source }
        const message = 'no code there; was the applet built with a debug map, from this file?'
        return { verified: false, line: breakpoints[i]!.line, message }
      }),
    }
  }

  /** @param found the places of each breakpoint; none: it is nowhere */
  async #store(key: string, found: readonly (readonly BreakpointSpec[])[]) {
    this.#breakpoints.set(key, found.flat())
    await this.#sendBreakpoints()
    return {
      breakpoints: found.map(([first]) =>
        first === undefined ? { verified: false } : { id: first.id, verified: true },
      ),
    }
  }

  async #sendBreakpoints(): Promise<void> {
    await this.#required.target.interrupt('breakpoints', [...this.#breakpoints.values()].flat())
  }

  // ---- running

  async #step(kind: 'in' | 'over' | 'out', { granularity }: { readonly granularity?: string }): Promise<void> {
    await this.#required.target.request('step', { kind, byInstruction: granularity === 'instruction' })
  }

  /** In the debug console `80 10 00 00` and `select wallet` are commands; all else is an expression. */
  #isCommand(text: string): boolean {
    const isHex = /^(?:[0-9a-fA-F]{2}\s*){4,}$/.test(text.trim())
    return isHex || /^(?:select|reset|memory|apdus|save|back|power-cut-after|history|help)\b/.test(text.trim())
  }

  // ---- looking

  #stackFrame({ id, kind, name, aid, offset, path, line }: TargetFrame): DebugProtocol.StackFrame {
    if (kind !== 'code' || aid === undefined || offset === undefined) {
      return { id, name, line: 0, column: 0, presentationHint: kind === 'context' ? 'label' : 'subtle' }
    }
    const { code } = this.#required
    const instructionPointerReference = hexAddress(code.addressOf({ aid, offset }))
    const common = { id, name, column: this.#columnsFrom, instructionPointerReference }
    if (path !== undefined && line !== undefined) {
      return { ...common, line: this.#outward(line), source: { name: basename(path), path } }
    }
    const reference = code.referenceOf(aid)
    const listing = code.listing(reference)
    if (listing === undefined) return { ...common, line: 0 }
    return {
      ...common,
      line: this.#outward(listing.lineOf(offset)),
      source: { name: listing.name, sourceReference: reference, origin: 'byte code' },
    }
  }

  #disassemble(args: DebugProtocol.DisassembleArguments) {
    const { code } = this.#required
    const { memoryReference, offset = 0, instructionOffset = 0, instructionCount } = args
    const address = addressIn(memoryReference) + offset
    const place: CodePlace = code.placeAt(address) ?? { aid: '', offset: 0 }
    const list = code.instructionsFrom(place, instructionOffset, Math.min(instructionCount, 10_000))
    return {
      instructions: list.map((one, i): DebugProtocol.DisassembledInstruction => {
        if (one === undefined) {
          return {
            address: hexAddress(Math.max(0, address + instructionOffset + i)),
            instruction: '',
            presentationHint: 'invalid',
          }
        }
        return {
          address: hexAddress(code.addressOf(one)),
          instructionBytes: one.bytes.match(/../g)!.join(' '),
          instruction: one.text,
          symbol: one.method,
          ...(one.path !== undefined && { location: { name: basename(one.path), path: one.path } }),
          ...(one.line !== undefined && { line: this.#outward(one.line) }),
        }
      }),
    }
  }

  #inward(line: number): number {
    return line - this.#linesFrom + 1
  }

  #outward(line: number): number {
    return line + this.#linesFrom - 1
  }
}

function conditionsOf({
  condition,
  hitCondition,
  logMessage,
}: {
  condition?: string
  hitCondition?: string
  logMessage?: string
}) {
  const hitRule = hitCondition ? hitRuleOf(hitCondition) : undefined
  return {
    ...(condition && { condition }),
    ...(hitRule && { hitRule }),
    ...(logMessage && { logMessage }),
  }
}

/** A plain number: from that hit on. */
function hitRuleOf(text: string): HitRule {
  const [, operator, digits] = /^\s*(>=?|<=?|={1,3}|%)?\s*([1-9]\d{0,8})\s*$/.exec(text) ?? []
  if (digits === undefined) {
    throw new DebugError(
      'GRIDCARD_DEBUG_REFUSED',
      `a hit count is a number, or one of >= > == < <= % and a number, not "${text}"`,
    )
  }
  const known = (['>=', '>', '<', '<=', '%'] as const).find((one) => one === (operator ?? '>='))
  return { operator: known ?? '==', count: Number(digits) }
}

function dapVariable({
  name,
  value,
  type,
  reference,
  indexed,
  address,
  canBeSet,
}: TargetVariable): DebugProtocol.Variable {
  return {
    name,
    value,
    variablesReference: reference,
    ...(type !== undefined && { type }),
    ...(indexed !== undefined && { indexedVariables: indexed }),
    ...(address !== undefined && { memoryReference: hexAddress(address) }),
    ...(/^[A-Za-z_$][\w$.]*$/.test(name) && { evaluateName: name }),
    ...(canBeSet !== true && { presentationHint: { attributes: ['readOnly'] } }),
  }
}

function isElement({ name }: TargetVariable): boolean {
  return /^\[\d+\]$/.test(name)
}

function hexAddress(address: number): string {
  return `0x${address.toString(16)}`
}

function addressIn(reference: string): number {
  const address = Number(reference)
  if (!Number.isSafeInteger(address) || address < 0) {
    throw new DebugError('GRIDCARD_DEBUG_REFUSED', `"${reference}" is no address of this card`)
  }
  return address
}
