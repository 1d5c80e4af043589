import { ByteWriter, concatBytes, fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { extendedLogHead, purposes } from '@gridcard/terminal'
import { describe, expect, test } from 'vitest'
import { judgeLog, type LogAnchor, type LogProof, type SealedEntry } from './log-judge.ts'

const domain = ecDomain('P-256')
const scheme = { domain, hash: 'sha256', encoding: 'plain' } as const
const sha256 = (bytes: Uint8Array) => nodeCrypto.sha256(bytes)
const privateKey = nodeCrypto.generateEcPrivateKey(domain)
const cardKey = nodeCrypto.ecPublicKey(domain, privateKey)
const systemTitle = fromHex('4752430100000001')
const nonce = fromHex('000102030405060708090A0B0C0D0E0F')

/** Ten entries, the odd ones of the standard log. */
const entries: readonly SealedEntry[] = Array.from({ length: 10 }, (_, i) => ({
  number: i + 1,
  log: i % 2 === 0 ? 'standard' : 'fraud',
  atMs: 1_780_000_000_000 + 1000 * i,
  code: 2 + i,
}))
const heads = [new Uint8Array(32)]
for (const { number, log, atMs, code } of entries) {
  heads.push(extendedLogHead(heads.at(-1)!, number, sha256(fromAscii(`${log} ${atMs} ${code}`)), sha256).slice())
}
const anchorAt = (number: number): LogAnchor => ({ number, head: toHex(heads[number]!) })

/** As the card signs it; the layout is that of applets/metering/README.md. */
function proof(
  o: {
    readonly number?: number
    readonly entries?: readonly SealedEntry[]
    readonly by?: Uint8Array
    readonly device?: Uint8Array
    readonly nonce?: Uint8Array
  } = {},
): LogProof {
  const number = o.number ?? 10
  const writer = new ByteWriter()
    .bytes(o.device ?? systemTitle)
    .u32(number)
    .bytes(heads[number]!)
    .u32(1_780_000_000)
  const body = writer.bytes(o.nonce ?? nonce).toBytes()
  const signer = nodeCrypto.createEcdsaSigner(scheme, o.by ?? privateKey)
  const seal = concatBytes(body, signer.sign(concatBytes(purposes.logSeal, body)))
  return { nonce, seal, entries: o.entries ?? entries.slice(0, number) }
}
const judged = (given: LogProof, anchors: readonly LogAnchor[] = [], logCapacity = 256) =>
  judgeLog(nodeCrypto, { systemTitle, cardKey, logCapacity, anchors }, given)
/** A log of two is full with these; what it lost is older. */
const fullOfTwo = [entries[0]!, ...entries.slice(6)]

describe('a log is broken', () => {
  test.each<[string, LogProof, readonly LogAnchor[]]>([
    ['with a seal cut off', { ...proof(), seal: proof().seal.slice(1) }, []],
    ['with the seal of another card', proof({ by: nodeCrypto.generateEcPrivateKey(domain) }), []],
    ['with the seal of another meter', proof({ device: fromHex('4752430100000002') }), []],
    ['with a seal of before', proof({ nonce: new Uint8Array(16) }), []],
    ['that was longer before', proof({ number: 4 }), [anchorAt(5)]],
    ['without an entry at the end', proof({ entries: entries.slice(0, 9) }), []],
    ['without an entry in the middle', proof({ entries: entries.toSpliced(4, 1) }), []],
    ['without one at the beginning, when nothing was verified yet', proof({ entries: entries.slice(1) }), []],
    ['with an entry in another log', proof({ entries: entries.with(3, { ...entries[3]!, log: 'disconnector' }) }), []],
    ['with an entry of another time', proof({ entries: entries.with(3, { ...entries[3]!, atMs: 1 }) }), []],
    ['with another event', proof({ entries: entries.with(3, { ...entries[3]!, code: 1 }) }), []],
    ['with an entry that no card has', proof({ entries: [{ ...entries[0]!, number: 0 }, ...entries] }), []],
    ['with one number twice', proof({ entries: [entries[0]!, ...entries] }), []],
    [
      'with a changed entry that was verified long ago',
      proof({ entries: entries.with(1, { ...entries[1]!, code: 9 }) }),
      [anchorAt(8)],
    ],
    ['that lost an old entry without being full', proof({ entries: entries.slice(5) }), [anchorAt(10)]],
  ])('%s', (_, given, anchors) => {
    expect(judged(given, anchors)).toMatchObject({ state: 'broken', reason: expect.any(String) })
  })
})

test('a log that is full has lost old entries, and none since', () => {
  expect(judged(proof({ entries: fullOfTwo }), [anchorAt(7)], 2)).toEqual({ state: 'verified', anchor: anchorAt(10) })
  const strange = { state: 'broken', reason: 'its log is not what its card was given' }
  // of the other log one that is not older than all of the full one
  const standard = fullOfTwo.filter(({ log, number }) => log === 'standard' || number === 10)
  expect(judged(proof({ entries: standard }), [anchorAt(7)], 3)).toMatchObject(strange)
  const changed = fullOfTwo.with(3, { ...fullOfTwo[3]!, code: 0 })
  expect(judged(proof({ entries: changed }), [anchorAt(7)], 2)).toMatchObject(strange)
})

test('a whole log is verified, from its beginning or from what was verified before', () => {
  const verified = { state: 'verified', anchor: anchorAt(10) }
  expect(judged(proof())).toEqual(verified)
  expect(judged(proof(), [anchorAt(4), anchorAt(10)])).toEqual(verified)
  expect(judged({ ...proof({ number: 0 }), entries: [] })).toEqual({ state: 'verified', anchor: anchorAt(0) })
})

test('behind a gap a log can be verified again', () => {
  const gap = judged(proof({ number: 8, entries: entries.slice(6, 8) }), [anchorAt(5)], 1)
  const reason = 'its log does not reach back to what was verified last'
  expect(gap).toEqual({ state: 'broken', reason, anchor: anchorAt(8) })
  const later = proof({ entries: entries.slice(8) })
  expect(judged(later, [anchorAt(5), anchorAt(8)], 1)).toMatchObject({ state: 'verified' })
})
