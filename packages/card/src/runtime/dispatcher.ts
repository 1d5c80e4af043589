import { APDU_HANDLE } from '../vm/jcre-objects.ts'
import { type ApduCommand, parseApduCommand } from './apdu-command.ts'
import { ApduSession } from './apdu-session.ts'
import type { AppletRecord } from './applet-registry.ts'
import { channelOf, isInterindustry, isSecureMessaging } from './cla.ts'
import { uncaughtStatus } from './exceptions.ts'
import type { Jcre } from './jcre.ts'
import { SW } from './status-words.ts'

const INS_SELECT = 0xa4
const INS_MANAGE_CHANNEL = 0x70
const P1_BY_NAME = 0x04
const LAST_CHANNEL = 19

/** Virtual method tokens of javacard.framework.Applet. */
const APPLET_DESELECT = 4
const APPLET_SELECT = 6
const APPLET_PROCESS = 7

/**
 * One command APDU from the terminal. Answers everything with a status word; only the basic logical channel is there.
 * @source JCRE 3.1 ch. 4, §3.3
 */
export function dispatch(jcre: Jcre, bytes: Uint8Array): Uint8Array {
  const command = parseApduCommand(bytes)
  if (command === undefined) return statusOnly(SW.wrongLength)
  jcre.startBudget()
  if (isInterindustry(command.cla)) {
    if (command.ins === INS_MANAGE_CHANNEL) return statusOnly(manageChannelStatus(command))
    if (isAppletSelect(command)) {
      if (channelOf(command.cla) !== 0) return statusOnly(SW.logicalChannelNotSupported)
      const applet = jcre.registry.find(command.data)
      if (applet !== undefined) return select(jcre, applet, command)
    }
  }
  if (channelOf(command.cla) !== 0) return statusOnly(SW.logicalChannelNotSupported)
  if (jcre.selected === undefined || command.cla === 0xff) return statusOnly(SW.appletSelectFailed)
  return process(jcre, jcre.selected, command)
}

function statusOnly(statusWord: number): Uint8Array {
  return Uint8Array.of(statusWord >> 8, statusWord)
}

/** By name, first or only occurrence; with secure messaging it belongs to the applet. @source JCRE 3.1 §4.5.2 */
function isAppletSelect(command: ApduCommand): boolean {
  const { cla, ins, p1, p2 } = command
  return ins === INS_SELECT && p1 === P1_BY_NAME && (p2 & 0xe3) === 0 && !isSecureMessaging(cla)
}

/** @source JCRE 3.1 §4.5.1, §4.6.1 */
function manageChannelStatus({ cla, p1, p2 }: ApduCommand): number {
  if (isSecureMessaging(cla)) return SW.secureMessagingNotSupported
  if ((p1 !== 0x00 && p1 !== 0x80) || p2 > LAST_CHANNEL) return SW.functionNotSupported
  return SW.logicalChannelNotSupported
}

function select(jcre: Jcre, applet: AppletRecord, command: ApduCommand): Uint8Array {
  const { machine } = jcre
  jcre.isReselecting = jcre.selected === applet
  deselect(jcre)
  jcre.selected = applet
  machine.selectedContext = jcre.registry.packageOf(applet).context
  jcre.isSelecting = true
  try {
    const answer = callApplet(jcre, applet, APPLET_SELECT)
    const failure = endOfCall(jcre)
    if (failure !== undefined || (answer & 0xff) === 0) {
      jcre.selected = undefined
      machine.selectedContext = 0
      return statusOnly(SW.appletSelectFailed)
    }
    return process(jcre, applet, command)
  } finally {
    jcre.isSelecting = false
    jcre.isReselecting = false
  }
}

/** Always succeeds; exceptions are swallowed. @source JCRE 3.1 §4.6 */
function deselect(jcre: Jcre): void {
  const applet = jcre.selected
  if (applet === undefined) return
  callApplet(jcre, applet, APPLET_DESELECT)
  endOfCall(jcre)
  jcre.clearOnDeselect(jcre.registry.packageOf(applet).context)
  jcre.selected = undefined
  jcre.machine.selectedContext = 0
}

function process(jcre: Jcre, applet: AppletRecord, command: ApduCommand): Uint8Array {
  const extendedLength = jcre.requireClass('javacardx/apdu/ExtendedLength')
  const session = new ApduSession(command, jcre.machine.classOf(applet.applet).isKindOf(extendedLength))
  if (command.isExtended && !session.hasExtendedLength) return statusOnly(SW.wrongLength)
  if (command.data.length > 0x7fff) return statusOnly(SW.wrongLength)
  session.writeHeader(jcre.apduBuffer)
  jcre.apdu = session
  jcre.isProcessing = true
  try {
    callApplet(jcre, applet, APPLET_PROCESS, APDU_HANDLE)
    const failure = endOfCall(jcre)
    return session.response(failure ?? SW.noError)
  } finally {
    jcre.apdu = undefined
    jcre.isProcessing = false
  }
}

function callApplet(jcre: Jcre, applet: AppletRecord, token: number, ...args: number[]): number {
  const { machine } = jcre
  machine.resetStack()
  const method = machine.classOf(applet.applet).virtualMethods[token]!
  return jcre.call(method, applet.owner, [applet.applet, ...args])
}

/**
 * The JCRE has control again: an open transaction is rolled back, and counts as an exception.
 * @returns the status word of a failure, or undefined for a normal return
 * @source JCRE 3.1 §7.6.2, §9.1
 */
function endOfCall(jcre: Jcre): number | undefined {
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
  if (jcre.abortOpenTransaction()) failure ??= SW.unknown
  machine.resetStack()
  return failure
}
