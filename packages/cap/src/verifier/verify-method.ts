import type { CapFile, ExceptionHandler, MethodHeader } from '../capfile/cap-file.ts'
import type { DecodedInstruction } from '../instructions/decode-instruction.ts'
import { classType } from './class-world.ts'
import type { MethodInstructions } from './code-structure.ts'
import { Frame } from './frame.ts'
import type { MethodContext } from './method-context.ts'
import { Refusal, refuse } from './refusal.ts'
import { step } from './step.ts'
import { UNUSABLE, type WordType, type WordTypes } from './word-type.ts'

/** Bound on the words looked at in a whole package; real ones of 64 KB stay far below. */
export interface WorkBudget {
  left: number
}

export interface MethodUnderTest {
  readonly cap: CapFile
  readonly header: MethodHeader
  readonly code: MethodInstructions
  readonly handlers: readonly ExceptionHandler[]
  readonly context: MethodContext
  readonly budget: WorkBudget
  readonly report: (offset: number, refusal: Refusal) => void
}

/** Subroutines are followed once per place they are called from: one of these for each chain of active jsr. */
interface Subroutine {
  readonly number: number
  readonly site: number
  readonly entry: number
  readonly caller: Subroutine | undefined
}

/**
 * Follows every path of a method with the types of its frame, until nothing new arrives anywhere.
 * @source JCVM 3.1 §6.10, ch. 7; the method is that of the class file verifier, JVMS 17 §4.10.2
 */
export class MethodFlow {
  readonly #method: MethodUnderTest
  readonly #types: WordTypes
  /** Places where paths can meet; only there a frame is kept. */
  readonly #joins: ReadonlySet<number>
  readonly #frames = new Map<number, Frame>()
  readonly #subroutines = new Map<string, Subroutine>()
  readonly #pending: { readonly offset: number; readonly subroutine: Subroutine | undefined }[] = []
  readonly #isPending = new Set<number>()

  constructor(method: MethodUnderTest) {
    this.#method = method
    this.#types = method.context.types
    const { instructions } = method.code
    const joins = new Set<number>(method.handlers.map((one) => one.handlerOffset))
    for (const { targets, instruction, nextOffset } of instructions.values()) {
      for (const target of targets) joins.add(target)
      if (instruction.mnemonic === 'jsr') joins.add(nextOffset)
    }
    this.#joins = joins
  }

  run(): void {
    const { header, report, budget } = this.#method
    try {
      this.#arrive(header.codeOffset, undefined, this.#entryFrame())
    } catch (error) {
      this.#report(header.codeOffset, error)
    }
    for (let at = this.#pending.pop(); at !== undefined; at = this.#pending.pop()) {
      const key = keyOf(at.offset, at.subroutine)
      this.#isPending.delete(key)
      this.#follow(at.offset, at.subroutine, this.#frames.get(key)!.copy())
      if (budget.left > 0) continue
      report(at.offset, new Refusal('too-complex', 'the paths are too many to follow'))
      return
    }
  }

