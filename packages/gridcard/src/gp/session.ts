import { nodeCrypto } from '@gridcard/crypto/node'
import { GlobalPlatformClient, namedSecurityLevels, type SecurityLevelName, sign } from '@gridcard/terminal'
import type { CommandIo } from '../dlms/command-io.ts'
import { openTarget } from './card-target.ts'
import { GpCommandError } from './errors.ts'
import { findChannelKeys, keyEnvironment } from './keys.ts'
import { badOption, type GpOptions, parseAid, parseChoice } from './options.ts'
import { readSigningKey, readVerificationKey } from './pem-keys.ts'
import { tracedLink } from './traced-link.ts'

/** A selected security domain, and a secure channel to it if `authenticates`. */
export interface GpSession {
  readonly client: GlobalPlatformClient
  readonly io: CommandIo
  readonly options: GpOptions
  readonly domainAid: Uint8Array
}

/** Opens the card, does `act`, and lets the card go, whatever happens. */
export async function withSession<T>(
  io: CommandIo,
  options: GpOptions,
  { authenticates }: { readonly authenticates: boolean },
  act: (session: GpSession) => Promise<T>,
): Promise<T> {
  const keys = findChannelKeys(options, io.env)
  if (authenticates && keys === undefined) {
    throw new GpCommandError(
      'GRIDCARD_GP_NO_KEYS',
      `no keys: give --key-file, or ${keyEnvironment.key} in the environment, or --test-keys for a developer's card`,
    )
  }
  const level =
    namedSecurityLevels[parseChoice('--level', options.level, Object.keys(namedSecurityLevels) as SecurityLevelName[])]
  const protocol = options.scp === undefined ? undefined : parseChoice('--scp', options.scp, ['02', '03'])
  const delegation = delegationOf(options)
  const domain = options.sd === undefined ? undefined : parseAid('--sd', options.sd)
  const target = await openTarget(options)
  try {
    const link = options.trace ? tracedLink(target.link, (line) => io.err(`${line}\n`)) : target.link
    await link.powerOn()
    const client = new GlobalPlatformClient(link, { crypto: nodeCrypto, ...delegation })
    const { aid } = await client.select(domain)
    if (authenticates && keys !== undefined) {
      await client.open({
        keys: keys.keys,
        keyVersion: keys.keyVersion,
        level,
        ...(keys.diversification !== undefined && { diversification: keys.diversification }),
        ...(protocol !== undefined && { protocol: `SCP${protocol}` as const }),
      })
    }
    return await act({ client, io, options, domainAid: aid })
  } finally {
    for (const key of Object.values(keys?.keys ?? {})) key.fill(0)
    await target.close()
  }
}

function delegationOf({ tokenKey, receiptKey }: GpOptions) {
  const signing = tokenKey === undefined ? undefined : readSigningKey('--token-key', tokenKey)
  return {
    ...(signing !== undefined && { tokenFor: (input: Uint8Array) => sign(nodeCrypto, signing, input) }),
    ...(receiptKey !== undefined && { receiptKey: readVerificationKey('--receipt-key', receiptKey) }),
  }
}

/** Asks before what hurts. @throws GpCommandError `GRIDCARD_GP_DECLINED`; LauncherError when there is nobody to ask */
export async function requireConsent(io: CommandIo, options: GpOptions, question: string): Promise<void> {
  if (options.yes) return
  if (!io.canAsk) throw badOption(`there is nobody to ask: say --yes. ${question}`)
  if (!/^y(es)?$/i.test((await io.ask(`${question} [y/N] `)).trim())) {
    throw new GpCommandError('GRIDCARD_GP_DECLINED', 'nothing was changed')
  }
}

/** One line of JSON if that was asked for, else text. */
export function printEither({ io, options }: Pick<GpSession, 'io' | 'options'>, value: object, text: string): void {
  io.out(options.json ? `${JSON.stringify(value)}\n` : text)
}
