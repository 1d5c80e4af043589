import { describe, expect, test } from 'vitest'
import {
  connectHdlcStream,
  cosem,
  DlmsClient,
  DlmsError,
  type DlmsErrorCode,
  type HdlcParameters,
  hdlcAddress,
  hdlcServerAddress,
  selectEntries,
  serveHdlcStream,
} from '../src/index.ts'
import { clientSecurity, clientSlot, profileEntry, sampleDevice, serverTitle } from './sample-device.ts'
import { type LineFaults, type LineTally, SimulatedLine } from './simulated-line.ts'

// A ciphered reader and a meter over a line that loses, doubles, swaps and damages frames, on simulated time.

const profile = { classId: 7, logicalName: '1.0.99.1.0.255', attributeIndex: 2 }
const attribute = { classId: 1, logicalName: '0.0.96.1.9.255', attributeIndex: 2 }
const longValue = cosem.octetString(Uint8Array.from({ length: 2000 }, (_unused, i) => i & 0xff))
const expected = cosem.array(Array.from({ length: 60 }, (_unused, i) => cosem.structure(...profileEntry(i + 1))))

interface Outcome {
  readonly end: 'complete' | DlmsErrorCode
  readonly tally: LineTally
  readonly simulatedMs: number
}

/** Associates, reads sixty entries, writes 2 kB, leaves. What arrives is right, or nothing arrives. */
async function read(seed: number, faults: LineFaults, parameters: HdlcParameters, maxRetries: number) {
  const line = new SimulatedLine(seed, faults)
  const device = sampleDevice()
  serveHdlcStream({ server: device.server, stream: line.far, timer: line.timer, parameters })
  const run = async () => {
    const transport = await connectHdlcStream({
      stream: line.near,
      timer: line.timer,
      client: hdlcAddress(1),
      server: hdlcServerAddress(1, 17),
      parameters,
      maxRetries,
      responseTimeoutMs: 200,
      timeoutMs: 600_000,
    })
    const security = clientSecurity()
    const client = new DlmsClient({
      transport,
      mechanism: 'hls-gmac',
      security,
      slot: clientSlot,
      serverSystemTitle: serverTitle,
    })
    await client.associate()
    expect(await client.get(profile, selectEntries({ first: 1, last: 60 }))).toEqual(expected)
    await client.set(attribute, longValue)
    expect(device.written).toEqual([longValue])
    await client.release()
    await transport.disconnect()
  }
  const end = await line.run(
    run().then(
      () => 'complete' as const,
      (error: unknown) => {
        if (error instanceof DlmsError) return error.code
        throw error
      },
    ),
  )
  return { end, tally: line.tally, simulatedMs: line.timer.nowMs() } satisfies Outcome
}

const stopAndWait = { transmitInformationBytes: 128, receiveInformationBytes: 128, transmitWindow: 1, receiveWindow: 1 }
const window7 = { ...stopAndWait, transmitWindow: 7, receiveWindow: 7 }
const clean = { loss: 0, duplication: 0, swap: 0, corruption: 0 }
const cases: [string, LineFaults, HdlcParameters, number][] = [
  ['a clean line', clean, stopAndWait, 3],
  ['a clean line, windows of 7', clean, window7, 3],
  ['5 % lost', { ...clean, loss: 0.05 }, stopAndWait, 3],
  ['20 % lost', { ...clean, loss: 0.2 }, stopAndWait, 20],
  ['20 % lost, windows of 7', { ...clean, loss: 0.2 }, window7, 20],
  ['20 % lost, few repetitions', { ...clean, loss: 0.2 }, stopAndWait, 2],
  ['20 % doubled', { ...clean, duplication: 0.2 }, stopAndWait, 20],
  ['20 % doubled, windows of 7', { ...clean, duplication: 0.2 }, window7, 20],
  ['20 % swapped', { ...clean, swap: 0.2 }, stopAndWait, 20],
  ['20 % swapped, windows of 7', { ...clean, swap: 0.2 }, window7, 20],
  ['20 % damaged', { ...clean, corruption: 0.2 }, window7, 20],
  ['5 % of each', { loss: 0.05, duplication: 0.05, swap: 0.05, corruption: 0.05 }, window7, 20],
  ['everything lost', { ...clean, loss: 1 }, stopAndWait, 3],
]

describe('a line with faults', () => {
  test('every transfer completes or fails cleanly, and always alike for one seed', async () => {
    const rows: string[] = []
    for (const [name, faults, parameters, maxRetries] of cases) {
      const ends = new Map<string, number>()
      let sent = 0
      let simulatedMs = 0
      for (let seed = 1; seed <= 5; seed++) {
        const outcome = await read(seed, faults, parameters, maxRetries)
        ends.set(outcome.end, (ends.get(outcome.end) ?? 0) + 1)
        sent += outcome.tally.sent
        simulatedMs += outcome.simulatedMs
      }
      const summary = [...ends].map(([end, count]) => `${end} ${count}`).join(', ')
      rows.push(`${name}: ${summary}; ${sent} frames, ${Math.round(simulatedMs / 1000)} s`)
    }
    expect(rows).toMatchSnapshot()
  }, 60_000)
})
