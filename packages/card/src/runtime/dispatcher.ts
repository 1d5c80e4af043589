import { APDU_HANDLE } from '../vm/jcre-objects.ts'
import { type ApduCommand, parseApduCommand } from './apdu-command.ts'
import { ApduSession } from './apdu-session.ts'
import type { AppletRecord } from './applet-registry.ts'
import { channelOf, isInterindustry, isSecureMessaging } from './cla.ts'
import { collectGarbage } from './collector.ts'
import { endOfCall } from './end-of-call.ts'
import type { Jcre } from './jcre.ts'
import { BASIC_CHANNEL } from './logical-channels.ts'
import { manageChannel } from './manage-channel.ts'
import {
  becomeSelected,
  callApplet,
  canBecomeActive,
  deselectOn,
  findByName,
  findOccurrence,
  noneSelected,
  selectOn,
} from './selection.ts'
import { SW } from './status-words.ts'
import type { T0Answer } from './t0-transport.ts'

const INS_SELECT = 0xa4
const INS_MANAGE_CHANNEL = 0x70
const P1_BY_NAME = 0x04
/** Bits of P2 that say which occurrence; b4 b3 ask for file control information, b5 is set by RMI clients. */
const P2_OCCURRENCE = 0xe3
const OCCURRENCES = ['first', 'last', 'next', 'previous'] as const

/** Virtual method token of javacard.framework.Applet. */
const APPLET_PROCESS = 7

/**
 * One command APDU from the terminal. Answers everything with a status word.
 * @source JCRE 3.1 ch. 4, §3.3
 */
export function dispatch(jcre: Jcre, bytes: Uint8Array): T0Answer {
  const command = parseApduCommand(bytes)
  if (command === undefined) return { response: statusOnly(SW.wrongLength), isWithoutChaining: false }
  jcre.startBudget()
  jcre.cla = command.cla
  jcre.isWithoutChaining = false
  try {
    const response = answer(jcre, command)
    // Nothing is on the stack now, and the next process() finds the memory free.
    if (jcre.isDeletionRequested) collectGarbage(jcre)
    return { response, isWithoutChaining: jcre.isWithoutChaining }
  } finally {
    jcre.cla = 0
    noneSelected(jcre)
  }
}

/** After reset: the default applet of the basic channel, if there is one and it accepts. @source JCRE 3.1 §4.1.1 */
export function selectDefaultApplet(jcre: Jcre): void {
  const applet = jcre.registry.defaultOn(BASIC_CHANNEL)
  if (applet === undefined) return
  jcre.startBudget()
  jcre.isSelecting = true
  try {
    selectOn(jcre, BASIC_CHANNEL, applet)
  } finally {
    jcre.isSelecting = false
    noneSelected(jcre)
  }
}

function answer(jcre: Jcre, command: ApduCommand): Uint8Array {
  const channel = channelOf(command.cla, jcre.channels.count)
  const { channels } = jcre
  if (isInterindustry(command.cla)) {
    if (command.ins === INS_MANAGE_CHANNEL) {
      const locked = jcre.open?.lockedStatus()
      if (locked !== undefined) return statusOnly(locked)
      const { status, channel: opened } = manageChannel(jcre, command)
      return opened === undefined ? statusOnly(status) : Uint8Array.of(opened, ...statusOnly(status))
    }
    if (isSelectByName(command)) {
      if (channel >= channels.count) return statusOnly(SW.logicalChannelNotSupported)
      channels.open(channel)
      const applet = candidateOf(jcre, command, channel)
      const locked = jcre.open?.lockedStatus(applet)
      if (locked !== undefined) return statusOnly(locked)
      if (applet !== undefined) return select(jcre, channel, applet, command)
      const hidden = jcre.open && jcre.registry.find(command.data)
      if (hidden !== undefined) return refuseHidden(jcre, channel, hidden)
    }
  }
  if (!channels.isOpen(channel)) return statusOnly(SW.logicalChannelNotSupported)
  const applet = channels.activeOn(channel)
  if (applet === undefined || command.cla === 0xff) return statusOnly(SW.appletSelectFailed)
  becomeSelected(jcre, channel, applet)
  return process(jcre, applet, command)
}

/** An instance that may not be selected: if it is active here, its session ends. @source GPC 2.3.1 §6.4.2.1.2 */
function refuseHidden(jcre: Jcre, channel: number, applet: AppletRecord): Uint8Array {
  if (jcre.channels.activeOn(channel) === applet) {
    deselectOn(jcre, channel)
    const implicit = jcre.registry.defaultOn(channel)
    if (implicit && implicit !== applet && canBecomeActive(jcre, implicit, channel)) selectOn(jcre, channel, implicit)
  }
  return statusOnly(SW.applicationNotFound)
}

function statusOnly(statusWord: number): Uint8Array {
  return Uint8Array.of(statusWord >> 8, statusWord)
}

/**
 * By name, first or only occurrence; on a card with partial selection the last, next and previous one, too. With secure messaging or
 * chaining it belongs to the applet.
 * @source JCRE 3.1 §4.5.2
 */
function isSelectByName({ cla, ins, p1, p2 }: ApduCommand): boolean {
  const isOurs = OCCURRENCES[p2 & P2_OCCURRENCE] !== undefined
  return ins === INS_SELECT && p1 === P1_BY_NAME && isOurs && !isSecureMessaging(cla) && (cla & 0x10) === 0
}

function candidateOf(jcre: Jcre, { p2, data }: ApduCommand, channel: number): AppletRecord | undefined {
  const occurrence = OCCURRENCES[p2 & P2_OCCURRENCE]!
  return occurrence === 'first' ? findByName(jcre, data) : findOccurrence(jcre, data, channel, occurrence)
}

function select(jcre: Jcre, channel: number, applet: AppletRecord, command: ApduCommand): Uint8Array {
  const isReselecting = jcre.channels.activeOn(channel) === applet
  deselectOn(jcre, channel)
  if (!canBecomeActive(jcre, applet, channel)) return statusOnly(SW.conditionsNotSatisfied)
  jcre.isSelecting = true
  jcre.isReselecting = isReselecting
  try {
    if (!selectOn(jcre, channel, applet)) return statusOnly(SW.appletSelectFailed)
    return withWarning(process(jcre, applet, command), jcre.open?.selectWarning(applet))
  } finally {
    jcre.isSelecting = false
    jcre.isReselecting = false
  }
}

function withWarning(response: Uint8Array, warning: number | undefined): Uint8Array {
  const isWell = response.at(-2) === SW.noError >> 8 && response.at(-1) === 0
  if (warning === undefined || !isWell) return response
  response.set(statusOnly(warning), response.length - 2)
  return response
}

function process(jcre: Jcre, applet: AppletRecord, command: ApduCommand): Uint8Array {
  const extendedLength = jcre.requireClass('javacardx/apdu/ExtendedLength')
  const session = new ApduSession(command, jcre.machine.classOf(applet.applet).isKindOf(extendedLength), jcre.protocol)
  if (command.isExtended && !session.hasExtendedLength) return statusOnly(SW.wrongLength)
  if (command.data.length > 0x7fff) return statusOnly(SW.wrongLength)
  session.writeCommand(jcre.apduBuffer)
  jcre.apdu = session
  jcre.isProcessing = true
  try {
    callApplet(jcre, applet, APPLET_PROCESS, APDU_HANDLE)
    const failure = endOfCall(jcre)
    jcre.isWithoutChaining = session.isWithoutChaining
    return session.response(failure ?? SW.noError)
  } finally {
    jcre.apdu = undefined
    jcre.isProcessing = false
  }
}
