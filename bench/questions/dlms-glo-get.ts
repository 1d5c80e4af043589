import { fromHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import {
  cosem,
  DlmsClient,
  DlmsError,
  DlmsServer,
  memoryCounterStore,
  numberOf,
  registerObject,
  SoftwareSecurityModule,
} from '@gridcard/dlms'
import type { Question } from '../question.ts'

const energy = { classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2 }
const meterTitle = fromHex('4752430000000001')
const readerTitle = fromHex('4752434845414431')

export const dlmsGloGet: Question = {
  name: 'dlms-glo-get',
  question: 'small glo-ciphered GETs, client and server with software modules in one process',
  unit: 'GETs/s',
  async prepare() {
    const keys = { blockCipherKey: nodeCrypto.randomBytes(16), authenticationKey: nodeCrypto.randomBytes(16) }
    const moduleFor = (systemTitle: Uint8Array, peerSystemTitle: Uint8Array) =>
      new SoftwareSecurityModule({
        crypto: nodeCrypto,
        systemTitle,
        slots: () => ({ ...keys, peerSystemTitle }),
        counters: memoryCounterStore(),
      })
    let value = 0
    const server = new DlmsServer({
      objects: [
        registerObject({
          logicalName: energy.logicalName,
          value: () => cosem.doubleLongUnsigned(++value),
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
          access: () => true,
        },
      ],
      security: moduleFor(meterTitle, readerTitle),
    })
    const connection = server.connection()
    const requests: Uint8Array[] = []
    const client = new DlmsClient({
      transport: {
        async send(apdu) {
          requests[0] = apdu
          const [answer] = await connection.handle({ sourceWPort: 1, destinationWPort: 1, apdu })
          if (answer === undefined) throw new DlmsError('DLMS_TIMEOUT', 'no answer')
          return answer
        },
      },
      mechanism: 'hls-gmac',
      security: moduleFor(readerTitle, meterTitle),
      slot: 0,
      serverSystemTitle: meterTitle,
    })
    await client.associate()
    return {
      async verify() {
        const before = value
        if (numberOf(await client.get(energy)) !== before + 1) throw new Error('not what the register has')
        if (requests[0]?.[0] !== 0xc8 || requests[0][2] !== 0x30) throw new Error('not glo-ciphered')
      },
      async run() {
        for (let i = 0; i < 1000; i++) await client.get(energy)
        return 1000
      },
      async close() {
        await client.release()
        connection.close()
      },
    }
  },
}
