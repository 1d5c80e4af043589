import { concatBytes } from '@gridcard/bytes'
import type { HdlcFrame } from './hdlc-frame.ts'
import type { HdlcParameters } from './hdlc-parameters.ts'

type IFrame = Extract<HdlcFrame, { kind: 'i' }>

interface Segment {
  readonly information: Uint8Array
  readonly isSegmented: boolean
}

export interface NumberedSegment extends Segment {
  readonly sendNumber: number
  readonly isLast: boolean
}

/**
 * Both directions of one link: numbers modulo 8, segments, windows. HDLC takes turns here (two-way alternate), so when
 * it is our turn again everything the peer has not acknowledged was lost, and goes out anew from the first of it.
 * @source IEC 62056-46 §6.4.4.5 (information transfer, segmentation), ISO/IEC 13239 §4.3
 */
export class HdlcFlow {
  readonly #parameters: HdlcParameters
  readonly #maxMessageBytes: number
  /** Not yet acknowledged, the first with number `#firstUnacknowledged`. */
  #outgoing: Segment[] = []
  #sentCount = 0
  #firstUnacknowledged = 0
  #expected = 0
  #parts: Uint8Array[] = []
  #incomingBytes = 0

  constructor(parameters: HdlcParameters, maxMessageBytes: number) {
    this.#parameters = parameters
    this.#maxMessageBytes = maxMessageBytes
  }

  /** N(R) for everything we send. */
  get receiveNumber(): number {
    return this.#expected
  }

  get hasOutgoing(): boolean {
    return this.#outgoing.length > 0
  }

  /** The begin of a message is there, its end not. */
  get isReceiving(): boolean {
    return this.#parts.length > 0
  }

  enqueue(message: Uint8Array): void {
    const most = this.#parameters.transmitInformationBytes
    for (let at = 0; at < message.length; at += most) {
      this.#outgoing.push({ information: message.slice(at, at + most), isSegmented: at + most < message.length })
    }
  }

  /**
   * Drops what N(R) acknowledges.
   * @returns how many; a number that acknowledges what was never sent is an old frame come late, and says nothing
   */
  acknowledge(receiveNumber: number): number {
    const count = (receiveNumber - this.#firstUnacknowledged) & 7
    if (count > this.#sentCount) return 0
    this.#outgoing.splice(0, count)
    this.#sentCount -= count
    this.#firstUnacknowledged = receiveNumber
    return count
  }

  /** One window, from the first segment that is not acknowledged. */
  window(): NumberedSegment[] {
    const segments = this.#outgoing.slice(0, this.#parameters.transmitWindow)
    this.#sentCount = Math.max(this.#sentCount, segments.length)
    return segments.map((segment, i) => ({
      ...segment,
      sendNumber: (this.#firstUnacknowledged + i) & 7,
      isLast: i === segments.length - 1,
    }))
  }

  /** `repeated` also stands for one that came after a gap: both are dropped, and N(R) tells the peer where to go on. */
  take(frame: IFrame): 'repeated' | 'stored' | 'too-long' | { readonly message: Uint8Array } {
    if (frame.sendNumber !== this.#expected) return 'repeated'
    this.#incomingBytes += frame.information.length
    if (this.#incomingBytes > this.#maxMessageBytes) return 'too-long'
    this.#expected = (this.#expected + 1) & 7
    this.#parts.push(frame.information)
    if (frame.isSegmented) return 'stored'
    const message = concatBytes(...this.#parts)
    this.#parts = []
    this.#incomingBytes = 0
    return { message }
  }
}
