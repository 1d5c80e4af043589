import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { equalBytes, fromHex } from '@gridcard/bytes'
import { DlmsToolError } from '../errors.ts'

/** What both ends of a management association share, suite 0. */
export interface AssociationKeys {
  /** 8 bytes each. */
  readonly clientSystemTitle: Uint8Array
  readonly serverSystemTitle: Uint8Array
  /** 16 bytes each. */
  readonly blockCipherKey: Uint8Array
  readonly authenticationKey: Uint8Array
  /** The key file; undefined when they come from the environment. */
  readonly path: string | undefined
}

type Field = Exclude<keyof AssociationKeys, 'path'>

const lengthsBytes: Readonly<Record<Field, number>> = {
  clientSystemTitle: 8,
  serverSystemTitle: 8,
  blockCipherKey: 16,
  authenticationKey: 16,
}
const fields = Object.keys(lengthsBytes) as Field[]

export const keyEnvironment: Readonly<Record<Field, string>> = {
  clientSystemTitle: 'GRIDCARD_DLMS_CLIENT_TITLE',
  serverSystemTitle: 'GRIDCARD_DLMS_SERVER_TITLE',
  blockCipherKey: 'GRIDCARD_DLMS_BLOCK_CIPHER_KEY',
  authenticationKey: 'GRIDCARD_DLMS_AUTHENTICATION_KEY',
}

const MAX_FILE_BYTES = 64 * 1024

/**
 * Keys from the file, or from the environment; never from arguments, which every process list shows. Undefined: none
 * were given.
 * @throws DlmsToolError `GRIDCARD_KEY_FILE_EXPOSED`, `GRIDCARD_KEY_FILE_UNUSABLE`
 */
export function findKeys(
  keyFile: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): AssociationKeys | undefined {
  if (keyFile !== undefined) return parseKeys(readKeyFile(keyFile), keyFile, (field) => `"${field}"`)
  const given = fields.filter((field) => env[keyEnvironment[field]] !== undefined)
  if (given.length === 0) return undefined
  const values = Object.fromEntries(fields.map((field) => [field, env[keyEnvironment[field]]]))
  return parseKeys(values, undefined, (field) => keyEnvironment[field])
}

function readKeyFile(path: string): unknown {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (error) {
    throw unusable(`${path} cannot be opened (${systemCode(error)})`, error)
  }
  try {
    // Asked of the open file, so that nobody can put another in its place in between.
    const { mode, size } = fstatSync(fd)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(3, '0')
      throw new DlmsToolError(
        'GRIDCARD_KEY_FILE_EXPOSED',
        `${path} has mode ${octal}, so others may read the keys: chmod 600 it, and think of the keys as known`,
      )
    }
    if (size > MAX_FILE_BYTES) throw unusable(`${path} is too long for a key file`)
    const buffer = new Uint8Array(size)
    readSync(fd, buffer, 0, size, 0)
    return JSON.parse(new TextDecoder().decode(buffer))
  } catch (error) {
    if (error instanceof DlmsToolError) throw error
    // Not the cause: a parser's message quotes the file.
    if (error instanceof SyntaxError) throw unusable(`${path} is not JSON`)
    throw unusable(`${path} cannot be read (${systemCode(error)})`, error)
  } finally {
    closeSync(fd)
  }
}

function parseKeys(json: unknown, path: string | undefined, nameOf: (field: Field) => string): AssociationKeys {
  const where = path === undefined ? '' : `${path}: `
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw unusable(`${where}not a JSON object`)
  const values = json as Record<string, unknown>
  const read = (field: Field): Uint8Array => {
    const text = values[field]
    const wanted = `${lengthsBytes[field]} bytes in hex`
    if (text === undefined) throw unusable(`${where}${nameOf(field)} is missing: ${wanted}`)
    const octets = typeof text === 'string' ? tryHex(text) : undefined
    if (octets?.length !== lengthsBytes[field]) throw unusable(`${where}${nameOf(field)} is not ${wanted}`)
    return octets
  }
  const stranger = Object.keys(values).find((name) => !fields.includes(name as Field))
  if (stranger !== undefined) throw unusable(`${where}unknown field ${JSON.stringify(stranger.slice(0, 40))}`)
  const keys = {
    clientSystemTitle: read('clientSystemTitle'),
    serverSystemTitle: read('serverSystemTitle'),
    blockCipherKey: read('blockCipherKey'),
    authenticationKey: read('authenticationKey'),
    path,
  }
  // Both ends would count through the same IVs.
  if (equalBytes(keys.clientSystemTitle, keys.serverSystemTitle)) throw unusable(`${where}the two titles are the same`)
  if (equalBytes(keys.blockCipherKey, keys.authenticationKey)) throw unusable(`${where}the two keys are the same`)
  return keys
}

function tryHex(text: string): Uint8Array | undefined {
  try {
    return fromHex(text)
  } catch {
    return undefined
  }
}

function unusable(message: string, cause?: unknown): DlmsToolError {
  return new DlmsToolError('GRIDCARD_KEY_FILE_UNUSABLE', message, {}, cause === undefined ? undefined : { cause })
}

export const systemCode = (error: unknown): string =>
  (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown reason'
