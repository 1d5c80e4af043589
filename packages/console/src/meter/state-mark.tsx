import type { MeterState, SwitchState } from '@gridcard/headend/api'
import { UNKNOWN_FIGURE } from '../format/energy.ts'
import { Icon } from '../icons/icon.tsx'
import { meterStates, type StateWords, switchStates } from './meter-states.ts'

export const StateMark = ({ state, reason }: { state: MeterState; reason?: string | null }) => (
  <Mark words={meterStates[state]} title={reason ?? meterStates[state].explanation} />
)

export function SwitchMark({ state }: { state: SwitchState | null }) {
  if (state === null) return <span className="unknown">{UNKNOWN_FIGURE}</span>
  return <Mark words={switchStates[state]} title={switchStates[state].explanation} />
}

function Mark({ words, title }: { words: StateWords; title: string }) {
  return (
    <span className="mark" data-tone={words.tone} title={title}>
      <Icon name={words.icon} />
      {words.label}
    </span>
  )
}
