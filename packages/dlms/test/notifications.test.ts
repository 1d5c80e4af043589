import { describe, expect, test } from 'vitest'
import { ApduInbox } from '../src/client/apdu-inbox.ts'
import {
  cosem,
  type DataNotification,
  DlmsClient,
  type DlmsClientOptions,
  DlmsError,
  type DlmsServerOptions,
  type EventNotification,
  emitApdu,
  notificationBlocks,
} from '../src/index.ts'
import { connectWrapperTcp, connectWrapperUdp, serveWrapperTcp, serveWrapperUdp } from '../src/node.ts'
import { clientSecurity, clientSlot, managementAssociation, sampleDevice, serverTitle } from './sample-device.ts'

// What a server sends unasked while an association is open.

const energy = { classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2 }
const alarm: DataNotification = { kind: 'data-notification', longInvokeIdAndPriority: 1, body: cosem.unsigned(7) }
const event: EventNotification = { kind: 'event-notification-request', attribute: energy, value: cosem.unsigned(8) }

/** A line on which the server's APDUs arrive as the test says. */
function bench(
  options: Partial<DlmsClientOptions> = {},
  isListening = true,
  serverOptions: Partial<DlmsServerOptions> = {},
) {
  const heard: (DataNotification | EventNotification)[] = []
  const device = sampleDevice(serverOptions)
  const inbox = new ApduInbox()
  let onWaiting = () => {}
  const connection = device.server.connection(({ apdu }) => {
    inbox.push(apdu)
    onWaiting()
  })
  /** Comes before the answer to the next request. */
  const before: (() => Promise<Uint8Array | number>)[] = []
  const transport = {
    send: async (apdu: Uint8Array) => {
      for (const act of before.splice(0)) {
        const early = await act()
        if (early instanceof Uint8Array) inbox.push(early)
      }
      for (const answer of await connection.handle({ sourceWPort: 1, destinationWPort: 1, apdu })) inbox.push(answer)
      return (await inbox.next())!
    },
    post: async () => {},
    next: async () => {
      const next = inbox.next()
      inbox.expire()
      return next
    },
    onWaiting: (listener: () => void) => {
      onWaiting = listener
    },
  }
  const client = new DlmsClient({
    transport,
    mechanism: 'hls-gmac',
    security: clientSecurity(),
    slot: clientSlot,
    serverSystemTitle: serverTitle,
    ...(isListening && { onNotification: (one) => void heard.push(one) }),
    ...options,
  })
  const arrive = (apdu: Uint8Array) => {
    inbox.push(apdu)
    onWaiting()
  }
  return { ...device, client, heard, before, arrive }
}

