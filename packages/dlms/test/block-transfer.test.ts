import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  conformanceOf,
  cosem,
  DlmsClient,
  type DlmsClientOptions,
  DlmsError,
  parseApdu,
  type XdlmsApdu,
} from '../src/index.ts'
import { LossyTransport } from './lossy-transport.ts'
import { clientSecurity, clientSlot, sampleDevice, serverTitle } from './sample-device.ts'

// General block transfer with windows over a line that loses, doubles and swaps whole APDUs, from a seed.

const note = { classId: 1, logicalName: '0.0.96.1.9.255', attributeIndex: 2 }
const energy = { classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2 }
const octets = (length: number) => cosem.octetString(Uint8Array.from({ length }, (_unused, i) => (i * 7) & 0xff))

interface Setting {
  readonly seed: number
  readonly loss: number
  readonly duplication: number
  readonly swap: number
  readonly window: number
}

function bench(setting: Setting, options: Partial<DlmsClientOptions> = {}) {
  const device = sampleDevice({ maxPduBytes: 128 })
  const line = new LossyTransport(device.server, { clientSap: 1, serverSap: 1 }, setting)
  const client = new DlmsClient({
    transport: line,
    mechanism: 'hls-gmac',
    security: clientSecurity(),
    slot: clientSlot,
    serverSystemTitle: serverTitle,
    generalBlockTransfer: { window: setting.window, quietMs: 20, maxRetries: 40 },
    ...options,
  })
  return { device, line, client }
}

const blocksOf = (apdus: readonly Uint8Array[]) =>
  apdus.flatMap((apdu): Extract<XdlmsApdu, { kind: 'general-block-transfer' }>[] => {
    const parsed = apdu[0] === 0xe0 ? parseApdu(apdu) : undefined
    return parsed?.kind === 'general-block-transfer' ? [parsed] : []
  })

const clean = { seed: 1, loss: 0, duplication: 0, swap: 0 }

describe('blocks in windows', () => {
  test('the client refuses a window that is none', () => {
    for (const window of [0, 64, 1.5]) {
      expect(() => bench({ ...clean, window })).toThrow(DlmsError)
    }
  })

  test('a line that loses everything ends the transfer, and the association', async () => {
    const { client, line } = bench({ ...clean, window: 4 })
    await client.associate()
    line.faults = { loss: 1, duplication: 0, swap: 0 }
    const access = client.access([{ service: 'set', attribute: note, value: octets(500) }])
    await expect(access).rejects.toMatchObject({ code: 'DLMS_TIMEOUT' })
    expect(client.isAssociated).toBe(false)
  })

  test('stream: after the first block each side sends as many in a row as the other takes', async () => {
    const { client, line, device } = bench({ ...clean, window: 4 })
    await client.associate()
    line.log.length = 0
    const answers = await client.access([
      { service: 'set', attribute: note, value: octets(1500) },
      { service: 'get', attribute: note },
    ])
    expect(answers).toEqual([
      { ok: true, data: undefined },
      { ok: true, data: octets(1500) },
    ])
    expect(device.written).toEqual([octets(1500)])
    const rows = (who: 'client' | 'server') =>
      blocksOf(line.log.filter((one) => one.from === who).map(({ apdu }) => apdu)).map(
        ({ lastBlock, streaming, window, blockNumber, blockNumberAck, blockData }) =>
          `${blockNumber} ack ${blockNumberAck} w ${window}${lastBlock ? ' last' : ''}${streaming ? ' streaming' : ''} ${blockData.length}`,
      )
    expect({ client: rows('client'), server: rows('server') }).toMatchSnapshot()
  })

  test('go one by one over a transport that carries one answer only', async () => {
    const { line, device } = bench({ ...clean, window: 4 })
    const { client } = bench({ ...clean, window: 4 }, { transport: { send: (apdu) => line.send(apdu) } })
    await client.associate()
    await client.access([{ service: 'set', attribute: note, value: octets(500) }])
    expect(device.written).toEqual([octets(500)])
    expect(blocksOf(line.log.map(({ apdu }) => apdu)).some(({ streaming }) => streaming)).toBe(false)
  })

  test('carry a GET where no other blocks were agreed on', async () => {
    const device = sampleDevice({
      maxPduBytes: 200,
      associations: [
        { name: 'open', clientSap: 1, serverSap: 1, mechanism: 'none', ciphered: false, access: () => true },
      ],
    })
    const connection = device.server.connection()
    const line = new LossyTransport(device.server, { clientSap: 1, serverSap: 1 }, clean, connection)
    const withoutGetBlocks = conformanceOf('get', 'set', 'action', 'access', 'general-block-transfer')
    const client = new DlmsClient({
      transport: {
        // The initiate-request stands at the end of the AARQ: its conformance is changed on the way.
        send: (apdu) => line.send(apdu[0] === 0x60 ? proposing(apdu, withoutGetBlocks) : apdu),
        post: (apdu) => line.post(apdu),
        next: () => line.next(),
      },
      mechanism: 'none',
      generalBlockTransfer: true,
    })
    await client.associate()
    await client.access([{ service: 'set', attribute: note, value: octets(700) }])
    line.log.length = 0
    expect(await client.get(note)).toEqual(octets(700))
    expect(blocksOf(line.log.map(({ apdu }) => apdu)).length).toBeGreaterThan(3)
  })

  test('every transfer completes or fails cleanly over a lossy line, whatever the seed', async () => {
    const ends = { complete: 0, failed: 0 }
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.integer({ min: 1, max: 0x7fff_ffff }),
          loss: fc.double({ min: 0, max: 0.3, noNaN: true }),
          duplication: fc.double({ min: 0, max: 0.3, noNaN: true }),
          swap: fc.double({ min: 0, max: 0.3, noNaN: true }),
          window: fc.integer({ min: 1, max: 12 }),
        }),
        fc.integer({ min: 1, max: 1500 }),
        async (setting, length) => {
          const { client, line, device } = bench({ ...setting })
          line.faults = { loss: 0, duplication: 0, swap: 0 }
          await client.associate()
          line.faults = setting
          try {
            const answers = await client.access([
              { service: 'set', attribute: note, value: octets(length) },
              { service: 'get', attribute: note },
              { service: 'get', attribute: energy },
            ])
            expect(answers).toEqual([
              { ok: true, data: undefined },
              { ok: true, data: octets(length) },
              { ok: true, data: cosem.doubleLongUnsigned(4711) },
            ])
            ends.complete++
          } catch (error) {
            if (!(error instanceof DlmsError)) throw error
            ends.failed++
          }
          // Served once at most, and never half.
          expect(device.written.length).toBeLessThanOrEqual(1)
          for (const value of device.written) expect(value).toEqual(octets(length))
        },
      ),
      { numRuns: 150, seed: 20261130 },
    )
    expect(ends).toMatchSnapshot()
  })
})

/** An AARQ with another conformance block in its initiate-request. */
function proposing(aarq: Uint8Array, conformance: number): Uint8Array {
  const changed = aarq.slice()
  changed.set([(conformance >> 16) & 0xff, (conformance >> 8) & 0xff, conformance & 0xff], aarq.length - 5)
  return changed
}
