import { connect, createServer, type Socket } from 'node:net'
import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { afterEach, describe, expect, test } from 'vitest'
import {
  cosem,
  DlmsClient,
  DlmsError,
  type DlmsErrorCode,
  type DlmsTransport,
  emitWpdu,
  parseWpdu,
  type SecurityModule,
  selectRange,
} from '../src/index.ts'
import {
  type ConnectWrapperTcpOptions,
  connectWrapperTcp,
  type ServeWrapperTcpOptions,
  serveWrapperTcp,
} from '../src/node.ts'
import { clientSecurity, clientSlot, profileEntry, sampleDevice, serverTitle, startMs } from './sample-device.ts'

// Client and server over real TCP on the loopback interface.

const host = '127.0.0.1'
const energy = { classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2 }
const profile = { classId: 7, logicalName: '1.0.99.1.0.255', attributeIndex: 2 }
const getName = fromHex('C001C1000100002A0000FF0200')

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const codeOf = async (run: Promise<unknown>): Promise<DlmsErrorCode | 'resolved'> => {
  try {
    await run
    return 'resolved'
  } catch (error) {
    if (error instanceof DlmsError) return error.code
    throw error
  }
}

async function serve(options: Partial<ServeWrapperTcpOptions> = {}, device = sampleDevice()) {
  const tcp = await serveWrapperTcp({ server: device.server, ...options })
  closing.push(() => tcp.close())
  return { ...device, port: tcp.port, close: () => tcp.close() }
}

async function dial(port: number, options: Partial<ConnectWrapperTcpOptions> = {}): Promise<DlmsTransport> {
  const transport = await connectWrapperTcp({ host, port, clientSap: 1, serverSap: 1, timeoutMs: 5000, ...options })
  closing.push(() => transport.close())
  return transport
}

const managementOver = (transport: DlmsTransport, security: SecurityModule = clientSecurity()) =>
  new DlmsClient({ transport, mechanism: 'hls-gmac', security, slot: clientSlot, serverSystemTitle: serverTitle })

