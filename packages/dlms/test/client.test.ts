import { concatBytes, fromHex, toHex } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import {
  type Aare,
  type AttributeRef,
  cosem,
  DlmsClient,
  type DlmsClientOptions,
  DlmsError,
  type DlmsErrorCode,
  emitApdu,
  emitData,
  isRefusal,
  mechanisms,
  parseApdu,
  type SecurityModule,
  selectEntries,
  selectRange,
  type XdlmsApdu,
} from '../src/index.ts'
import { flipped } from './hostile.ts'
import { inProcessTransport, type Tampering } from './in-process.ts'
import {
  clientSecurity,
  clientSlot,
  clientTitle,
  profileColumns,
  profileEntry,
  type SampleDevice,
  sampleDevice,
  serverTitle,
  slot,
  startMs,
} from './sample-device.ts'

const clock: AttributeRef = { classId: 8, logicalName: '0.0.1.0.0.255', attributeIndex: 2 }
const energy: AttributeRef = { classId: 3, logicalName: '1.0.1.8.0.255', attributeIndex: 2 }
const note: AttributeRef = { classId: 1, logicalName: '0.0.96.1.9.255', attributeIndex: 2 }
const profile: AttributeRef = { classId: 7, logicalName: '1.0.99.1.0.255', attributeIndex: 2 }
const switchOff = { classId: 70, logicalName: '0.0.96.3.10.255', methodIndex: 1 }

const codeOf = async (run: Promise<unknown>): Promise<DlmsErrorCode | 'resolved'> => {
  try {
    await run
    return 'resolved'
  } catch (error) {
    if (error instanceof DlmsError) return error.code
    throw error
  }
}

function management(tampering: Tampering = {}, more: Partial<DlmsClientOptions> = {}, device = sampleDevice()) {
  const transport = inProcessTransport(device.server, { clientSap: 1, serverSap: 1 }, tampering)
  const client = new DlmsClient({
    transport,
    mechanism: 'hls-gmac',
    security: clientSecurity(),
    slot: clientSlot,
    serverSystemTitle: serverTitle,
    ...more,
  })
  return { device, transport, client }
}

function publicClient(tampering: Tampering = {}, device = sampleDevice()) {
  const transport = inProcessTransport(device.server, { clientSap: 16, serverSap: 1 }, tampering)
  return { device, transport, client: new DlmsClient({ transport, mechanism: 'none' }) }
}

/** A client whose server is a list of answers to plain requests. */
async function scripted(...answers: readonly XdlmsApdu[]) {
  const { server } = sampleDevice()
  const opening = inProcessTransport(server, { clientSap: 16, serverSap: 1 })
  const requests: Uint8Array[] = []
  const client = new DlmsClient({
    mechanism: 'none',
    maxValueBytes: 100,
    transport: {
      send: async (apdu) => {
        if (apdu[0] === 0x60) return opening.send(apdu)
        requests.push(apdu)
        const answer = answers[requests.length - 1]
        if (answer === undefined) throw new DlmsError('DLMS_TIMEOUT', 'end of script')
        return emitApdu(answer)
      },
    },
  })
  await client.associate()
  return { client, requests }
}

test('refuses to be made for HLS without module, slot or server title', () => {
  const { server } = sampleDevice()
  const transport = inProcessTransport(server, { clientSap: 1, serverSap: 1 })
  const whole = { security: clientSecurity(), slot: clientSlot, serverSystemTitle: serverTitle }
  for (const missing of ['security', 'slot', 'serverSystemTitle'] as const) {
    const { [missing]: _left, ...rest } = whole
    expect(() => new DlmsClient({ transport, mechanism: 'hls-gmac', ...rest })).toThrow(
      expect.objectContaining({ code: 'DLMS_CONFIGURATION' }),
    )
  }
})

test('refuses services before the association', async () => {
  const { client } = management()
  expect(await codeOf(client.get(clock))).toBe('DLMS_NOT_ASSOCIATED')
  expect(await codeOf(client.getWithList([{ attribute: clock }, { attribute: energy }]))).toBe('DLMS_NOT_ASSOCIATED')
  expect(await codeOf(client.set(clock, cosem.nullData))).toBe('DLMS_NOT_ASSOCIATED')
  expect(await codeOf(client.action(switchOff))).toBe('DLMS_NOT_ASSOCIATED')
  expect(await codeOf(client.release())).toBe('resolved')
})

