import type { ApiPackage, DebugMap } from '@gridcard/cap'
import type { ExceptionFilters, RaisedException, StepKind, Stop } from './debug-monitor.ts'

/** What the thread with the card is asked, and what it tells. Everything here can be posted. */

export interface TargetSource {
  readonly path: string
  readonly cap: Uint8Array
  readonly map?: DebugMap
  readonly sourceFolder?: string
  /** What its export file shows to the others. */
  readonly shown?: ApiPackage
  /** A script loads it; here it only lends its names. */
  readonly isNamesOnly?: boolean
}

export interface TargetSetup {
  readonly sources: readonly TargetSource[]
  /** Install parameters by AID of the class, in hex. */
  readonly parameters: readonly (readonly [string, Uint8Array])[]
}

/** Which hits stop: `{ operator: '%', count: 3 }` is every third one. */
export interface HitRule {
  readonly operator: '>=' | '>' | '==' | '<' | '<=' | '%'
  /** 1 or more. */
  readonly count: number
}

/** When a breakpoint stops, and what it says. */
export interface StopRules {
  readonly condition?: string | undefined
  /** Counts the times the condition held. */
  readonly hitRule?: HitRule | undefined
  /** Said instead of stopping; `{expression}` is evaluated. */
  readonly logMessage?: string | undefined
}

export interface BreakpointSpec extends StopRules {
  readonly id: number
  readonly aid: string
  readonly offset: number
}

export interface DataBreakpointSpec extends Omit<StopRules, 'logMessage'> {
  readonly id: number
  readonly dataId: string
}

export interface TargetFrame {
  readonly id: number
  readonly name: string
  /** `code` has a place in a package; `native` is a method of the API; `context` begins the frames of another context. */
  readonly kind: 'code' | 'native' | 'context'
  readonly aid?: string
  readonly offset?: number
  readonly path?: string
  readonly line?: number
}

export interface TargetScope {
  readonly name: string
  readonly reference: number
  readonly hint?: 'locals' | 'registers'
  readonly isExpensive?: boolean
}

export interface TargetVariable {
  readonly name: string
  readonly value: string
  readonly type?: string
  /** 0: nothing inside. */
  readonly reference: number
  readonly indexed?: number
  /** An address of the card, for reading memory. */
  readonly address?: number
  readonly canBeSet?: boolean
  readonly evaluateName?: string
}

/** Request by name: what it takes, what it gives. */
export interface TargetApi {
  /** Loads and installs all sources. */
  install: [undefined, { readonly applets: readonly string[]; readonly atr: Uint8Array }]
  runScript: [{ readonly path: string; readonly format?: string }, { readonly passed: number; readonly failed: number }]
  /** A typed line, as `gridcard run` takes them. */
  command: [{ readonly line: string }, { readonly text: string }]
  transmit: [Uint8Array, Uint8Array]
  powerOn: [undefined, Uint8Array]
  powerOff: [undefined, undefined]

  breakpoints: [readonly BreakpointSpec[], undefined]
  exceptions: [ExceptionFilters, undefined]
  dataBreakpointInfo: [
    { readonly reference?: number; readonly name: string; readonly frameId?: number },
    { readonly dataId: string; readonly description: string } | { readonly description: string },
  ]
  dataBreakpoints: [readonly DataBreakpointSpec[], undefined]
  /** Takes effect at once in a running card, else at the next instruction of the next command. */
  pause: [{ readonly reason: 'pause' | 'entry' }, undefined]

  frames: [undefined, readonly TargetFrame[]]
  scopes: [{ readonly frameId: number }, readonly TargetScope[]]
  variables: [
    { readonly reference: number; readonly start?: number; readonly count?: number },
    readonly TargetVariable[],
  ]
  setVariable: [
    { readonly reference: number; readonly name: string; readonly value: string },
    { readonly value: string },
  ]
  evaluate: [{ readonly expression: string; readonly frameId?: number }, TargetVariable]
  setExpression: [
    { readonly expression: string; readonly value: string; readonly frameId?: number },
    { readonly value: string },
  ]
  /** Into an array of numbers. */
  writeMemory: [
    { readonly address: number; readonly bytes: Uint8Array; readonly isWhole: boolean },
    { readonly bytesWritten: number },
  ]
  readMemory: [
    { readonly address: number; readonly count: number },
    { readonly bytes: Uint8Array; readonly unreadable: number },
  ]
  exception: [undefined, RaisedException | undefined]
  resume: [undefined, undefined]
  step: [{ readonly kind: StepKind; readonly byInstruction: boolean }, undefined]
}

export type TargetMethod = keyof TargetApi

export type TargetEvent =
  | { readonly event: 'stopped'; readonly stop: Stop }
  | { readonly event: 'continued' }
  | { readonly event: 'output'; readonly category: 'stdout' | 'console' | 'stderr'; readonly text: string }
  /** A package the card runs: another thread may set breakpoints at these words. */
  | { readonly event: 'code'; readonly words: Int32Array; readonly starts: Int32Array }

export type ToTarget = { readonly id: number; readonly method: TargetMethod; readonly args: unknown }
export type FromTarget =
  | TargetEvent
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly message: string; readonly code: string } }

/** Words of the memory that both threads share. */
export const SHARED = {
  /** Goes up with every message to the target: it may be asleep. */
  signal: 0,
  /** 1: a message waits, look at it between two instructions. */
  attention: 1,
  words: 2,
} as const
