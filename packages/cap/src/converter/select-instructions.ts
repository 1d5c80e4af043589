import { type JvmType, parseMethodDescriptor } from '../classfile/descriptor.ts'
import { targetsOf } from '../classfile/jvm-code.ts'
import type { Condition, JvmInstruction, JvmOperation, StackForm } from '../classfile/jvm-instruction.ts'
import { ARRAY_TYPES } from '../instructions/instruction-table.ts'
import {
  accessLocal,
  type CardInstruction,
  type CardOperands,
  cardInstruction,
  incrementLocal,
  pushInt,
  pushShort,
} from './card-instruction.ts'
import type { FindingPlace, Findings } from './findings.ts'
import type { IntWords } from './int-words.ts'
import { type LocalSlots, localSlots } from './local-slots.ts'
import type { JavaClass, JavaCode, JavaMethod } from './program.ts'
import type { References } from './references.ts'
import { STACK_EFFECTS } from './step.ts'

export interface SelectionContext {
  readonly class: JavaClass
  readonly method: JavaMethod
  readonly code: JavaCode
  readonly references: References
  readonly findings: Findings
  /** Class file instructions that can run, in order. */
  readonly reachable: readonly JvmInstruction[]
  readonly ints: IntWords
}

/** Constant pool indices that fit the one-byte operand of the short field instructions. */
const LARGEST_BYTE_INDEX = 0xff

/** Bytes m (words moved) and n (depth) of dup_x, where no plain instruction does it. @source JCVM 3.1 §7.5 dup_x */
const STACK_INSTRUCTIONS: Readonly<Record<StackForm, readonly [mnemonic: string, nibbles?: number, out?: number]>> = {
  pop: ['pop'],
  pop2: ['pop2'],
  dup: ['dup'],
  dup2: ['dup2'],
  dup_x1: ['dup_x', 0x12, 3],
  dup_x2: ['dup_x', 0x13, 4],
  dup2_x1: ['dup_x', 0x23, 5],
  dup2_x2: ['dup_x', 0x24, 6],
  swap: ['swap_x', 0x11, 2],
}

/** Chooses Java Card instructions for one method. Ints of the class file have been shown to need no more than a short,
 * but for those that take two words. */
export function selectInstructions(context: SelectionContext): CardInstruction[] {
  return new Selector(context).run()
}

class Selector {
  readonly #context: SelectionContext
  readonly #emitted: CardInstruction[] = []
  /** Places that execution can reach other than from the instruction before. */
  readonly #labels: ReadonlySet<number>
  /** Local 0 is `this` throughout. */
  readonly #hasThis: boolean
  readonly #slots: LocalSlots

