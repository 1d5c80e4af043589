import type { ByteReader, ByteWriter } from '@gridcard/bytes'

/** The server could not treat the request at all. It is never ciphered, so it is a hint, not a fact. */
export interface ExceptionResponse {
  readonly kind: 'exception-response'
  readonly stateError: number
  readonly serviceError: number
  /** With `invocation-counter-error`: the counter the server expects. */
  readonly expectedCounter?: number | undefined
}

export const stateErrors = { 'service-not-allowed': 1, 'service-unknown': 2 } as const

export const serviceErrors = {
  'operation-not-possible': 1,
  'service-not-supported': 2,
  'other-reason': 3,
  'pdu-too-long': 4,
  'deciphering-error': 5,
  'invocation-counter-error': 6,
} as const

/** After the tag. @source Green Book ed. 8 §9.5 (ExceptionResponse) */
export function readExceptionResponse(reader: ByteReader): ExceptionResponse {
  const stateError = reader.u8()
  const serviceError = reader.u8()
  const hasCounter = serviceError === serviceErrors['invocation-counter-error']
  return { kind: 'exception-response', stateError, serviceError, ...(hasCounter && { expectedCounter: reader.u32() }) }
}

export function writeExceptionResponse(writer: ByteWriter, response: ExceptionResponse): void {
  writer.u8(response.stateError).u8(response.serviceError)
  if (response.serviceError === serviceErrors['invocation-counter-error']) writer.u32(response.expectedCounter ?? 0)
}

/** Answer to an initiate that cannot be served: service, error class and value as three codes. */
export interface ConfirmedServiceError {
  readonly kind: 'confirmed-service-error'
  /** 1 initiate, 5 read, 6 write, ... */
  readonly service: number
  /** 0 application-reference .. 6 initiate, 7 load data set, ... */
  readonly errorClass: number
  readonly value: number
}

/** After the tag. @source Green Book ed. 8 §9.5 (ConfirmedServiceError) */
export function readConfirmedServiceError(reader: ByteReader): ConfirmedServiceError {
  return { kind: 'confirmed-service-error', service: reader.u8(), errorClass: reader.u8(), value: reader.u8() }
}

export function writeConfirmedServiceError(writer: ByteWriter, error: ConfirmedServiceError): void {
  writer.u8(error.service).u8(error.errorClass).u8(error.value)
}
