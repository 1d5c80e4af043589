import { createSocket } from 'node:dgram'
import { fromHex } from '@gridcard/bytes'
import { afterEach, describe, expect, test } from 'vitest'
import {
  cosem,
  type DataNotification,
  DlmsClient,
  type EventNotification,
  emitApdu,
  emitWpdu,
  isPushRefusal,
  isRefusal,
  notificationApdu,
  notificationBlocks,
  type Push,
  PushReceiver,
} from '../src/index.ts'
import { connectWrapperUdp, listenForPush, sendPush, serveWrapperUdp } from '../src/node.ts'
import { damaged } from './hostile.ts'
import { clientSecurity, clientSlot, sampleDevice, serverTitle, slot } from './sample-device.ts'

const host = '127.0.0.1'
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

const notification: DataNotification = {
  kind: 'data-notification',
  longInvokeIdAndPriority: 7,
  body: cosem.structure(cosem.doubleLongUnsigned(4711)),
}
const event: EventNotification = {
  kind: 'event-notification-request',
  attribute: { classId: 1, logicalName: '0.0.96.11.0.255', attributeIndex: 2 },
  value: cosem.unsigned(1),
}
const slotOf = (title: Uint8Array) => (title[7] === 1 ? clientSlot : undefined)
const receiver = () => new PushReceiver({ security: clientSecurity(), slotOf })
const protectedApdu = () => notificationApdu({ notification, security: sampleDevice().security, slot })

describe('a receiver refuses', () => {
  test('a notification in clear, unless it takes such', async () => {
    const apdu = await notificationApdu({ notification })
    expect(await receiver().receive(apdu)).toEqual({ refused: 'plain' })
    const open = new PushReceiver({ acceptsPlain: true })
    expect(await open.receive(apdu)).toEqual({ notification, systemTitle: undefined })
    expect(await open.receive(fromHex('C401C10101'))).toEqual({ refused: 'no-notification' })
    expect(await open.receive(new Uint8Array(0))).toEqual({ refused: 'malformed' })
    expect(await open.receive(await protectedApdu())).toEqual({ refused: 'unknown-peer' })
  })

  test('blocks until the last of a sender is there, and those of others beside them', async () => {
    const { security } = sampleDevice()
    const long = { ...notification, body: cosem.octetString(new Uint8Array(500)) }
    const [mine, others] = await Promise.all(
      [0, 1].map(() => notificationBlocks({ notification: long, security, slot, maxPduBytes: 200 })),
    )
    expect(mine).toHaveLength(3)
    const one = receiver()
    const incomplete = { refused: 'incomplete' }
    expect(await one.receive(mine![0]!, 'a')).toEqual(incomplete)
    expect(await one.receive(others![0]!, 'b')).toEqual(incomplete)
    expect(await one.receive(mine![1]!, 'a')).toEqual(incomplete)
    expect(await one.receive(mine![2]!, 'a')).toMatchObject({ notification: long, systemTitle: serverTitle })
    expect(await one.receive(others![2]!, 'b')).toEqual(incomplete)
    expect(await one.receive(fromHex('E0'))).toEqual({ refused: 'malformed' })
    for (let i = 0; i < 40; i++) await one.receive(mine![0]!, `${i}`)
    expect(await one.receive(mine![1]!, '0')).toEqual(incomplete)
  })

  test('a sender it does not know', async () => {
    const nobody = new PushReceiver({ security: clientSecurity(), slotOf: () => undefined })
    expect(await nobody.receive(await protectedApdu())).toEqual({ refused: 'unknown-peer' })
  })

  test('the same notification twice', async () => {
    const apdu = await protectedApdu()
    const one = receiver()
    expect(isPushRefusal(await one.receive(apdu))).toBe(false)
    expect(await one.receive(apdu)).toEqual({ refused: 'counter-replayed' })
  })

  test('another service under the right key', async () => {
    const { security } = sampleDevice()
    const plaintext = fromHex('C001C1000100002A0000FF0200')
    const secured = await security.protect({ slot, securityControl: 0x30, plaintext })
    if (isRefusal(secured)) throw new Error(secured.refused)
    const frame = {
      kind: 'general-glo-ciphering',
      systemTitle: serverTitle,
      securityControl: 0x30,
      ...secured,
    } as const
    expect(await receiver().receive(emitApdu(frame))).toEqual({ refused: 'no-notification' })
  })

  test('a notification damaged anywhere', async () => {
    for (const bytes of damaged(await protectedApdu())) {
      expect(isPushRefusal(await receiver().receive(bytes))).toBe(true)
    }
  })
})

