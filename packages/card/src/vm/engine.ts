import type { LinkedMethod } from './link/linked-package.ts'
import type { Machine } from './machine.ts'

/** Something that runs prepared code. All engines pass one suite, instruction by instruction. */
export interface Engine {
  readonly name: string
  /**
   * Runs a method to its end, as the given owner.
   *
   * @param args argument words, `this` first
   * @returns what the method returns (a reference as its handle, 0..65535); meaningless if `machine.thrown` is an
   *   exception that no frame of the call caught, or if `machine.halted` is set
   */
  invoke(machine: Machine, method: LinkedMethod, owner: number, args: readonly number[]): number
}
