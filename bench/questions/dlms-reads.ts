import { nodeCrypto } from '@gridcard/crypto/node'
import { createMeter, memoryDeviceStore, planStreet, systemClock } from '@gridcard/devices'
import { tcpListener } from '@gridcard/devices/node'
import { DlmsClient, memoryCounterStore, numberOf, SoftwareSecurityModule } from '@gridcard/dlms'
import { connectWrapperTcp } from '@gridcard/dlms/node'
import { makeTestCard, testCardElement } from '../../e2e/support/meter-card.ts'
import type { Question } from '../question.ts'

const importEnergy = { classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2 }

export const dlmsReads: Question = {
  name: 'dlms-reads',
  question: 'registers read from one meter over TCP, each request and response through its card',
  unit: 'reads/s',
  async prepare() {
    const home = planStreet({ seed: 'bench', meters: 1 }).homes[0]!
    const peerSystemTitle = nodeCrypto.randomBytes(8)
    const { keys, link } = await makeTestCard(home.identity, peerSystemTitle)
    const meter = createMeter({
      identity: home.identity,
      clientSystemTitle: peerSystemTitle,
      element: testCardElement(home.identity, peerSystemTitle, link),
      clock: systemClock,
      seed: home.seed,
      store: memoryDeviceStore(),
      listen: tcpListener(),
      installedAtMs: systemClock.nowMs() - 86_400_000,
    })
    await meter.start()
    const { host, port } = meter.address!
    const transport = await connectWrapperTcp({ host, port, clientSap: 1, serverSap: 1 })
    const slot = 0
    const security = new SoftwareSecurityModule({
      crypto: nodeCrypto,
      systemTitle: peerSystemTitle,
      slots: () => ({
        ...keys,
        peerSystemTitle: home.identity.systemTitle,
      }),
      counters: memoryCounterStore(),
    })
    const client = new DlmsClient({
      transport,
      mechanism: 'hls-gmac',
      security,
      slot,
      serverSystemTitle: home.identity.systemTitle,
    })
    await client.associate()
    return {
      async verify() {
        const value = numberOf(await client.get(importEnergy))
        const truth = meter.truth.registers().importWh
        if (value === undefined || value > truth || truth - value > 10)
          throw new Error(`read ${value}, the meter has ${truth}`)
      },
      async run() {
        for (let i = 0; i < 50; i++) await client.get(importEnergy)
        return 50
      },
      async close() {
        await client.release()
        await transport.close()
        await meter.stop()
      },
    }
  },
}
