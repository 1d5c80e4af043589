import { fromAscii, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { cosem, DlmsClient, type DlmsClientOptions, type DlmsServerOptions, traceApdu } from '../src/index.ts'
import { inProcessTransport } from './in-process.ts'
import { managementAssociation, publicAssociation, sampleDevice } from './sample-device.ts'

// Mechanism 1, a password in clear: for old meters, never by default.

const password = fromAscii('12345678')
const old = { ...publicAssociation, name: 'old', clientSap: 32, mechanism: 'lls', password: () => password } as const
const name = { classId: 1, logicalName: '0.0.42.0.0.255', attributeIndex: 2 }
const refused = '6117A109060760857405080101A203020101A305A103020101'

function bench(client: Partial<DlmsClientOptions> = {}, server: Partial<DlmsServerOptions> = {}) {
  const device = sampleDevice({ associations: [old, managementAssociation], allowsPasswordsInClear: true, ...server })
  const transport = inProcessTransport(device.server, { clientSap: 32, serverSap: 1 })
  return { ...device, transport, client: new DlmsClient({ transport, mechanism: 'lls', password, ...client }) }
}

describe('low level security', () => {
  test.each<[string, Partial<DlmsServerOptions>]>([
    ['without being told that it may', { allowsPasswordsInClear: false }],
    ['without a password', { associations: [{ ...publicAssociation, mechanism: 'lls' }] }],
  ])('is not offered by a server %s', (_name, options) => {
    expect(() => bench({}, options)).toThrow(expect.objectContaining({ code: 'DLMS_CONFIGURATION' }))
  })

  test('needs a password of 1..64 octets on the client', () => {
    for (const length of [0, 65]) {
      expect(() => bench({ password: new Uint8Array(length) })).toThrow(
        expect.objectContaining({ code: 'DLMS_CONFIGURATION' }),
      )
    }
  })

  test.each([
    ['another one', '12345679'],
    ['a shorter one', '1234567'],
    ['a longer one', '123456781'],
    ['itself twice', '1234567812345678'],
  ])('refuses every password but its own: %s', async (_name, guess) => {
    const { client, transport, events } = bench({ password: fromAscii(guess) })
    await expect(client.associate()).rejects.toMatchObject({ code: 'DLMS_ASSOCIATION_REFUSED' })
    expect(toHex(transport.exchanges[0]!.response)).toBe(refused)
    expect(events).toMatchObject([{ kind: 'association-refused', reason: 'wrong password' }])
  })

  test('refuses a client without mechanism, and one with a password where HLS is due', async () => {
    const { client, server, events } = bench({ mechanism: 'none' })
    await expect(client.associate()).rejects.toMatchObject({ code: 'DLMS_ASSOCIATION_REFUSED' })
    const transport = inProcessTransport(server, { clientSap: 1, serverSap: 1 })
    const weak = new DlmsClient({ transport, mechanism: 'lls', password })
    await expect(weak.associate()).rejects.toMatchObject({ code: 'DLMS_ASSOCIATION_REFUSED' })
    expect(events.map(({ reason }) => reason)).toEqual([
      'another authentication mechanism',
      'another application context',
    ])
  })

  test('reads with the right password, which no trace tells', async () => {
    const { client, transport } = bench()
    await client.associate()
    expect(await client.get(name)).toEqual(cosem.octetString(fromAscii('GRC0000000000001')))
    expect(traceApdu(transport.exchanges[0]!.request)).not.toContain(toHex(password))
    await client.release()
  })
})
