import { GridcardError, toHex } from '@gridcard/bytes'
import { parseCapFile } from '@gridcard/cap'
import { describeApdu, type Frame, objectAt, objectsOn, ownerName } from '@gridcard/card/monitor'
import { CardSymbols } from '../../symbols/card-symbols.ts'
import { javaType, simpleName } from '../../symbols/java-names.ts'
import { nameApplets } from '../../workbench/repl/applet-names.ts'
import { CardSession, failureReply } from '../../workbench/repl/card-session.ts'
import { runScript } from '../../workbench/script/run-script.ts'
import { readScript } from '../../workbench/script/script-command.ts'
import { describeStep } from '../../workbench/script/script-report.ts'
import { spacedHex } from '../../workbench/text-layout.ts'
import { loadAndInstall, type Outcome, WorkbenchCard } from '../../workbench/workbench-card.ts'
import { type CodeBreakpoint, DebugMonitor, type Stop, type StoppedCard } from './debug-monitor.ts'
import { ExpressionError, evaluate, isTrue } from './evaluate.ts'
import { symbolsOf } from './source-symbols.ts'
import type {
  BreakpointSpec,
  HitRule,
  StopRules,
  TargetApi,
  TargetEvent,
  TargetFrame,
  TargetMethod,
  TargetScope,
  TargetSetup,
  TargetVariable,
} from './target-api.ts'
import { addressOf, type JavaValue, type MemoryPlace, type Place, ValueReader } from './value.ts'

type CodeFrame = Extract<Frame, { kind: 'code' }>
/** Gives the variables of a scope or an object. */
type Container = (range: { start: number; count: number }) => readonly (Place | TargetVariable)[]

const MOST_VARIABLES = 4096

/** A card that can be stopped and looked into. Everything is synchronous: while it stands still, `waitForRequests` serves. */
export class DebugTarget {
  readonly #setup: TargetSetup
  readonly #symbols = new CardSymbols()
  readonly #monitor: DebugMonitor
  readonly #card: WorkbenchCard
  readonly #emit: (event: TargetEvent) => void
  readonly #waitForRequests: () => void
  readonly #session: CardSession
  #stopped: StoppedCard | undefined
  #stop: Stop | undefined
  #isBusy = false
  #containers: Container[] = []

