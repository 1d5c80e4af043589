import { APDU_STATE, type ApduSession } from '../../runtime/apdu-session.ts'
import { channelOf, isCommandChaining, isSecureMessaging, isValidCla } from '../../runtime/cla.ts'
import type { Jcre } from '../../runtime/jcre.ts'
import { APDU_BUFFER_HANDLE, APDU_HANDLE } from '../../vm/jcre-objects.ts'
import { bytesOf, handleAt, type JcreMethod, shortAt } from '../native-call.ts'

/** javacard.framework.APDU: the whole command is here before process() begins, the response leaves at its end. */

const ILLEGAL_USE = 1
const BUFFER_BOUNDS = 2
const BAD_LENGTH = 3

/** @source API APDU.getInBlockSize, getOutBlockSize, getProtocol */
const PROTOCOLS = {
  'T=0': { number: 0, inBlockBytes: 1, outBlockBytes: 258 },
  // Information field sizes of the block protocol.
  'T=1': { number: 1, inBlockBytes: 254, outBlockBytes: 254 },
} as const
/** High half of getProtocol. */
const MEDIA = { contacts: 0, 'contactless-a': -128, 'contactless-b': -112 } as const
const LONGEST_SHORT_RESPONSE = 256
const LONGEST_RESPONSE = 0x7fff

function fail(jcre: Jcre, reason: number): never {
  return jcre.machine.throwNew('javacard/framework/APDUException', reason)
}

/** The exchange going on; the APDU object is of no use between commands. */
function session(jcre: Jcre): ApduSession {
  return jcre.apdu ?? fail(jcre, ILLEGAL_USE)
}

/** Copies command data into the buffer, as much as fits from `offset` on. */
function receive(jcre: Jcre, apdu: ApduSession, offset: number): number {
  const { data } = apdu.command
  const room = jcre.apduBuffer.length - offset
  const count = Math.min(data.length - apdu.receivedBytes, room)
  jcre.apduBuffer.set(data.subarray(apdu.receivedBytes, apdu.receivedBytes + count), offset)
  apdu.receivedBytes += count
  const isComplete = apdu.receivedBytes === data.length
  apdu.state = isComplete ? APDU_STATE.FULL_INCOMING : APDU_STATE.PARTIAL_INCOMING
  return count
}

const setIncomingAndReceive: JcreMethod = (jcre) => {
  const apdu = session(jcre)
  if (apdu.isReceiving || apdu.isOutgoing) fail(jcre, ILLEGAL_USE)
  apdu.isReceiving = true
  return receive(jcre, apdu, apdu.dataOffset)
}

const receiveBytes: JcreMethod = (jcre, at) => {
  const apdu = session(jcre)
  const offset = shortAt(jcre, at + 1)
  if (!apdu.isReceiving || apdu.isOutgoing) fail(jcre, ILLEGAL_USE)
  if (offset < 0) fail(jcre, BUFFER_BOUNDS)
  const remaining = apdu.command.data.length - apdu.receivedBytes
  if (remaining === 0) return 0
  const { inBlockBytes } = PROTOCOLS[jcre.protocol]
  if (offset + Math.min(remaining, inBlockBytes) > jcre.apduBuffer.length) fail(jcre, BUFFER_BOUNDS)
  return receive(jcre, apdu, offset)
}

/**
 * Without Le this answers 256, as the reference card does in T=1; the documentation leaves it open. In T=0 a command with
 * data says nothing of its response: 256, or the most there is for an applet with extended length.
 * @source API APDU.setOutgoing; JCRE 3.1 §9.4.1
 */
function startOutgoing(jcre: Jcre, apdu: ApduSession): number {
  if (apdu.isOutgoing) fail(jcre, ILLEGAL_USE)
  apdu.isOutgoing = true
  apdu.state = APDU_STATE.OUTGOING
  const { ne, data, isExtended } = apdu.command
  if (jcre.protocol === 'T=0' && (data.length > 0 || isExtended)) {
    return apdu.hasExtendedLength ? LONGEST_RESPONSE : LONGEST_SHORT_RESPONSE
  }
  return Math.min(ne ?? LONGEST_SHORT_RESPONSE, LONGEST_RESPONSE)
}

const setOutgoing: JcreMethod = (jcre) => startOutgoing(jcre, session(jcre))

const setOutgoingNoChaining: JcreMethod = (jcre) => {
  const apdu = session(jcre)
  const expected = startOutgoing(jcre, apdu)
  apdu.isWithoutChaining = true
  return jcre.protocol === 'T=0' ? Math.min(expected, LONGEST_SHORT_RESPONSE) : expected
}

const setOutgoingLength: JcreMethod = (jcre, at) => {
  const apdu = session(jcre)
  const length = shortAt(jcre, at + 1)
  if (!apdu.isOutgoing || apdu.announcedBytes !== undefined || apdu.isSentAtOnce) fail(jcre, ILLEGAL_USE)
  requireLength(jcre, apdu, length)
  // Data and status word in one block, or after one header.
  if (apdu.isWithoutChaining && length > PROTOCOLS[jcre.protocol].outBlockBytes - 2) fail(jcre, BAD_LENGTH)
  apdu.announcedBytes = length
  apdu.state = APDU_STATE.OUTGOING_LENGTH_KNOWN
  return 0
}

function requireLength(jcre: Jcre, apdu: ApduSession, length: number): void {
  if (length < 0 || (length > LONGEST_SHORT_RESPONSE && !apdu.hasExtendedLength)) fail(jcre, BAD_LENGTH)
}

