import type {
  ActionOutcome,
  CosemData,
  CosemObject,
  clockObject,
  clockStatus,
  cosem,
  dataObject,
  disconnectControlObject,
  listProfileBuffer,
  ProfileBuffer,
  profileGenericObject,
  registerObject,
} from '@gridcard/dlms'
import type { EventLogName, LoggedEvent } from '../meter/event-log.ts'
import type { SwitchState } from '../meter/meter-state.ts'

/**
 * What the meter's software stands on: the communication stack, the metrology, the clock, the switch. All that an image may
 * use is here, because an image is evaluated from its bytes and imports nothing. It only grows; an image that needs more
 * than level 1 looks at `level`.
 */
export interface MeterPlatform {
  readonly level: 1
  readonly dlms: {
    readonly cosem: typeof cosem
    readonly clockObject: typeof clockObject
    readonly clockStatus: typeof clockStatus
    readonly dataObject: typeof dataObject
    readonly disconnectControlObject: typeof disconnectControlObject
    readonly listProfileBuffer: typeof listProfileBuffer
    readonly profileGenericObject: typeof profileGenericObject
    readonly registerObject: typeof registerObject
  }
  readonly clock: {
    nowMs(): number
    /** False while it stands still because it would have to go back. */
    isSound(): boolean
    /** 12 octets of an instant. */
    data(atMs: number): CosemData
  }
  readonly metrology: {
    /** Whole Wh. */
    registers(): { readonly importWh: number; readonly exportWh: number }
    /** W, and tenths of a volt. */
    instantaneous(): { readonly importW: number; readonly exportW: number; readonly voltageDv: number }
    readonly capturePeriodMs: number
    readonly profileCapacity: number
    /** Rows of clock, status, import, export. */
    readonly loadProfile: ProfileBuffer
  }
  readonly log: {
    readonly capacity: number
    entries(name: EventLogName): readonly LoggedEvent[]
  }
  readonly switch: {
    state(): SwitchState
    /** Opens or closes it; answers when that is saved. */
    to(state: SwitchState): ActionOutcome
  }
}

/** What a meter does, beyond what its loader does: the objects that it shows. */
export type MeterApplication = (platform: MeterPlatform) => readonly CosemObject[]
