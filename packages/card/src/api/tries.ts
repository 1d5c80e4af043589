import type { Jcre } from '../runtime/jcre.ts'
import { CLEAR_ON_RESET } from '../vm/memory/card-memory.ts'
import { ELEMENT, TYPE } from '../vm/memory/handle-entry.ts'
import { newTransient } from './javacard-framework/jc-system.ts'
import { hiddenHandle, hiddenShort, isPersistent, putHiddenShort } from './native-call.ts'

/**
 * Tries and the validated flag of something that is matched. Matching never joins a transaction, and a try is counted
 * before anything is compared. Three hidden cells: limit, tries left, and a boolean[2] that is cleared at reset: the
 * flag, and what `TAKEN` says.
 */
export const TRIES_BYTES = 6
const CELL = { limit: 0, left: 1, flags: 2 } as const
export const TRIES_FLAG_CELL = CELL.flags
const VALIDATED = 0
const IN_ADVANCE = 1

/** Whether a try was taken before the comparison it is for; `blocked`: it was asked for, but there was none. */
const TAKEN = { no: 0, yes: 1, blocked: 2 } as const

export class Tries {
  readonly #jcre: Jcre
  readonly #object: number
  readonly #first: number

  constructor(jcre: Jcre, object: number, first: number) {
    this.#jcre = jcre
    this.#object = object
    this.#first = first
  }

  /** @param limit 1..127 */
  make(limit: number): void {
    const flags = newTransient(this.#jcre, this.#jcre.machine.owner, TYPE.array | ELEMENT.boolean, 2, CLEAR_ON_RESET)
    putHiddenShort(this.#jcre, this.#object, this.#first + CELL.limit, limit)
    putHiddenShort(this.#jcre, this.#object, this.#first + CELL.left, limit)
    putHiddenShort(this.#jcre, this.#object, this.#first + CELL.flags, flags)
  }

  get limit(): number {
    return hiddenShort(this.#jcre, this.#object, this.#first + CELL.limit)
  }

  get left(): number {
    return hiddenShort(this.#jcre, this.#object, this.#first + CELL.left)
  }

  get isValidated(): boolean {
    return this.#jcre.memory.u8[this.#flagsAddress + VALIDATED] !== 0
  }

  /** What changes the flag ends a try that was taken in advance. */
  set isValidated(value: boolean) {
    this.#jcre.memory.u8[this.#flagsAddress + VALIDATED] = value ? 1 : 0
    this.#jcre.memory.u8[this.#flagsAddress + IN_ADVANCE] = TAKEN.no
  }

  /** Before a comparison. False: blocked, there is none. */
  take(): boolean {
    this.isValidated = false
    const { left } = this
    if (left > 0) this.#put(CELL.left, left - 1)
    return left > 0
  }

  takeInAdvance(): void {
    const isTaken = this.take()
    this.#jcre.memory.u8[this.#flagsAddress + IN_ADVANCE] = isTaken ? TAKEN.yes : TAKEN.blocked
  }

  /** True for a try that was taken, false if there was none; undefined if nobody asked. Only once. */
  takenInAdvance(): boolean | undefined {
    const taken = this.#jcre.memory.u8[this.#flagsAddress + IN_ADVANCE]
    this.isValidated = false
    return taken === TAKEN.no ? undefined : taken === TAKEN.yes
  }

  /** After a match, or an unblocking. */
  refill(): void {
    this.#put(CELL.left, this.limit)
  }

  setLimit(limit: number): void {
    this.isValidated = false
    this.#put(CELL.limit, limit)
    this.refill()
  }

  /** As an owner does: part of an open transaction. */
  administrate(o: { readonly limit: number; readonly left: number }): void {
    this.isValidated = false
    putHiddenShort(this.#jcre, this.#object, this.#first + CELL.limit, o.limit)
    putHiddenShort(this.#jcre, this.#object, this.#first + CELL.left, o.left)
  }

  get #flagsAddress(): number {
    return this.#jcre.memory.addressOf(hiddenHandle(this.#jcre, this.#object, this.#first + CELL.flags))
  }

  #put(cell: number, value: number): void {
    const { memory, machine } = this.#jcre
    const address = machine.hiddenAddress(this.#object) + 2 * (this.#first + cell)
    memory.i16[address >> 1] = value
    if (isPersistent(this.#jcre, address)) memory.copyNonAtomic(address, address, 1) // 0..127: the high byte is 0
  }
}
