import { DlmsError, type DlmsErrorCode } from '@gridcard/dlms'
import type { EventSeverity, MeterState } from '../api/schema.ts'
import { HeadendError } from '../errors.ts'

/**
 * Why a session with a meter gave nothing:
 * - `unreachable`: nobody answered;
 * - `refused`: something answered and did not let us, or holds what it should not;
 * - `untrusted`: something answered that is not proven to be the meter: a wrong tag, a replay, garbage;
 * - `aborted`: we stopped it;
 * - `own-fault`: this head-end could not, whatever the meter did.
 */
export type FailureKind = 'unreachable' | 'refused' | 'untrusted' | 'aborted' | 'own-fault'

export interface SessionFailure {
  readonly kind: FailureKind
  /** One line for people; says nothing an attacker could use. */
  readonly reason: string
  /** Kind and severity of the event it becomes. */
  readonly event: string
  readonly severity: EventSeverity
}

/** Thrown into a session when the head-end closes, and at whoever asks for one afterwards. */
export class SessionAborted extends HeadendError {
  constructor() {
    super('HEADEND_CLOSED', 'the head-end is closing')
  }
}

type Verdict = Pick<SessionFailure, 'kind' | 'event' | 'severity' | 'reason'>

const unreachable = (reason: string): Verdict => ({
  kind: 'unreachable',
  event: 'meter.unreachable',
  severity: 'warning',
  reason,
})
const refused = (reason: string): Verdict => ({ kind: 'refused', event: 'meter.refused', severity: 'warning', reason })
const untrusted = (event: string, reason: string): Verdict => ({ kind: 'untrusted', event, severity: 'alarm', reason })
const ownFault = (reason: string): Verdict => ({
  kind: 'own-fault',
  event: 'headend.fault',
  severity: 'alarm',
  reason,
})

const garbage = untrusted('security.malformed-answer', 'It answered with bytes that are no valid message')

const verdicts: Readonly<Record<DlmsErrorCode, Verdict>> = {
  DLMS_TIMEOUT: unreachable('It did not answer in time'),
  DLMS_TRANSPORT_CLOSED: unreachable('The connection could not be made or broke off'),
  DLMS_LINK_REFUSED: unreachable('It refused the HDLC link'),
  DLMS_LINK_LOST: unreachable('The HDLC link broke off'),
  DLMS_AUTHENTICATION_FAILED: untrusted(
    'security.authentication-failed',
    'It answered with a wrong key or a changed message',
  ),
  DLMS_REPLAYED: untrusted('security.replay-refused', 'It answered with a message that was sent before'),
  DLMS_UNPROTECTED_RESPONSE: untrusted(
    'security.unprotected-answer',
    'It answered in the open where only encrypted messages are accepted',
  ),
  DLMS_MALFORMED: garbage,
  DLMS_LIMIT_EXCEEDED: garbage,
  DLMS_UNEXPECTED_RESPONSE: garbage,
  // Whoever answers cannot show a key when he refuses ours, so this is no proof of anything; but keys that do not match
  // look just like it.
  DLMS_ASSOCIATION_REFUSED: {
    kind: 'refused',
    event: 'security.authentication-failed',
    severity: 'alarm',
    reason: 'It does not accept the association with our keys',
  },
  DLMS_EXCEPTION_RESPONSE: refused('It refused the service'),
  DLMS_ACCESS_REFUSED: refused('It refused an object every meter of this street has'),
  DLMS_ACTION_REFUSED: refused('It refused the action'),
  DLMS_SECURITY_REFUSED: ownFault('No message could be protected for it: keys or counters are used up or missing'),
  DLMS_NOT_REPRESENTABLE: ownFault('A request could not be written'),
  DLMS_NOT_ASSOCIATED: ownFault('A request was made outside an association'),
  DLMS_BUSY: ownFault('Two requests were made at once'),
  DLMS_CONFIGURATION: ownFault('Its registration is not complete'),
}

export function failureOf(error: unknown): SessionFailure {
  if (error instanceof SessionAborted) {
    return { kind: 'aborted', event: 'headend.closed', severity: 'info', reason: 'The head-end is closing' }
  }
  if (error instanceof DlmsError) return verdicts[error.code]
  if (error instanceof HeadendError && error.code === 'HEADEND_METER_UNREADABLE') {
    return { kind: 'refused', event: 'meter.unreadable', severity: 'warning', reason: sentence(error.message) }
  }
  if (error instanceof HeadendError) return ownFault(sentence(error.message))
  return ownFault('The head-end failed; its log says why')
}

/** What a failure says about the way to the meter; undefined if nothing. */
export function stateAfter(kind: FailureKind): MeterState | undefined {
  if (kind === 'unreachable') return 'unreachable'
  return kind === 'refused' || kind === 'untrusted' ? 'refusing' : undefined
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
