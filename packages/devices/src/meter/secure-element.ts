import type { SecurityModule } from '@gridcard/dlms'
import type { CommandJudge } from './command-judge.ts'
import type { LogSealer } from './log-sealer.ts'

/** Whether keys can be used just now. */
export type SecureElementState =
  | { readonly ready: true }
  /** `reason` is for the log: why the element does not serve this device. */
  | { readonly ready: false; readonly reason: string }

/** What the card tells of itself; served to the head-end as it is. */
export interface SecureElementStatus {
  readonly appletAid: Uint8Array
  readonly appletVersion: number
  /** 1 personalising, 2 operational, 3 locked, 4 zeroised. */
  readonly lifeCycle: 1 | 2 | 3 | 4
  readonly bound: boolean
  /** Undefined where the applet does not tell. */
  readonly appletBytes: number | undefined
  readonly freePersistentBytes: number | undefined
  readonly freeTransientBytes: number | undefined
  readonly slots: readonly {
    readonly slot: number
    readonly send: number
    readonly messageFloor: number
    readonly tokenFloor: number
  }[]
}

/** The part of a device that holds its keys: power, what it can do, what it is. */
export interface SecureElement {
  readonly security: SecurityModule
  /** With it critical commands need a signed word that the element has verified; without it keys are all there is. */
  readonly commands?: CommandJudge
  /** With it the meter's log is a chain whose head the element keeps and signs. */
  readonly log?: LogSealer
  /** Power on and tell it which device it sits in. Never rejects: an element that fails is a state. */
  powerUp(): Promise<SecureElementState>
  powerDown(): Promise<void>
  /** Undefined when it does not answer, or has nothing to tell. */
  status(): Promise<SecureElementStatus | undefined>
  /** Called when it becomes ready or stops being so. */
  onStateChange: ((state: SecureElementState) => void) | undefined
}

/** An element without a card: any security module, always ready. For devices that keep keys in software, and tests. */
export function cardlessElement(security: SecurityModule): SecureElement {
  return {
    security,
    powerUp: async () => ({ ready: true }),
    powerDown: async () => {},
    status: async () => undefined,
    onStateChange: undefined,
  }
}
