import { concatBytes, equalBytes } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import { DlmsError } from '../errors.ts'
import type { CounterFloor, CounterStore } from './counter-store.ts'
import { isAuthenticating, securityControl } from './security-control.ts'
import type {
  Protected,
  ProtectRequest,
  SecurityModule,
  SecurityRefusal,
  SlotCounters,
  Unprotected,
  UnprotectRequest,
} from './security-module.ts'

/** Keys shared with one peer, suite 0. */
export interface KeySet {
  /** Global unicast encryption key, 16 bytes. */
  readonly blockCipherKey: Uint8Array
  /** 16 bytes. */
  readonly authenticationKey: Uint8Array
  /** What the peer calls itself, 8 bytes; must differ from the own title, or both would use one IV. */
  readonly peerSystemTitle: Uint8Array
}

export interface SoftwareSecurityModuleOptions {
  readonly crypto: CryptoProvider
  /** 8 bytes. */
  readonly systemTitle: Uint8Array
  /** Asked at each use, so that keys can come from a sealed store and change; nothing of them is kept. */
  readonly slots: (slot: number) => KeySet | undefined | Promise<KeySet | undefined>
  readonly counters: CounterStore
}

const TITLE_BYTES = 8
const KEY_BYTES = 16
const TAG_BYTES = 12
const TOKEN_BYTES = 1 + 4 + TAG_BYTES
const CHALLENGE_MIN_BYTES = 8
const CHALLENGE_MAX_BYTES = 64
/** Has no successor, so it is neither sent nor accepted. */
const LAST_COUNTER = 0xffff_ffff
const nothing = new Uint8Array(0)

/**
 * Keys in memory, cryptography injected, counters in a store: the head-end's end, and the peer in tests. A meter has
 * its keys in a card instead.
 * @source Green Book ed. 8 §9.2.7.2.4 (protection), §9.2.7.4 (HLS with GMAC)
 */
export class SoftwareSecurityModule implements SecurityModule {
  readonly systemTitle: Uint8Array
  readonly #crypto: CryptoProvider
  readonly #slots: SoftwareSecurityModuleOptions['slots']
  readonly #counters: CounterStore
  readonly #challenges = new Map<number, Uint8Array>()

  /** @throws DlmsError `DLMS_CONFIGURATION` for a title that is not 8 bytes */
  constructor(options: SoftwareSecurityModuleOptions) {
    requireConfigured(options.systemTitle.length === TITLE_BYTES, 'a system title has 8 bytes')
    this.systemTitle = options.systemTitle.slice()
    this.#crypto = options.crypto
    this.#slots = options.slots
    this.#counters = options.counters
  }

  async protect({ slot, securityControl: control, plaintext }: ProtectRequest): Promise<Protected | SecurityRefusal> {
    if (!isAuthenticating(control)) return { refused: 'not-permitted' }
    const keys = await this.#keys(slot)
    if (keys === undefined) return { refused: 'unknown-key' }
    const invocationCounter = await this.#counters.takeSend(slot)
    if (invocationCounter === undefined) return { refused: 'counter-exhausted' }
    const iv = ivOf(this.systemTitle, invocationCounter)
    if (control === securityControl.authenticatedEncrypted) {
      const aad = aadOf(control, keys)
      const body = this.#crypto.gcmSeal(keys.blockCipherKey, iv, aad, plaintext, TAG_BYTES)
      return { invocationCounter, body }
    }
    const tag = this.#gmac(keys, iv, control, plaintext)
    return { invocationCounter, body: concatBytes(plaintext, tag) }
  }

  async unprotect(request: UnprotectRequest): Promise<Unprotected | SecurityRefusal> {
    const { slot, securityControl: control, invocationCounter, body, peerSystemTitle } = request
    if (!isAuthenticating(control)) return { refused: 'not-permitted' }
    if (body.length < TAG_BYTES) return { refused: 'malformed' }
    const keys = await this.#keys(slot)
    if (keys === undefined) return { refused: 'unknown-key' }
    if (!equalBytes(peerSystemTitle, keys.peerSystemTitle)) return { refused: 'unknown-peer' }
    const early = await this.#refuseBelow(slot, 'message', invocationCounter)
    if (early !== undefined) return early
    const iv = ivOf(keys.peerSystemTitle, invocationCounter)
    const plaintext = this.#open(keys, iv, control, body)
    if (plaintext === undefined) return { refused: 'authentication-failed' }
    // Raised only for a genuine message, and before its content counts; the store decides between two at once.
    const isNew = await this.#counters.accept(slot, 'message', invocationCounter)
    return isNew ? { plaintext } : this.#replayed(slot, 'message')
  }

