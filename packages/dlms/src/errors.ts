import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type DlmsErrorCode =
  | 'DLMS_MALFORMED'
  | 'DLMS_LIMIT_EXCEEDED'
  | 'DLMS_NOT_REPRESENTABLE'
  | 'DLMS_UNEXPECTED_RESPONSE'
  | 'DLMS_UNPROTECTED_RESPONSE'
  | 'DLMS_AUTHENTICATION_FAILED'
  | 'DLMS_REPLAYED'
  | 'DLMS_SECURITY_REFUSED'
  | 'DLMS_ASSOCIATION_REFUSED'
  | 'DLMS_NOT_ASSOCIATED'
  | 'DLMS_EXCEPTION_RESPONSE'
  | 'DLMS_ACCESS_REFUSED'
  | 'DLMS_ACTION_REFUSED'
  | 'DLMS_BUSY'
  | 'DLMS_TIMEOUT'
  | 'DLMS_TRANSPORT_CLOSED'
  | 'DLMS_LINK_REFUSED'
  | 'DLMS_LINK_LOST'
  | 'DLMS_CONFIGURATION'

/**
 * Bad bytes, a peer that breaks the protocol, or a refusal the caller of a client has to see. `place` tells where:
 * offsets, result codes, names of services. Never keys, never readings.
 */
export class DlmsError extends GridcardError {
  declare readonly code: DlmsErrorCode
  constructor(code: DlmsErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}
