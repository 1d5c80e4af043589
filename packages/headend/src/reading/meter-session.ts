import type { CryptoProvider } from '@gridcard/crypto'
import { DlmsClient, DlmsError, type DlmsTransport, SoftwareSecurityModule } from '@gridcard/dlms'
import type { MeterCounters } from '../counters/meter-counters.ts'
import { type MeterKeys, wipeKeys } from '../keys/key-store.ts'
import { failureOf, SessionAborted } from './session-failure.ts'

export interface MeterTarget {
  readonly host: string
  readonly port: number
  readonly clientSap: number
  readonly serverSap: number
  readonly systemTitle: Uint8Array
}

/** `connectWrapperTcp` of the dlms room, or whatever leads to meters elsewhere. */
export type ConnectMeter = (address: {
  readonly host: string
  readonly port: number
  readonly clientSap: number
  readonly serverSap: number
  readonly timeoutMs: number
}) => Promise<DlmsTransport>

export interface MeterSessionOptions {
  readonly target: MeterTarget
  readonly connect: ConnectMeter
  readonly crypto: CryptoProvider
  /** The head-end's own, 8 bytes. */
  readonly systemTitle: Uint8Array
  /** Wiped at the end. */
  readonly keys: MeterKeys
  readonly counters: MeterCounters
  /** For connecting and for each answer. */
  readonly answerTimeoutMs: number
  /** For all of it: a meter that answers each time at the last moment would hold us for days. */
  readonly sessionTimeoutMs: number
  readonly signal: AbortSignal
}

/** The one key set of a session's own security module. */
const SLOT = 0

/**
 * One visit: connect, associate with HLS-GMAC, `work`, release; closed in any case. What `work` returns is given out only
 * after the meter proved itself, every message was authentic, and the counters it used up are durable.
 *
 * @throws DlmsError, HeadendError, SessionAborted; `failureOf` tells them apart
 */
export async function withMeterSession<T>(
  options: MeterSessionOptions,
  work: (client: DlmsClient) => Promise<T>,
): Promise<T> {
  const { target, keys, counters, signal } = options
  const aborted = rejectAtEnd(signal, options.sessionTimeoutMs)
  let transport: DlmsTransport | undefined
  try {
    const connecting = options.connect({ ...target, timeoutMs: options.answerTimeoutMs })
    // Whoever comes after the end is sent away.
    connecting.then(
      (late) => aborted.isOver() && late.close(),
      () => {},
    )
    const open = await Promise.race([connecting, aborted.promise])
    transport = open
    const client = new DlmsClient({
      transport: { send: (apdu) => Promise.race([open.send(apdu), aborted.promise]) },
      mechanism: 'hls-gmac',
      slot: SLOT,
      serverSystemTitle: target.systemTitle,
      security: new SoftwareSecurityModule({
        crypto: options.crypto,
        systemTitle: options.systemTitle,
        counters,
        slots: (slot) => (slot === SLOT ? { ...keys, peerSystemTitle: target.systemTitle } : undefined),
      }),
    })
    await client.associate()
    const outcome = await work(client)
    await releaseGently(client)
    await counters.saveFloors()
    return outcome
  } finally {
    aborted.stop()
    transport?.close()
    wipeKeys(keys)
  }
}

/** A meter that hangs up instead of a good-bye has still said all that was asked; one that says it wrong has not. */
async function releaseGently(client: DlmsClient): Promise<void> {
  try {
    await client.release()
  } catch (error) {
    if (failureOf(error).kind !== 'unreachable') throw error
  }
}

/** Rejects when the head-end closes or the time is over. */
function rejectAtEnd(
  signal: AbortSignal,
  timeoutMs: number,
): { readonly promise: Promise<never>; isOver(): boolean; stop(): void } {
  const { promise, reject } = Promise.withResolvers<never>()
  let isOver = false
  const end = (error: Error) => {
    isOver = true
    reject(error)
  }
  const onAbort = () => end(new SessionAborted())
  const timer = setTimeout(() => end(new DlmsError('DLMS_TIMEOUT', 'the session took too long')), timeoutMs)
  // Nobody may be waiting just then.
  promise.catch(() => {})
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return {
    promise,
    isOver: () => isOver,
    stop() {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    },
  }
}