/** A raw connection that keeps what came. */
async function raw(port: number): Promise<{ socket: Socket; received: () => Uint8Array; closed: Promise<void> }> {
  const socket = connect({ host, port })
  closing.push(() => socket.destroy())
  const chunks: Uint8Array[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  return { socket, received: () => concatBytes(...chunks), closed }
}

/** A server that does with a connection what it is told. */
async function listen(onSocket: (socket: Socket) => void): Promise<number> {
  const listener = createServer((socket) => {
    closing.push(() => socket.destroy())
    socket.on('error', () => {})
    onSocket(socket)
  })
  await new Promise<void>((resolve) => listener.listen(0, host, resolve))
  closing.push(() => listener.close())
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/**
 * Passes everything on, and lets a hand change what the server sends; frames come whole on loopback. After a changed
 * one it hangs up, so that nobody waits for octets that a changed length announces.
 */
async function relay(port: number, change: (wpdu: Uint8Array, number: number) => Uint8Array): Promise<number> {
  return listen((near) => {
    const far = connect({ host, port })
    closing.push(() => far.destroy())
    let number = 0
    near.pipe(far)
    far.on('data', (chunk) => {
      const changed = change(chunk, number++)
      if (changed === chunk) near.write(chunk)
      else near.end(changed)
    })
    far.on('error', () => near.destroy())
    far.on('close', () => near.destroy())
  })
}

describe('end to end', () => {
  test('associates, reads a month of profile in blocks, a day of it by range, switches and leaves', async () => {
    const device = await serve()
    const client = managementOver(await dial(device.port))
    const info = await client.associate()
    expect(info).toMatchObject({ serverMaxPduBytes: 1024, serverSystemTitle: serverTitle })
    const month = await client.get(profile)
    expect(month).toEqual(
      cosem.array(Array.from({ length: 31 * 96 }, (_unused, i) => cosem.structure(...profileEntry(i + 1)))),
    )
    const day = await client.get(profile, selectRange({ fromMs: startMs + 86_400_000, toMs: startMs + 2 * 86_400_000 }))
    expect(day.type === 'array' && day.value.length).toBe(97)
    await client.action({ classId: 70, logicalName: '0.0.96.3.10.255', methodIndex: 1 }, cosem.integer(0))
    expect(device.isConnected()).toBe(false)
    await client.release()
    expect(device.events.map(({ kind }) => kind)).toEqual(['association-opened', 'association-closed'])
  })

  test('refuses a client with a wrong key, and serves the next one with the right key', async () => {
    const device = await serve()
    const stranger = clientSecurity({ blockCipherKey: fromHex('8C1F0D3AA4C54E6B9D2E7F8091A2B3C5') })
    expect(await codeOf(managementOver(await dial(device.port), stranger).associate())).toBe('DLMS_ASSOCIATION_REFUSED')
    expect(device.events).toMatchObject([{ kind: 'decryption-failed' }])
    const client = managementOver(await dial(device.port))
    await client.associate()
    expect(await client.get(energy)).toEqual(cosem.doubleLongUnsigned(4711))
  })

  test('a whole recorded session played again opens nothing', async () => {
    const device = await serve()
    const recorded: Uint8Array[] = []
    const transport = await dial(device.port)
    const recording: DlmsTransport = {
      send: (apdu) => {
        recorded.push(apdu)
        return transport.send(apdu)
      },
      close: () => transport.close(),
    }
    const client = managementOver(recording)
    await client.associate()
    await client.action({ classId: 70, logicalName: '0.0.96.3.10.255', methodIndex: 1 }, cosem.integer(0))
    await client.action({ classId: 70, logicalName: '0.0.96.3.10.255', methodIndex: 2 }, cosem.integer(0))
    const replayed = await dial(device.port)
    const answers: string[] = []
    for (const apdu of recorded) answers.push(toHex(await replayed.send(apdu)))
    expect(answers[0]).toBe('6117A109060760857405080103A203020101A305A103020101')
    expect(new Set(answers.slice(1))).toEqual(new Set(['D80103']))
    expect(device.isConnected()).toBe(true)
    expect(device.events.map(({ kind }) => kind)).toEqual(['association-opened', 'counter-replayed'])
    // Within the session that is open they are no more welcome.
    expect(toHex(await transport.send(recorded[2]!))).toBe('D80103')
    expect(device.events.at(-1)?.kind).toBe('counter-replayed')
    expect(device.isConnected()).toBe(true)
  })

  test('no answer with any one bit changed on the line is taken', async () => {
    const device = await serve({ maxConnections: 1000 })
    const security = clientSecurity()
    const attack = { bit: -1 }
    let answerBytes = 0
    // Answers 0 and 1 open the association, 2 is the answer to GET; the wrapper's header is attacked too.
    const port = await relay(device.port, (wpdu, number) => {
      if (number !== 2) return wpdu
      answerBytes = wpdu.length
      const { bit } = attack
      return bit < 0 ? wpdu : Uint8Array.from(wpdu).with(bit >> 3, wpdu[bit >> 3]! ^ (0x80 >> (bit & 7)))
    })
    const attempt = async () => {
      const transport = await dial(port)
      const client = managementOver(transport, security)
      await client.associate()
      const code = await codeOf(client.get(energy))
      transport.close()
      return code
    }
    expect(await attempt()).toBe('resolved')
    const codes = new Set<string>()
    for (attack.bit = 0; attack.bit < answerBytes * 8; attack.bit++) codes.add(await attempt())
    expect(codes).not.toContain('resolved')
    attack.bit = -1
    expect(await attempt()).toBe('resolved')
  })

  test('two associations share a connection, each with its own rights', async () => {
    const device = await serve()
    const { socket, received } = await raw(device.port)
    const aarq = fromHex('601DA109060760857405080101BE10040E01000000065F1F0400007E1F04B0')
    socket.write(emitWpdu({ sourceWPort: 16, destinationWPort: 1, apdu: aarq }))
    socket.write(emitWpdu({ sourceWPort: 1, destinationWPort: 1, apdu: getName }))
    socket.write(emitWpdu({ sourceWPort: 16, destinationWPort: 1, apdu: getName }))
    await expect.poll(() => toHex(received())).toContain('D80103')
    await expect.poll(() => toHex(received())).toMatch(/C401C100/)
  })
})

describe('the server over TCP', () => {
  test.each([
    ['another wrapper version', '00020010000100020102'],
    ['an APDU longer than agreed', '000100100001FFFF'],
    ['noise', 'FFFFFFFFFFFFFFFFFFFFFFFF'],
  ])('cuts a connection that sends %s', async (_name, hex) => {
    const device = await serve()
    const { socket, closed } = await raw(device.port)
    socket.write(fromHex(hex))
    await closed
    expect(device.events).toEqual([])
  })

  test('answers an APDU longer than agreed, and goes on', async () => {
    const device = await serve()
    const { socket, received } = await raw(device.port)
    const write = (apdu: Uint8Array) => socket.write(emitWpdu({ sourceWPort: 16, destinationWPort: 1, apdu }))
    write(fromHex('601DA109060760857405080101BE10040E01000000065F1F0400007E1F04B0'))
    await expect.poll(() => toHex(received())).toMatch(/^0001000100100.{3}61/)
    write(concatBytes(fromHex('C101C100010000600109FF020009820400'), new Uint8Array(1100)))
    write(getName)
    await expect.poll(() => toHex(received())).toMatch(/D80104.*C401C100/)
  })

  test('cuts a connection that never completes a request, however busy it looks', async () => {
    const device = await serve({ idleTimeoutMs: 100 })
    const { socket, closed } = await raw(device.port)
    const header = fromHex('0001001000010010')
    let sent = 0
    const drip = setInterval(() => socket.write(header.subarray(sent, ++sent)), 20)
    await closed
    clearInterval(drip)
  })

  test('closes connections above its bound and keeps the others', async () => {
    const device = await serve({ maxConnections: 1 })
    const first = await dial(device.port, { clientSap: 16 })
    const { closed } = await raw(device.port)
    await closed
    expect(toHex(await first.send(getName))).toBe('D80103')
  })

  test('a client that goes away in the middle of an association leaves nothing open', async () => {
    const device = await serve()
    const transport = await dial(device.port)
    await managementOver(transport).associate()
    transport.close()
    await expect.poll(() => device.events.map(({ kind }) => kind)).toEqual(['association-opened', 'association-closed'])
  })

  test('close cuts what is open and frees the port', async () => {
    const device = await serve()
    const transport = await dial(device.port)
    await device.close()
    expect(await codeOf(transport.send(getName))).toBe('DLMS_TRANSPORT_CLOSED')
    expect(await codeOf(dial(device.port))).toBe('DLMS_TRANSPORT_CLOSED')
  })

  test('a port that is taken is a typed error', async () => {
    const device = await serve()
    expect(await codeOf(serve({ port: device.port }))).toBe('DLMS_TRANSPORT_CLOSED')
  })

  test('answers requests sent in one go, in order', async () => {
    const device = await serve()
    const { socket, received } = await raw(device.port)
    const aarq = fromHex('601DA109060760857405080101BE10040E01000000065F1F0400007E1F04B0')
    const apdus = [aarq, ...[0xc1, 0xc2, 0xc3].map((id) => getName.with(2, id))]
    socket.write(concatBytes(...apdus.map((apdu) => emitWpdu({ sourceWPort: 16, destinationWPort: 1, apdu }))))
    await expect.poll(() => toHex(received()).match(/C401C[123]/g)).toEqual(['C401C1', 'C401C2', 'C401C3'])
  })
})

describe('the transport of a client', () => {
  test('a server that does not answer is a timeout, and the connection is cut', async () => {
    const port = await listen(() => {})
    const transport = await dial(port, { timeoutMs: 50 })
    expect(await codeOf(transport.send(getName))).toBe('DLMS_TIMEOUT')
    expect(await codeOf(transport.send(getName))).toBe('DLMS_TRANSPORT_CLOSED')
  })

  test('a second request while one is under way is refused', async () => {
    const port = await listen((socket) => {
      socket.on('data', (chunk) => {
        setTimeout(() => socket.write(chunk), 30)
      })
    })
    const transport = await dial(port)
    const first = transport.send(getName)
    expect(await codeOf(transport.send(getName))).toBe('DLMS_BUSY')
    expect(await first).toEqual(getName)
  })

  test.each<[string, DlmsErrorCode, (wpdu: Uint8Array) => Uint8Array]>([
    ['from another SAP', 'DLMS_UNEXPECTED_RESPONSE', (wpdu) => emitWpdu({ ...parseWpdu(wpdu), sourceWPort: 2 })],
    ['for another SAP', 'DLMS_UNEXPECTED_RESPONSE', (wpdu) => emitWpdu({ ...parseWpdu(wpdu), destinationWPort: 2 })],
    ['of another version', 'DLMS_MALFORMED', (wpdu) => wpdu.with(1, 2)],
  ])('an answer %s cuts the connection', async (_name, code, change) => {
    const port = await listen((socket) => {
      socket.on('data', (chunk) => socket.write(change(Uint8Array.from(chunk))))
    })
    const transport = await dial(port)
    expect(await codeOf(transport.send(getName))).toBe(code)
    expect(await codeOf(transport.send(getName))).toBe('DLMS_TRANSPORT_CLOSED')
  })

  test('a late second answer is never taken for the next', async () => {
    const port = await listen((socket) => {
      socket.on('data', (chunk) => socket.write(concatBytes(chunk, chunk)))
    })
    const transport = await dial(port)
    await transport.send(getName)
    expect(await codeOf(transport.send(getName))).toBe('DLMS_TRANSPORT_CLOSED')
  })

  test('a server that hangs up in the middle of an answer is a closed transport', async () => {
    const port = await listen((socket) => {
      socket.on('data', (chunk) => socket.end(chunk.subarray(0, 10)))
    })
    const transport = await dial(port)
    expect(await codeOf(transport.send(getName))).toBe('DLMS_TRANSPORT_CLOSED')
  })

  test('a port nobody listens at is a closed transport', async () => {
    const port = await listen(() => {})
    for (const close of closing.splice(0)) await close()
    expect(await codeOf(connectWrapperTcp({ host, port, clientSap: 1, serverSap: 1 }))).toBe('DLMS_TRANSPORT_CLOSED')
  })

  test('notifications in between go their own way', async () => {
    const notification = fromHex('0F000001DB000922125A8591360000000049000000110000000A5A8513D014800000000D0000000A0100')
    const port = await listen((socket) => {
      socket.on('data', (chunk) => {
        socket.write(concatBytes(emitWpdu({ ...parseWpdu(chunk), apdu: notification }), chunk))
      })
    })
    const notified: Uint8Array[] = []
    const transport = await dial(port, { onNotification: (apdu) => notified.push(apdu) })
    expect(await transport.send(getName)).toEqual(getName)
    expect(notified).toEqual([notification])
  })
})
