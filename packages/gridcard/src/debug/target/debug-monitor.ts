import {
  type CodePosition,
  type Frame,
  findHandler,
  type LinkedMethod,
  type LinkedPackage,
  type Machine,
  type Monitor,
  NativeCalls,
  reasonAt,
  WatchedCode,
  walkFrames,
} from '@gridcard/card/monitor'
import type { CardSymbols } from '../../symbols/card-symbols.ts'
import { simpleName } from '../../symbols/java-names.ts'

/** Why the card stands still. Names of reasons are those of the Debug Adapter Protocol. */
export interface Stop {
  readonly reason: 'breakpoint' | 'step' | 'exception' | 'pause' | 'data breakpoint' | 'entry'
  /** For people. */
  readonly text?: string
  readonly breakpointIds?: readonly number[]
  readonly exception?: RaisedException
}

export interface RaisedException {
  /** Simple name: `ISOException` */
  readonly name: string
  /** Internal name, or a place in a package without names. */
  readonly fullName: string
  readonly reason: number | undefined
  readonly isCaught: boolean
  readonly handle: number
}

/** Where the card stopped, while it stands still. */
export interface StoppedCard {
  readonly machine: Machine
  readonly at: CodePosition
  readonly frames: readonly Frame[]
}

export interface CodeBreakpoint {
  readonly id: number
  /** Of the package, in hex. */
  readonly aid: string
  /** Of the instruction, in Method `info`. */
  readonly offset: number
  /** Stops only when this says so; it may say something in passing instead. */
  readonly isHit?: (stopped: StoppedCard) => boolean
}

/** A place in memory whose changes stop the card. */
export interface DataBreakpoint {
  readonly id: number
  readonly name: string
  /** The bytes as they are, or undefined when the object is gone. */
  readonly read: (machine: Machine) => string | undefined
  /** Asked when it has changed. */
  readonly isHit?: (stopped: StoppedCard) => boolean
}

export type StepKind = 'in' | 'over' | 'out'

/** Which exceptions stop the card. */
export interface ExceptionFilter {
  /** Simple names; none for all. */
  readonly names: readonly string[]
  readonly isExcluding: boolean
}

export interface ExceptionFilters {
  readonly caught: ExceptionFilter | undefined
  /** Those that end the command, ISOException excepted. */
  readonly uncaught: ExceptionFilter | undefined
  /** ISOExceptions that nobody catches: how applets answer with a status word. */
  readonly status: ExceptionFilter | undefined
}

interface Step {
  readonly kind: StepKind
  readonly byInstruction: boolean
  readonly control: number
  /** Of the line or the instruction where the step began. */
  readonly place: string
}

/**
 * Decides where a card stops. Breakpoints are words of a copy of the code; while something has to be looked at after
 * every instruction (a step, watched memory, a request from outside) all instructions are.
 */
export class DebugMonitor implements Monitor {
  readonly #codes = new Map<LinkedPackage, WatchedCode>()
  readonly #nativeCalls = new NativeCalls()
  readonly #symbols: CardSymbols
  readonly #onStop: (stop: Stop, stopped: StoppedCard) => void
  readonly #onCode: (code: WatchedCode) => void
  /** Something from outside waits to be done; it may be done between two instructions. */
  readonly #attend: () => void
  #breakpoints: readonly CodeBreakpoint[] = []
  #dataBreakpoints: readonly DataBreakpoint[] = []
  #lastValues = new Map<number, string | undefined>()
  #exceptions: ExceptionFilters = { caught: undefined, uncaught: undefined, status: undefined }
  #step: Step | undefined
  #isPauseWanted: Stop['reason'] | undefined
  #byPlace = new Map<WatchedCode, Map<number, CodeBreakpoint[]>>()

  constructor(o: {
    symbols: CardSymbols
    onStop: (stop: Stop, stopped: StoppedCard) => void
    onCode?: (code: WatchedCode) => void
    attend?: () => void
  }) {
    this.#symbols = o.symbols
    this.#onStop = o.onStop
    this.#onCode = o.onCode ?? (() => {})
    this.#attend = o.attend ?? (() => {})
  }

  // ---- what is wanted

  set breakpoints(breakpoints: readonly CodeBreakpoint[]) {
    this.#breakpoints = breakpoints
    this.arm()
  }

  set exceptions(filters: ExceptionFilters) {
    this.#exceptions = filters
  }

  setDataBreakpoints(breakpoints: readonly DataBreakpoint[], machine: Machine): void {
    this.#dataBreakpoints = breakpoints
    this.#lastValues = new Map(breakpoints.map((one) => [one.id, one.read(machine)]))
    this.arm()
  }

  /** At the next instruction, whatever that is. */
  pause(reason: 'pause' | 'entry' = 'pause'): void {
    this.#isPauseWanted = reason
    this.arm()
  }

  step(kind: StepKind, { at }: StoppedCard, { byInstruction }: { readonly byInstruction: boolean }): void {
    const isBlind = this.#symbols.of(at.instance.linked.aid)?.hasSources !== true
    this.#step = { kind, byInstruction: byInstruction || isBlind, control: at.control, place: this.#placeOf(at) }
    this.arm()
  }

  /** A command has ended; nothing to step to is left of it. */
  endOfCommand(): void {
    this.#step = undefined
    this.arm()
  }

  /** Writes breakpoints into all code. */
  arm(): void {
    this.#byPlace = new Map()
    for (const code of this.#codes.values()) this.#armCode(code)
  }

  #armCode(code: WatchedCode): void {
    const places = new Map<number, CodeBreakpoint[]>()
    for (const breakpoint of this.#breakpoints) {
      const pc = breakpoint.aid === code.linked.aid ? code.startAtOrAfter(breakpoint.offset) : undefined
      if (pc !== undefined) places.set(pc, [...(places.get(pc) ?? []), breakpoint])
    }
    this.#byPlace.set(code, places)
    code.clearAll()
    if (this.#isEachLookedAt) code.setAll()
    else for (const pc of places.keys()) code.set(pc)
  }

  get #isEachLookedAt(): boolean {
    return this.#step !== undefined || this.#isPauseWanted !== undefined || this.#dataBreakpoints.length > 0
  }

