import { type CapFile, CLASS_FLAGS } from '../capfile/cap-file.ts'
import { blockOf, firstMethodOffset } from '../capfile/method-component.ts'
import { CapFormatError } from '../errors.ts'
import { decodeMethod, decodeMethods, type MethodCode, traceMethod } from '../instructions/method-code.ts'
import type { ApiNames } from './api-names.ts'
import { ReferenceWords } from './reference-words.ts'

/** A package with the labels its text will have. */
export interface LabelledPackage {
  readonly cap: CapFile
  readonly names: ApiNames
  readonly words: ReferenceWords
  /** undefined: Method can only be shown as bytes. */
  readonly methods: readonly MethodCode[] | undefined
  readonly areClassesShown: boolean
}

/** Gives every class, interface and method its label. */
export function labelPackage(cap: CapFile, names: ApiNames): LabelledPackage {
  const areClassesShown = [...cap.classes.interfaces, ...cap.classes.classes].every((one) => {
    return !(one.flags & CLASS_FLAGS.ACC_REMOTE)
  })
  const classLabels = new Map<number, string>()
  if (areClassesShown) {
    for (const [i, one] of cap.classes.interfaces.entries()) classLabels.set(one.offset, `interface${i}`)
    for (const [i, one] of cap.classes.classes.entries()) classLabels.set(one.offset, `class${i}`)
  }
  const methods = showableMethods(cap)
  const methodLabels = new Map((methods ?? []).map(({ header }, i) => [header.offset, `method${i}`]))
  const words = new ReferenceWords({ cap, names, classLabels, methodLabels })
  return { cap, names, words, methods, areClassesShown }
}

/** All methods, if every handler has its place in them; bytes between them are shown as such. */
function showableMethods(cap: CapFile): MethodCode[] | undefined {
  const methods = tryDecoding(() => withUnnamedMethods(decodeMethods(cap), cap).map((one) => withDeadCode(one, cap)))
  const handlers = methods?.flatMap((one) => one.handlers)
  const isComplete = handlers?.length === cap.methods.handlers.length
  const isInOrder = handlers?.every((one, i) => one === cap.methods.handlers[i])
  const areShowable = methods?.every(areRangesOnInstructions)
  return isComplete && isInOrder && areShowable ? methods : undefined
}

/** Handlers are shown by labels, which stand before instructions or at the end. */
function areRangesOnInstructions({ instructions, handlers, endOffset }: MethodCode): boolean {
  const places = new Set([endOffset, ...instructions.map((one) => one.offset)])
  return handlers.every(({ startOffset, activeLengthBytes }) => {
    return places.has(startOffset) && places.has(startOffset + activeLengthBytes)
  })
}

/**
 * Without a Descriptor, methods that nothing names lie between the others: what looks like one behind the end of another
 * is shown as one. A wrong guess (dead code) is ugly, but still the same bytes.
 */
function withUnnamedMethods(named: readonly MethodCode[], cap: CapFile): MethodCode[] {
  if (cap.descriptor) return [...named]
  const all: MethodCode[] = []
  let at = firstMethodOffset(cap.methods)
  for (const next of [...named, undefined]) {
    const end = Math.min(next?.header.offset ?? cap.methods.info.length, blockOf(cap.methods, at).end)
    while (at < end) {
      const found = tryDecoding(() => traceMethod(cap.methods, at, end))
      if (!found) break
      all.push(found)
      at = found.endOffset
    }
    if (next) all.push(next)
    at = next?.endOffset ?? at
  }
  return all
}

/** Tracing leaves holes where nothing can run; a text needs those bytes too. */
function withDeadCode(method: MethodCode, cap: CapFile): MethodCode {
  const { header, endOffset, instructions } = method
  let at = header.codeOffset
  const isWhole = instructions.every(({ offset, nextOffset }) => {
    const isNext = offset === at
    at = nextOffset
    return isNext
  })
  return isWhole ? method : decodeMethod(cap.methods, header.offset, endOffset - header.codeOffset)
}

function tryDecoding<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (cause) {
    if (cause instanceof CapFormatError) return undefined
    throw cause
  }
}
