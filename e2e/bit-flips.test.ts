import { nodeCrypto } from '@gridcard/crypto/node'
import { createMeter, memoryDeviceStore, planStreet, SettableClock } from '@gridcard/devices'
import { tcpListener } from '@gridcard/devices/node'
import { DlmsClient, DlmsError, memoryCounterStore, numberOf, SoftwareSecurityModule } from '@gridcard/dlms'
import { connectWrapperTcp } from '@gridcard/dlms/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeTestCard, testCardElement } from './support/meter-card.ts'
import { testNoonMs } from './support/street.ts'

const home = planStreet({ seed: 'bit flips', meters: 1 }).homes[0]!
const importEnergy = { classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2 }
const headendTitle = nodeCrypto.randomBytes(8)

let meter: ReturnType<typeof createMeter>
let keys: { readonly blockCipherKey: Uint8Array; readonly authenticationKey: Uint8Array }
beforeAll(async () => {
  const card = await makeTestCard(home.identity, headendTitle)
  keys = card.keys
  meter = createMeter({
    identity: home.identity,
    clientSystemTitle: headendTitle,
    element: testCardElement(home.identity, headendTitle, card.link),
    clock: new SettableClock(testNoonMs),
    seed: home.seed,
    store: memoryDeviceStore(),
    listen: tcpListener(),
    installedAtMs: testNoonMs - 86_400_000,
  })
  await meter.start()
})
afterAll(() => meter?.stop())

const counters = memoryCounterStore()
const security = new SoftwareSecurityModule({
  crypto: nodeCrypto,
  systemTitle: headendTitle,
  slots: () => ({
    ...keys,
    peerSystemTitle: home.identity.systemTitle,
  }),
  counters,
})

/** Reads the register in an association of its own; `change` sees the ciphered response to the GET on its way. */
async function readOnce(change: (apdu: Uint8Array) => void): Promise<number | undefined> {
  const transport = await connectWrapperTcp({ ...meter.address!, clientSap: 1, serverSap: 1 })
  let isGet = false
  const client = new DlmsClient({
    mechanism: 'hls-gmac',
    security,
    slot: 0,
    serverSystemTitle: home.identity.systemTitle,
    transport: {
      async send(apdu: Uint8Array) {
        const response = await transport.send(apdu)
        if (isGet) change(response)
        return response
      },
    },
  })
  try {
    await client.associate()
    isGet = true
    return numberOf(await client.get(importEnergy))
  } finally {
    await transport.close()
  }
}

describe('a ciphered response of a meter', () => {
  test('is accepted as it is, and with no bit of it flipped', async () => {
    let bits = 0
    const truth = meter.truth.registers().importWh
    expect(
      await readOnce((apdu) => {
        bits = apdu.length * 8
      }),
    ).toBe(truth)
    expect(bits).toBeGreaterThan(200)

    const accepted: number[] = []
    for (let bit = 0; bit < bits; bit++) {
      let flipped = false
      const result = await readOnce((apdu) => {
        apdu[bit >> 3]! ^= 0x80 >> (bit & 7)
        flipped = true
      }).catch((error: unknown) => error)
      expect(flipped).toBe(true)
      if (!(result instanceof DlmsError)) accepted.push(bit)
    }
    expect(accepted).toEqual([])
    expect(await readOnce(() => {})).toBe(truth)
  })
})
