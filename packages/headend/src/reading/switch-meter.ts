import { type DlmsClient, DlmsError } from '@gridcard/dlms'
import type { SwitchState } from '../api/schema.ts'
import { attributes, switchMethods } from './meter-names.ts'
import { switchStateOf } from './meter-values.ts'

export type SwitchTarget = 'disconnected' | 'connected'

/** What happened at the meter, in the order it happened. */
export interface SwitchSteps {
  readonly before: SwitchState
  /** Whether it was told to move; not if it stood right already. */
  readonly acted: boolean
  /** The meter's own word for refusing. */
  readonly refusal: string | undefined
  /** Read back afterwards. */
  readonly after: SwitchState
}

/**
 * Reads the switch, moves it if it stands otherwise, and reads it again: only the state read back counts as done.
 * @param onActed called before the command leaves, since after that a broken connection leaves the outcome open
 */
export async function switchMeter(client: DlmsClient, to: SwitchTarget, onActed: () => void): Promise<SwitchSteps> {
  const before = switchStateOf(await client.get(attributes.controlState))
  if (before === to) return { before, acted: false, refusal: undefined, after: before }
  let refusal: string | undefined
  try {
    onActed()
    await client.action(switchMethods[to])
  } catch (error) {
    if (!(error instanceof DlmsError) || error.code !== 'DLMS_ACTION_REFUSED') throw error
    refusal = String(error.place['result'] ?? 'no reason')
  }
  const after = switchStateOf(await client.get(attributes.controlState))
  return { before, acted: true, refusal, after }
}

export interface SwitchVerdict {
  readonly done: boolean
  readonly text: string
  readonly event: { readonly kind: string; readonly severity: 'info' | 'warning' }
}

export function judgeSwitch(to: SwitchTarget, { before, acted, refusal, after }: SwitchSteps): SwitchVerdict {
  const failed = { kind: 'switch.failed', severity: 'warning' } as const
  if (after !== to) {
    const told = refusal === undefined ? 'the meter accepted the command' : `the meter refused the command (${refusal})`
    return { done: false, text: `Not ${to}: ${told}, and its switch is ${words(after)}`, event: failed }
  }
  const event = { kind: `switch.${to}`, severity: 'info' } as const
  if (!acted) return { done: true, text: `Was ${words(to)} already; nothing was sent`, event }
  return { done: true, text: `${capital(to)}; it was ${words(before)}, and the state was read back`, event }
}

const words = (state: SwitchState): string => state.replaceAll('-', ' ')
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
