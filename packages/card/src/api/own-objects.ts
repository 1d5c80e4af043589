import type { Jcre } from '../runtime/jcre.ts'
import { CLASS_ID_MASK, OWNER_MASK, TYPE } from '../vm/memory/handle-entry.ts'

/** Handles of the active owner's objects of a class, for those that are handed out again. @param className of the API */
export function ownObjects(jcre: Jcre, className: string): number[] {
  const { memory, machine } = jcre
  const wanted = machine.classIdOf(jcre.requireClass(className))
  const found: number[] = []
  for (let handle = 1; handle < memory.root.handleCount; handle++) {
    const word1 = memory.word1(handle)
    if (((word1 >>> 16) & (TYPE.array | CLASS_ID_MASK)) !== wanted) continue
    if (((memory.word0(handle) >>> 24) & OWNER_MASK) === machine.owner) found.push(handle)
  }
  return found
}
