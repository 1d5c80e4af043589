import { TerminalError } from '../errors.ts'

/** What protects the messages of a session: bits of P1 of EXTERNAL AUTHENTICATE. @source GPC 2.3.1 §10.6, Amd D §7.1.2.1 */
export const securityLevels = { cMac: 0x01, cDecryption: 0x02, rMac: 0x10, rEncryption: 0x20 } as const

/** By the names people use, each with all that it needs. */
export const namedSecurityLevels = {
  clear: 0x00,
  mac: 0x01,
  'mac+enc': 0x03,
  'mac+rmac': 0x11,
  'mac+enc+rmac': 0x13,
  'mac+enc+rmac+renc': 0x33,
} as const

export type SecurityLevelName = keyof typeof namedSecurityLevels

const ALLOWED = { SCP02: [0x00, 0x01, 0x03, 0x10, 0x11, 0x13], SCP03: [0x00, 0x01, 0x03, 0x11, 0x13, 0x33] } as const

/** @throws TerminalError `TERMINAL_GP_BAD_INPUT` for a combination that the protocol does not have */
export function requireSecurityLevel(protocol: keyof typeof ALLOWED, level: number): void {
  if (!(ALLOWED[protocol] as readonly number[]).includes(level)) {
    throw new TerminalError('TERMINAL_GP_BAD_INPUT', `${protocol} has no security level ${level.toString(16)}`)
  }
}
