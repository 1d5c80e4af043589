import { concatBytes } from '@gridcard/bytes'
import type { Aes } from '../../port/aes.ts'
import type { HashName } from '../../port/hashes.ts'
import type { KeyDerivation } from '../../port/key-derivation.ts'
import type { Scp03SessionKeys } from './scp03.ts'

export interface Scp11SessionKeys extends Scp03SessionKeys {
  /** Makes the receipt, then has done its work. */
  readonly receipt: Uint8Array
  readonly dek: Uint8Array
}

export interface Scp11Agreement {
  /** SHA-256 whatever the curve. @source GPC Amd F 1.4 §7.6.2.3 */
  readonly hash: HashName
  /** x of ePK.SD · eSK.OCE. */
  readonly ephemeralSecret: Uint8Array
  /** x of PK.SD · SK.OCE in variants a and c; of PK.SD · ePK.OCE's key in b. */
  readonly staticSecret: Uint8Array
  readonly sharedInfo: Uint8Array
  /** 16, 24 or 32. */
  readonly keyLengthBytes: number
}

export interface Scp11SharedInfo {
  /** 34: C-MAC and R-MAC; 3C: encryption both ways too. */
  readonly keyUsage: number
  /** 88 for AES. */
  readonly keyType: number
  readonly keyLengthBytes: number
  /** Both or none. */
  readonly identifiers?: { readonly hostId: Uint8Array; readonly cardGroupId: Uint8Array }
}

/** @source GPC Amd F 1.2 §3.1.2 */
export function scp11SharedInfo({ keyUsage, keyType, keyLengthBytes, identifiers }: Scp11SharedInfo): Uint8Array {
  const header = Uint8Array.of(keyUsage, keyType, keyLengthBytes)
  if (identifiers === undefined) return header
  const { hostId, cardGroupId } = identifiers
  return concatBytes(header, Uint8Array.of(hostId.length), hostId, Uint8Array.of(cardGroupId.length), cardGroupId)
}

/** Five keys by the X9.63 KDF over both secrets. @source GPC Amd F 1.2 §3.1.2; BSI TR-03111 §4.3.3 */
export function scp11SessionKeys(
  kdf: Pick<KeyDerivation, 'x963Kdf'>,
  { hash, ephemeralSecret, staticSecret, sharedInfo, keyLengthBytes }: Scp11Agreement,
): Scp11SessionKeys {
  const secret = concatBytes(ephemeralSecret, staticSecret)
  const keyData = kdf.x963Kdf(hash, secret, sharedInfo, 5 * keyLengthBytes)
  const key = (index: number) => keyData.slice(index * keyLengthBytes, (index + 1) * keyLengthBytes)
  const keys = { receipt: key(0), enc: key(1), mac: key(2), rMac: key(3), dek: key(4) }
  secret.fill(0)
  keyData.fill(0)
  return keys
}

/**
 * 16 bytes: proof that the card has the keys, and the first chaining value.
 *
 * @param command data field of the authentication command, A6 and 5F49, as sent
 * @param cardEphemeralKey the whole 5F49 of the answer
 * @source GPC Amd F 1.2 §3.1.2, §7.5.3
 */
export function scp11Receipt(
  aes: Pick<Aes, 'aesCmac'>,
  receiptKey: Uint8Array,
  command: Uint8Array,
  cardEphemeralKey: Uint8Array,
): Uint8Array {
  return aes.aesCmac(receiptKey, concatBytes(command, cardEphemeralKey))
}