describe('associate refuses', () => {
  /** Changes fields of the AARE on its way. */
  const changingAare = (change: (aare: Aare) => Partial<Aare>): Tampering => ({
    response: (apdu, exchange) => {
      const aare = parseApdu(apdu)
      if (exchange !== 0 || aare.kind !== 'aare') return apdu
      return emitApdu({ ...aare, ...change(aare) })
    },
  })

  const plainInitiate = emitApdu({
    kind: 'initiate-response',
    dlmsVersion: 6,
    conformance: 0x00181f,
    maxPduBytes: 1024,
    vaaName: 7,
  })
  const user = (code: number) => ({ diagnostic: { source: 'acse-service-user', code } }) as const

  test.each<[string, DlmsErrorCode, (aare: Aare) => Partial<Aare>]>([
    ['a refusal', 'DLMS_ASSOCIATION_REFUSED', () => ({ result: 1, ...user(13) })],
    [
      'another application context',
      'DLMS_UNEXPECTED_RESPONSE',
      () => ({ applicationContextName: fromHex('60857405080101') }),
    ],
    ['a server that asks for no authentication', 'DLMS_AUTHENTICATION_FAILED', () => user(0)],
    ['a weaker mechanism', 'DLMS_AUTHENTICATION_FAILED', () => ({ mechanismName: mechanisms.lls })],
    ['no mechanism', 'DLMS_AUTHENTICATION_FAILED', () => ({ mechanismName: undefined })],
    ['another system title', 'DLMS_AUTHENTICATION_FAILED', () => ({ apTitle: clientTitle })],
    ['no system title', 'DLMS_AUTHENTICATION_FAILED', () => ({ apTitle: undefined })],
    ['a challenge of 7 octets', 'DLMS_AUTHENTICATION_FAILED', () => ({ authenticationValue: new Uint8Array(7) })],
    ['no challenge', 'DLMS_AUTHENTICATION_FAILED', () => ({ authenticationValue: undefined })],
    [
      'another challenge than the server gave',
      'DLMS_EXCEPTION_RESPONSE',
      () => ({ authenticationValue: new Uint8Array(16) }),
    ],
    ['a plain initiate-response', 'DLMS_UNPROTECTED_RESPONSE', () => ({ userInformation: plainInitiate })],
    ['no initiate-response', 'DLMS_UNPROTECTED_RESPONSE', () => ({ userInformation: undefined })],
  ])('%s', async (_name, code, change) => {
    const { client, device } = management(changingAare(change))
    expect(await codeOf(client.associate())).toBe(code)
    expect(client.isAssociated).toBe(false)
    expect(device.events.map(({ kind }) => kind)).not.toContain('association-opened')
  })

  test('its own challenge sent back', async () => {
    let own = new Uint8Array(0)
    const { client } = management({
      request: (apdu, exchange) => {
        const aarq = parseApdu(apdu)
        if (exchange === 0 && aarq.kind === 'aarq') own = Uint8Array.from(aarq.authenticationValue!)
        return apdu
      },
      ...changingAare(() => ({ authenticationValue: own })),
    })
    expect(await codeOf(client.associate())).toBe('DLMS_AUTHENTICATION_FAILED')
  })

  test('tells the diagnostic of a refusal', async () => {
    const { client } = management(changingAare(() => ({ result: 1, ...user(13) })))
    await expect(client.associate()).rejects.toMatchObject({
      code: 'DLMS_ASSOCIATION_REFUSED',
      place: { result: 1, diagnostic: 'authentication-failure' },
    })
  })

  test('a server with other keys, and a client with other keys is refused by the server', async () => {
    const stranger = clientSecurity({ blockCipherKey: fromHex('8C1F0D3AA4C54E6B9D2E7F8091A2B3C5') })
    const { client, device } = management({}, { security: stranger })
    expect(await codeOf(client.associate())).toBe('DLMS_ASSOCIATION_REFUSED')
    expect(device.events).toMatchObject([{ kind: 'decryption-failed', reason: 'authentication-failed' }])
  })

  test('a server that cannot answer the challenge', async () => {
    const { security } = sampleDevice()
    const forging: SecurityModule = Object.assign(Object.create(security) as SecurityModule, {
      protect: security.protect.bind(security),
      unprotect: security.unprotect.bind(security),
      hlsChallenge: security.hlsChallenge.bind(security),
      hlsVerify: security.hlsVerify.bind(security),
      counters: security.counters.bind(security),
      systemTitle: security.systemTitle,
      hlsAnswer: async () => fromHex('1000000009000000000000000000000000'),
    })
    const { client } = management({}, {}, sampleDevice({ security: forging }))
    expect(await codeOf(client.associate())).toBe('DLMS_AUTHENTICATION_FAILED')
    expect(client.isAssociated).toBe(false)
  })

  test('the answers of an earlier session played again', async () => {
    const device = sampleDevice()
    const security = clientSecurity()
    const first = management({}, { security }, device)
    await first.client.associate()
    const recorded = first.transport.exchanges.map(({ response }) => response)
    const replaying = management({ response: (_apdu, exchange) => recorded[exchange]! }, { security }, device)
    expect(await codeOf(replaying.client.associate())).toBe('DLMS_REPLAYED')
  })

  test('an exception-response, and an answer that is no AARE', async () => {
    const exception = management({ response: () => fromHex('D80103') })
    expect(await codeOf(exception.client.associate())).toBe('DLMS_EXCEPTION_RESPONSE')
    const release = management({ response: () => fromHex('6303800100') })
    expect(await codeOf(release.client.associate())).toBe('DLMS_UNEXPECTED_RESPONSE')
  })

  test('any AARE and any HLS answer with one bit changed', async () => {
    const device = sampleDevice()
    const security = clientSecurity()
    const recorded = management({}, { security }, device)
    await recorded.client.associate()
    for (const [attacked, { response }] of recorded.transport.exchanges.entries()) {
      const variants = [...flipped(response)].length
      for (let bit = 0; bit < variants; bit++) {
        const { client } = management(
          {
            response: (apdu, exchange) =>
              exchange === attacked ? apdu.with(bit >> 3, apdu[bit >> 3]! ^ (0x80 >> (bit & 7))) : apdu,
          },
          { security },
          device,
        )
        expect(await codeOf(client.associate()), `exchange ${attacked}, bit ${bit}`).not.toBe('resolved')
        expect(client.isAssociated).toBe(false)
      }
    }
  })
})

