import { cosem, type DlmsClient, DlmsError } from '@gridcard/dlms'
import type { OrderOutcome, SwitchState } from '../api/schema.ts'
import { type Evidence, switchParameter } from '../commands/command-party.ts'
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
  /** What the meter gives for its card's word on it; empty for none, undefined when none was asked for. */
  readonly response: Uint8Array | undefined
}

export interface SwitchCalls {
  /** Called when the switch has to move: the signed word for it, where its card wants one. */
  readonly signedWord: () => Promise<Uint8Array | undefined>
  /** Called before the command leaves, since after that a broken connection leaves the outcome open. */
  readonly onActed: () => void
}

/**
 * Reads the switch, moves it if it stands otherwise, and reads it again: only the state read back counts as done. The word for
 * the command is written before it, and what the card signed about it is read behind it.
 */
export async function switchMeter(
  client: DlmsClient,
  to: SwitchTarget,
  { signedWord, onActed }: SwitchCalls,
): Promise<SwitchSteps> {
  const before = switchStateOf(await client.get(attributes.controlState))
  const response = undefined
  if (before === to) return { before, acted: false, refusal: undefined, after: before, response }
  const word = await signedWord()
  if (word !== undefined) {
    const refusal = await refusalOf(() => client.set(attributes.commandAuthorisation, cosem.octetString(word)))
    if (refusal !== undefined) return { before, acted: false, refusal, after: before, response }
  }
  onActed()
  const refusal = await refusalOf(() => client.action(switchMethods[to], switchParameter))
  const after = switchStateOf(await client.get(attributes.controlState))
  return { before, acted: true, refusal, after, response: word && (await readResponse(client)) }
}

/** The meter's own word for not doing it; undefined if it does. */
async function refusalOf(act: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await act()
    return undefined
  } catch (error) {
    const isRefusal =
      error instanceof DlmsError && (error.code === 'DLMS_ACTION_REFUSED' || error.code === 'DLMS_ACCESS_REFUSED')
    if (!isRefusal) throw error
    return String(error.place['result'] ?? 'no reason')
  }
}

/** Empty for a meter that gives none. */
async function readResponse(client: DlmsClient): Promise<Uint8Array> {
  let response = new Uint8Array(0)
  await refusalOf(async () => {
    const value = await client.get(attributes.commandResponse)
    if (value.type === 'octet-string') response = value.value.slice()
  })
  return response
}

export interface SwitchVerdict {
  readonly done: boolean
  readonly text: string
  readonly event: { readonly kind: string; readonly severity: 'info' | 'warning' | 'alarm' }
  readonly outcome: Exclude<OrderOutcome, 'sent'>
}

/** @param evidence what the card's word is worth; undefined where no card judges commands */
export function judgeSwitch(
  to: SwitchTarget,
  { before, acted, refusal, after }: SwitchSteps,
  evidence?: Evidence,
): SwitchVerdict {
  const failed = { kind: 'switch.failed', severity: 'warning' } as const
  if (after !== to) {
    const told = refusal === undefined ? 'the meter accepted the command' : `the meter refused the command (${refusal})`
    return {
      done: false,
      text: `Not ${to}: ${told}, and its switch is ${words(after)}`,
      event: failed,
      outcome: 'refused',
    }
  }
  const event = { kind: `switch.${to}`, severity: 'info' } as const
  if (!acted) return { done: true, text: `Was ${words(to)} already; nothing was sent`, event, outcome: 'obeyed' }
  const unproven = evidence && whyUnproven(evidence)
  if (unproven !== undefined) {
    const alarm = { kind: 'switch.unproven', severity: 'alarm' } as const
    const text = `Its switch is ${words(after)} now, but that is not proven: ${unproven}`
    return { done: false, text, event: alarm, outcome: 'unproven' }
  }
  const proof =
    evidence === undefined ? 'the state was read back' : 'the state was read back, and its card signed for it'
  const and = evidence === undefined ? ', and ' : ', '
  return { done: true, text: `${capital(to)}; it was ${words(before)}${and}${proof}`, event, outcome: 'obeyed' }
}

function whyUnproven(evidence: Evidence): string | undefined {
  if (!evidence.isGenuine) return evidence.reason
  return evidence.result === 0 ? undefined : `its card signed result ${evidence.result}`
}

const words = (state: SwitchState): string => state.replaceAll('-', ' ')
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
