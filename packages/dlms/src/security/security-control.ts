/**
 * The security control octet: the suite in the low nibble, then what was done.
 * @source Green Book ed. 8 §9.2.7.2.4.3
 */
export const securityControl = {
  authenticated: 0x10,
  encrypted: 0x20,
  authenticatedEncrypted: 0x30,
  /** Under the broadcast key instead of the unicast one. */
  broadcast: 0x40,
  /** V.44 before encryption; not spoken here, so refused. */
  compressed: 0x80,
} as const

export const suiteOf = (control: number): number => control & 0x0f
export const isAuthenticated = (control: number): boolean => (control & securityControl.authenticated) !== 0
export const isEncrypted = (control: number): boolean => (control & securityControl.encrypted) !== 0
export const isBroadcast = (control: number): boolean => (control & securityControl.broadcast) !== 0
export const isCompressed = (control: number): boolean => (control & securityControl.compressed) !== 0
