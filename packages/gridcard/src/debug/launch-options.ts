import { existsSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import { DebugError } from './errors.ts'

/** What a `launch` request, or the command line, asks for. Paths are absolute here. */
export interface LaunchOptions {
  /** CAP files and project folders for the card; of scripts that load their own, just their names are taken. */
  readonly applets: readonly string[]
  /** Install parameters by AID of the class, both in hex. */
  readonly parameters: Readonly<Record<string, string>>
  /** An APDU script that drives the card. */
  readonly script: string | undefined
  readonly format: string | undefined
  /** Serve the card as a PC/SC reader. */
  readonly reader: boolean
  /** A program that drives the reader. */
  readonly command: readonly string[] | undefined
  readonly stopOnEntry: boolean
}

/** @throws DebugError `GRIDCARD_DEBUG_REFUSED`, for the editor to show */
export function parseLaunchOptions(given: unknown): LaunchOptions {
  const raw = (given ?? {}) as Record<string, unknown>
  const folder = text(raw, 'cwd') ?? process.cwd()
  const path = (name: string) => (isAbsolute(name) ? name : resolve(folder, name))
  const project = text(raw, 'project')
  const script = text(raw, 'script')
  const command = texts(raw, 'command')
  const options = {
    applets: [...(project === undefined ? [] : [project]), ...(texts(raw, 'applets') ?? [])].map(path),
    parameters: parametersOf(raw['parameters']),
    script: script === undefined ? undefined : path(script),
    format: text(raw, 'format'),
    reader: raw['reader'] === true || command !== undefined,
    command,
    stopOnEntry: raw['stopOnEntry'] === true,
  }
  if (options.applets.length === 0 && options.script === undefined) {
    throw refused('what to debug? Give "project", "applets" or "script"')
  }
  if (options.script !== undefined && options.reader) {
    throw refused('a card is driven by a script or through a reader, not by both')
  }
  for (const one of [...options.applets, ...(options.script === undefined ? [] : [options.script])]) {
    if (!existsSync(one)) throw refused(`there is no ${one}`)
  }
  return options
}

function text(raw: Record<string, unknown>, name: string): string | undefined {
  const value = raw[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw refused(`"${name}" is a text`)
  return value
}

function texts(raw: Record<string, unknown>, name: string): readonly string[] | undefined {
  const value = raw[name]
  if (value === undefined || value === null) return undefined
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string'))
    throw refused(`"${name}" is a list of texts`)
  return value.length === 0 ? undefined : value
}

function parametersOf(value: unknown): Readonly<Record<string, string>> {
  const isRight =
    typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'string')
  if (value !== undefined && !isRight) throw refused('"parameters" has install parameters in hex by AID')
  return (value ?? {}) as Readonly<Record<string, string>>
}

export function refused(message: string, options?: ErrorOptions): DebugError {
  return new DebugError('GRIDCARD_DEBUG_REFUSED', message, {}, options)
}
