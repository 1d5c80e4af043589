import { concatBytes } from '@gridcard/bytes'
import { CardError } from '../errors.ts'
import type { ApduCommand } from '../runtime/apdu-command.ts'
import { isSecureMessaging } from '../runtime/cla.ts'
import { becomeSelected } from '../runtime/selection.ts'
import { deleteCommand } from './commands/delete.ts'
import { getData } from './commands/get-data.ts'
import { getStatus } from './commands/get-status.ts'
import { install } from './commands/install.ts'
import { load } from './commands/load.ts'
import { manageElfUpgrade } from './commands/manage-elf-upgrade.ts'
import { putKey } from './commands/put-key.ts'
import { selectResponse } from './commands/select.ts'
import { setStatus } from './commands/set-status.ts'
import { storeData } from './commands/store-data.ts'
import { type Answer, answer, type DomainCommand, DomainContext, OK } from './context.ts'
import type { GlobalPlatform } from './globalplatform.ts'
import { CARD_STATE, isLocked } from './life-cycle.ts'
import { GP_SW, Refusal, refuse, requireThat } from './refusal.ts'
import { SECURITY_LEVEL } from './secure-channel/channel-cipher.ts'
import { beginRMacSession, endRMacSession } from './secure-channel/initiation.ts'
import { openingCommand } from './secure-channel/opening-command.ts'

const MORE_COMMANDS = 0x80
const LONGEST_ANSWER = 256

interface CommandRow {
  readonly ins: number
  readonly name: string
  readonly act: (context: DomainContext, command: DomainCommand) => Answer
  /** Also with an interindustry class byte. */
  readonly isInterindustry?: boolean
  /** Needs an authenticated off-card entity. @source GPC 2.3.1 table 11-2 */
  readonly isAuthenticated?: boolean
  /** Not in a session that can be played again. @source GPC Amd F 1.4 §4.6 */
  readonly isOnce?: boolean
  /** P1 bit 8 announces more commands of a chain. @source GPC 2.3.1 §11.1.5.1 */
  readonly isChained?: boolean
  /** Has to do with the secure channel itself: its own protection, if any, is part of what it does. */
  readonly isOpening?: boolean
}

/** By INS. @source GPC 2.3.1 ch. 11; Amd D §7; Amd F §7; Amd H §4 */
const COMMANDS: readonly CommandRow[] = [
  { ins: 0x2a, name: 'PERFORM SECURITY OPERATION', act: openingCommand, isOpening: true },
  { ins: 0x50, name: 'INITIALIZE UPDATE', act: openingCommand, isOpening: true },
  { ins: 0x78, name: 'END R-MAC SESSION', act: endRMacSession },
  { ins: 0x7a, name: 'BEGIN R-MAC SESSION', act: beginRMacSession },
  { ins: 0x82, name: 'EXTERNAL or MUTUAL AUTHENTICATE', act: openingCommand, isOpening: true },
  { ins: 0x88, name: 'INTERNAL AUTHENTICATE', act: openingCommand, isOpening: true },
  { ins: 0xa4, name: 'SELECT', act: refuseSelect, isInterindustry: true },
  { ins: 0xc0, name: 'GET RESPONSE', act: getResponse, isInterindustry: true, isOpening: true },
  { ins: 0xca, name: 'GET DATA', act: getData, isInterindustry: true },
  { ins: 0xcb, name: 'GET DATA', act: getData, isInterindustry: true },
  { ins: 0xd8, name: 'PUT KEY', act: putKey, isAuthenticated: true, isOnce: true, isChained: true },
  { ins: 0xe2, name: 'STORE DATA', act: storeData, isAuthenticated: true },
  { ins: 0xe4, name: 'DELETE', act: deleteCommand, isAuthenticated: true, isChained: true },
  { ins: 0xe6, name: 'INSTALL', act: install, isAuthenticated: true, isChained: true },
  { ins: 0xe8, name: 'LOAD', act: load, isAuthenticated: true },
  { ins: 0xea, name: 'MANAGE ELF UPGRADE', act: manageElfUpgrade, isAuthenticated: true },
  { ins: 0xf0, name: 'SET STATUS', act: setStatus, isAuthenticated: true, isOnce: true },
  { ins: 0xf2, name: 'GET STATUS', act: getStatus, isAuthenticated: true },
]
const ROW_BY_INS = new Map(COMMANDS.map((row) => [row.ins, row]))
const INS_GET_DATA = [0xca, 0xcb]
const INS_GET_RESPONSE = 0xc0

function refuseSelect(_: DomainContext, { p1 }: DomainCommand): Answer {
  return refuse(p1 === 0x04 ? GP_SW.notFound : GP_SW.incorrectP1P2)
}

/** A command for a security domain, from bytes to bytes; everything it refuses is a status word. */
export function processDomainCommand(gp: GlobalPlatform, owner: number, command: ApduCommand): Answer {
  const { jcre } = gp
  const context = new DomainContext(gp, owner, jcre.assignedChannel)
  const { selected } = jcre
  try {
    return process(context, command)
  } catch (error) {
    if (jcre.memory.inTransaction && !jcre.isDead) jcre.memory.abort()
    return refusalOf(context, error)
  } finally {
    // Applets may have worked in between, as the selected ones.
    if (selected && !jcre.isDead && jcre.registry.ownedBy(owner)) {
      becomeSelected(jcre, context.channelNumber, selected)
    }
  }
}