describe('associated, ciphered', () => {
  const associated = async (
    tampering: Tampering = {},
    more: Partial<DlmsClientOptions> = {},
    device?: SampleDevice,
  ) => {
    const bench = management(tampering, more, device)
    await bench.client.associate()
    return bench
  }
  /** Only the answer to the first service is touched: exchanges 0 and 1 open the association. */
  const third = (change: (apdu: Uint8Array) => Uint8Array): Tampering => ({
    response: (apdu, exchange) => (exchange === 2 ? change(apdu) : apdu),
  })

  test('takes no answer with one bit changed', async () => {
    const device = sampleDevice()
    const security = clientSecurity()
    const { client, transport } = await associated({}, { security }, device)
    await client.get(energy)
    const bits = transport.exchanges[2]!.response.length * 8
    for (let bit = 0; bit < bits; bit++) {
      const attack = third((apdu) => apdu.with(bit >> 3, apdu[bit >> 3]! ^ (0x80 >> (bit & 7))))
      const attacked = await associated(attack, { security }, device)
      expect(await codeOf(attacked.client.get(energy)), `bit ${bit}`).not.toBe('resolved')
    }
  })

  test('takes no plain answer, whatever it says', async () => {
    const answer = emitApdu({
      kind: 'get-response-normal',
      invokeIdAndPriority: 0xc1,
      result: { data: cosem.doubleLongUnsigned(1) },
    })
    const { client } = await associated(third(() => answer))
    expect(await codeOf(client.get(energy))).toBe('DLMS_UNPROTECTED_RESPONSE')
    expect(client.isAssociated).toBe(false)
  })

  test.each([0x10, 0x20, 0x00, 0x31])('takes no answer under security control %i', async (securityControl) => {
    const device = sampleDevice()
    const plaintext = emitApdu({
      kind: 'get-response-normal',
      invokeIdAndPriority: 0xc1,
      result: { data: cosem.doubleLongUnsigned(1) },
    })
    // Genuine where the module makes it: authenticated only, by the server itself.
    const secured = await device.security.protect({ slot, securityControl: 0x10, plaintext })
    if (isRefusal(secured)) throw new Error(secured.refused)
    const frame = emitApdu({ kind: 'glo-ciphered', tag: 0xcc, securityControl, ...secured })
    const { client } = await associated(
      third(() => frame),
      {},
      device,
    )
    expect(await codeOf(client.get(energy))).toBe('DLMS_UNPROTECTED_RESPONSE')
  })

  test('takes no answer a second time', async () => {
    let first = new Uint8Array(0)
    const { client } = await associated({
      response: (apdu, exchange) => {
        if (exchange === 2) first = Uint8Array.from(apdu)
        return exchange === 3 ? first : apdu
      },
    })
    await client.get(energy)
    expect(await codeOf(client.get(energy))).toBe('DLMS_REPLAYED')
    expect(client.isAssociated).toBe(false)
  })

  test('takes no answer under another name: general-glo-ciphering was not agreed', async () => {
    const device = sampleDevice()
    const { client } = await associated(
      third((apdu) => {
        const frame = parseApdu(apdu)
        if (frame.kind !== 'glo-ciphered') throw new Error(frame.kind)
        const { securityControl, invocationCounter, body } = frame
        const general = { systemTitle: serverTitle, securityControl, invocationCounter, body }
        return emitApdu({ kind: 'general-glo-ciphering', ...general })
      }),
      {},
      device,
    )
    expect(await codeOf(client.get(energy))).toBe('DLMS_UNPROTECTED_RESPONSE')
  })

  test('an exception-response is an error and no more', async () => {
    const { client } = await associated(third(() => fromHex('D80105')))
    await expect(client.get(energy)).rejects.toMatchObject({
      code: 'DLMS_EXCEPTION_RESPONSE',
      place: { stateError: 'service-not-allowed', serviceError: 'deciphering-error' },
    })
    expect(await client.get(energy)).toEqual(cosem.doubleLongUnsigned(4711))
  })

  test('the reason of a refused access is told', async () => {
    const { client } = await associated()
    await expect(client.get({ ...energy, logicalName: '1.0.9.9.9.255' })).rejects.toMatchObject({
      code: 'DLMS_ACCESS_REFUSED',
      place: { service: 'get', result: 'object-undefined', logicalName: '1.0.9.9.9.255' },
    })
    await expect(client.set(energy, cosem.nullData)).rejects.toMatchObject({
      code: 'DLMS_ACCESS_REFUSED',
      place: { service: 'set', result: 'read-write-denied' },
    })
    await expect(client.action({ ...switchOff, methodIndex: 3 })).rejects.toMatchObject({
      code: 'DLMS_ACTION_REFUSED',
      place: { result: 'object-undefined' },
    })
    expect(client.isAssociated).toBe(true)
  })

  test('calls made at the same time wait for each other', async () => {
    const { client } = await associated()
    const values = await Promise.all([client.get(energy), client.get(clock), client.get(energy), client.release()])
    expect(values.map((value) => value?.type)).toEqual([
      'double-long-unsigned',
      'octet-string',
      'double-long-unsigned',
      undefined,
    ])
  })

  test('a range of the profile is what lies in it, whole columns or some', async () => {
    const { client } = await associated()
    const rows = (...numbers: number[]) => cosem.array(numbers.map((n) => cosem.structure(...profileEntry(n))))
    const at = (number: number) => startMs + number * 900_000
    expect(await client.get(profile, selectRange({ fromMs: at(2), toMs: at(4) }))).toEqual(rows(2, 3, 4))
    expect(await client.get(profile, selectRange({ fromMs: at(2) + 1000, toMs: at(4) - 1000 }))).toEqual(rows(3))
    expect(await client.get(profile, selectRange({ fromMs: at(4), toMs: at(2) }))).toEqual(rows())
    const [time, , imported] = profileColumns
    expect(await client.get(profile, selectRange({ fromMs: at(2), toMs: at(2), columns: [imported!, time!] }))).toEqual(
      cosem.array([cosem.structure(cosem.doubleLongUnsigned(240), profileEntry(2)[0]!)]),
    )
    expect(await client.get(profile, selectEntries({ first: 2975 }))).toEqual(rows(2975, 2976))
    expect(await client.get(profile, selectEntries({ first: 9999 }))).toEqual(rows())
    expect(await client.get(profile, selectEntries({ first: 1, last: 1, firstColumn: 3, lastColumn: 3 }))).toEqual(
      cosem.array([cosem.structure(cosem.doubleLongUnsigned(120))]),
    )
  })

  test('a range by what is no column of the profile is refused', async () => {
    const { client } = await associated()
    const stray = selectRange({ fromMs: 0, toMs: 1, clockLogicalName: '0.0.1.1.0.255' })
    await expect(client.get(profile, stray)).rejects.toMatchObject({ place: { result: 'scope-of-access-violated' } })
    await expect(client.get(profile, { selector: 3, parameters: cosem.nullData })).rejects.toMatchObject({
      code: 'DLMS_ACCESS_REFUSED',
    })
    await expect(client.get(clock, selectEntries({ first: 1 }))).rejects.toMatchObject({ code: 'DLMS_ACCESS_REFUSED' })
  })

  test('a month of profile comes in blocks, within a small PDU too', async () => {
    const { client, transport } = await associated({}, { maxPduBytes: 300 })
    const data = await client.get(profile)
    expect(data.type === 'array' && data.value.length).toBe(31 * 96)
    expect(data.type === 'array' && data.value.at(-1)).toEqual(cosem.structure(...profileEntry(31 * 96)))
    expect(Math.max(...transport.exchanges.map(({ response }) => response.length))).toBeLessThanOrEqual(300)
  })

  test('a list gives each its own answer, also when it has to be halved or come in blocks', async () => {
    const { client, transport } = await associated()
    const missing = { ...energy, logicalName: '1.0.9.9.9.255' }
    expect(await client.getWithList([])).toEqual([])
    const results = await client.getWithList([energy, missing, energy].map((attribute) => ({ attribute })))
    const value = { ok: true, data: cosem.doubleLongUnsigned(4711) }
    expect(results).toEqual([value, { ok: false, result: 'object-undefined' }, value])
    const before = transport.exchanges.length
    const many = await client.getWithList(Array.from({ length: 300 }, () => ({ attribute: energy })))
    expect(many).toEqual(Array.from({ length: 300 }, () => value))
    expect(transport.exchanges.length - before).toBeLessThan(20)
    const long = await client.getWithList([{ attribute: profile }, { attribute: energy }])
    expect(long[1]).toEqual(value)
  })

  test('SET writes, in blocks when it is long, and not at all when it is too long', async () => {
    const { client, device, transport } = await associated()
    await client.set(note, cosem.unsigned(7))
    const long = cosem.octetString(new Uint8Array(5000).fill(3))
    await client.set(note, long)
    expect(device.written).toEqual([cosem.unsigned(7), long])
    expect(Math.max(...transport.exchanges.map(({ request }) => request.length))).toBeLessThanOrEqual(1024)
    await expect(client.set(note, cosem.octetString(new Uint8Array(70_000)))).rejects.toMatchObject({
      place: { result: 'long-set-aborted' },
    })
    expect(device.written).toHaveLength(2)
  })

  test('an ACTION goes in blocks when it is longer than the server takes', async () => {
    const { client, transport } = await associated()
    await client.action(switchOff, cosem.octetString(new Uint8Array(2000)))
    expect(Math.max(...transport.exchanges.map(({ request }) => request.length))).toBeLessThanOrEqual(1024)
    await expect(client.action(switchOff, cosem.octetString(new Uint8Array(70_000)))).rejects.toMatchObject({
      code: 'DLMS_ACTION_REFUSED',
      place: { result: 'long-action-aborted' },
    })
  })

  test('ACTION switches', async () => {
    const { client, device } = await associated()
    expect(await client.action(switchOff, cosem.integer(0))).toBeUndefined()
    expect(device.isConnected()).toBe(false)
  })

  test('release leaves, protected; associating again works on the same connection', async () => {
    const { client, device } = await associated()
    await client.release()
    expect(client.isAssociated).toBe(false)
    expect(await codeOf(client.get(energy))).toBe('DLMS_NOT_ASSOCIATED')
    await client.associate()
    expect(await client.get(energy)).toEqual(cosem.doubleLongUnsigned(4711))
    expect(device.events.map(({ kind }) => kind)).toEqual([
      'association-opened',
      'association-closed',
      'association-opened',
    ])
  })

  test('a security module that is out of counters sends nothing', async () => {
    const security = clientSecurity()
    const refusing = Object.assign(Object.create(security) as SecurityModule, {
      systemTitle: security.systemTitle,
      hlsChallenge: security.hlsChallenge.bind(security),
      protect: async () => ({ refused: 'counter-exhausted' }) as const,
    })
    const { client, transport } = management({}, { security: refusing })
    expect(await codeOf(client.associate())).toBe('DLMS_SECURITY_REFUSED')
    expect(transport.exchanges).toEqual([])
  })

  test('nothing of a value or a key stands in an error', async () => {
    const { client } = await associated(third((apdu) => apdu.slice(0, -1)))
    const error = await client.set(note, cosem.visibleString('private')).catch((reason: unknown) => reason)
    const told = JSON.stringify({ error, text: `${error}`, stack: error instanceof Error ? error.stack : '' })
    expect(told).not.toContain('private')
    expect(told).not.toContain(toHex(emitData(cosem.visibleString('private'))))
  })
})

