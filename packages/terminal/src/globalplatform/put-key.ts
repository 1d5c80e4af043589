import { ByteWriter, writeBerLength } from '@gridcard/bytes'
import {
  aesKeyCheckValue,
  type CryptoProvider,
  desKeyCheckValue,
  type EcCurveName,
  type RsaPublicKey,
} from '@gridcard/crypto'
import { TerminalError } from '../errors.ts'
import type { SecureChannel } from './secure-channel.ts'

/** A key to store. Secret ones are encrypted for the card; the caller wipes its own copy. */
export type NewKey =
  | { readonly type: 'des' | 'aes'; readonly key: Uint8Array }
  | { readonly type: 'rsa'; readonly publicKey: RsaPublicKey }
  | { readonly type: 'ec'; readonly curve: EcCurveName; readonly publicKey: Uint8Array }
  | { readonly type: 'ec-private'; readonly curve: EcCurveName; readonly privateKey: Uint8Array }

/** Values of F0, the reference to the curve. @source GPC 2.3.1 table B-2 */
const CURVE_REFERENCES: Partial<Record<EcCurveName, number>> = {
  'P-256': 0x00,
  'P-384': 0x01,
  'P-521': 0x02,
  brainpoolP256r1: 0x03,
  brainpoolP384r1: 0x05,
  brainpoolP512r1: 0x07,
}

export interface EmittedKeys {
  readonly data: Uint8Array
  /** What the card has to answer behind the key version: the check values, one after the other. */
  readonly checkValues: Uint8Array
}

/**
 * Data of PUT KEY: the new key version, then the keys in the order of their identifiers.
 * @source GPC 2.3.1 §11.8.2.3, Amd D 1.2 §7.2
 */
export function emitKeys(
  crypto: CryptoProvider,
  channel: SecureChannel,
  version: number,
  keys: readonly NewKey[],
): EmittedKeys {
  const data = new ByteWriter().u8(version)
  const checks = new ByteWriter()
  for (const key of keys) emitKey(crypto, channel, key, data, checks)
  return { data: data.toBytes(), checkValues: checks.toBytes() }
}

function emitKey(
  crypto: CryptoProvider,
  channel: SecureChannel,
  key: NewKey,
  data: ByteWriter,
  checks: ByteWriter,
): void {
  switch (key.type) {
    case 'des': {
      const check = desKeyCheckValue(crypto, key.key)
      data.u8(0x80)
      emitSecret(channel, key.key, data)
      data.u8(check.length).bytes(check)
      checks.bytes(check)
      return
    }
    case 'aes': {
      const check = aesKeyCheckValue(crypto, key.key)
      data.u8(0x88)
      emitSecret(channel, key.key, data)
      data.u8(check.length).bytes(check)
      checks.bytes(check)
      return
    }
    case 'rsa':
      component(data, 0xa1, key.publicKey.modulus)
      component(data, 0xa0, key.publicKey.publicExponent)
      data.u8(0)
      return
    case 'ec':
      component(data, 0xb0, key.publicKey)
      component(data, 0xf0, Uint8Array.of(curveReference(key.curve)))
      data.u8(0)
      return
    case 'ec-private':
      data.u8(0xb1)
      emitSecret(channel, key.privateKey, data)
      component(data, 0xf0, Uint8Array.of(curveReference(key.curve)))
      data.u8(0)
  }
}

/** In AES channels with the true length in front, for the ciphertext is whole blocks. */
function emitSecret(channel: SecureChannel, secret: Uint8Array, data: ByteWriter): void {
  if (channel.keyType === 'des' && secret.length % 8 !== 0) {
    throw new TerminalError('TERMINAL_GP_BAD_INPUT', 'SCP02 carries secrets of whole 8-byte blocks only')
  }
  const encrypted = channel.encryptSecret(secret)
  if (channel.keyType === 'des') {
    writeBerLength(data, encrypted.length)
    data.bytes(encrypted)
    return
  }
  writeBerLength(data, encrypted.length + 1)
  data.u8(secret.length).bytes(encrypted)
}

function component(data: ByteWriter, type: number, value: Uint8Array): void {
  data.u8(type)
  writeBerLength(data, value.length)
  data.bytes(value)
}

function curveReference(curve: EcCurveName): number {
  const reference = CURVE_REFERENCES[curve]
  if (reference === undefined) {
    throw new TerminalError('TERMINAL_GP_BAD_INPUT', `GlobalPlatform has no reference for the curve ${curve}`)
  }
  return reference
}
