import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type GpCommandErrorCode = 'GRIDCARD_GP_DECLINED' | 'GRIDCARD_GP_NO_KEYS' | 'GRIDCARD_GP_UPGRADE_UNFINISHED'

/** A `gp` command that did not do what it was for. */
export class GpCommandError extends GridcardError {
  declare readonly code: GpCommandErrorCode
  constructor(code: GpCommandErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}
