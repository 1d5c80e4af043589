import { concatBytes } from '@gridcard/bytes'
import {
  type ExceptionHandler,
  METHOD_FLAGS,
  type MethodComponent,
  type ReferenceLocationComponent,
} from '../capfile/cap-file.ts'
import { emitMethodHeader, joinMethods } from '../capfile/method-component.ts'
import type { CardInstruction } from './card-instruction.ts'
import { type CodeLayout, LARGEST_METHOD_BYTES, layOutCode } from './code-layout.ts'
import type { Findings } from './findings.ts'
import type { VariablePlace } from './local-slots.ts'
import type { JavaClass, JavaMethod, JavaVariable } from './program.ts'
import { callWords } from './select-instructions.ts'
import { localWordsOf, maxStackOf } from './stack-depth.ts'

/** A method of the package with its instructions chosen; without instructions it is abstract. */
export interface SelectedMethod {
  readonly class: JavaClass
  readonly method: JavaMethod
  readonly instructions?: readonly CardInstruction[]
  readonly handlers: readonly SelectedHandler[]
  /** Of each declared variable of the code; absent when all stand where the class file has them. */
  readonly variablePlace?: (variable: JavaVariable) => VariablePlace
}

/** Ranges in instructions of the class file; earlier handlers win. */
export interface SelectedHandler {
  readonly startPc: number
  readonly endPc: number
  readonly handlerPc: number
  /** Constant pool index of the class; 0 catches everything. */
  readonly catchTypeIndex: number
}

/** Where a method stands in Method, for Descriptor and for references. */
export interface PlacedMethod {
  readonly offset: number
  readonly codeOffset: number
  readonly bytecodeSizeBytes: number
  readonly handlerIndex: number
  readonly handlerCount: number
  /** Where each instruction comes from; offsets count from the first one. Empty for abstract methods. */
  readonly instructions: readonly { readonly pc: number; readonly offset: number }[]
  readonly variablePlace?: (variable: JavaVariable) => VariablePlace
  /** Offset of the first instruction made from `pc` or later; the length of the code when there is none. */
  offsetOf(pc: number): number
}

export interface BuiltMethods {
  readonly component: MethodComponent
  readonly referenceLocation: ReferenceLocationComponent
  place(method: JavaMethod): PlacedMethod | undefined
}

interface LaidOutMethod {
  readonly selected: SelectedMethod
  readonly layout: CodeLayout | undefined
  readonly header: Uint8Array
  /** Offsets still counted from the first byte of the code. */
  readonly handlers: readonly ExceptionHandler[]
}

const HANDLER_BYTES = 8

/** @source JCVM 3.1 §6.10, §6.12 */
export function buildMethods(methods: readonly SelectedMethod[], findings: Findings): BuiltMethods {
  const laidOut = methods.map((one) => layOutMethod(one, findings))
  const handlerCount = laidOut.reduce((sum, one) => sum + one.handlers.length, 0)
  const places = new Map<JavaMethod, PlacedMethod>()
  const handlers: ExceptionHandler[] = []
  const byteIndexOffsets: number[] = []
  const byte2IndexOffsets: number[] = []
  let offset = 1 + HANDLER_BYTES * handlerCount
  for (const { selected, layout, header, handlers: own } of laidOut) {
    const bytecodeSizeBytes = layout?.code.length ?? 0
    const codeOffset = offset + header.length
    const handlerIndex = own.length === 0 ? 0 : handlers.length
    places.set(selected.method, {
      offset,
      codeOffset,
      bytecodeSizeBytes,
      handlerIndex,
      handlerCount: own.length,
      instructions: (selected.instructions ?? []).map(({ pc }, i) => ({ pc, offset: layout!.offsets[i]! })),
      ...(selected.variablePlace && { variablePlace: selected.variablePlace }),
      offsetOf: (pc) => layout?.offsetOf(pc) ?? 0,
    })
    for (const handler of own) {
      if (handler.catchTypeIndex !== 0) byte2IndexOffsets.push(1 + HANDLER_BYTES * handlers.length + 6)
      handlers.push({
        ...handler,
        startOffset: handler.startOffset + codeOffset,
        handlerOffset: handler.handlerOffset + codeOffset,
      })
    }
    for (const operand of layout?.constantPoolOperands ?? []) {
      const locations = operand.sizeBytes === 1 ? byteIndexOffsets : byte2IndexOffsets
      locations.push(codeOffset + operand.offset)
    }
    offset = codeOffset + bytecodeSizeBytes
  }
  checkLimits(laidOut, handlerCount, offset, findings)
  byte2IndexOffsets.sort((a, b) => a - b)
  const bodies = laidOut.map(({ header, layout }) => concatBytes(header, layout?.code ?? new Uint8Array()))
  return {
    component: joinMethods(handlers, bodies),
    referenceLocation: { byteIndexOffsets, byte2IndexOffsets },
    place: (method) => places.get(method),
  }
}

