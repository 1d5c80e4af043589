import type { JcreException } from '../vm/jcre-objects.ts'
import { handleAt, isPersistent, type JcreMethod, shortAt } from './native-call.ts'

/** Exceptions with a reason: one cell, which never joins a transaction. @source API CardRuntimeException */

function setReason(...[jcre, at]: Parameters<JcreMethod>): number {
  const address = jcre.machine.hiddenAddress(handleAt(jcre, at))
  jcre.memory.i16[address >> 1] = shortAt(jcre, at + 1)
  if (isPersistent(jcre, address)) jcre.memory.copyNonAtomic(address, address, 2)
  return 0
}

const getReason: JcreMethod = (jcre, at) => jcre.memory.i16[jcre.machine.hiddenAddress(handleAt(jcre, at)) >> 1]!

/** Constructor, and throwIt with the JCRE's own instance, for one class of the family. */
export function reasonedException(name: JcreException): Record<string, JcreMethod> {
  const simple = name.slice(name.lastIndexOf('/') + 1)
  return {
    [`${simple}.<init>(S)V`]: setReason,
    [`${simple}.throwIt(S)V`]: (jcre, at) => jcre.machine.throwNew(name, shortAt(jcre, at)),
  }
}

/** The two roots of the family hold the reason for all. */
export function reasonAccess(simple: 'CardException' | 'CardRuntimeException'): Record<string, JcreMethod> {
  return { [`${simple}.getReason()S`]: getReason, [`${simple}.setReason(S)V`]: setReason }
}
