import { concatBytes, equalBytes, fromAscii } from '@gridcard/bytes'
import { ecDomain } from '@gridcard/crypto'
import { nodeCrypto } from '@gridcard/crypto/node'
import { type Meter, memoryDeviceStore, sealedLogLogicalName, sealedLogNumbers } from '@gridcard/devices'
import { cosem, type DlmsClient, numberOf } from '@gridcard/dlms'
import { extendedLogHead, type LogSeal, parseLogSeal } from '@gridcard/terminal'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { MeterBench, nowMs } from './support/meter-bench.ts'
import {
  headendModule,
  type MeteringCardFixture,
  makeMeteringCard,
  meteringModule,
  readerOf,
} from './support/metering-card.ts'

const scheme = { domain: ecDomain('P-256'), hash: 'sha256', encoding: 'plain' } as const
const sealedLog = { classId: 1, logicalName: sealedLogLogicalName, attributeIndex: 2 }
const nonce = nodeCrypto.randomBytes(16)
const sha256 = (bytes: Uint8Array) => nodeCrypto.sha256(bytes)

let card: MeteringCardFixture
let bench: MeterBench
let reader: ReturnType<typeof readerOf>
let headend: ReturnType<typeof headendModule>['module']
let meter: Meter
let client: DlmsClient
beforeAll(async () => {
  card = await makeMeteringCard(new MeterBench().identity, 0)
})
const start = async () => {
  meter = await bench.started({ identity: card.identity, element: meteringModule(card, reader.link) })
  client = await bench.managementClient(meter, headend)
}
beforeEach(async () => {
  bench = new MeterBench(memoryDeviceStore())
  reader = readerOf(card)
  headend = headendModule(card).module
  await start()
})
afterEach(() => bench.close())

interface Entry {
  readonly number: number
  readonly log: string
  readonly atMs: number
  readonly code: number
}

async function asked(): Promise<{ seal: LogSeal; entries: Entry[] }> {
  await client.set(sealedLog, cosem.octetString(nonce))
  const answer = await client.get(sealedLog)
  const [seal, list] = answer.type === 'structure' ? answer.value : []
  if (seal?.type !== 'octet-string' || list?.type !== 'array') throw new Error('no seal')
  const names = Object.keys(sealedLogNumbers)
  const entries = list.value.map((entry) => {
    const [number, log, atMs, code] = entry.type === 'structure' ? entry.value.map(numberOf) : []
    return { number: number!, log: names[log!]!, atMs: atMs!, code: code! }
  })
  return { seal: parseLogSeal(seal.value, nonce.length), entries }
}

/** As anyone counts who has the entries: does the chain end at the head that the card has signed? */
function isWhole({ seal, entries }: { seal: LogSeal; entries: readonly Entry[] }): boolean {
  const head = entries.reduce<Uint8Array>(
    (before, { number, log, atMs, code }) =>
      extendedLogHead(before, number, sha256(fromAscii(`${log} ${atMs} ${code}`)), sha256),
    new Uint8Array(32),
  )
  return entries.length === seal.number && equalBytes(head, seal.head)
}

describe('the seal over the log', () => {
  it('is not given without a nonce of 16 octets, nor twice for one', async () => {
    await expect(client.get(sealedLog)).rejects.toMatchObject({ code: 'DLMS_ACCESS_REFUSED' })
    for (const length of [0, 15, 17]) {
      await expect(client.set(sealedLog, cosem.octetString(new Uint8Array(length)))).rejects.toMatchObject({
        code: 'DLMS_ACCESS_REFUSED',
      })
    }
    await asked()
    await expect(client.get(sealedLog)).rejects.toMatchObject({ code: 'DLMS_ACCESS_REFUSED' })
  })

  it('is not there for the public client', async () => {
    const stranger = await bench.publicClient(meter)
    await expect(stranger.get(sealedLog)).rejects.toMatchObject({ code: 'DLMS_ACCESS_REFUSED' })
  })

  it('does not fit a log from which something was taken, or in which something was changed', async () => {
    bench.clock.moveBy(60_000)
    await meter.stop()
    await start()
    const whole = await asked()
    expect(isWhole(whole)).toBe(true)
    const [first, ...others] = whole.entries as [Entry, ...Entry[]]
    expect(isWhole({ ...whole, entries: others })).toBe(false)
    expect(isWhole({ ...whole, entries: [{ ...first, atMs: first.atMs + 1 }, ...others] })).toBe(false)
    expect(isWhole({ ...whole, entries: [{ ...first, code: 1 }, ...others] })).toBe(false)
    expect(isWhole({ ...whole, entries: [...others, first] })).toBe(false)
  })

  it('is signed by the card, of this meter, for this nonce and time', async () => {
    const { seal } = await asked()
    expect(seal).toMatchObject({ device: card.identity.systemTitle, nonce, time: nowMs / 1000 })
    const verifier = nodeCrypto.createEcdsaVerifier(scheme, card.signing.cardPoint)
    expect(verifier.verify(seal.signed, seal.signature)).toBe(true)
    expect(verifier.verify(concatBytes(seal.signed, Uint8Array.of(0)), seal.signature)).toBe(false)
  })

  it('goes on over restarts and over a card that was away', async () => {
    expect((await asked()).entries).toMatchObject([{ number: 1, log: 'standard', code: 2 }])
    await meter.stop() // its power down is logged when the card has no power any more
    await start()
    const after = await asked()
    expect(after.entries.map(({ code }) => code)).toEqual([2, 1, 2])
    expect(isWhole(after)).toBe(true)
  })
})
