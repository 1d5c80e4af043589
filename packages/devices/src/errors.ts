import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type DevicesErrorCode =
  | 'DEVICES_BAD_OPTION'
  | 'DEVICES_STATE_DAMAGED'
  | 'DEVICES_STATE_VERSION'
  | 'DEVICES_STATE_FOREIGN'
  | 'DEVICES_STORE_FAILED'
  | 'DEVICES_NO_CARD'

/** A device that cannot be built or started as asked. Never carries keys or readings. */
export class DevicesError extends GridcardError {
  declare readonly code: DevicesErrorCode
  constructor(code: DevicesErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}
