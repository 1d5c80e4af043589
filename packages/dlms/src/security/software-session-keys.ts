import { concatBytes } from '@gridcard/bytes'
import type { CryptoProvider, GcmKey } from '@gridcard/crypto'
import { agreementSchemes } from '../apdu/general-ciphering.ts'
import { derivedKey, sharedSecretOf } from './key-agreement.ts'
import type { KeySet } from './key-set.ts'
import {
  type AgreementRequest,
  isRefusal,
  type OriginatedKey,
  type SecurityRefusal,
  type SessionKey,
  type SessionKeys,
  type Signatures,
} from './security-module.ts'
import type { SecuritySuite } from './security-suite.ts'

/** A slot's keys and their suite, checked. */
export interface SlotKeys {
  readonly keys: KeySet
  readonly suite: SecuritySuite
}

/** A key that a handle stands for. */
export interface OpenKey {
  readonly slot: number
  readonly cipher: GcmKey
  /**
   * `fresh`: both ends know that nobody used it before, so it has counters of its own from 0. `repeatable`: somebody who
   * sends the same octets again makes the same key again, so the floor of the slot counts.
   */
  readonly floor: 'fresh' | 'repeatable'
  messageFloor: number
}

const OPEN_KEYS_MAX = 65_536

/** The session keys of a software module: handles to keys in memory. */
export class SoftwareSessionKeys implements SessionKeys {
  readonly #crypto: CryptoProvider
  readonly #ownSystemTitle: Uint8Array
  readonly #slotKeys: (slot: number) => Promise<SlotKeys | undefined>
  readonly #signatures: Signatures
  readonly #open = new Map<number, OpenKey>()
  #nextHandle = 1

  constructor(parts: {
    readonly crypto: CryptoProvider
    readonly ownSystemTitle: Uint8Array
    readonly slotKeys: (slot: number) => Promise<SlotKeys | undefined>
    readonly signatures: Signatures
  }) {
    this.#crypto = parts.crypto
    this.#ownSystemTitle = parts.ownSystemTitle
    this.#slotKeys = parts.slotKeys
    this.#signatures = parts.signatures
  }

  /** The key behind a handle of this slot. */
  find(slot: number, handle: SessionKey): OpenKey | undefined {
    const open = this.#open.get(handle.sessionKey)
    return open?.slot === slot ? open : undefined
  }

  async createDedicated(slot: number) {
    const found = await this.#slotKeys(slot)
    if (found === undefined) return { refused: 'unknown-key' } as const
    const key = this.#crypto.randomBytes(found.suite.keyBytes)
    return this.#handle(slot, key, 'fresh', (handle) => ({ key, handle }))
  }

  async openDedicated(slot: number, key: Uint8Array): Promise<SessionKey | SecurityRefusal> {
    const found = await this.#slotKeys(slot)
    if (found === undefined) return { refused: 'unknown-key' }
    if (key.length !== found.suite.keyBytes) return { refused: 'malformed' }
    return this.#handle(slot, key, 'fresh', (handle) => handle)
  }

  async agreeAsOriginator({ slot, scheme, transactionId }: AgreementRequest): Promise<OriginatedKey | SecurityRefusal> {
    const found = await this.#slotKeys(slot)
    if (found === undefined) return { refused: 'unknown-key' }
    const { suite, keys } = found
    const { asymmetric } = suite
    if (asymmetric === undefined) return { refused: 'unsupported' }
    const peerPublicKey = keys.agreement?.peerPublicKey
    if (peerPublicKey === undefined) return { refused: 'unknown-key' }
    let privateKey = keys.agreement?.privateKey
    let keyCipheredData: Uint8Array = new Uint8Array(0)
    if (scheme === 'one-pass') {
      privateKey = this.#crypto.generateEcPrivateKey(asymmetric.domain)
      const ephemeral = this.#crypto.ecPublicKey(asymmetric.domain, privateKey).slice(1)
      const signature = await this.#signatures.sign(slot, signedEphemeral(agreementSchemes['one-pass'], ephemeral))
      if (isRefusal(signature)) return signature
      keyCipheredData = concatBytes(ephemeral, signature)
    }
    if (privateKey === undefined) return { refused: 'unknown-key' }
    const z = sharedSecretOf(this.#crypto, asymmetric, privateKey, peerPublicKey)
    if (z === undefined) return { refused: 'unknown-key' }
    const key = derivedKey(this.#crypto, suite, {
      z,
      purpose: 'cipher',
      originatorSystemTitle: this.#ownSystemTitle,
      recipientSystemTitle: keys.peerSystemTitle,
      transactionId: scheme === 'static' ? transactionId : undefined,
    })
    return this.#handle(slot, key, 'repeatable', (handle) => ({ handle, keyCipheredData }))
  }

