import type { Jcre } from '../../runtime/jcre.ts'
import { CLEAR_ON_RESET } from '../../vm/memory/card-memory.ts'
import { ELEMENT, TYPE } from '../../vm/memory/handle-entry.ts'
import { newTransient } from '../javacard-framework/jc-system.ts'
import { hiddenHandle, hiddenShort, isPersistent, putHiddenShort } from '../native-call.ts'

/**
 * Tries and the validated flag of something that is matched. Neither joins a transaction, and a try is counted before
 * anything is compared. Three hidden cells: limit, tries left, a boolean[1] that is cleared at reset.
 */
export const TRIES_BYTES = 6
const CELL = { limit: 0, left: 1, flag: 2 } as const
export const TRIES_FLAG_CELL = CELL.flag

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
    const flag = newTransient(this.#jcre, this.#jcre.machine.owner, TYPE.array | ELEMENT.boolean, 1, CLEAR_ON_RESET)
    putHiddenShort(this.#jcre, this.#object, this.#first + CELL.limit, limit)
    putHiddenShort(this.#jcre, this.#object, this.#first + CELL.left, limit)
    putHiddenShort(this.#jcre, this.#object, this.#first + CELL.flag, flag)
  }

  get left(): number {
    return hiddenShort(this.#jcre, this.#object, this.#first + CELL.left)
  }

  get isValidated(): boolean {
    return this.#jcre.memory.u8[this.#flagAddress] !== 0
  }

  set isValidated(value: boolean) {
    this.#jcre.memory.u8[this.#flagAddress] = value ? 1 : 0
  }

  /** Before a comparison. False: blocked, there is none. */
  take(): boolean {
    this.isValidated = false
    const { left } = this
    if (left > 0) this.#put(CELL.left, left - 1)
    return left > 0
  }

  /** After a match, or an unblocking. */
  refill(): void {
    this.#put(CELL.left, hiddenShort(this.#jcre, this.#object, this.#first + CELL.limit))
  }

  setLimit(limit: number): void {
    this.isValidated = false
    this.#put(CELL.limit, limit)
    this.refill()
  }

  get #flagAddress(): number {
    return this.#jcre.memory.addressOf(hiddenHandle(this.#jcre, this.#object, this.#first + CELL.flag))
  }

  #put(cell: number, value: number): void {
    const { memory, machine } = this.#jcre
    const address = machine.hiddenAddress(this.#object) + 2 * (this.#first + cell)
    memory.i16[address >> 1] = value
    if (isPersistent(this.#jcre, address)) memory.copyNonAtomic(address, address, 1) // 0..127: the high byte is 0
  }
}
