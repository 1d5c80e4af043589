import { concatBytes } from '@gridcard/bytes'
import {
  type CryptoProvider,
  type Scp02SessionKeys,
  scp02CMac,
  scp02EncryptData,
  scp02RMac,
  scp02WrapKey,
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

const MAC_BYTES = 8

/** SCP02 with i = 15 to 75: C-MAC on the modified command, encrypted ICV. @source GPC 2.3.1 appendix E */
export class Scp02Channel implements SecureChannel {
  readonly protocol = 'SCP02'
  readonly keyType = 'des'
  readonly keyVersion: number
  readonly #crypto: CryptoProvider
  #keys: Scp02SessionKeys | undefined
  #level: number = securityLevels.cMac
  #cMac: Uint8Array | undefined
  #rMac: Uint8Array = new Uint8Array(MAC_BYTES)

  constructor(crypto: CryptoProvider, keys: Scp02SessionKeys, keyVersion: number) {
    this.#crypto = crypto
    this.#keys = keys
    this.keyVersion = keyVersion
  }

  /** After EXTERNAL AUTHENTICATE: from now on this level. */
  authenticated(level: number): void {
    this.#level = level
    this.#rMac = this.#cMac ?? this.#rMac
  }

  get level(): number {
    return this.#level
  }

  get largestDataBytes(): number {
    if (this.#level & securityLevels.cDecryption) return 239
    return this.#level & securityLevels.cMac ? 247 : 255
  }

  #requireKeys(): Scp02SessionKeys {
    if (this.#keys === undefined) throw channelClosed()
    return this.#keys
  }

  wrap(command: CommandApdu): CommandApdu {
    const keys = this.#requireKeys()
    // With an R-MAC every answer has data.
    const wanted = this.#level & securityLevels.rMac ? { ne: command.ne ?? 256 } : {}
    if (!(this.#level & securityLevels.cMac)) return { ...command, ...wanted }
    const { sent, inMac } = securedClass(command.cla)
    const { ins, p1, p2 } = command
    const plain = command.data ?? new Uint8Array()
    const header = Uint8Array.of(inMac, ins, p1, p2)
    this.#cMac = scp02CMac(
      this.#crypto,
      keys.cMac,
      this.#cMac,
      concatBytes(header, lengthField(plain.length + MAC_BYTES), plain),
    )
    const encrypts = this.#level & securityLevels.cDecryption && plain.length > 0
    const data = encrypts ? scp02EncryptData(this.#crypto, keys.enc, plain) : plain
    return { ...command, ...wanted, cla: sent, data: concatBytes(data, this.#cMac) }
  }

  unwrap(command: CommandApdu, response: ResponseApdu): ResponseApdu {
    if (!(this.#level & securityLevels.rMac)) return response
    const keys = this.#requireKeys()
    const hasData = carriesData(response.sw)
    // An error comes without a MAC, but moves the chain.
    const length = hasData ? response.data.length - MAC_BYTES : 0
    if (length < 0) return this.#refuse()
    const data = response.data.slice(0, length)
    const plain = command.data ?? new Uint8Array()
    const stripped = Uint8Array.of(command.cla & 0x80, command.ins, command.p1, command.p2)
    const status = Uint8Array.of(response.sw >> 8, response.sw & 0xff)
    const mac = scp02RMac(
      this.#crypto,
      keys.rMac,
      this.#rMac,
      concatBytes(stripped, lengthField(plain.length), plain, Uint8Array.of(length & 0xff), data, status),
    )
    if (hasData && !this.#crypto.constantTimeEqual(mac, response.data.slice(length))) return this.#refuse()
    this.#rMac = mac
    return { data, sw: response.sw }
  }

  #refuse(): never {
    this.close()
    throw wrongResponseMac()
  }

  encryptSecret(secret: Uint8Array): Uint8Array {
    return scp02WrapKey(this.#crypto, this.#requireKeys().dek, secret)
  }

  close(): void {
    if (this.#keys === undefined) return
    for (const key of Object.values(this.#keys)) key.fill(0)
    this.#keys = undefined
  }
}
