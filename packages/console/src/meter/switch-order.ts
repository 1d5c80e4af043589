import type { MeterSummary, SwitchRequest } from '@gridcard/headend/api'
import type { OrderWords } from './confirm-dialog.tsx'

export type SwitchTarget = SwitchRequest['to']

/** What the switch button offers. Undefined while nobody knows how the switch stands. */
export function offeredTarget(meter: Pick<MeterSummary, 'switchState'>): SwitchTarget | undefined {
  if (meter.switchState === null) return undefined
  return meter.switchState === 'connected' ? 'disconnected' : 'connected'
}

export const switchWords: Readonly<Record<SwitchTarget, OrderWords>> = {
  disconnected: {
    action: 'Disconnect supply',
    consequence:
      'This home loses electricity as soon as the meter opens its switch. It stays without until someone reconnects it here. The meter keeps running and can still be read.',
    progress: 'Sending the command, then reading the switch back',
    done: 'Supply disconnected',
    refused: 'Supply not disconnected',
  },
  connected: {
    action: 'Reconnect supply',
    consequence:
      'This home gets electricity as soon as the meter closes its switch. Whatever is switched on there starts at once: be sure that nobody works on the installation.',
    progress: 'Sending the command, then reading the switch back',
    done: 'Supply reconnected',
    refused: 'Supply not reconnected',
  },
}
