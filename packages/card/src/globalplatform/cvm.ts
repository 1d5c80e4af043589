import { ByteReader, ByteWriter } from '@gridcard/bytes'
import type { Jcre } from '../runtime/jcre.ts'
import type { ContentRegistry } from './content-registry.ts'

/** CVM identifiers of the API: the global PIN, and those of ETSI. A CVM's number is its place here. @source API GPSystem */
const IDENTIFIERS = [0x11, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08] as const
/** Our own tag, in the card's record: value and limit of a CVM. */
const CVM_TAG = 0xdf24
const LONGEST_VALUE = 32
const MOST_TRIES = 127
export const CVM_FORMAT = { ascii: 1, bcd: 2, hex: 3 } as const

interface CvmValue {
  readonly index: number
  readonly limit: number
  /** As hex digits or bytes, whatever the format: what comparing is done with. */
  readonly value: Uint8Array
}

/** Volatile: gone with the card session. */
interface CvmSession {
  isSubmitted: boolean
  isVerified: boolean
}

/** Cardholder verification methods that applications share. @source GPC 2.3.1 §8.2 */
export class GlobalCvm {
  readonly #jcre: Jcre
  readonly #registry: ContentRegistry
  readonly #sessions = new Map<number, CvmSession>()

  constructor(jcre: Jcre, registry: ContentRegistry) {
    this.#jcre = jcre
    this.#registry = registry
  }

  reset(): void {
    this.#sessions.clear()
  }

  /** Number of a CVM that there is. */
  indexOf(identifier: number): number | undefined {
    const index = IDENTIFIERS.indexOf(identifier as 0x11)
    return index < 0 ? undefined : index
  }

  /** Has a value. */
  isActive(index: number): boolean {
    return this.#find(index) !== undefined
  }

  isSubmitted(index: number): boolean {
    return this.#session(index).isSubmitted
  }

  isVerified(index: number): boolean {
    return this.#session(index).isVerified
  }

  isBlocked(index: number): boolean {
    return this.isActive(index) && this.tries(index) === 0
  }

  tries(index: number): number {
    return this.isActive(index) ? this.#registry.card.tries[index]! : 0
  }

  /** A new value: tries as many as the limit says, nothing verified. False: it is not one. */
  update(index: number, value: Uint8Array, format: number): boolean {
    const normal = normalised(value, format)
    const limit = this.#limit(index)
    if (normal === undefined || normal.length === 0 || normal.length > LONGEST_VALUE || limit === 0) return false
    this.#save({ index, limit, value: normal })
    this.#registry.writeTries(index, limit)
    this.#forget(index)
    return true
  }

  /** Also before there is a value. */
  setTryLimit(index: number, limit: number): boolean {
    if (limit < 1 || limit > MOST_TRIES) return false
    const { value } = this.#find(index) ?? { value: new Uint8Array() }
    this.#save({ index, limit, value })
    this.#registry.writeTries(index, limit)
    this.#forget(index)
    return true
  }

  /** The try is spent before anything is compared. */
  verify(index: number, value: Uint8Array, format: number): boolean {
    const stored = this.#find(index)
    const session = this.#session(index)
    const tries = this.tries(index)
    if (stored === undefined || tries === 0) return false
    session.isSubmitted = true
    session.isVerified = false
    this.#registry.writeTries(index, tries - 1)
    const given = normalised(value, format)
    if (given === undefined || !this.#jcre.crypto.constantTimeEqual(given, stored.value)) return false
    this.#registry.writeTries(index, stored.limit)
    session.isVerified = true
    return true
  }

  /** Back to "not submitted", unless it is blocked. */
  resetState(index: number): boolean {
    if (!this.isActive(index) || this.isBlocked(index)) return false
    this.#forget(index)
    return true
  }

  block(index: number): boolean {
    if (!this.isActive(index)) return false
    this.#registry.writeTries(index, 0)
    this.#forget(index)
    return true
  }

  unblock(index: number): boolean {
    const stored = this.#find(index)
    if (stored === undefined) return false
    this.#registry.writeTries(index, stored.limit)
    this.#forget(index)
    return true
  }

  #session(index: number): CvmSession {
    let session = this.#sessions.get(index)
    if (session === undefined) {
      session = { isSubmitted: false, isVerified: false }
      this.#sessions.set(index, session)
    }
    return session
  }

  #forget(index: number): void {
    this.#sessions.delete(index)
  }

  #limit(index: number): number {
    return this.#all().find((one) => one.index === index)?.limit ?? 0
  }

  /** With a value. */
  #find(index: number): CvmValue | undefined {
    return this.#all().find((one) => one.index === index && one.value.length > 0)
  }

  #all(): CvmValue[] {
    const { objects } = this.#registry.card
    return objects.filter(({ tag }) => tag === CVM_TAG).map(({ value }) => parseCvm(value))
  }

  #save(changed: CvmValue): void {
    const { card } = this.#registry
    const others = card.objects.filter(({ tag, value }) => tag !== CVM_TAG || parseCvm(value).index !== changed.index)
    this.#registry.saveCard({ ...card, objects: [...others, { tag: CVM_TAG, value: emitCvm(changed) }] })
  }
}

function parseCvm(bytes: Uint8Array): CvmValue {
  const reader = new ByteReader(bytes)
  return { index: reader.u8(), limit: reader.u8(), value: reader.rest() }
}

function emitCvm({ index, limit, value }: CvmValue): Uint8Array {
  return new ByteWriter().u8(index).u8(limit).bytes(value).toBytes()
}

/** Digits of all formats become the same bytes: a PIN stored as BCD can be given as ASCII. @source API CVM.verify */
function normalised(value: Uint8Array, format: number): Uint8Array | undefined {
  if (format === CVM_FORMAT.hex) return value
  if (format === CVM_FORMAT.ascii) {
    return value.every((byte) => byte >= 0x30 && byte <= 0x39) ? value.map((byte) => byte - 0x30) : undefined
  }
  if (format !== CVM_FORMAT.bcd) return undefined
  const digits = [...value].flatMap((byte) => [byte >> 4, byte & 0x0f])
  if (digits.at(-1) === 0x0f) digits.pop()
  return digits.every((digit) => digit <= 9) ? Uint8Array.from(digits) : undefined
}
