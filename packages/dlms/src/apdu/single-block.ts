import { emitXdlms } from './apdu.ts'
import type { GeneralBlockTransfer } from './general-block-transfer.ts'

/** Tag, control, both numbers and the longest length field. */
export const blockOverheadBytes = 1 + 1 + 2 + 2 + 3
/** One block of a transfer with a window of one. */
export function blockOf(
  block: Pick<GeneralBlockTransfer, 'lastBlock' | 'blockNumber' | 'blockNumberAck' | 'blockData'>,
): Uint8Array {
  return emitXdlms({ kind: 'general-block-transfer', streaming: false, window: 1, ...block })
}
