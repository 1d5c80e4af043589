import { equalBytes, toHex } from '@gridcard/bytes'
import { CardError } from '../errors.ts'
import { APDU_BUFFER_HANDLE, exceptionHandle } from '../vm/jcre-objects.ts'
import { NO_CONTEXT } from '../vm/machine.ts'
import { APPLET_STATE } from './applet-registry.ts'
import { uncaughtStatus } from './exceptions.ts'
import type { Installation, Jcre } from './jcre.ts'
import { SW } from './status-words.ts'

export interface InstallOptions {
  readonly packageAid: Uint8Array
  /** Of the class, as in the Applet component. */
  readonly appletAid: Uint8Array
  /** 5 to 16 bytes; default: the class's own. */
  readonly instanceAid?: Uint8Array
  /** Applet data, the last part of install's parameters. */
  readonly parameters?: Uint8Array
  /** Control information, the middle part: the privileges, on a GlobalPlatform card. */
  readonly controlInformation?: Uint8Array
  /** Life cycle state to begin with; default: SELECTABLE. */
  readonly state?: number
}

/** bArray holds three lengths and their parts, 127 bytes at most. @source JCRE 3.1 §11.2.1 */
const LONGEST_PARAMETERS = 127
/** What the usual SystemExceptions of a constructor or of register() mean to an installer, in GlobalPlatform's words. */
const STATUS_BY_SYSTEM_REASON: Readonly<Record<number, number>> = {
  1: SW.wrongData, // ILLEGAL_VALUE
  2: SW.notEnoughMemory, // NO_TRANSIENT_SPACE
  4: SW.conditionsNotSatisfied, // ILLEGAL_AID
  5: SW.notEnoughMemory, // NO_RESOURCE
}
const NONE = new Uint8Array()
/** Where bArray begins in the APDU buffer; an applet must not count on 0. */
export const PARAMETERS_OFFSET = 5

/**
 * Runs an applet's install method. It succeeds when register() has returned; all that an installation that fails has
 * written is undone.
 *
 * @returns the instance AID that was registered
 * @throws CardError `CARD_INSTALL_REFUSED` with `place.sw`
 * @source JCRE 3.1 §3.1, §11.2
 */
export function installApplet(jcre: Jcre, o: InstallOptions): Uint8Array {
  const { memory, machine } = jcre
  const packageInstance = machine.packages.find((one) => one?.linked.aid === toHex(o.packageAid))
  const applet = packageInstance?.linked.applets.find((one) => equalBytes(one.aid, o.appletAid))
  if (!packageInstance || !applet) throw refused('no such applet on the card', SW.referencedDataNotFound)
  const aid = o.instanceAid ?? o.appletAid
  if (aid.length < 5 || aid.length > 16) throw refused('an instance AID has 5 to 16 bytes', SW.wrongData)
  if (jcre.registry.find(aid)) throw refused('the instance AID is in use', SW.conditionsNotSatisfied)
  if (jcre.open?.isPaused(packageInstance.slot)) {
    throw refused('the package is being upgraded', SW.conditionsNotSatisfied)
  }
  if (jcre.channels.activeOf(packageInstance.slot).some((one) => !jcre.isMultiSelectable(one))) {
    throw refused('an applet of the package is active', SW.conditionsNotSatisfied)
  }
  const bArray = installParameters(aid, o)
  const owner = machine.findFreeOwner()
  if (owner === 0) throw refused('no numbers left for another applet', SW.notEnoughMemory)

  machine.resetStack()
  memory.begin()
  memory.root.nextOwner = Math.max(memory.root.nextOwner, owner + 1)
  const { state = APPLET_STATE.selectable } = o
  const installation: Installation = {
    owner,
    packageInstance,
    moduleAid: applet.aid,
    registered: undefined,
    state,
    instanceAid: jcre.open && aid,
  }
  jcre.installation = installation
  machine.contextOf[owner] = packageInstance.context
  jcre.open?.installing(owner)
  machine.selectedContext = packageInstance.context
  jcre.apduBuffer.fill(0)
  jcre.apduBuffer.set(bArray, PARAMETERS_OFFSET)
  try {
    jcre.startBudget()
    jcre.call(applet.install, owner, [APDU_BUFFER_HANDLE, PARAMETERS_OFFSET, bArray.length])
    return finish(jcre)
  } finally {
    if (installation.registered === undefined) machine.contextOf[owner] = NO_CONTEXT
    jcre.installation = undefined
    machine.resetStack()
    machine.releaseVolatile()
    machine.selectedContext = 0
    if (!jcre.isDead) {
      jcre.apduBuffer.fill(0)
      jcre.clearOnDeselect(packageInstance.context) // the applet was the currently selected one, and no longer is
    }
  }
}

/** bArray of install. @throws CardError `CARD_INSTALL_REFUSED` if it is too long @source JCRE 3.1 §11.2.1 */
export function installParameters(
  aid: Uint8Array,
  { controlInformation: control = NONE, parameters = NONE }: Pick<InstallOptions, 'controlInformation' | 'parameters'>,
): Uint8Array {
  const bArray = Uint8Array.of(aid.length, ...aid, control.length, ...control, parameters.length, ...parameters)
  if (bArray.length > LONGEST_PARAMETERS) throw refused('more than 127 bytes of install parameters', SW.wrongLength)
  return bArray
}

/** The outcome is decided by register(); what came after it is only reported. */
function finish(jcre: Jcre): Uint8Array {
  const { thrown, halted, haltedAt } = jcre.machine
  const registered = jcre.installation?.registered
  // Described before the rollback, which may take the exception object with it.
  const failure = thrown === 0 ? undefined : describe(jcre, thrown)
  jcre.abortOpenTransaction()
  if (halted !== undefined) jcre.log({ event: 'halted', detail: `install: ${halted} at ${haltedAt}` })
  if (registered !== undefined) {
    if (failure) jcre.log({ event: 'uncaught-exception', detail: `after register: ${failure.text}` })
    return registered.aid
  }
  if (halted !== undefined) throw refused(`install halted: ${halted}`, SW.unknown)
  if (failure === undefined) throw refused('install returned without register', SW.conditionsNotSatisfied)
  throw refused(`install threw ${failure.text}`, failure.statusWord)
}

function describe(jcre: Jcre, thrown: number): { text: string; statusWord: number } {
  const reason = jcre.reasonOf(thrown)
  const text = `${jcre.machine.classOf(thrown).name}${reason === undefined ? '' : `, reason ${reason}`}`
  const isSystem = thrown === exceptionHandle('javacard/framework/SystemException')
  const bySystem = isSystem ? STATUS_BY_SYSTEM_REASON[reason ?? 0] : undefined
  return { text, statusWord: bySystem ?? uncaughtStatus(jcre, thrown) }
}

function refused(message: string, statusWord: number): CardError {
  return new CardError('CARD_INSTALL_REFUSED', message, { sw: statusWord })
}
