import { concatBytes } from '@gridcard/bytes'
import type { Des } from '../../port/des.ts'
import { padIso } from './iso-padding.ts'
import type { StaticKeys } from './static-keys.ts'

const ZERO_ICV = new Uint8Array(8)

export interface Scp02SessionKeys {
  readonly enc: Uint8Array
  readonly cMac: Uint8Array
  readonly rMac: Uint8Array
  readonly dek: Uint8Array
}

export interface Scp02Challenges {
  /** 8 bytes. */
  readonly hostChallenge: Uint8Array
  /** 2 bytes, big-endian. */
  readonly sequenceCounter: Uint8Array
  /** 6 bytes. */
  readonly cardChallenge: Uint8Array
}

/** GPC 2.3.1 §E.4.1. */
const DERIVATION = { cMac: 0x0101, rMac: 0x0102, dek: 0x0181, enc: 0x0182 } as const

/**
 * Session keys of three static 16-byte keys.
 *
 * @param sequenceCounter 2 bytes, as the card sent them
 * @source GPC 2.3.1 §E.4.1
 */
export function scp02SessionKeys(
  des: Pick<Des, 'desCbcEncrypt'>,
  keys: StaticKeys,
  sequenceCounter: Uint8Array,
): Scp02SessionKeys {
  const derived = (key: Uint8Array, constant: number): Uint8Array => {
    const derivationData = new Uint8Array(16)
    derivationData.set([constant >> 8, constant & 0xff, sequenceCounter[0]!, sequenceCounter[1]!])
    return des.desCbcEncrypt(key, ZERO_ICV, derivationData)
  }
  return {
    enc: derived(keys.enc, DERIVATION.enc),
    cMac: derived(keys.mac, DERIVATION.cMac),
    rMac: derived(keys.mac, DERIVATION.rMac),
    dek: derived(keys.dek, DERIVATION.dek),
  }
}

/** Full triple DES MAC, 8 bytes. @source GPC 2.3.1 §B.1.2.1 */
function fullTripleDesMac(des: Pick<Des, 'desCbcEncrypt'>, key: Uint8Array, message: Uint8Array): Uint8Array {
  return des.desCbcEncrypt(key, ZERO_ICV, padIso(message, 8)).slice(-8)
}

/** 8 bytes, under S-ENC. @source GPC 2.3.1 §E.4.2.1 */
export function scp02CardCryptogram(
  des: Pick<Des, 'desCbcEncrypt'>,
  sEnc: Uint8Array,
  { hostChallenge, sequenceCounter, cardChallenge }: Scp02Challenges,
): Uint8Array {
  return fullTripleDesMac(des, sEnc, concatBytes(hostChallenge, sequenceCounter, cardChallenge))
}

/** 8 bytes, under S-ENC. @source GPC 2.3.1 §E.4.2.2 */
export function scp02HostCryptogram(
  des: Pick<Des, 'desCbcEncrypt'>,
  sEnc: Uint8Array,
  { hostChallenge, sequenceCounter, cardChallenge }: Scp02Challenges,
): Uint8Array {
  return fullTripleDesMac(des, sEnc, concatBytes(sequenceCounter, cardChallenge, hostChallenge))
}

/**
 * The pseudo-random card challenge (i = 55, 75), 6 bytes.
 *
 * @param aid of the application that opens the channel
 * @source GPC 2.3.1 §E.4.2.3
 */
export function scp02CardChallenge(des: Pick<Des, 'desRetailMac'>, cMacKey: Uint8Array, aid: Uint8Array): Uint8Array {
  return des.desRetailMac(cMacKey, ZERO_ICV, padIso(aid, 8)).slice(0, 6)
}

/**
 * The 8-byte C-MAC with ICV encryption (i bit 5).
 *
 * @param last the C-MAC of the command before, whatever became of that command; undefined for EXTERNAL AUTHENTICATE
 * @param message the command with its data in clear; which header and Lc, the option i says (modified or not)
 * @source GPC 2.3.1 §E.3.2, §E.3.4, §E.4.4
 */
export function scp02CMac(
  des: Pick<Des, 'desRetailMac' | 'desEcbEncrypt'>,
  cMacKey: Uint8Array,
  last: Uint8Array | undefined,
  message: Uint8Array,
): Uint8Array {
  const icv = last === undefined ? ZERO_ICV : des.desEcbEncrypt(cMacKey.subarray(0, 8), last)
  return des.desRetailMac(cMacKey, icv, padIso(message, 8))
}

/**
 * The 8-byte R-MAC; its ICV is not encrypted.
 *
 * @param last the R-MAC before; for the first one the C-MAC of EXTERNAL AUTHENTICATE
 * @param message stripped command (CLA without secure messaging and channel, Lc also when it is 0), Li, response data, SW
 * @source GPC 2.3.1 §E.3.2, §E.4.5
 */
export function scp02RMac(
  des: Pick<Des, 'desRetailMac'>,
  rMacKey: Uint8Array,
  last: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  return des.desRetailMac(rMacKey, last, padIso(message, 8))
}

/** Command data under S-ENC: always padded, CBC from zero. @source GPC 2.3.1 §E.4.6 */
export function scp02EncryptData(des: Pick<Des, 'desCbcEncrypt'>, sEnc: Uint8Array, data: Uint8Array): Uint8Array {
  return des.desCbcEncrypt(sEnc, ZERO_ICV, padIso(data, 8))
}
