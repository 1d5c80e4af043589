import { type ErrorPlace, GridcardError } from '@gridcard/bytes'

/** What can be wrong with a CAP file. Each code is explained in docs/errors.md. */
export type CapFormatErrorCode =
  | 'CAP_NOT_A_ZIP'
  | 'CAP_TOO_LARGE'
  | 'CAP_COMPONENT_MISSING'
  | 'CAP_COMPONENT_DUPLICATE'
  | 'CAP_COMPONENT_TAG'
  | 'CAP_COMPONENT_ORDER'
  | 'CAP_COMPONENT_SIZE'
  | 'CAP_TRUNCATED'
  | 'CAP_BAD_MAGIC'
  | 'CAP_VERSION_UNSUPPORTED'
  | 'CAP_EXTENDED_UNSUPPORTED'
  | 'CAP_BAD_FLAGS'
  | 'CAP_BAD_AID'
  | 'CAP_DIRECTORY_MISMATCH'
  | 'CAP_BAD_COUNT'
  | 'CAP_BAD_REFERENCE'
  | 'CAP_BAD_CONSTANT'
  | 'CAP_BAD_CLASS'
  | 'CAP_BAD_METHOD'
  | 'CAP_BAD_HANDLER'
  | 'CAP_BAD_STATIC_IMAGE'
  | 'CAP_BAD_REFERENCE_LOCATION'
  | 'CAP_BAD_EXPORT'
  | 'CAP_BAD_DESCRIPTOR'
  | 'CAP_BAD_INSTRUCTION'
  | 'CAP_VALUE_RANGE'

/**
 * A CAP file, or a value about to become one, that breaks the format. `place` names the component and the offset
 * in its `info` item where it can, and the clause.
 */
export class CapFormatError extends GridcardError {
  declare readonly code: CapFormatErrorCode
  constructor(code: CapFormatErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}

/** What can be wrong with assembler text. */
export type AssemblerErrorCode = 'CAP_ASM_SYNTAX' | 'CAP_ASM_UNKNOWN_NAME' | 'CAP_ASM_RANGE' | 'CAP_ASM_DUPLICATE'

/** Assembler text that cannot be turned into bytes; `place.line` counts from 1. */
export class AssemblerError extends GridcardError {
  declare readonly code: AssemblerErrorCode
  constructor(code: AssemblerErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}
