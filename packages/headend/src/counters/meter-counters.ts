import type { CounterFloor, CounterStore, SlotCounters } from '@gridcard/dlms'
import type { CounterFile, SavedCounters } from './counter-file.ts'

/** How many send counters are set aside with one write; a crash loses at most so many of 2^32. */
const BLOCK = 256
const LAST_COUNTER = 0xffff_ffff

/**
 * The invocation counters between this head-end and one meter, behind the security module's port.
 *
 * **Sent.** A block of counters is durable in the file before the first of it is used. After a crash the next block
 * begins above the old one, so no (key, IV) pair comes twice; unused counters of the block are lost, which costs nothing.
 * They are not handed back at a clean end either: one rule, no second path to get wrong.
 *
 * **Received.** A floor rises in memory with each accepted message and is written once per session, by `saveFloors`,
 * before anything of the session counts as a reading. A crash before that can bring back an older floor, and then old
 * messages of the meter would pass the floor. They still cannot become a reading, because every session begins with
 * HLS-GMAC: the meter's answer covers our new random challenge, so it was made in this session, and it arrives inside a
 * message whose counter is above all the meter sent before (the meter's counter never goes back). Once that message is
 * accepted, the floor in memory is above every message recorded earlier, and nothing is read before. What an older floor
 * does let through is an old AARE, which carries no reading and is followed by an HLS the replayer cannot answer.
 * So a crash leads to refusing, never to accepting an old reading.
 */
export class MeterCounters implements CounterStore {
  readonly #file: CounterFile
  readonly #serial: string
  #next: number
  #limit: number
  #messageFloor: number
  #tokenFloor: number
  #isDirty = false
  #reserving: Promise<void> | undefined

  constructor(file: CounterFile, serial: string, saved: SavedCounters) {
    this.#file = file
    this.#serial = serial
    this.#next = saved.sendLimit
    this.#limit = saved.sendLimit
    this.#messageFloor = saved.messageFloor
    this.#tokenFloor = saved.tokenFloor
  }

  async takeSend(): Promise<number | undefined> {
    while (this.#next >= this.#limit) {
      if (this.#limit >= LAST_COUNTER) return undefined
      await this.#reserve()
    }
    return this.#next++
  }

  accept(_slot: number, floor: CounterFloor, counter: number): boolean {
    if (counter < (floor === 'message' ? this.#messageFloor : this.#tokenFloor)) return false
    if (floor === 'message') this.#messageFloor = counter + 1
    else this.#tokenFloor = counter + 1
    this.#isDirty = true
    return true
  }

  read(): SlotCounters {
    return { send: this.#next, messageFloor: this.#messageFloor, tokenFloor: this.#tokenFloor }
  }

  /** Makes the floors durable; before anything read in a session is stored. */
  async saveFloors(): Promise<void> {
    if (!this.#isDirty) return
    this.#isDirty = false
    try {
      await this.#save(this.#limit)
    } catch (error) {
      this.#isDirty = true
      throw error
    }
  }

  /** One write at a time, whoever waits for it. */
  #reserve(): Promise<void> {
    this.#reserving ??= this.#extend().finally(() => {
      this.#reserving = undefined
    })
    return this.#reserving
  }

  async #extend(): Promise<void> {
    const limit = Math.min(this.#limit + BLOCK, LAST_COUNTER)
    await this.#save(limit)
    this.#limit = limit
  }

  #save(sendLimit: number): Promise<void> {
    const saved = { sendLimit, messageFloor: this.#messageFloor, tokenFloor: this.#tokenFloor }
    return this.#file.save(this.#serial, saved)
  }
}
