import type { ByteStream, Timer } from '../src/index.ts'

/** Chances, 0..1, that a frame (one `write`) meets this. */
export interface LineFaults {
  readonly loss: number
  readonly duplication: number
  /** Arrives after the frame behind it. */
  readonly swap: number
  /** One bit flipped. */
  readonly corruption: number
}

export interface LineTally {
  sent: number
  lost: number
}

interface Task {
  readonly atMs: number
  readonly number: number
  readonly act: () => void
}

class LineEnd implements ByteStream {
  readonly write: (bytes: Uint8Array) => void
  readonly close: () => void
  readonly #listeners: ((chunk: Uint8Array) => void)[] = []
  closeListener: (cause?: unknown) => void = () => {}

  constructor(write: (bytes: Uint8Array) => void, close: () => void) {
    this.write = write
    this.close = close
  }

  /** Several meters may hang on one line. */
  onBytes(listener: (chunk: Uint8Array) => void): void {
    this.#listeners.push(listener)
  }

  deliver(chunk: Uint8Array): void {
    for (const listener of this.#listeners) listener(chunk)
  }

  onClose(listener: (cause?: unknown) => void): void {
    this.closeListener = listener
  }
}

/** Two ends of a line on simulated time; all chance comes from the seed. */
export class SimulatedLine {
  readonly near: ByteStream
  readonly far: ByteStream
  readonly timer: Timer
  readonly tally: LineTally = { sent: 0, lost: 0 }
  readonly #faults: LineFaults
  #random: number
  #nowMs = 0
  #tasks: Task[] = []
  #taskNumber = 0
  #isClosed = false

  constructor(seed: number, faults: LineFaults) {
    this.#faults = faults
    this.#random = seed
    const near = new LineEnd(
      (bytes) => this.#carry(bytes, far),
      () => close(),
    )
    const far = new LineEnd(
      (bytes) => this.#carry(bytes, near),
      () => close(),
    )
    const close = () => {
      if (this.#isClosed) return
      this.#isClosed = true
      near.closeListener()
      far.closeListener()
    }
    this.near = near
    this.far = far
    this.timer = { nowMs: () => this.#nowMs, after: (delayMs, act) => this.#after(delayMs, act) }
  }

  /** Lets time pass until `promise` has its value. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let isDone = false
    const watched = promise.finally(() => {
      isDone = true
    })
    watched.catch(() => {})
    for (;;) {
      // Everything that needs no time first: the crypto and the server work in promises.
      for (let i = 0; i < 100; i++) await Promise.resolve()
      if (isDone) return watched
      const next = this.#tasks.toSorted((a, b) => a.atMs - b.atMs || a.number - b.number)[0]
      if (next === undefined) throw new Error('nothing left that could happen')
      this.#tasks = this.#tasks.filter((task) => task !== next)
      this.#nowMs = next.atMs
      next.act()
    }
  }

  #after(delayMs: number, act: () => void): () => void {
    const task = { atMs: this.#nowMs + delayMs, number: this.#taskNumber++, act }
    this.#tasks.push(task)
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== task)
    }
  }

  #carry(bytes: Uint8Array, to: LineEnd): void {
    const { loss, duplication, swap, corruption } = this.#faults
    this.tally.sent++
    if (this.#chance(loss)) {
      this.tally.lost++
      return
    }
    const copy = bytes.slice()
    if (this.#chance(corruption)) {
      const bit = Math.floor(this.#next() * copy.length * 8)
      copy[bit >> 3]! ^= 0x80 >> (bit & 7)
    }
    const delayMs = this.#chance(swap) ? 8 : 5
    this.#after(delayMs, () => this.#isClosed || to.deliver(copy))
    if (this.#chance(duplication)) this.#after(delayMs + 1, () => this.#isClosed || to.deliver(copy))
  }

  /** Drawn only where there is a chance at all, so that one fault's numbers do not depend on another's. */
  #chance(probability: number): boolean {
    return probability > 0 && this.#next() < probability
  }

  /** xorshift32. */
  #next(): number {
    this.#random ^= this.#random << 13
    this.#random ^= this.#random >>> 17
    this.#random ^= this.#random << 5
    return (this.#random >>> 0) / 0x1_0000_0000
  }
}
