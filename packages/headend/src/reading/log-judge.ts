import { equalBytes, fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { type CryptoProvider, ecDomain } from '@gridcard/crypto'
import { extendedLogHead, type LogSeal, parseLogSeal } from '@gridcard/terminal'
import type { MeterLog } from './event-codes.ts'

const scheme = { domain: ecDomain('P-256'), hash: 'sha256', encoding: 'plain' } as const
const HEAD_BYTES = 32

/** An entry of a meter's log, and its place in the chain of its card; the first one is 1. */
export interface SealedEntry {
  readonly number: number
  readonly log: MeterLog
  readonly atMs: number
  readonly code: number
}

/** What a meter gives for one nonce. Nothing of it is judged yet. */
export interface LogProof {
  readonly nonce: Uint8Array
  readonly seal: Uint8Array
  readonly entries: readonly SealedEntry[]
}

/** A head of the chain that the card has signed for. */
export interface LogAnchor {
  readonly number: number
  /** Hex. */
  readonly head: string
}

/** Entries that each log of a meter holds; the meters agree. */
export const meterLogCapacity = 256

/** Before the first entry. */
const origin: LogAnchor = { number: 0, head: '00'.repeat(HEAD_BYTES) }

export interface LoggingMeter {
  readonly systemTitle: Uint8Array
  /** Point of the key with which its card signs. */
  readonly cardKey: Uint8Array
  /** Entries that each of its logs holds; the oldest gives way. */
  readonly logCapacity: number
  /** Heads that were signed for before, in order. */
  readonly anchors: readonly LogAnchor[]
}

export type LogVerdict =
  | { readonly state: 'verified'; readonly anchor: LogAnchor }
  /** With an anchor the seal itself is good: what comes behind it can be verified again. */
  | { readonly state: 'broken'; readonly reason: string; readonly anchor?: LogAnchor }

/**
 * Whether the entries are those that the card was given, all of them, in order: from the oldest one that hangs together with the end, the
 * chain is counted again, beginning at a head that was signed for before.
 */
export function judgeLog(crypto: CryptoProvider, meter: LoggingMeter, proof: LogProof): LogVerdict {
  const broken = (reason: string, anchor?: LogAnchor): LogVerdict => ({
    state: 'broken',
    reason,
    ...(anchor && { anchor }),
  })
  let seal: LogSeal
  try {
    seal = parseLogSeal(proof.seal, proof.nonce.length)
  } catch {
    return broken('what it gave is no seal of a card')
  }
  const verifier = crypto.createEcdsaVerifier(scheme, meter.cardKey)
  if (!verifier.verify(seal.signed, seal.signature)) return broken('the seal is not signed by its card')
  if (!equalBytes(seal.device, meter.systemTitle)) return broken('the seal is of another meter')
  if (!equalBytes(seal.nonce, proof.nonce)) return broken('the seal is not of now')
  const last = meter.anchors.at(-1) ?? origin
  const anchor = { number: seal.number, head: toHex(seal.head) }
  if (seal.number < last.number) return broken('entries of its log were sealed before and are not any more')
  const strange = 'its log is not what its card was given'
  if (!isRising(proof.entries)) return broken(strange, anchor)
  const tail = entriesToEnd(proof.entries, seal.number)
  const first = seal.number - tail.length
  if (first >= firstDueOf(proof.entries, meter.logCapacity)) return broken(strange, anchor)
  if (last.number < first) return broken('its log does not reach back to what was verified last', anchor)
  const start = [origin, ...meter.anchors].find(({ number }) => number >= first) ?? last
  const sha256 = (bytes: Uint8Array) => crypto.sha256(bytes)
  let head = fromHex(start.head)
  for (const entry of tail.slice(start.number - first)) {
    head = extendedLogHead(head, entry.number, sha256(fromAscii(textOf(entry))), sha256)
  }
  if (!equalBytes(head, seal.head)) return broken(strange, anchor)
  return { state: 'verified', anchor }
}

/** An entry of no number, or of one that another has, is none of the chain. */
const isRising = (entries: readonly SealedEntry[]): boolean =>
  entries.every(({ number }, i) => number > (entries[i - 1]?.number ?? 0))

/**
 * The number from which on every entry has to be there. A log that is not full has lost none; one that is has lost older ones than it
 * has.
 */
function firstDueOf(entries: readonly SealedEntry[], capacity: number): number {
  const ofLogs = Map.groupBy(entries, ({ log }) => log)
  const oldest = [...ofLogs.values()].flatMap((log) => (log.length >= capacity ? [log[0]!.number] : []))
  return Math.max(1, ...oldest)
}

/** The longest run of numbers that ends with the last one. */
function entriesToEnd(entries: readonly SealedEntry[], last: number): readonly SealedEntry[] {
  let from = entries.length
  let expected = last
  while (from > 0 && entries[from - 1]!.number === expected) {
    from--
    expected--
  }
  return entries.slice(from)
}

/** What was entered of an event: its log, its time in ms, its code; the meters agree. */
const textOf = ({ log, atMs, code }: SealedEntry): string => `${log} ${atMs} ${code}`
