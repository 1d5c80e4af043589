/** Life cycles of card and applications: which transitions there are, and who may ask for them. @source GPC 2.3.1 ch. 5 */

export const CARD_STATE = {
  opReady: 0x01,
  initialized: 0x07,
  secured: 0x0f,
  cardLocked: 0x7f,
  terminated: 0xff,
} as const

export const APPLICATION_STATE = {
  installed: 0x03,
  selectable: 0x07,
  /** Of a security domain. */
  personalized: 0x0f,
  /** A bit: the rest is the state to come back to. */
  locked: 0x80,
} as const

export const LOAD_FILE_LOADED = 0x01

export const isLocked = (state: number): boolean => (state & APPLICATION_STATE.locked) !== 0

/** What whoever asks for a transition of the card may do. */
export interface CardAuthority {
  readonly isIssuer: boolean
  readonly canLock: boolean
  readonly canTerminate: boolean
}

/** @returns whether the card goes from one state to the other. @source GPC 2.3.1 figure 5-1, §5.1.1 */
export function mayCardBecome(from: number, to: number, by: CardAuthority): boolean {
  const { opReady, initialized, secured, cardLocked, terminated } = CARD_STATE
  if (from === terminated || from === to) return false
  if (to === terminated) return by.canTerminate
  if (to === initialized) return from === opReady && by.isIssuer
  if (to === secured) return (from === initialized && by.isIssuer) || (from === cardLocked && by.canLock)
  return to === cardLocked && from === secured && by.canLock
}

/** Transitions that an application asks for itself. @source GPC 2.3.1 figure 5-2, table 11-4 */
export function mayApplicationSetItself(from: number, to: number): boolean {
  const { selectable, locked } = APPLICATION_STATE
  if (isLocked(from) || from === to) return false
  // A lock keeps the state to come back to, so what the other bits say is ignored.
  if ((to & locked) !== 0) return true
  return from >= selectable && to > selectable && (to & 0x07) === 0x07
}

/** Of a security domain: PERSONALIZED, once, or LOCKED. @source GPC 2.3.1 figure 5-3 */
export function mayDomainSetItself(from: number, to: number): boolean {
  const { selectable, personalized, locked } = APPLICATION_STATE
  if (isLocked(from)) return false
  if ((to & locked) !== 0) return true
  return from === selectable && to === personalized
}

/** LOCKED, or back to the state before: what one application may do to another. */
export function lockedState(from: number, isLock: boolean): number {
  return isLock ? from | APPLICATION_STATE.locked : from & ~APPLICATION_STATE.locked
}
