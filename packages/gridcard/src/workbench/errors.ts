import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type WorkbenchErrorCode =
  | 'GRIDCARD_SCRIPT_SYNTAX'
  | 'GRIDCARD_PROJECT_REFUSED'
  | 'GRIDCARD_COMMAND_NOT_UNDERSTOOD'

/** A script or a typed line that is not understood, a project that cannot be made there. `place.line` counts from 1. */
export class WorkbenchError extends GridcardError {
  declare readonly code: WorkbenchErrorCode
  constructor(code: WorkbenchErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}
