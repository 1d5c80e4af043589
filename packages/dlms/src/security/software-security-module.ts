import { concatBytes, equalBytes } from '@gridcard/bytes'
import type { CryptoProvider, GcmKey } from '@gridcard/crypto'
import type { CounterFloor, CounterStore } from './counter-store.ts'
import { type HlsProof, hlsTranscript, sharedSecretToken } from './hls-functions.ts'
import { type KeySet, requireConfigured, requireKeySet } from './key-set.ts'
import {
  gmac,
  ivOf,
  type MessageKeys,
  type MessageSettings,
  openMessage,
  sealMessage,
  TAG_BYTES,
} from './message-cipher.ts'
import {
  isAuthenticated,
  isBroadcast,
  isCompressed,
  isEncrypted,
  securityControl,
  suiteOf,
} from './security-control.ts'
import {
  type HlsExchange,
  isRefusal,
  type KeyManagement,
  type Protected,
  type ProtectRequest,
  type SecurityCapabilities,
  type SecurityModule,
  type SecurityRefusal,
  type SessionKey,
  type SlotCounters,
  type Unprotected,
  type UnprotectRequest,
} from './security-module.ts'
import { SoftwareKeyManagement } from './software-key-management.ts'
import { type OpenKey, type SlotKeys, SoftwareSessionKeys } from './software-session-keys.ts'
import { SoftwareSignatures } from './software-signatures.ts'

export type { KeySet } from './key-set.ts'

export interface SoftwareSecurityModuleOptions {
  readonly crypto: CryptoProvider
  /** 8 bytes. */
  readonly systemTitle: Uint8Array
  /**
   * Asked at each use, so that keys can come from a sealed store and change. Of a slot only the block cipher key of the
   * last message is kept, made ready, until another one comes.
   */
  readonly slots: (slot: number) => KeySet | undefined | Promise<KeySet | undefined>
  /** Stores what changed of a slot, durably, before it answers. Without it the keys of this module cannot be changed. */
  readonly storeKeys?: (slot: number, changes: Partial<KeySet>) => void | Promise<void>
  readonly counters: CounterStore
}

const TITLE_BYTES = 8
const TOKEN_BYTES = 1 + 4 + TAG_BYTES
const CHALLENGE_MIN_BYTES = 8
const CHALLENGE_MAX_BYTES = 64
/** Has no successor, so it is neither sent nor accepted. */
const LAST_COUNTER = 0xffff_ffff
const gmacExchange: HlsExchange = { mechanism: 'hls-gmac', otherChallenge: new Uint8Array(0) }

/**
 * Keys in memory, cryptography injected, counters in a store: the head-end's end, and the peer in tests. A meter has
 * its keys in a card instead.
 * @source Green Book ed. 8 §9.2.7.2.4 (protection), §9.2.7.4 (HLS)
 */
export class SoftwareSecurityModule implements SecurityModule {
  readonly systemTitle: Uint8Array
  readonly capabilities: SecurityCapabilities = {
    suites: [0, 1, 2],
    mechanisms: ['hls', 'hls-md5', 'hls-sha1', 'hls-gmac', 'hls-sha256', 'hls-ecdsa'],
  }
  readonly signatures: SoftwareSignatures
  readonly sessionKeys: SoftwareSessionKeys
  readonly keyManagement?: KeyManagement
  readonly #crypto: CryptoProvider
  readonly #slots: SoftwareSecurityModuleOptions['slots']
  readonly #counters: CounterStore
  readonly #challenges = new Map<number, Uint8Array>()
  readonly #ready = new Map<number, { readonly key: Uint8Array; readonly cipher: GcmKey }>()

