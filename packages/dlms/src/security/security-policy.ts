import { isAuthenticated, isEncrypted, securityControl } from './security-control.ts'

/**
 * Bits of `security_policy` from class version 1 on. Access modes of association version 3 have the same bits in the
 * same places, so both are plain numbers here and can be or-ed.
 * @source Blue Book ed. 14 §4.4.7.2 (policy), §4.4.4 (access modes, version 3)
 */
export const securityPolicy = {
  authenticatedRequest: 0x04,
  encryptedRequest: 0x08,
  signedRequest: 0x10,
  authenticatedResponse: 0x20,
  encryptedResponse: 0x40,
  signedResponse: 0x80,
  /** Authenticated and encrypted, both ways: what a ciphered association does unless told otherwise. */
  everythingCiphered: 0x6c,
} as const

/** `security_policy` of class version 0, an enum for both ways: 0 nothing, 1 authenticated, 2 encrypted, 3 both. */
export function policyOfVersion0(policy: number): number | undefined {
  return [0, 0x24, 0x48, 0x6c][policy]
}

/** Undefined where version 0 has no word for it. */
export function policyToVersion0(policy: number): number | undefined {
  const found = [0, 0x24, 0x48, 0x6c].indexOf(policy)
  return found < 0 ? undefined : found
}

/** What was done to one APDU, or has to be: the bits of one direction. */
export const protections = { authenticated: 1, encrypted: 2, signed: 4 } as const

export const requestProtections = (policy: number): number => (policy >> 2) & 7
export const responseProtections = (policy: number): number => (policy >> 5) & 7

/** Whether `applied` is all of `required`. */
export const suffices = (applied: number, required: number): boolean => (applied & required) === required

export function protectionsOfControl(control: number): number {
  return (isAuthenticated(control) ? protections.authenticated : 0) | (isEncrypted(control) ? protections.encrypted : 0)
}

/** The control bits, without suite, that give these protections. */
export function controlOfProtections(required: number): number {
  return (
    ((required & protections.authenticated) !== 0 ? securityControl.authenticated : 0) |
    ((required & protections.encrypted) !== 0 ? securityControl.encrypted : 0)
  )
}
