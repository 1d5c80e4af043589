import { concatBytes, emitTlv, fromHex, toHex } from '@gridcard/bytes'
import {
  aesKeyCheckValue,
  desKeyCheckValue,
  type Scp02SessionKeys,
  type Scp03SessionKeys,
  type StaticKeys,
  scp02CardCryptogram,
  scp02CMac,
  scp02EncryptData,
  scp02HostCryptogram,
  scp02RMac,
  scp02SessionKeys,
  scp03CardCryptogram,
  scp03CMac,
  scp03DecryptResponse,
  scp03EncryptCommand,
  scp03HostCryptogram,
  scp03RMac,
  scp03SessionKeys,
  unpadIso,
} from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import type { Card } from '../../src/index.ts'
import { ISD_AID, TEST_KEY } from './gp-profiles.ts'

export const TEST_KEYS: StaticKeys = { enc: TEST_KEY, mac: TEST_KEY, dek: TEST_KEY }
const crypto = nodeCrypto

export interface OpenOptions {
  readonly level?: number
  readonly keys?: StaticKeys
  readonly kvn?: number
  readonly hostChallenge?: Uint8Array
}

/** The off-card side, small: one secure channel on one logical channel, for tests of the card. */
export class GpHost {
  readonly card: Card
  channel = 0
  level = 0
  dek: Uint8Array = new Uint8Array()
  protocol = 0
  #scp03: { keys: Scp03SessionKeys; chaining: Uint8Array; counter: number; macBytes: 8 | 16 } | undefined
  #scp02: { keys: Scp02SessionKeys; last: Uint8Array | undefined; lastR: Uint8Array } | undefined

  constructor(card: Card) {
    this.card = card
  }

  /** A raw command; hex in, hex out. */
  raw(hex: string): string {
    return toHex(this.card.transmit(fromHex(hex)))
  }

  select(aid: Uint8Array = ISD_AID): string {
    this.level = 0
    this.#scp02 = undefined
    this.#scp03 = undefined
    return this.raw(`${cla(0x00, this.channel)}A40400${lv(aid)}00`)
  }

  initializeUpdate({ kvn = 0, hostChallenge = fromHex('0102030405060708') }: OpenOptions = {}): string {
    return this.raw(`${cla(0x80, this.channel)}50${byte(kvn)}00${lv(hostChallenge)}00`)
  }

  /** INITIALIZE UPDATE and EXTERNAL AUTHENTICATE. @returns the status of the latter */
  open(o: OpenOptions = {}): string {
    const { level = 0x01, keys = TEST_KEYS, hostChallenge = fromHex('0102030405060708') } = o
    const answer = this.initializeUpdate({ ...o, hostChallenge })
    if (!answer.endsWith('9000')) return answer
    const bytes = fromHex(answer)
    this.protocol = bytes[11]!
    this.level = 0
    return this.protocol === 0x02
      ? this.#open02(bytes, hostChallenge, keys, level)
      : this.#open03(bytes, hostChallenge, keys, level)
  }

