import { Worker } from 'node:worker_threads'
import { OPERATION } from '@gridcard/card/monitor'
import { DebugError } from './errors.ts'
import {
  type FromTarget,
  SHARED,
  type TargetApi,
  type TargetEvent,
  type TargetMethod,
  type TargetSetup,
  type ToTarget,
} from './target/target-api.ts'

/** While the card runs, breakpoints set everywhere may be taken away by the card's thread at the same moment: ask again. */
const ASK_AGAIN_MS = 20

/** The card in its own thread, seen from here. */
export class TargetClient {
  readonly #worker: Worker
  readonly #shared = new Int32Array(new SharedArrayBuffer(4 * SHARED.words))
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  readonly #codes: { readonly words: Int32Array; readonly starts: Int32Array }[] = []
  #nextId = 1
  #hasEnded = false

  constructor(setup: TargetSetup, onEvent: (event: TargetEvent) => void) {
    // Packed for npm, this file and the worker's are JavaScript.
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    this.#worker = new Worker(new URL(`./target/card-worker.${ending}`, import.meta.url), {
      workerData: { setup, shared: this.#shared },
    })
    this.#worker.on('message', (message: FromTarget) => {
      if (!('event' in message)) this.#settle(message)
      else if (message.event === 'code') this.#codes.push(message)
      else onEvent(message)
    })
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', () => this.#fail(new DebugError('GRIDCARD_DEBUG_ENDED', 'the card is gone')))
  }

  /** Does not wait for a command that is running: it is served between two instructions, or while the card stands still. */
  request<M extends TargetMethod>(method: M, args: TargetApi[M][0]): Promise<TargetApi[M][1]> {
    if (this.#hasEnded) return Promise.reject(new DebugError('GRIDCARD_DEBUG_ENDED', 'the card is gone'))
    const id = this.#nextId++
    const message: ToTarget = { id, method, args }
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.#worker.postMessage(message)
      Atomics.add(this.#shared, SHARED.signal, 1)
      Atomics.notify(this.#shared, SHARED.signal)
    })
  }

  /** As `request`, and a card that is in the middle of a command looks at once. */
  async interrupt<M extends TargetMethod>(method: M, args: TargetApi[M][0]): Promise<TargetApi[M][1]> {
    const answer = this.request(method, args)
    let isAnswered = false
    void Promise.allSettled([answer]).finally(() => {
      isAnswered = true
    })
    while (!isAnswered) {
      Atomics.store(this.#shared, SHARED.attention, 1)
      for (const { words, starts } of this.#codes) for (const pc of starts) words[pc] = OPERATION.breakpoint
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS))
    }
    return answer
  }

  /** Takes the power away, whatever the card is doing. */
  async end(): Promise<void> {
    this.#hasEnded = true
    await this.#worker.terminate()
  }

  #settle(message: Exclude<FromTarget, TargetEvent>): void {
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if ('error' in message) waiting?.reject(new DebugError('GRIDCARD_DEBUG_REFUSED', message.error.message))
    else waiting?.resolve(message.result)
  }

  #fail(error: Error): void {
    this.#hasEnded = true
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
