import type { JvmInstruction } from '../classfile/jvm-instruction.ts'
import type { IntWords } from './int-words.ts'
import type { JavaMethod, JavaVariable } from './program.ts'

/** Where a declared variable is: its first word, and whether it takes two. */
export interface VariablePlace {
  readonly slot: number
  readonly isInt: boolean
}

/** An int of the source that the converter keeps in one word is no int here. */
export function placeOfVariable(
  variable: JavaVariable,
  reachable: readonly JvmInstruction[],
  ints: IntWords,
  slots: LocalSlots,
): VariablePlace {
  const made = reachable.find(({ pc, lengthBytes }) => pc + lengthBytes === variable.startPc)
  const isParameter = variable.startPc === 0
  const isStoredInt = made?.kind === 'store' && made.slot === variable.slot && ints.isIntStored(made.pc)
  const isInt = variable.descriptor === 'I' && (isParameter || isStoredInt)
  return { slot: slots.of(variable.slot, isInt), isInt }
}

/** Words of the frame that variables of the class file have on the card. */
export interface LocalSlots {
  /** @param isInt two words: a variable of the class file may have one of each width, at different times */
  of(slot: number, isInt: boolean): number
}

const SAME: LocalSlots = { of: (slot) => slot }

/** Parameters come first as the caller leaves them, then the other variables in the order of their slots. */
export function localSlots(method: JavaMethod, reachable: readonly JvmInstruction[], ints: IntWords): LocalSlots {
  const { parameters } = method.signature
  if (!ints.any && !parameters.some((one) => one.kind === 'int')) return SAME
  const places = new Map<string, number>()
  let next = method.isStatic ? 0 : 1
  if (!method.isStatic) places.set('0 false', 0)
  parameters.forEach((type, i) => {
    const isInt = type.kind === 'int'
    places.set(`${i + (method.isStatic ? 0 : 1)} ${isInt}`, next)
    next += isInt ? 2 : 1
  })
  const used = reachable.flatMap((one) => {
    if (one.kind === 'store') return [{ slot: one.slot, isInt: one.type === 'int' && ints.isIntStored(one.pc) }]
    if (one.kind === 'increment') return [{ slot: one.slot, isInt: ints.isIntLocal(one.pc, one.slot) }]
    if (one.kind === 'load') return [{ slot: one.slot, isInt: one.type === 'int' && ints.isIntLocal(one.pc, one.slot) }]
    return []
  })
  for (const { slot, isInt } of used.toSorted((a, b) => a.slot - b.slot || Number(a.isInt) - Number(b.isInt))) {
    const key = `${slot} ${isInt}`
    if (places.has(key)) continue
    places.set(key, next)
    next += isInt ? 2 : 1
  }
  return { of: (slot, isInt) => places.get(`${slot} ${isInt}`) ?? 0 }
}
