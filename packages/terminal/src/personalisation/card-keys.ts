import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import type { CryptoProvider, StaticKeys } from '@gridcard/crypto'
import { TerminalError } from '../errors.ts'
import { requireUsableKeys } from './usable-keys.ts'

/** What the owner of a card gets: all that is secret about it, and what names it. */
export interface CardKeys {
  readonly format: 'gridcard-card-keys-1'
  readonly serial: string
  readonly systemTitle: string
  readonly deviceId: string
  readonly owner: string
  readonly suite: 0 | 1 | 2
  /** The owner's security domain. All keys in hex. */
  readonly domain: {
    readonly aid: string
    readonly keyVersion: number
    readonly enc: string
    readonly mac: string
    readonly dek: string
  }
  readonly masterKey: string
  /** Index: key slot of the Metering applet. */
  readonly slots: readonly { readonly peer: string; readonly unicast: string; readonly authentication: string }[]
}

export const keyBytesOf = (suite: 0 | 1 | 2) => (suite === 2 ? 32 : 16)

/** Fresh keys for a card and its owner. @throws TerminalError `TERMINAL_LINE_KEY_REFUSED` */
export function makeCardKeys(
  crypto: Pick<CryptoProvider, 'randomBytes'>,
  o: Pick<CardKeys, 'serial' | 'systemTitle' | 'deviceId' | 'owner' | 'suite'> & {
    readonly domainAid: Uint8Array
    readonly keyVersion: number
    readonly peers: readonly Uint8Array[]
  },
): CardKeys {
  const { serial, systemTitle, deviceId, owner, suite, domainAid, keyVersion, peers } = o
  const bytes = keyBytesOf(suite)
  const fresh = (length = bytes) => toHex(crypto.randomBytes(length))
  const keys: CardKeys = {
    format: 'gridcard-card-keys-1',
    serial,
    systemTitle,
    deviceId,
    owner,
    suite,
    domain: { aid: toHex(domainAid), keyVersion, enc: fresh(16), mac: fresh(16), dek: fresh(16) },
    masterKey: fresh(),
    slots: peers.map((peer) => ({ peer: toHex(peer), unicast: fresh(), authentication: fresh() })),
  }
  requireUsableKeys(namedKeys(keys))
  return keys
}

export function namedKeys({ domain, masterKey, slots }: CardKeys): Record<string, Uint8Array> {
  const { enc, mac, dek } = domainKeysOf({ domain })
  const named: Record<string, Uint8Array> = {
    'domain ENC': enc,
    'domain MAC': mac,
    'domain DEK': dek,
    master: fromHex(masterKey),
  }
  for (const [i, { unicast, authentication }] of slots.entries()) {
    named[`unicast ${i}`] = fromHex(unicast)
    named[`authentication ${i}`] = fromHex(authentication)
  }
  return named
}

export function domainKeysOf({ domain }: Pick<CardKeys, 'domain'>): StaticKeys {
  return { enc: fromHex(domain.enc), mac: fromHex(domain.mac), dek: fromHex(domain.dek) }
}

/** What a journal may know of keys: enough to see one a second time. */
export function fingerprintsOf(crypto: Pick<CryptoProvider, 'sha256'>, lineId: Uint8Array, keys: CardKeys): string[] {
  return Object.values(namedKeys(keys)).map((key) => toHex(crypto.sha256(concatBytes(lineId, key)).slice(0, 10)))
}

/** @throws TerminalError `TERMINAL_LINE_KEY_FILE` */
export function parseCardKeys(text: string): CardKeys {
  const keys = JSON.parse(text) as CardKeys // signed by the line that made it
  if (keys.format === 'gridcard-card-keys-1') return keys
  throw new TerminalError('TERMINAL_LINE_KEY_FILE', 'the key file is of another format')
}