  #open03(bytes: Uint8Array, hostChallenge: Uint8Array, keys: StaticKeys, level: number): string {
    const macBytes = bytes[12]! & 1 ? 16 : 8
    const cardChallenge = bytes.slice(13, 13 + macBytes)
    const context = concatBytes(hostChallenge, cardChallenge)
    const session = scp03SessionKeys(crypto, keys, context)
    const cryptogram = bytes.slice(13 + macBytes, 13 + 2 * macBytes)
    const expected = scp03CardCryptogram(crypto, session.mac, context, macBytes)
    if (toHex(cryptogram) !== toHex(expected)) return 'card cryptogram wrong'
    this.#scp03 = { keys: session, chaining: new Uint8Array(16), counter: 0, macBytes }
    this.dek = keys.dek
    const host = scp03HostCryptogram(crypto, session.mac, context, macBytes)
    const status = this.raw(this.protect(0x82, level, 0, host, 0x01))
    this.#scp03.counter = 0
    if (status === '9000') this.level = level
    return status
  }

  #open02(bytes: Uint8Array, hostChallenge: Uint8Array, keys: StaticKeys, level: number): string {
    const challenges = { hostChallenge, sequenceCounter: bytes.slice(12, 14), cardChallenge: bytes.slice(14, 20) }
    const session = scp02SessionKeys(crypto, keys, challenges.sequenceCounter)
    const expected = scp02CardCryptogram(crypto, session.enc, challenges)
    if (toHex(bytes.slice(20, 28)) !== toHex(expected)) return 'card cryptogram wrong'
    this.#scp02 = { keys: session, last: undefined, lastR: new Uint8Array(8) }
    this.dek = session.dek
    const host = scp02HostCryptogram(crypto, session.enc, challenges)
    const status = this.raw(this.protect(0x82, level, 0, host, 0x01))
    this.#scp02.lastR = this.#scp02.last!
    if (status === '9000') this.level = level
    return status
  }

  /** The command as it goes over the wire, in hex; moves the session on. */
  protect(ins: number, p1: number, p2: number, data: Uint8Array, level = this.level): string {
    if ((level & 0x01) === 0) {
      if (this.#scp03) this.#scp03.counter++
      return `${cla(0x80, this.channel)}${byte(ins)}${byte(p1)}${byte(p2)}${data.length > 0 ? lv(data) : ''}00`
    }
    const sent = this.#scp02 ? this.#protect02(ins, p1, p2, data, level) : this.#protect03(ins, p1, p2, data, level)
    return `${cla(0x84, this.channel)}${byte(ins)}${byte(p1)}${byte(p2)}${lv(sent)}${ins === 0x82 ? '' : '00'}`
  }

  #protect03(ins: number, p1: number, p2: number, data: Uint8Array, level: number): Uint8Array {
    const session = this.#scp03!
    session.counter++
    const isEncrypted = (level & 0x02) !== 0 && data.length > 0
    const body = isEncrypted ? scp03EncryptCommand(crypto, session.keys.enc, session.counter, data) : data
    const message = concatBytes(Uint8Array.of(0x84, ins, p1, p2, body.length + session.macBytes), body)
    session.chaining = scp03CMac(crypto, session.keys.mac, session.chaining, message)
    return concatBytes(body, session.chaining.slice(0, session.macBytes))
  }

  #protect02(ins: number, p1: number, p2: number, data: Uint8Array, level: number): Uint8Array {
    const session = this.#scp02!
    const message = concatBytes(Uint8Array.of(0x84, ins, p1, p2, data.length + 8), data)
    session.last = scp02CMac(crypto, session.keys.cMac, session.last, message)
    const isEncrypted = (level & 0x02) !== 0 && data.length > 0
    return concatBytes(isEncrypted ? scp02EncryptData(crypto, session.keys.enc, data) : data, session.last)
  }

  /** A command through the channel: response data and status word in hex, the R-MAC checked and taken off. */
  send(ins: number, p1: number, p2: number, data: Uint8Array | string = ''): string {
    const bytes = typeof data === 'string' ? fromHex(data) : data
    const answer = fromHex(this.raw(this.protect(ins, p1, p2, bytes)))
    const [body, status] = [answer.slice(0, -2), answer.slice(-2)]
    const isProtected = (this.level & 0x10) !== 0 && /^(9000|6[23])/.test(toHex(status))
    if (!isProtected) {
      // An error has no MAC, but the chain goes through it. @source GPC 2.3.1 §E.4.5
      if (this.#scp02 && (this.level & 0x10) !== 0) this.#chain02(ins, p1, p2, bytes, new Uint8Array(0), status)
      return toHex(answer)
    }
    return toHex(concatBytes(this.#unprotect(ins, p1, p2, bytes, body, status), status))
  }

  #chain02(ins: number, p1: number, p2: number, data: Uint8Array, answer: Uint8Array, status: Uint8Array): void {
    const session = this.#scp02!
    const head = Uint8Array.of(0x80, ins, p1, p2, data.length)
    const message = concatBytes(head, data, Uint8Array.of(answer.length), answer, status)
    session.lastR = scp02RMac(crypto, session.keys.rMac, session.lastR, message)
  }

  #unprotect(ins: number, p1: number, p2: number, data: Uint8Array, body: Uint8Array, status: Uint8Array): Uint8Array {
    if (this.#scp02) {
      const plain = body.slice(0, -8)
      this.#chain02(ins, p1, p2, data, plain, status)
      if (toHex(body.slice(-8)) !== toHex(this.#scp02.lastR)) throw new Error('R-MAC wrong')
      return plain
    }
    const { keys, chaining, counter, macBytes } = this.#scp03!
    const sent = body.slice(0, body.length - macBytes)
    const mac = scp03RMac(crypto, keys.rMac, chaining, concatBytes(sent, status)).slice(0, macBytes)
    if (toHex(body.slice(-macBytes)) !== toHex(mac)) throw new Error('R-MAC wrong')
    if ((this.level & 0x20) === 0 || sent.length === 0) return sent
    return unpadIso(scp03DecryptResponse(crypto, keys.enc, counter, sent))!
  }

  // ---- content management

  installForLoad(
    aid: Uint8Array,
    o: { domain?: Uint8Array; hash?: Uint8Array; parameters?: string; token?: Uint8Array } = {},
  ): string {
    const { domain = new Uint8Array(), hash = new Uint8Array(), parameters = '', token = new Uint8Array() } = o
    return this.send(0xe6, 0x02, 0x00, `${lv(aid)}${lv(domain)}${lv(hash)}${lv(fromHex(parameters))}${longLv(token)}`)
  }

  /** All LOAD commands of a load file. @returns the last answer, or the first that is not 9000 */
  load(file: Uint8Array, blockBytes = 200): string {
    let answer = ''
    const count = Math.max(1, Math.ceil(file.length / blockBytes))
    for (let i = 0; i < count; i++) {
      const block = file.slice(i * blockBytes, (i + 1) * blockBytes)
      answer = this.send(0xe8, i === count - 1 ? 0x80 : 0x00, i, block)
      if (!answer.endsWith('9000')) return answer
    }
    return answer
  }

  install(o: InstallRequest): string {
    return this.send(0xe6, o.p1 ?? 0x0c, 0x00, `${installData(o)}${longLv(o.token ?? new Uint8Array())}`)
  }

  delete(aid: Uint8Array, isRelated = false): string {
    return this.send(0xe4, 0x00, isRelated ? 0x80 : 0x00, emitTlv(0x4f, aid))
  }

  getStatus(p1: number, criterion = '4F00', p2 = 0x02): string {
    return this.send(0xf2, p1, p2, criterion)
  }

  putKeys(
    kvn: number,
    keys: readonly Uint8Array[],
    o: { p1?: number; firstId?: number; type?: 'aes' | 'des' } = {},
  ): string {
    const { p1 = 0, firstId = 1, type = 'aes' } = o
    const parts = keys.map((key) => keyField(type, key, this.dek, this.protocol))
    const p2 = firstId | (keys.length > 1 ? 0x80 : 0)
    return this.send(0xd8, p1, p2, concatBytes(Uint8Array.of(kvn), ...parts))
  }
}

export interface InstallRequest {
  readonly loadFile: Uint8Array
  readonly module: Uint8Array
  readonly instance: Uint8Array
  readonly privileges?: string
  readonly parameters?: string
  readonly p1?: number
  readonly token?: Uint8Array
}

/** Data of INSTALL [for install], without the token. */
export function installData({
  loadFile,
  module,
  instance,
  privileges = '00',
  parameters = 'C900',
}: InstallRequest): string {
  const fields = [loadFile, module, instance, fromHex(privileges)].map(lv).join('')
  return `${fields}${lv(fromHex(parameters))}`
}

/** A key under the DEK of a protocol, with its check value. */
export function keyField(type: 'aes' | 'des', key: Uint8Array, dek: Uint8Array, protocol = 0x03): Uint8Array {
  const check = type === 'des' ? desKeyCheckValue(crypto, key) : aesKeyCheckValue(crypto, key)
  const keyType = type === 'des' ? 0x80 : 0x88
  if (protocol === 0x02) return Uint8Array.of(keyType, key.length, ...crypto.desEcbEncrypt(dek, key), 3, ...check)
  const padded = new Uint8Array(Math.ceil(key.length / 16) * 16)
  padded.set(key)
  const sealed = crypto.aesCbcEncrypt(dek, new Uint8Array(16), padded)
  return Uint8Array.of(keyType, sealed.length + 1, key.length, ...sealed, 3, ...check)
}

export function cla(base: number, channel: number): string {
  if (channel < 4) return byte(base | channel)
  return byte((base & 0x80) | 0x40 | (base & 0x04 ? 0x20 : 0) | (channel - 4))
}

export const byte = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0')

export function lv(bytes: Uint8Array): string {
  return toHex(Uint8Array.of(bytes.length, ...bytes))
}

export function longLv(bytes: Uint8Array): string {
  if (bytes.length < 0x80) return lv(bytes)
  return `${bytes.length < 0x100 ? `81${byte(bytes.length)}` : `82${byte(bytes.length >> 8)}${byte(bytes.length & 0xff)}`}${toHex(bytes)}`
}
