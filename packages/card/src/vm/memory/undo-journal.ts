import type { MemoryViews } from './buffer-pool.ts'
import { crc32 } from './crc32.ts'

/** u16 length, u32 address, the old bytes, u32 check. */
const ENTRY_HEAD_BYTES = 6
const ENTRY_CHECK_BYTES = 4
export const JOURNAL_ENTRY_OVERHEAD_BYTES = ENTRY_HEAD_BYTES + ENTRY_CHECK_BYTES

/**
 * The commit buffer: old bytes of everything a transaction overwrites, saved and durable before the overwriting begins.
 *
 * Each entry carries a CRC started from the sequence number of the transaction, so an entry torn by a power cut, and
 * every entry left from an earlier transaction, is not an entry. A commit therefore needs nothing but a new sequence
 * number (one write of a root slot). At start-up the entries that check under the current number are put back.
 *
 * @source JCRE 3.1 ch. 7
 */
export class UndoJournal {
  #bytes!: Uint8Array
  #view!: DataView
  readonly #start: number
  readonly capacityBytes: number
  /** Bytes taken by the entries of the running transaction. */
  usedBytes = 0

  constructor(start: number, capacityBytes: number) {
    this.#start = start
    this.capacityBytes = capacityBytes
  }

  /** Works in these from here on. */
  attach({ u8, view }: MemoryViews): void {
    this.#bytes = u8
    this.#view = view
  }

  get freeBytes(): number {
    return this.capacityBytes - this.usedBytes
  }

  hasRoomFor(length: number): boolean {
    return this.usedBytes + length + JOURNAL_ENTRY_OVERHEAD_BYTES <= this.capacityBytes
  }

  /**
   * Saves the bytes at `address`; the caller has asked `hasRoomFor`.
   * @returns where the entry begins; it is `length + JOURNAL_ENTRY_OVERHEAD_BYTES` long and must reach the store whole
   *   before the saved place is written
   */
  record(sequence: number, address: number, length: number): number {
    const at = this.#start + this.usedBytes
    this.#view.setUint16(at, length, true)
    this.#view.setUint32(at + 2, address, true)
    this.#bytes.copyWithin(at + ENTRY_HEAD_BYTES, address, address + length)
    const end = at + ENTRY_HEAD_BYTES + length
    this.#view.setInt32(end, crc32(this.#bytes, at, end, sequence), true)
    this.usedBytes = end + ENTRY_CHECK_BYTES - this.#start
    return at
  }

  /** Calls `undone` for each place put back, latest first. The entries stay until the caller has committed that. */
  rollBack(undone: (address: number, length: number) => void): void {
    const starts: number[] = []
    const end = this.#start + this.usedBytes
    for (let at = this.#start; at < end; at += this.#view.getUint16(at, true) + JOURNAL_ENTRY_OVERHEAD_BYTES) {
      starts.push(at)
    }
    for (const at of starts.reverse()) {
      const length = this.#view.getUint16(at, true)
      const address = this.#view.getUint32(at + 2, true)
      this.#bytes.copyWithin(address, at + ENTRY_HEAD_BYTES, at + ENTRY_HEAD_BYTES + length)
      undone(address, length)
    }
  }

  /** After a restart: finds the whole entries of the transaction that was running, if one was. */
  recover(sequence: number, nvSizeBytes: number): void {
    const limit = this.#start + this.capacityBytes
    let at = this.#start
    for (;;) {
      if (at + JOURNAL_ENTRY_OVERHEAD_BYTES > limit) break
      const length = this.#view.getUint16(at, true)
      const address = this.#view.getUint32(at + 2, true)
      const end = at + ENTRY_HEAD_BYTES + length
      if (end + ENTRY_CHECK_BYTES > limit || address < limit || address + length > nvSizeBytes) break
      if (this.#view.getInt32(end, true) !== crc32(this.#bytes, at, end, sequence)) break
      at = end + ENTRY_CHECK_BYTES
    }
    this.usedBytes = at - this.#start
  }
}
