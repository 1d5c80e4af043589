import { ARRAY_TYPES, type DecodedInstruction } from '@gridcard/cap'
import { ELEMENT } from '../memory/handle-entry.ts'
import { linkError } from './link-error.ts'
import {
  type LinkedClass,
  type LinkedHandler,
  type LinkedMethod,
  type LinkedPackage,
  RETURNS_UNKNOWN,
} from './linked-package.ts'
import { type DecodedMethod, localOf } from './method-decoder.ts'
import { callSite, methodHeader, OPERATION, type OperationName, word } from './prepared-code.ts'
import type { References } from './references.ts'
import { guardStack, type StackEffect } from './stack-heights.ts'

const MAX_CODE_WORDS = 1 << 22
const ELEMENT_BY_ATYPE: Readonly<Record<number, number>> = {
  [ARRAY_TYPES.boolean]: ELEMENT.boolean,
  [ARRAY_TYPES.byte]: ELEMENT.byte,
  [ARRAY_TYPES.short]: ELEMENT.short,
  [ARRAY_TYPES.int]: ELEMENT.int,
}

/** Instructions that become another one of the same meaning; the operand keeps its place. */
const SAME_AS: Readonly<Record<string, OperationName>> = {
  aload: 'sload',
  astore: 'sstore',
  areturn: 'sreturn',
  ifnull: 'ifeq',
  ifnonnull: 'ifne',
  if_acmpeq: 'if_scmpeq',
  if_acmpne: 'if_scmpne',
  getstatic_a: 'getstatic_s',
  getfield_a: 'getfield_s',
  getfield_b: 'getfield_s',
  getfield_a_this: 'getfield_s_this',
  getfield_b_this: 'getfield_s_this',
}

interface CallShape {
  readonly nargs: number
  readonly returnWords: number
}

/** Writes the prepared code of one package, method after method. */
export class CodeEmitter {
  readonly #name: string
  readonly #references: References
  readonly #code: number[] = []
  readonly #capOffsets: number[] = []
  readonly #classReferences: LinkedClass[] = []
  readonly #externalMethods: LinkedMethod[] = []
  readonly #externalStatics: LinkedPackage[] = []
  readonly #handlers: LinkedHandler[] = []
  /** Words that hold, in their upper 24 bits or whole, the place of a method that may not be written yet. */
  readonly #methodFixups: { at: number; method: LinkedMethod }[] = []
  readonly #owner: LinkedPackage
  readonly #staticImageBytes: number

  constructor(owner: LinkedPackage, references: References, staticImageBytes: number) {
    this.#owner = owner
    this.#name = owner.name
    this.#references = references
    this.#staticImageBytes = staticImageBytes
  }

