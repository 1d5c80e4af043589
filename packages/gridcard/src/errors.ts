import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

export type LauncherErrorCode =
  | 'GRIDCARD_BAD_OPTION'
  | 'GRIDCARD_DATA_UNUSABLE'
  | 'GRIDCARD_STREET_DAMAGED'
  | 'GRIDCARD_CARD_DAMAGED'
  | 'GRIDCARD_CARD_IN_USE'
  | 'GRIDCARD_APPLET_MISSING'
  | 'GRIDCARD_LINE_EXPOSED'
  | 'GRIDCARD_LINE_IN_USE'

/** Something the user can mend: a wrong option, a data folder that is not what it should be. One clear line, exit code 2. */
export class LauncherError extends GridcardError {
  declare readonly code: LauncherErrorCode
  constructor(code: LauncherErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}

export type AppletBuildErrorCode =
  | 'GRIDCARD_APPLET_CONFIG'
  | 'GRIDCARD_APPLET_NO_SOURCES'
  | 'GRIDCARD_JDK_MISSING'
  | 'GRIDCARD_COMPILE_FAILED'
  | 'GRIDCARD_APPLET_UNVERIFIED'

/** An applet that could not be built; what javac says is in the message as it says it. */
export class AppletBuildError extends GridcardError {
  declare readonly code: AppletBuildErrorCode
  constructor(code: AppletBuildErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}