  /**
   * @param o.waitForRequests called when the card has stopped: handles requests until one of them makes it go on
   * @param o.attend between two instructions, often
   */
  constructor(o: {
    setup: TargetSetup
    emit: (event: TargetEvent) => void
    waitForRequests: () => void
    attend?: () => void
  }) {
    this.#setup = o.setup
    this.#emit = o.emit
    this.#waitForRequests = o.waitForRequests
    for (const one of symbolsOf(o.setup.sources)) this.#symbols.add(one)
    this.#monitor = new DebugMonitor({
      symbols: this.#symbols,
      onStop: (stop, stopped) => this.#standStill(stop, stopped),
      onCode: ({ words, starts }) => o.emit({ event: 'code', words, starts }),
      ...(o.attend && { attend: o.attend }),
    })
    this.#card = new WorkbenchCard(this.#monitor)
    const given = o.setup.sources.map(({ path, cap }) => ({ path, cap: parseCapFile(cap) }))
    this.#session = new CardSession(this.#card, nameApplets(given))
  }

  /** Names a request and does it; what comes back can be posted. */
  handle<M extends TargetMethod>(method: M, args: TargetApi[M][0]): TargetApi[M][1] {
    const act = this.#handlers[method] as (args: TargetApi[M][0]) => TargetApi[M][1]
    return act(args)
  }

  /** Breakpoints as they should be, after another thread set some everywhere. */
  rearm(): void {
    this.#monitor.arm()
  }

  readonly #handlers: { readonly [M in TargetMethod]: (args: TargetApi[M][0]) => TargetApi[M][1] } = {
    install: () =>
      this.#run(() => {
        const sources = this.#setup.sources.filter(({ isNamesOnly }) => isNamesOnly !== true)
        const given = sources.map(({ path, cap }) => ({ path, cap: parseCapFile(cap) }))
        loadAndInstall(this.#card, given, new Map(this.#setup.parameters))
        const atr = answered(this.#card.reset())
        return { applets: this.#card.report().applets.map(({ aid }) => aid), atr }
      }),
    runScript: ({ path, format }) => this.#run(() => this.#runScript(path, format)),
    command: ({ line }) => this.#run(() => ({ text: this.#typed(line) })),
    transmit: (bytes) => this.#run(() => answered(this.#card.transmit(bytes))),
    powerOn: () => this.#run(() => answered(this.#card.reset())),
    powerOff: () => this.#run(() => this.#card.powerOff() as undefined),

    breakpoints: (specs) => {
      this.#monitor.breakpoints = specs.map((spec) => this.#breakpoint(spec))
      return undefined
    },
    exceptions: (filters) => {
      this.#monitor.exceptions = filters
      return undefined
    },
    dataBreakpointInfo: (args) => this.#dataBreakpointInfo(args),
    dataBreakpoints: (specs) => {
      const places = specs.map(({ id, dataId, condition, hitRule }) => {
        const { name, place } = parseDataId(dataId)
        const isHit = this.#hitTest({ condition, hitRule, logMessage: undefined })
        return { id, name, read: (one: Machine) => bytesAt(one, place), ...(isHit && { isHit }) }
      })
      this.#monitor.setDataBreakpoints(places, this.#card.machine)
      return undefined
    },
    pause: ({ reason }) => this.#monitor.pause(reason) as undefined,

    frames: () => this.#frames(),
    scopes: ({ frameId }) => this.#scopes(frameId),
    variables: ({ reference, start = 0, count = MOST_VARIABLES }) => {
      const container = this.#containers[reference - 1]
      if (container === undefined) throw new ExpressionError('these variables are gone: the card has gone on')
      const list = container({ start, count: Math.min(count, MOST_VARIABLES) })
      return list.map((one) => ('memory' in one ? this.#variable(one) : one))
    },
    setExpression: ({ expression, value, frameId }) => this.#setExpression(expression, value, frameId),
    writeMemory: (args) => this.#writeMemory(args),
    setVariable: ({ reference, name, value }) => this.#setVariable(reference, name, value),
    evaluate: ({ expression, frameId }) => {
      const place = evaluate(this.#reader, this.#frameOf(frameId), expression)
      return this.#variable(place)
    },
    readMemory: ({ address, count }) => {
      const { u8 } = this.#card.machine.memory
      const start = Math.max(0, Math.min(address, u8.length))
      const bytes = u8.slice(start, Math.min(u8.length, start + count))
      return { bytes, unreadable: count - bytes.length }
    },
    exception: () => this.#stop?.exception,
    resume: () => this.#goOn(),
    step: ({ kind, byInstruction }) => {
      if (this.#stopped === undefined) throw new ExpressionError('the card does not stand still')
      this.#monitor.step(kind, this.#stopped, { byInstruction })
      return this.#goOn()
    },
  }

  // ---- the card at work

  #run<T>(act: () => T): T {
    if (this.#isBusy) throw new ExpressionError('the card is in the middle of a command')
    this.#isBusy = true
    try {
      return act()
    } finally {
      this.#isBusy = false
      this.#monitor.endOfCommand()
    }
  }

  #runScript(path: string, format: string | undefined): { passed: number; failed: number } {
    let passed = 0
    let failed = 0
    const loaded = this.#setup.sources.filter(({ isNamesOnly }) => !isNamesOnly).map(({ cap }) => parseCapFile(cap))
    for (const ran of runScript(readScript(path, format), { card: this.#card, scriptPath: path, loaded })) {
      this.#monitor.endOfCommand()
      if (ran.result === 'passed') passed++
      if (ran.result === 'failed') failed++
      this.#emit({ event: 'output', category: ran.result === 'failed' ? 'stderr' : 'stdout', text: describeStep(ran) })
    }
    return { passed, failed }
  }

  #typed(line: string): string {
    try {
      return this.#session.execute(line)?.text ?? ''
    } catch (error) {
      if (!(error instanceof GridcardError)) throw error
      return failureReply(error).text
    }
  }

  #standStill(stop: Stop, stopped: StoppedCard): void {
    this.#stop = stop
    this.#stopped = stopped
    this.#containers = []
    this.#emit({ event: 'stopped', stop })
    try {
      while (this.#stopped !== undefined) this.#waitForRequests()
    } finally {
      this.#stopped = undefined
      this.#stop = undefined
      this.#containers = []
    }
  }

  #goOn(): undefined {
    this.#stopped = undefined
    return undefined
  }

  // ---- breakpoints

  #breakpoint({ id, aid, offset, ...when }: BreakpointSpec): CodeBreakpoint {
    const isHit = this.#hitTest(when)
    return { id, aid, offset, ...(isHit && { isHit }) }
  }

  /** Whether the card stops when it comes by; undefined for always. */
  #hitTest({ condition, hitRule, logMessage }: StopRules): ((stopped: StoppedCard) => boolean) | undefined {
    if (condition === undefined && hitRule === undefined && logMessage === undefined) return undefined
    let hits = 0
    return (stopped) => {
      const reader = new ValueReader(stopped.machine, this.#symbols)
      const frame = stopped.frames[0] as CodeFrame // a breakpoint is in code
      if (condition !== undefined && !this.#holds(reader, frame, condition)) return false
      hits++
      if (!isWantedHit(hitRule, hits)) return false
      if (logMessage === undefined) return true
      this.#emit({ event: 'output', category: 'console', text: `${this.#filledIn(reader, frame, logMessage)}\n` })
      return false
    }
  }

  /** A condition that means nothing there stops, and says so. */
  #holds(reader: ValueReader, frame: CodeFrame, condition: string): boolean {
    try {
      return isTrue(evaluate(reader, frame, condition).value)
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error
      this.#emit({ event: 'output', category: 'stderr', text: `condition "${condition}": ${error.message}\n` })
      return true
    }
  }

  #filledIn(reader: ValueReader, frame: CodeFrame, message: string): string {
    return message.replace(/\{([^{}]*)\}/g, (_, expression: string) => {
      try {
        return reader.text(evaluate(reader, frame, expression).value)
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error
        return `{${error.message}}`
      }
    })
  }

  #dataBreakpointInfo({ reference, name, frameId }: TargetApi['dataBreakpointInfo'][0]) {
    const container = reference === undefined ? undefined : this.#containers[reference - 1]
    let place: Place | undefined
    if (container !== undefined) {
      const index = /^\[(\d+)\]$/.exec(name)?.[1]
      const list = container(
        index === undefined ? { start: 0, count: MOST_VARIABLES } : { start: Number(index), count: 1 },
      )
      place = list.find((one): one is Place => 'memory' in one && one.name === name)
    } else {
      try {
        place = evaluate(this.#reader, this.#frameOf(frameId), name)
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error
        return { description: error.message }
      }
    }
    if (place?.memory === undefined || place.memory.kind === 'frame') {
      return { description: `${name} is not in a field or an array: its changes cannot be watched` }
    }
    return { dataId: dataIdOf(place.name, place.memory), description: `${place.name} changes` }
  }

  // ---- looking around

  get #reader(): ValueReader {
    return new ValueReader(this.#stopped?.machine ?? this.#card.machine, this.#symbols)
  }

  #frameOf(id: number | undefined): CodeFrame | undefined {
    const frame = this.#stopped?.frames[id === undefined ? 0 : id - 1]
    return frame?.kind === 'code' ? frame : undefined
  }

  /**
   * Frame ids count from 1. Below the frames of each context a line of its own says which one it is: above them it would be
   * the top of the stack, where editors look for the source.
   */
  #frames(): TargetFrame[] {
    const { frames = [], machine } = this.#stopped ?? {}
    return frames.flatMap((frame, i) => {
      const shown = this.#frame(i + 1, frame)
      if (frames[i + 1]?.context === frame.context) return [shown]
      return [shown, { id: frames.length + i + 1, kind: 'context', name: this.#contextLine(machine!, frame) }]
    })
  }

  #contextLine(machine: StoppedCard['machine'], frame: Frame): string {
    const context = this.#reader.contextOf(frame)
    const name = this.#symbols.of(context)?.name
    const owner = ownerName(machine, frame.owner)
    return `context ${name === undefined || name === context ? context : `${name} (${context})`}, as ${owner}`
  }

  #frame(id: number, frame: Frame): TargetFrame {
    if (frame.kind === 'native') {
      const [name = ''] = frame.method.name.split('(')
      return { id, kind: 'native', name: simpleName(name) }
    }
    const { aid } = frame.instance.linked
    const symbols = this.#symbols.of(aid)
    const place = symbols?.placeAt(frame.capOffset)
    const descriptor = symbols?.methodAt(frame.capOffset)?.descriptor
    const parameters = descriptor === undefined ? '' : `(${parameterTypes(descriptor).join(', ')})`
    const name = `${symbols?.methodName(frame.capOffset) ?? frame.method.name}${parameters}`
    return { id, kind: 'code', name, aid, offset: frame.capOffset, ...place }
  }

  #scopes(frameId: number): TargetScope[] {
    const frame = this.#frameOf(frameId)
    if (frame === undefined) return []
    const reader = this.#reader
    const statics = reader.statics(frame.instance)
    const apdu = describeApdu(reader.machine)
    return [
      { name: 'Locals', hint: 'locals', reference: this.#contain(() => reader.locals(frame)) },
      ...(statics.length === 0
        ? []
        : [{ name: 'Static fields', reference: this.#contain(() => reader.statics(frame.instance).map(qualified)) }]),
      ...(apdu === undefined ? [] : [{ name: 'APDU', reference: this.#contain(() => this.#apdu()) }]),
      ...(frameId === 1
        ? [{ name: 'Operand stack', hint: 'registers' as const, reference: this.#contain(() => this.#operands()) }]
        : []),
      { name: 'Card', reference: this.#contain(() => this.#cardState(frame)) },
    ]
  }

  #operands(): TargetVariable[] {
    const { machine, at } = this.#stopped!
    const bottom = (at.control << 1) + CONTROL_WORDS
    return Array.from({ length: Math.max(0, at.sp - bottom) }, (_, i) => {
      const word = machine.memory.i16[at.sp - 1 - i]!
      const object = objectAt(machine, word & 0xffff)
      const hint = object === undefined || object.kind === 'block' ? '' : `, or ${this.#reader.objectText(object)}`
      return { name: i === 0 ? 'top' : `top - ${i}`, value: `${word}${hint}`, reference: 0 }
    })
  }

  #apdu(): (TargetVariable | Place)[] {
    const { machine } = this.#stopped!
    const apdu = describeApdu(machine)
    if (apdu === undefined) return []
    const { command, buffer } = apdu
    const hex = (value: number) => value.toString(16).toUpperCase().padStart(2, '0')
    const tell = (name: string, value: string): TargetVariable => ({ name, value, reference: 0 })
    return [
      tell('command', `${hex(command.cla)} ${hex(command.ins)} ${hex(command.p1)} ${hex(command.p2)}`),
      tell('data', `${command.data.length} bytes ${spacedHex(command.data.subarray(0, 32))}`),
      tell('Ne', command.ne === undefined ? 'none' : `${command.ne}`),
      tell('state', apdu.state),
      tell('received', `${apdu.receivedBytes} of ${command.data.length} bytes`),
      tell('outgoing', `${apdu.sentBytes} of ${apdu.announcedBytes ?? 0} bytes sent`),
      tell('channel', `${apdu.channel}`),
      tell('selecting', `${apdu.isSelecting}`),
      {
        name: 'buffer',
        value: { kind: 'reference', type: 'byte[]', handle: APDU_BUFFER_HANDLE },
        memory: undefined,
      } satisfies Place,
      tell('buffer begins', spacedHex(buffer.subarray(0, 16))),
    ]
  }

  #cardState(frame: CodeFrame): TargetVariable[] {
    const { machine } = this.#stopped!
    const { memory } = machine
    const tell = (name: string, value: string): TargetVariable => ({ name, value, reference: 0 })
    return [
      tell('context', this.#contextLine(machine, frame)),
      tell(
        'transaction',
        memory.inTransaction ? `running, ${memory.unusedCommitBytes} bytes of commit buffer left` : 'none',
      ),
      tell('persistent memory', `${memory.freePersistentBytes} bytes free`),
      tell('transient memory', `${memory.freeTransientBytes} bytes free`),
    ]
  }

  #contain(container: Container): number {
    return this.#containers.push(container)
  }

  #variable({ name, value, memory }: Place): TargetVariable {
    const reader = this.#reader
    const { machine } = reader
    const text = { name, value: reader.text(value), type: value.type }
    const canBeSet = memory !== undefined && value.kind === 'number'
    if (value.kind === 'number') {
      const address = memory && addressOf(machine, memory)
      return { ...text, reference: 0, ...(canBeSet && { canBeSet }), ...(address !== undefined && { address }) }
    }
    const object = objectAt(machine, value.handle)
    if (object === undefined || object.kind === 'block') return { ...text, reference: 0 }
    const { handle, address } = object
    if (object.kind === 'object') {
      const hasFields = object.class.fieldBytes > 0
      const reference = hasFields ? this.#contain(() => reader.fields(handle)) : 0
      return { ...text, type: reader.symbols.className(object.class), reference, address }
    }
    const reference = this.#contain(({ start, count }) =>
      Array.from(
        { length: Math.max(0, Math.min(count, object.length - start)) },
        (_, i) => reader.element(handle, start + i)!,
      ),
    )
    return { ...text, reference, indexed: object.length, address }
  }

  #setVariable(reference: number, name: string, text: string): { value: string } {
    const container = this.#containers[reference - 1]
    const index = /^\[(\d+)\]$/.exec(name)?.[1]
    const list = container?.(
      index === undefined ? { start: 0, count: MOST_VARIABLES } : { start: Number(index), count: 1 },
    )
    const place = list?.find((one): one is Place => 'memory' in one && one.name === name)
    return this.#set(place, name, text, undefined)
  }

  #setExpression(expression: string, text: string, frameId: number | undefined): { value: string } {
    return this.#set(evaluate(this.#reader, this.#frameOf(frameId), expression), expression, text, frameId)
  }

  #set(place: Place | undefined, name: string, text: string, frameId: number | undefined): { value: string } {
    if (place?.memory === undefined || place.value.kind !== 'number') throw new ExpressionError(`${name} cannot be set`)
    const { value } = evaluate(this.#reader, this.#frameOf(frameId), text)
    if (value.kind !== 'number') throw new ExpressionError(`${text} is no number`)
    write(this.#reader.machine, place.memory, value.value)
    return { value: this.#reader.text(cut(place.value, value.value)) }
  }

  /**
   * Bytes into an array of numbers. Fields are set by name: a reference with a byte changed is a broken card.
   * @param o.isWhole all or nothing
   * @returns how many were written, from the first on
   */
  #writeMemory({ address, bytes, isWhole }: TargetApi['writeMemory'][0]): { bytesWritten: number } {
    const { machine } = this.#reader
    const { memory } = machine
    const end = numbersEndAt(machine, address) ?? address
    const count = Math.min(bytes.length, end - address)
    if (count < bytes.length && (isWhole || count === 0)) {
      throw new ExpressionError('only elements of one array of numbers can be written as bytes')
    }
    for (let i = 0; i < count; i++) {
      const at = address + i
      const byte = (bytes[i]! << 24) >> 24
      const done = at < memory.nvSizeBytes ? memory.putByte(at, byte) : setByte(machine, at, byte)
      if (!done) throw new ExpressionError('the commit buffer is full')
    }
    return { bytesWritten: count }
  }
}

/** The end of the array of numbers that an address lies in. */
function numbersEndAt(machine: Machine, address: number): number | undefined {
  for (const one of objectsOn(machine)) {
    const end = one.address + one.sizeBytes
    if (one.kind === 'array' && one.elementType !== 'reference' && address >= one.address && address < end) return end
  }
  return undefined
}

function isWantedHit(rule: HitRule | undefined, hits: number): boolean {
  if (rule === undefined) return true
  switch (rule.operator) {
    case '>=':
      return hits >= rule.count
    case '>':
      return hits > rule.count
    case '<':
      return hits < rule.count
    case '<=':
      return hits <= rule.count
    case '==':
      return hits === rule.count
    case '%':
      return hits % rule.count === 0
  }
}

const CONTROL_WORDS = 6
/** The JCRE's own, the same on every card. */
const APDU_BUFFER_HANDLE = 2

function qualified(place: Place & { readonly owner: string }): Place {
  return { ...place, name: `${place.owner}.${place.name}` }
}

function parameterTypes(descriptor: string): string[] {
  const inside = descriptor.slice(1, descriptor.indexOf(')'))
  return (inside.match(/\[*(?:L[^;]+;|[A-Z])/g) ?? []).map(javaType)
}

function answered<T>(outcome: Outcome<T>): T {
  if (outcome.kind === 'done') return outcome.value
  throw new ExpressionError('the power was cut')
}

type Machine = StoppedCard['machine']

function cut(like: JavaValue, value: number): JavaValue {
  if (like.kind !== 'number') return like
  const bits = like.type === 'byte' ? 24 : like.type === 'int' ? 0 : 16
  return { ...like, value: (value << bits) >> bits }
}

/** Persistent places go through the card's own port, so that a transaction can undo them. */
function write(machine: Machine, place: MemoryPlace, value: number): void {
  const { memory } = machine
  const address = addressOf(machine, place)
  if (address === undefined) throw new ExpressionError('the object is gone')
  const isPersistent = address < memory.nvSizeBytes
  const done =
    place.sizeBytes === 1
      ? isPersistent
        ? memory.putByte(address, value)
        : setByte(machine, address, value)
      : place.kind === 'static'
        ? place.sizeBytes === 2
          ? memory.putStaticShort(address, value)
          : memory.putStaticInt(address, value >> 16, value)
        : place.sizeBytes === 2
          ? isPersistent
            ? memory.putShort(address, value)
            : setShort(machine, address, value)
          : isPersistent
            ? memory.putInt(address, value >> 16, value)
            : setShort(machine, address, value >> 16) && setShort(machine, address + 2, value)
  if (!done) throw new ExpressionError('the commit buffer is full')
}

function setByte({ memory }: Machine, address: number, value: number): true {
  memory.i8[address] = value
  return true
}

function setShort({ memory }: Machine, address: number, value: number): true {
  memory.i16[address >> 1] = value
  return true
}

/** What a data breakpoint is about, as text that a client keeps: the object's handle, or the package. */
function dataIdOf(name: string, place: Exclude<MemoryPlace, { kind: 'frame' }>): string {
  const where = place.kind === 'object' ? `o${place.handle}` : `s${place.instance.linked.aid}`
  return `${where}:${place.offset}:${place.sizeBytes}:${name}`
}

interface DataPlace {
  readonly handle?: number
  readonly aid?: string
  readonly offset: number
  readonly sizeBytes: number
}

function parseDataId(text: string): { name: string; place: DataPlace } {
  const [, kind, where, offset, sizeBytes, name] = /^([os])([0-9A-F]+):(\d+):([124]):(.*)$/s.exec(text) ?? []
  if (kind === undefined) throw new ExpressionError('not something to watch')
  const place = { offset: Number(offset), sizeBytes: Number(sizeBytes) }
  return { name: name!, place: kind === 'o' ? { ...place, handle: Number(where) } : { ...place, aid: where! } }
}

function bytesAt(machine: Machine, { handle, aid, offset, sizeBytes }: DataPlace): string | undefined {
  const { u8 } = machine.memory
  let start: number | undefined
  if (aid !== undefined) start = machine.packageList.find(({ linked }) => linked.aid === aid)?.staticsAddress
  else {
    const object = objectAt(machine, handle!)
    const isWithin = object && object.kind !== 'block' && offset + sizeBytes <= object.sizeBytes
    start = isWithin ? object.address : undefined
  }
  return start === undefined ? undefined : toHex(u8.subarray(start + offset, start + offset + sizeBytes))
}
