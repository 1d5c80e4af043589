import { concatBytes, equalBytes } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import { type CardLink, type KeySlot, MeterSecurityClient } from '@gridcard/terminal'
import { LauncherError } from '../errors.ts'

/** The slot of the management association; the meter and the head-end agree on it. */
export const managementSlot = 0

export interface CardIdentity {
  readonly systemTitle: Uint8Array
  readonly deviceId: Uint8Array
}

/** Keys of one meter, made here and known to its card and the head-end's key store only. */
export type MeterKeys = Pick<KeySlot, 'encryptionKey' | 'authenticationKey'>

/** 16 random bytes each, and never a pair that is one key twice. */
export function makeMeterKeys(crypto: CryptoProvider): MeterKeys {
  const encryptionKey = crypto.randomBytes(16)
  let authenticationKey = crypto.randomBytes(16)
  while (equalBytes(encryptionKey, authenticationKey)) authenticationKey = crypto.randomBytes(16)
  return { encryptionKey, authenticationKey }
}

/**
 * Gives a card with a fresh MeterSecurity applet its identity and keys, checks that the keys arrived as sent, and ends
 * personalisation for good.
 * @throws TerminalError if the card refuses; LauncherError `GRIDCARD_CARD_DAMAGED` if a key check value is not the key's
 */
export async function personaliseCard(
  link: CardLink,
  identity: CardIdentity,
  peerSystemTitle: Uint8Array,
  keys: MeterKeys,
  crypto: CryptoProvider,
): Promise<void> {
  const security = new MeterSecurityClient(link)
  await security.select()
  await security.setIdentity(identity.systemTitle, identity.deviceId)
  const checks = await security.putKeySlot(managementSlot, { peerSystemTitle, ...keys })
  const expected = concatBytes(keyCheck(crypto, keys.encryptionKey), keyCheck(crypto, keys.authenticationKey))
  if (!equalBytes(concatBytes(checks.encryptionKeyCheck, checks.authenticationKeyCheck), expected)) {
    throw new LauncherError('GRIDCARD_CARD_DAMAGED', 'the card holds other keys than it was given')
  }
  await security.activate()
}

/** First three bytes of a block of zeros under the key. */
function keyCheck(crypto: CryptoProvider, key: Uint8Array): Uint8Array {
  return crypto.aesEcbEncrypt(key, new Uint8Array(16)).slice(0, 3)
}
