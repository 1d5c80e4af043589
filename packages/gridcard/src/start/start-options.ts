import { resolve } from 'node:path'
import { LauncherError } from '../errors.ts'

/** The options of `gridcard start`, checked. */
export interface StartOptions {
  /** Undefined: as many as the street has, 20 for a new one. */
  readonly meters: number | undefined
  /** Simulated seconds per second. */
  readonly speed: number
  readonly dataDirectory: string
  readonly port: number
  /** Port of the first meter, the next ones follow; 0 lets the system choose. */
  readonly meterPort: number
  readonly json: boolean
}

export interface RawStartOptions {
  readonly meters?: string
  readonly speed: string
  readonly data: string
  readonly port: string
  readonly meterPort: string
  readonly json?: true
}

export const maxMeters = 2000
export const maxSpeed = 3600

/** @throws LauncherError `GRIDCARD_BAD_OPTION`, naming the option and what it takes */
export function parseStartOptions(raw: RawStartOptions): StartOptions {
  return {
    meters: raw.meters === undefined ? undefined : integer('--meters', raw.meters, 1, maxMeters),
    speed: number('--speed', raw.speed, 1, maxSpeed),
    dataDirectory: resolve(raw.data),
    port: integer('--port', raw.port, 0, 65535),
    meterPort: integer('--meter-port', raw.meterPort, 0, 65535),
    json: raw.json === true,
  }
}

function number(option: string, text: string, low: number, high: number): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < low || value > high) {
    throw new LauncherError('GRIDCARD_BAD_OPTION', `${option} takes a number from ${low} to ${high}, not "${text}"`)
  }
  return value
}

function integer(option: string, text: string, low: number, high: number): number {
  const value = number(option, text, low, high)
  if (!Number.isInteger(value)) {
    throw new LauncherError(
      'GRIDCARD_BAD_OPTION',
      `${option} takes a whole number from ${low} to ${high}, not "${text}"`,
    )
  }
  return value
}
