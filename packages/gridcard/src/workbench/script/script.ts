import { WorkbenchError } from '../errors.ts'
import type { ResponsePattern } from './response-pattern.ts'

/** What one statement of a script does. */
export type ScriptAction =
  | { readonly kind: 'load'; readonly path: string }
  | {
      readonly kind: 'install'
      readonly aid: Uint8Array
      readonly instanceAid: Uint8Array
      readonly parameters: Uint8Array
    }
  | { readonly kind: 'select'; readonly aid: Uint8Array }
  | { readonly kind: 'command'; readonly bytes: Uint8Array }
  | { readonly kind: 'reset' }
  | { readonly kind: 'power-off' }
  | { readonly kind: 'power-cut-after'; readonly writes: number }
  | { readonly kind: 'echo'; readonly text: string }
  | { readonly kind: 'output'; readonly isOn: boolean }

export type Expectation =
  | { readonly kind: 'response'; readonly pattern: ResponsePattern }
  | { readonly kind: 'power-cut' }

export interface ScriptStep {
  /** Counts from 1. */
  readonly line: number
  readonly action: ScriptAction
  readonly expected?: Expectation
}

export interface Script {
  /** Is the card powered when the script begins? */
  readonly startsPowered: boolean
  readonly steps: readonly ScriptStep[]
}

export function syntaxError(line: number, message: string): WorkbenchError {
  return new WorkbenchError('GRIDCARD_SCRIPT_SYNTAX', `line ${line}: ${message}`, { line })
}

const MOST_COMMAND_BYTES = 4 + 3 + 65535 + 2

/** @throws WorkbenchError */
export function requireCommand(bytes: Uint8Array, line: number): Uint8Array {
  if (bytes.length >= 4 && bytes.length <= MOST_COMMAND_BYTES) return bytes
  throw syntaxError(line, `a command APDU has 4 to ${MOST_COMMAND_BYTES} bytes, not ${bytes.length}`)
}

/** Which actions give an answer that can be expected. */
export function givesAnswer({ kind }: ScriptAction): boolean {
  return kind === 'install' || kind === 'select' || kind === 'command' || kind === 'reset'
}
