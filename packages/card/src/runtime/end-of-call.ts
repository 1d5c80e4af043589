import { uncaughtStatus } from './exceptions.ts'
import type { Jcre } from './jcre.ts'
import { SW } from './status-words.ts'

/**
 * The JCRE has control again: an open transaction is rolled back, and counts as an exception; OneShot objects close,
 * and there is no sensitive result.
 * @returns the status word of a failure, or undefined for a normal return
 * @source JCRE 3.1 §7.6.2, §9.1
 */
export function endOfCall(jcre: Jcre): number | undefined {
  const { machine } = jcre
  const { thrown, halted, haltedAt } = machine
  let failure: number | undefined
  if (halted !== undefined) {
    jcre.log({ event: 'halted', detail: `${halted} at ${haltedAt}` })
    failure = SW.unknown
  } else if (thrown !== 0) {
    // Read before the rollback: the exception object may itself be undone.
    failure = uncaughtStatus(jcre, thrown)
    if (failure === SW.unknown) jcre.log({ event: 'uncaught-exception', detail: machine.classOf(thrown).name })
  }
  if (!jcre.isUpgrading && jcre.abortOpenTransaction()) failure ??= SW.unknown
  for (const oneShot of jcre.openOneShots) jcre.sessions.delete(oneShot)
  jcre.openOneShots.clear()
  jcre.sensitiveKind = 0
  machine.resetStack()
  machine.releaseVolatile()
  return failure
}