  /** @throws DlmsError `DLMS_CONFIGURATION` for a title that is not 8 bytes */
  constructor(options: SoftwareSecurityModuleOptions) {
    const { crypto, counters, storeKeys } = options
    requireConfigured(options.systemTitle.length === TITLE_BYTES, 'a system title has 8 bytes')
    this.systemTitle = options.systemTitle.slice()
    this.#crypto = crypto
    this.#slots = options.slots
    this.#counters = counters
    const slotKeys = (slot: number) => this.#slot(slot)
    this.signatures = new SoftwareSignatures(crypto, slotKeys)
    this.sessionKeys = new SoftwareSessionKeys({
      crypto,
      ownSystemTitle: this.systemTitle,
      slotKeys,
      signatures: this.signatures,
    })
    if (storeKeys !== undefined) {
      this.keyManagement = new SoftwareKeyManagement({
        crypto,
        ownSystemTitle: this.systemTitle,
        slotKeys,
        signatures: this.signatures,
        storeKeys,
        counters,
      })
    }
  }

  async protect(request: ProtectRequest): Promise<Protected | SecurityRefusal> {
    const { slot, securityControl: control, plaintext, header } = request
    const keys = this.#slots(slot)
    const found = this.#messageKeys(isPromise(keys) ? await keys : keys, slot, control, request.key)
    if (isRefusal(found)) return found
    const taken = this.#counters.takeSend(slot)
    const invocationCounter = isPromise(taken) ? await taken : taken
    if (invocationCounter === undefined) return { refused: 'counter-exhausted' }
    const iv = ivOf(this.systemTitle, invocationCounter)
    const settings = { keys: found.keys, securityControl: control, iv, header }
    return { invocationCounter, body: sealMessage(settings, plaintext) }
  }