test('a notification without keys in the slot does not leave', async () => {
  const { security } = sampleDevice()
  await expect(notificationApdu({ notification, security, slot: 9 })).rejects.toMatchObject({
    code: 'DLMS_SECURITY_REFUSED',
  })
})

describe('a listener', () => {
  const listen = async () => {
    const pushes: Push[] = []
    const refusals: string[] = []
    const listener = await listenForPush({
      receiver: receiver(),
      onPush: (push) => pushes.push(push),
      onRefused: (reason) => refusals.push(reason),
    })
    closing.push(() => listener.close())
    return { port: listener.port, pushes, refusals }
  }

  test.each(['tcp', 'udp'] as const)(
    'takes protected notifications over %s and tells of all others',
    async (protocol) => {
      const { port, pushes, refusals } = await listen()
      const { security } = sampleDevice()
      const to = { protocol, host, port }
      await sendPush({ ...to, apdu: await notificationApdu({ notification }) })
      await expect.poll(() => refusals).toEqual(['plain'])
      await sendPush({ ...to, apdu: await notificationApdu({ notification, security, slot }) })
      await expect.poll(() => pushes).toEqual([{ notification, systemTitle: serverTitle }])
      await sendPush({ ...to, apdu: await notificationApdu({ notification: event, security, slot }) })
      await expect.poll(() => pushes.at(-1)?.notification).toEqual(event)
    },
  )

  test('lives through what is no wrapper', async () => {
    const { port, refusals } = await listen()
    const socket = createSocket('udp4')
    closing.push(() => socket.close())
    socket.send(fromHex('00020001'), port, host)
    await expect.poll(() => refusals).toEqual(['no-wrapper'])
  })
})

describe('the wrapper over UDP', () => {
  const dial = async (port: number, timeoutMs = 5000) => {
    const transport = await connectWrapperUdp({ host, port, clientSap: 1, serverSap: 1, timeoutMs })
    closing.push(() => transport.close())
    return transport
  }
  const serve = async (maxPeers = 64) => {
    const device = sampleDevice()
    const udp = await serveWrapperUdp({ server: device.server, maxPeers })
    closing.push(() => udp.close())
    return { ...device, port: udp.port }
  }
  const management = async (port: number) =>
    new DlmsClient({
      transport: await dial(port),
      mechanism: 'hls-gmac',
      security: clientSecurity(),
      slot: clientSlot,
      serverSystemTitle: serverTitle,
    })

  test('a request too long is answered so; what is no WPDU, or longer still, has no answer', async () => {
    const { port, server } = await serve()
    const tooLong = await (await dial(port)).send(new Uint8Array(server.longestRequestBytes))
    expect(tooLong).toEqual(fromHex('D80104'))
    const transport = await dial(port, 50)
    const longer = new Uint8Array(server.longestRequestBytes + 1)
    await expect(transport.send(longer)).rejects.toMatchObject({ code: 'DLMS_TIMEOUT' })
    await expect(transport.send(new Uint8Array(1))).rejects.toMatchObject({ code: 'DLMS_TRANSPORT_CLOSED' })
  })

  test('more senders than allowed are not heard', async () => {
    const { port } = await serve(1)
    await (await management(port)).associate()
    const other = await dial(port, 50)
    await expect(other.send(fromHex('C001C1000100002A0000FF0200'))).rejects.toMatchObject({ code: 'DLMS_TIMEOUT' })
  })

  test('an association of one sender is not open to another', async () => {
    const { port } = await serve()
    await (await management(port)).associate()
    const other = await dial(port)
    expect(await other.send(fromHex('C001C1000100002A0000FF0200'))).toEqual(fromHex('D80103'))
  })

  test('associates, reads in blocks, leaves; a stray datagram is passed over', async () => {
    const { port } = await serve()
    const client = await management(port)
    await client.associate()
    const stray = createSocket('udp4')
    closing.push(() => stray.close())
    stray.send(emitWpdu({ sourceWPort: 9, destinationWPort: 9, apdu: new Uint8Array(0) }), port, host)
    const month = await client.get({ classId: 7, logicalName: '1.0.99.1.0.255', attributeIndex: 2 })
    expect(month.type === 'array' && month.value.length).toBe(31 * 96)
    await client.release()
  })
})
