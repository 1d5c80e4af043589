import { concatBytes } from '@gridcard/bytes'
import {
  type CryptoProvider,
  type Scp03MacBytes,
  type Scp03SessionKeys,
  scp03CMac,
  scp03DecryptCommand,
  scp03EncryptResponse,
  scp03HostCryptogram,
  scp03RMac,
  unpadIso,
} from '@gridcard/crypto'
import { type ChannelCipher, lengthField, macClass, type ProtectedCommand } from './channel-cipher.ts'

const BLOCK = 16

export interface Scp03CipherOptions {
  readonly protocol: 0x03 | 0x11
  readonly keys: Scp03SessionKeys
  /** Static in SCP03, of the session in SCP11. */
  readonly dek: Uint8Array
  readonly macLengthBytes: Scp03MacBytes
  /** Host challenge, then card challenge; not in SCP11, where nobody authenticates by cryptogram. */
  readonly context: Uint8Array
  /** First chaining value: zeros, or the receipt of SCP11. */
  readonly chaining: Uint8Array
}

/** SCP03 from the session keys on; SCP11 goes on with the same. @source GPC Amd D §6.2 */
export class Scp03Cipher implements ChannelCipher {
  readonly protocol: number
  readonly macLengthBytes: Scp03MacBytes
  readonly sensitiveBlockBytes = BLOCK
  readonly #crypto: CryptoProvider
  readonly #keys: Scp03SessionKeys
  readonly #dek: Uint8Array
  readonly #context: Uint8Array
  #chaining: Uint8Array
  /** Of the last command. */
  #counter = 0

  constructor(crypto: CryptoProvider, o: Scp03CipherOptions) {
    this.#crypto = crypto
    this.protocol = o.protocol
    this.macLengthBytes = o.macLengthBytes
    this.#keys = o.keys
    this.#dek = o.dek.slice()
    this.#context = o.context
    this.#chaining = o.chaining
  }

  authenticate(command: ProtectedCommand): 'authentic' | 'wrong cryptogram' | 'wrong MAC' {
    const cryptogram = command.data.subarray(0, this.macLengthBytes)
    const expected = scp03HostCryptogram(this.#crypto, this.#keys.mac, this.#context, this.macLengthBytes)
    const isRight = this.#crypto.constantTimeEqual(cryptogram, expected)
    const isMacRight = this.#checkMac(command)
    if (!isRight) return 'wrong cryptogram'
    return isMacRight ? 'authentic' : 'wrong MAC'
  }

  unwrap(command: ProtectedCommand, isEncrypted: boolean): Uint8Array | undefined {
    this.#counter++
    if (!this.#checkMac(command)) return undefined
    const data = command.data.slice(0, command.data.length - this.macLengthBytes)
    if (!isEncrypted || data.length === 0) return data
    if (data.length % BLOCK !== 0) return undefined
    return unpadIso(scp03DecryptCommand(this.#crypto, this.#keys.enc, this.#counter, data))
  }

  skip(): void {
    this.#counter++
  }

  #checkMac({ cla, ins, p1, p2, data }: ProtectedCommand): boolean {
    const end = data.length - this.macLengthBytes
    if (end < 0) return false
    const header = Uint8Array.of(macClass(cla), ins, p1, p2)
    const message = concatBytes(header, lengthField(data.length), data.subarray(0, end))
    const mac = scp03CMac(this.#crypto, this.#keys.mac, this.#chaining, message)
    if (!this.#crypto.constantTimeEqual(mac.subarray(0, this.macLengthBytes), data.subarray(end))) return false
    this.#chaining = mac
    return true
  }

  wrap(data: Uint8Array, statusWord: number, isEncrypted: boolean): Uint8Array {
    const isCiphered = isEncrypted && data.length > 0
    const sent = isCiphered ? scp03EncryptResponse(this.#crypto, this.#keys.enc, this.#counter, data) : data
    const message = concatBytes(sent, Uint8Array.of(statusWord >> 8, statusWord))
    const mac = scp03RMac(this.#crypto, this.#keys.rMac, this.#chaining, message)
    return concatBytes(sent, mac.subarray(0, this.macLengthBytes))
  }

  decryptSensitive(blocks: Uint8Array): Uint8Array {
    return this.#crypto.aesCbcDecrypt(this.#dek, new Uint8Array(BLOCK), blocks)
  }

  encryptSensitive(blocks: Uint8Array): Uint8Array {
    return this.#crypto.aesCbcEncrypt(this.#dek, new Uint8Array(BLOCK), blocks)
  }

  wipe(): void {
    const { enc, mac, rMac } = this.#keys
    for (const key of [enc, mac, rMac, this.#dek]) key.fill(0)
  }
}
