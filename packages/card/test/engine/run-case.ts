import { expect } from 'vitest'
import type { Engine } from '../../src/vm/engine.ts'
import type { Monitor } from '../../src/vm/monitor.ts'
import { TEST_PROFILE, VmFixture } from '../vm-fixture.ts'
import type { OpcodeCase } from './opcode-case.ts'

const PROFILE = { ...TEST_PROFILE, nvSizeBytes: 16384, ramSizeBytes: 2048 }

/** Runs one case on a card of its own. */
export function runCase(engine: Engine, one: OpcodeCase, monitor?: Monitor): void {
  const vm = new VmFixture({ engine, profile: PROFILE, ...(monitor && { monitor }) })
  const end = one.givesInt !== undefined ? 'ireturn' : one.gives !== undefined ? 'sreturn' : 'return'
  const endsItself = /\b[asi]?return\s*$/.test(one.run)
  const instance = vm.loadMethods({
    methods: {
      run: {
        code: [
          endsItself ? one.run : `${one.run} ${end}`,
          ...(one.catches ?? []).map((handler) => `.catch ${handler}`),
        ].join('\n'),
        maxStack: one.stack ?? 15,
        maxLocals: one.locals ?? 6,
        nargs: one.args?.length ?? 0,
      },
      ...one.methods,
    },
    instance: { cells: one.cells ?? 6, firstReferenceToken: 0, referenceCount: 2 },
    level: '3.2.0',
    ...(one.text !== undefined && { text: one.text }),
  })
  const outcome = vm.call(instance, vm.newOwner(instance), 0, one.args ?? [])
  expect({ thrown: outcome.thrown, halted: outcome.halted }).toEqual({ thrown: one.throws, halted: one.halts })
  if (one.reason !== undefined) expect(outcome.reason).toBe(one.reason)
  const expected = one.givesInt ?? one.gives
  if (expected !== undefined) expect(outcome.result).toBe(expected)
}
