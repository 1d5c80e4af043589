import { ByteReader, ByteWriter } from '@gridcard/bytes'
import { TerminalError } from './errors.ts'

/** A command APDU of ISO/IEC 7816-4 §5.1. Without `data` and `ne` it is case 1. */
export interface CommandApdu {
  readonly cla: number
  readonly ins: number
  readonly p1: number
  readonly p2: number
  /** 0..65535 bytes; more than 255 makes the command extended. */
  readonly data?: Uint8Array
  /** Most bytes wanted back: 1..65536; 256 is short Le 00, more makes the command extended. */
  readonly ne?: number
}

/**
 * The shortest form that holds the command: short when Nc is at most 255 and Ne at most 256, else extended.
 * @throws TerminalError `TERMINAL_BAD_COMMAND` for sizes no form holds
 */
export function emitCommand(command: CommandApdu): Uint8Array {
  const data = command.data ?? new Uint8Array()
  const ne = command.ne ?? 0
  if (data.length > 0xffff || ne < 0 || ne > 0x10000 || !Number.isInteger(ne)) {
    throw new TerminalError('TERMINAL_BAD_COMMAND', `no APDU holds ${data.length} bytes out and ${ne} back`)
  }
  const writer = new ByteWriter().u8(command.cla).u8(command.ins).u8(command.p1).u8(command.p2)
  if (data.length > 0xff || ne > 0x100) {
    writer.u8(0) // announces the extended length fields
    if (data.length > 0) writer.u16(data.length).bytes(data)
    if (ne > 0) writer.u16(ne & 0xffff)
  } else {
    if (data.length > 0) writer.u8(data.length).bytes(data)
    if (ne > 0) writer.u8(ne & 0xff)
  }
  return writer.toBytes()
}

/**
 * Reads a command in any of the seven forms.
 * @throws TerminalError `TERMINAL_BAD_COMMAND` if the length fields and the length do not agree
 */
export function parseCommand(bytes: Uint8Array): CommandApdu {
  if (bytes.length < 4)
    throw new TerminalError('TERMINAL_BAD_COMMAND', `a command has 4 bytes or more, not ${bytes.length}`)
  const reader = new ByteReader(bytes)
  const header = { cla: reader.u8(), ins: reader.u8(), p1: reader.u8(), p2: reader.u8() }
  if (reader.isAtEnd) return header
  const first = reader.u8()
  if (reader.isAtEnd) return { ...header, ne: first || 0x100 }
  if (first !== 0) return withBody(header, reader, first, 1)
  if (reader.remaining < 2) throw disagreement(bytes)
  const second = reader.u16()
  if (reader.isAtEnd) return { ...header, ne: second || 0x10000 }
  return withBody(header, reader, second, 2)

  function withBody(head: CommandApdu, body: ByteReader, nc: number, leBytes: number): CommandApdu {
    if (nc === 0 || (body.remaining !== nc && body.remaining !== nc + leBytes)) throw disagreement(bytes)
    const data = body.take(nc)
    if (body.isAtEnd) return { ...head, data }
    return { ...head, data, ne: leBytes === 1 ? body.u8() || 0x100 : body.u16() || 0x10000 }
  }
}

function disagreement(bytes: Uint8Array): TerminalError {
  return new TerminalError('TERMINAL_BAD_COMMAND', 'length fields disagree with the length', {
    lengthBytes: bytes.length,
  })
}
