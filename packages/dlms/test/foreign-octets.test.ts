import { fromAscii, fromHex } from '@gridcard/bytes'
import { nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, test } from 'vitest'
import { cosem, memoryCounterStore, PushReceiver, parseApdu, SoftwareSecurityModule } from '../src/index.ts'

// Octets that other houses' programs sent while they were tried against ours, with the example keys of the Green Book.

describe('gurux.dlms.java 4.0.97', () => {
  const meter = fromHex('4752430000000001')
  const push = fromHex(
    'DB0847524300000000013030' +
      '0000000A14DD2C678101F4596D966786BD8F07FC552B598F11AE66BCA8D1D254174AB4C365A8669B8D19B809B84ED1',
  )
  const receiver = (blockCipherKey: string) =>
    new PushReceiver({
      security: new SoftwareSecurityModule({
        crypto: nodeCrypto,
        systemTitle: fromHex('4D4D4D0000BC614E'),
        slots: () => ({
          blockCipherKey: fromHex(blockCipherKey),
          authenticationKey: fromHex('D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF'),
          peerSystemTitle: meter,
        }),
        counters: memoryCounterStore(),
      }),
      slotOf: () => 0,
    })

  test('its push under another key, or sent twice, is refused', async () => {
    expect(await receiver('0F0102030405060708090A0B0C0D0E0F').receive(push)).toEqual({
      refused: 'authentication-failed',
    })
    const once = receiver('000102030405060708090A0B0C0D0E0F')
    await once.receive(push)
    expect(await once.receive(push)).toEqual({ refused: 'counter-replayed' })
  })

  test('its push in general-glo-ciphering is opened', async () => {
    expect(await receiver('000102030405060708090A0B0C0D0E0F').receive(push)).toMatchObject({
      systemTitle: meter,
      notification: {
        kind: 'data-notification',
        body: cosem.structure(cosem.doubleLongUnsigned(4711), cosem.octetString(fromAscii('text'))),
      },
    })
  })

  test('an ACCESS that gets, sets and gets', () => {
    const request = fromHex('D9C000000100030100030100010800FF020200010000600109FF0201000100002A0000FF0203000902010200')
    expect(parseApdu(request)).toMatchObject({
      kind: 'access-request',
      specifications: [{ service: 'get' }, { service: 'set' }, { service: 'get' }],
      data: [cosem.nullData, cosem.octetString(fromHex('0102')), cosem.nullData],
    })
  })

  test('its server leaves out the data of a SET in an ACCESS answer, which is refused', () => {
    const response = fromHex('DAC0000001000003060000126709104752583030303030303030303030303103010002000100')
    expect(() => parseApdu(response)).toThrow('bytes left over')
  })
})
