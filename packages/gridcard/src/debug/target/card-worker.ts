import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { GridcardError } from '@gridcard/bytes'
import { DebugTarget } from './debug-target.ts'
import { type FromTarget, SHARED, type TargetMethod, type TargetSetup, type ToTarget } from './target-api.ts'

/**
 * The thread with the card. While the card stands still this thread sleeps in `Atomics.wait` and wakes for requests; while
 * the card runs it looks at them between instructions, but only if it was asked to.
 */
const port = parentPort!
const { setup, shared } = workerData as { setup: TargetSetup; shared: Int32Array }
/** A thread that nobody wakes looks for itself. */
const LONGEST_SLEEP_MS = 1000

const post = (message: FromTarget) => port.postMessage(message)
const target = new DebugTarget({
  setup,
  emit: post,
  waitForRequests: () => {
    const seen = Atomics.load(shared, SHARED.signal)
    const waiting = receiveMessageOnPort(port)
    if (waiting === undefined) Atomics.wait(shared, SHARED.signal, seen, LONGEST_SLEEP_MS)
    else serve(waiting.message as ToTarget)
  },
  attend: () => {
    if (Atomics.exchange(shared, SHARED.attention, 0) === 0) return
    for (let waiting = receiveMessageOnPort(port); waiting; waiting = receiveMessageOnPort(port)) {
      serve(waiting.message as ToTarget)
    }
    // Whoever asked has set breakpoints everywhere.
    target.rearm()
  },
})
port.on('message', (message: ToTarget) => serve(message))

function serve({ id, method, args }: ToTarget): void {
  try {
    post({ id, result: target.handle(method as TargetMethod, args as never) }) // the client's types match by name
  } catch (error) {
    const { message } = error as Error
    const code = error instanceof GridcardError ? error.code : 'a fault'
    post({ id, error: { message: error instanceof GridcardError ? message : String((error as Error).stack), code } })
  }
}
