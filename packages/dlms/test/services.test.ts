import { fromHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import {
  type AccessItem,
  type ActionItem,
  type CosemData,
  type CosemObject,
  conformanceOf,
  cosem,
  DlmsClient,
  DlmsError,
  emitApdu,
  longInvokeBits,
  parseApdu,
  type XdlmsApdu,
} from '../src/index.ts'
import { inProcessTransport } from './in-process.ts'
import { clientSecurity, clientSlot, managementAssociation, sampleDevice, serverTitle } from './sample-device.ts'

// ACTION with lists and blocks, SET with lists, ACCESS: first what is refused, then client and server together.

const octets = (length: number) => cosem.octetString(Uint8Array.from({ length }, (_unused, i) => i & 0xff))
const lengths: number[] = []

/** Method 1 gives as many octets as it is told, method 2 takes octets and gives nothing. */
const echo: CosemObject = {
  classId: 9,
  version: 0,
  logicalName: '0.0.10.0.0.255',
  attributeCount: 1,
  methodCount: 2,
  supports: (kind) => kind === 'invoke',
  read: () => ({ refused: 'object-unavailable' }),
  invoke: (methodIndex, parameter) => {
    if (methodIndex === 1) {
      return { result: 'success', data: octets(parameter?.type === 'long-unsigned' ? parameter.value : 0) }
    }
    if (parameter?.type !== 'octet-string') return { result: 'type-unmatched' }
    lengths.push(parameter.value.length)
    return { result: 'success' }
  },
}
const method = (methodIndex: number) => ({ classId: 9, logicalName: '0.0.10.0.0.255', methodIndex })
const note = { classId: 1, logicalName: '0.0.96.1.9.255', attributeIndex: 2 }
const energy = { classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2 }
const denied = { ...energy, attributeIndex: 3 }
const allBits = conformanceOf(
  'get',
  'set',
  'action',
  'multiple-references',
  'selective-access',
  'block-transfer-with-action',
  'block-transfer-with-set-or-write',
  'access',
)

/** An open association without ciphering, so that APDUs can be made by hand. */
async function plain(conformance = allBits, maxPduBytes = 200) {
  const open = { ...managementAssociation, mechanism: 'none', ciphered: false } as const
  const device = sampleDevice({ associations: [open], maxPduBytes }, [echo])
  const connection = device.server.connection()
  const handle = async (apdu: Uint8Array) => (await connection.handle({ sourceWPort: 1, destinationWPort: 1, apdu }))[0]
  const initiate: XdlmsApdu = {
    kind: 'initiate-request',
    responseAllowed: true,
    dlmsVersion: 6,
    conformance,
    maxPduBytes,
  }
  const applicationContextName = fromHex('60857405080101')
  await handle(emitApdu({ kind: 'aarq', applicationContextName, userInformation: emitApdu(initiate) }))
  const ask = async (request: XdlmsApdu) => parseApdu((await handle(emitApdu(request)))!)
  return { ...device, ask }
}

const id = { invokeIdAndPriority: 0xc1 }
const block = (blockNumber: number, lastBlock: boolean, rawData: Uint8Array) => ({ blockNumber, lastBlock, rawData })
const unknownService = { kind: 'exception-response', stateError: 2, serviceError: 2 }

describe('ACTION on the server refuses', () => {
  test.each<[string, XdlmsApdu, number]>([
    [
      'lists that were not agreed on',
      { kind: 'action-request-with-list', ...id, methods: [method(1)], parameters: [cosem.nullData] },
      conformanceOf('get', 'action'),
    ],
    [
      'blocks that were not agreed on',
      { kind: 'action-request-with-first-pblock', ...id, method: method(1), block: block(1, true, fromHex('00')) },
      conformanceOf('get', 'action'),
    ],
    [
      'ACCESS that was not agreed on',
      { kind: 'access-request', longInvokeIdAndPriority: longInvokeBits.confirmed + 1, specifications: [], data: [] },
      conformanceOf('get', 'action'),
    ],
  ])('%s', async (_name, request, conformance) => {
    const { ask } = await plain(conformance)
    expect(await ask(request)).toEqual(unknownService)
  })

  test('a block without a transfer, or with another number, and forgets the transfer', async () => {
    const { ask } = await plain()
    const next = { kind: 'action-request-with-pblock', ...id, block: block(2, true, fromHex('00')) } as const
    expect(await ask(next)).toMatchObject({ kind: 'action-response-normal', result: 16 })
    const first = { kind: 'action-request-with-first-pblock', ...id, method: method(2) } as const
    expect(await ask({ ...first, block: block(1, false, fromHex('0903')) })).toMatchObject({
      kind: 'action-response-next-pblock',
      blockNumber: 1,
    })
    expect(await ask({ ...next, block: block(3, true, fromHex('010203')) })).toMatchObject({ result: 14 })
    expect(await ask(next)).toMatchObject({ result: 16 })
  })

  test('empty blocks that would never end, and blocks that make no value', async () => {
    const { ask } = await plain()
    const first = { kind: 'action-request-with-first-pblock', ...id, method: method(2) } as const
    expect(await ask({ ...first, block: block(1, false, fromHex('')) })).toMatchObject({ result: 15 })
    expect(await ask({ ...first, block: block(1, true, fromHex('0903')) })).toMatchObject({ result: 12 })
  })

  test('a block of an answer nobody waits for, or another than the next', async () => {
    const { ask } = await plain()
    const next = { kind: 'action-request-next-pblock', ...id, blockNumber: 1 } as const
    expect(await ask(next)).toMatchObject({ result: 16 })
    const long = {
      kind: 'action-request-normal',
      ...id,
      method: method(1),
      parameter: cosem.longUnsigned(500),
    } as const
    expect(await ask(long)).toMatchObject({ kind: 'action-response-with-pblock', block: { blockNumber: 1 } })
    expect(await ask({ ...next, blockNumber: 2 })).toMatchObject({ result: 15 })
    expect(await ask(next)).toMatchObject({ result: 16 })
  })

  test('a list with fewer parameters than methods, and invokes nothing', async () => {
    const { ask } = await plain()
    lengths.length = 0
    const request = { kind: 'action-request-with-list', ...id } as const
    const answer = await ask({ ...request, methods: [method(2), method(2)], parameters: [octets(3)] })
    expect(answer).toMatchObject({ results: [{ result: 12 }, { result: 12 }] })
    expect(lengths).toEqual([])
  })

  test('the answer that does not fit where there are no blocks', async () => {
    const { ask, events } = await plain(conformanceOf('get', 'action', 'multiple-references'))
    const parameter = cosem.longUnsigned(500)
    expect(await ask({ kind: 'action-request-normal', ...id, method: method(1), parameter })).toMatchObject({
      result: 250,
    })
    const list = { kind: 'action-request-with-list', ...id } as const
    expect(await ask({ ...list, methods: [method(2), method(1)], parameters: [octets(2), parameter] })).toMatchObject({
      results: [{ result: 0 }, { result: 250 }],
    })
    expect(events.filter(({ kind }) => kind === 'object-failed')).toHaveLength(2)
  })
})

describe('ACCESS on the server', () => {
  const request = (
    specifications: Extract<XdlmsApdu, { kind: 'access-request' }>['specifications'],
    data: CosemData[],
  ) =>
    ({ kind: 'access-request', longInvokeIdAndPriority: longInvokeBits.confirmed + 7, specifications, data }) as const
  const get = { service: 'get', attribute: energy } as const
  const set = { service: 'set', attribute: note } as const
  const forbidden = { service: 'set', attribute: energy } as const

  test('does nothing when there is not one value for each', async () => {
    const { ask, written } = await plain()
    expect(await ask(request([set, set], [octets(1)]))).toMatchObject({ results: [{ result: 250 }, { result: 250 }] })
    expect(written).toEqual([])
  })

  test('keeps to the rights of each', async () => {
    const { ask, events } = await plain()
    expect(await ask(request([forbidden, get], [octets(1), cosem.nullData]))).toMatchObject({
      data: [cosem.nullData, cosem.doubleLongUnsigned(4711)],
      results: [
        { service: 'set', result: 3 },
        { service: 'get', result: 0 },
      ],
    })
    expect(events.map(({ kind }) => kind)).toContain('access-denied')
  })

  test('stops after a failure when it shall, and tells again what was asked for', async () => {
    const { ask, written } = await plain()
    const longInvokeIdAndPriority =
      longInvokeBits.confirmed + 7 + longInvokeBits.breakOnError + longInvokeBits.selfDescriptive
    const items = [forbidden, set] as const
    const answer = await ask({ ...request([...items], [octets(1), octets(1)]), longInvokeIdAndPriority })
    expect(answer).toMatchObject({ specifications: items, results: [{ result: 3 }, { result: 250 }] })
    expect(written).toEqual([])
  })

  test('does not serve a service or selection that was not agreed on', async () => {
    const { ask } = await plain(conformanceOf('get', 'access'))
    const selection = { selector: 1, parameters: cosem.nullData }
    expect(await ask(request([set, { ...get, selection }], [octets(1), cosem.nullData]))).toMatchObject({
      results: [{ result: 250 }, { result: 250 }],
    })
  })

  test('answers pdu-too-long when the answer does not fit', async () => {
    const { ask } = await plain()
    const item = { service: 'action', method: method(1) } as const
    expect(await ask(request([item], [cosem.longUnsigned(500)]))).toMatchObject({ serviceError: 4 })
  })
})

describe('client and server, ciphered', () => {
  const associated = async (maxPduBytes = 300) => {
    const device = sampleDevice({ maxPduBytes }, [echo])
    const transport = inProcessTransport(device.server, { clientSap: 1, serverSap: 1 })
    const client = new DlmsClient({
      transport,
      mechanism: 'hls-gmac',
      security: clientSecurity(),
      slot: clientSlot,
      serverSystemTitle: serverTitle,
    })
    await client.associate()
    return { ...device, client, transport }
  }

  test('long parameters and long answers go in blocks', async () => {
    const { client } = await associated()
    lengths.length = 0
    await client.action(method(2), octets(2000))
    expect(lengths).toEqual([2000])
    expect(await client.action(method(1), cosem.longUnsigned(5000))).toEqual(octets(5000))
  })

  test('a list of actions answers each, also in blocks and in halves', async () => {
    const { client } = await associated()
    const items: ActionItem[] = [
      { method: method(1), parameter: cosem.longUnsigned(400) },
      { method: method(2) },
      { method: { ...method(1), logicalName: '0.0.10.0.9.255' } },
    ]
    const answers = [
      { ok: true, data: octets(400) },
      { ok: false, result: 'type-unmatched' },
      { ok: false, result: 'object-undefined' },
    ]
    expect(await client.actionWithList(items)).toEqual(answers)
    const many = Array.from({ length: 20 }, () => items).flat()
    expect(await client.actionWithList(many)).toEqual(Array.from({ length: 20 }, () => answers).flat())
    expect(await client.actionWithList([])).toEqual([])
  })

  test('a list of sets answers each, also when it is too long for one request', async () => {
    const { client, written } = await associated()
    const items = [
      { attribute: energy, value: octets(1) },
      { attribute: note, value: octets(200) },
      { attribute: note, value: octets(600) },
    ]
    expect(await client.setWithList(items)).toEqual([
      { ok: false, result: 'read-write-denied' },
      { ok: true },
      { ok: true },
    ])
    expect(written).toEqual([octets(200), octets(600)])
  })

  test('ACCESS gets, sets and acts in one protected exchange', async () => {
    const { client, written, transport } = await associated()
    const before = transport.exchanges.length
    const items: AccessItem[] = [
      { service: 'get', attribute: energy },
      { service: 'set', attribute: note, value: octets(5) },
      { service: 'action', method: method(1), value: cosem.longUnsigned(3) },
      { service: 'set', attribute: denied, value: octets(1) },
    ]
    expect(await client.access(items)).toEqual([
      { ok: true, data: cosem.doubleLongUnsigned(4711) },
      { ok: true, data: undefined },
      { ok: true, data: octets(3) },
      { ok: false, result: 'read-write-denied' },
    ])
    expect(written).toEqual([octets(5)])
    expect(transport.exchanges.slice(before).map(({ request, response }) => [request[0], response[0]])).toEqual([
      [0xdb, 0xdb],
    ])
    const broken = await client.access([items[3]!, items[1]!], { breakOnError: true })
    expect(broken).toMatchObject([{ result: 'read-write-denied' }, { result: 'other-reason' }])
    await client.release()
  })

  test('an ACCESS that is too long is not sent', async () => {
    const { client } = await associated()
    const items: AccessItem[] = [{ service: 'set', attribute: note, value: octets(500) }]
    await expect(client.access(items)).rejects.toSatisfy(
      (error) => error instanceof DlmsError && error.code === 'DLMS_LIMIT_EXCEEDED',
    )
  })
})

describe('general block transfer', () => {
  const bits = allBits | conformanceOf('general-block-transfer')
  const part = (blockNumber: number, lastBlock: boolean, blockData: Uint8Array, blockNumberAck = 0) =>
    ({
      kind: 'general-block-transfer',
      streaming: false,
      window: 1,
      lastBlock,
      blockNumber,
      blockNumberAck,
      blockData,
    }) as const
  const refusedBlock = { kind: 'exception-response', stateError: 1, serviceError: 1 }
  const get = emitApdu({ kind: 'get-request-normal', ...id, attribute: energy })

  test('is not served unless agreed on', async () => {
    const { ask } = await plain()
    expect(await ask(part(1, true, get))).toEqual(unknownService)
  })

  test('refuses blocks beyond the window, empty ones, and an acknowledgement of nothing', async () => {
    const { ask } = await plain(bits)
    expect(await ask(part(9, true, get))).toEqual(refusedBlock)
    expect(await ask(part(0, true, get))).toEqual(refusedBlock)
    expect(await ask(part(1, true, fromHex(''), 0))).toEqual(refusedBlock)
    expect(await ask(part(1, true, fromHex(''), 1))).toEqual(refusedBlock)
  })

  test('asks for the blocks of a gap, and for no more', async () => {
    const { ask } = await plain(bits)
    const asked = part(1, true, fromHex(''), 0)
    expect(await ask(part(3, true, get.slice(8)))).toEqual({ ...asked, window: 2 })
    expect(await ask(part(2, false, get.slice(4, 8)))).toEqual({ ...asked, window: 1, blockNumber: 2 })
    expect(await ask(part(1, false, get.slice(0, 4)))).toMatchObject({ lastBlock: true, blockNumber: 1 })
  })

  test('puts a request together, and says again what was lost', async () => {
    const { ask } = await plain(bits)
    const ack = part(1, true, fromHex(''), 1)
    expect(await ask(part(1, false, get.slice(0, 5)))).toEqual({ ...ack, window: 8 })
    const answer = emitApdu({ kind: 'get-response-normal', ...id, result: { data: cosem.doubleLongUnsigned(4711) } })
    const whole = { ...part(1, true, answer, 2), window: 8 }
    expect(await ask(part(2, true, get.slice(5)))).toEqual(whole)
    // The answer was lost: the last acknowledgement brings it again.
    expect(await ask(part(3, true, fromHex(''), 0))).toEqual({ ...whole, blockNumberAck: 3 })
    expect(await ask(part(2, true, fromHex(''), 5))).toEqual(refusedBlock)
  })

  test.each<[string, (apdu: Uint8Array) => Uint8Array]>([
    ['with another number', (apdu) => apdu.with(3, apdu[3]! + 1)],
    ['without content', (apdu) => Uint8Array.of(...apdu.slice(0, 6), 0)],
    ['cut short', (apdu) => apdu.slice(0, -1)],
    ['and then something else', () => fromHex('C401C10101')],
  ])('the client takes no block %s', async (_name, change) => {
    const device = sampleDevice({ maxPduBytes: 300 }, [echo])
    const response = (apdu: Uint8Array, exchange: number) => (exchange === 3 ? change(apdu) : apdu)
    const client = new DlmsClient({
      transport: inProcessTransport(device.server, { clientSap: 1, serverSap: 1 }, { response }),
      mechanism: 'hls-gmac',
      security: clientSecurity(),
      slot: clientSlot,
      serverSystemTitle: serverTitle,
      generalBlockTransfer: true,
    })
    await client.associate()
    const access = client.access([{ service: 'action', method: method(1), value: cosem.longUnsigned(900) }])
    await expect(access).rejects.toBeInstanceOf(DlmsError)
  })

  test('carries an ACCESS longer than any APDU, ciphered, both ways', async () => {
    const device = sampleDevice({ maxPduBytes: 300 }, [echo])
    const transport = inProcessTransport(device.server, { clientSap: 1, serverSap: 1 })
    const client = new DlmsClient({
      transport,
      mechanism: 'hls-gmac',
      security: clientSecurity(),
      slot: clientSlot,
      serverSystemTitle: serverTitle,
      generalBlockTransfer: true,
    })
    await client.associate()
    const answers = await client.access([
      { service: 'set', attribute: note, value: octets(2000) },
      { service: 'action', method: method(1), value: cosem.longUnsigned(3000) },
    ])
    expect(answers).toEqual([
      { ok: true, data: undefined },
      { ok: true, data: octets(3000) },
    ])
    expect(device.written).toEqual([octets(2000)])
    expect(Math.max(...transport.exchanges.flatMap(({ request, response }) => [request.length, response.length]))).toBe(
      300,
    )
    // A short request with a long answer, and then anything else.
    const long = await client.access([{ service: 'action', method: method(1), value: cosem.longUnsigned(900) }])
    expect(long).toEqual([{ ok: true, data: octets(900) }])
    expect(await client.get(energy)).toEqual(cosem.doubleLongUnsigned(4711))
    await client.release()
  })
})
