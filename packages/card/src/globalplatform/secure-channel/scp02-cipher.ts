import { concatBytes } from '@gridcard/bytes'
import {
  type CryptoProvider,
  type Scp02Challenges,
  type Scp02SessionKeys,
  scp02CMac,
  scp02HostCryptogram,
  scp02RMac,
  unpadIso,
} from '@gridcard/crypto'
import { type ChannelCipher, macClass, type ProtectedCommand } from './channel-cipher.ts'

const BLOCK = 8
const MAC_BYTES = 8
const ZERO = new Uint8Array(BLOCK)

/** SCP02 from the session keys on: explicit initiation, C-MAC on the modified command, ICV encryption. @source GPC 2.3.1 §E */
export class Scp02Cipher implements ChannelCipher {
  readonly protocol = 0x02
  readonly macLengthBytes = MAC_BYTES
  readonly sensitiveBlockBytes = BLOCK
  readonly #crypto: CryptoProvider
  readonly #keys: Scp02SessionKeys
  readonly #challenges: Scp02Challenges
  #lastCMac: Uint8Array | undefined
  #lastRMac: Uint8Array = ZERO
  /** Header and data of the last command, for its R-MAC. */
  #stripped: Uint8Array = new Uint8Array()

  constructor(crypto: CryptoProvider, keys: Scp02SessionKeys, challenges: Scp02Challenges) {
    this.#crypto = crypto
    this.#keys = keys
    this.#challenges = challenges
  }

  authenticate(command: ProtectedCommand): 'authentic' | 'wrong cryptogram' | 'wrong MAC' {
    const end = command.data.length - MAC_BYTES
    const expected = scp02HostCryptogram(this.#crypto, this.#keys.enc, this.#challenges)
    const isRight = this.#crypto.constantTimeEqual(command.data.subarray(0, MAC_BYTES), expected)
    const isMacRight = this.#checkMac(command, command.data.slice(0, Math.max(0, end)))
    if (!isRight) return 'wrong cryptogram'
    if (!isMacRight) return 'wrong MAC'
    this.#lastRMac = this.#lastCMac!
    return 'authentic'
  }

  /** The MAC is over the command in clear, so decryption comes first. */
  unwrap(command: ProtectedCommand, isEncrypted: boolean): Uint8Array | undefined {
    const end = command.data.length - MAC_BYTES
    if (end < 0) return undefined
    let data: Uint8Array | undefined = command.data.slice(0, end)
    if (isEncrypted && data.length > 0) {
      if (data.length % BLOCK !== 0) return undefined
      data = unpadIso(this.#crypto.desCbcDecrypt(this.#keys.enc, ZERO, data))
      if (data === undefined) return undefined
    }
    if (!this.#checkMac(command, data)) return undefined
    const { cla, ins, p1, p2 } = command
    this.#stripped = concatBytes(Uint8Array.of(cla & 0x80, ins, p1, p2, data.length), data)
    return data
  }

  skip(): void {}

  #checkMac({ cla, ins, p1, p2, data: sent }: ProtectedCommand, data: Uint8Array): boolean {
    if (sent.length < MAC_BYTES || data.length + MAC_BYTES > 0xff + BLOCK) return false
    const message = concatBytes(Uint8Array.of(macClass(cla), ins, p1, p2, data.length + MAC_BYTES), data)
    const mac = scp02CMac(this.#crypto, this.#keys.cMac, this.#lastCMac, message)
    if (!this.#crypto.constantTimeEqual(mac, sent.subarray(sent.length - MAC_BYTES))) return false
    this.#lastCMac = mac
    return true
  }

  wrap(data: Uint8Array, statusWord: number): Uint8Array {
    const tail = concatBytes(Uint8Array.of(data.length), data, Uint8Array.of(statusWord >> 8, statusWord))
    this.#lastRMac = scp02RMac(this.#crypto, this.#keys.rMac, this.#lastRMac, concatBytes(this.#stripped, tail))
    return concatBytes(data, this.#lastRMac)
  }

  chainError(statusWord: number): void {
    this.wrap(new Uint8Array(0), statusWord)
  }

  decryptSensitive(blocks: Uint8Array): Uint8Array {
    return this.#crypto.desEcbDecrypt(this.#keys.dek, blocks)
  }

  encryptSensitive(blocks: Uint8Array): Uint8Array {
    return this.#crypto.desEcbEncrypt(this.#keys.dek, blocks)
  }

  wipe(): void {
    const { enc, cMac, rMac, dek } = this.#keys
    for (const key of [enc, cMac, rMac, dek]) key.fill(0)
  }
}
