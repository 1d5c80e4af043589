import type { ByteReader } from '@gridcard/bytes'
import { TerminalError } from '../errors.ts'

export interface IntegrityFlags {
  /** A mismatch was found once and nobody has acknowledged it. */
  readonly hasAlarm: boolean
  /** A mismatch was found since the boot. */
  readonly hasMismatch: boolean
  readonly isOnTrial: boolean
  readonly isStarted: boolean
  /** The previous release runs. */
  readonly isFallback: boolean
}

export interface IntegrityCounters {
  readonly boots: number
  /** Checks that found everything as it was measured, since the boot. */
  readonly checks: number
  readonly mismatches: number
  readonly events: number
  /** Of the responsible party's last order or authorisation. */
  readonly lastOrder: bigint
}

export type IntegrityLifeCycle = 'personalising' | 'operational'
export const lifeCycleOf = (code: number): IntegrityLifeCycle => (code === 2 ? 'operational' : 'personalising')

export const flagsOf = (bits: number): IntegrityFlags => ({
  hasAlarm: (bits & 1) !== 0,
  hasMismatch: (bits & 2) !== 0,
  isOnTrial: (bits & 4) !== 0,
  isStarted: (bits & 8) !== 0,
  isFallback: (bits & 16) !== 0,
})

export function readCounters(reader: ByteReader): IntegrityCounters {
  return {
    boots: reader.u32(),
    checks: reader.u32(),
    mismatches: reader.u16(),
    events: reader.u32(),
    lastOrder: (BigInt(reader.u32()) << 32n) | BigInt(reader.u32()),
  }
}

export function requireLength(bytes: Uint8Array, lengthBytes: number): Uint8Array {
  if (bytes.length === lengthBytes) return bytes
  throw new TerminalError('TERMINAL_BAD_COMMAND', `expected ${lengthBytes} bytes, got ${bytes.length}`)
}
