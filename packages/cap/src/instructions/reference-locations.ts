import { type ExceptionHandler, METHOD_BLOCK_SPAN, type ReferenceLocationComponent } from '../capfile/cap-file.ts'
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
  const counts = new Map<number, number>()
  for (const handler of handlers) {
    const block = handler.startOffset - (handler.startOffset % METHOD_BLOCK_SPAN)
    const i = counts.get(block) ?? 0
    counts.set(block, i + 1)
    if (handler.catchTypeIndex !== 0) byte2IndexOffsets.push(block + CATCH_TYPE_OFFSET + HANDLER_SIZE_BYTES * i)
  }
  for (const decoded of instructions) {
    const operand = constantPoolOperand(decoded)
    if (operand) (operand.sizeBytes === 1 ? byteIndexOffsets : byte2IndexOffsets).push(operand.offset)
  }
  // Handlers of a later block stand behind the code of an earlier one.
  return { byteIndexOffsets, byte2IndexOffsets: byte2IndexOffsets.sort((a, b) => a - b) }
}
