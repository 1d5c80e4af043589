/**
 * Security control octet of suite 0 for messages. Only the two that authenticate are ever used here: encryption
 * alone (0x20) lets anyone change a ciphertext unseen.
 * @source Green Book ed. 8 §9.2.7.2.4.3
 */
export const securityControl = {
  authenticated: 0x10,
  authenticatedEncrypted: 0x30,
} as const

export const isAuthenticating = (control: number): boolean =>
  control === securityControl.authenticated || control === securityControl.authenticatedEncrypted
