import { concatBytes } from '@gridcard/bytes'
import { CryptoPortError, type CryptoProvider } from '@gridcard/crypto'
import type { CounterStore } from './counter-store.ts'
import { derivedKey, pointOf, sharedSecretOf } from './key-agreement.ts'
import type { AsymmetricKeys, KeySet } from './key-set.ts'
import {
  isRefusal,
  type KeyDatum,
  type KeyManagement,
  type KeyPairPurpose,
  type SecurityRefusal,
  type Signatures,
  type TransferKeyId,
} from './security-module.ts'
import { type SlotKeys, signedEphemeral } from './software-session-keys.ts'
import { schemeOf } from './software-signatures.ts'

type Granted = { readonly ok: true } | SecurityRefusal
type Asymmetric = NonNullable<SlotKeys['suite']['asymmetric']>

/** Where a transferred key goes. @source Blue Book ed. 14 §4.4.7, key_id */
const fieldOfKeyId = {
  0: 'blockCipherKey',
  1: 'broadcastKey',
  2: 'authenticationKey',
  3: 'masterKey',
} as const satisfies Record<TransferKeyId, keyof KeySet>

const fieldOfPurpose = {
  'digital-signature': 'signing',
  'key-agreement': 'agreement',
  tls: 'tls',
} as const satisfies Record<KeyPairPurpose, keyof KeySet>

const KEYS_MAX = 4
const granted = { ok: true } as const

export interface SoftwareKeyManagementParts {
  readonly crypto: CryptoProvider
  readonly ownSystemTitle: Uint8Array
  readonly slotKeys: (slot: number) => Promise<SlotKeys | undefined>
  readonly signatures: Signatures
  readonly storeKeys: (slot: number, changes: Partial<KeySet>) => void | Promise<void>
  readonly counters: Pick<CounterStore, 'keysChanged'>
}

/** Changing the keys of a slot in software. @source Green Book ed. 8 §9.2.5; Blue Book ed. 14 §4.4.7 */
export class SoftwareKeyManagement implements KeyManagement {
  readonly #parts: SoftwareKeyManagementParts
  readonly #staged = new Map<number, Partial<KeySet>>()
  readonly #ephemeral = new Map<number, ReadonlyMap<TransferKeyId, Uint8Array>>()

  constructor(parts: SoftwareKeyManagementParts) {
    this.#parts = parts
  }

  // ---- wrapped keys

  async receiveKeys(slot: number, keys: readonly KeyDatum[]): Promise<Granted> {
    const found = await this.#parts.slotKeys(slot)
    const masterKey = found?.keys.masterKey
    if (found === undefined || masterKey === undefined) return { refused: 'unknown-key' }
    if (!areDistinct(keys)) return { refused: 'malformed' }
    const fresh = new Map<TransferKeyId, Uint8Array>()
    for (const { keyId, keyData } of keys) {
      if (keyData.length !== found.suite.keyBytes + 8) return { refused: 'malformed' }
      const key = this.#parts.crypto.aesKeyUnwrap(masterKey, keyData)
      if (key === undefined) return { refused: 'authentication-failed' }
      fresh.set(keyId, key)
    }
    this.#stage(slot, fresh)
    return granted
  }

  async makeKeys(slot: number, keyIds: readonly TransferKeyId[]): Promise<readonly KeyDatum[] | SecurityRefusal> {
    const found = await this.#parts.slotKeys(slot)
    const masterKey = found?.keys.masterKey
    if (found === undefined || masterKey === undefined) return { refused: 'unknown-key' }
    if (!areDistinct(keyIds.map((keyId) => ({ keyId })))) return { refused: 'malformed' }
    const { crypto } = this.#parts
    const fresh = new Map(keyIds.map((keyId) => [keyId, crypto.randomBytes(found.suite.keyBytes)]))
    this.#stage(slot, fresh)
    return [...fresh].map(([keyId, key]) => ({ keyId, keyData: crypto.aesKeyWrap(masterKey, key) }))
  }

  // ---- agreed keys: ephemeral unified model C(2e, 0s)

  async beginAgreement(slot: number, keyIds: readonly TransferKeyId[]): Promise<readonly KeyDatum[] | SecurityRefusal> {
    const found = await this.#asymmetric(slot)
    if (isRefusal(found)) return found
    if (!areDistinct(keyIds.map((keyId) => ({ keyId })))) return { refused: 'malformed' }
    const { crypto } = this.#parts
    const kept = new Map(keyIds.map((keyId) => [keyId, crypto.generateEcPrivateKey(found.asymmetric.domain)]))
    const data: KeyDatum[] = []
    for (const [keyId, privateKey] of kept) {
      const datum = await this.#ephemeralDatum(slot, keyId, found.asymmetric, privateKey)
      if (isRefusal(datum)) return datum
      data.push(datum)
    }
    this.#ephemeral.set(slot, kept)
    return data
  }

