/** What has to be undone at the end: last first, each step whatever became of the others, once. */
export class Ending {
  readonly #steps: (() => unknown)[] = []
  #done: Promise<void> | undefined

  add(step: () => unknown): void {
    this.#steps.push(step)
  }

  /** @throws the first error of a step, after all of them ran */
  run(): Promise<void> {
    this.#done ??= this.#undo()
    return this.#done
  }

  async #undo(): Promise<void> {
    const errors: unknown[] = []
    for (const step of this.#steps.toReversed()) {
      try {
        await step()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0]
  }
}