  constructor(context: SelectionContext) {
    this.#context = context
    const { code, method, reachable } = context
    this.#labels = new Set([
      ...reachable.flatMap(targetsOf),
      ...code.handlers.flatMap((one) => [one.startPc, one.endPc, one.handlerPc]),
    ])
    this.#slots = localSlots(method, reachable, context.ints)
    this.#hasThis = !method.isStatic && !reachable.some((one) => one.kind === 'store' && one.slot === 0)
  }

  run(): CardInstruction[] {
    const { reachable } = this.#context
    for (let i = 0; i < reachable.length; ) i += this.#selectIdiom(i) || this.#selectOne(reachable[i]!)
    return this.#emitted
  }

  get #ints(): IntWords {
    return this.#context.ints
  }

  #hasInt(instructions: readonly JvmInstruction[]): boolean {
    return instructions.some(({ pc }) => this.#ints.isIntResult(pc))
  }

  #emit(pc: number, mnemonic: string, given?: CardOperands): void {
    this.#emitted.push(cardInstruction(pc, mnemonic, given))
  }

  #place(pc: number): FindingPlace {
    return { class: this.#context.class, method: this.#context.method, pc }
  }

  /** The next `count` instructions if nothing jumps between them, otherwise fewer. */
  #run(first: number, count: number): readonly JvmInstruction[] {
    const run = this.#context.reachable.slice(first, first + count)
    const cut = run.findIndex((one, i) => i > 0 && (this.#labels.has(one.pc) || !follows(run[i - 1]!, one)))
    return cut < 0 ? run : run.slice(0, cut)
  }

  /** Sequences that one shorter instruction replaces. @returns how many class file instructions were used; 0 for none */
  #selectIdiom(first: number): number {
    const run = this.#run(first, 6)
    return this.#increment(run) || this.#thisField(run) || this.#nullCheck(run)
  }

  /** `s++`, `++s`, `s += 3` on a short variable: sinc, with a load before or after it when the value is used. */
  #increment(run: readonly JvmInstruction[]): number {
    const [load] = run
    if (load?.kind !== 'load' || load.type !== 'int' || load.slot > 0xff) return 0
    const usedBefore = isStack(run[1], 'dup')
    const [constant, operation, narrowing, afterNarrowing, last] = run.slice(usedBefore ? 2 : 1)
    const usedAfter = !usedBefore && isStack(afterNarrowing, 'dup')
    const store = usedAfter ? last : afterNarrowing
    if (constant?.kind !== 'push' || operation?.kind !== 'binary') return 0
    if (narrowing?.kind !== 'narrow' || narrowing.to !== 'short') return 0
    if (store?.kind !== 'store' || store.slot !== load.slot) return 0
    if (operation.operator !== 'add' && operation.operator !== 'sub') return 0
    const by = operation.operator === 'add' ? constant.value : -constant.value
    if (by < -0x8000 || by > 0x7fff || this.#hasInt([load, constant, operation, narrowing])) return 0
    if (this.#ints.isIntStored(store.pc) || this.#ints.isIntLocal(load.pc, load.slot)) return 0
    const slot = this.#slots.of(load.slot, false)
    const loaded = accessLocal(load.pc, 'sload', slot)
    const incremented = incrementLocal(load.pc, slot, by)
    if (usedBefore) this.#emitted.push(loaded)
    this.#emitted.push(incremented)
    if (usedAfter) this.#emitted.push(loaded)
    return usedBefore || usedAfter ? 6 : 5
  }

  /** A field of `this`: the instruction takes the object from local 0. */
  #thisField(run: readonly JvmInstruction[]): number {
    const [self, second, third] = run
    if (!this.#hasThis || self?.kind !== 'load' || self.type !== 'reference' || self.slot !== 0) return 0
    if (second?.kind === 'getField' && !second.isStatic) {
      if (!this.#accessThis(self.pc, 'getfield', second)) return 0
      this.#adjustResult(second.pc, second.member.descriptor === 'I')
      return 2
    }
    if (third?.kind !== 'putField' || third.isStatic || !isSimplePush(second)) return 0
    const before = this.#emitted.length
    this.#selectOne(second)
    this.#adjustTop(third.pc, third.member.descriptor === 'I', third.member.descriptor)
    if (this.#accessThis(self.pc, 'putfield', third)) return 3
    this.#emitted.length = before
    return 0
  }

  #accessThis(pc: number, verb: string, access: JvmOperation & { kind: 'getField' | 'putField'; pc: number }): boolean {
    const form = this.#context.references.field(access.member, false, this.#place(access.pc))
    const suffix = this.#typeSuffix(access.member.descriptor, access.pc)
    if (form?.kind !== 'instance' || form.index > LARGEST_BYTE_INDEX) return false
    this.#emit(pc, `${verb}_${suffix}_this`, { operands: [form.index] })
    return true
  }

  /**
   * Compilers check the outer object of `outer.new Inner()` by calling a method that a card does not have and dropping
   * its result.
   */
  #nullCheck(run: readonly JvmInstruction[]): number {
    const [call, pop, next] = run
    if (call?.kind !== 'invoke' || !isStack(pop, 'pop') || !next) return 0
    const { owner, name } = call.member
    const isCheck =
      (owner === 'java/util/Objects' &&
        name === 'requireNonNull' &&
        call.member.descriptor.startsWith('(Ljava/lang/Object;)')) ||
      (owner === 'java/lang/Object' && name === 'getClass')
    if (!isCheck) return 0
    this.#emit(call.pc, 'ifnonnull', { targets: [next.pc] })
    this.#emit(call.pc, 'aconst_null')
    this.#emit(call.pc, 'athrow')
    return 2
  }

  /** What is left as one word where two are wanted, or the other way round, is made what is wanted while it is on top. */
  #adjustResult(pc: number, isInt: boolean): void {
    const wanted = this.#ints.isIntResult(pc)
    if (wanted !== isInt) this.#emit(pc, wanted ? 's2i' : 'i2s')
  }

  /** The same for a value that an instruction takes from the top. @param descriptor of its type; references stay */
  #adjustTop(pc: number, wantsInt: boolean, descriptor: string): void {
    if (/^[L[]/.test(descriptor)) return
    const isInt = this.#ints.isIntOnStack(pc, 0)
    if (isInt !== wantsInt) this.#emit(pc, wantsInt ? 's2i' : 'i2s')
  }

  /** Below the top nothing can be changed. */
  #requireShort(pc: number, depth: number, what: string): void {
    if (depth === 0) this.#adjustTop(pc, false, 'S')
    else if (this.#ints.isIntOnStack(pc, depth)) {
      this.#context.findings.add(this.#place(pc), `${what} is an int used elsewhere too`, 'cast it to short first')
    }
  }

  /** @returns 1, the number of class file instructions used */
  #selectOne(instruction: JvmInstruction): number {
    const { pc } = instruction
    const type = this.#ints.isIntOperation(pc) ? 'i' : 's'
    switch (instruction.kind) {
      case 'nop':
      case 'unsupported':
        break
      case 'push':
        this.#emitted.push(this.#pushed(pc, instruction.value))
        break
      case 'pushNull':
        this.#emit(pc, 'aconst_null')
        break
      case 'load':
        this.#load(instruction)
        break
      case 'store':
        this.#store(instruction)
        break
      case 'increment': {
        const isInt = this.#ints.isIntLocal(pc, instruction.slot)
        this.#emitted.push(incrementLocal(pc, this.#slot(instruction, isInt), instruction.by, isInt ? 'i' : 's'))
        break
      }
      case 'arrayLoad': {
        const prefix = this.#elementPrefix(instruction)
        this.#requireShort(pc, 0, 'the index')
        this.#emit(pc, `${prefix}aload`)
        if (prefix !== 'a') this.#adjustResult(pc, prefix === 'i')
        break
      }
      case 'arrayStore': {
        const prefix = this.#elementPrefix(instruction)
        this.#requireShort(pc, 1, 'the index')
        if (prefix !== 'a') this.#adjustTop(pc, prefix === 'i', 'S')
        this.#emit(pc, `${prefix}astore`)
        break
      }
      case 'stack':
        this.#rearrange(instruction)
        break
      case 'binary':
        this.#emit(pc, `${type}${instruction.operator}`)
        this.#adjustResult(pc, type === 'i')
        break
      case 'negate':
        this.#emit(pc, `${type}neg`)
        this.#adjustResult(pc, type === 'i')
        break
      case 'narrow':
        if (this.#ints.isIntOnStack(pc, 0)) this.#emit(pc, instruction.to === 'byte' ? 'i2b' : 'i2s')
        else if (instruction.to === 'byte') this.#emit(pc, 's2b')
        this.#adjustResult(pc, false)
        break
      case 'branch':
        this.#branch(instruction)
        break
      case 'goto':
        this.#emit(pc, 'goto', { targets: [instruction.target] })
        break
      case 'switch':
        this.#switch(instruction)
        break
      case 'return':
        this.#return(instruction)
        break
      case 'getField':
      case 'putField':
        this.#field(instruction)
        break
      case 'invoke':
        this.#invoke(instruction)
        break
      case 'new':
        this.#emit(pc, 'new', {
          operands: [this.#context.references.classIndex(instruction.className, this.#place(pc))],
        })
        break
      case 'newPrimitiveArray':
        this.#newPrimitiveArray(instruction)
        break
      case 'newReferenceArray':
        this.#requireShort(pc, 0, 'the size')
        this.#emit(pc, 'anewarray', {
          operands: [this.#context.references.elementIndex(instruction.element, this.#place(pc))],
        })
        break
      case 'arrayLength':
        this.#emit(pc, 'arraylength')
        this.#adjustResult(pc, false)
        break
      case 'throw':
        this.#emit(pc, 'athrow')
        break
      case 'checkCast':
      case 'instanceOf':
        this.#emit(pc, instruction.kind === 'checkCast' ? 'checkcast' : 'instanceof', {
          operands: this.#context.references.castOperands(instruction.type, this.#place(pc)),
        })
        if (instruction.kind === 'instanceOf') this.#adjustResult(pc, false)
        break
    }
    return 1
  }

  #pushed(pc: number, value: number): CardInstruction {
    return this.#ints.isIntResult(pc) ? pushInt(pc, value) : pushShort(pc, (value << 16) >> 16)
  }

  #load(instruction: JvmOperation & { kind: 'load' | 'store'; pc: number }): void {
    const { pc, slot, type } = instruction
    if (type === 'reference') {
      this.#emitted.push(accessLocal(pc, 'aload', this.#slot(instruction, false)))
      return
    }
    const isInt = this.#ints.isIntLocal(pc, slot)
    this.#emitted.push(accessLocal(pc, isInt ? 'iload' : 'sload', this.#slot(instruction, isInt)))
    this.#adjustResult(pc, isInt)
  }

  #store(instruction: JvmOperation & { kind: 'load' | 'store'; pc: number }): void {
    const { pc, type } = instruction
    const isInt = type === 'int' && this.#ints.isIntStored(pc)
    if (type === 'int') this.#adjustTop(pc, isInt, 'S')
    const mnemonic = type === 'int' ? (isInt ? 'istore' : 'sstore') : 'astore'
    this.#emitted.push(accessLocal(pc, mnemonic, this.#slot(instruction, isInt)))
  }

  #return({ type, pc }: JvmOperation & { kind: 'return'; pc: number }): void {
    const isInt = type === 'int' && this.#context.method.signature.returns.kind === 'int'
    if (type === 'int') this.#adjustTop(pc, isInt, 'S')
    this.#emit(pc, isInt ? 'ireturn' : { int: 'sreturn', reference: 'areturn', void: 'return' }[type])
  }

  /** Ints are compared with each other, then the outcome with zero. */
  #branch(instruction: JvmOperation & { kind: 'branch'; pc: number }): void {
    const { pc, target } = instruction
    if (!this.#ints.isIntOperation(pc)) {
      this.#emit(pc, branchMnemonic(instruction), { targets: [target] })
      return
    }
    if (instruction.comparand === 'zero') this.#emit(pc, 'iconst_0')
    this.#emit(pc, 'icmp')
    this.#emit(pc, `if${instruction.condition}`, { targets: [target] })
  }

  #slot(instruction: { readonly slot: number; readonly pc: number }, isInt: boolean): number {
    const slot = this.#slots.of(instruction.slot, isInt)
    if (slot <= (isInt ? 0xfe : 0xff)) return slot
    this.#context.findings.add(this.#place(instruction.pc), 'uses more than 256 local variables', 'split the method')
    return 0
  }

  #elementPrefix(instruction: JvmOperation & { kind: 'arrayLoad' | 'arrayStore'; pc: number }): string {
    if (instruction.element === 'int' && this.#ints.isSupported) return 'i'
    if (instruction.element === 'int') {
      this.#context.findings.add(this.#place(instruction.pc), 'uses an array of int', 'use byte[] or short[]')
    }
    return { reference: 'a', byte: 'b', short: 's', int: 's' }[instruction.element]
  }

  #rearrange(instruction: JvmOperation & { kind: 'stack'; pc: number }): void {
    if (this.#ints.any) {
      this.#rearrangeWords(instruction)
      return
    }
    const [mnemonic, nibbles, wordsOut] = STACK_INSTRUCTIONS[instruction.form]
    if (nibbles === undefined) {
      this.#emit(instruction.pc, mnemonic)
      return
    }
    const wordsIn = mnemonic === 'swap_x' ? 2 : nibbles & 15
    this.#emit(instruction.pc, mnemonic, { operands: [nibbles], wordsIn, wordsOut: wordsOut! })
  }

  /** The same where some of the values may take two words. */
  #rearrangeWords({ form, pc }: JvmOperation & { kind: 'stack'; pc: number }): void {
    const { takes } = STACK_EFFECTS[form]
    const words = Array.from({ length: takes }, (_, depth) => (this.#ints.isIntOnStack(pc, depth) ? 2 : 1))
    const sum = (from: number, to: number): number => words.slice(from, to).reduce((a, b) => a + b, 0)
    if (form === 'pop' || form === 'pop2') {
      for (const one of words) this.#emit(pc, one === 2 ? 'pop2' : 'pop')
      return
    }
    const moved = form.startsWith('dup2') ? 2 : 1
    const m = sum(0, moved)
    if (form === 'swap') {
      this.#emit(pc, 'swap_x', { operands: [(m << 4) | words[1]!], wordsIn: sum(0, 2), wordsOut: sum(0, 2) })
    } else if (takes === moved && m <= 2) {
      this.#emit(pc, m === 1 ? 'dup' : 'dup2')
    } else {
      const n = takes === moved ? 0 : sum(0, takes)
      this.#emit(pc, 'dup_x', { operands: [(m << 4) | n], wordsIn: sum(0, takes), wordsOut: sum(0, takes) + m })
    }
  }

  /** Cases that a short cannot have never match and are left out. */
  #switch(instruction: JvmOperation & { kind: 'switch'; pc: number }): void {
    const { pc, defaultTarget } = instruction
    const isInt = this.#ints.isIntOperation(pc)
    const type = isInt ? 'i' : 's'
    const cases = instruction.cases.filter((one) => isInt || (one.match >= -0x8000 && one.match <= 0x7fff))
    const targets = [defaultTarget, ...cases.map((one) => one.target)]
    if (instruction.form === 'table' && cases.length > 0) {
      const operands = [cases[0]!.match, cases.at(-1)!.match]
      this.#emit(pc, `${type}tableswitch`, { operands, targets })
    } else {
      this.#emit(pc, `${type}lookupswitch`, {
        operands: [cases.length],
        targets,
        matches: cases.map((one) => one.match),
      })
    }
  }

  #field(instruction: JvmOperation & { kind: 'getField' | 'putField'; pc: number }): void {
    const { pc, member, isStatic } = instruction
    const suffix = this.#typeSuffix(member.descriptor, pc)
    const form = this.#context.references.field(member, isStatic, this.#place(pc))
    if (!form) return
    if (form.kind === 'constant') {
      this.#emitted.push(this.#pushed(pc, form.value))
      return
    }
    const verb = instruction.kind === 'getField' ? 'get' : 'put'
    const place = form.kind === 'static' ? 'static' : 'field'
    const wide = form.kind === 'instance' && form.index > LARGEST_BYTE_INDEX ? '_w' : ''
    if (verb === 'put') this.#adjustTop(pc, suffix === 'i', member.descriptor)
    this.#emit(pc, `${verb}${place}_${suffix}${wide}`, { operands: [form.index] })
    if (verb === 'get' && suffix !== 'a') this.#adjustResult(pc, suffix === 'i')
  }

  #typeSuffix(descriptor: string, pc: number): string {
    switch (descriptor[0]) {
      case 'Z':
      case 'B':
        return 'b'
      case 'S':
        return 's'
      case 'L':
      case '[':
        return 'a'
    }
    if (descriptor === 'I' && this.#ints.isSupported) return 'i'
    this.#context.findings.add(this.#place(pc), 'uses a field of a type that cards do not have', 'make it a short')
    return 's'
  }

  #invoke(instruction: JvmOperation & { kind: 'invoke'; pc: number }): void {
    const { pc, member, mode } = instruction
    const form = this.#context.references.call(mode, member, this.#place(pc))
    if (!form) return
    const { parameters, returns } = parseMethodDescriptor(member.descriptor)
    if (!this.#ints.isSupported && [...parameters, returns].some((one) => one.kind === 'int')) {
      this.#context.findings.add(
        this.#place(pc),
        `calls ${member.name}, which has an int`,
        'build for cards with int (--int)',
      )
    }
    parameters.toReversed().forEach((one, depth) => {
      const isShort = one.kind === 'short' || one.kind === 'byte' || one.kind === 'boolean'
      if (isShort) this.#requireShort(pc, depth, `argument ${parameters.length - depth}`)
    })
    const [argumentWords, returnWords] = callWords(member.descriptor)
    const wordsIn = argumentWords + (mode === 'static' ? 0 : 1)
    const operands =
      form.mnemonic === 'invokeinterface' ? [wordsIn, form.index, form.interfaceToken ?? 0] : [form.index]
    this.#emit(pc, form.mnemonic, { operands, wordsIn, wordsOut: returnWords })
    if (returns.kind !== 'void' && returns.kind !== 'class' && returns.kind !== 'array') {
      this.#adjustResult(pc, returns.kind === 'int')
    }
  }

  #newPrimitiveArray(instruction: JvmOperation & { kind: 'newPrimitiveArray'; pc: number }): void {
    const { element, pc } = instruction
    this.#requireShort(pc, 0, 'the size')
    const isKnown = element === 'boolean' || element === 'byte' || element === 'short'
    if (isKnown || (element === 'int' && this.#ints.isSupported)) {
      this.#emit(pc, 'newarray', { operands: [ARRAY_TYPES[element]] })
    } else {
      this.#context.findings.addMissing(this.#place(pc), element, `uses an array of ${element}`)
    }
  }
}

