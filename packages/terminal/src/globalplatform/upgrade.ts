import { ByteReader, emitTlv, parseTlvs, toHex } from '@gridcard/bytes'
import { find, readAnswer } from './answers.ts'

/** P1 of MANAGE ELF UPGRADE. @source GPC Amd H 1.1 §4.1 */
export const upgradeActions = { start: 0x01, resume: 0x02, recovery: 0x03, abort: 0x04, status: 0x08 } as const
export type UpgradeAction = keyof typeof upgradeActions

/** @source GPC Amd H 1.1 table 4-6 */
export const upgradeStates = {
  0: 'no session',
  1: 'completed',
  2: 'waiting for the new load file',
  3: 'waiting to restore',
  4: 'waiting to restore: the applet failed',
  16: 'interrupted while saving',
  32: 'interrupted while cleaning up',
  48: 'interrupted while deleting',
  64: 'interrupted while installing',
  80: 'interrupted while restoring',
  96: 'interrupted while consolidating',
} as const

export interface UpgradeSession {
  readonly state: number
  readonly stateName: string
  /** The load file it is about, in hex. */
  readonly loadFile: string | undefined
}

export function upgradeStartData(loadFileAid: Uint8Array): Uint8Array {
  return emitTlv(0xa1, emitTlv(0x4f, loadFileAid))
}

/** Confirmation (length, receipt), then session information A1 with 90 and 4F. Some cards give the bare A1. */
export function parseUpgradeAnswer(data: Uint8Array): UpgradeSession {
  return readAnswer('MANAGE ELF UPGRADE', () => {
    const reader = new ByteReader(data)
    if (data[0] !== 0xa1) {
      reader.take(reader.u8())
      if (data[reader.offsetBytes] !== 0xa1) reader.u8()
    }
    const elements = parseTlvs(find(parseTlvs(reader.rest()), 0xa1) ?? new Uint8Array())
    const state = find(elements, 0x90)?.[0] ?? 0
    const loadFile = find(elements, 0x4f)
    return {
      state,
      stateName: upgradeStates[state as keyof typeof upgradeStates] ?? `state ${state}`,
      loadFile: loadFile === undefined ? undefined : toHex(loadFile),
    }
  })
}
