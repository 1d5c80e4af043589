import { APDU_STATE } from '../runtime/apdu-session.ts'
import { Jcre } from '../runtime/jcre.ts'
import type { Machine } from '../vm/machine.ts'

/** The command that an applet is working on. */
export interface RunningApdu {
  /** Of the APDU class: `STATE_INITIAL`, `STATE_FULL_INCOMING`... */
  readonly state: string
  readonly command: {
    readonly cla: number
    readonly ins: number
    readonly p1: number
    readonly p2: number
    readonly data: Uint8Array
    /** Expected length; undefined without Le. */
    readonly ne: number | undefined
  }
  /** A view of the APDU buffer. */
  readonly buffer: Uint8Array
  readonly receivedBytes: number
  readonly announcedBytes: number | undefined
  readonly sentBytes: number
  readonly channel: number
  readonly isSelecting: boolean
}

/** Undefined between commands, and while an applet is installed. */
export function describeApdu(machine: Machine): RunningApdu | undefined {
  const jcre = machine.host
  if (!(jcre instanceof Jcre) || jcre.apdu === undefined) return undefined
  const { command, state, receivedBytes, announcedBytes, sentBytes } = jcre.apdu
  const { cla, ins, p1, p2, data, ne } = command
  const name = Object.entries(APDU_STATE).find(([, value]) => value === state)![0]
  return {
    state: `STATE_${name}`,
    command: { cla, ins, p1, p2, data, ne },
    buffer: jcre.apduBuffer,
    receivedBytes,
    announcedBytes,
    sentBytes,
    channel: jcre.assignedChannel,
    isSelecting: jcre.isSelecting,
  }
}
