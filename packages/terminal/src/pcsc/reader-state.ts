import { NAME_BYTES } from './message-table.ts'

/** Size of the state array, always; names of free entries are empty. */
export const STATE_ENTRIES = 16
export const STATE_ENTRY_BYTES = 184

/** Bits of a reader's state. @source pcsc-lite `winscard.h` */
export const stateBits = {
  absent: 0x02,
  present: 0x04,
  mute: 0x08,
  powered: 0x10,
  negotiable: 0x20,
  specific: 0x40,
} as const

/** `sharing` of a reader that one connection has to itself. */
export const EXCLUSIVE = -1

export interface ReaderState {
  readonly name: string
  /** +1 at each insertion and removal, never 0: clients do not compare a counter of 0. */
  readonly eventCounter: number
  readonly bits: number
  /** Number of connections, or `EXCLUSIVE`. */
  readonly sharing: number
  /** 0 to 33 bytes. */
  readonly atr: Uint8Array
  readonly protocol: number
}

const ATR_OFFSET = 140
const utf8 = new TextEncoder()

/** The array that clients list readers from and compare with what they know. */
export function emitReaderStates(states: readonly (ReaderState | undefined)[]): Uint8Array {
  const bytes = new Uint8Array(STATE_ENTRIES * STATE_ENTRY_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [i, state] of states.entries()) {
    if (state === undefined) continue
    const at = i * STATE_ENTRY_BYTES
    bytes.set(emitReaderName(state.name).subarray(0, NAME_BYTES - 1), at)
    view.setUint32(at + 128, state.eventCounter, true)
    view.setUint32(at + 132, state.bits, true)
    view.setInt32(at + 136, state.sharing, true)
    bytes.set(state.atr, at + ATR_OFFSET)
    view.setUint32(at + 176, state.atr.length, true)
    view.setUint32(at + 180, state.protocol, true)
  }
  return bytes
}

/** UTF-8, without the NUL. */
export function emitReaderName(name: string): Uint8Array {
  return utf8.encode(name)
}

/** Up to the first NUL; what is no UTF-8 becomes replacement characters and so names no reader. */
export function parseReaderName(field: Uint8Array): string {
  const end = field.indexOf(0)
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end))
}
