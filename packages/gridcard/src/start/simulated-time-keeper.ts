/** How far ahead of real time the reservation reaches, real milliseconds. */
export const reservationRealMs = 20_000

/**
 * Makes sure that simulated time never runs backwards over a restart, also after a kill: the street's record always holds a
 * time that was not reached yet, and the next start begins no earlier.
 */
export class SimulatedTimeKeeper {
  readonly #nowMs: () => number
  readonly #speed: number
  readonly #save: (timeReservedMs: number) => void
  readonly #timer: NodeJS.Timeout

  constructor(options: { nowMs: () => number; speed: number; save: (timeReservedMs: number) => void }) {
    this.#nowMs = options.nowMs
    this.#speed = options.speed
    this.#save = options.save
    this.#reserve()
    this.#timer = setInterval(() => this.#reserve(), reservationRealMs / 2)
    this.#timer.unref()
  }

  #reserve(): void {
    this.#save(Math.ceil(this.#nowMs() + reservationRealMs * this.#speed))
  }

  /** A clean stop gives back what was reserved and not used. */
  close(): void {
    clearInterval(this.#timer)
    this.#save(Math.ceil(this.#nowMs()))
  }
}
