import { describe, expect, it } from 'vitest'
import { describeEngine } from '../../test/engine/describe-engine.ts'
import { VmFixture } from '../../test/vm-fixture.ts'
import { interpreter } from '../vm/interpreter/interpreter.ts'
import type { LinkedMethod, LinkedPackage } from '../vm/link/linked-package.ts'
import type { Machine } from '../vm/machine.ts'
import type { CodePosition, Monitor } from '../vm/monitor.ts'
import { type Frame, NativeCalls, walkFrames } from './frames.ts'
import { CoverageMonitor, WatchedCode } from './index.ts'
import { objectAt } from './objects.ts'

/** A loop without end is looked at often enough after so many instructions. */
const MOST_LOOKS = 10_000

/** Stops at every instruction, and looks around as a debugger does. */
class LookingMonitor implements Monitor {
  readonly codes = new Map<LinkedPackage, WatchedCode>()
  readonly nativeCalls = new NativeCalls()
  readonly seen: { readonly offset: number; readonly frames: readonly Frame[] }[] = []
  readonly raisedAt: { readonly name: string; readonly offset: number }[] = []

  codeOf(linked: LinkedPackage): Int32Array {
    const code = new WatchedCode(linked)
    code.setAll()
    this.codes.set(linked, code)
    return code.words
  }

  reached(machine: Machine, at: CodePosition): number {
    if (this.seen.length === MOST_LOOKS) return this.codes.get(at.instance.linked)!.originalAt(at.pc)
    const frames = walkFrames(machine, at, this.nativeCalls)
    for (let i = at.fp; i < at.sp; i++) objectAt(machine, machine.memory.i16[i]! & 0xffff)
    this.seen.push({ offset: at.instance.linked.capOffsets[at.pc]!, frames })
    return this.codes.get(at.instance.linked)!.originalAt(at.pc)
  }

  callingNative(machine: Machine, at: CodePosition, method: LinkedMethod): void {
    this.nativeCalls.note(machine, at, method)
  }

  raised(machine: Machine, at: CodePosition, thrown: number): void {
    walkFrames(machine, at, this.nativeCalls)
    this.raisedAt.push({ name: machine.classOf(thrown).name, offset: at.instance.linked.capOffsets[at.pc]! })
  }
}

describeEngine(
  'interpreter, watched at every instruction',
  () => interpreter,
  () => new LookingMonitor(),
)
describeEngine(
  'interpreter, its coverage recorded',
  () => interpreter,
  () => new CoverageMonitor(),
)

const FACTORIAL = {
  run: { code: 'sconst_3 invokestatic f sreturn', maxStack: 2 },
  f: {
    code: 'sload_0 ifne MORE sconst_1 sreturn MORE: sload_0 sload_0 sconst_1 ssub invokestatic f smul sreturn',
    nargs: 1,
    maxStack: 4,
  },
}

function run(monitor: Monitor, methods: Parameters<VmFixture['loadMethods']>[0]['methods']) {
  const vm = new VmFixture({ monitor })
  const instance = vm.loadMethods({ methods })
  return { instance, outcome: vm.call(instance, vm.newOwner(instance)) }
}

describe('a monitor', () => {
  it('is asked at every instruction, in order, and sees who called whom', () => {
    const monitor = new LookingMonitor()
    const { outcome } = run(monitor, FACTORIAL)
    expect(outcome.result).toBe(6)
    const depths = monitor.seen.map(({ frames }) => frames.length)
    expect(Math.max(...depths)).toBe(5)
    expect(depths.filter((depth) => depth === 1)).toHaveLength(3)
    const deepest = monitor.seen.find(({ frames }) => frames.length === 5)!.frames
    expect(deepest.every((frame) => frame.kind === 'code')).toBe(true)
  })

  it('is told of an exception where it was made, before it is caught', () => {
    const monitor = new LookingMonitor()
    const { outcome } = run(monitor, {
      run: { code: 'A: sconst_1 sconst_0 sdiv B: sreturn H: pop sconst_5 sreturn\n.catch A B H any', maxStack: 3 },
    })
    expect(outcome.result).toBe(5)
    expect(monitor.raisedAt.map(({ name }) => name)).toEqual(['java/lang/ArithmeticException'])
  })

  it('finds no breakpoint in linked code, which other cards share', () => {
    const { instance } = run(new LookingMonitor(), FACTORIAL)
    expect([...instance.linked.code].filter((word) => (word & 0xff) === 0xbe)).toEqual([])
  })
})

describe('coverage', () => {
  it('tells which instructions ran, and those that did not', () => {
    const monitor = new CoverageMonitor()
    run(monitor, {
      run: { code: 'sconst_1 ifeq NO sconst_2 sreturn NO: sconst_3 sreturn', maxStack: 2 },
      never: { code: 'sconst_0 sreturn' },
    })
    const [covered] = monitor.report()
    const states = covered!.methods.map(({ instructions, ran }) => instructions.map((one) => ran.has(one)))
    expect(states).toEqual([
      [true, true, true, true, false, false],
      [false, false],
    ])
  })
})
