import type { DataBlock } from '../apdu/fields.ts'
import { DlmsError } from '../errors.ts'

/** Largest header before the data of a SET or ACTION block: tag, choice, invoke id, last-block, number, length. */
const HEADER_BYTES = 1 + 1 + 1 + 1 + 4 + 3

/**
 * One block of a SET or ACTION request.
 *
 * @param blockNumber from 1; even no data at all is one block
 * @param room octets of an APDU
 * @param namedBytes of what the first request names besides its block; all blocks leave room for it
 * @throws DlmsError `DLMS_LIMIT_EXCEEDED` where no octet of data would fit
 * @source Green Book ed. 8 §9.3.7, §9.3.8
 */
export function requestBlock(rawData: Uint8Array, blockNumber: number, room: number, namedBytes: number): DataBlock {
  const blockBytes = room - HEADER_BYTES - namedBytes
  if (blockBytes < 1) throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'no room for a block')
  const end = blockNumber * blockBytes
  return { lastBlock: end >= rawData.length, blockNumber, rawData: rawData.slice(end - blockBytes, end) }
}
