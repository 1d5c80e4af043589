import { concatBytes, emitTlv } from '@gridcard/bytes'
import { TerminalError } from '../errors.ts'

/** A signature of the load file's hash, and the domain that is to check it. */
export interface DapBlock {
  readonly domainAid: Uint8Array
  readonly signature: Uint8Array
}

/** DAP blocks, then the load file data block in C4. @source GPC 2.3.1 table 11-58 */
export function emitLoadFile(dataBlock: Uint8Array, dapBlocks: readonly DapBlock[] = []): Uint8Array {
  const daps = dapBlocks.map(({ domainAid, signature }) =>
    emitTlv(0xe2, concatBytes(emitTlv(0x4f, domainAid), emitTlv(0xc3, signature))),
  )
  return concatBytes(...daps, emitTlv(0xc4, dataBlock))
}

/** @throws TerminalError `TERMINAL_GP_BAD_INPUT`: LOAD numbers its blocks with one byte */
export function splitIntoBlocks(loadFile: Uint8Array, blockBytes: number): Uint8Array[] {
  const count = Math.ceil(loadFile.length / blockBytes)
  if (count > 256) {
    throw new TerminalError(
      'TERMINAL_GP_BAD_INPUT',
      `a load file of ${loadFile.length} bytes needs ${count} blocks of ${blockBytes}; there are 256`,
    )
  }
  return Array.from({ length: count }, (_, index) => loadFile.slice(index * blockBytes, (index + 1) * blockBytes))
}
