import { describe, expect, test } from 'vitest'
import {
  conformanceOf,
  connectHdlcStream,
  cosem,
  DlmsClient,
  DlmsError,
  type DlmsErrorCode,
  emitXdlms,
  type HdlcParameters,
  hdlcAddress,
  hdlcServerAddress,
  hdlcWithoutLink,
  parseXdlms,
  selectEntries,
  serveHdlcStream,
} from '../src/index.ts'
import { withoutConformance } from './in-process.ts'
import {
  clientSecurity,
  clientSlot,
  managementAssociation,
  profileEntry,
  publicAssociation,
  sampleDevice,
  serverTitle,
} from './sample-device.ts'
import { type LineFaults, type LineTally, SimulatedLine } from './simulated-line.ts'

// A ciphered reader and a meter over a line that loses, doubles, swaps and damages frames, on simulated time.

const profile = { classId: 7, logicalName: '1.0.99.1.0.255', attributeIndex: 2 }
const attribute = { classId: 1, logicalName: '0.0.96.1.9.255', attributeIndex: 2 }
const longValue = cosem.octetString(Uint8Array.from({ length: 2000 }, (_unused, i) => i & 0xff))
const short = cosem.octetString(Uint8Array.of(1, 2, 3))
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
  }, 240_000)
})

describe('several APDUs under way on a line with faults', () => {
  const gbtOnly = conformanceOf('block-transfer-with-get-or-read', 'block-transfer-with-set-or-write')

  /** Long answers and requests in general block transfer, windows of 8 blocks, and notifications in between. */
  async function exchange(seed: number, faults: LineFaults) {
    const line = new SimulatedLine(seed, faults)
    const open = { ...managementAssociation, mechanism: 'none', ciphered: false } as const
    const device = sampleDevice({ associations: [open], maxPduBytes: 300 })
    serveHdlcStream({ server: device.server, stream: line.far, timer: line.timer, parameters: window7 })
    const heard: number[] = []
    const run = async () => {
      const transport = await connectHdlcStream({
        stream: line.near,
        timer: line.timer,
        client: hdlcAddress(1),
        server: hdlcServerAddress(1, 17),
        parameters: window7,
        maxRetries: 20,
        responseTimeoutMs: 200,
        timeoutMs: 600_000,
      })
      const client = new DlmsClient({
        transport: withoutConformance(transport, gbtOnly),
        mechanism: 'none',
        generalBlockTransfer: { window: 8 },
        maxPduBytes: 300,
        onNotification: ({ kind }) => heard.push(kind.length),
      })
      await client.associate()
      expect(await client.get(profile, selectEntries({ first: 1, last: 60 }))).toEqual(expected)
      await device.server.notify({ kind: 'data-notification', longInvokeIdAndPriority: 1, body: cosem.unsigned(7) })
      await client.set(attribute, longValue)
      expect(device.written).toEqual([longValue])
      await client.release()
      await transport.disconnect()
    }
    await line.run(run())
    return { heard: heard.length, blocks: line.tally.sent }
  }

  test.each([
    ['clean', clean, 1],
    ['20 % lost', { ...clean, loss: 0.2 }, 0],
    ['20 % doubled', { ...clean, duplication: 0.2 }, 1],
    ['20 % swapped', { ...clean, swap: 0.2 }, 1],
    ['5 % of each', { loss: 0.05, duplication: 0.05, swap: 0.05, corruption: 0.05 }, 0],
  ])('general block transfer in windows, and notifications: %s', async (_name, faults, leastHeard) => {
    for (const seed of [1, 2, 3]) {
      const { heard } = await exchange(seed, faults)
      expect(heard).toBeGreaterThanOrEqual(leastHeard)
    }
  })

  test.each([1, 2, 3])('three requests in one window, answered in their order: 20 %% lost, seed %i', async (seed) => {
    const line = new SimulatedLine(seed, { ...clean, loss: 0.2 })
    const open = { ...publicAssociation, clientSap: 1 }
    const device = sampleDevice({ associations: [open] })
    serveHdlcStream({ server: device.server, stream: line.far, timer: line.timer, parameters: window7 })
    const run = async () => {
      const transport = await connectHdlcStream({
        stream: line.near,
        timer: line.timer,
        client: hdlcAddress(1),
        server: hdlcServerAddress(1),
        parameters: window7,
        maxRetries: 20,
        responseTimeoutMs: 200,
        timeoutMs: 600_000,
      })
      await new DlmsClient({ transport, mechanism: 'none' }).associate()
      const clock = { classId: 8, logicalName: '0.0.1.0.0.255', attributeIndex: 2 }
      for (const id of [1, 2, 3]) {
        await transport.post(
          emitXdlms({ kind: 'get-request-normal', invokeIdAndPriority: 0xc0 | id, attribute: clock }),
        )
      }
      for (const id of [1, 2, 3]) {
        const answer = parseXdlms((await transport.next(600_000))!)
        expect(answer).toMatchObject({ kind: 'get-response-normal', invokeIdAndPriority: 0xc0 | id })
      }
      await transport.disconnect()
    }
    await line.run(run())
  })
})

test('a broadcast writes in every meter on the line, and none of them says a word', async () => {
  const line = new SimulatedLine(1, clean)
  const open = { ...managementAssociation, clientSap: 5, mechanism: 'none', ciphered: false } as const
  const meters = [17, 18].map((physicalAddress) => {
    const device = sampleDevice({ associations: [open] })
    serveHdlcStream({ server: device.server, stream: line.far, timer: line.timer, physicalAddress })
    return device
  })
  const transport = hdlcWithoutLink({
    stream: line.near,
    client: hdlcAddress(5),
    server: hdlcServerAddress(0x7f, 0x7f),
  })
  const client = new DlmsClient({ transport, mechanism: 'none', isConfirmed: false, maxPduBytes: 1024 })
  await line.run(
    (async () => {
      await client.associate()
      await client.setUnconfirmed([{ attribute, value: short }])
      await client.release()
      while (meters.some(({ events }) => events.length < 2)) {
        await new Promise<void>((resolve) => void line.timer.after(10, resolve))
      }
    })(),
  )
  expect(meters.map(({ written }) => written)).toEqual([[short], [short]])
  expect(line.tally.sent).toBe(3) // the AARQ, the SET and the RLRQ
})
