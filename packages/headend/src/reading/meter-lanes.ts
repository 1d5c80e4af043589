import PQueue from 'p-queue'
import { HeadendError } from '../errors.ts'
import { SessionAborted } from './session-failure.ts'

export interface LaneOptions {
  /** Sessions at once, over all meters. */
  readonly concurrency: number
  /** Jobs waiting or running per meter; more are refused. */
  readonly maxPerMeter: number
}

export interface LaneJob<T> {
  readonly serial: string
  /** A person waits for it: goes before what the schedule asked for. */
  readonly isUrgent: boolean
  run(signal: AbortSignal): Promise<T>
}

/** One session at a time with each meter, and so many at once in all. */
export class MeterLanes {
  readonly #lanes = new Map<string, PQueue>()
  readonly #sessions: PQueue
  readonly #maxPerMeter: number
  readonly #closing = new AbortController()

  constructor(options: LaneOptions) {
    this.#sessions = new PQueue({ concurrency: options.concurrency })
    this.#maxPerMeter = options.maxPerMeter
  }

  /** @throws HeadendError `HEADEND_METER_BUSY`, and SessionAborted after `close` */
  async add<T>({ serial, isUrgent, run }: LaneJob<T>): Promise<T> {
    const { signal } = this.#closing
    if (signal.aborted) throw new SessionAborted()
    const lane = this.#lanes.get(serial) ?? new PQueue({ concurrency: 1 })
    if (lane.size + lane.pending >= this.#maxPerMeter) {
      throw new HeadendError('HEADEND_METER_BUSY', `too much is waiting for ${serial} already`, { serial })
    }
    this.#lanes.set(serial, lane)
    const priority = isUrgent ? 1 : 0
    const job = async () => {
      if (signal.aborted) throw new SessionAborted()
      return run(signal)
    }
    try {
      // The lane first: who waits for his own meter takes no place from another's.
      return await lane.add(() => this.#sessions.add(job, { priority }), { priority })
    } finally {
      if (lane.size + lane.pending === 0) this.#lanes.delete(serial)
    }
  }

  /** Aborts what runs, refuses what waits, and resolves when all have ended. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([...this.#lanes.values()].map((lane) => lane.onIdle()))
    await this.#sessions.onIdle()
  }
}
