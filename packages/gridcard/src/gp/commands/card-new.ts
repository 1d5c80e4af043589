import { existsSync } from 'node:fs'
import { toHex } from '@gridcard/bytes'
import { Card, cardProfile, cardProfileNames } from '@gridcard/card'
import { nodeCrypto } from '@gridcard/crypto/node'
import type { CommandIo } from '../../dlms/command-io.ts'
import { FileNvStore } from '../../start/file-nv-store.ts'
import { readNewKeys } from '../keys.ts'
import { badOption, parseChoice, parseNumber } from '../options.ts'

export interface CardNewOptions {
  readonly profile: string
  readonly keyFile?: string
  readonly keyVersion: string
  readonly json?: true
}

/** A blank card in a file. Its keys are the well-known ones or, where its profile wants that, those of its maker. */
export function cardNew(io: CommandIo, path: string, options: CardNewOptions): void {
  const name = parseChoice('--profile', options.profile, cardProfileNames)
  const profile = cardProfile(name)
  const wantsKeys = profile.globalPlatform?.issuerKeys.from === 'card-maker'
  if (wantsKeys && options.keyFile === undefined) {
    throw badOption(`a ${name} card has no keys but those of its maker: --key-file`)
  }
  const given = options.keyFile === undefined ? undefined : readNewKeys(options.keyFile)
  const keyVersion = parseNumber('--key-version', options.keyVersion, 1, 127)
  // Before the store, which makes the file.
  if (existsSync(path)) throw badOption(`${path} is there already; a card is never overwritten`)
  const store = new FileNvStore(path)
  try {
    Card.create({
      profile,
      crypto: nodeCrypto,
      store,
      ...(given !== undefined && { issuerKeys: { keyVersion, type: given.type, ...given.keys } }),
    })
  } finally {
    store.close()
  }
  const { atr, nvSizeBytes } = profile
  const value = { file: path, profile: name, atr: toHex(atr), nvSizeBytes }
  io.out(
    options.json
      ? `${JSON.stringify(value)}\n`
      : `${path}  ${name} card, ${nvSizeBytes / 1024} KiB, ATR ${toHex(atr)}\n`,
  )
}
