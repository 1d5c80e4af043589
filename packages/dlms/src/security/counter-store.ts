import type { SlotCounters } from './security-module.ts'

/**
 * Where a software security module keeps its counters. Every change is durable before the answer: a store that
 * answers first and saves later repeats an IV after a power cut.
 */
export interface CounterStore {
  /** The next counter of this slot, never given before; undefined when only 0xFFFFFFFF is left. */
  takeSend(slot: number): number | undefined | Promise<number | undefined>
  /**
   * Accepts `counter` if it is not below the floor, and puts the floor above it, in one step; false if it is below.
   * Two concurrent calls with one counter must not both hear true.
   */
  accept(slot: number, floor: CounterFloor, counter: number): boolean | Promise<boolean>
  read(slot: number): SlotCounters | Promise<SlotCounters>
  /**
   * The symmetric keys of this slot are new: the peer may count from 0 again, so both floors go down to 0. The send
   * counter does not; it may stay, and then never repeats for any key. Optional: a store whose entries belong to a key
   * begins a new one by itself.
   */
  keysChanged?(slot: number): void | Promise<void>
}

/** Messages and HLS tokens have a floor each, see `SecurityModule.hlsVerify`. */
export type CounterFloor = 'message' | 'token'

/** Counters in memory, for tests: after a restart they would repeat. `initial` sets where a slot starts, default 0. */
export function memoryCounterStore(initial: Readonly<Record<number, Partial<SlotCounters>>> = {}): CounterStore {
  const slots = new Map<number, { send: number; messageFloor: number; tokenFloor: number }>()
  const countersOf = (slot: number) => {
    let counters = slots.get(slot)
    if (counters === undefined) {
      counters = { send: 0, messageFloor: 0, tokenFloor: 0, ...initial[slot] }
      slots.set(slot, counters)
    }
    return counters
  }
  return {
    takeSend(slot) {
      const counters = countersOf(slot)
      return counters.send >= 0xffff_ffff ? undefined : counters.send++
    },
    accept(slot, floor, counter) {
      const counters = countersOf(slot)
      const name = floor === 'message' ? 'messageFloor' : 'tokenFloor'
      if (counter < counters[name]) return false
      counters[name] = counter + 1
      return true
    },
    read: (slot) => ({ ...countersOf(slot) }),
    keysChanged(slot) {
      const counters = countersOf(slot)
      counters.messageFloor = 0
      counters.tokenFloor = 0
    },
  }
}
