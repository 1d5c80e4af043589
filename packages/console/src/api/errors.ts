export type ConsoleErrorCode = 'CONSOLE_HEADEND_UNREACHABLE' | 'CONSOLE_UNEXPECTED_ANSWER'

/**
 * A request to the head-end that brought no usable answer. `code` is one of ours, or the head-end's own (`HEADEND_...`)
 * when it answered with a problem. The console may import only the head-end's types, so this is not a GridcardError.
 */
export class HeadendRequestError extends Error {
  readonly code: string
  /** HTTP status; undefined when there was no answer at all. */
  readonly status: number | undefined

  constructor(code: ConsoleErrorCode | (string & {}), message: string, status?: number, options?: ErrorOptions) {
    super(message, options)
    this.name = 'HeadendRequestError'
    this.code = code
    this.status = status
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof HeadendRequestError && error.status === 404

/** The sentence to show for anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
