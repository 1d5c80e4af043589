import { formatFigure, formatRegisterKwh, type Quantity } from './energy.ts'
import { powerQuantity } from './power.ts'

/** A register's value with the unit it is read in here: energies in kWh, powers in W or kW, the rest as the meter says. */
export function registerQuantity({ value, unit }: { value: number; unit: string }): Quantity {
  switch (unit) {
    case 'Wh':
      return { figure: formatRegisterKwh(value), unit: 'kWh' }
    case 'varh':
      return { figure: formatRegisterKwh(value), unit: 'kvarh' }
    case 'W':
      return powerQuantity(value)
    case 'V':
      return { figure: formatFigure(value, 1), unit }
    default:
      return { figure: formatFigure(value, decimalsOf(value)), unit }
  }
}

function decimalsOf(value: number): number {
  const decimals = String(value).split('.')[1]
  return Math.min(decimals?.length ?? 0, 3)
}

const unitOrder = ['Wh', 'varh', 'W', 'var', 'V', 'A']

/** Energies first, then powers, then the rest; within a unit as they came. */
export function orderRegisters<T extends { readonly unit: string }>(registers: readonly T[]): T[] {
  const rank = ({ unit }: T) => (unitOrder.includes(unit) ? unitOrder.indexOf(unit) : unitOrder.length)
  return registers.toSorted((a, b) => rank(a) - rank(b))
}
