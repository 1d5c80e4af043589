import { BytesError, fromHex, toHex } from '@gridcard/bytes'
import { LauncherError } from '../errors.ts'

/** What `--install AID:PARAMS` asks for. */
export interface InstallRequest {
  /** Of the class, in hex */
  readonly aid: string
  readonly parameters: Uint8Array
}

/** @throws LauncherError `GRIDCARD_BAD_OPTION` */
export function parseInstallOption(text: string): InstallRequest {
  const [aidText = '', parameterText = '', ...rest] = text.split(':')
  const aid = hexOrUndefined(aidText)
  const parameters = hexOrUndefined(parameterText)
  if (rest.length > 0 || aid === undefined || parameters === undefined || aid.length < 5 || aid.length > 16) {
    throw badOption(`--install takes AID or AID:PARAMETERS, both in hex, an AID of 5 to 16 bytes, not "${text}"`)
  }
  return { aid: toHex(aid), parameters }
}

/** @throws LauncherError `GRIDCARD_BAD_OPTION` for one applet named twice */
export function parseInstallOptions(texts: readonly string[] = []): Map<string, Uint8Array> {
  const requests = new Map<string, Uint8Array>()
  for (const { aid, parameters } of texts.map(parseInstallOption)) {
    if (requests.has(aid)) throw badOption(`--install names the applet ${aid} twice`)
    requests.set(aid, parameters)
  }
  return requests
}

export function hexOrUndefined(text: string): Uint8Array | undefined {
  try {
    return fromHex(text)
  } catch (error) {
    if (error instanceof BytesError) return undefined
    throw error
  }
}

export function badOption(message: string, options?: ErrorOptions): LauncherError {
  return new LauncherError('GRIDCARD_BAD_OPTION', message, {}, options)
}
