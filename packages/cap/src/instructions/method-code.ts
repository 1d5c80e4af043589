import {
  type CapFile,
  type ExceptionHandler,
  METHOD_FLAGS,
  type MethodComponent,
  type MethodHeader,
} from '../capfile/cap-file.ts'
import { blockOf, readMethodHeader } from '../capfile/method-component.ts'
import { CapFormatError } from '../errors.ts'
import { type DecodedInstruction, decodeInstruction, decodeInstructions } from './decode-instruction.ts'

/** One method in the Method component. */
export interface MethodCode {
  readonly header: MethodHeader
  /** First byte behind its byte code; equal to `header.codeOffset` for abstract methods. */
  readonly endOffset: number
  /** In order of offset. */
  readonly instructions: readonly DecodedInstruction[]
  /** Handlers that cover some of its instructions, in search order. */
  readonly handlers: readonly ExceptionHandler[]
}

function badJump(offsetBytes: number): CapFormatError {
  return new CapFormatError('CAP_BAD_INSTRUCTION', `no instruction of this method begins at ${offsetBytes}`, {
    component: 'Method',
    offsetBytes,
  })
}

function isAbstract(header: MethodHeader): boolean {
  return (header.flags & METHOD_FLAGS.ACC_ABSTRACT) !== 0
}

function covers(handler: ExceptionHandler, pc: number): boolean {
  return pc >= handler.startOffset && pc < handler.startOffset + handler.activeLengthBytes
}

/**
 * Follows the byte code of one method from its entry over branches, fall-through and handlers. This needs no Descriptor,
 * so it is the way of a card: code that nothing can reach stays unseen.
 *
 * @param limitOffset where the next method begins, if that is known; the end of its block by default
 * @throws CapFormatError `CAP_BAD_METHOD`; `CAP_BAD_INSTRUCTION`, also for jumps into an instruction or off the method
 */
export function traceMethod(
  methods: MethodComponent,
  methodOffset: number,
  limitOffset = blockOf(methods, methodOffset).end,
): MethodCode {
  const header = readMethodHeader(methods, methodOffset)
  if (isAbstract(header)) return { header, endOffset: header.codeOffset, instructions: [], handlers: [] }
  const reached = new Map<number, DecodedInstruction>()
  // Bytes already part of an instruction: overlapping code is refused at once, so the work stays linear.
  const taken = new Uint8Array(Math.max(0, limitOffset - header.codeOffset))
  const handlers = new Set<ExceptionHandler>()
  const pending = [header.codeOffset]
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (reached.has(at)) continue
    const index = at - header.codeOffset
    if (taken[index] !== 0) throw badJump(at)
    const decoded = decodeInstruction(methods.info, at, limitOffset)
    const nextIndex = decoded.nextOffset - header.codeOffset
    if (taken.subarray(index, nextIndex).includes(1)) throw badJump(at)
    taken.fill(1, index, nextIndex)
    reached.set(at, decoded)
    pending.push(...decoded.targets)
    if (!decoded.instruction.endsFlow) pending.push(decoded.nextOffset)
    for (const handler of methods.handlers) {
      if (!covers(handler, at) || handlers.has(handler)) continue
      handlers.add(handler)
      pending.push(handler.handlerOffset)
    }
  }
  const instructions = [...reached.values()].sort((a, b) => a.offset - b.offset)
  const endOffset = instructions.at(-1)!.nextOffset
  return { header, endOffset, instructions, handlers: methods.handlers.filter((one) => handlers.has(one)) }
}

/**
 * Decodes the byte code of one method of known length, front to back, dead code included; every jump and every handler
 * has to land on one of its instructions.
 *
 * @param bytecodeSizeBytes without the header, as Descriptor has it
 * @throws CapFormatError `CAP_BAD_METHOD`, `CAP_BAD_INSTRUCTION`
 */
export function decodeMethod(methods: MethodComponent, methodOffset: number, bytecodeSizeBytes: number): MethodCode {
  const header = readMethodHeader(methods, methodOffset)
  const endOffset = header.codeOffset + bytecodeSizeBytes
  if (endOffset > blockOf(methods, methodOffset).end || isAbstract(header) !== (bytecodeSizeBytes === 0)) {
    const message = `method at ${methodOffset} cannot have ${bytecodeSizeBytes} bytes of code`
    throw new CapFormatError('CAP_BAD_METHOD', message, { component: 'Method', offsetBytes: methodOffset })
  }
  const instructions = decodeInstructions(methods.info, header.codeOffset, endOffset)
  const starts = new Set(instructions.map((one) => one.offset))
  const require = (at: number) => {
    if (!starts.has(at)) throw badJump(at)
  }
  for (const { targets } of instructions) targets.forEach(require)
  const handlers = methods.handlers.filter((one) => one.startOffset < endOffset && one.startOffset >= header.codeOffset)
  for (const handler of handlers) {
    require(handler.startOffset)
    require(handler.handlerOffset)
    const rangeEnd = handler.startOffset + handler.activeLengthBytes
    if (rangeEnd !== endOffset) require(rangeEnd)
  }
  return { header, endOffset, instructions, handlers }
}

/**
 * All methods of a package in order of offset. With a Descriptor these are all there are; without one, those that
 * something names: applets, method tables, the constant pool and exports. No two may overlap, which also keeps the
 * work linear for hostile packages.
 *
 * @throws CapFormatError `CAP_BAD_METHOD`, `CAP_BAD_INSTRUCTION`
 */
export function decodeMethods(cap: CapFile): MethodCode[] {
  const sizes = new Map<number, number>()
  for (const one of cap.descriptor?.classes ?? []) {
    for (const { methodOffset, bytecodeSizeBytes } of one.methods) {
      if (methodOffset !== 0) sizes.set(methodOffset, bytecodeSizeBytes)
    }
  }
  return namedMethodOffsets(cap).map((offset, i, offsets) => {
    const limitOffset = Math.min(offsets[i + 1] ?? cap.methods.info.length, blockOf(cap.methods, offset).end)
    const size = sizes.get(offset)
    if (size === undefined) return traceMethod(cap.methods, offset, limitOffset)
    const { codeOffset } = readMethodHeader(cap.methods, offset)
    if (codeOffset + size <= limitOffset) return decodeMethod(cap.methods, offset, size)
    throw new CapFormatError('CAP_BAD_METHOD', `methods overlap at ${limitOffset}`, {
      component: 'Method',
      offsetBytes: limitOffset,
    })
  })
}

const INHERITED_FROM_OTHER_PACKAGE = 0xffff

/** Method offsets that any component names, ascending. */
export function namedMethodOffsets(cap: CapFile): number[] {
  const offsets = new Set<number>()
  for (const applet of cap.applet?.applets ?? []) offsets.add(applet.installMethodOffset)
  for (const one of cap.classes.classes) {
    for (const offset of [...one.publicMethodTable, ...one.packageMethodTable]) offsets.add(offset)
  }
  for (const entry of cap.constantPool) {
    if (entry.kind === 'staticMethod' && entry.method.kind === 'internal') offsets.add(entry.method.methodOffset)
  }
  for (const one of cap.export?.classes ?? []) for (const offset of one.staticMethodOffsets) offsets.add(offset)
  for (const one of cap.descriptor?.classes ?? []) for (const method of one.methods) offsets.add(method.methodOffset)
  offsets.delete(INHERITED_FROM_OTHER_PACKAGE)
  offsets.delete(0) // interface methods have no place
  return [...offsets].sort((a, b) => a - b)
}
