import type { SwitchOrder } from '@gridcard/headend/api'
import type { IconName } from '../icons/icon.tsx'

export interface OrderMark {
  readonly icon: IconName
  readonly tone: 'normal' | 'attention' | 'alarm'
  readonly words: string
}

export const orderMarks: Readonly<Record<SwitchOrder['outcome'], OrderMark>> = {
  sent: { icon: 'unreachable', tone: 'attention', words: 'Sent; nobody knows what became of it' },
  obeyed: { icon: 'online', tone: 'normal', words: 'Verified by the card, which signed for it' },
  refused: { icon: 'refusing', tone: 'attention', words: 'Refused by the meter' },
  unproven: { icon: 'alarm', tone: 'alarm', words: 'The meter says that it moved, its card does not' },
}

export const orderTitle = ({ to }: Pick<SwitchOrder, 'to'>): string =>
  to === 'disconnected' ? 'Disconnect supply' : 'Reconnect supply'

/** Counters have thirteen digits and differ in the last: 1 764 500 000 123. */
export const shortCounter = (counter: number): string => String(counter).replaceAll(/\B(?=(\d{3})+$)/g, '\u202f')
