/** One step from an old list to a new one. */
export interface DifferenceStep {
  readonly kind: 'same' | 'removed' | 'added'
  /** Index in the old list for `same` and `removed`, in the new one for `added`. */
  readonly index: number
  /** Index in the new list, for `same`. */
  readonly newIndex?: number
}

/** Above this the table would be too large; the lists are then compared place by place. */
const LARGEST_TABLE = 16_000_000

/** The shortest way from one list to another by removing and adding; removed before added. */
export function listDifference(before: readonly string[], after: readonly string[]): DifferenceStep[] {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let endBefore = before.length
  let endAfter = after.length
  while (endBefore > start && endAfter > start && before[endBefore - 1] === after[endAfter - 1]) {
    endBefore--
    endAfter--
  }
  const same = (index: number, newIndex: number): DifferenceStep => ({ kind: 'same', index, newIndex })
  return [
    ...before.slice(0, start).map((_, i) => same(i, i)),
    ...middle(before.slice(start, endBefore), after.slice(start, endAfter)).map((one) => ({
      ...one,
      index: one.index + start,
      ...(one.newIndex !== undefined && { newIndex: one.newIndex + start }),
    })),
    ...before.slice(endBefore).map((_, i) => same(endBefore + i, endAfter + i)),
  ]
}

function middle(before: readonly string[], after: readonly string[]): DifferenceStep[] {
  const removed = before.map((_, index): DifferenceStep => ({ kind: 'removed', index }))
  const added = after.map((_, index): DifferenceStep => ({ kind: 'added', index }))
  if (removed.length === 0 || added.length === 0 || removed.length * added.length > LARGEST_TABLE) {
    return [...removed, ...added]
  }
  const width = after.length + 1
  const lengths = new Uint32Array((before.length + 1) * width)
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        before[i] === after[j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!)
    }
  }
  const steps: DifferenceStep[] = []
  let [i, j] = [0, 0]
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      steps.push({ kind: 'same', index: i++, newIndex: j++ })
    } else if (
      i < before.length &&
      (j >= after.length || lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!)
    ) {
      steps.push(removed[i++]!)
    } else {
      steps.push(added[j++]!)
    }
  }
  return steps
}
