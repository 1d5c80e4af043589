/** One buffer as all the typed arrays that read and write it. */
export interface MemoryViews {
  readonly buffer: ArrayBuffer
  readonly u8: Uint8Array
  readonly i8: Int8Array
  readonly i16: Int16Array
  readonly i32: Int32Array
  readonly view: DataView
}

export function createViews(sizeBytes: number): MemoryViews {
  const buffer = new ArrayBuffer(sizeBytes)
  return {
    buffer,
    u8: new Uint8Array(buffer),
    i8: new Int8Array(buffer),
    i16: new Int16Array(buffer),
    i32: new Int32Array(buffer),
    view: new DataView(buffer),
  }
}

/** What works in a buffer of the pool, and can go on later in another one. */
export interface Tenant {
  readonly sizeBytes: number
  /** In the middle of something: it keeps its buffer. */
  readonly isHeld: boolean
  /** Since the pool last looked. */
  wasUsed: boolean
  /** Gives its buffer back, zero all over. */
  park(): MemoryViews
}

/**
 * Full-size buffers for as many cards as work at the same time. A card that has not been used for some while gives its
 * buffer to another one and keeps only the bytes that it uses: its free memory is most of it (bench, `card-fleet`: 12 KB for
 * each idle metering card instead of 50).
 *
 * Who goes is found by the clock rule: the hand passes over those used since its last round.
 */
export class BufferPool {
  readonly #mostBytes: number
  readonly #free = new Map<number, MemoryViews[]>()
  readonly #awake: Tenant[] = []
  #hand = 0
  /** Of all buffers, free ones too. */
  #bytes = 0

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  take(tenant: Tenant): MemoryViews {
    const { sizeBytes } = tenant
    const free = this.#free.get(sizeBytes)?.pop()
    if (free === undefined && this.#bytes + sizeBytes > this.#mostBytes) {
      const index = this.#findIdle()
      if (index !== undefined) return this.#replace(index, tenant)
    }
    this.#awake.push(tenant)
    if (free !== undefined) return free
    this.#bytes += sizeBytes
    return createViews(sizeBytes)
  }

  /** A tenant that will never come back. */
  giveUp(tenant: Tenant): void {
    const index = this.#awake.indexOf(tenant)
    if (index < 0) return
    this.#awake.splice(index, 1)
    const free = this.#free.get(tenant.sizeBytes) ?? []
    free.push(tenant.park())
    this.#free.set(tenant.sizeBytes, free)
  }

  /** The tenant's buffer is its own from here on. */
  letKeep(tenant: Tenant): void {
    const index = this.#awake.indexOf(tenant)
    if (index < 0) return
    this.#awake.splice(index, 1)
    this.#bytes -= tenant.sizeBytes
  }

  #replace(index: number, tenant: Tenant): MemoryViews {
    const idle = this.#awake[index]!
    const views = idle.park()
    this.#awake[index] = tenant
    if (idle.sizeBytes === tenant.sizeBytes) return views
    this.#bytes += tenant.sizeBytes - idle.sizeBytes
    return createViews(tenant.sizeBytes)
  }

  /** Two rounds: in the second nobody counts as used. */
  #findIdle(): number | undefined {
    for (let i = 0; i < 2 * this.#awake.length; i++) {
      this.#hand = (this.#hand + 1) % this.#awake.length
      const one = this.#awake[this.#hand]!
      if (!one.wasUsed && !one.isHeld) return this.#hand
      one.wasUsed = false
    }
    return undefined
  }
}
