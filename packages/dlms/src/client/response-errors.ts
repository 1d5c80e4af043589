import { parseXdlms } from '../apdu/apdu.ts'
import { serviceErrors, stateErrors } from '../apdu/exception-response.ts'
import type { AttributeRef, MethodRef } from '../apdu/references.ts'
import { type ActionResult, type DataAccessResult, dataAccessResultName } from '../apdu/results.ts'
import { DlmsError, type DlmsErrorCode } from '../errors.ts'
import type { SecurityRefusal, SecurityRefusalReason } from '../security/security-module.ts'

const nameIn = (table: Readonly<Record<string, number>>, code: number): string | number =>
  Object.keys(table).find((name) => table[name] === code) ?? code

/** The error for an exception-response. Nobody has authenticated it: it tells of a failure, and maybe of whose. */
export function exceptionOf(apdu: Uint8Array): DlmsError {
  const exception = parseXdlms(apdu)
  if (exception.kind !== 'exception-response') return new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'not an exception')
  const stateError = nameIn(stateErrors, exception.stateError)
  const serviceError = nameIn(serviceErrors, exception.serviceError)
  return new DlmsError('DLMS_EXCEPTION_RESPONSE', `the server answered ${stateError}, ${serviceError}`, {
    stateError,
    serviceError,
    expectedCounter: exception.expectedCounter,
  })
}

const codes: Readonly<Record<SecurityRefusalReason, DlmsErrorCode>> = {
  'authentication-failed': 'DLMS_AUTHENTICATION_FAILED',
  'unknown-peer': 'DLMS_AUTHENTICATION_FAILED',
  'counter-replayed': 'DLMS_REPLAYED',
  malformed: 'DLMS_UNPROTECTED_RESPONSE',
  'not-permitted': 'DLMS_UNPROTECTED_RESPONSE',
  'counter-exhausted': 'DLMS_SECURITY_REFUSED',
  'unknown-key': 'DLMS_SECURITY_REFUSED',
  'no-challenge': 'DLMS_SECURITY_REFUSED',
  unavailable: 'DLMS_SECURITY_REFUSED',
  unsupported: 'DLMS_SECURITY_REFUSED',
}

/** The error for what the security module said about an answer, or about our own request. */
export function refusalError(refusal: SecurityRefusal): DlmsError {
  return new DlmsError(codes[refusal.refused], `security module: ${refusal.refused}`, {
    reason: refusal.refused,
    expectedCounter: refusal.expectedCounter,
  })
}

export function accessRefused(service: 'get' | 'set', attribute: AttributeRef, code: number): DlmsError {
  const result = dataAccessResultName(code) ?? code
  return new DlmsError('DLMS_ACCESS_REFUSED', `${service} refused: ${result}`, { service, result, ...attribute })
}

export function actionRefused(method: MethodRef, result: ActionResult | DataAccessResult | number): DlmsError {
  return new DlmsError('DLMS_ACTION_REFUSED', `action refused: ${result}`, { result, ...method })
}
