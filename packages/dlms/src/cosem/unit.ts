import { type CosemData, cosem } from './cosem-data.ts'

/** What a unit code stands for. */
export interface Unit {
  readonly symbol: string
  readonly quantity: string
}

/**
 * Unit codes of `scaler_unit`.
 * @source Blue Book ed. 14 §4.3.2, table of enumerated values for physical units
 */
export const units: Readonly<Record<number, Unit>> = {
  1: { symbol: 'a', quantity: 'time' },
  2: { symbol: 'mo', quantity: 'time' },
  3: { symbol: 'wk', quantity: 'time' },
  4: { symbol: 'd', quantity: 'time' },
  5: { symbol: 'h', quantity: 'time' },
  6: { symbol: 'min', quantity: 'time' },
  7: { symbol: 's', quantity: 'time' },
  8: { symbol: '°', quantity: 'phase angle' },
  9: { symbol: '°C', quantity: 'temperature' },
  10: { symbol: 'currency', quantity: 'local currency' },
  11: { symbol: 'm', quantity: 'length' },
  12: { symbol: 'm/s', quantity: 'speed' },
  13: { symbol: 'm³', quantity: 'volume' },
  14: { symbol: 'm³', quantity: 'corrected volume' },
  15: { symbol: 'm³/h', quantity: 'volume flux' },
  16: { symbol: 'm³/h', quantity: 'corrected volume flux' },
  17: { symbol: 'm³/d', quantity: 'volume flux' },
  18: { symbol: 'm³/d', quantity: 'corrected volume flux' },
  19: { symbol: 'l', quantity: 'volume' },
  20: { symbol: 'kg', quantity: 'mass' },
  21: { symbol: 'N', quantity: 'force' },
  22: { symbol: 'Nm', quantity: 'energy' },
  23: { symbol: 'Pa', quantity: 'pressure' },
  24: { symbol: 'bar', quantity: 'pressure' },
  25: { symbol: 'J', quantity: 'energy' },
  26: { symbol: 'J/h', quantity: 'thermal power' },
  27: { symbol: 'W', quantity: 'active power' },
  28: { symbol: 'VA', quantity: 'apparent power' },
  29: { symbol: 'var', quantity: 'reactive power' },
  30: { symbol: 'Wh', quantity: 'active energy' },
  31: { symbol: 'VAh', quantity: 'apparent energy' },
  32: { symbol: 'varh', quantity: 'reactive energy' },
  33: { symbol: 'A', quantity: 'current' },
  34: { symbol: 'C', quantity: 'electrical charge' },
  35: { symbol: 'V', quantity: 'voltage' },
  36: { symbol: 'V/m', quantity: 'electric field strength' },
  37: { symbol: 'F', quantity: 'capacitance' },
  38: { symbol: 'Ω', quantity: 'resistance' },
  39: { symbol: 'Ωm²/m', quantity: 'resistivity' },
  40: { symbol: 'Wb', quantity: 'magnetic flux' },
  41: { symbol: 'T', quantity: 'magnetic flux density' },
  42: { symbol: 'A/m', quantity: 'magnetic field strength' },
  43: { symbol: 'H', quantity: 'inductance' },
  44: { symbol: 'Hz', quantity: 'frequency' },
  45: { symbol: '1/(Wh)', quantity: 'active energy meter constant' },
  46: { symbol: '1/(varh)', quantity: 'reactive energy meter constant' },
  47: { symbol: '1/(VAh)', quantity: 'apparent energy meter constant' },
  48: { symbol: 'V²h', quantity: 'volt-squared hour' },
  49: { symbol: 'A²h', quantity: 'ampere-squared hour' },
  50: { symbol: 'kg/s', quantity: 'mass flux' },
  51: { symbol: 'S', quantity: 'conductance' },
  52: { symbol: 'K', quantity: 'temperature' },
  53: { symbol: '1/(V²h)', quantity: 'volt-squared hour meter constant' },
  54: { symbol: '1/(A²h)', quantity: 'ampere-squared hour meter constant' },
  55: { symbol: '1/m³', quantity: 'volume meter constant' },
  56: { symbol: '%', quantity: 'percentage' },
  57: { symbol: 'Ah', quantity: 'ampere-hour' },
  60: { symbol: 'Wh/m³', quantity: 'energy per volume' },
  61: { symbol: 'J/m³', quantity: 'calorific value' },
  62: { symbol: 'mol%', quantity: 'molar fraction' },
  63: { symbol: 'g/m³', quantity: 'mass density' },
  64: { symbol: 'Pa s', quantity: 'dynamic viscosity' },
  65: { symbol: 'J/kg', quantity: 'specific energy' },
  70: { symbol: 'dBm', quantity: 'signal strength' },
  71: { symbol: 'dBµV', quantity: 'signal strength' },
  72: { symbol: 'dB', quantity: 'logarithmic ratio' },
  253: { symbol: '', quantity: 'extended table of units' },
  254: { symbol: '', quantity: 'other unit' },
  255: { symbol: '', quantity: 'count' },
}

/** Numbers count in 10^scaler of the unit. */
export interface ScalerUnit {
  /** -128..127 */
  readonly scaler: number
  /** Code in `units`, 0..255. */
  readonly unit: number
}

export function scalerUnitData(scalerUnit: ScalerUnit): CosemData {
  return cosem.structure(cosem.integer(scalerUnit.scaler), cosem.enumeration(scalerUnit.unit))
}

/** Undefined if the value is not `structure { integer, enum }`. */
export function scalerUnitOf(data: CosemData): ScalerUnit | undefined {
  if (data.type !== 'structure' || data.value.length !== 2) return undefined
  const [scaler, unit] = data.value
  return scaler?.type === 'integer' && unit?.type === 'enum' ? { scaler: scaler.value, unit: unit.value } : undefined
}

/** The number of any integer or floating type; undefined for what is no number or exceeds 2^53. */
export function numberOf(data: CosemData): number | undefined {
  if (!('value' in data)) return undefined
  if (typeof data.value === 'number') return data.value
  if (typeof data.value !== 'bigint') return undefined
  const asNumber = Number(data.value)
  return Number.isSafeInteger(asNumber) ? asNumber : undefined
}