  async agreeAsRecipient(
    request: Parameters<SessionKeys['agreeAsRecipient']>[0],
  ): Promise<SessionKey | SecurityRefusal> {
    const { slot, scheme, transactionId, keyCipheredData } = request
    const found = await this.#slotKeys(slot)
    if (found === undefined) return { refused: 'unknown-key' }
    const { suite, keys } = found
    const { asymmetric } = suite
    if (asymmetric === undefined) return { refused: 'unsupported' }
    const privateKey = keys.agreement?.privateKey
    let peerPublicKey = keys.agreement?.peerPublicKey
    if (privateKey === undefined) return { refused: 'unknown-key' }
    if (scheme === 'one-pass') {
      const keyBytes = 2 * asymmetric.coordinateBytes
      if (keyCipheredData.length !== 2 * keyBytes) return { refused: 'malformed' }
      peerPublicKey = keyCipheredData.slice(0, keyBytes)
      const octets = signedEphemeral(agreementSchemes['one-pass'], peerPublicKey)
      const verdict = await this.#signatures.verify(
        slot,
        octets,
        keyCipheredData.slice(keyBytes),
        request.peerSigningKey,
      )
      if (isRefusal(verdict)) return verdict
    } else if (keyCipheredData.length > 0) {
      return { refused: 'malformed' }
    }
    if (peerPublicKey === undefined) return { refused: 'unknown-key' }
    const z = sharedSecretOf(this.#crypto, asymmetric, privateKey, peerPublicKey)
    if (z === undefined) return { refused: 'malformed' }
    const key = derivedKey(this.#crypto, suite, {
      z,
      purpose: 'cipher',
      originatorSystemTitle: keys.peerSystemTitle,
      recipientSystemTitle: this.#ownSystemTitle,
      transactionId: scheme === 'static' ? transactionId : undefined,
    })
    return this.#handle(slot, key, 'repeatable', (handle) => handle)
  }

  async wrapFresh(slot: number): Promise<OriginatedKey | SecurityRefusal> {
    const found = await this.#slotKeys(slot)
    const masterKey = found?.keys.masterKey
    if (found === undefined || masterKey === undefined) return { refused: 'unknown-key' }
    const key = this.#crypto.randomBytes(found.suite.keyBytes)
    const keyCipheredData = this.#crypto.aesKeyWrap(masterKey, key)
    return this.#handle(slot, key, 'repeatable', (handle) => ({ handle, keyCipheredData }))
  }

  async unwrap(slot: number, keyCipheredData: Uint8Array): Promise<SessionKey | SecurityRefusal> {
    const found = await this.#slotKeys(slot)
    const masterKey = found?.keys.masterKey
    if (found === undefined || masterKey === undefined) return { refused: 'unknown-key' }
    if (keyCipheredData.length !== found.suite.keyBytes + 8) return { refused: 'malformed' }
    const key = this.#crypto.aesKeyUnwrap(masterKey, keyCipheredData)
    if (key === undefined) return { refused: 'authentication-failed' }
    return this.#handle(slot, key, 'repeatable', (handle) => handle)
  }

  close(handle: SessionKey): void {
    this.#open.delete(handle.sessionKey)
  }

  #handle<T>(
    slot: number,
    key: Uint8Array,
    floor: OpenKey['floor'],
    result: (handle: SessionKey) => T,
  ): T | SecurityRefusal {
    if (this.#open.size >= OPEN_KEYS_MAX) return { refused: 'unavailable' }
    const sessionKey = this.#nextHandle++
    this.#open.set(sessionKey, { slot, cipher: this.#crypto.openGcmKey(key), floor, messageFloor: 0 })
    return result({ sessionKey })
  }
}

/** What the signature of an ephemeral public key covers: the number of scheme or key, then x || y. */
export const signedEphemeral = (number: number, publicKey: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(number), publicKey)
