import { afterEach, expect, test } from 'vitest'
import { DlmsClient } from '../src/index.ts'
import { connectWrapperTcp, serveWrapperTcp } from '../src/node.ts'
import { clientSecurity, clientSlot, sampleDevice, serverTitle } from './sample-device.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

test('full', async () => {
  const device = sampleDevice()
  const tcp = await serveWrapperTcp({ server: device.server })
  closing.push(() => tcp.close())
  const transport = await connectWrapperTcp({ host: '127.0.0.1', port: tcp.port, clientSap: 1, serverSap: 1 })
  closing.push(() => transport.close())
  const client = new DlmsClient({
    transport,
    mechanism: 'hls-gmac',
    security: clientSecurity(),
    slot: clientSlot,
    serverSystemTitle: serverTitle,
  })
  await client.associate()
  const data = await client.get({ classId: 7, logicalName: '1.0.99.1.0.255', attributeIndex: 2 })
  expect(data.type === 'array' && data.value.length).toBe(31 * 96)
  const list = await client.get({ classId: 15, logicalName: '0.0.40.0.0.255', attributeIndex: 2 })
  expect(list.type).toBe('array')
  await client.release()
  expect(device.events.map(({ kind }) => kind)).toEqual(['association-opened', 'association-closed'])
})
