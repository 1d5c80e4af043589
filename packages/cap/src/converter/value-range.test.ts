import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BinaryOperator } from '../classfile/jvm-instruction.ts'
import { BYTE, combine, INT, intersect, narrow, negated, SHORT, unite, type ValueRange, widen } from './value-range.ts'

const JAVA: Readonly<Record<BinaryOperator, (a: number, b: number) => number>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: Math.imul,
  div: (a, b) => (a / b) | 0,
  rem: (a, b) => (a % b) | 0,
  shl: (a, b) => a << b,
  shr: (a, b) => a >> b,
  ushr: (a, b) => (a >>> b) | 0,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
}

const edges = [INT.low, SHORT.low - 1, SHORT.low, BYTE.low, -1, 0, 1, 31, BYTE.high, 255, SHORT.high, 65535, INT.high]
const value = fc.oneof(fc.integer(), fc.constantFrom(...edges), fc.integer({ min: -40, max: 40 }))
/** A range and a value in it. */
const ranged = fc.tuple(value, value, value).map((three) => {
  const [low, inside, high] = three.toSorted((a, b) => a - b) as [number, number, number]
  return { range: { low, high }, inside }
})

const holds = (range: ValueRange, one: number): boolean => range.low <= one && one <= range.high

describe('ranges of Java ints', () => {
  test.for(Object.keys(JAVA) as BinaryOperator[])(
    '%s: the result of any two values lies in the combined range',
    (operator) => {
      fc.assert(
        fc.property(ranged, ranged, (a, b) => {
          if ((operator === 'div' || operator === 'rem') && b.inside === 0) return
          expect(combine(operator, a.range, b.range)).toSatisfy((one: ValueRange) =>
            holds(one, JAVA[operator](a.inside, b.inside)),
          )
        }),
        { numRuns: 3000 },
      )
    },
  )

  test('negation and narrowing', () => {
    fc.assert(
      fc.property(ranged, ({ range, inside }) => {
        expect(holds(negated(range), -inside | 0)).toBe(true)
        expect(holds(narrow(range, BYTE), (inside << 24) >> 24)).toBe(true)
        expect(holds(narrow(range, SHORT), (inside << 16) >> 16)).toBe(true)
      }),
    )
  })

  test('uniting covers both, intersecting lies in both, widening covers and ends', () => {
    fc.assert(
      fc.property(ranged, ranged, (a, b) => {
        const united = unite(a.range, b.range)
        expect(holds(united, a.inside) && holds(united, b.inside)).toBe(true)
        const common = intersect(a.range, b.range)
        expect(common === undefined || (holds(a.range, common.low) && holds(b.range, common.high))).toBe(true)
        let range = widen(a.range, united)
        expect(holds(range, a.inside) && holds(range, b.inside)).toBe(true)
        for (let step = 0; step < 30; step++)
          range = widen(range, unite(range, { low: range.low, high: Math.min(range.high + 1, INT.high) }))
        expect(range.high).toBe(INT.high)
      }),
    )
  })

  test.for([
    ['a byte masked is a byte without sign', 'and', BYTE, { low: 255, high: 255 }, { low: 0, high: 255 }],
    ['two shorts added need 17 bits', 'add', SHORT, SHORT, { low: -65536, high: 65534 }],
    ['a short divided by 2 stays one', 'div', SHORT, { low: 2, high: 2 }, { low: -16384, high: 16383 }],
    ['the smallest short divided by -1 does not', 'div', SHORT, SHORT, { low: -32768, high: 32768 }],
    ['a remainder is smaller than its divisor', 'rem', SHORT, { low: 10, high: 10 }, { low: -9, high: 9 }],
    ['bytes combined bit by bit stay bytes', 'xor', BYTE, BYTE, BYTE],
    ['an unsigned shift by 17 leaves 15 bits', 'ushr', SHORT, { low: 17, high: 17 }, { low: 0, high: 32767 }],
  ] as const)('%s', ([, operator, a, b, result]) => {
    expect(combine(operator, a, b)).toEqual(result)
  })
})