function follows(before: JvmInstruction, after: JvmInstruction): boolean {
  return before.pc + before.lengthBytes === after.pc
}

function isStack(instruction: JvmInstruction | undefined, form: StackForm): boolean {
  return instruction?.kind === 'stack' && instruction.form === form
}

/** One instruction that only pushes a value. */
function isSimplePush(instruction: JvmInstruction | undefined): instruction is JvmInstruction {
  return instruction?.kind === 'push' || instruction?.kind === 'pushNull' || instruction?.kind === 'load'
}

const REFERENCE_CONDITIONS: Partial<Readonly<Record<Condition, string>>> = { eq: 'null', ne: 'nonnull' }

function branchMnemonic(branch: JvmOperation & { kind: 'branch' }): string {
  const { condition, type, comparand } = branch
  if (comparand === 'stack') return `if_${type === 'int' ? 's' : 'a'}cmp${condition}`
  return `if${type === 'int' ? condition : REFERENCE_CONDITIONS[condition]}`
}

/** Words of the arguments without the receiver, and of the result. */
export function callWords(descriptor: string): readonly [argumentWords: number, returnWords: number] {
  const { parameters, returns } = parseMethodDescriptor(descriptor)
  return [parameters.reduce((sum, one) => sum + wordsOf(one), 0), returns.kind === 'void' ? 0 : wordsOf(returns)]
}

function wordsOf(type: JvmType): number {
  return type.kind === 'int' ? 2 : 1
}