function requireSendable(jcre: Jcre, apdu: ApduSession, length: number): void {
  if (apdu.announcedBytes === undefined || apdu.isSentAtOnce) fail(jcre, ILLEGAL_USE)
  if (length > 0 && apdu.sentBytes + length > apdu.announcedBytes) fail(jcre, ILLEGAL_USE)
}

function requireInBuffer(jcre: Jcre, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > jcre.apduBuffer.length) fail(jcre, BUFFER_BOUNDS)
}

const sendBytes: JcreMethod = (jcre, at) => {
  const apdu = session(jcre)
  const offset = shortAt(jcre, at + 1)
  const length = shortAt(jcre, at + 2)
  requireSendable(jcre, apdu, length)
  requireInBuffer(jcre, offset, length)
  if (length > 0) apdu.send(jcre.apduBuffer.subarray(offset, offset + length))
  return 0
}

const sendBytesLong: JcreMethod = (jcre, at) => {
  const apdu = session(jcre)
  const length = shortAt(jcre, at + 3)
  requireSendable(jcre, apdu, length)
  const bytes = bytesOf(jcre, handleAt(jcre, at + 1), shortAt(jcre, at + 2), length)
  if (length > 0) apdu.send(bytes)
  bytes.fill(0)
  return 0
}

const setOutgoingAndSend: JcreMethod = (jcre, at) => {
  const apdu = session(jcre)
  const offset = shortAt(jcre, at + 1)
  const length = shortAt(jcre, at + 2)
  if (apdu.isOutgoing) fail(jcre, ILLEGAL_USE)
  requireLength(jcre, apdu, length)
  requireInBuffer(jcre, offset, length)
  startOutgoing(jcre, apdu)
  apdu.announcedBytes = length
  apdu.isSentAtOnce = true
  apdu.send(jcre.apduBuffer.subarray(offset, offset + length))
  return 0
}

/** Lc and the data offset are known once receiving began, and until sending begins. */
function incoming(jcre: Jcre): ApduSession {
  const apdu = session(jcre)
  if (!apdu.isReceiving || apdu.isOutgoing) fail(jcre, ILLEGAL_USE)
  return apdu
}

const waitExtension: JcreMethod = (jcre) => {
  if (session(jcre).isWithoutChaining) fail(jcre, ILLEGAL_USE)
  return 0
}

/** Only within process() of the currently selected applet, in its context. @source API APDU.getCurrentAPDU */
function requireProcessing(jcre: Jcre): void {
  const { machine } = jcre
  if (!jcre.isProcessing || machine.context !== machine.selectedContext) {
    machine.throwNew('java/lang/SecurityException')
  }
}

function claOf(jcre: Jcre): number {
  return session(jcre).command.cla
}

export const apduMethods: Readonly<Record<string, JcreMethod>> = {
  'APDU.getBuffer()[B': () => APDU_BUFFER_HANDLE,
  'APDU.getNAD()B': () => 0,
  'APDU.setIncomingAndReceive()S': setIncomingAndReceive,
  'APDU.receiveBytes(S)S': receiveBytes,
  'APDU.setOutgoing()S': setOutgoing,
  'APDU.setOutgoingNoChaining()S': setOutgoingNoChaining,
  'APDU.setOutgoingLength(S)V': setOutgoingLength,
  'APDU.sendBytes(SS)V': sendBytes,
  'APDU.sendBytesLong([BSS)V': sendBytesLong,
  'APDU.setOutgoingAndSend(SS)V': setOutgoingAndSend,
  'APDU.getCurrentState()B': (jcre) => session(jcre).state,
  'APDU.getIncomingLength()S': (jcre) => incoming(jcre).command.data.length,
  'APDU.getOffsetCdata()S': (jcre) => incoming(jcre).dataOffset,
  'APDU.isCommandChainingCLA()Z': (jcre) => (isCommandChaining(claOf(jcre)) ? 1 : 0),
  'APDU.isSecureMessagingCLA()Z': (jcre) => (isSecureMessaging(claOf(jcre)) ? 1 : 0),
  'APDU.isISOInterindustryCLA()Z': (jcre) => ((claOf(jcre) & 0x80) === 0 ? 1 : 0),
  'APDU.isValidCLA()Z': (jcre) => (isValidCla(claOf(jcre)) ? 1 : 0),
  // 3.2, from its signature: what the card takes in a class byte; 0 no channels, 1 those to 3, 2 those to 19.
  'APDU.getLogicalChannelEncoding()B': (jcre) => {
    const { count } = jcre.channels
    return count <= 1 ? 0 : count <= 4 ? 1 : 2
  },
  'APDU.getInBlockSize()S': (jcre) => PROTOCOLS[jcre.protocol].inBlockBytes,
  'APDU.getOutBlockSize()S': (jcre) => PROTOCOLS[jcre.protocol].outBlockBytes,
  'APDU.getProtocol()B': (jcre) => MEDIA[jcre.medium] | PROTOCOLS[jcre.protocol].number,
  'APDU.waitExtension()V': waitExtension,
  // The origin channel also in select() and deselect(), where there is no APDU.
  'APDU.getCLAChannel()B': (jcre) => channelOf(jcre.cla, jcre.channels.count),
  'APDU.getCurrentAPDU()Ljavacard/framework/APDU;': (jcre) => {
    requireProcessing(jcre)
    return APDU_HANDLE
  },
  'APDU.getCurrentAPDUBuffer()[B': (jcre) => {
    requireProcessing(jcre)
    return APDU_BUFFER_HANDLE
  },
}
