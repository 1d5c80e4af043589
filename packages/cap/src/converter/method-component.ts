import { concatBytes } from '@gridcard/bytes'
import {
  type ExceptionHandler,
  METHOD_BLOCK_SPAN,
  METHOD_FLAGS,
  type MethodComponent,
  type ReferenceLocationComponent,
} from '../capfile/cap-file.ts'
import { emitHandlers, emitMethodHeader, joinBlocks, parseMethodComponent } from '../capfile/method-component.ts'
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
/** What a block, in compact format the whole component, can hold: offsets have 16 bits, the count of handlers eight. */
const MOST_BLOCK_BYTES = 0xffff
const MOST_HANDLERS = 0xff
/** @source JCVM 3.1 §6.10 method_component_block_count */
const MOST_BLOCKS = 127

/**
 * Methods in the order given, in extended format in as few blocks as that allows.
 * @source JCVM 3.1 §6.10, §6.12
 */
export function buildMethods(
  methods: readonly SelectedMethod[],
  format: 'compact' | 'extended',
  findings: Findings,
): BuiltMethods {
  const laidOut = methods.map((one) => layOutMethod(one, findings))
  checkMethodSizes(laidOut, findings)
  const blocks = format === 'compact' ? [laidOut] : splitIntoBlocks(laidOut)
  if (format === 'compact') checkOneBlock(laidOut, findings)
  else checkBlocks(blocks, findings)
  findings.throwIfAny()
  const places = new Map<JavaMethod, PlacedMethod>()
  const built: BuiltBlock[] = []
  let handlerCount = 0
  for (const [i, block] of blocks.entries()) {
    const one = buildBlock(block, i * METHOD_BLOCK_SPAN, handlerCount, places)
    built.push(one)
    handlerCount += one.handlerCount
  }
  return {
    component: format === 'compact' ? parseMethodComponent(built[0]!.info) : joinBlocks(built.map(({ info }) => info)),
    referenceLocation: {
      byteIndexOffsets: built.flatMap((one) => one.byteIndexOffsets),
      byte2IndexOffsets: built.flatMap((one) => one.byte2IndexOffsets),
    },
    place: (method) => places.get(method),
  }
}

interface BuiltBlock {
  readonly info: Uint8Array
  readonly handlerCount: number
  /** From the start of the component as `MethodComponent.info` has it, ascending. */
  readonly byteIndexOffsets: readonly number[]
  readonly byte2IndexOffsets: readonly number[]
}

/** @param start of the block; offsets in its handlers count from there, all others from the start of the component */
function buildBlock(
  methods: readonly LaidOutMethod[],
  start: number,
  handlersBefore: number,
  places: Map<JavaMethod, PlacedMethod>,
): BuiltBlock {
  const handlers: ExceptionHandler[] = []
  const byteIndexOffsets: number[] = []
  const byte2IndexOffsets: number[] = []
  let offset = start + 1 + HANDLER_BYTES * methods.reduce((sum, one) => sum + one.handlers.length, 0)
  for (const { selected, layout, header, handlers: own } of methods) {
    const bytecodeSizeBytes = layout?.code.length ?? 0
    const codeOffset = offset + header.length
    const handlerIndex = own.length === 0 ? 0 : handlersBefore + handlers.length
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
      if (handler.catchTypeIndex !== 0) byte2IndexOffsets.push(start + 1 + HANDLER_BYTES * handlers.length + 6)
      handlers.push({
        ...handler,
        startOffset: handler.startOffset + codeOffset - start,
        handlerOffset: handler.handlerOffset + codeOffset - start,
      })
    }
    for (const operand of layout?.constantPoolOperands ?? []) {
      const locations = operand.sizeBytes === 1 ? byteIndexOffsets : byte2IndexOffsets
      locations.push(codeOffset + operand.offset)
    }
    offset = codeOffset + bytecodeSizeBytes
  }
  byte2IndexOffsets.sort((a, b) => a - b)
  const bodies = methods.map(({ header, layout }) => concatBytes(header, layout?.code ?? new Uint8Array()))
  const info = concatBytes(emitHandlers(handlers), ...bodies)
  return { info, handlerCount: handlers.length, byteIndexOffsets, byte2IndexOffsets }
}

function checkMethodSizes(methods: readonly LaidOutMethod[], findings: Findings): void {
  for (const { selected, layout } of methods) {
    if ((layout?.code.length ?? 0) > LARGEST_METHOD_BYTES) {
      findings.add(selected, 'the method is longer than 32767 bytes of byte code', 'split the method')
    }
  }
  findings.throwIfAny()
}

/** Bytes of a method in its block, its handlers included. */
function sizeOf({ header, layout, handlers }: LaidOutMethod): number {
  return header.length + (layout?.code.length ?? 0) + HANDLER_BYTES * handlers.length
}

function splitIntoBlocks(methods: readonly LaidOutMethod[]): LaidOutMethod[][] {
  const blocks: LaidOutMethod[][] = [[]]
  let [size, handlers] = [1, 0]
  for (const one of methods) {
    size += sizeOf(one)
    handlers += one.handlers.length
    if (size > MOST_BLOCK_BYTES || handlers > MOST_HANDLERS) {
      blocks.push([])
      size = 1 + sizeOf(one)
      handlers = one.handlers.length
    }
    blocks.at(-1)!.push(one)
  }
  return blocks
}

const TOO_LARGE = 'split it, or build an extended CAP file, which cards from Java Card 3.1 on take'

function checkOneBlock(methods: readonly LaidOutMethod[], findings: Findings): void {
  const last = methods.at(-1)?.selected
  const handlers = methods.reduce((sum, one) => sum + one.handlers.length, 0)
  if (last && handlers > MOST_HANDLERS) {
    const message = `the package has ${handlers} exception handlers, a CAP file holds 255`
    findings.add({ class: last.class }, message, TOO_LARGE)
  }
  const sizeBytes = methods.reduce((sum, one) => sum + sizeOf(one), 1)
  if (last && sizeBytes > MOST_BLOCK_BYTES) {
    const message = `the package has ${sizeBytes} bytes of methods, a CAP file holds 65535`
    findings.add({ class: last.class }, message, TOO_LARGE)
  }
}

function checkBlocks(blocks: readonly (readonly LaidOutMethod[])[], findings: Findings): void {
  for (const { selected, handlers } of blocks.flat()) {
    if (handlers.length <= MOST_HANDLERS) continue
    findings.add(selected, `the method has ${handlers.length} exception handlers, at most 255 go`, 'split the method')
  }
  const last = blocks.at(-1)?.at(-1)?.selected
  if (!last || blocks.length <= MOST_BLOCKS) return
  const message = `the methods take ${blocks.length} blocks of 64 KiB, an extended CAP file holds ${MOST_BLOCKS}`
  findings.add({ class: last.class }, message, 'split it')
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
