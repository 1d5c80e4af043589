import { concatBytes } from '@gridcard/bytes'
import { CryptoPortError } from '../../errors.ts'
import type { Aes } from '../../port/aes.ts'
import { padIso } from './iso-padding.ts'
import type { StaticKeys } from './static-keys.ts'

/** Length of challenges, cryptograms and MACs: S8 mode, the older one, or S16. @source GPC Amd D 1.2 §5.1 */
export type Scp03MacBytes = 8 | 16

export interface Scp03SessionKeys {
  readonly enc: Uint8Array
  readonly mac: Uint8Array
  readonly rMac: Uint8Array
}

/** GPC Amd D 1.2 table 4-1. */
const CONSTANT = { cardCryptogram: 0x00, hostCryptogram: 0x01, cardChallenge: 0x02, enc: 0x04, mac: 0x06, rMac: 0x07 }

/**
 * KDF in counter mode with AES-CMAC: of label and context, `lengthBytes` long.
 *
 * @param constant last byte of the label
 * @source NIST SP 800-108 §5.1; GPC Amd D 1.2 §4.1.5
 */
export function scp03Kdf(
  aes: Pick<Aes, 'aesCmac'>,
  key: Uint8Array,
  constant: number,
  context: Uint8Array,
  lengthBytes: number,
): Uint8Array {
  const bits = 8 * lengthBytes
  const fixed = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, constant, 0, bits >> 8, bits & 0xff)
  return counterKdf(aes, key, fixed, context, lengthBytes)
}

/** CMAC(before || counter || after) .., with a counter of one byte from 1. */
export function counterKdf(
  aes: Pick<Aes, 'aesCmac'>,
  key: Uint8Array,
  before: Uint8Array,
  after: Uint8Array,
  lengthBytes: number,
): Uint8Array {
  if (!Number.isInteger(lengthBytes) || lengthBytes < 1 || lengthBytes > 255 * 16) {
    throw new CryptoPortError('CRYPTO_BAD_DATA_LENGTH', `1 to 4080 bytes can be derived, not ${lengthBytes}`)
  }
  const blocks = Array.from({ length: Math.ceil(lengthBytes / 16) }, (_, index) =>
    aes.aesCmac(key, concatBytes(before, Uint8Array.of(index + 1), after)),
  )
  return concatBytes(...blocks).slice(0, lengthBytes)
}

/**
 * As long as the static keys.
 *
 * @param context host challenge, then card challenge
 * @source GPC Amd D 1.2 §6.2.1
 */
export function scp03SessionKeys(
  aes: Pick<Aes, 'aesCmac'>,
  keys: Omit<StaticKeys, 'dek'>,
  context: Uint8Array,
): Scp03SessionKeys {
  return {
    enc: scp03Kdf(aes, keys.enc, CONSTANT.enc, context, keys.enc.length),
    mac: scp03Kdf(aes, keys.mac, CONSTANT.mac, context, keys.mac.length),
    rMac: scp03Kdf(aes, keys.mac, CONSTANT.rMac, context, keys.mac.length),
  }
}

/** @param context host challenge, then card challenge. @source GPC Amd D 1.2 §6.2.2.2 */
export function scp03CardCryptogram(
  aes: Pick<Aes, 'aesCmac'>,
  sMac: Uint8Array,
  context: Uint8Array,
  lengthBytes: Scp03MacBytes,
): Uint8Array {
  return scp03Kdf(aes, sMac, CONSTANT.cardCryptogram, context, lengthBytes)
}

/** @param context host challenge, then card challenge. @source GPC Amd D 1.2 §6.2.2.3 */
export function scp03HostCryptogram(
  aes: Pick<Aes, 'aesCmac'>,
  sMac: Uint8Array,
  context: Uint8Array,
  lengthBytes: Scp03MacBytes,
): Uint8Array {
  return scp03Kdf(aes, sMac, CONSTANT.hostCryptogram, context, lengthBytes)
}