  // ---- the port

  codeOf(linked: LinkedPackage): Int32Array {
    let code = this.#codes.get(linked)
    if (code === undefined) {
      code = new WatchedCode(linked, new SharedArrayBuffer(Math.max(4, linked.code.length * 4)))
      this.#codes.set(linked, code)
      this.#onCode(code)
    }
    this.#armCode(code)
    return code.words
  }

  callingNative(machine: Machine, at: CodePosition, method: LinkedMethod): void {
    this.#nativeCalls.note(machine, at, method)
  }

  reached(machine: Machine, at: CodePosition): number {
    this.#attend()
    const code = this.#codes.get(at.instance.linked)!
    const stop = this.#whyHere(machine, at, code)
    if (stop !== undefined) this.#stop(stop, machine, at)
    return code.originalAt(at.pc)
  }

  raised(machine: Machine, at: CodePosition, thrown: number): void {
    const { caught, uncaught, status } = this.#exceptions
    if (caught === undefined && uncaught === undefined && status === undefined) return
    const linked = machine.classOf(thrown)
    const frames = this.#frames(machine, at)
    const isCaught = frames.some(
      (frame) => frame.kind === 'code' && findHandler(frame.instance.linked, frame.pc, linked) !== undefined,
    )
    const name = this.#symbols.className(linked)
    const filter = isCaught ? caught : name === 'ISOException' ? status : uncaught
    if (filter === undefined) return
    const isNamed = filter.names.includes(name) || filter.names.includes(linked.name.replaceAll('/', '.'))
    if (filter.names.length > 0 && isNamed === filter.isExcluding) return
    const reason = reasonAt(machine, thrown)
    const exception = { name, fullName: linked.name, reason, isCaught, handle: thrown }
    this.#stop({ reason: 'exception', text: exceptionText(exception), exception }, machine, at)
  }

  halting(machine: Machine, at: CodePosition): void {
    if (this.#exceptions.uncaught === undefined) return
    this.#stop({ reason: 'exception', text: `the card stops this command: ${machine.halted}` }, machine, at)
  }

  // ---- decisions

  #whyHere(machine: Machine, at: CodePosition, code: WatchedCode): Stop | undefined {
    const changed = this.#changedData(machine, at)
    if (changed.length > 0) {
      const text = changed.map(({ name }) => name).join(', ')
      return { reason: 'data breakpoint', text: `${text} has changed`, breakpointIds: changed.map(({ id }) => id) }
    }
    const wanted = this.#isPauseWanted
    if (wanted !== undefined) return { reason: wanted === 'entry' ? 'entry' : 'pause' }
    if (this.#isStepDone(at)) return { reason: 'step' }
    const here = this.#byPlace.get(code)?.get(at.pc)
    if (here === undefined) {
      if (!this.#isEachLookedAt) code.clear(at.pc) // set by another thread that wanted attention
      return undefined
    }
    const stopped = { machine, at, frames: this.#frames(machine, at) }
    const hit = here.filter(({ isHit }) => isHit === undefined || isHit(stopped))
    return hit.length === 0 ? undefined : { reason: 'breakpoint', breakpointIds: hit.map(({ id }) => id) }
  }

  #changedData(machine: Machine, at: CodePosition): DataBreakpoint[] {
    return this.#dataBreakpoints.filter((one) => {
      const value = one.read(machine)
      if (value === this.#lastValues.get(one.id)) return false
      this.#lastValues.set(one.id, value)
      return one.isHit === undefined || one.isHit({ machine, at, frames: this.#frames(machine, at) })
    })
  }

  /** Frames lie one above the other: a lower control record is a caller's. */
  #isStepDone(at: CodePosition): boolean {
    const step = this.#step
    if (step === undefined) return false
    if (at.control < step.control) return true
    if (step.kind === 'out') return false
    if (at.control > step.control && step.kind === 'over') return false
    if (step.byInstruction) return true
    return this.#isLineStart(at) && (at.control !== step.control || this.#placeOf(at) !== step.place)
  }

  #isLineStart({ instance: { linked }, pc }: CodePosition): boolean {
    const offset = linked.capOffsets[pc]!
    const method = this.#symbols.of(linked.aid)?.methodAt(offset)
    return method?.lines.some((line) => method.codeOffset + line.offset === offset) ?? false
  }

  /** The line, or the instruction where there is none. */
  #placeOf({ instance: { linked }, pc }: CodePosition): string {
    const offset = linked.capOffsets[pc]!
    const place = this.#symbols.of(linked.aid)?.placeAt(offset)
    return place === undefined ? `${linked.aid}:${offset}` : `${place.path}:${place.line}`
  }

  #frames(machine: Machine, at: CodePosition): Frame[] {
    return walkFrames(machine, at, this.#nativeCalls)
  }

  #stop(stop: Stop, machine: Machine, at: CodePosition): void {
    this.#step = undefined
    this.#isPauseWanted = undefined
    this.arm()
    this.#onStop(stop, { machine, at, frames: this.#frames(machine, at) })
  }
}

export function exceptionText({ name, reason, isCaught }: RaisedException): string {
  const digits = reason === undefined ? '' : ` ${(reason & 0xffff).toString(16).toUpperCase().padStart(4, '0')}`
  return `${simpleName(name)}${digits}${isCaught ? ', caught' : ''}`
}
