import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { toHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { DlmsClient, memoryCounterStore, numberOf, SoftwareSecurityModule } from '@gridcard/dlms'
import { connectWrapperTcp } from '@gridcard/dlms/node'
import type { Question } from '../question.ts'

const SERVER = fileURLToPath(new URL('dlms-associations-process.ts', import.meta.url))
const ASSOCIATIONS = 10_000
/** Opened side by side: more would only wait for each other. */
const AT_ONCE = 100
const energy = { classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2 }

/** The server is a process of its own, so that no client is weighed; descriptors for so many are needed in both. */
export const dlmsAssociations: Question = {
  name: 'dlms-associations',
  question: `memory of a server process that holds ${ASSOCIATIONS.toLocaleString('en')} ciphered associations over TCP at once`,
  unit: 'MB',
  async weigh() {
    const [clientTitle, serverTitle] = [nodeCrypto.randomBytes(8), nodeCrypto.randomBytes(8)]
    const [blockCipherKey, authenticationKey] = [nodeCrypto.randomBytes(16), nodeCrypto.randomBytes(16)]
    const parts = [clientTitle, serverTitle, blockCipherKey, authenticationKey].map(toHex)
    const server = fork(SERVER, parts, { execArgv: ['--expose-gc'] })
    try {
      const [{ port }] = (await once(server, 'message')) as [{ port: number }]
      const security = new SoftwareSecurityModule({
        crypto: nodeCrypto,
        systemTitle: clientTitle,
        slots: () => ({ blockCipherKey, authenticationKey, peerSystemTitle: serverTitle }),
        counters: memoryCounterStore(),
      })
      // One after the other on the module: its counters go up, and so must the order in which the server sees them.
      let turn: Promise<unknown> = Promise.resolve()
      const clients: DlmsClient[] = []
      const open = async () => {
        const transport = await connectWrapperTcp({ host: '127.0.0.1', port, clientSap: 1, serverSap: 1 })
        const client = new DlmsClient({
          transport,
          mechanism: 'hls-gmac',
          security,
          slot: 0,
          serverSystemTitle: serverTitle,
        })
        turn = turn.then(() => client.associate())
        await turn
        clients.push(client)
      }
      for (let i = 0; i < ASSOCIATIONS; i += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, open))
      // All of them are still associated, the first ones, too.
      for (const client of clients.filter((_, i) => i % 97 === 0)) {
        if (numberOf(await client.get(energy)) !== 4711) throw new Error('an association gives another value')
      }
      server.send('weigh')
      const [{ rssBytes }] = (await once(server, 'message')) as [{ rssBytes: number }]
      return Math.round(rssBytes / 1e6)
    } finally {
      server.kill()
    }
  },
}
