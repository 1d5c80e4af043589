import { assert } from '@gridcard/bytes'

/** Whole seconds since 1970 UTC, `fromS` included, `toS` not. */
export interface SupplySpan {
  readonly fromS: number
  readonly toS: number
}

/**
 * When the home got power through its meter: the instants at which supply began, ended, began again. Both an open
 * switch and a meter without power end it. A home begins without supply. Never changed: a change makes a new history.
 */
export class SupplyHistory {
  /** Strictly rising; even index: supply begins, odd: it ends. */
  readonly changesS: readonly number[]

  constructor(changesS: readonly number[] = []) {
    assert(isRising(changesS), 'supply changes rise')
    this.changesS = changesS
  }

  get isSupplied(): boolean {
    return this.changesS.length % 2 === 1
  }

  /** The history with a change at `atS`, which no earlier one may follow; undone in the same second, it leaves no trace. */
  changed(supplied: boolean, atS: number): SupplyHistory {
    if (supplied === this.isSupplied) return this
    const last = this.changesS.at(-1)
    assert(last === undefined || atS >= last, 'supply changes in order of time')
    return new SupplyHistory(last === atS ? this.changesS.slice(0, -1) : [...this.changesS, atS])
  }

  isSuppliedAt(atS: number): boolean {
    return this.#changesBefore(atS + 1) % 2 === 1
  }

  /** The parts of `[fromS, toS)` with supply. */
  spans(fromS: number, toS: number): SupplySpan[] {
    const spans: SupplySpan[] = []
    let index = this.#changesBefore(fromS + 1)
    let at = fromS
    while (at < toS) {
      const next = Math.min(toS, this.changesS[index] ?? toS)
      if (index % 2 === 1 && next > at) spans.push({ fromS: at, toS: next })
      at = next
      index++
    }
    return spans
  }

  /** How many changes came before `atS`; they are few, and mostly the last ones are asked for. */
  #changesBefore(atS: number): number {
    let low = 0
    let high = this.changesS.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.changesS[middle]! < atS) low = middle + 1
      else high = middle
    }
    return low
  }
}

export function isRising(numbers: readonly number[]): boolean {
  return numbers.every((number, i) => i === 0 || number > numbers[i - 1]!)
}