  async hlsChallenge(slot: number, lengthBytes: number): Promise<Uint8Array | SecurityRefusal> {
    if (!isChallengeLength(lengthBytes)) return { refused: 'malformed' }
    if ((await this.#keys(slot)) === undefined) return { refused: 'unknown-key' }
    const challenge = this.#crypto.randomBytes(lengthBytes)
    this.#challenges.set(slot, challenge)
    return challenge.slice()
  }

  async hlsAnswer(slot: number, peerChallenge: Uint8Array): Promise<Uint8Array | SecurityRefusal> {
    if (!isChallengeLength(peerChallenge.length)) return { refused: 'malformed' }
    const keys = await this.#keys(slot)
    if (keys === undefined) return { refused: 'unknown-key' }
    const counter = await this.#counters.takeSend(slot)
    if (counter === undefined) return { refused: 'counter-exhausted' }
    const control = securityControl.authenticated
    const tag = this.#gmac(keys, ivOf(this.systemTitle, counter), control, peerChallenge)
    return concatBytes(Uint8Array.of(control), counterOctets(counter), tag)
  }

  async hlsVerify(slot: number, token: Uint8Array): Promise<{ readonly ok: true } | SecurityRefusal> {
    const challenge = this.#challenges.get(slot)
    this.#challenges.delete(slot)
    if (challenge === undefined) return { refused: 'no-challenge' }
    if (token.length !== TOKEN_BYTES) return { refused: 'malformed' }
    const control = securityControl.authenticated
    if (token[0] !== control) return { refused: 'authentication-failed' }
    const keys = await this.#keys(slot)
    if (keys === undefined) return { refused: 'unknown-key' }
    const counter = new DataView(token.buffer, token.byteOffset).getUint32(1)
    const early = await this.#refuseBelow(slot, 'token', counter)
    if (early !== undefined) return early
    const expected = this.#gmac(keys, ivOf(keys.peerSystemTitle, counter), control, challenge)
    if (!this.#crypto.constantTimeEqual(token.subarray(5), expected)) return { refused: 'authentication-failed' }
    const isNew = await this.#counters.accept(slot, 'token', counter)
    return isNew ? { ok: true } : this.#replayed(slot, 'token')
  }

  async counters(slot: number): Promise<SlotCounters | SecurityRefusal> {
    if ((await this.#keys(slot)) === undefined) return { refused: 'unknown-key' }
    return this.#counters.read(slot)
  }

  async #keys(slot: number): Promise<KeySet | undefined> {
    const keys = await this.#slots(slot)
    if (keys === undefined) return undefined
    const { blockCipherKey, authenticationKey, peerSystemTitle } = keys
    requireConfigured(blockCipherKey.length === KEY_BYTES, 'a block cipher key of suite 0 has 16 bytes')
    requireConfigured(authenticationKey.length === KEY_BYTES, 'an authentication key of suite 0 has 16 bytes')
    requireConfigured(peerSystemTitle.length === TITLE_BYTES, 'a system title has 8 bytes')
    requireConfigured(!equalBytes(peerSystemTitle, this.systemTitle), 'peer has the own system title')
    return keys
  }

  async #refuseBelow(slot: number, floor: CounterFloor, counter: number): Promise<SecurityRefusal | undefined> {
    const refusal = await this.#replayed(slot, floor)
    return counter < refusal.expectedCounter || counter === LAST_COUNTER ? refusal : undefined
  }

  async #replayed(slot: number, floor: CounterFloor) {
    const { messageFloor, tokenFloor } = await this.#counters.read(slot)
    return { refused: 'counter-replayed', expectedCounter: floor === 'message' ? messageFloor : tokenFloor } as const
  }

  #gmac(keys: KeySet, iv: Uint8Array, control: number, message: Uint8Array): Uint8Array {
    const aad = concatBytes(aadOf(control, keys), message)
    return this.#crypto.gcmSeal(keys.blockCipherKey, iv, aad, nothing, TAG_BYTES)
  }

  #open(keys: KeySet, iv: Uint8Array, control: number, body: Uint8Array): Uint8Array | undefined {
    if (control === securityControl.authenticatedEncrypted) {
      return this.#crypto.gcmOpen(keys.blockCipherKey, iv, aadOf(control, keys), body, TAG_BYTES)
    }
    const plaintext = body.slice(0, -TAG_BYTES)
    const expected = this.#gmac(keys, iv, control, plaintext)
    return this.#crypto.constantTimeEqual(body.subarray(-TAG_BYTES), expected) ? plaintext : undefined
  }
}

const isChallengeLength = (lengthBytes: number): boolean =>
  Number.isInteger(lengthBytes) && lengthBytes >= CHALLENGE_MIN_BYTES && lengthBytes <= CHALLENGE_MAX_BYTES

/** SC || AK; the message follows when it is authenticated only. */
const aadOf = (control: number, keys: KeySet): Uint8Array => concatBytes(Uint8Array.of(control), keys.authenticationKey)

function counterOctets(counter: number): Uint8Array {
  const octets = new Uint8Array(4)
  new DataView(octets.buffer).setUint32(0, counter)
  return octets
}

const ivOf = (systemTitle: Uint8Array, counter: number): Uint8Array => concatBytes(systemTitle, counterOctets(counter))

function requireConfigured(condition: boolean, message: string): void {
  if (!condition) throw new DlmsError('DLMS_CONFIGURATION', message)
}
