import type { Jcre } from './jcre.ts'
import { SW } from './status-words.ts'

/** The status word of an exception that nobody caught: the reason of an ISOException, else 6F00. @source JCRE 3.1 §3.3 */
export function uncaughtStatus(jcre: Jcre, thrown: number): number {
  const isIso = jcre.machine.classOf(thrown).isKindOf(jcre.requireClass('javacard/framework/ISOException'))
  return isIso ? jcre.reasonOf(thrown)! & 0xffff : SW.unknown
}
