import { fromAscii } from '@gridcard/bytes'
import { type CosemData, type CosemObject, cosem, dataObject } from '@gridcard/dlms'
import { type EventSealing, type SealedEvent, sealedText, stillPending } from '../software/event-sealing.ts'
import type { EventLogName, LoggedEvent } from './event-log.ts'
import type { LogSealer } from './log-sealer.ts'

/** Maker's own: a nonce goes in; the seal of the card and the entries that it is about come out. */
export const sealedLogLogicalName = '0.128.96.4.0.255'

/** How logs are told in the list of entries. */
export const sealedLogNumbers: Readonly<Record<EventLogName, number>> = { standard: 0, fraud: 1, disconnector: 2 }

const NONCE_BYTES = 16

/**
 * The log of a meter as its card has it: each event goes in once, in order. For who asks, the meter tells the entries that are still in its
 * logs, by their number in the chain, beside the seal over all of them.
 */
export class SealedLog {
  readonly #sealer: LogSealer
  #known: number | undefined
  #nonce: Uint8Array | undefined
  #tail: Promise<unknown> = Promise.resolve()

  constructor(sealer: LogSealer) {
    this.#sealer = sealer
  }

  /** Gives the card the events it has not seen. @returns how many it has then, if it says so */
  enter(sealing: EventSealing): Promise<number | undefined> {
    return this.#inTurn(async () => {
      this.#known ??= await this.#sealer.entries()
      if (this.#known === undefined) return undefined
      for (const event of stillPending(sealing, this.#known).pending) {
        if (!(await this.#sealer.extend(await digestOf(event)))) {
          this.#known = undefined // whether it got there is known when the card answers again
          return undefined
        }
        this.#known++
      }
      return this.#known
    })
  }

  /** The card is off: what it has is asked again. */
  async powerDown(): Promise<void> {
    await this.#tail
    this.#known = undefined
    this.#nonce = undefined
  }

  object(o: { nowMs(): number; log(name: EventLogName): readonly LoggedEvent[] }): CosemObject {
    return dataObject({
      logicalName: sealedLogLogicalName,
      write: (value) => {
        if (value.type !== 'octet-string' || value.value.length !== NONCE_BYTES) return { refused: 'type-unmatched' }
        this.#nonce = value.value.slice()
        return undefined
      },
      value: () =>
        this.#inTurn(async () => {
          const nonce = this.#nonce
          this.#nonce = undefined
          if (nonce === undefined) return { refused: 'temporary-failure' }
          const seal = await this.#sealer.seal(Math.floor(o.nowMs() / 1000), nonce)
          if (seal === undefined) return { refused: 'temporary-failure' }
          return cosem.structure(cosem.octetString(seal), cosem.array(entriesOf(o.log, this.#known ?? 0)))
        }),
    })
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(act)
    this.#tail = turn.catch(() => {})
    return turn
  }
}

/** All but those that the card has not seen yet, by number; 0 is an entry of no chain. */
function entriesOf(entries: (log: EventLogName) => readonly LoggedEvent[], known: number): CosemData[] {
  const names = Object.keys(sealedLogNumbers) as EventLogName[]
  return names
    .flatMap((log) => entries(log).map(({ atMs, code, number = 0 }) => ({ log, atMs, code, number })))
    .filter(({ number }) => number <= known)
    .toSorted((a, b) => a.number - b.number)
    .map(({ log, atMs, code, number }) =>
      cosem.structure(
        cosem.doubleLongUnsigned(number),
        cosem.enumeration(sealedLogNumbers[log]),
        cosem.long64Unsigned(BigInt(atMs)),
        cosem.unsigned(code),
      ),
    )
}

async function digestOf(event: SealedEvent): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(fromAscii(sealedText(event)))))
}
