import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type HeadendErrorCode =
  | 'HEADEND_BAD_OPTION'
  | 'HEADEND_DATA_LOCKED'
  | 'HEADEND_DATA_DAMAGED'
  | 'HEADEND_KEYSTORE_LOCKED'
  | 'HEADEND_KEY_REFUSED'
  | 'HEADEND_KEYS_MISSING'
  | 'HEADEND_METER_CONFLICT'
  | 'HEADEND_METER_UNREADABLE'
  | 'HEADEND_METER_BUSY'
  | 'HEADEND_UNKNOWN_METER'
  | 'HEADEND_UNKNOWN_RELEASE'
  | 'HEADEND_CONFIRMATION_MISSING'
  | 'HEADEND_PORT_TAKEN'
  | 'HEADEND_CLOSED'
  | 'HEADEND_BAD_REQUEST'
  | 'HEADEND_RANGE_TOO_LONG'
  | 'HEADEND_NOT_FOUND'
  | 'HEADEND_HOST_REFUSED'
  | 'HEADEND_ORIGIN_REFUSED'
  | 'HEADEND_FEED_FULL'
  | 'HEADEND_INTERNAL'

/** What the head-end refuses or cannot do. The message is one line for people; never keys, never readings. */
export class HeadendError extends GridcardError {
  declare readonly code: HeadendErrorCode
  constructor(code: HeadendErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}

/** Whether `error` is one of Node's system errors with this code, `ENOENT` and the like. */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
