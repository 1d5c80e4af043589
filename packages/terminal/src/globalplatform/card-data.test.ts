import { fromHex, toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TerminalError } from '../errors.ts'
import { parseCardCapabilities, parseCardRecognitionData, parseCplc, parseKeyInformation } from './card-data.ts'
import { describeLifeCycle } from './life-cycle.ts'
import { emitPrivileges, parsePrivileges, privilegeBits, requirePrivilege } from './privileges.ts'
import { parseReceipt } from './receipts.ts'
import { parseRegistry } from './registry.ts'
import { parseUpgradeAnswer } from './upgrade.ts'

// Data of real cards, from the tests of kaoh/globalplatform and from logs in the issues of GlobalPlatformPro.

test('card recognition data', () => {
  const data =
    '664D734B06072A864886FC6B01600B06092A864886FC6B020203630906072A864886FC6B03640B06092A864886FC6B040370650D060B2A864886FC6B0507020000660C060A2B060104012A026E0103'
  const expected = {
    version: '2.3',
    protocols: [{ protocol: 3, options: [0x70] }],
    configuration: '1.2.840.114283.5.7.2.0.0',
    chip: '1.3.6.1.4.1.42.2.110.1.3',
  }
  expect(parseCardRecognitionData(fromHex(data))).toEqual(expected)
  expect(parseCardRecognitionData(fromHex(data.slice(4)))).toEqual(expected)
})

test('two protocols, one with an option of two bytes', () => {
  const data =
    '663F733D06072A864886FC6B01600C060A2A864886FC6B02020301630906072A864886FC6B03640B06092A864886FC6B040360640C060A2A864886FC6B04119B06'
  const { version, protocols } = parseCardRecognitionData(fromHex(data))
  expect(version).toBe('2.3.1')
  expect(protocols).toEqual([
    { protocol: 3, options: [0x60] },
    { protocol: 0x11, options: [3462] },
  ])
})

test('card capabilities', () => {
  const data = '6724A0098001028104153555758103E5BEC082031E030083010284010285017B86010C87017B'
  expect(parseCardCapabilities(fromHex(data))).toMatchObject({
    protocols: [{ protocol: 2, options: [0x15, 0x35, 0x55, 0x75], aesKeyBits: [] }],
    applicationPrivileges: [
      'CardLock',
      'CardTerminate',
      'CardReset',
      'CvmManagement',
      'FinalApplication',
      'GlobalService',
    ],
    loadFileHashes: ['SHA-256'],
  })
  const recognition =
    '6658735606072A864886FC6B01600B06092A864886FC6B020202630906072A864886FC6B03640B06092A864886FC6B048000640B06092A864886FC6B040370650B06092A864886FC6B020101660C060A2B060104012A026E0102'
  expect(() => parseCardCapabilities(fromHex(recognition))).toThrow(TerminalError)
})

test('key information, short and extended', () => {
  expect(parseKeyInformation(fromHex('E012C00401FF8010C00402FF8010C00403FF8010'))).toEqual(
    [1, 2, 3].map((identifier) => ({
      identifier,
      version: 0xff,
      components: [{ type: 0x80, typeName: 'DES', lengthBytes: 16 }],
    })),
  )
  expect(parseKeyInformation(fromHex('E00AC0080173FF8800100101 01'.replace(' 01', '')))[0]).toMatchObject({
    identifier: 1,
    version: 0x73,
    components: [{ typeName: 'AES', lengthBytes: 16 }],
  })
  expect(parseKeyInformation(fromHex('E008C0060170A180A003'))[0]!.components.map(({ typeName }) => typeName)).toEqual([
    'RSA modulus',
    'RSA public exponent',
  ])
})

test('production data', () => {
  const data = '9F7F2A4790D6004700000000003244342952208448000000000000000015278234323935320000000000000000'
  expect(parseCplc(fromHex(data))).toMatchObject({
    icFabricator: '4790',
    icType: 'D600',
    icFabricationDate: '3244',
    icSerialNumber: '34295220',
    icBatchIdentifier: '8448',
    icPrePersonalizationEquipmentId: '32393532',
  })
  expect(parseCplc(fromHex(data.slice(6)))).toEqual(parseCplc(fromHex(data)))
})

describe('privileges', () => {
  test('all there and back, in one byte where that is enough', () => {
    const all = Object.keys(privilegeBits) as (keyof typeof privilegeBits)[]
    expect(parsePrivileges(emitPrivileges(all))).toEqual(all)
    expect(toHex(emitPrivileges(['CardReset']))).toBe('04')
    expect(toHex(emitPrivileges(['SecurityDomain', 'AuthorizedManagement']))).toBe('804000')
    expect(parsePrivileges(fromHex('C1'))).toEqual(['SecurityDomain', 'DapVerification', 'MandatedDapVerification'])
  })

  test('by what people type', () => {
    expect(requirePrivilege('card-reset')).toBe('CardReset')
    expect(() => requirePrivilege('root')).toThrow(expect.objectContaining({ code: 'TERMINAL_GP_BAD_INPUT' }))
  })
})

test.each([
  ['issuer-domain', 0x0f, 'SECURED'],
  ['issuer-domain', 0x7f, 'CARD_LOCKED'],
  ['security-domain', 0x0f, 'PERSONALIZED'],
  ['application', 0x0f, 'SELECTABLE, own state 0F'],
  ['application', 0x87, 'LOCKED'],
  ['application', 0x83, 'LOCKED'],
  ['load-file', 0x01, 'LOADED'],
] as const)('the life cycle of a %s in state %i is %s', (kind, state, expected) => {
  expect(describeLifeCycle(kind, state)).toBe(expected)
})

test('an upgrade session, with a confirmation before it and without', () => {
  const session = { state: 2, stateName: 'waiting for the new load file', loadFile: 'D000CAFE0001' }
  expect(parseUpgradeAnswer(fromHex('00 0D A10B 900102 4F06D000CAFE0001'))).toEqual(session)
  expect(parseUpgradeAnswer(fromHex('A10B 900102 4F06D000CAFE0001'))).toEqual(session)
})

test('no answer of a card does more than be refused', () => {
  const parsers = [
    parseCardRecognitionData,
    parseCardCapabilities,
    parseKeyInformation,
    parseCplc,
    parseReceipt,
    parseUpgradeAnswer,
    (bytes: Uint8Array) => parseRegistry('applications', bytes),
  ]
  const start = fc.constantFrom('', '66', '67', 'E0', 'E3', '9F7F', 'A1').map(fromHex)
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...parsers), (head, tail, parse) => {
      try {
        parse(Uint8Array.of(...head, ...tail))
      } catch (error) {
        if (!(error instanceof TerminalError) || error.code !== 'TERMINAL_GP_BAD_ANSWER') throw error
      }
    }),
    { numRuns: 3000 },
  )
})
