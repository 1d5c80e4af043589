import { GridcardError } from '@gridcard/bytes'
import { type CapFile, type DecodedInstruction, type ExceptionHandler, METHOD_FLAGS, traceMethod } from '@gridcard/cap'
import { linkError } from './link-error.ts'
import { RETURNS_UNKNOWN } from './linked-package.ts'

export interface DecodedMethod {
  readonly offset: number
  readonly nargs: number
  /** Arguments included. */
  readonly locals: number
  readonly maxStack: number
  readonly isAbstract: boolean
  /** Everything that control can reach, ascending. */
  readonly instructions: readonly DecodedInstruction[]
  readonly handlers: readonly ExceptionHandler[]
  readonly returnWords: number
}

const RETURN_WORDS = { void: 0, short: 1, reference: 1, int: 2 } as const

/**
 * The instructions of a method, found by following control from its first byte: Descriptor need not have been sent to
 * the card. What an engine relies on and does not look at again is checked here.
 *
 * @throws CardError `CARD_LINK_BAD_CODE`: code that is no code, a local that the frame does not have, a lookup switch
 *   out of order, returns of different sizes
 */
export function decodeMethod(cap: CapFile, packageName: string, offset: number): DecodedMethod {
  const { header, instructions, handlers } = trace(cap, packageName, offset)
  const { nargs, maxStack } = header
  const locals = nargs + header.maxLocals
  const isAbstract = (header.flags & METHOD_FLAGS.ACC_ABSTRACT) !== 0
  const refuse = (message: string, at: number): never => {
    throw linkError('CARD_LINK_BAD_CODE', packageName, message, at)
  }
  if (handlers.length > 0 && maxStack < 1) refuse('an exception handler needs a word of stack', offset)
  let returnWords: number = RETURNS_UNKNOWN
  for (const decoded of instructions) {
    const { instruction, matches } = decoded
    const local = localOf(decoded)
    if (local !== undefined && local + wordsOfLocal(decoded) > locals)
      refuse(`local ${local} of ${locals}`, decoded.offset)
    if (matches?.some((match, i) => i > 0 && matches[i - 1]! >= match)) refuse('a switch out of order', decoded.offset)
    if (instruction.returns === undefined) continue
    const words = RETURN_WORDS[instruction.returns]
    if (returnWords !== RETURNS_UNKNOWN && returnWords !== words) refuse('returns of different sizes', decoded.offset)
    returnWords = words
  }
  return { offset, nargs, locals, maxStack, isAbstract, instructions, handlers, returnWords }
}

function trace(cap: CapFile, packageName: string, offset: number) {
  try {
    return traceMethod(cap.methods, offset)
  } catch (cause) {
    if (!(cause instanceof GridcardError)) throw cause
    const error = linkError('CARD_LINK_BAD_CODE', packageName, cause.message, offset)
    error.cause = cause
    throw error
  }
}

const LOCAL_IN_NAME = /^[asi](?:load|store)_([0-3])$/

/** The local an instruction names, in its operand or in its own name. */
export function localOf({ instruction, operands }: DecodedInstruction): number | undefined {
  const named = LOCAL_IN_NAME.exec(instruction.mnemonic)
  if (named) return Number(named[1])
  const index = instruction.operands.findIndex((operand) => operand.kind === 'local')
  if (index >= 0) return operands[index]!
  return instruction.mnemonic.endsWith('_this') ? 0 : undefined
}

function wordsOfLocal({ instruction }: DecodedInstruction): number {
  return /^(iload|istore|iinc)/.test(instruction.mnemonic) ? 2 : 1
}
