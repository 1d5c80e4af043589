import { readFileSync } from 'node:fs'
import { fromHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { expect, test } from 'vitest'
import {
  cosem,
  DlmsClient,
  DlmsServer,
  memoryCounterStore,
  registerObject,
  SoftwareSecurityModule,
  scalerUnitOf,
} from '../src/index.ts'
import { connectWrapperTcp, serveWrapperTcp } from '../src/node.ts'

test('the example of the README runs as it stands', async () => {
  const log: string[] = []
  const meterTitle = fromHex('4752430000000001')
  const readerTitle = fromHex('4752434845414431')
  const crypto = nodeCrypto
  const keys = { blockCipherKey: crypto.randomBytes(16), authenticationKey: crypto.randomBytes(16) }
  const moduleFor = (systemTitle: Uint8Array, peerSystemTitle: Uint8Array) =>
    new SoftwareSecurityModule({
      crypto,
      systemTitle,
      slots: (slot) => (slot === 0 ? { ...keys, peerSystemTitle } : undefined),
      counters: memoryCounterStore(), // a real one stores before it answers
    })

  const server = new DlmsServer({
    objects: [
      registerObject({
        logicalName: '1.0.1.8.0.255',
        value: () => cosem.doubleLongUnsigned(4711),
        scaler: 0,
        unit: 30,
      }),
    ],
    associations: [
      {
        name: 'management',
        clientSap: 1,
        serverSap: 1,
        mechanism: 'hls-gmac',
        ciphered: true,
        slot: 0,
        access: (_object, _index, kind) => kind === 'read',
      },
    ],
    security: moduleFor(meterTitle, readerTitle),
    onSecurityEvent: ({ kind, reason }) => log.push(`${kind}: ${reason}`),
  })
  const listening = await serveWrapperTcp({ server })

  const transport = await connectWrapperTcp({ host: '127.0.0.1', port: listening.port, clientSap: 1, serverSap: 1 })
  const client = new DlmsClient({
    transport,
    mechanism: 'hls-gmac',
    security: moduleFor(readerTitle, meterTitle),
    slot: 0,
    serverSystemTitle: meterTitle,
  })
  await client.associate()
  const energy = { classId: 3, logicalName: '1.0.1.8.0.255' }
  const value = await client.get({ ...energy, attributeIndex: 2 }) // { type: 'double-long-unsigned', value: 4711 }
  const unit = scalerUnitOf(await client.get({ ...energy, attributeIndex: 3 })) // { scaler: 0, unit: 30 }
  await client.release()

  expect(value).toEqual({ type: 'double-long-unsigned', value: 4711 })
  expect(unit).toEqual({ scaler: 0, unit: 30 })
  expect(log).toEqual(['association-opened: client 1', 'association-closed: released'])
  transport.close()
  await listening.close()
})

test('the example in the README is the one above', () => {
  const text = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8')
  const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(text('../README.md')) ?? []
  const lines = (code: string) => code.split('\n').map((line) => line.trim())
  expect(lines(text('./readme.test.ts')).join('\n')).toContain(lines(example).join('\n').trim())
})
