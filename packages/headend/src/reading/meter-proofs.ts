import { fromHex } from '@gridcard/bytes'
import type { CryptoProvider } from '@gridcard/crypto'
import type { DlmsClient } from '@gridcard/dlms'
import type { Clock } from '../clock.ts'
import type { SoftwareAuthority, SoftwareVerdict } from '../software/software-authority.ts'
import type { Database } from '../store/database.ts'
import type { NewEvent } from '../store/events.ts'
import { cardSigningKeyOf } from '../store/meter-cards.ts'
import { keepLogAnchor, logAnchorsOf, meterLogOf, recordMeterLog } from '../store/meter-logs.ts'
import { meterSoftwareOf, recordMeterSoftware } from '../store/meter-software.ts'
import type { MeterRow } from '../store/meters.ts'
import { judgeLog, type LogProof, type LogVerdict, meterLogCapacity } from './log-judge.ts'
import { askForLog } from './meter-log.ts'
import { askForQuote, type SoftwareProof } from './meter-software.ts'

/** Simulated time between two proofs: each costs the meter's card a signature. */
const PROOF_PERIOD_MS = 3_600_000
const NONCE_BYTES = 16

export interface MeterProofsOptions {
  readonly db: Database
  readonly clock: Clock
  readonly crypto: CryptoProvider
  /** Without it no software is judged. */
  readonly authority: SoftwareAuthority | undefined
  readonly record: (meter: MeterRow, event: Pick<NewEvent, 'kind' | 'severity' | 'text'>) => Promise<void>
}

/** Nonces for what a meter has to prove on this visit. */
interface DueProofs {
  readonly software: Uint8Array | undefined
  readonly log: Uint8Array | undefined
}

/** What was asked for, and what came; a proof that does not come is as bad as a wrong one: an implant may keep it back. */
export interface AskedProofs {
  software?: { readonly proof: SoftwareProof | undefined }
  log?: { readonly proof: LogProof | undefined }
}

/**
 * What a meter's card proves beside a reading: which software it has started, and that the log is what it was given. Each hour, and
 * as long as the last proof was not good.
 */
export class MeterProofs {
  readonly #options: MeterProofsOptions
  /** When a meter is asked next, as far as the store was looked into. */
  readonly #nextMs = { software: new Map<string, number>(), log: new Map<string, number>() }

  constructor(options: MeterProofsOptions) {
    this.#options = options
  }

  async due(serial: string): Promise<DueProofs> {
    const { db, authority } = this.#options
    const software = await this.#nonceIfDue('software', serial, async () => authority && meterSoftwareOf(db, serial))
    const log = await this.#nonceIfDue('log', serial, async () => {
      if ((await cardSigningKeyOf(db, serial)) === undefined) return undefined
      return (await meterLogOf(db, serial)) ?? { state: 'unknown', checked_at: null }
    })
    return { software, log }
  }

  async #nonceIfDue(
    kind: keyof DueProofs,
    serial: string,
    known: () => Promise<{ readonly state: string; readonly checked_at: Date | null } | undefined>,
  ): Promise<Uint8Array | undefined> {
    const { clock, crypto } = this.#options
    const next = this.#nextMs[kind]
    if (clock.nowMs() < (next.get(serial) ?? 0)) return undefined
    const last = await known()
    if (last === undefined) return undefined
    const nextMs = last.state === 'verified' ? (last.checked_at?.getTime() ?? 0) + PROOF_PERIOD_MS : 0
    next.set(serial, nextMs)
    return clock.nowMs() < nextMs ? undefined : crypto.randomBytes(NONCE_BYTES)
  }

  /** Fills `asked` as the answers come: they prove themselves, and count also where nothing else could be read. */
  async ask(client: DlmsClient, { software, log }: DueProofs, asked: AskedProofs): Promise<void> {
    if (software !== undefined) asked.software = { proof: await askForQuote(client, software) }
    if (log !== undefined) asked.log = { proof: await askForLog(client, log) }
  }

  async judge(meter: MeterRow, { software, log }: AskedProofs): Promise<void> {
    if (software !== undefined) await this.#judgeSoftware(meter, software.proof)
    if (log !== undefined) await this.#judgeLog(meter, log.proof)
  }

  /** The meter starts again, with other software. */
  forget(serial: string): void {
    this.#nextMs.software.delete(serial)
  }

  async #judgeSoftware(meter: MeterRow, proof: SoftwareProof | undefined): Promise<void> {
    const { authority, db, clock, record } = this.#options
    const { serial } = meter
    const known = authority && (await meterSoftwareOf(db, serial))
    if (authority === undefined || known === undefined) return
    const quoted = {
      systemTitle: fromHex(meter.system_title),
      attestationKey: fromHex(known.attestation_key),
      boots: Number(known.boots ?? 0),
      events: Number(known.events ?? 0),
    }
    const verdict: SoftwareVerdict =
      proof === undefined
        ? { state: 'refused', reason: 'it gives no quote of its software' }
        : authority.judge(quoted, proof.nonce, proof.quote, proof.eventHead)
    const at = new Date(clock.nowMs())
    const isNews = known.state !== verdict.state
    if (verdict.state === 'verified') {
      const { version, boots, events } = verdict
      const counters = { boots: BigInt(boots), events: BigInt(events) }
      const facts = { reason: null, version, checked_at: at, verified_at: at, ...counters }
      await recordMeterSoftware(db, serial, { state: 'verified', ...facts })
      if (isNews)
        await record(meter, { kind: 'software.verified', severity: 'info', text: `Software ${version} verified` })
      return
    }
    const { reason } = verdict
    await recordMeterSoftware(db, serial, { state: 'refused', reason, checked_at: at })
    if (isNews || known.reason !== reason)
      await record(meter, { kind: 'software.refused', severity: 'alarm', text: `Software not verified: ${reason}` })
  }

  async #judgeLog(meter: MeterRow, proof: LogProof | undefined): Promise<void> {
    const { db, clock, crypto, record } = this.#options
    const { serial } = meter
    const cardKey = await cardSigningKeyOf(db, serial)
    if (cardKey === undefined) return
    const known = await meterLogOf(db, serial)
    const anchors = await logAnchorsOf(db, serial)
    const logging = {
      systemTitle: fromHex(meter.system_title),
      cardKey: fromHex(cardKey),
      logCapacity: meterLogCapacity,
      anchors,
    }
    const verdict: LogVerdict =
      proof === undefined
        ? { state: 'broken', reason: 'it gives no seal of its log' }
        : judgeLog(crypto, logging, proof)
    const at = new Date(clock.nowMs())
    if (verdict.anchor !== undefined) await keepLogAnchor(db, serial, verdict.anchor)
    if (verdict.state === 'verified') {
      const facts = { reason: null, checked_at: at, verified_at: at, entries: BigInt(verdict.anchor.number) }
      await recordMeterLog(db, serial, { state: 'verified', ...facts })
      if (known?.state !== 'verified')
        await record(meter, { kind: 'log.verified', severity: 'info', text: 'Its log is what its card has sealed' })
      return
    }
    const { reason } = verdict
    await recordMeterLog(db, serial, { state: 'broken', reason, checked_at: at })
    if (known?.reason !== reason)
      await record(meter, { kind: 'log.broken', severity: 'alarm', text: `Its log cannot be trusted: ${reason}` })
  }
}
