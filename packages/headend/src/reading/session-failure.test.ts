import { DlmsError, type DlmsErrorCode } from '@gridcard/dlms'
import { expect, test } from 'vitest'
import { HeadendError } from '../errors.ts'
import { failureOf, SessionAborted, stateAfter } from './session-failure.ts'

test.each<[DlmsErrorCode, string, string]>([
  ['DLMS_AUTHENTICATION_FAILED', 'untrusted', 'security.authentication-failed'],
  ['DLMS_REPLAYED', 'untrusted', 'security.replay-refused'],
  ['DLMS_UNPROTECTED_RESPONSE', 'untrusted', 'security.unprotected-answer'],
  ['DLMS_MALFORMED', 'untrusted', 'security.malformed-answer'],
  ['DLMS_UNEXPECTED_RESPONSE', 'untrusted', 'security.malformed-answer'],
  ['DLMS_LIMIT_EXCEEDED', 'untrusted', 'security.malformed-answer'],
  ['DLMS_ASSOCIATION_REFUSED', 'refused', 'security.authentication-failed'],
  ['DLMS_ACCESS_REFUSED', 'refused', 'meter.refused'],
  ['DLMS_TIMEOUT', 'unreachable', 'meter.unreachable'],
  ['DLMS_TRANSPORT_CLOSED', 'unreachable', 'meter.unreachable'],
  ['DLMS_SECURITY_REFUSED', 'own-fault', 'headend.fault'],
])('%s is %s and becomes %s', (code, kind, event) => {
  const failure = failureOf(new DlmsError(code, 'message with 00112233 in it'))
  expect([failure.kind, failure.event]).toEqual([kind, event])
  expect(failure.reason).not.toContain('00112233')
  expect(failure.severity === 'alarm').toBe(event.startsWith('security.') || kind === 'own-fault')
})

test('an error nobody expected says nothing of itself', () => {
  expect(failureOf(new TypeError('secret'))).toMatchObject({
    kind: 'own-fault',
    reason: 'The head-end failed; its log says why',
  })
})

test('values of a wrong form are the meter’s, missing keys are ours, closing is nobody’s', () => {
  expect(failureOf(new HeadendError('HEADEND_METER_UNREADABLE', 'x')).kind).toBe('refused')
  expect(failureOf(new HeadendError('HEADEND_KEYS_MISSING', 'x')).kind).toBe('own-fault')
  expect(failureOf(new SessionAborted()).kind).toBe('aborted')
  expect([stateAfter('own-fault'), stateAfter('aborted')]).toEqual([undefined, undefined])
  expect([stateAfter('untrusted'), stateAfter('refused')]).toEqual(['refusing', 'refusing'])
})
