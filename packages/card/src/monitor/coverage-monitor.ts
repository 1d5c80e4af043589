import type { LinkedMethod, LinkedPackage } from '../vm/link/linked-package.ts'
import type { Machine } from '../vm/machine.ts'
import type { CodePosition, Monitor } from '../vm/monitor.ts'
import { WatchedCode } from './watched-code.ts'

export interface PackageCoverage {
  /** Hex */
  readonly aid: string
  readonly methods: readonly MethodCoverage[]
}

/** Offsets in Method `info`. */
export interface MethodCoverage {
  /** Of the method's header. */
  readonly offset: number
  /** All instructions that control can reach, ascending. */
  readonly instructions: readonly number[]
  /** Those that ran. */
  readonly ran: ReadonlySet<number>
}

/**
 * Which instructions ran. Each asks once, the first time: then the card goes at full speed. One monitor may serve several
 * cards, and the same card started again; coverage adds up.
 */
export class CoverageMonitor implements Monitor {
  readonly #codes = new Map<string, WatchedCode>()

  codeOf(linked: LinkedPackage): Int32Array {
    let code = this.#codes.get(linked.key)
    if (code === undefined) {
      code = new WatchedCode(linked)
      code.setAll()
      this.#codes.set(linked.key, code)
    }
    return code.words
  }

  reached(_machine: Machine, { instance, pc }: CodePosition): number {
    const code = this.#codes.get(instance.linked.key)!
    code.clear(pc)
    return code.originalAt(pc)
  }

  /** So far, packages in the order in which they came. */
  report(): PackageCoverage[] {
    return [...this.#codes.values()].map(({ linked, words, starts }) => {
      const ran = (pc: number) => words[pc] === linked.code[pc]
      return { aid: linked.aid, methods: linked.methods.flatMap((method) => methodCoverage(method, starts, ran)) }
    })
  }
}

function methodCoverage(method: LinkedMethod, starts: Int32Array, ran: (pc: number) => boolean): MethodCoverage[] {
  if (method.entry < 0) return []
  const { capOffsets, methods } = method.package
  const next = Math.min(...methods.map(({ entry }) => (entry > method.entry ? entry - 1 : capOffsets.length)))
  const own = [...starts].filter((pc) => pc >= method.entry && pc < next)
  return [
    {
      offset: capOffsets[method.entry - 1]!,
      instructions: own.map((pc) => capOffsets[pc]!),
      ran: new Set(own.filter(ran).map((pc) => capOffsets[pc]!)),
    },
  ]
}
