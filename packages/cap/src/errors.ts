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
  | 'CAP_BAD_DEBUG'
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

/** What can be wrong with a class file. */
export type ClassFileErrorCode = 'CAP_CLASS_TRUNCATED' | 'CAP_CLASS_MALFORMED' | 'CAP_CLASS_VERSION'

/** A class file that breaks the format, or one newer than this room reads. */
export class ClassFileError extends GridcardError {
  declare readonly code: ClassFileErrorCode
  constructor(code: ClassFileErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}

/** What can be wrong with an export file. */
export type ExportFileErrorCode = 'CAP_EXPORT_TRUNCATED' | 'CAP_EXPORT_MALFORMED' | 'CAP_EXPORT_VERSION'

/** An export file that breaks the format, or one newer than this room reads. */
export class ExportFileError extends GridcardError {
  declare readonly code: ExportFileErrorCode
  constructor(code: ExportFileErrorCode, message: string, place: ErrorPlace = {}, options?: ErrorOptions) {
    super(code, message, place, options)
  }
}

/** One thing in the class files that a card cannot run. */
export interface ConvertFinding {
  /** Source file as the compiler recorded it, without folder; absent without debug information. */
  readonly file?: string
  /** Counts from 1. */
  readonly line?: number
  /** Dotted: `com.example.Purse` */
  readonly className: string
  /** Name and JVM descriptor: `process(Ljavacard/framework/APDU;)V` */
  readonly method?: string
  readonly message: string
  /** What to write instead. */
  readonly advice: string
  /** The row of docs/java-subset.md, if it is a feature that the Java Card language leaves out. */
  readonly feature?: string
}

/** The class files cannot become a CAP file. The message holds every finding, one a line. */
export class ConvertError extends GridcardError {
  declare readonly code: 'CAP_CONVERT_UNSUPPORTED'
  readonly findings: readonly ConvertFinding[]
  constructor(findings: readonly ConvertFinding[]) {
    super('CAP_CONVERT_UNSUPPORTED', findings.map(findingText).join('\n'), { findings: findings.length })
    this.findings = findings
  }
}

function findingText(finding: ConvertFinding): string {
  const place = finding.file ? `${finding.file}${finding.line === undefined ? '' : `:${finding.line}`}: ` : ''
  const member = finding.method === undefined ? '' : `.${finding.method}`
  return `${place}${finding.className}${member}: ${finding.message}; ${finding.advice}`
}
