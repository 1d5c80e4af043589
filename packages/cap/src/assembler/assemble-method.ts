import { concatBytes } from '@gridcard/bytes'
import { emitMethodHeader } from '../capfile/method-component.ts'
import { parseCode } from './code-text.ts'
import { emitCode, layOutCode, type OperandResolver } from './emit-code.ts'
import { numberOf, refuse, TokenCursor, tokenLines } from './tokens.ts'

export interface MethodFrame {
  /** Operand stack in words; 15 by default, the most a short header holds. */
  readonly maxStack?: number
  /** Local words beyond the arguments; 0 by default. */
  readonly maxLocals?: number
  /** Argument words, `this` included; 0 by default. */
  readonly nargs?: number
}

/** Without a package there are no names, only `#n`. */
const indicesOnly: OperandResolver = {
  constantIndex({ name: { text, line } }) {
    if (!text.startsWith('#')) refuse('CAP_ASM_UNKNOWN_NAME', `constant pool index #n expected, not ${text}`, line)
    return numberOf({ text: text.slice(1), line }, 'constant pool index')
  },
  interfaceMethodToken({ text, line }) {
    return numberOf({ text: text.slice(text.lastIndexOf('.') + 1), line }, 'interface method token')
  },
}

/**
 * One method, header and byte code, from assembler text: `assembleMethod('sconst_1 sconst_0 sdiv sreturn')`. Labels work;
 * constants are named by index (`getstatic_s #3`, `invokeinterface 1 #2.5`).
 *
 * @throws AssemblerError
 */
export function assembleMethod(text: string, frame: MethodFrame = {}): Uint8Array {
  const code = parseCode(new TokenCursor(tokenLines(text).flat(), 1))
  const bytes = emitCode(code, layOutCode(code), indicesOnly)
  const { maxStack = 15, maxLocals = 0, nargs = 0 } = frame
  return concatBytes(emitMethodHeader({ flags: 0, maxStack, maxLocals, nargs }), bytes)
}
