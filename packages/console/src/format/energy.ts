// Energies arrive as whole Wh and are shown in kWh. A true minus sign and a thin space keep columns of figures even.

const GROUP_SPACE = '\u202f'
const UNIT_SPACE = '\u00a0'
const MINUS = '\u2212'

/** A figure and its unit apart, for headings that set them in different sizes. */
export interface Quantity {
  readonly figure: string
  readonly unit: string
}

/** Stands where a figure is not known yet. */
export const UNKNOWN_FIGURE = '\u2013'

/** Groups thousands with a thin space and keeps exactly `digits` decimals. */
export function formatFigure(value: number, digits: number): string {
  const [whole = '0', decimals] = Math.abs(value).toFixed(digits).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, GROUP_SPACE)
  const figure = decimals === undefined ? grouped : `${grouped}.${decimals}`
  const isZero = !/[1-9]/.test(figure)
  return value < 0 && !isZero ? `${MINUS}${figure}` : figure
}

/** A register's reading: every Wh is visible. */
export const formatRegisterKwh = (energyWh: number): string => formatFigure(energyWh / 1000, 3)

/** A column of readings: one decimal, the same for all rows. */
export const formatColumnKwh = (energyWh: number): string => formatFigure(energyWh / 1000, 1)

/** A sum for a heading: the fewest digits that still tell something. */
export function energyQuantity(energyWh: number): Quantity {
  const magnitudeWh = Math.abs(energyWh)
  if (magnitudeWh >= 100_000_000) return { figure: formatFigure(energyWh / 1_000_000, 2), unit: 'MWh' }
  if (magnitudeWh >= 1_000_000) return { figure: formatFigure(energyWh / 1000, 0), unit: 'kWh' }
  if (magnitudeWh >= 10_000 || magnitudeWh === 0) return { figure: formatFigure(energyWh / 1000, 1), unit: 'kWh' }
  return { figure: formatFigure(energyWh / 1000, 2), unit: 'kWh' }
}

export const formatQuantity = ({ figure, unit }: Quantity): string => `${figure}${UNIT_SPACE}${unit}`

export const formatEnergy = (energyWh: number): string => formatQuantity(energyQuantity(energyWh))
