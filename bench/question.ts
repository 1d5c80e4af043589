/** One named question that the benchmark answers. */
export type Question = RateQuestion | WeighedQuestion

interface NamedQuestion {
  /** Short and stable, for `--only`. */
  readonly name: string
  readonly question: string
  readonly unit: string
  /** What is missing on this machine to answer it; undefined when nothing is. */
  whyNot?(): string | undefined
}

/** How many of something per second. */
export interface RateQuestion extends NamedQuestion {
  prepare(): Promise<PreparedQuestion>
}

/** How much of something; answered once. */
export interface WeighedQuestion extends NamedQuestion {
  /** Throws if what is weighed does not work. */
  weigh(): number | Promise<number>
}

export interface PreparedQuestion {
  /** Throws if the result is wrong. Called before anything is timed. */
  verify(): void | Promise<void>
  /** Does a batch, at least some milliseconds of it, and says how many units that were. */
  run(): number | Promise<number>
  /** Said beside the result, after the last batch. */
  note?(): string
  close?(): void | Promise<void>
}
