import type { TransmissionProtocol } from './answer-to-reset.ts'
import type { ApduCommand } from './apdu-command.ts'

/** States of the APDU object, as APDU.getCurrentState numbers them. */
export const APDU_STATE = {
  INITIAL: 0,
  PARTIAL_INCOMING: 1,
  FULL_INCOMING: 2,
  OUTGOING: 3,
  OUTGOING_LENGTH_KNOWN: 4,
  PARTIAL_OUTGOING: 5,
  FULL_OUTGOING: 6,
} as const

/** Offsets in the APDU buffer of the command data. */
const DATA_OFFSET = 5
const EXTENDED_DATA_OFFSET = 7

/** The exchange of one command, from the applet's side: everything is received before process() begins. */
export class ApduSession {
  readonly command: ApduCommand
  /** The applet implements javacardx.apdu.ExtendedLength. */
  readonly hasExtendedLength: boolean
  readonly protocol: TransmissionProtocol
  state: number = APDU_STATE.INITIAL
  /** Command bytes the applet has taken. */
  receivedBytes = 0
  /** setIncomingAndReceive was called. */
  isReceiving = false
  /** setOutgoing or setOutgoingNoChaining was called. */
  isOutgoing = false
  isWithoutChaining = false
  /** setOutgoingAndSend was called: nothing more may be sent. */
  isSentAtOnce = false
  announcedBytes: number | undefined
  sentBytes = 0
  readonly #sent: Uint8Array[] = []

  constructor(command: ApduCommand, hasExtendedLength: boolean, protocol: TransmissionProtocol) {
    this.command = command
    this.hasExtendedLength = hasExtendedLength
    this.protocol = protocol
  }

  get dataOffset(): number {
    return this.command.isExtended && this.command.data.length > 0 ? EXTENDED_DATA_OFFSET : DATA_OFFSET
  }

  /**
   * The command as it stands in the APDU buffer when process() begins. In T=1 a block has brought data and Le with the
   * header, and real applets read them without setIncomingAndReceive; as observed on a reference card.
   */
  writeCommand(buffer: Uint8Array): void {
    const { cla, ins, p1, p2, p3, data, ne, isExtended } = this.command
    buffer.fill(0)
    buffer.set([cla, ins, p1, p2, p3])
    if (data.length === 0) return
    if (isExtended) buffer.set([data.length >> 8, data.length & 0xff], DATA_OFFSET)
    if (this.protocol !== 'T=1') return
    const { dataOffset } = this
    buffer.set(data.subarray(0, buffer.length - dataOffset), dataOffset)
    if (ne === undefined) return
    const le = isExtended ? [ne >> 8, ne] : [ne]
    if (dataOffset + data.length + le.length <= buffer.length) buffer.set(le, dataOffset + data.length)
  }

  /** Copies the bytes, so that the applet may go on using its buffer. */
  send(bytes: Uint8Array): void {
    this.#sent.push(bytes.slice())
    this.sentBytes += bytes.length
    const isComplete = this.sentBytes >= (this.announcedBytes ?? 0)
    this.state = isComplete ? APDU_STATE.FULL_OUTGOING : APDU_STATE.PARTIAL_OUTGOING
  }

  /**
   * Without chaining one block in T=1 has to hold what was announced: zeros for what was never sent.
   * @source JCRE 3.1 §9.4.2.1
   */
  response(statusWord: number): Uint8Array {
    const missing = (this.announcedBytes ?? 0) - this.sentBytes
    if (this.isWithoutChaining && this.protocol === 'T=1' && missing > 0) this.send(new Uint8Array(missing))
    const response = new Uint8Array(this.sentBytes + 2)
    let at = 0
    for (const part of this.#sent) {
      response.set(part, at)
      at += part.length
    }
    response[at] = statusWord >> 8
    response[at + 1] = statusWord
    return response
  }
}
