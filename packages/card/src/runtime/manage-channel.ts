import type { ApduCommand } from './apdu-command.ts'
import { channelOf, isSecureMessaging } from './cla.ts'
import type { Jcre } from './jcre.ts'
import { BASIC_CHANNEL, MOST_CHANNELS } from './logical-channels.ts'
import { canBecomeActive, deselectOn, selectOn } from './selection.ts'
import { SW } from './status-words.ts'

const P1_OPEN = 0x00
const P1_CLOSE = 0x80
const CHAINING = 0x10

/**
 * MANAGE CHANNEL, which no applet ever sees. The order of the checks is the specification's.
 * @returns status word, and the number of the channel if the card chose it
 * @source JCRE 3.1 §4.5.1, §4.6.1
 */
export function manageChannel(jcre: Jcre, command: ApduCommand): { status: number; channel?: number } {
  const { cla, p1, p2 } = command
  if (isSecureMessaging(cla)) return { status: SW.secureMessagingNotSupported }
  if ((cla & CHAINING) !== 0) return { status: SW.commandChainingNotSupported }
  if (p1 !== P1_OPEN && p1 !== P1_CLOSE) return { status: SW.functionNotSupported }
  if (p1 === P1_OPEN && p2 >= MOST_CHANNELS) return { status: SW.functionNotSupported }
  const origin = channelOf(cla, jcre.channels.count)
  if (!jcre.channels.isOpen(origin) || jcre.channels.count === 1) return { status: SW.logicalChannelNotSupported }
  return p1 === P1_OPEN ? open(jcre, origin, command) : { status: close(jcre, p2) }
}

function open(jcre: Jcre, origin: number, { p2, ne }: ApduCommand): { status: number; channel?: number } {
  const { channels } = jcre
  if (p2 === 0 && ne !== 1) return { status: SW.correctLengthIsOne }
  const channel = p2 === 0 ? channels.findClosed() : p2
  if (channel === undefined) return { status: SW.functionNotSupported }
  if (channel >= channels.count || channels.isOpen(channel)) return { status: SW.incorrectP1P2 }
  channels.open(channel)
  const candidate = origin === BASIC_CHANNEL ? jcre.registry.defaultOn(channel) : channels.activeOn(origin)
  if (candidate !== undefined) {
    const status = selectCandidate(jcre, channel, candidate)
    if (status !== SW.noError) {
      channels.close(channel)
      return { status }
    }
  }
  return p2 === 0 ? { status: SW.noError, channel } : { status: SW.noError }
}

function selectCandidate(jcre: Jcre, ...[channel, candidate]: [number, Parameters<typeof selectOn>[2]]): number {
  if (!canBecomeActive(jcre, candidate, channel)) return SW.conditionsNotSatisfied
  jcre.isSelecting = true
  try {
    return selectOn(jcre, channel, candidate) ? SW.noError : SW.appletSelectFailed
  } finally {
    jcre.isSelecting = false
  }
}

function close(jcre: Jcre, channel: number): number {
  if (channel === BASIC_CHANNEL || channel >= MOST_CHANNELS) return SW.functionNotSupported
  if (!jcre.channels.isOpen(channel)) return SW.channelNotOpenWarning
  deselectOn(jcre, channel)
  jcre.channels.close(channel)
  return SW.noError
}
