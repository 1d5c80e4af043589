import type { Jcre } from '../runtime/jcre.ts'
import { callerArrayFault } from '../vm/firewall.ts'
import { JAVA_THROW } from '../vm/machine.ts'
import { ELEMENT, TYPE } from '../vm/memory/handle-entry.ts'
import { isPersistent, lengthOf, requireWritten } from './native-call.ts'

/** Where an element of a short[] that the caller may use lies; NullPointer-, Security- and ArrayIndexOutOfBoundsException. */
export function shortElementAddress(jcre: Jcre, array: number, index: number): number {
  const fault = callerArrayFault(jcre.machine, array)
  if (fault !== 0) {
    jcre.machine.thrown = fault
    throw JAVA_THROW
  }
  const type = jcre.memory.word1(array) >>> 16
  if ((type & TYPE.references) !== 0 || (type & 7) !== ELEMENT.short) {
    jcre.machine.throwNew('java/lang/SecurityException')
  }
  if (index < 0 || index >= lengthOf(jcre, array)) {
    jcre.machine.throwNew('java/lang/ArrayIndexOutOfBoundsException')
  }
  return jcre.memory.addressOf(array) + 2 * index
}

export function putShortElement(jcre: Jcre, address: number, value: number): void {
  if (isPersistent(jcre, address)) requireWritten(jcre, jcre.memory.putShort(address, value))
  else jcre.memory.i16[address >> 1] = value
}
