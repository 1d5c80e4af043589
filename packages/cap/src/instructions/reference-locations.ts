import type { ExceptionHandler, ReferenceLocationComponent } from '../capfile/cap-file.ts'
import { constantPoolOperand, type DecodedInstruction } from './decode-instruction.ts'

const HANDLER_SIZE_BYTES = 8
/** catch_type_index inside a handler, behind the handler count. */
const CATCH_TYPE_OFFSET = 1 + 6

/**
 * ReferenceLocation of a Method component: every constant pool index that counts, in the handlers and in the given
 * instructions (in order of offset).
 * @source JCVM 3.1 §6.12; equal to what converters write in all real files seen
 */
export function createReferenceLocation(
  handlers: readonly ExceptionHandler[],
  instructions: Iterable<DecodedInstruction>,
): ReferenceLocationComponent {
  const byteIndexOffsets: number[] = []
  const byte2IndexOffsets: number[] = []
  handlers.forEach((handler, i) => {
    if (handler.catchTypeIndex !== 0) byte2IndexOffsets.push(CATCH_TYPE_OFFSET + HANDLER_SIZE_BYTES * i)
  })
  for (const decoded of instructions) {
    const operand = constantPoolOperand(decoded)
    if (operand) (operand.sizeBytes === 1 ? byteIndexOffsets : byte2IndexOffsets).push(operand.offset)
  }
  return { byteIndexOffsets, byte2IndexOffsets }
}