describe('notifications in an association', () => {
  test('are not sent to a client that is not associated, has not agreed, or is not wanted', async () => {
    const silent = bench({}, false)
    expect(await silent.server.notify(alarm)).toBe(0)
    await silent.client.associate()
    expect(await silent.server.notify(alarm)).toBe(0)
    const listening = bench()
    await listening.client.associate()
    expect(await listening.server.notify(alarm, ({ name }) => name === 'another')).toBe(0)
    const tooLong = { ...alarm, body: cosem.octetString(new Uint8Array(2000)) }
    await expect(listening.server.notify(tooLong)).rejects.toMatchObject({ code: 'DLMS_LIMIT_EXCEEDED' })
    await listening.client.release()
    expect(await listening.server.notify(alarm)).toBe(0)
  })

  test('are passed over when they are not protected as agreed, and the association goes on', async () => {
    const { client, heard, arrive } = bench()
    await client.associate()
    for (const apdu of [emitApdu(alarm), Uint8Array.of(0xdb, 8, 1, 2), Uint8Array.of(0xe0)]) arrive(apdu)
    expect(await client.get(energy)).toEqual(cosem.doubleLongUnsigned(4711))
    expect(heard).toEqual([])
  })

  test('are an answer to the wrong question for a client that does not listen', async () => {
    const { client, before } = bench({}, false)
    await client.associate()
    before.push(async () => emitApdu(alarm))
    await expect(client.get(energy)).rejects.toBeInstanceOf(DlmsError)
    expect(client.isAssociated).toBe(false)
  })

  test('come in between request and answer, and by themselves, authenticated and encrypted', async () => {
    const { client, heard, before, server, arrive } = bench()
    await client.associate()
    expect(await server.notify(alarm)).toBe(1)
    before.push(() => server.notify(event))
    expect(await client.get(energy)).toEqual(cosem.doubleLongUnsigned(4711))
    expect(heard).toEqual([alarm, event])
    arrive(emitApdu(alarm))
    expect(await client.get(energy)).toEqual(cosem.doubleLongUnsigned(4711))
    expect(heard).toHaveLength(2)
  })

  test.each([true, false])('longer than the client takes come in blocks, ciphered %s', async (ciphered) => {
    const open = { ...managementAssociation, mechanism: 'none', ciphered: false } as const
    const options = {
      generalBlockTransfer: true,
      maxPduBytes: 200,
      ...(!ciphered && ({ mechanism: 'none', ciphering: false } as const)),
    }
    const { client, heard, server, before } = bench(options, true, ciphered ? {} : { associations: [open] })
    await client.associate()
    const long = { ...alarm, body: cosem.octetString(new Uint8Array(2000).fill(7)) }
    expect(await server.notify(long)).toBe(1)
    before.push(() => server.notify(long))
    expect(await client.get(energy)).toEqual(cosem.doubleLongUnsigned(4711))
    expect(heard).toEqual([long, long])
  })

  test('in blocks with a gap come to nothing, and a doubled block does no harm', async () => {
    const { client, heard } = bench({ mechanism: 'none', ciphering: false }, true, {
      associations: [{ ...managementAssociation, mechanism: 'none', ciphered: false }],
    })
    await client.associate()
    const long = { ...alarm, body: cosem.octetString(new Uint8Array(300).fill(7)) }
    const blocks = await notificationBlocks({ notification: long, maxPduBytes: 100 })
    expect(blocks.map((block) => block.length <= 100)).toEqual([true, true, true, true])
    const arrive = async (...numbers: number[]) => {
      for (const number of numbers) await client.receiveNotification(blocks[number - 1]!)
      return heard.splice(0).length
    }
    expect(await arrive(1, 2, 4)).toBe(0)
    expect(await arrive(3, 4)).toBe(0)
    expect(await arrive(2, 1, 2, 1, 2, 2, 3, 3, 4, 4)).toBe(1)
    await expect(notificationBlocks({ notification: long, maxPduBytes: 9 })).rejects.toMatchObject({
      code: 'DLMS_LIMIT_EXCEEDED',
    })
  })

  test('that came another way are judged alike', async () => {
    const { client, heard } = bench()
    await expect(client.receiveNotification(emitApdu(alarm))).rejects.toMatchObject({ code: 'DLMS_NOT_ASSOCIATED' })
    await client.associate()
    expect(await client.receiveNotification(emitApdu(alarm))).toBe(false)
    expect(heard).toEqual([])
  })

  test.each([
    ['TCP', serveWrapperTcp, connectWrapperTcp],
    ['UDP', serveWrapperUdp, connectWrapperUdp],
  ] as const)('go over %s', async (_name, serve, connect) => {
    const open = { ...managementAssociation, mechanism: 'none', ciphered: false } as const
    const device = sampleDevice({ associations: [open] })
    const listening = await serve({ server: device.server })
    const transport = await connect({ host: '127.0.0.1', port: listening.port, clientSap: 1, serverSap: 1 })
    try {
      const heard = Promise.withResolvers<DataNotification | EventNotification>()
      const client = new DlmsClient({ transport, mechanism: 'none', onNotification: heard.resolve })
      await client.associate()
      expect(await device.server.notify(alarm)).toBe(1)
      expect(await heard.promise).toEqual(alarm)
      expect(await client.get(energy)).toEqual(cosem.doubleLongUnsigned(4711))
    } finally {
      transport.close()
      await listening.close()
    }
  })
})
