import { fromHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { cosem, DlmsServer, memoryCounterStore, registerObject, SoftwareSecurityModule } from '@gridcard/dlms'
import { serveWrapperTcp } from '@gridcard/dlms/node'

/** A server in a process of its own; the parent is told its port, and its memory whenever it asks. */
const [clientTitle, serverTitle, blockCipherKey, authenticationKey] = process.argv.slice(2).map((hex) => fromHex(hex))
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
  security: new SoftwareSecurityModule({
    crypto: nodeCrypto,
    systemTitle: serverTitle!,
    slots: () => ({
      blockCipherKey: blockCipherKey!,
      authenticationKey: authenticationKey!,
      peerSystemTitle: clientTitle!,
    }),
    counters: memoryCounterStore(),
  }),
})
const { port } = await serveWrapperTcp({ server, maxConnections: 20_000, idleTimeoutMs: 600_000 })
process.on('message', () => {
  globalThis.gc?.()
  process.send!({ rssBytes: process.memoryUsage().rss })
})
process.send!({ port })
