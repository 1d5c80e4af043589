import { equalBytes, fromHex } from '@gridcard/bytes'
import { HeadendError } from '../errors.ts'
import type { MeterKeys } from './key-store.ts'

/** Keys every reader of the books knows. @source Green Book ed. 8, examples of chapter 9 */
const documentationKeys = [
  fromHex('00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F'),
  fromHex('D0 D1 D2 D3 D4 D5 D6 D7 D8 D9 DA DB DC DD DE DF'),
] as const

/** Why a key must not protect a meter; undefined if nothing speaks against it. The key itself is never told. */
export function whyRefused(key: Uint8Array): string | undefined {
  if (key.length !== 16) return 'a key of suite 0 has 16 bytes'
  if (documentationKeys.some((known) => equalBytes(known, key))) return 'it is an example of the documentation'
  if (key.every((byte) => byte === key[0])) return 'all its bytes are equal'
  return undefined
}

/** @throws HeadendError `HEADEND_KEY_REFUSED` */
export function requireUsableKeys(serial: string, keys: MeterKeys): void {
  const why =
    nameReason('encryption key', whyRefused(keys.blockCipherKey)) ??
    nameReason('authentication key', whyRefused(keys.authenticationKey)) ??
    (equalBytes(keys.blockCipherKey, keys.authenticationKey)
      ? 'the encryption and the authentication key are the same'
      : undefined)
  if (why !== undefined) throw new HeadendError('HEADEND_KEY_REFUSED', `keys of ${serial} refused: ${why}`, { serial })
}

const nameReason = (key: string, reason: string | undefined) => reason && `the ${key} cannot be used, ${reason}`
