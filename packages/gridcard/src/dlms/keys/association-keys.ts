import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { equalBytes, fromHex } from '@gridcard/bytes'
import { type KeySet, type SecuritySuiteId, securitySuites } from '@gridcard/dlms'
import { DlmsToolError } from '../errors.ts'

/** What both ends of a management association share, and of the asymmetric keys what there is. */
export interface AssociationKeys extends OptionalKeys {
  /** Default 0. */
  readonly suite: SecuritySuiteId
  /** 8 bytes each. */
  readonly clientSystemTitle: Uint8Array
  readonly serverSystemTitle: Uint8Array
  /** 16 bytes each, in suite 2 32. */
  readonly blockCipherKey: Uint8Array
  readonly authenticationKey: Uint8Array
  /** The key file; undefined when they come from the environment. */
  readonly path: string | undefined
}

/** A key file may have these too. */
interface OptionalKeys {
  readonly masterKey?: Uint8Array
  readonly broadcastKey?: Uint8Array
  /** The key of one association, to explain what was recorded. */
  readonly dedicatedKey?: Uint8Array
  /** Password of LLS, secret of HLS 2, 3, 4 and 6; 1..64 bytes. */
  readonly secret?: Uint8Array
  /** Private keys, and public ones as x || y; suites 1 and 2. */
  readonly clientSigningKey?: Uint8Array
  readonly clientSigningPublicKey?: Uint8Array
  readonly clientAgreementKey?: Uint8Array
  readonly clientAgreementPublicKey?: Uint8Array
  readonly serverSigningKey?: Uint8Array
  readonly serverSigningPublicKey?: Uint8Array
  readonly serverAgreementKey?: Uint8Array
  readonly serverAgreementPublicKey?: Uint8Array
}

type Field = 'clientSystemTitle' | 'serverSystemTitle' | 'blockCipherKey' | 'authenticationKey'
const fields: readonly Field[] = ['clientSystemTitle', 'serverSystemTitle', 'blockCipherKey', 'authenticationKey']

type Shape = 'key' | 'secret' | 'private key' | 'public key'
const optionalShapes: Readonly<Record<keyof OptionalKeys, Shape>> = {
  masterKey: 'key',
  broadcastKey: 'key',
  dedicatedKey: 'key',
  secret: 'secret',
  clientSigningKey: 'private key',
  clientSigningPublicKey: 'public key',
  clientAgreementKey: 'private key',
  clientAgreementPublicKey: 'public key',
  serverSigningKey: 'private key',
  serverSigningPublicKey: 'public key',
  serverAgreementKey: 'private key',
  serverAgreementPublicKey: 'public key',
}
const optionalFields = Object.keys(optionalShapes) as (keyof OptionalKeys)[]

/** What one end needs for its security module. */
export function keySetOf(keys: AssociationKeys, end: 'client' | 'server'): KeySet {
  const { suite, blockCipherKey, authenticationKey, masterKey, broadcastKey, secret: hlsSecret } = keys
  const isClient = end === 'client'
  return {
    suite,
    blockCipherKey,
    authenticationKey,
    masterKey,
    broadcastKey,
    hlsSecret,
    signing: {
      privateKey: isClient ? keys.clientSigningKey : keys.serverSigningKey,
      peerPublicKey: isClient ? keys.serverSigningPublicKey : keys.clientSigningPublicKey,
    },
    agreement: {
      privateKey: isClient ? keys.clientAgreementKey : keys.serverAgreementKey,
      peerPublicKey: isClient ? keys.serverAgreementPublicKey : keys.clientAgreementPublicKey,
    },
    peerSystemTitle: isClient ? keys.serverSystemTitle : keys.clientSystemTitle,
  }
}

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
  const suite = ([0, 1, 2] as const).find((id) => id === (values['suite'] ?? 0))
  if (suite === undefined) throw unusable(`${where}"suite" is not 0, 1 or 2`)
  const { keyBytes } = securitySuites[suite]
  const octetsOf = (name: string, text: unknown, isLength: (lengthBytes: number) => boolean, wanted: string) => {
    const octets = typeof text === 'string' ? tryHex(text) : undefined
    if (octets === undefined || !isLength(octets.length)) throw unusable(`${where}${name} is not ${wanted}`)
    return octets
  }
  const read = (field: Field): Uint8Array => {
    const wantedBytes = field.endsWith('Title') ? 8 : keyBytes
    const wanted = `${wantedBytes} bytes in hex`
    if (values[field] === undefined) throw unusable(`${where}${nameOf(field)} is missing: ${wanted}`)
    return octetsOf(nameOf(field), values[field], (lengthBytes) => lengthBytes === wantedBytes, wanted)
  }
  const readOptional = (field: keyof OptionalKeys): Uint8Array => {
    const shape = optionalShapes[field]
    if (shape === 'secret') {
      return octetsOf(`"${field}"`, values[field], (length) => length >= 1 && length <= 64, '1 to 64 bytes in hex')
    }
    const coordinateBytes = securitySuites[suite].asymmetric?.coordinateBytes
    if (shape !== 'key' && coordinateBytes === undefined) throw unusable(`${where}"${field}" needs suite 1 or 2`)
    const wanted = shape === 'key' ? keyBytes : (coordinateBytes ?? 0) * (shape === 'public key' ? 2 : 1)
    return octetsOf(`"${field}"`, values[field], (length) => length === wanted, `${wanted} bytes in hex`)
  }
  const known = new Set<string>([...fields, ...optionalFields, 'suite'])
  const stranger = Object.keys(values).find((name) => !known.has(name))
  if (stranger !== undefined) throw unusable(`${where}unknown field ${JSON.stringify(stranger.slice(0, 40))}`)
  const optional: OptionalKeys = Object.fromEntries(
    optionalFields.filter((field) => values[field] !== undefined).map((field) => [field, readOptional(field)]),
  )
  const keys = {
    ...optional,
    suite,
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
