import type { StreetEvent } from './api/schema.ts'

/** What the head-end tells whoever listens, after it is stored. */
export type StreetNews =
  | { readonly type: 'event'; readonly event: StreetEvent }
  /** Something of this meter's summary changed. */
  | { readonly type: 'meter'; readonly serial: string }

export type NewsListener = (news: StreetNews) => void

export interface StreetFeed {
  /** @returns ends the subscription */
  subscribe(listener: NewsListener): () => void
}

/** Hands news to its listeners, in order and at once; a listener that throws is told to `onFault` and stays. */
export class NewsDesk implements StreetFeed {
  readonly #listeners = new Set<NewsListener>()
  readonly #onFault: (error: unknown) => void

  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault
  }

  subscribe(listener: NewsListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  publish(news: StreetNews): void {
    for (const listener of this.#listeners) {
      try {
        listener(news)
      } catch (error) {
        this.#onFault(error)
      }
    }
  }
}
