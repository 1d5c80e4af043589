import type { MeterState, MeterSummary, SwitchState } from '@gridcard/headend/api'
import type { IconName } from '../icons/icon.tsx'

/** How loudly a state speaks. What is as it should be stays quiet. */
export type Tone = 'quiet' | 'normal' | 'attention' | 'alarm'

export interface StateWords {
  readonly label: string
  readonly icon: IconName
  readonly tone: Tone
  readonly explanation: string
}

export const meterStates: Readonly<Record<MeterState, StateWords>> = {
  refusing: {
    label: 'Refusing',
    icon: 'refusing',
    tone: 'alarm',
    explanation: 'The meter answers, but nothing that can be trusted, so nothing of it is stored.',
  },
  unreachable: {
    label: 'Unreachable',
    icon: 'unreachable',
    tone: 'attention',
    explanation: 'The meter does not answer.',
  },
  new: { label: 'New', icon: 'new', tone: 'quiet', explanation: 'The meter has not been read yet.' },
  online: { label: 'Online', icon: 'online', tone: 'normal', explanation: 'The last reading succeeded.' },
}

export const switchStates: Readonly<Record<SwitchState, StateWords>> = {
  connected: {
    label: 'Connected',
    icon: 'switch-closed',
    tone: 'normal',
    explanation: 'The home has supply.',
  },
  disconnected: {
    label: 'Disconnected',
    icon: 'switch-open',
    tone: 'attention',
    explanation: 'The home has no supply.',
  },
  'ready-for-reconnection': {
    label: 'Ready to reconnect',
    icon: 'switch-ready',
    tone: 'attention',
    explanation: 'The home has no supply until someone there presses the meter’s button.',
  },
}

/** One or two sentences for a meter's own page: how it stands, and what that makes of the figures. */
export function explainState(meter: Pick<MeterSummary, 'state' | 'lastReadAt'>): string {
  const { explanation } = meterStates[meter.state]
  if (meter.state === 'online' || meter.state === 'new') return explanation
  const figures = meter.lastReadAt === null ? 'It was never read.' : 'The figures are those of its last reading.'
  return `${explanation} ${figures}`
}

/** As the head-end counts it in the street's totals. */
export const needsAttention = (meter: MeterSummary): boolean =>
  meter.state === 'unreachable' || meter.state === 'refusing'