  async answerAgreement(slot: number, keys: readonly KeyDatum[]): Promise<readonly KeyDatum[] | SecurityRefusal> {
    const found = await this.#asymmetric(slot)
    if (isRefusal(found)) return found
    if (!areDistinct(keys)) return { refused: 'malformed' }
    const fresh = new Map<TransferKeyId, Uint8Array>()
    const answers: KeyDatum[] = []
    for (const datum of keys) {
      const peerPublicKey = await this.#verifiedEphemeral(slot, datum, found.asymmetric)
      if (isRefusal(peerPublicKey)) return peerPublicKey
      const privateKey = this.#parts.crypto.generateEcPrivateKey(found.asymmetric.domain)
      const key = this.#agreed(found, datum.keyId, privateKey, peerPublicKey, 'recipient')
      if (key === undefined) return { refused: 'malformed' }
      fresh.set(datum.keyId, key)
      const answer = await this.#ephemeralDatum(slot, datum.keyId, found.asymmetric, privateKey)
      if (isRefusal(answer)) return answer
      answers.push(answer)
    }
    this.#stage(slot, fresh)
    return answers
  }

  async finishAgreement(slot: number, keys: readonly KeyDatum[]): Promise<Granted> {
    const kept = this.#ephemeral.get(slot)
    this.#ephemeral.delete(slot)
    const found = await this.#asymmetric(slot)
    if (isRefusal(found)) return found
    const isAnswer =
      kept !== undefined && keys.length === kept.size && areDistinct(keys) && keys.every(({ keyId }) => kept.has(keyId))
    if (!isAnswer) return { refused: 'malformed' }
    const fresh = new Map<TransferKeyId, Uint8Array>()
    for (const datum of keys) {
      const peerPublicKey = await this.#verifiedEphemeral(slot, datum, found.asymmetric)
      if (isRefusal(peerPublicKey)) return peerPublicKey
      const key = this.#agreed(found, datum.keyId, kept.get(datum.keyId)!, peerPublicKey, 'originator')
      if (key === undefined) return { refused: 'malformed' }
      fresh.set(datum.keyId, key)
    }
    this.#stage(slot, fresh)
    return granted
  }