  emitMethod(method: DecodedMethod, linked: LinkedMethod): void {
    if (method.isAbstract) return
    const { returnWords } = linked
    this.#push(methodHeader(method.nargs, method.locals, method.maxStack, returnWords), method.offset)
    linked.entry = this.#code.length
    const guards = guardStack(method, (decoded) => this.#effectOf(decoded))
    const wordAt = new Map<number, number>()
    const fixups: { at: number; target: number; isWhole: boolean }[] = []
    const returnPoints = method.instructions
      .filter((one) => one.instruction.mnemonic === 'jsr')
      .map((one) => one.nextOffset)
    for (const decoded of method.instructions) {
      wordAt.set(decoded.offset, this.#code.length)
      const guard = guards.get(decoded.offset)
      if (guard) this.#pushGuard(guard.least, guard.greatest, decoded.offset)
      this.#emit(decoded, (target, isWhole) => fixups.push({ at: this.#code.length, target, isWhole }), returnPoints)
    }
    for (const { at, target, isWhole } of fixups) {
      const place = wordAt.get(target)!
      this.#code[at] = isWhole ? place : this.#code[at]! | (place << 8)
    }
    this.#emitHandlers(method, wordAt)
    if (this.#code.length > MAX_CODE_WORDS) throw linkError('CARD_LINK_TOO_LARGE', this.#name, 'too much code')
  }

  finish() {
    for (const { at, method } of this.#methodFixups) this.#code[at] = this.#code[at]! | (method.entry << 8)
    return {
      code: Int32Array.from(this.#code),
      capOffsets: Int32Array.from(this.#capOffsets),
      handlers: this.#handlers,
      classReferences: this.#classReferences,
      externalMethods: this.#externalMethods,
      externalStatics: this.#externalStatics,
    }
  }

  #push(value: number, capOffset: number): void {
    this.#code.push(value | 0)
    this.#capOffsets.push(capOffset)
  }

  #pushGuard(least: number, greatest: number, capOffset: number): void {
    const isPossible = least <= greatest && least <= 0xff
    // 255 above 0 is no height at all: the guard always stops.
    const range = isPossible ? least | (greatest << 8) : 0xff
    this.#push(word(OPERATION.stack_guard, range), capOffset)
  }

  #emitHandlers(method: DecodedMethod, wordAt: ReadonlyMap<number, number>): void {
    const lowerBound = (offset: number): number => {
      const next = method.instructions.find((one) => one.offset >= offset)
      return next === undefined ? this.#code.length : wordAt.get(next.offset)!
    }
    for (const one of method.handlers) {
      const catchType =
        one.catchTypeIndex === 0 ? undefined : this.#references.classAt(one.catchTypeIndex, one.startOffset)
      this.#handlers.push({
        start: lowerBound(one.startOffset),
        end: lowerBound(one.startOffset + one.activeLengthBytes),
        stop: one.stop,
        target: wordAt.get(one.handlerOffset)!,
        catchType,
      })
    }
  }

  // ---- stack effects

  #effectOf(decoded: DecodedInstruction): StackEffect {
    const { instruction, operands } = decoded
    if (instruction.wordsIn !== undefined && instruction.wordsOut !== undefined) {
      return { pops: instruction.wordsIn, pushes: instruction.wordsOut, isExact: true }
    }
    const high = operands[0]! >> 4
    const low = operands[0]! & 0x0f
    if (instruction.mnemonic === 'dup_x') {
      const depth = Math.max(high, low)
      return { pops: depth, pushes: depth + high, isExact: true }
    }
    if (instruction.mnemonic === 'swap_x') return { pops: high + low, pushes: high + low, isExact: true }
    const { nargs, returnWords } = this.#callShape(decoded)
    const isExact = returnWords !== RETURNS_UNKNOWN
    return { pops: nargs, pushes: isExact ? returnWords : 2, isExact }
  }

