import type { MeterSummary, SwitchRequest } from '@gridcard/headend/api'

export type SwitchTarget = SwitchRequest['to']

/** What the switch button offers. Undefined while nobody knows how the switch stands. */
export function offeredTarget(meter: Pick<MeterSummary, 'switchState'>): SwitchTarget | undefined {
  if (meter.switchState === null) return undefined
  return meter.switchState === 'connected' ? 'disconnected' : 'connected'
}

const CODE_LENGTH = 4

/** What must be typed before a switch: enough to be sure of the right home, quick enough to be typed with care. */
export function confirmationCode(serial: string): string {
  return serial.slice(-CODE_LENGTH)
}

export function isConfirmed(serial: string, typed: string): boolean {
  return typed.trim().toUpperCase() === confirmationCode(serial)
}

/** `the last four digits`, or characters where a serial ends in letters. */
export function codeName(serial: string): string {
  return /^\d+$/.test(confirmationCode(serial)) ? 'last four digits' : 'last four characters'
}

export interface SwitchWords {
  readonly action: string
  readonly consequence: string
  readonly progress: string
  readonly done: string
  readonly refused: string
}

export const switchWords: Readonly<Record<SwitchTarget, SwitchWords>> = {
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
