import type { Jcre } from '../runtime/jcre.ts'

/** Writes of one method are one step, part of an open transaction or not. */
export function inOneStep<T>(jcre: Jcre, work: () => T): T {
  const { memory } = jcre
  if (memory.inTransaction) return work()
  memory.begin()
  try {
    const result = work()
    memory.commit()
    return result
  } catch (error) {
    if (!jcre.isDead) memory.abort()
    throw error
  }
}
