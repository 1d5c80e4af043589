/** What has a life cycle of its own. */
export type RegistryKind = 'issuer-domain' | 'security-domain' | 'application' | 'load-file'

/** Coding of the card's life cycle, which is the issuer security domain's. @source GPC 2.3.1 table 11-6 */
export const cardStates = {
  OP_READY: 0x01,
  INITIALIZED: 0x07,
  SECURED: 0x0f,
  CARD_LOCKED: 0x7f,
  TERMINATED: 0xff,
} as const
export type CardState = keyof typeof cardStates

/**
 * A life cycle state in words. Bits 4 to 7 of an application's state are its own; bit 8 with 1 and 2 means locked.
 * @source GPC 2.3.1 tables 11-3 to 11-6
 */
export function describeLifeCycle(kind: RegistryKind, state: number): string {
  if (kind === 'load-file') return state === 0x01 ? 'LOADED' : `state ${hex(state)}`
  if (kind === 'issuer-domain') {
    return Object.entries(cardStates).find(([, value]) => value === state)?.[0] ?? `state ${hex(state)}`
  }
  if ((state & 0x83) === 0x83) return 'LOCKED'
  if (state === 0x03) return 'INSTALLED'
  if (state === 0x07) return 'SELECTABLE'
  if (kind === 'security-domain' && state === 0x0f) return 'PERSONALIZED'
  if (kind === 'application' && (state & 0x87) === 0x07) return `SELECTABLE, own state ${hex(state)}`
  return `state ${hex(state)}`
}

const hex = (value: number) => value.toString(16).toUpperCase().padStart(2, '0')