  #report(offset: number, error: unknown): void {
    if (!(error instanceof Refusal)) throw error
    this.#method.report(offset, error)
  }

  #entryFrame(): Frame {
    const { header, context } = this.#method
    const { fact, types } = context
    const locals: WordType[] = []
    const { declaring, kind } = fact
    // An own method known only by its header has `this` among its words.
    if (declaring && kind !== 'static') {
      const isFresh = kind === 'constructor' && declaring.superClass !== undefined
      locals.push(isFresh ? types.freshThis(declaring) : types.reference(classType(declaring)))
    }
    for (const type of fact.parameters) locals.push(...types.wordsOf(type))
    while (locals.length < header.nargs + header.maxLocals) locals.push(UNUSABLE)
    return new Frame({
      locals,
      stack: [],
      maxStack: header.maxStack,
      isThisReady: locals[0]?.kind !== 'freshThis',
    })
  }

  /** From one place to where the path ends or meets another. */
  #follow(start: number, subroutine: Subroutine | undefined, frame: Frame): void {
    let next: number | undefined = start
    while (next !== undefined) {
      const at: number = next
      this.#method.budget.left -= 1
      try {
        next = this.#advance(at, subroutine, frame)
      } catch (error) {
        this.#report(at, error)
        return
      }
    }
  }

  /** @returns the next instruction, unless the path ends or is continued from a place where paths meet */
  #advance(at: number, subroutine: Subroutine | undefined, frame: Frame): number | undefined {
    const { code, context } = this.#method
    const decoded = code.instructions.get(at)!
    const { mnemonic, endsFlow } = decoded.instruction
    this.#enterHandlers(at, subroutine, frame)
    step(frame, decoded, context)
    if (mnemonic === 'ret') this.#return(decoded, subroutine, frame)
    else if (mnemonic === 'jsr') this.#call(decoded, subroutine, frame)
    else for (const target of decoded.targets) this.#arrive(target, subroutine, frame)
    if (endsFlow || mnemonic === 'jsr') return undefined
    if (decoded.nextOffset >= code.endOffset) refuse('code-falls-off', 'execution runs over the end of the method')
    if (!this.#joins.has(decoded.nextOffset)) return decoded.nextOffset
    this.#arrive(decoded.nextOffset, subroutine, frame)
    return undefined
  }

  #enterHandlers(at: number, subroutine: Subroutine | undefined, frame: Frame): void {
    for (const handler of this.#method.handlers) {
      if (at < handler.startOffset || at >= handler.startOffset + handler.activeLengthBytes) continue
      const caught = this.#caught(handler)
      const entered = new Frame({ ...frame, locals: frame.locals, stack: [] })
      entered.push(caught)
      this.#arrive(handler.handlerOffset, subroutine, entered)
    }
  }

  #caught({ catchTypeIndex }: ExceptionHandler): WordType {
    const { context } = this.#method
    const { world } = context.members
    if (catchTypeIndex === 0) return this.#types.reference(classType(world.throwable))
    return this.#types.reference(classType(context.classOfEntry(catchTypeIndex)))
  }

  /** Brings a frame to a place where paths can meet. */
  #arrive(offset: number, subroutine: Subroutine | undefined, frame: Frame): void {
    const { budget } = this.#method
    const key = keyOf(offset, subroutine)
    const known = this.#frames.get(key)
    const unionWork = this.#types.workDone
    budget.left -= frame.locals.length + frame.stack.length
    if (!known) {
      this.#frames.set(key, frame.copy())
    } else {
      try {
        if (!known.merge(frame, this.#types)) return
      } catch (error) {
        this.#report(offset, error)
        return
      } finally {
        budget.left -= this.#types.workDone - unionWork
      }
    }
    if (this.#isPending.has(key)) return
    this.#isPending.add(key)
    this.#pending.push({ offset, subroutine })
  }

  #call(decoded: DecodedInstruction, caller: Subroutine | undefined, frame: Frame): void {
    const entry = decoded.targets[0]!
    for (let active = caller; active; active = active.caller) {
      if (active.entry === entry) refuse('return-address', 'a subroutine calls itself')
    }
    const key = `${decoded.offset} ${caller?.number ?? 0}`
    let subroutine = this.#subroutines.get(key)
    if (!subroutine) {
      subroutine = { number: this.#subroutines.size + 1, site: decoded.offset, entry, caller }
      this.#subroutines.set(key, subroutine)
    }
    this.#arrive(entry, subroutine, frame)
  }

  #return(decoded: DecodedInstruction, subroutine: Subroutine | undefined, frame: Frame): void {
    const local = decoded.operands[0]!
    const word = frame.local(local)
    if (word.kind !== 'returnAddress') refuse('return-address', `local ${local} holds no return address`)
    const left = new Set<number>()
    let active = subroutine
    for (; active && active.site !== word.site; active = active.caller) left.add(active.site)
    if (!active) refuse('return-address', 'the subroutine of the return address is not active')
    frame.forgetReturnAddresses(left.add(active.site))
    const { instructions, endOffset } = this.#method.code
    const back = instructions.get(word.site)!.nextOffset
    if (back >= endOffset) refuse('code-falls-off', 'the subroutine returns behind the method')
    this.#arrive(back, active.caller, frame)
  }
}

function keyOf(offset: number, subroutine: Subroutine | undefined): number {
  return offset + (subroutine?.number ?? 0) * 0x10000
}
