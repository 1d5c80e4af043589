import { associateDiagnostics, associationResults, emitAare } from '../apdu/acse.ts'
import { applicationContexts } from '../apdu/acse-names.ts'
import { emitXdlms } from '../apdu/apdu.ts'
import { serviceErrors, stateErrors } from '../apdu/exception-response.ts'
import type { AssociationConfig } from './server-options.ts'

/** What the outside hears of every refusal that has to do with security, whatever the reason. */
export const genericRefusal = emitXdlms({
  kind: 'exception-response',
  stateError: stateErrors['service-not-allowed'],
  serviceError: serviceErrors['other-reason'],
})
export const unknownService = emitXdlms({
  kind: 'exception-response',
  stateError: stateErrors['service-unknown'],
  serviceError: serviceErrors['service-not-supported'],
})
export const blockRefused = emitXdlms({
  kind: 'exception-response',
  stateError: stateErrors['service-not-allowed'],
  serviceError: serviceErrors['operation-not-possible'],
})
export const pduTooLong = emitXdlms({
  kind: 'exception-response',
  stateError: stateErrors['service-not-allowed'],
  serviceError: serviceErrors['pdu-too-long'],
})

/** One answer to every AARQ that is not accepted. `config` is undefined for addresses nobody listens at. */
export function refusedAare(config: AssociationConfig | undefined): Uint8Array {
  return emitAare({
    applicationContextName: config?.ciphered ? applicationContexts['ln-ciphered'] : applicationContexts.ln,
    result: associationResults['rejected-permanent'],
    diagnostic: { source: 'acse-service-user', code: associateDiagnostics['no-reason-given'] },
  })
}