describe('public', () => {
  test('reads what is public and hears of what is not', async () => {
    const { client } = publicClient()
    const info = await client.associate()
    expect(info).toMatchObject({ serverMaxPduBytes: 1024, serverSystemTitle: undefined })
    expect((await client.get(clock)).type).toBe('octet-string')
    await expect(client.get(profile)).rejects.toMatchObject({ place: { result: 'read-write-denied' } })
    await client.release()
  })

  test('is released whatever stands in the answer, which nothing protects', async () => {
    const { client } = publicClient({
      response: (apdu) => (apdu[0] === 0x63 ? fromHex('6311800100BE0F040E0800065F1F0400001E5D04000007') : apdu),
    })
    await client.associate()
    await client.release()
    expect(client.isAssociated).toBe(false)
  })

  test('refuses a server that suddenly asks for authentication', async () => {
    const { client } = publicClient({
      response: (apdu) => {
        const aare = parseApdu(apdu)
        if (aare.kind !== 'aare') return apdu
        return emitApdu({ ...aare, diagnostic: { source: 'acse-service-user', code: 14 } })
      },
    })
    expect(await codeOf(client.associate())).toBe('DLMS_UNEXPECTED_RESPONSE')
  })

  test('a confirmed-service-error in the AARE is a refusal', async () => {
    const { client } = publicClient({
      response: (apdu) => {
        const aare = parseApdu(apdu)
        return aare.kind === 'aare' ? emitApdu({ ...aare, userInformation: fromHex('0E010601') }) : apdu
      },
    })
    await expect(client.associate()).rejects.toMatchObject({
      code: 'DLMS_ASSOCIATION_REFUSED',
      place: { service: 1, errorClass: 6, value: 1 },
    })
  })
})

