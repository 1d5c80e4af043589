/**
 * One registration for changes, good for one signal. From 4:6 on the client asks for the state array after it registered; a
 * signal in between would be read as the size of the array, so it is held back until the array went out.
 */
export class StateChangeWait {
  #isHeldBack: boolean
  #held: number | undefined

  constructor(options: { readonly isHeldBack: boolean }) {
    this.#isHeldBack = options.isHeldBack
  }

  /** @returns what to send now, which ends the wait; undefined while it is held back */
  signal(rv: number): Uint8Array | undefined {
    if (!this.#isHeldBack) return emitSignal(rv)
    this.#held = rv
    return undefined
  }

  /** The array went out. @returns the signal that was held back, which ends the wait */
  letGo(): Uint8Array | undefined {
    this.#isHeldBack = false
    return this.#held === undefined ? undefined : emitSignal(this.#held)
  }
}

/** Time-out, which is always 0, and outcome. */
function emitSignal(rv: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setUint32(4, rv, true)
  return bytes
}
