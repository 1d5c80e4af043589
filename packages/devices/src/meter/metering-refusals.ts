import type { SecurityRefusalReason } from '@gridcard/dlms'
import { meteringStatusWords } from '@gridcard/terminal'

/**
 * What the applet's refusals mean to DLMS, for commands on a slot that is configured and a card that is bound. What is
 * not here is no refusal of this applet: the card lost its power, its selection or its binding behind our back, or was
 * locked; then it has to be bound again.
 * @source applets/metering/README.md
 */
export const refusalOfStatusWord: ReadonlyMap<number, SecurityRefusalReason> = new Map([
  [meteringStatusWords.authenticationFailed, 'authentication-failed'],
  [meteringStatusWords.counterBelowFloor, 'counter-replayed'],
  [meteringStatusWords.exhausted, 'counter-exhausted'],
  [meteringStatusWords.notThere, 'unknown-key'],
  [meteringStatusWords.policy, 'not-permitted'],
  [meteringStatusWords.wrongTarget, 'malformed'],
  [0x6700, 'malformed'],
  [0x6a86, 'not-permitted'],
])