  async #ephemeralDatum(
    slot: number,
    keyId: TransferKeyId,
    { domain }: Asymmetric,
    privateKey: Uint8Array,
  ): Promise<KeyDatum | SecurityRefusal> {
    const publicKey = this.#parts.crypto.ecPublicKey(domain, privateKey).slice(1)
    const signature = await this.#parts.signatures.sign(slot, signedEphemeral(keyId, publicKey))
    return isRefusal(signature) ? signature : { keyId, keyData: concatBytes(publicKey, signature) }
  }

  async #verifiedEphemeral(
    slot: number,
    { keyId, keyData }: KeyDatum,
    { coordinateBytes }: Asymmetric,
  ): Promise<Uint8Array | SecurityRefusal> {
    if (keyData.length !== 4 * coordinateBytes) return { refused: 'malformed' }
    const publicKey = keyData.slice(0, 2 * coordinateBytes)
    const signature = keyData.slice(2 * coordinateBytes)
    const verdict = await this.#parts.signatures.verify(slot, signedEphemeral(keyId, publicKey), signature)
    return isRefusal(verdict) ? verdict : publicKey
  }

  #agreed(
    found: SlotKeys & { readonly asymmetric: Asymmetric },
    keyId: TransferKeyId,
    privateKey: Uint8Array,
    peerPublicKey: Uint8Array,
    role: 'originator' | 'recipient',
  ): Uint8Array | undefined {
    const z = sharedSecretOf(this.#parts.crypto, found.asymmetric, privateKey, peerPublicKey)
    if (z === undefined) return undefined
    const own = this.#parts.ownSystemTitle
    const peer = found.keys.peerSystemTitle
    return derivedKey(this.#parts.crypto, found.suite, {
      z,
      purpose: keyId === 3 ? 'keyWrap' : 'cipher',
      originatorSystemTitle: role === 'originator' ? own : peer,
      recipientSystemTitle: role === 'originator' ? peer : own,
    })
  }

  // ---- key pairs

  async generateKeyPair(slot: number, purpose: KeyPairPurpose): Promise<Uint8Array | SecurityRefusal> {
    const found = await this.#asymmetric(slot)
    if (isRefusal(found)) return found
    const { crypto, storeKeys } = this.#parts
    const privateKey = crypto.generateEcPrivateKey(found.asymmetric.domain)
    await storeKeys(slot, changeOf(found.keys, purpose, { privateKey }))
    return crypto.ecPublicKey(found.asymmetric.domain, privateKey).slice(1)
  }

  async publicKey(slot: number, purpose: KeyPairPurpose): Promise<Uint8Array | SecurityRefusal> {
    const found = await this.#asymmetric(slot)
    if (isRefusal(found)) return found
    const privateKey = found.keys[fieldOfPurpose[purpose]]?.privateKey
    if (privateKey === undefined) return { refused: 'unknown-key' }
    return this.#parts.crypto.ecPublicKey(found.asymmetric.domain, privateKey).slice(1)
  }

  async signWith(slot: number, purpose: KeyPairPurpose, octets: Uint8Array): Promise<Uint8Array | SecurityRefusal> {
    const found = await this.#asymmetric(slot)
    if (isRefusal(found)) return found
    const privateKey = found.keys[fieldOfPurpose[purpose]]?.privateKey
    if (privateKey === undefined) return { refused: 'unknown-key' }
    return this.#parts.crypto.createEcdsaSigner(schemeOf(found.asymmetric), privateKey).sign(octets)
  }

  async installPeerKey(slot: number, purpose: KeyPairPurpose, publicKey: Uint8Array): Promise<Granted> {
    const found = await this.#asymmetric(slot)
    if (isRefusal(found)) return found
    if (publicKey.length !== 2 * found.asymmetric.coordinateBytes) return { refused: 'malformed' }
    if (!this.#isPublicKey(found.asymmetric, publicKey)) return { refused: 'malformed' }
    await this.#parts.storeKeys(slot, changeOf(found.keys, purpose, { peerPublicKey: publicKey.slice() }))
    return granted
  }

  #isPublicKey({ domain }: Asymmetric, publicKey: Uint8Array): boolean {
    try {
      return this.#parts.crypto.isEcPublicKey(domain, pointOf(publicKey))
    } catch (error) {
      if (error instanceof CryptoPortError) return false
      throw error
    }
  }

  async changeHlsSecret(slot: number, secret: Uint8Array): Promise<Granted> {
    if ((await this.#parts.slotKeys(slot)) === undefined) return { refused: 'unknown-key' }
    if (secret.length < 1 || secret.length > 64) return { refused: 'malformed' }
    this.#staged.set(slot, { ...this.#staged.get(slot), hlsSecret: secret.slice() })
    return granted
  }

  // ---- what waits

  async commit(slot: number): Promise<void> {
    const changes = this.#staged.get(slot)
    if (changes === undefined) return
    this.#staged.delete(slot)
    await this.#parts.storeKeys(slot, changes)
    // Counters belong to the unicast key; the others are taken along with it or used beside it.
    if (changes.blockCipherKey !== undefined) await this.#parts.counters.keysChanged?.(slot)
  }

  discard(slot: number): void {
    this.#staged.delete(slot)
    this.#ephemeral.delete(slot)
  }

  #stage(slot: number, fresh: ReadonlyMap<TransferKeyId, Uint8Array>): void {
    const changes = Object.fromEntries([...fresh].map(([keyId, key]) => [fieldOfKeyId[keyId], key]))
    this.#staged.set(slot, { ...this.#staged.get(slot), ...changes })
  }

  async #asymmetric(slot: number): Promise<(SlotKeys & { readonly asymmetric: Asymmetric }) | SecurityRefusal> {
    const found = await this.#parts.slotKeys(slot)
    if (found === undefined) return { refused: 'unknown-key' }
    const { asymmetric } = found.suite
    return asymmetric === undefined ? { refused: 'unsupported' } : { ...found, asymmetric }
  }
}

function changeOf(keys: KeySet, purpose: KeyPairPurpose, change: AsymmetricKeys): Partial<KeySet> {
  const field = fieldOfPurpose[purpose]
  return { [field]: { ...keys[field], ...change } }
}

const areDistinct = (keys: readonly { readonly keyId: number }[]): boolean =>
  keys.length > 0 && keys.length <= KEYS_MAX && new Set(keys.map(({ keyId }) => keyId)).size === keys.length
