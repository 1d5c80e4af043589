import { connect, createServer } from 'node:net'
import { fromHex } from '@gridcard/bytes'
import { afterEach, describe, expect, test } from 'vitest'
import { cosem, DlmsClient, DlmsError, type DlmsTransport } from '../src/index.ts'
import {
  type ConnectHdlcTcpOptions,
  connectHdlcTcp,
  connectWrapperTcp,
  type ServeHdlcTcpOptions,
  serveHdlcTcp,
} from '../src/node.ts'
import { clientSecurity, clientSlot, profileEntry, sampleDevice, serverTitle } from './sample-device.ts'

// Client and server over HDLC on real TCP.

const host = '127.0.0.1'
const profile = { classId: 7, logicalName: '1.0.99.1.0.255', attributeIndex: 2 }
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const codeOf = (run: Promise<unknown>) =>
  run.then(
    () => 'resolved',
    (error: unknown) => {
      if (error instanceof DlmsError) return error.code
      throw error
    },
  )

async function serve(options: Partial<ServeHdlcTcpOptions> = {}) {
  const device = sampleDevice()
  const tcp = await serveHdlcTcp({ server: device.server, ...options })
  closing.push(() => tcp.close())
  return { ...device, port: tcp.port }
}

async function dial(port: number, options: Partial<ConnectHdlcTcpOptions> = {}) {
  const transport = await connectHdlcTcp({ host, port, clientSap: 1, serverSap: 1, timeoutMs: 5000, ...options })
  closing.push(() => transport.close())
  return transport
}

const management = (transport: DlmsTransport) =>
  new DlmsClient({
    transport,
    mechanism: 'hls-gmac',
    security: clientSecurity(),
    slot: clientSlot,
    serverSystemTitle: serverTitle,
  })

describe('over TCP', () => {
  test('nobody answers at another logical or physical address', async () => {
    const { port } = await serve({ physicalAddress: 17 })
    const short = { responseTimeoutMs: 20, maxRetries: 1 }
    expect(await codeOf(dial(port, { ...short, serverSap: 2 }))).toBe('DLMS_LINK_LOST')
    expect(await codeOf(dial(port, { ...short, physicalAddress: 18 }))).toBe('DLMS_LINK_LOST')
  })

  test('two or four octets of address want a physical address', async () => {
    const { port } = await serve()
    expect(await codeOf(dial(port, { serverAddressBytes: 2 }))).toBe('DLMS_CONFIGURATION')
    expect(await codeOf(dial(port, { serverAddressBytes: 4 }))).toBe('DLMS_CONFIGURATION')
    expect(await codeOf(dial(port, { serverAddressBytes: 4, physicalAddress: 0 }))).toBe('resolved')
  })

  test('a server that speaks something else is no link', async () => {
    const listener = createServer((socket) => void socket.on('error', () => {}).end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await new Promise<void>((resolve) => listener.listen(0, host, resolve))
    closing.push(() => listener.close())
    const address = listener.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    expect(await codeOf(dial(address.port))).toBe('DLMS_TRANSPORT_CLOSED')
    expect(await codeOf(dial(1))).toBe('DLMS_TRANSPORT_CLOSED')
  })

  test('a wrapper client hears nothing', async () => {
    const { port } = await serve()
    const transport = await connectWrapperTcp({ host, port, clientSap: 16, serverSap: 1, timeoutMs: 50 })
    const answer = transport.send(fromHex('601DA109060760857405080101BE10040E01000000065F1F0400007E1F04B0'))
    expect(await codeOf(answer)).toBe('DLMS_TIMEOUT')
  })

  test.each<[string, Partial<ConnectHdlcTcpOptions>]>([
    ['one octet of address', {}],
    ['two octets of address', { physicalAddress: 17 }],
    [
      'four octets of address, long frames and windows',
      {
        physicalAddress: 17,
        serverAddressBytes: 4,
        parameters: {
          transmitInformationBytes: 512,
          receiveInformationBytes: 512,
          transmitWindow: 7,
          receiveWindow: 7,
        },
      },
    ],
  ])('associates, reads a month, writes, leaves: %s', async (_name, options) => {
    const device = await serve()
    const transport = await dial(device.port, options)
    const client = management(transport)
    await client.associate()
    const month = Array.from({ length: 31 * 96 }, (_unused, i) => cosem.structure(...profileEntry(i + 1)))
    expect(await client.get(profile)).toEqual(cosem.array(month))
    const value = cosem.octetString(new Uint8Array(3000).fill(7))
    await client.set({ classId: 1, logicalName: '0.0.96.1.9.255', attributeIndex: 2 }, value)
    expect(device.written).toEqual([value])
    await client.release()
    await transport.disconnect()
    expect(await codeOf(transport.send(fromHex('C001')))).toBe('DLMS_TRANSPORT_CLOSED')
    expect(device.events.map(({ kind }) => kind)).toEqual(['association-opened', 'association-closed'])
  })

  test('the association ends with its link', async () => {
    const device = await serve()
    const transport = await dial(device.port)
    await management(transport).associate()
    await transport.disconnect()
    await expect.poll(() => device.events.map(({ kind }) => kind)).toContain('association-closed')
  })

  test('two clients on one line have links of their own', async () => {
    const device = await serve()
    const first = await dial(device.port)
    const second = await dial(device.port, { clientSap: 16 })
    const open = new DlmsClient({ transport: second, mechanism: 'none' })
    await Promise.all([management(first).associate(), open.associate()])
    expect(await open.get({ classId: 1, logicalName: '0.0.42.0.0.255', attributeIndex: 2 })).toMatchObject({
      type: 'octet-string',
    })
  })

  test('rubbish does not hurt the next connection', async () => {
    const device = await serve()
    const socket = connect({ host, port: device.port })
    closing.push(() => socket.destroy())
    await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
    socket.write(Uint8Array.from({ length: 100_000 }, (_unused, i) => (i * 31) & 0xff))
    const transport = await dial(device.port)
    await management(transport).associate()
  })
})
