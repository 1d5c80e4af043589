import { describe, it } from 'vitest'
import type { Engine } from '../../src/vm/engine.ts'
import type { Monitor } from '../../src/vm/monitor.ts'
import { arithmetic } from './arithmetic.ts'
import { arrays } from './arrays.ts'
import { callsAndObjects } from './calls-and-objects.ts'
import { constantsAndLocals } from './constants-and-locals.ts'
import { control } from './control.ts'
import { fields } from './fields.ts'
import type { OpcodeCase } from './opcode-case.ts'
import { runCase } from './run-case.ts'
import { stack } from './stack.ts'

export const OPCODE_CASES: Readonly<Record<string, readonly OpcodeCase[]>> = {
  'constants and locals': constantsAndLocals,
  'operand stack': stack,
  'arithmetic, logic and conversion': arithmetic,
  'branches, subroutines and switches': control,
  arrays,
  fields,
  'calls, exceptions, objects and types': callsAndObjects,
}

/** A table of cases beside the suite, for methods of the API. */
export function describeCases(name: string, engine: Engine, cases: readonly OpcodeCase[]): void {
  describe(name, () => {
    for (const one of cases) it(one.name, () => runCase(engine, one))
  })
}

/** The suite that every engine passes, instruction by instruction, watched or not. */
export function describeEngine(name: string, engine: () => Engine, monitor?: () => Monitor): void {
  describe(name, () => {
    for (const [group, cases] of Object.entries(OPCODE_CASES)) {
      describe(group, () => {
        for (const one of cases) it(one.name, () => runCase(engine(), one, monitor?.()))
      })
    }
  })
}
