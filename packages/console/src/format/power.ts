import { formatFigure, formatQuantity, type Quantity } from './energy.ts'

/** Watts below one kilowatt, kilowatts with two decimals above. Negative means the home feeds the grid. */
export function powerQuantity(powerW: number): Quantity {
  if (Math.abs(powerW) < 1000) return { figure: formatFigure(powerW, 0), unit: 'W' }
  return { figure: formatFigure(powerW / 1000, 2), unit: 'kW' }
}

export const formatPower = (powerW: number): string => formatQuantity(powerQuantity(powerW))

/** A column of powers in kW: two decimals for every row. */
export const formatColumnKw = (powerW: number): string => formatFigure(powerW / 1000, 2)

/** A heading for a power without its sign. Behind an open switch nothing flows any more, whatever was read before. */
export function powerLabel(meter: { powerW: number | null; switchState: string | null }): string {
  const isSupplied = meter.switchState === null || meter.switchState === 'connected'
  const way = (meter.powerW ?? 0) < 0 ? 'Feeding in' : 'Drawing'
  return isSupplied || (meter.powerW ?? 0) === 0 ? way : `${way} when last read`
}

/** Says which way the energy goes; the sign alone is easily missed. */
export function describePower(powerW: number): string {
  if (powerW === 0) return 'drawing nothing'
  return powerW > 0 ? `drawing ${formatPower(powerW)}` : `feeding in ${formatPower(-powerW)}`
}