describe('a server that breaks the protocol', () => {
  const block = (blockNumber: number, lastBlock: boolean, rawData: Uint8Array, id = 0xc1): XdlmsApdu => ({
    kind: 'get-response-with-datablock',
    invokeIdAndPriority: id,
    blockNumber,
    lastBlock,
    result: { rawData },
  })
  const octets = (length: number) => new Uint8Array(length).fill(7)
  const normal = (invokeIdAndPriority: number): XdlmsApdu => ({
    kind: 'get-response-normal',
    invokeIdAndPriority,
    result: { data: cosem.unsigned(1) },
  })

  test.each<[string, DlmsErrorCode, XdlmsApdu[]]>([
    ['another invoke id', 'DLMS_UNEXPECTED_RESPONSE', [normal(0xc2)]],
    ['another priority', 'DLMS_UNEXPECTED_RESPONSE', [normal(0x41)]],
    [
      'an answer to SET',
      'DLMS_UNEXPECTED_RESPONSE',
      [{ kind: 'set-response-normal', invokeIdAndPriority: 0xc1, result: 0 }],
    ],
    [
      'a request',
      'DLMS_UNEXPECTED_RESPONSE',
      [{ kind: 'get-request-normal', invokeIdAndPriority: 0xc1, attribute: clock }],
    ],
    [
      'a list',
      'DLMS_UNEXPECTED_RESPONSE',
      [{ kind: 'get-response-with-list', invokeIdAndPriority: 0xc1, results: [] }],
    ],
    ['blocks from the second on', 'DLMS_UNEXPECTED_RESPONSE', [block(2, false, octets(4))]],
    ['a block twice', 'DLMS_UNEXPECTED_RESPONSE', [block(1, false, octets(4)), block(1, true, octets(4))]],
    ['a block left out', 'DLMS_UNEXPECTED_RESPONSE', [block(1, false, octets(4)), block(3, true, octets(4))]],
    ['an empty block', 'DLMS_UNEXPECTED_RESPONSE', [block(1, false, octets(0))]],
    ['a whole value amid blocks', 'DLMS_UNEXPECTED_RESPONSE', [block(1, false, octets(4)), normal(0xc1)]],
    [
      'blocks without end',
      'DLMS_LIMIT_EXCEEDED',
      Array.from({ length: 20 }, (_unused, i) => block(i + 1, false, octets(9))),
    ],
    ['blocks that make no value', 'DLMS_MALFORMED', [block(1, true, octets(3))]],
  ])('%s', async (_name, code, answers) => {
    const { client } = await scripted(...answers)
    expect(await codeOf(client.get(energy))).toBe(code)
  })

  test('a refusal in the middle of blocks is a refusal', async () => {
    const refusal: XdlmsApdu = {
      kind: 'get-response-with-datablock',
      invokeIdAndPriority: 0xc1,
      lastBlock: true,
      blockNumber: 2,
      result: { accessResult: 15 },
    }
    const { client } = await scripted(block(1, false, octets(4)), refusal)
    await expect(client.get(energy)).rejects.toMatchObject({ place: { result: 'long-get-aborted' } })
  })

  test('blocks in order make the value', async () => {
    const whole = emitData(cosem.octetString(octets(20)))
    const { client } = await scripted(block(1, false, whole.slice(0, 10)), block(2, true, whole.slice(10)))
    expect(await client.get(energy)).toEqual(cosem.octetString(octets(20)))
  })

  test('too few results for a list', async () => {
    const response: XdlmsApdu = {
      kind: 'get-response-with-list',
      invokeIdAndPriority: 0xc1,
      results: [{ accessResult: 3 }],
    }
    const { client } = await scripted(response)
    expect(await codeOf(client.getWithList([{ attribute: clock }, { attribute: energy }]))).toBe(
      'DLMS_UNEXPECTED_RESPONSE',
    )
  })

  test('an unknown result code is told as a number', async () => {
    const { client } = await scripted({
      kind: 'get-response-normal',
      invokeIdAndPriority: 0xc1,
      result: { accessResult: 77 },
    })
    await expect(client.get(energy)).rejects.toMatchObject({ code: 'DLMS_ACCESS_REFUSED', place: { result: 77 } })
  })

  test('an answer that does not parse costs its request, not the association', async () => {
    const { server } = sampleDevice()
    const opening = inProcessTransport(server, { clientSap: 16, serverSap: 1 })
    let count = 0
    const client = new DlmsClient({
      mechanism: 'none',
      transport: {
        send: async (apdu) => {
          const answer = await opening.send(apdu)
          return count++ === 1 ? concatBytes(answer, Uint8Array.of(0)) : answer
        },
      },
    })
    await client.associate()
    expect(await codeOf(client.get(clock))).toBe('DLMS_MALFORMED')
    expect((await client.get(clock)).type).toBe('octet-string')
  })

  test('an answer longer than was agreed', async () => {
    const { server } = sampleDevice()
    const opening = inProcessTransport(server, { clientSap: 16, serverSap: 1 })
    const transport = {
      send: async (apdu: Uint8Array) => (apdu[0] === 0x60 ? opening.send(apdu) : new Uint8Array(129)),
    }
    const client = new DlmsClient({ mechanism: 'none', maxPduBytes: 128, transport })
    await client.associate()
    expect(await codeOf(client.get(clock))).toBe('DLMS_LIMIT_EXCEEDED')
  })

  test('a transport that fails ends the association', async () => {
    const { client } = await scripted()
    expect(await codeOf(client.get(clock))).toBe('DLMS_TIMEOUT')
    expect(client.isAssociated).toBe(false)
  })
})