/** Only the status word, which the chain of response MACs goes through all the same. */
function refusalOf({ channel }: DomainContext, error: unknown): Answer {
  if (!(error instanceof Refusal) && !(error instanceof CardError)) throw error
  const statusWord = error instanceof Refusal ? error.statusWord : statusOfCardError(error)
  channel.secureChannel?.wrap(new Uint8Array(), statusWord)
  return answer(new Uint8Array(), statusWord)
}

/** @throws CardError again, if the power is gone or the image is damaged */
function statusOfCardError(error: CardError): number {
  switch (error.code) {
    case 'CARD_MEMORY_FULL':
    case 'CARD_HANDLES_FULL':
    case 'CARD_PACKAGE_LIMIT':
      return GP_SW.notEnoughMemory
    case 'CARD_PACKAGE_EXISTS':
    case 'CARD_IMPORT_MISSING':
      return GP_SW.conditions
    case 'CARD_INSTALL_REFUSED':
    case 'CARD_DELETE_REFUSED':
    case 'CARD_UPGRADE_REFUSED':
      return (error.place as { sw?: number }).sw ?? GP_SW.conditions
    default:
      if (error.code.startsWith('CARD_LINK_') || error.code === 'CARD_PACKAGE_UNVERIFIED') return GP_SW.wrongData
      throw error
  }
}

function process(context: DomainContext, command: ApduCommand): Answer {
  const { gp, channel } = context
  const { cla, ins, p1, p2, data } = command
  if (gp.jcre.isSelecting) return selectResponse(context)
  if (ins !== INS_GET_RESPONSE) channel.response = undefined
  const row = ROW_BY_INS.get(ins)
  if (cla & 0x10 && (cla & 0x40) === 0) refuse(GP_SW.invalidClass)
  if (row === undefined) refuse(GP_SW.invalidInstruction)
  if ((cla & 0x80) === 0 && !row.isInterindustry) refuse(GP_SW.invalidClass)
  if (gp.cardState === CARD_STATE.terminated && !INS_GET_DATA.includes(ins)) refuse(GP_SW.conditions)
  requireThat(!isLocked(context.self.applet.state), GP_SW.conditions)
  if (row.isOpening) return row.act(context, { cla, ins, p1, p2, data })

  const whole = row.isChained ? joinChain(context, command) : { p1, data }
  if (whole === undefined) return OK
  const plain = unwrap(context, { cla, ins, p1: whole.p1, p2, data: whole.data })
  if (row.isAuthenticated) requireThat(channel.secureChannel?.isAuthenticated ?? false, GP_SW.securityStatus)
  requireThat(!row.isOnce || !channel.secureChannel?.isReplayable, GP_SW.conditions)
  // As it was when the command came: the command may change it.
  const { secureChannel } = channel
  const done = row.act(context, { cla, ins, p1: whole.p1, p2, data: plain })
  const isRMacBegin = ins === 0x7a
  const isWrapped = secureChannel !== undefined && channel.secureChannel === secureChannel && !isRMacBegin
  return limited(context, isWrapped ? answer(secureChannel.wrap(done.data, done.statusWord), done.statusWord) : done)
}

/** More than a short answer holds comes by GET RESPONSE. @source GPC 2.3.1 §11.1.5.2; ISO/IEC 7816-4 §5.3.4 */
function limited({ channel }: DomainContext, { data, statusWord }: Answer): Answer {
  if (data.length <= LONGEST_ANSWER) return { data, statusWord }
  const rest = data.slice(LONGEST_ANSWER)
  channel.response = { bytes: rest, statusWord }
  return answer(data.slice(0, LONGEST_ANSWER), 0x6100 | (rest.length > 0xff ? 0 : rest.length))
}

function getResponse(context: DomainContext, { p1, p2, data }: DomainCommand): Answer {
  const { response } = context.channel
  requireThat(p1 === 0 && p2 === 0, GP_SW.incorrectP1P2)
  requireThat(data.length === 0, GP_SW.wrongLength)
  requireThat(response !== undefined, GP_SW.conditions)
  context.channel.response = undefined
  return limited(context, answer(response.bytes, response.statusWord))
}

/**
 * Joins the commands of a chain; security was put on the whole. undefined: more is to come.
 * @source GPC 2.3.1 §11.1.5.1
 */
function joinChain(context: DomainContext, { cla, ins, p1, p2, data }: ApduCommand) {
  const { channel } = context
  const header = [cla, ins, p1 & ~MORE_COMMANDS, p2].join()
  const before = channel.chain
  channel.chain = undefined
  const isContinued = before !== undefined && before.header === header
  // What breaks in ends the chain, and is refused itself.
  requireThat(before === undefined || isContinued, GP_SW.conditions)
  const bytes = concatBytes(before?.bytes ?? new Uint8Array(), data)
  requireThat(bytes.length <= 0xffff, GP_SW.incorrectP1P2)
  if ((p1 & MORE_COMMANDS) === 0) return { p1, data: bytes }
  channel.chain = { header, bytes }
  return undefined
}

/** Takes secure messaging off. @source GPC Amd D §5.6; GPC 2.3.1 §E.1.6 */
function unwrap({ channel }: DomainContext, command: DomainCommand): Uint8Array {
  const { secureChannel } = channel
  if (secureChannel === undefined || secureChannel.isBegun) {
    requireThat(!isSecureMessaging(command.cla), GP_SW.securityStatus)
    return command.data
  }
  const data = secureChannel.unwrap(command)
  if (data !== undefined) return data
  channel.load = undefined
  channel.personalized = undefined
  channel.storeData = undefined
  return refuse(GP_SW.securityStatus)
}

/** @source GPC 2.3.1 §10.6 */
export function securityLevelOf({ channel }: DomainContext): number {
  return channel.secureChannel?.level ?? SECURITY_LEVEL.none
}
