import { TestKitError } from './errors.ts'

/** A logical channel of a card: commands go there by their class byte. */
export interface Channel<Command, Response> {
  /** 1 to 19 */
  readonly number: number
  send(command: Command): Promise<Response>
  /** SELECT by AID in hex. */
  select(aid: string | Uint8Array): Promise<Response>
  /** MANAGE CHANNEL; what was selected there is deselected. */
  close(): Promise<Response>
}

const LAST_OF_FIRST_FORM = 3
const FURTHER = 0x40

/**
 * The class byte of a command on a channel: the low two bits to channel 3, above that the form of further channels.
 * @source ISO/IEC 7816-4 §5.4.1
 */
export function classOnChannel(cla: number, channel: number): number {
  if (channel > LAST_OF_FIRST_FORM) return (cla & 0x90) | FURTHER | (cla & 0x0c ? 0x20 : 0) | (channel - 4)
  if (cla & FURTHER) throw new TestKitError('GRIDCARD_TEST_SETUP', `class ${cla} names a channel above 3 by itself`)
  return (cla & ~0x03) | channel
}