/**
 * The pseudo-random card challenge (i bit 5).
 *
 * @param kEnc the static key
 * @param sequenceCounter 3 bytes, big-endian, of this key set
 * @param aid of the application that opens the channel
 * @source GPC Amd D 1.2 §6.2.2.1
 */
export function scp03CardChallenge(
  aes: Pick<Aes, 'aesCmac'>,
  kEnc: Uint8Array,
  sequenceCounter: Uint8Array,
  aid: Uint8Array,
  lengthBytes: Scp03MacBytes,
): Uint8Array {
  return scp03Kdf(aes, kEnc, CONSTANT.cardChallenge, concatBytes(sequenceCounter, aid), lengthBytes)
}

/**
 * All 16 bytes: the next chaining value, of which 8 or 16 are sent.
 *
 * @param chaining 16 bytes; zeros for EXTERNAL AUTHENTICATE, the receipt after SCP11
 * @param message CLA with secure messaging and without channel, INS, P1, P2, Lc with the MAC, data as sent (encrypted)
 * @source GPC Amd D 1.2 §6.2.4
 */
export function scp03CMac(
  aes: Pick<Aes, 'aesCmac'>,
  sMac: Uint8Array,
  chaining: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  return aes.aesCmac(sMac, concatBytes(chaining, message))
}

/**
 * All 16 bytes, of which 8 or 16 are sent. Answers do not move the chain.
 *
 * @param chaining that of the command which is answered
 * @param message response data as sent (encrypted), then SW
 * @source GPC Amd D 1.2 §6.2.5
 */
export function scp03RMac(
  aes: Pick<Aes, 'aesCmac'>,
  sRMac: Uint8Array,
  chaining: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  return aes.aesCmac(sRMac, concatBytes(chaining, message))
}

/** @source GPC Amd D 1.2 §6.2.6, §6.2.7: the answer's block has its highest bit set */
function icv(aes: Pick<Aes, 'aesEcbEncrypt'>, sEnc: Uint8Array, counter: number, first: number): Uint8Array {
  const block = new Uint8Array(16)
  new DataView(block.buffer).setUint32(12, counter)
  block[0] = first
  return aes.aesEcbEncrypt(sEnc, block)
}

type Cbc = Pick<Aes, 'aesEcbEncrypt' | 'aesCbcEncrypt'>

/** @param counter 1 for the first command after EXTERNAL AUTHENTICATE; counts commands without data too */
export function scp03EncryptCommand(aes: Cbc, sEnc: Uint8Array, counter: number, data: Uint8Array): Uint8Array {
  return aes.aesCbcEncrypt(sEnc, icv(aes, sEnc, counter, 0), padIso(data, 16))
}

/** Still padded. `ciphertext` is whole blocks. */
export function scp03DecryptCommand(
  aes: Pick<Aes, 'aesEcbEncrypt' | 'aesCbcDecrypt'>,
  sEnc: Uint8Array,
  counter: number,
  ciphertext: Uint8Array,
): Uint8Array {
  return aes.aesCbcDecrypt(sEnc, icv(aes, sEnc, counter, 0), ciphertext)
}

/** @param counter that of the command which is answered */
export function scp03EncryptResponse(aes: Cbc, sEnc: Uint8Array, counter: number, data: Uint8Array): Uint8Array {
  return aes.aesCbcEncrypt(sEnc, icv(aes, sEnc, counter, 0x80), padIso(data, 16))
}

/** Still padded. `ciphertext` is whole blocks. */
export function scp03DecryptResponse(
  aes: Pick<Aes, 'aesEcbEncrypt' | 'aesCbcDecrypt'>,
  sEnc: Uint8Array,
  counter: number,
  ciphertext: Uint8Array,
): Uint8Array {
  return aes.aesCbcDecrypt(sEnc, icv(aes, sEnc, counter, 0x80), ciphertext)
}