  async unprotect(request: UnprotectRequest): Promise<Unprotected | SecurityRefusal> {
    const { slot, securityControl: control, invocationCounter, body, peerSystemTitle, header } = request
    const keys = this.#slots(slot)
    const found = this.#messageKeys(isPromise(keys) ? await keys : keys, slot, control, request.key)
    if (isRefusal(found)) return found
    const { peer, open } = found
    if (isAuthenticated(control) && body.length < TAG_BYTES) return { refused: 'malformed' }
    if (!equalBytes(peerSystemTitle, peer)) return { refused: 'unknown-peer' }
    const early = this.#refuseBelow(slot, 'message', invocationCounter, open)
    const refused = isPromise(early) ? await early : early
    if (refused !== undefined) return refused
    const iv = ivOf(peer, invocationCounter)
    const plaintext = openMessage(this.#crypto, { keys: found.keys, securityControl: control, iv, header }, body)
    if (plaintext === undefined) return { refused: 'authentication-failed' }
    // Nobody has proved this counter: raised, it would let a forger use up all that are left.
    if (!isAuthenticated(control)) return { plaintext }
    // Raised only for a genuine message, and before its content counts; the store decides between two at once.
    if (open?.floor === 'fresh') {
      if (invocationCounter < open.messageFloor) {
        return { refused: 'counter-replayed', expectedCounter: open.messageFloor }
      }
      open.messageFloor = invocationCounter + 1
      return { plaintext }
    }
    const accepted = this.#counters.accept(slot, 'message', invocationCounter)
    const isNew = isPromise(accepted) ? await accepted : accepted
    return isNew ? { plaintext } : this.#replayed(slot, 'message')
  }

  async hlsChallenge(slot: number, lengthBytes: number): Promise<Uint8Array | SecurityRefusal> {
    if (!isChallengeLength(lengthBytes)) return { refused: 'malformed' }
    if ((await this.#slot(slot)) === undefined) return { refused: 'unknown-key' }
    const challenge = this.#crypto.randomBytes(lengthBytes)
    this.#challenges.set(slot, challenge)
    return challenge.slice()
  }

  async hlsAnswer(
    slot: number,
    peerChallenge: Uint8Array,
    exchange: HlsExchange = gmacExchange,
  ): Promise<Uint8Array | SecurityRefusal> {
    if (!isChallengeLength(peerChallenge.length)) return { refused: 'malformed' }
    const found = await this.#slot(slot)
    if (found === undefined) return { refused: 'unknown-key' }
    const proof: HlsProof = {
      proverSystemTitle: this.systemTitle,
      verifierSystemTitle: found.keys.peerSystemTitle,
      challenge: peerChallenge,
      otherChallenge: exchange.otherChallenge,
    }
    if (exchange.mechanism === 'hls-ecdsa') return this.signatures.sign(slot, hlsTranscript(proof))
    if (exchange.mechanism !== 'hls-gmac') return this.#sharedSecretToken(exchange.mechanism, found, proof)
    const keys = this.#tokenKeys(slot, found)
    if (keys === undefined) return { refused: 'unknown-key' }
    const counter = await this.#counters.takeSend(slot)
    if (counter === undefined) return { refused: 'counter-exhausted' }
    const control = securityControl.authenticated | found.suite.id
    const settings = tokenSettings(keys, control, ivOf(this.systemTitle, counter))
    return concatBytes(Uint8Array.of(control), counterOctets(counter), gmac(settings, peerChallenge))
  }

  async hlsVerify(
    slot: number,
    token: Uint8Array,
    exchange: HlsExchange = gmacExchange,
  ): Promise<{ readonly ok: true } | SecurityRefusal> {
    const challenge = this.#challenges.get(slot)
    this.#challenges.delete(slot)
    if (challenge === undefined) return { refused: 'no-challenge' }
    const found = await this.#slot(slot)
    if (found === undefined) return { refused: 'unknown-key' }
    if (exchange.mechanism === 'hls-gmac') return this.#verifyGmac(slot, token, challenge, found)
    const proof: HlsProof = {
      proverSystemTitle: found.keys.peerSystemTitle,
      verifierSystemTitle: this.systemTitle,
      challenge,
      otherChallenge: exchange.otherChallenge,
    }
    if (exchange.mechanism === 'hls-ecdsa') {
      return this.signatures.verify(slot, hlsTranscript(proof), token, exchange.peerSigningKey)
    }
    const expected = this.#sharedSecretToken(exchange.mechanism, found, proof)
    if (isRefusal(expected)) return expected
    return this.#crypto.constantTimeEqual(token, expected) ? { ok: true } : { refused: 'authentication-failed' }
  }

  async #verifyGmac(
    slot: number,
    token: Uint8Array,
    challenge: Uint8Array,
    found: SlotKeys,
  ): Promise<{ readonly ok: true } | SecurityRefusal> {
    if (token.length !== TOKEN_BYTES) return { refused: 'malformed' }
    const control = securityControl.authenticated | found.suite.id
    if (token[0] !== control) return { refused: 'authentication-failed' }
    const keys = this.#tokenKeys(slot, found)
    if (keys === undefined) return { refused: 'unknown-key' }
    const counter = new DataView(token.buffer, token.byteOffset).getUint32(1)
    const early = await this.#refuseBelow(slot, 'token', counter)
    if (early !== undefined) return early
    const settings = tokenSettings(keys, control, ivOf(found.keys.peerSystemTitle, counter))
    const expected = gmac(settings, challenge)
    if (!this.#crypto.constantTimeEqual(token.subarray(5), expected)) return { refused: 'authentication-failed' }
    const isNew = await this.#counters.accept(slot, 'token', counter)
    return isNew ? { ok: true } : this.#replayed(slot, 'token')
  }

  #sharedSecretToken(
    mechanism: Parameters<typeof sharedSecretToken>[1],
    { keys }: SlotKeys,
    proof: HlsProof,
  ): Uint8Array | SecurityRefusal {
    const { hlsSecret } = keys
    if (hlsSecret === undefined || hlsSecret.length === 0) return { refused: 'unknown-key' }
    requireConfigured(mechanism !== 'hls' || hlsSecret.length === 16, 'the secret of mechanism 2 has 16 bytes')
    return sharedSecretToken(this.#crypto, mechanism, hlsSecret, proof)
  }

  async counters(slot: number): Promise<SlotCounters | SecurityRefusal> {
    if ((await this.#slot(slot)) === undefined) return { refused: 'unknown-key' }
    return this.#counters.read(slot)
  }

  async #slot(slot: number): Promise<SlotKeys | undefined> {
    return this.#checked(await this.#slots(slot))
  }

  #checked(keys: KeySet | undefined): SlotKeys | undefined {
    return keys === undefined ? undefined : { keys, suite: requireKeySet(keys, this.systemTitle) }
  }

  /** The keys a message under this control needs, or why there are none. */
  #messageKeys(
    keySet: KeySet | undefined,
    slot: number,
    control: number,
    handle: SessionKey | undefined,
  ): { keys: MessageKeys; peer: Uint8Array; open: OpenKey | undefined } | SecurityRefusal {
    if (isCompressed(control)) return { refused: 'unsupported' }
    const found = this.#checked(keySet)
    if (found === undefined) return { refused: 'unknown-key' }
    const { keys, suite } = found
    const isPermitted = isAuthenticated(control) || (isEncrypted(control) && keys.allowsEncryptionOnly === true)
    if (!isPermitted || suiteOf(control) !== suite.id) return { refused: 'not-permitted' }
    const open = handle === undefined ? undefined : this.sessionKeys.find(slot, handle)
    const inSlot = isBroadcast(control) ? keys.broadcastKey : keys.blockCipherKey
    if (keys.authenticationKey === undefined) return { refused: 'unknown-key' }
    const cipher = handle === undefined ? inSlot && this.#readyKey(slot, inSlot) : open?.cipher
    if (cipher === undefined) return { refused: 'unknown-key' }
    return { keys: { cipher, authenticationKey: keys.authenticationKey }, peer: keys.peerSystemTitle, open }
  }

  #tokenKeys(slot: number, { keys }: SlotKeys): MessageKeys | undefined {
    const { blockCipherKey, authenticationKey } = keys
    if (blockCipherKey === undefined || authenticationKey === undefined) return undefined
    return { cipher: this.#readyKey(slot, blockCipherKey), authenticationKey }
  }

  #readyKey(slot: number, key: Uint8Array): GcmKey {
    const ready = this.#ready.get(slot)
    // Our own key beside our own copy of it: nobody who could time this does not have it.
    if (ready !== undefined && equalBytes(ready.key, key)) return ready.cipher
    const cipher = this.#crypto.openGcmKey(key)
    this.#ready.set(slot, { key: key.slice(), cipher })
    return cipher
  }

  #refuseBelow(
    slot: number,
    floor: CounterFloor,
    counter: number,
    open?: OpenKey,
  ): SecurityRefusal | undefined | Promise<SecurityRefusal | undefined> {
    const judge = (lowest: number): SecurityRefusal | undefined =>
      counter < lowest || counter === LAST_COUNTER
        ? { refused: 'counter-replayed', expectedCounter: lowest }
        : undefined
    if (open?.floor === 'fresh') return judge(open.messageFloor)
    const counters = this.#counters.read(slot)
    return isPromise(counters)
      ? counters.then((known) => judge(lowestOf(known, floor)))
      : judge(lowestOf(counters, floor))
  }

  async #replayed(slot: number, floor: CounterFloor) {
    return { refused: 'counter-replayed', expectedCounter: lowestOf(await this.#counters.read(slot), floor) } as const
  }
}

const lowestOf = ({ messageFloor, tokenFloor }: SlotCounters, floor: CounterFloor): number =>
  floor === 'message' ? messageFloor : tokenFloor

/** Keys and counters are at hand as a rule, and waiting costs more than looking. */
const isPromise = <T>(value: T | Promise<T>): value is Promise<T> =>
  typeof value === 'object' && value !== null && 'then' in value

const tokenSettings = (keys: MessageKeys, control: number, iv: Uint8Array): MessageSettings => ({
  keys,
  securityControl: control,
  iv,
  header: undefined,
})

const isChallengeLength = (lengthBytes: number): boolean =>
  Number.isInteger(lengthBytes) && lengthBytes >= CHALLENGE_MIN_BYTES && lengthBytes <= CHALLENGE_MAX_BYTES

function counterOctets(counter: number): Uint8Array {
  const octets = new Uint8Array(4)
  new DataView(octets.buffer).setUint32(0, counter)
  return octets
}