function checkLimits(methods: readonly LaidOutMethod[], handlers: number, sizeBytes: number, findings: Findings): void {
  for (const { selected, layout } of methods) {
    if ((layout?.code.length ?? 0) > LARGEST_METHOD_BYTES) {
      findings.add(selected, 'the method is longer than 32767 bytes of byte code', 'split the method')
    }
  }
  const last = methods.at(-1)?.selected
  if (last && handlers > 0xff) {
    findings.add(
      { class: last.class },
      `the package has ${handlers} exception handlers, a CAP file holds 255`,
      'split it',
    )
  }
  if (last && sizeBytes > 0xffff) {
    findings.add(
      { class: last.class },
      `the package has ${sizeBytes} bytes of methods, a CAP file holds 65535`,
      'split it',
    )
  }
  findings.throwIfAny()
}

function layOutMethod(selected: SelectedMethod, findings: Findings): LaidOutMethod {
  const { method, instructions } = selected
  const nargs = callWords(method.descriptor)[0] + (method.isStatic ? 0 : 1)
  if (!instructions) {
    const header = emitMethodHeader({ flags: METHOD_FLAGS.ACC_ABSTRACT, maxStack: 0, nargs, maxLocals: 0 })
    return { selected, layout: undefined, header, handlers: [] }
  }
  const layout = layOutCode(instructions)
  const maxStack = maxStackOf(
    instructions,
    selected.handlers.map((one) => one.handlerPc),
  )
  const maxLocals = localWordsOf(instructions, nargs) - nargs
  for (const [what, words] of [
    ['operand stack words', maxStack],
    ['local variables', maxLocals],
  ] as const) {
    if (words > 0xff) findings.add(selected, `needs ${words} ${what}, a card has 255`, 'split the method')
  }
  findings.throwIfAny()
  const header = emitMethodHeader({ flags: 0, maxStack, nargs, maxLocals })
  return { selected, layout, header, handlers: layOutHandlers(selected, layout, findings) }
}

/** In the order of their handler code, as the format wants it, which must not change which handler wins. */
function layOutHandlers(selected: SelectedMethod, layout: CodeLayout, findings: Findings): ExceptionHandler[] {
  const inSearchOrder = selected.handlers
    .map((one) => ({
      startOffset: layout.offsetOf(one.startPc),
      endOffset: layout.offsetOf(one.endPc),
      handlerOffset: layout.offsetOf(one.handlerPc),
      catchTypeIndex: one.catchTypeIndex,
    }))
    .filter((one) => one.startOffset < one.endOffset)
  const sorted = inSearchOrder.toSorted((a, b) => a.handlerOffset - b.handlerOffset)
  type Range = { readonly startOffset: number; readonly endOffset: number }
  const overlap = (a: Range, b: Range): boolean => a.startOffset < b.endOffset && b.startOffset < a.endOffset
  const changed = sorted.some((one, i) =>
    sorted
      .slice(i + 1)
      .some((later) => overlap(one, later) && inSearchOrder.indexOf(later) < inSearchOrder.indexOf(one)),
  )
  if (changed) {
    findings.add(
      selected,
      'an outer exception handler stands before an inner one',
      'put the inner try in its own method',
    )
  }
  return sorted.map((one, i) => ({
    startOffset: one.startOffset,
    activeLengthBytes: one.endOffset - one.startOffset,
    stop: !sorted.slice(i + 1).some((later) => overlap(one, later)),
    handlerOffset: one.handlerOffset,
    catchTypeIndex: one.catchTypeIndex,
  }))
}
