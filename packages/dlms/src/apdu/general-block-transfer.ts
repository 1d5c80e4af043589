import type { ByteReader, ByteWriter } from '@gridcard/bytes'
import { DlmsError } from '../errors.ts'
import { readOctets, writeOctets } from './fields.ts'

/** A piece of any APDU, or an acknowledgement, or both. @source Green Book ed. 8 §9.3.5 */
export interface GeneralBlockTransfer {
  readonly kind: 'general-block-transfer'
  readonly lastBlock: boolean
  /** More blocks of this window follow. */
  readonly streaming: boolean
  /** Blocks that the sender of this one can take in a row, 0..63; 0 for none. */
  readonly window: number
  readonly blockNumber: number
  readonly blockNumberAck: number
  readonly blockData: Uint8Array
}

const LAST_BLOCK = 0x80
const STREAMING = 0x40

/** After the tag. @source Green Book ed. 8 §9.5 (General-Block-Transfer) */
export function readGeneralBlockTransfer(reader: ByteReader): GeneralBlockTransfer {
  const control = reader.u8()
  return {
    kind: 'general-block-transfer',
    lastBlock: (control & LAST_BLOCK) !== 0,
    streaming: (control & STREAMING) !== 0,
    window: control & 0x3f,
    blockNumber: reader.u16(),
    blockNumberAck: reader.u16(),
    blockData: readOctets(reader),
  }
}

export function writeGeneralBlockTransfer(writer: ByteWriter, block: GeneralBlockTransfer): void {
  if (!Number.isInteger(block.window) || block.window < 0 || block.window > 0x3f) {
    throw new DlmsError('DLMS_NOT_REPRESENTABLE', 'a window of general block transfer is 0..63')
  }
  writer.u8((block.lastBlock ? LAST_BLOCK : 0) | (block.streaming ? STREAMING : 0) | block.window)
  writeOctets(writer.u16(block.blockNumber).u16(block.blockNumberAck), block.blockData)
}
