import { fromAscii } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import { conformanceOf, cosem, DlmsClient, DlmsError, emitXdlms, parseApdu } from '../src/index.ts'
import { withoutConformance } from './in-process.ts'
import { disconnect, energy, type SecuredBenchOptions, securedBench, writable } from './secured-bench.ts'

// SET, ACTION and ACCESS that nobody answers, and associations that are opened without an answer.

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise
    return 'resolved'
  } catch (error) {
    if (error instanceof DlmsError) return error.code
    throw error
  }
}

const text = (value: string) => cosem.octetString(fromAscii(value))
const denied = { ...writable, attributeIndex: 1 }
const inClear = { association: { mechanism: 'none', ciphered: false }, client: { ciphering: false } } as const

const forms: readonly (readonly [string, SecuredBenchOptions])[] = [
  ['in clear', inClear],
  ['ciphered', {}],
  ['general', { client: { ciphering: { form: 'general' } } }],
  [
    'general-ciphering, suite 1',
    { suite: 1, client: { ciphering: { suite: 1, form: 'general-ciphering', key: 'one-pass' } } },
  ],
]

describe.each(forms)('in an association, %s', (_name, options) => {
  test('SET, ACTION and ACCESS are served and have no answer, refused or not', async () => {
    const { client, transport, written, isConnected, events } = securedBench(options)
    await client.associate()
    await client.setUnconfirmed([{ attribute: writable, value: text('a') }])
    await client.setUnconfirmed([
      { attribute: denied, value: text('b') },
      { attribute: writable, value: text('c') },
    ])
    await client.actionUnconfirmed([{ method: disconnect, parameter: cosem.integer(0) }])
    await client.accessUnconfirmed([
      { service: 'set', attribute: writable, value: text('d') },
      { service: 'action', method: { ...disconnect, methodIndex: 2 }, value: cosem.integer(0) },
    ])
    await client.accessUnconfirmed(
      [
        { service: 'set', attribute: denied, value: text('e') },
        { service: 'set', attribute: writable, value: text('f') },
      ],
      { breakOnError: true },
    )
    expect(written).toEqual([text('a'), text('c'), text('d')])
    expect(isConnected()).toBe(true)
    expect(transport.posted.map(({ responses }) => responses)).toEqual([[], [], [], [], []])
    expect(events.map(({ kind }) => kind)).toEqual(['association-opened'])
    // The next answer is to the next question.
    expect(await client.get(energy)).toEqual(cosem.doubleLongUnsigned(4711))
  })

  test('what does not fit is not sent, nor any of the others', async () => {
    const { client, transport } = securedBench(options)
    await client.associate()
    const long = text('x'.repeat(5000))
    const both = [
      { attribute: writable, value: text('a') },
      { attribute: writable, value: long },
    ]
    expect(await codeOf(client.setUnconfirmed(both))).toBe('DLMS_LIMIT_EXCEEDED')
    expect(await codeOf(client.accessUnconfirmed([{ service: 'set', attribute: writable, value: long }]))).toBe(
      'DLMS_LIMIT_EXCEEDED',
    )
    expect(transport.posted).toEqual([])
  })
})

test('without lists each goes by itself', async () => {
  const { transport, written } = securedBench(inClear)
  const client = new DlmsClient({
    transport: withoutConformance(transport, conformanceOf('multiple-references')),
    mechanism: 'none',
  })
  await client.associate()
  await client.setUnconfirmed([
    { attribute: writable, value: text('a') },
    { attribute: writable, value: text('b') },
  ])
  await client.actionUnconfirmed([{ method: disconnect }, { method: { ...disconnect, methodIndex: 2 } }])
  expect(transport.posted.map(({ request }) => parseApdu(request).kind)).toEqual([
    'set-request-normal',
    'set-request-normal',
    'action-request-normal',
    'action-request-normal',
  ])
  expect(written).toHaveLength(2)
})

test('a transport that knows answers only refuses', async () => {
  const { transport, association } = securedBench(inClear)
  const client = new DlmsClient({
    transport: { send: (apdu) => transport.send(apdu) },
    mechanism: association.mechanism,
  })
  await client.associate()
  expect(await codeOf(client.actionUnconfirmed([{ method: disconnect }]))).toBe('DLMS_CONFIGURATION')
})

describe('an association without confirmation', () => {
  const cipheredNone = { association: { mechanism: 'none' }, client: { mechanism: 'none', ciphering: {} } } as const
  const open = (options: SecuredBenchOptions) =>
    securedBench({ ...options, client: { ...options.client, isConfirmed: false, maxPduBytes: 1024 } })

  test('is not for mechanisms that need answers, at either end', async () => {
    expect(() => open({})).toThrow(expect.objectContaining({ code: 'DLMS_CONFIGURATION' }))
    const { transport, association } = securedBench()
    const client = new DlmsClient({ transport, mechanism: 'none', isConfirmed: false })
    await client.associate()
    expect(association.mechanism).toBe('hls-gmac')
    expect(transport.posted.map(({ responses }) => responses)).toEqual([[]])
  })

  test.each([
    ['in clear', inClear],
    ['ciphered', cipheredNone],
  ] as const)('%s: nothing is ever answered, and only unconfirmed services pass', async (_name, options) => {
    const { client, transport, written, events } = open(options)
    const info = await client.associate()
    expect(info.serverMaxPduBytes).toBe(1024)
    expect(await codeOf(client.get(energy))).toBe('DLMS_CONFIGURATION')
    await client.setUnconfirmed([{ attribute: writable, value: text('a') }])
    await client.accessUnconfirmed([{ service: 'set', attribute: writable, value: text('b') }])
    expect(written).toEqual([text('a'), text('b')])
    await client.release()
    expect(client.isAssociated).toBe(false)
    expect(events.map(({ kind }) => kind)).toEqual(['association-opened', 'association-closed'])
    expect(transport.exchanges).toEqual([])
    expect(transport.posted.map(({ responses }) => responses)).toEqual([[], [], [], []])
  })

  test('a confirmed request in it is neither served nor answered', async () => {
    const { client, transport, written, events } = open(inClear)
    await client.associate()
    for (const invokeIdAndPriority of [0xc1, 0x41]) {
      await transport.post(
        emitXdlms({ kind: 'set-request-normal', invokeIdAndPriority, attribute: writable, value: text('a') }),
      )
    }
    await transport.post(Uint8Array.of(1, 2, 3))
    expect(written).toEqual([])
    expect(transport.posted.map(({ responses }) => responses)).toEqual([[], [], [], []])
    expect(events.map(({ kind }) => kind)).toEqual(['association-opened', 'access-denied', 'access-denied'])
  })

  test('a refusal of one is silent too, once it could be read', async () => {
    const password = { password: () => fromAscii('right') }
    const { client, transport, events } = open({
      association: { mechanism: 'lls', ciphered: false, ...password },
      server: { allowsPasswordsInClear: true },
      client: { ciphering: false, password: fromAscii('wrong') },
    })
    await client.associate()
    expect(transport.posted.map(({ responses }) => responses)).toEqual([[]])
    expect(events.map(({ reason }) => reason)).toEqual(['wrong password'])
  })
})
