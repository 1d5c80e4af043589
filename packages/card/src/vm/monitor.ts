import type { LinkedMethod, LinkedPackage } from './link/linked-package.ts'
import type { Machine, PackageInstance } from './machine.ts'

/**
 * Watches a card run: a debugger, a recorder of coverage, a tracer. A card without one runs the shared code and pays
 * nothing; with one it runs what `codeOf` gives, and wherever that holds `OPERATION.breakpoint` the monitor is asked.
 *
 * Calls come from the middle of the interpreter: a monitor may read everything and take its time, and changes nothing
 * but words of its own copy of the code, cells of RAM, and persistent cells through the memory's methods. What it throws
 * goes up through `Card.transmit` and leaves the card in the middle of things: open its image again.
 */
export interface Monitor {
  /** What this card runs of a package, for as long as it is on the card: `linked.code`, or a copy of it. */
  codeOf(linked: LinkedPackage): Int32Array
  /**
   * A breakpoint was reached; nothing of the instruction has happened yet.
   * @returns the word to run in its place
   */
  reached(machine: Machine, at: CodePosition): number
  /** An exception is on its way: made by the instruction before `at.pc`, or come out of a native method. */
  raised?(machine: Machine, at: CodePosition, thrown: number): void
  /** The machine stops for good in this command; `machine.halted` tells why. */
  halting?(machine: Machine, at: CodePosition): void
  /** A native method begins; until it returns `at` is where the frame stands that called it. */
  callingNative?(machine: Machine, at: CodePosition, method: LinkedMethod): void
}

/** Where the interpreter stands in the innermost frame. A fresh object each time. */
export interface CodePosition {
  readonly instance: PackageInstance
  /** Word of the instruction in the package's code. */
  readonly pc: number
  /** First free word of the operand stack, and first local, as indices in `i16`. */
  readonly sp: number
  readonly fp: number
  /** Control record of the frame, as an index in `i32`; see `CONTROL` */
  readonly control: number
}

/** Fields of a control record, as offsets in `i32`. A frame: locals, control record, operand stack. */
export const CONTROL = {
  /** Word to go on with; `TO_HOST` in the outermost frame of a call. */
  returnPc: 0,
  /** First local of the caller (24), its owner (8). */
  callerFpAndOwner: 1,
  /** Control record of the caller (24), slot of its package (8). */
  callerControlAndSlot: 2,
} as const
/** Words of a control record in `i16`. */
export const CONTROL_WORDS = 6
/** Return pc of the outermost frame of a call. */
export const TO_HOST = -1
export const POINTER_MASK = 0xff_ffff
