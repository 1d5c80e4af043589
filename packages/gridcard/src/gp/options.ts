import { BytesError, fromHex } from '@gridcard/bytes'
import { emitMemoryParameters, type MemoryBytes, type MemoryParameters } from '@gridcard/terminal'
import { LauncherError } from '../errors.ts'

/** Options that every `gp` command has. */
export interface GpOptions {
  readonly card?: string
  readonly reader?: string
  readonly sd?: string
  readonly keyFile?: string
  readonly testKeys?: true
  readonly keyVersion?: string
  readonly kdf?: string
  readonly level: string
  readonly scp?: string
  readonly tokenKey?: string
  readonly receiptKey?: string
  readonly trace?: true
  readonly json?: true
  readonly yes?: true
}

export const badOption = (message: string, cause?: unknown) =>
  new LauncherError('GRIDCARD_BAD_OPTION', message, {}, cause === undefined ? {} : { cause })

export function parseHex(option: string, text: string): Uint8Array {
  try {
    return fromHex(text)
  } catch (error) {
    if (error instanceof BytesError) throw badOption(`${option} takes hex digits, not "${text.slice(0, 40)}"`)
    throw error
  }
}

/** 5 to 16 bytes. */
export function parseAid(option: string, text: string): Uint8Array {
  const aid = parseHex(option, text)
  if (aid.length < 5 || aid.length > 16) throw badOption(`${option} takes an AID of 5 to 16 bytes in hex`)
  return aid
}

/** Decimal, or hex behind 0x. */
export function parseNumber(option: string, text: string, low: number, high: number): number {
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN
  if (!(value >= low && value <= high)) {
    throw badOption(`${option} takes a number from ${low} to ${high} (0x for hex), not "${text.slice(0, 40)}"`)
  }
  return value
}

export interface MemoryOptions {
  readonly maxMemory?: string
  readonly reserveMemory?: string
}

/** System parameters of an installation; --max-memory of a domain is for all below it, too. */
export function memoryParameters(
  { maxMemory, reserveMemory }: MemoryOptions,
  most: keyof Pick<MemoryParameters, 'quota' | 'granted'>,
): { readonly systemParameters?: Uint8Array } {
  const parameters: MemoryParameters = {
    ...(maxMemory !== undefined && { [most]: parseMemory('--max-memory', maxMemory) }),
    ...(reserveMemory !== undefined && { reserved: parseMemory('--reserve-memory', reserveMemory) }),
  }
  const systemParameters = emitMemoryParameters(parameters)
  return systemParameters.length === 0 ? {} : { systemParameters }
}

/** Bytes of non-volatile memory; behind a comma of RAM. */
function parseMemory(option: string, text: string): MemoryBytes {
  const [nonVolatile = '', volatile, ...more] = text.split(',')
  if (more.length > 0) throw badOption(`${option} takes bytes of non-volatile memory, then after a comma of RAM`)
  return {
    ...(nonVolatile !== '' && { nonVolatile: parseNumber(option, nonVolatile, 0, 0x7fff_ffff) }),
    ...(volatile !== undefined && { volatile: parseNumber(option, volatile, 0, 0x7fff_ffff) }),
  }
}

export function parseChoice<T extends string>(option: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((one) => one === text.toLowerCase())
  if (choice === undefined) throw badOption(`${option} takes ${choices.join(', ')}, not "${text.slice(0, 40)}"`)
  return choice
}
