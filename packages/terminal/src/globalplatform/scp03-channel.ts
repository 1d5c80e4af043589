import { concatBytes } from '@gridcard/bytes'
import {
  type CryptoProvider,
  type Scp03MacBytes,
  type Scp03SessionKeys,
  scp03CMac,
  scp03DecryptResponse,
  scp03EncryptCommand,
  scp03RMac,
  scp03WrapKey,
  unpadIso,
} from '@gridcard/crypto'
import type { CommandApdu } from '../command-apdu.ts'
import type { ResponseApdu } from '../response-apdu.ts'
import {
  carriesData,
  channelClosed,
  lengthField,
  type SecureChannel,
  securedClass,
  wrongResponseMac,
} from './secure-channel.ts'
import { securityLevels } from './security-level.ts'

export interface Scp03ChannelStart {
  readonly protocol: 'SCP03' | 'SCP11'
  readonly keys: Scp03SessionKeys & { readonly dek: Uint8Array }
  readonly keyVersion: number
  readonly macBytes: Scp03MacBytes
  /** 16 bytes: zeros, or SCP11's receipt. */
  readonly chaining: Uint8Array
  readonly level: number
}

/** Messages of SCP03, and of SCP11 once it has its keys. @source GPC Amd D 1.2 §6.2, Amd F 1.2 §4.6 */
export class Scp03Channel implements SecureChannel {
  readonly protocol: 'SCP03' | 'SCP11'
  readonly keyType = 'aes'
  readonly keyVersion: number
  readonly #crypto: CryptoProvider
  readonly #macBytes: Scp03MacBytes
  #keys: Scp03ChannelStart['keys'] | undefined
  #level: number
  #chaining: Uint8Array
  /** Of the command that is protected now; none before EXTERNAL AUTHENTICATE is through. */
  #counter = 0

  constructor(crypto: CryptoProvider, { protocol, keys, keyVersion, macBytes, chaining, level }: Scp03ChannelStart) {
    this.#crypto = crypto
    this.protocol = protocol
    this.#keys = keys
    this.keyVersion = keyVersion
    this.#macBytes = macBytes
    this.#chaining = chaining
    this.#level = level
  }

  /** After EXTERNAL AUTHENTICATE, which is no part of the count: from now on this level. */
  authenticated(level: number): void {
    this.#level = level
    this.#counter = 0
  }

  get level(): number {
    return this.#level
  }

  get largestDataBytes(): number {
    const room = this.#level & securityLevels.cMac ? 255 - this.#macBytes : 255
    return this.#level & securityLevels.cDecryption ? Math.floor(room / 16) * 16 - 1 : room
  }

  #requireKeys(): Scp03ChannelStart['keys'] {
    if (this.#keys === undefined) throw channelClosed()
    return this.#keys
  }

  wrap(command: CommandApdu): CommandApdu {
    const keys = this.#requireKeys()
    if (!(this.#level & securityLevels.cMac)) return command
    this.#counter++
    const plain = command.data ?? new Uint8Array()
    const encrypts = this.#level & securityLevels.cDecryption && plain.length > 0
    const data = encrypts ? scp03EncryptCommand(this.#crypto, keys.enc, this.#counter, plain) : plain
    const { sent, inMac } = securedClass(command.cla)
    const header = Uint8Array.of(inMac, command.ins, command.p1, command.p2)
    const message = concatBytes(header, lengthField(data.length + this.#macBytes), data)
    this.#chaining = scp03CMac(this.#crypto, keys.mac, this.#chaining, message)
    const wanted = this.#level & securityLevels.rMac ? { ne: command.ne ?? 256 } : {}
    return { ...command, ...wanted, cla: sent, data: concatBytes(data, this.#chaining.subarray(0, this.#macBytes)) }
  }

  unwrap(_command: CommandApdu, response: ResponseApdu): ResponseApdu {
    if (!(this.#level & securityLevels.rMac) || !carriesData(response.sw)) return response
    const keys = this.#requireKeys()
    const length = response.data.length - this.#macBytes
    if (length < 0) return this.#refuse()
    const data = response.data.slice(0, length)
    const status = Uint8Array.of(response.sw >> 8, response.sw & 0xff)
    const mac = scp03RMac(this.#crypto, keys.rMac, this.#chaining, concatBytes(data, status))
    if (!this.#crypto.constantTimeEqual(mac.subarray(0, this.#macBytes), response.data.slice(length))) this.#refuse()
    if (!(this.#level & securityLevels.rEncryption) || length === 0) return { data, sw: response.sw }
    if (length % 16 !== 0) return this.#refuse()
    const plain = unpadIso(scp03DecryptResponse(this.#crypto, keys.enc, this.#counter, data))
    return plain === undefined ? this.#refuse() : { data: plain, sw: response.sw }
  }

  #refuse(): never {
    this.close()
    throw wrongResponseMac()
  }

  encryptSecret(secret: Uint8Array): Uint8Array {
    return scp03WrapKey(this.#crypto, this.#requireKeys().dek, secret)
  }

  close(): void {
    if (this.#keys === undefined) return
    for (const key of Object.values(this.#keys)) key.fill(0)
    this.#keys = undefined
  }
}
