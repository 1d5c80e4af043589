import type { CommandIo } from '../../dlms/command-io.ts'
import { tableLines } from '../../dlms/table.ts'
import { readNewKeys } from '../keys.ts'
import { badOption, type GpOptions, parseNumber } from '../options.ts'
import { readPublicKey } from '../pem-keys.ts'
import { printEither, requireConsent, withSession } from '../session.ts'

export async function gpKeysList(io: CommandIo, options: GpOptions): Promise<void> {
  await withSession(io, options, { authenticates: false }, async (session) => {
    const keys = (await session.client.keyInformation()) ?? []
    const rows = keys.map(({ version, identifier, components }) => [
      `version ${version}`,
      `key ${identifier}`,
      components.map(({ typeName, lengthBytes }) => `${typeName}, ${lengthBytes} bytes`).join('; '),
    ])
    const text = tableLines(rows)
      .map((line) => `${line}\n`)
      .join('')
    printEither(session, { keys }, text === '' ? 'the domain has no keys\n' : text)
  })
}

export interface PutKeysOptions extends GpOptions {
  readonly newKeys?: string
  readonly publicKey?: string
  readonly newVersion: string
  readonly identifier?: string
  readonly replaces?: string
}

/** Three keys for a secure channel, or one public key for tokens, receipts or DAP. */
export async function gpKeysPut(io: CommandIo, options: PutKeysOptions): Promise<void> {
  const version = parseNumber('--new-version', options.newVersion, 1, 127)
  const replaces = options.replaces === undefined ? 0 : parseNumber('--replaces', options.replaces, 0, 127)
  if ((options.newKeys === undefined) === (options.publicKey === undefined)) {
    throw badOption('which keys: --new-keys FILE for a secure channel, or --public-key FILE')
  }
  const identifier = parseNumber('--identifier', options.identifier ?? '1', 1, 127)
  if (replaces !== 0) {
    await requireConsent(io, options, `Replace the keys of version ${replaces}? Without the new ones the card is lost.`)
  }
  const secret = options.newKeys === undefined ? undefined : readNewKeys(options.newKeys)
  const keys =
    secret === undefined
      ? [readPublicKey('--public-key', options.publicKey!)]
      : [secret.keys.enc, secret.keys.mac, secret.keys.dek].map((key) => ({ type: secret.type, key }))
  await withSession(io, options, { authenticates: true }, async (session) => {
    await session.client.putKeys(version, keys, { replaces, firstIdentifier: identifier })
    printEither(session, { version, keys: keys.length }, `${keys.length} keys of version ${version} are on the card\n`)
  })
}

export async function gpKeysDelete(
  io: CommandIo,
  options: GpOptions & { readonly version?: string; readonly identifier?: string },
): Promise<void> {
  if (options.version === undefined && options.identifier === undefined) {
    throw badOption('which keys: --version, --identifier, or both')
  }
  const which = {
    ...(options.version !== undefined && { version: parseNumber('--version', options.version, 1, 255) }),
    ...(options.identifier !== undefined && { identifier: parseNumber('--identifier', options.identifier, 1, 127) }),
  }
  await requireConsent(io, options, 'Delete these keys?')
  await withSession(io, options, { authenticates: true }, async (session) => {
    await session.client.deleteKey(which)
    printEither(session, { deleted: which }, 'the keys are deleted\n')
  })
}