  #callShape({ instruction, operands, offset }: DecodedInstruction): CallShape {
    switch (instruction.mnemonic) {
      case 'invokestatic':
        return this.#references.staticMethod(operands[0]!, offset)
      case 'invokespecial':
        return this.#specialMethod(operands[0]!, offset)
      case 'invokevirtual':
        return this.#references.virtualMethod(operands[0]!, offset).method
      default: {
        const [nargs, index, token] = operands as [number, number, number]
        const interfaceClass = this.#references.classAt(index, offset)
        return { nargs, returnWords: interfaceClass.interfaceReturnWords[token] ?? RETURNS_UNKNOWN }
      }
    }
  }

  #specialMethod(index: number, offset: number): LinkedMethod {
    const { kind } = this.#references.entry(index, ['staticMethod', 'superMethod'], offset)
    return kind === 'superMethod'
      ? this.#references.superMethod(index, offset)
      : this.#references.staticMethod(index, offset)
  }

  // ---- code

  #emit(
    decoded: DecodedInstruction,
    branch: (target: number, isWhole: boolean) => void,
    returnPoints: readonly number[],
  ): void {
    const { instruction, operands, offset } = decoded
    const { mnemonic } = instruction
    const push = (value: number) => this.#push(value, offset)
    const operand = operands[0] ?? 0
    // The narrow and the wide form, and the four short forms, differ only in how the operand is written.
    const base = mnemonic.replace(/_w(_this)?$/, '$1').replace(/^([asi](?:load|store|const))_(?:[0-5]|m1|null)$/, '$1')
    const operation = OPERATION[(SAME_AS[base] ?? base) as OperationName]
    switch (base) {
      case 'aconst':
      case 'sconst':
      case 'iconst': {
        const name = mnemonic.slice(mnemonic.indexOf('_') + 1)
        const value = name === 'null' ? 0 : name === 'm1' ? -1 : Number(name)
        if (base === 'iconst') this.#pushInt(value, offset)
        else push(word(OPERATION.sspush, value))
        break
      }
      case 'bspush':
      case 'sspush':
        push(word(OPERATION.sspush, operand))
        break
      case 'bipush':
      case 'sipush':
      case 'iipush':
        this.#pushInt(operand, offset)
        break
      case 'sinc':
      case 'iinc':
        push(word(operation, operand | (operands[1]! << 8)))
        break
      case 'ret':
        push(word(operation, operand))
        push(returnPoints.length)
        for (const point of returnPoints) {
          branch(point, true)
          push(0)
        }
        break
      case 'aload':
      case 'sload':
      case 'iload':
      case 'astore':
      case 'sstore':
      case 'istore':
        push(word(operation, localOf(decoded)!))
        break
      case 'dup_x':
      case 'swap_x':
        this.#requireNibbles(base, operand, offset)
        push(word(operation, operand))
        break
      case 'jsr':
        branch(decoded.targets[0]!, false)
        push(word(operation, 0))
        push(returnPoints.indexOf(decoded.nextOffset))
        break
      case 'invokestatic':
      case 'invokespecial':
        this.#emitDirectCall(decoded)
        break
      case 'invokevirtual':
        this.#emitVirtualCall(decoded)
        break
      case 'invokeinterface':
        this.#emitInterfaceCall(decoded)
        break
      case 'new':
      case 'anewarray':
        push(word(operation, this.#classReference(operand, offset, base === 'new')))
        break
      case 'newarray':
        push(word(operation, this.#elementKind(operand, offset)))
        break
      case 'checkcast':
      case 'instanceof':
        this.#emitTypeTest(decoded, operation)
        break
      default:
        if (instruction.switch !== undefined) this.#emitSwitch(decoded, operation, branch)
        else if (base.includes('static_')) this.#emitStatic(decoded, operation, base)
        else if (base.includes('field_')) {
          const sizeBytes = Math.max(2, sizeOfField(base)) // a byte takes a cell
          push(word(operation, this.#references.fieldOffset(operand, sizeBytes, offset)))
        } else {
          if (decoded.targets.length > 0) branch(decoded.targets[0]!, false)
          push(word(operation, 0))
        }
    }
  }

  #pushInt(value: number, offset: number): void {
    this.#push(word(OPERATION.iipush, 0), offset)
    this.#push(value, offset)
  }

  /** m is 1..4 and n 0 or m..m+4; for swap_x both are 1 or 2. @source JCVM 3.1 §7.5 dup_x, swap_x */
  #requireNibbles(mnemonic: string, operand: number, offset: number): void {
    const m = operand >> 4
    const n = operand & 0x0f
    const isValid =
      mnemonic === 'dup_x'
        ? m >= 1 && m <= 4 && (n === 0 || (n >= m && n <= m + 4))
        : m >= 1 && m <= 2 && n >= 1 && n <= 2
    if (!isValid) throw linkError('CARD_LINK_BAD_CODE', this.#name, `${mnemonic} with ${m} and ${n}`, offset)
  }

  #emitDirectCall({ instruction, operands, offset }: DecodedInstruction): void {
    const isStatic = instruction.mnemonic === 'invokestatic'
    const method = isStatic
      ? this.#references.staticMethod(operands[0]!, offset)
      : this.#specialMethod(operands[0]!, offset)
    if (!isStatic && method.nargs < 1) {
      throw linkError('CARD_LINK_BAD_CODE', this.#name, 'invokespecial of a method without this', offset)
    }
    if (method.native !== undefined && method.isNativeStatic !== isStatic) {
      throw linkError('CARD_LINK_BAD_CODE', this.#name, `${instruction.mnemonic} of ${method.name}`, offset)
    }
    if (method.package === this.#owner && method.native === undefined) {
      if (method.entry === ABSTRACT_ENTRY) {
        throw linkError('CARD_LINK_BAD_CODE', this.#name, 'direct call of an abstract method', offset)
      }
      this.#methodFixups.push({ at: this.#code.length, method })
      this.#push(word(isStatic ? OPERATION.invokestatic : OPERATION.invokespecial, 0), offset)
    } else {
      const operation = isStatic ? OPERATION.invokestatic_external : OPERATION.invokespecial_external
      this.#push(word(operation, indexIn(this.#externalMethods, method)), offset)
    }
  }

  #emitVirtualCall({ operands, offset }: DecodedInstruction): void {
    const { method, token, isPackageVisible } = this.#references.virtualMethod(operands[0]!, offset)
    if (method.nargs < 1) {
      throw linkError('CARD_LINK_BAD_CODE', this.#name, 'invokevirtual of a method without this', offset)
    }
    const operation = isPackageVisible ? OPERATION.invokevirtual_package : OPERATION.invokevirtual
    this.#push(word(operation, callSite(token, method.nargs, method.returnWords)), offset)
  }

  #emitInterfaceCall(decoded: DecodedInstruction): void {
    const [nargs, index, token] = decoded.operands as [number, number, number]
    const { offset } = decoded
    const interfaceClass = this.#references.classAt(index, offset)
    if (!interfaceClass.isInterface || nargs < 1) {
      throw linkError('CARD_LINK_BAD_CODE', this.#name, 'invokeinterface without an interface', offset)
    }
    this.#push(word(OPERATION.invokeinterface, indexIn(this.#classReferences, interfaceClass)), offset)
    this.#push(callSite(token, nargs, this.#callShape(decoded).returnWords), offset)
  }

  #classReference(index: number, offset: number, isNew: boolean): number {
    const found = this.#references.classAt(index, offset)
    if (isNew && found.isInterface) {
      throw linkError('CARD_LINK_BAD_CODE', this.#name, 'new of an interface', offset)
    }
    return indexIn(this.#classReferences, found)
  }

  #elementKind(atype: number, offset: number): number {
    const kind = ELEMENT_BY_ATYPE[atype]
    if (kind === undefined) throw linkError('CARD_LINK_BAD_CODE', this.#name, `array type ${atype}`, offset)
    return kind
  }

  #emitTypeTest({ operands, offset }: DecodedInstruction, operation: number): void {
    const [atype, index] = operands as [number, number]
    const namesClass = atype === ARRAY_TYPES.classOrInterface || atype === ARRAY_TYPES.reference
    if (!namesClass) this.#elementKind(atype, offset)
    const reference = namesClass ? this.#classReference(index, offset, false) : 0
    this.#push(word(operation, atype | (reference << 8)), offset)
  }

  #emitStatic({ operands, offset }: DecodedInstruction, operation: number, base: string): void {
    const field = this.#references.staticField(operands[0]!, offset)
    if ('handle' in field) {
      if (base !== 'getstatic_a') throw linkError('CARD_LINK_BAD_CODE', this.#name, `${base} of a final field`, offset)
      this.#push(word(OPERATION.sspush, field.handle), offset)
      return
    }
    const sizeBytes = sizeOfField(base)
    const { imageOffset, from } = field
    if (from === undefined) {
      if (imageOffset + sizeBytes > this.#staticImageBytes) {
        throw linkError('CARD_LINK_FIELD_MISSING', this.#name, `static field at ${imageOffset}`, offset)
      }
      this.#push(word(operation, imageOffset), offset)
    } else {
      const external = indexIn(this.#externalStatics, from)
      this.#push(word(OPERATION.static_external, operation | (external << 8)), offset)
      this.#push(imageOffset, offset)
    }
  }

  #emitSwitch(
    { instruction, operands, targets, matches, offset }: DecodedInstruction,
    operation: number,
    branch: (target: number, isWhole: boolean) => void,
  ): void {
    const target = (to: number) => {
      branch(to, true)
      this.#push(0, offset)
    }
    this.#push(word(operation, 0), offset)
    const [otherwise, ...cases] = targets as [number, ...number[]]
    target(otherwise)
    if (instruction.switch?.form === 'table') {
      this.#push(operands[1]!, offset)
      this.#push(operands[2]!, offset)
      for (const to of cases) target(to)
      return
    }
    this.#push(cases.length, offset)
    for (const [i, to] of cases.entries()) {
      this.#push(matches![i]!, offset)
      target(to)
    }
  }
}

/** `entry` of an abstract method of the package being linked. */
export const ABSTRACT_ENTRY = -2

/** By the type letter in the name: getstatic_b, putfield_i_this. */
function sizeOfField(base: string): number {
  const letter = /_([absi])(?:_|$)/.exec(base)?.[1]
  return letter === 'b' ? 1 : letter === 'i' ? 4 : 2
}

function indexIn<T>(list: T[], item: T): number {
  const index = list.indexOf(item)
  return index >= 0 ? index : list.push(item) - 1
}
