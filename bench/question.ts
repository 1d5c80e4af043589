/** One named question that the benchmark answers: how many of something per second. */
export interface Question {
  /** Short and stable, for `--only`. */
  readonly name: string
  readonly question: string
  readonly unit: string
  /** What is missing on this machine to answer it; undefined when nothing is. */
  whyNot?(): string | undefined
  prepare(): Promise<PreparedQuestion>
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
