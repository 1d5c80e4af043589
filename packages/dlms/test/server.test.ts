import { fromAscii, fromHex, toHex } from '@gridcard/bytes'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Aarq,
  type Apdu,
  type AttributeRef,
  applicationContexts,
  type CosemData,
  conformanceOf,
  cosem,
  DlmsServer,
  dataObject,
  emitApdu,
  emitData,
  isRefusal,
  mechanisms,
  parseApdu,
  parseData,
  type SecurityEventKind,
  type XdlmsApdu,
} from '../src/index.ts'
import { apdu as anyApdu } from './arbitraries.ts'
import {
  clientSecurity,
  clientSlot,
  clientTitle,
  faultyObject,
  managementAssociation,
  profileEntry,
  publicAssociation,
  sampleDevice,
  serverTitle,
} from './sample-device.ts'

const genericRefusal = 'D80103'
const unknownService = 'D80202'
const refusedPlainAare = '6117A109060760857405080101A203020101A305A103020101'
const refusedCipheredAare = '6117A109060760857405080103A203020101A305A103020101'

const allServices = conformanceOf(
  'block-transfer-with-get-or-read',
  'block-transfer-with-set-or-write',
  'multiple-references',
  'get',
  'set',
  'selective-access',
  'action',
)

const attribute = (classId: number, logicalName: string, attributeIndex: number): AttributeRef => ({
  classId,
  logicalName,
  attributeIndex,
})
const clock = attribute(8, '0.0.1.0.0.255', 2)
const profile = attribute(7, '1.0.99.1.0.255', 2)
const getRequest = (ref: AttributeRef, invokeIdAndPriority = 0xc1): XdlmsApdu => ({
  kind: 'get-request-normal',
  invokeIdAndPriority,
  attribute: ref,
})

interface InitiateFields {
  readonly conformance?: number
  readonly maxPduBytes?: number
  readonly dlmsVersion?: number
  readonly dedicatedKey?: Uint8Array
}
const initiate = (fields: InitiateFields = {}): Uint8Array =>
  emitApdu({
    kind: 'initiate-request',
    responseAllowed: true,
    dlmsVersion: 6,
    conformance: allServices,
    maxPduBytes: 1024,
    ...fields,
  })

/** A client taken apart: each step by itself, so that each can be done wrong. */
function bench(device = sampleDevice({}, [faultyObject])) {
  const connection = device.server.connection()
  const security = clientSecurity()
  const sendAs = async (clientSap: number, apdu: Uint8Array) => {
    const [answer] = await connection.handle({ sourceWPort: clientSap, destinationWPort: 1, apdu })
    return answer ?? new Uint8Array(0)
  }
  const send = (apdu: Uint8Array) => sendAs(managementAssociation.clientSap, apdu)
  const protect = async (plaintext: Uint8Array, tag: number, module = security, securityControl = 0x30) => {
    const secured = await module.protect({ slot: clientSlot, securityControl, plaintext })
    if (isRefusal(secured)) throw new Error(secured.refused)
    return emitApdu({ kind: 'glo-ciphered', tag, securityControl, ...secured })
  }
  const open = async (answer: Uint8Array): Promise<Apdu> => {
    const frame = parseApdu(answer)
    if (frame.kind !== 'glo-ciphered') throw new Error(toHex(answer))
    const opened = await security.unprotect({ ...frame, slot: clientSlot, peerSystemTitle: serverTitle })
    if (isRefusal(opened)) throw new Error(opened.refused)
    return parseApdu(opened.plaintext)
  }
  const aarq = async (fields: Partial<Aarq> = {}, initiateFields: InitiateFields = {}, module = security) =>
    emitApdu({
      kind: 'aarq',
      applicationContextName: applicationContexts['ln-ciphered'],
      apTitle: clientTitle,
      acseRequirements: true,
      mechanismName: mechanisms['hls-gmac'],
      authenticationValue: fromAscii('0123456789ABCDEF'),
      userInformation: await protect(initiate(initiateFields), 0x21, module),
      ...fields,
    })
  const reply = async (challenge: Uint8Array, change: (token: Uint8Array) => Uint8Array = (token) => token) => {
    const token = await security.hlsAnswer(clientSlot, challenge)
    if (isRefusal(token)) throw new Error(token.refused)
    return protect(
      emitApdu({
        kind: 'action-request-normal',
        invokeIdAndPriority: 0xc0,
        method: { classId: 15, logicalName: '0.0.40.0.0.255', methodIndex: 1 },
        parameter: cosem.octetString(change(token)),
      }),
      0xcb,
    )
  }
  const challengeOf = (answer: Uint8Array): Uint8Array => {
    const aare = parseApdu(answer)
    if (aare.kind !== 'aare' || aare.authenticationValue === undefined) throw new Error(toHex(answer))
    return aare.authenticationValue
  }
  /** AARE given, the client not yet authenticated. */
  const pend = async (initiateFields: InitiateFields = {}) => challengeOf(await send(await aarq({}, initiateFields)))
  /** A plain service, ciphered both ways. */
  const ask = async (request: XdlmsApdu): Promise<Apdu> => {
    const plaintext = emitApdu(request)
    return open(await send(await protect(plaintext, plaintext[0]! + 8)))
  }
  const kinds = (): SecurityEventKind[] => device.events.map(({ kind }) => kind)
  return {
    ...device,
    device,
    security,
    sendAs,
    send,
    protect,
    open,
    aarq,
    reply,
    challengeOf,
    kinds,
    lastEvent: () => device.events.at(-1),
    pend,
    ask,
    async associate(initiateFields: InitiateFields = {}) {
      await send(await reply(await pend(initiateFields)))
    },
    async associatePublic() {
      const request = { kind: 'aarq', applicationContextName: applicationContexts.ln } as const
      return parseApdu(await sendAs(16, emitApdu({ ...request, userInformation: initiate() })))
    },
    async get(ref: AttributeRef) {
      const response = await ask(getRequest(ref))
      if (response.kind !== 'get-response-normal') throw new Error(response.kind)
      return 'data' in response.result ? response.result.data : response.result.accessResult
    },
  }
}

describe('configuration', () => {
  const options = { objects: [], associations: [publicAssociation] }
  test.each([
    ['two associations for one pair of SAPs', { ...options, associations: [publicAssociation, publicAssociation] }],
    ['a ciphered association without a security module', { ...options, associations: [managementAssociation] }],
    ['an object twice', { ...options, objects: [faultyObject, faultyObject] }],
    ['a PDU size below 64', { ...options, maxPduBytes: 63 }],
    ['a PDU size the wrapper cannot carry', { ...options, maxPduBytes: 65_536 }],
  ])('refuses %s', (_name, wrong) => {
    expect(() => new DlmsServer(wrong)).toThrow(expect.objectContaining({ code: 'DLMS_CONFIGURATION' }))
  })
})

describe('idle', () => {
  test('answers nothing to nothing', async () => {
    const { connection } = { connection: sampleDevice().server.connection() }
    expect(await connection.handle({ sourceWPort: 1, destinationWPort: 1, apdu: new Uint8Array(0) })).toEqual([])
  })

  test('refuses services, plain and ciphered, alike', async () => {
    const { send, protect } = bench()
    const get = emitApdu(getRequest(clock))
    expect(toHex(await send(get))).toBe(genericRefusal)
    expect(toHex(await send(await protect(get, 0xc8)))).toBe(genericRefusal)
  })

  test('refuses SAPs that nobody configured', async () => {
    const { sendAs, device } = bench()
    const aarq = emitApdu({
      kind: 'aarq',
      applicationContextName: applicationContexts.ln,
      userInformation: initiate(),
    })
    expect(toHex(await sendAs(33, aarq))).toBe(refusedPlainAare)
    expect(toHex(await sendAs(33, emitApdu(getRequest(clock))))).toBe(genericRefusal)
    expect(device.events).toEqual([
      {
        kind: 'association-refused',
        reason: 'no association for these SAPs',
        clientSap: 33,
        serverSap: 1,
        association: undefined,
      },
    ])
  })

  const lowered: readonly [string, Partial<Aarq>][] = [
    ['no ciphering', { applicationContextName: applicationContexts.ln }],
    ['short names', { applicationContextName: applicationContexts['sn-ciphered'] }],
    ['no mechanism', { mechanismName: undefined }],
    ['mechanism 0', { mechanismName: mechanisms.none }],
    ['a password', { mechanismName: mechanisms.lls, authenticationValue: fromAscii('12345678') }],
    ['HLS with MD5', { mechanismName: mechanisms['hls-md5'] }],
    ['HLS with SHA-256', { mechanismName: mechanisms['hls-sha256'] }],
    ['no challenge', { authenticationValue: undefined }],
    ['a challenge of 7 octets', { authenticationValue: new Uint8Array(7) }],
    ['a challenge of 65 octets', { authenticationValue: new Uint8Array(65) }],
    ['no system title', { apTitle: undefined }],
    ['a short system title', { apTitle: clientTitle.slice(1) }],
    ['no user information', { userInformation: undefined }],
    ['an initiate that is not ciphered', { userInformation: initiate() }],
  ]
  test.each(lowered)('management refuses %s, with the one answer', async (_name, fields) => {
    const { send, aarq, kinds } = bench()
    expect(toHex(await send(await aarq(fields)))).toBe(refusedCipheredAare)
    expect(kinds()).toHaveLength(1)
    expect(['association-refused', 'decryption-failed']).toContain(kinds()[0])
    // And nothing was opened by it.
    expect(toHex(await send(emitApdu(getRequest(clock))))).toBe(genericRefusal)
  })

  const unfit: readonly [string, InitiateFields][] = [
    ['a dedicated key of another length', { dedicatedKey: new Uint8Array(15) }],
    ['another DLMS version', { dlmsVersion: 5 }],
    ['PDUs too small for anything', { maxPduBytes: 63 }],
    ['a client that will not GET', { conformance: conformanceOf('set', 'action') }],
  ]
  test.each(unfit)('management refuses %s', async (_name, fields) => {
    const { send, aarq, kinds } = bench()
    expect(toHex(await send(await aarq({}, fields)))).toBe(refusedCipheredAare)
    expect(kinds()).toEqual(['association-refused'])
  })

  test('a wrong key, a wrong title, a wrong tag and a replay get one and the same answer; the log knows better', async () => {
    const { send, aarq, device } = bench()
    const stranger = clientSecurity({ blockCipherKey: fromHex('8C1F0D3AA4C54E6B9D2E7F8091A2B3C5') })
    const genuine = await aarq()
    const wrongTag = genuine.slice()
    wrongTag[wrongTag.length - 1]! ^= 1
    const wrongKey = await aarq({}, {}, stranger)
    const wrongTitle = await aarq({ apTitle: fromHex('4752434845414432') })
    const answers: string[] = []
    for (const apdu of [wrongKey, wrongTitle, wrongTag]) answers.push(toHex(await send(apdu)))
    await send(genuine)
    answers.push(toHex(await send(genuine)))
    expect(new Set(answers)).toEqual(new Set([refusedCipheredAare]))
    expect(device.events.map(({ kind, reason }) => [kind, reason])).toEqual([
      ['decryption-failed', 'authentication-failed'],
      ['decryption-failed', 'unknown-peer'],
      ['decryption-failed', 'authentication-failed'],
      ['counter-replayed', 'counter-replayed'],
    ])
  })

  test('refuses an AARQ that is none', async () => {
    const { send, lastEvent } = bench()
    expect(toHex(await send(fromHex('60FF00')))).toBe(refusedCipheredAare)
    expect(lastEvent()).toMatchObject({ kind: 'association-refused', reason: 'malformed AARQ' })
  })

  test('the public association refuses ciphering and authentication', async () => {
    const { sendAs } = bench()
    const request = { kind: 'aarq', applicationContextName: applicationContexts.ln } as const
    const withPassword = emitApdu({ ...request, mechanismName: mechanisms.lls, userInformation: initiate() })
    expect(toHex(await sendAs(16, withPassword))).toBe(refusedPlainAare)
    const ciphered = { ...request, applicationContextName: applicationContexts['ln-ciphered'] }
    expect(toHex(await sendAs(16, emitApdu({ ...ciphered, userInformation: initiate() })))).toBe(refusedPlainAare)
  })

  test('accepts a genuine AARQ: title, mechanism, a fresh challenge, the ciphered initiate-response', async () => {
    const { send, aarq, open, kinds } = bench()
    const aare = parseApdu(await send(await aarq()))
    if (aare.kind !== 'aare') throw new Error(aare.kind)
    expect(aare).toMatchObject({
      applicationContextName: applicationContexts['ln-ciphered'],
      result: 0,
      diagnostic: { source: 'acse-service-user', code: 14 },
      apTitle: serverTitle,
      acseRequirements: true,
      mechanismName: mechanisms['hls-gmac'],
      authenticationValue: { length: 16 },
    })
    expect(await open(aare.userInformation!)).toEqual({
      kind: 'initiate-response',
      dlmsVersion: 6,
      conformance: allServices,
      maxPduBytes: 1024,
      vaaName: 7,
    })
    const again = parseApdu(await send(await aarq()))
    expect(again.kind === 'aare' && again.authenticationValue).not.toEqual(aare.authenticationValue)
    expect(kinds()).toEqual([])
  })

  test('agrees to no more than was asked for', async () => {
    const { send, aarq, open } = bench()
    const wanted = conformanceOf('get', 'read', 'information-report')
    const aare = parseApdu(await send(await aarq({}, { conformance: wanted })))
    if (aare.kind !== 'aare') throw new Error(aare.kind)
    expect(await open(aare.userInformation!)).toMatchObject({ conformance: conformanceOf('get') })
  })
})

describe('association pending', () => {
  test('refuses every other request, also a genuine one', async () => {
    const { pend, send, protect, lastEvent, reply } = bench()
    const challenge = await pend()
    for (const request of [
      getRequest(clock),
      {
        kind: 'action-request-normal',
        invokeIdAndPriority: 0xc1,
        method: { classId: 70, logicalName: '0.0.96.3.10.255', methodIndex: 1 },
      },
      {
        kind: 'action-request-normal',
        invokeIdAndPriority: 0xc1,
        method: { classId: 15, logicalName: '0.0.40.0.0.255', methodIndex: 2 },
      },
    ] satisfies XdlmsApdu[]) {
      const plaintext = emitApdu(request)
      expect(toHex(await send(await protect(plaintext, plaintext[0]! + 8)))).toBe(genericRefusal)
      expect(lastEvent()?.kind).toBe('hls-failed')
    }
    expect((await send(await reply(challenge)))[0]).toBe(0xcf)
  })

  test('refuses a plain reply', async () => {
    const { pend, send, security, lastEvent } = bench()
    const token = await security.hlsAnswer(clientSlot, await pend())
    if (isRefusal(token)) throw new Error(token.refused)
    const request: XdlmsApdu = {
      kind: 'action-request-normal',
      invokeIdAndPriority: 0xc0,
      method: { classId: 15, logicalName: '0.0.40.0.0.255', methodIndex: 1 },
      parameter: cosem.octetString(token),
    }
    expect(toHex(await send(emitApdu(request)))).toBe(genericRefusal)
    expect(lastEvent()?.kind).toBe('decryption-failed')
  })

  const wrongTokens: readonly [string, (token: Uint8Array) => Uint8Array][] = [
    ['a wrong tag', (token) => token.with(16, token[16]! ^ 1)],
    ['another control', (token) => token.with(0, 0x30)],
    ['another counter', (token) => token.with(4, token[4]! ^ 1)],
  ]
  test.each(wrongTokens)('ends the association for a token with %s', async (_name, change) => {
    const { pend, send, reply, kinds, protect } = bench()
    const challenge = await pend()
    expect(toHex(await send(await reply(challenge, change)))).toBe(genericRefusal)
    expect(kinds()).toHaveLength(1)
    // No second try, and no way in without one.
    expect(toHex(await send(await reply(challenge)))).toBe(genericRefusal)
    expect(toHex(await send(await protect(emitApdu(getRequest(clock)), 0xc8)))).toBe(genericRefusal)
    expect(kinds()).not.toContain('association-opened')
  })

  test('ends the association for a token over another challenge, and for none at all', async () => {
    const { pend, send, reply, protect, kinds } = bench()
    await pend()
    expect(toHex(await send(await reply(new Uint8Array(16))))).toBe(genericRefusal)
    await pend()
    const empty = emitApdu({
      kind: 'action-request-normal',
      invokeIdAndPriority: 0xc0,
      method: { classId: 15, logicalName: '0.0.40.0.0.255', methodIndex: 1 },
    })
    expect(toHex(await send(await protect(empty, 0xcb)))).toBe(genericRefusal)
    expect(kinds()).toEqual(['hls-failed', 'hls-failed'])
  })

  test('opens for the genuine token and proves itself', async () => {
    const { aarq, send, challengeOf, reply, open, security, kinds, device } = bench()
    const own = await security.hlsChallenge(clientSlot, 16)
    if (isRefusal(own)) throw new Error(own.refused)
    const challenge = challengeOf(await send(await aarq({ authenticationValue: own })))
    const response = await open(await send(await reply(challenge)))
    if (response.kind !== 'action-response-normal') throw new Error(response.kind)
    expect(response).toMatchObject({ invokeIdAndPriority: 0xc0, result: 0 })
    const token = response.returned !== undefined && 'data' in response.returned ? response.returned.data : undefined
    if (token?.type !== 'octet-string') throw new Error('no token')
    expect(await security.hlsVerify(clientSlot, token.value)).toEqual({ ok: true })
    expect(kinds()).toEqual(['association-opened'])
    expect(device.events[0]).toMatchObject({ association: 'management', clientSap: 1, serverSap: 1 })
  })
})

describe('associated, ciphered', () => {
  test('a plain request, a wrong tag, a wrong key, a replay, a lesser control and a foreign tag are refused alike', async () => {
    const { associate, send, protect, kinds } = bench()
    await associate()
    const get = emitApdu(getRequest(clock))
    const genuine = await protect(get, 0xc8)
    const wrongTag = genuine.slice()
    wrongTag[wrongTag.length - 1]! ^= 1
    const stranger = clientSecurity({ blockCipherKey: fromHex('8C1F0D3AA4C54E6B9D2E7F8091A2B3C5') })
    await stranger.protect({ slot: clientSlot, securityControl: 0x30, plaintext: get })
    const refused = [
      get,
      wrongTag,
      await protect(get, 0xc8, stranger),
      // Authenticated only, and encrypted only: the second with a tag that would be right for 0x30.
      await protect(get, 0xc8, undefined, 0x10),
      Uint8Array.from(await protect(get, 0xc8), (octet, i) => (i === 2 ? 0x20 : octet)),
      // A GET under the tag of SET.
      await protect(get, 0xc9),
      // Under the dedicated key.
      Uint8Array.from(await protect(get, 0xc8), (octet, i) => (i === 0 ? 0xd0 : octet)),
    ]
    for (const apdu of refused) expect(toHex(await send(apdu))).toBe(genericRefusal)
    expect((await send(await protect(get, 0xc8)))[0]).toBe(0xcc)
    expect(toHex(await send(genuine))).toBe(genericRefusal)
    expect(kinds()).toEqual([
      'association-opened',
      'decryption-failed',
      'decryption-failed',
      // Its counter was behind already: the stranger's key is not even tried.
      'counter-replayed',
      'decryption-failed',
      'decryption-failed',
      'decryption-failed',
      'decryption-failed',
      'counter-replayed',
    ])
  })

  test('refuses a request with any bit changed', async () => {
    const { associate, send, protect } = bench()
    await associate()
    const genuine = await protect(emitApdu(getRequest(clock)), 0xc8)
    const flip = (bit: number) => genuine.map((octet, i) => (i === bit >> 3 ? octet ^ (0x80 >> (bit & 7)) : octet))
    for (let bit = 8; bit < genuine.length * 8; bit++) expect(toHex(await send(flip(bit)))).toBe(genericRefusal)
    expect((await send(genuine))[0]).toBe(0xcc)
  })

  test('refuses a request under any other tag; only then is its counter spent, for the tag itself is not authenticated', async () => {
    const { associate, send, protect } = bench()
    await associate()
    for (let tag = 0; tag <= 0xff; tag++) {
      if ([0x60, 0x62, 0xc8].includes(tag)) continue
      const apdu = Uint8Array.from(await protect(emitApdu(getRequest(clock)), 0xc8), (octet, i) =>
        i === 0 ? tag : octet,
      )
      expect(toHex(await send(apdu))).toBe(genericRefusal)
    }
    expect((await send(await protect(emitApdu(getRequest(clock)), 0xc8)))[0]).toBe(0xcc)
  })

  test('answers general-glo-ciphering in kind, and only under the title of the client', async () => {
    const { associate, send, security } = bench()
    await associate()
    const frame = async (systemTitle: Uint8Array) => {
      const plaintext = emitApdu(getRequest(clock))
      const secured = await security.protect({ slot: clientSlot, securityControl: 0x30, plaintext })
      if (isRefusal(secured)) throw new Error(secured.refused)
      return emitApdu({ kind: 'general-glo-ciphering', systemTitle, securityControl: 0x30, ...secured })
    }
    expect(toHex(await send(await frame(serverTitle)))).toBe(genericRefusal)
    const answer = parseApdu(await send(await frame(clientTitle)))
    expect(answer).toMatchObject({ kind: 'general-glo-ciphering', systemTitle: serverTitle })
  })

  test('a new AARQ ends the association, whatever comes of it', async () => {
    const { associate, send, aarq, ask, kinds, protect } = bench()
    await associate()
    expect(await ask(getRequest(clock))).toMatchObject({ kind: 'get-response-normal' })
    await send(await aarq({ mechanismName: mechanisms.lls }))
    expect(toHex(await send(await protect(emitApdu(getRequest(clock)), 0xc8)))).toBe(genericRefusal)
    expect(kinds()).toEqual(['association-opened', 'association-closed', 'association-refused'])
  })

  test('refuses a plain RLRQ and leaves by a protected one', async () => {
    const { associate, send, protect, open, kinds, ask } = bench()
    await associate()
    expect(toHex(await send(fromHex('6203800100')))).toBe(genericRefusal)
    const foreign = await protect(emitApdu(getRequest(clock)), 0xc8)
    expect(toHex(await send(emitApdu({ kind: 'rlrq', reason: 0, userInformation: foreign })))).toBe(genericRefusal)
    expect(await ask(getRequest(clock))).toMatchObject({ kind: 'get-response-normal' })
    const userInformation = await protect(initiate(), 0x21)
    const rlre = parseApdu(await send(emitApdu({ kind: 'rlrq', reason: 0, userInformation })))
    if (rlre.kind !== 'rlre') throw new Error(rlre.kind)
    expect(await open(rlre.userInformation!)).toMatchObject({ kind: 'initiate-response' })
    expect(kinds().at(-1)).toBe('association-closed')
    expect(toHex(await send(await protect(emitApdu(getRequest(clock)), 0xc8)))).toBe(genericRefusal)
  })

  test('ends with the connection', async () => {
    const device = sampleDevice()
    const connection = device.server.connection()
    const request = { kind: 'aarq', applicationContextName: applicationContexts.ln } as const
    const apdu = emitApdu({ ...request, userInformation: initiate() })
    await connection.handle({ sourceWPort: 16, destinationWPort: 1, apdu })
    connection.close()
    expect(device.events.map(({ kind }) => kind)).toEqual(['association-opened', 'association-closed'])
    expect(await connection.handle({ sourceWPort: 16, destinationWPort: 1, apdu })).toEqual([])
  })

  test('does not know services it does not speak, plain or ciphered, and stays associated', async () => {
    const { associate, send, protect, ask } = bench()
    await associate()
    const eventNotification = fromHex('C2 00 0001 0000600100FF 02 00')
    expect(toHex(await send(await protect(eventNotification, 0xca)))).toBe(unknownService)
    expect(toHex(await send(await protect(fromHex('C004C1'), 0xc8)))).toBe(unknownService)
    expect(toHex(await send(await protect(emitApdu({ ...answerToGet }), 0xcc)))).toBe(unknownService)
    expect(await ask(getRequest(clock))).toMatchObject({ kind: 'get-response-normal' })
  })

  test('serves no more than was agreed', async () => {
    const { associate, send, protect } = bench()
    await associate({ conformance: conformanceOf('get') })
    const requests: XdlmsApdu[] = [
      { kind: 'get-request-with-list', invokeIdAndPriority: 0xc1, items: [{ attribute: clock }] },
      {
        kind: 'get-request-normal',
        invokeIdAndPriority: 0xc1,
        attribute: profile,
        selection: { selector: 2, parameters: cosem.nullData },
      },
      { kind: 'set-request-normal', invokeIdAndPriority: 0xc1, attribute: clock, value: cosem.nullData },
      {
        kind: 'action-request-normal',
        invokeIdAndPriority: 0xc1,
        method: { classId: 70, logicalName: '0.0.96.3.10.255', methodIndex: 1 },
      },
    ]
    for (const request of requests) {
      const plaintext = emitApdu(request)
      expect(toHex(await send(await protect(plaintext, plaintext[0]! + 8)))).toBe(unknownService)
    }
  })

  test('refuses APDUs longer than it said it takes', async () => {
    const { associate, send } = bench()
    await associate()
    expect(toHex(await send(new Uint8Array(1024 + 65).fill(0xc8)))).toBe('D80104')
  })

  test('takes the few octets more of a client that counts its blocks without their header', async () => {
    const { associate, send } = bench()
    await associate()
    // A whole ciphered APDU is not in it, but that is found out by looking inside.
    expect(toHex(await send(new Uint8Array(1024 + 64).fill(0xc8)))).toBe('D80103')
  })

  test('a security module that throws ends the association and is told from an attack', async () => {
    const { security } = sampleDevice()
    let isBroken = false
    const breaking = new Proxy(security, {
      get: (target, name) => {
        if (isBroken && name === 'unprotect') return () => Promise.reject(new Error('card removed'))
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const { associate, send, protect, kinds } = bench(sampleDevice({ security: breaking }))
    await associate()
    isBroken = true
    expect(toHex(await send(await protect(emitApdu(getRequest(clock)), 0xc8)))).toBe(genericRefusal)
    expect(kinds()).toEqual(['association-opened', 'association-closed', 'security-unavailable'])
  })
})

const answerToGet: XdlmsApdu = {
  kind: 'get-response-normal',
  invokeIdAndPriority: 0xc1,
  result: { data: cosem.nullData },
}

describe('GET', () => {
  test.each<[string, AttributeRef, number]>([
    ['an object that is not there', attribute(3, '1.0.9.9.9.255', 2), 4],
    ['an object of another class', attribute(1, '1.0.1.8.0.255', 2), 9],
    ['attribute 0', attribute(3, '1.0.1.8.0.255', 0), 4],
    ['an attribute beyond the class', attribute(3, '1.0.1.8.0.255', 4), 4],
    ['a negative attribute', attribute(3, '1.0.1.8.0.255', -1), 4],
    ['the secret of an association', attribute(15, '0.0.40.0.2.255', 7), 3],
    ['an object that throws', attribute(1, '0.0.96.1.8.255', 2), 250],
  ])('refuses %s', async (_name, ref, result) => {
    const client = bench()
    await client.associate()
    expect(await client.get(ref)).toBe(result)
  })

  test('reports an object that throws, without its message', async () => {
    const client = bench()
    await client.associate()
    await client.get(attribute(1, '0.0.96.1.8.255', 2))
    expect(client.lastEvent()).toMatchObject({ kind: 'object-failed', reason: '0.0.96.1.8.255: Error' })
  })

  test('an object whose value does not fit its type is a fault of ours, not a broken answer', async () => {
    const wrong = dataObject({ logicalName: '0.0.96.1.7.255', value: () => cosem.unsigned(300) })
    const client = bench(sampleDevice({}, [wrong]))
    await client.associate()
    expect(await client.get(attribute(1, '0.0.96.1.7.255', 2))).toBe(250)
    expect(client.lastEvent()?.kind).toBe('object-failed')
  })

  test('refuses the public client everything but its few objects, and reports it', async () => {
    const client = bench()
    expect(await client.associatePublic()).toMatchObject({ kind: 'aare', result: 0, diagnostic: { code: 0 } })
    const ask = async (ref: AttributeRef) => toHex(await client.sendAs(16, emitApdu(getRequest(ref))))
    expect(await ask(profile)).toBe('C401C10103')
    expect(await ask(attribute(70, '0.0.96.3.10.255', 2))).toBe('C401C10103')
    expect(client.lastEvent()).toMatchObject({ kind: 'access-denied', reason: 'read 70 0.0.96.3.10.255 2' })
    expect(await ask(attribute(1, '0.0.42.0.0.255', 2))).toBe(`C401C1000910${toHex(fromAscii('GRC0000000000001'))}`)
    const list = parseData(fromHex((await ask(attribute(15, '0.0.40.0.0.255', 2))).slice(8)))
    expect(list.type === 'array' && list.value).toHaveLength(5)
  })

  test('echoes invoke id and priority as they are', async () => {
    const client = bench()
    await client.associate()
    for (const invokeIdAndPriority of [0x40, 0x41, 0xcf, 0xff]) {
      expect(await client.ask(getRequest(clock, invokeIdAndPriority))).toMatchObject({ invokeIdAndPriority })
    }
  })

  test('answers nothing to an unconfirmed request, refused or not', async () => {
    const client = bench()
    await client.associate()
    for (const ref of [clock, attribute(1, '0.0.0.0.0.0', 2)]) {
      const unconfirmed = await client.protect(emitApdu(getRequest(ref, 0x81)), 0xc8)
      expect(await client.send(unconfirmed)).toEqual(new Uint8Array(0))
    }
    expect(await client.ask(getRequest(clock))).toMatchObject({ kind: 'get-response-normal' })
  })

  test('a list has one result for each item, refused or not', async () => {
    const client = bench()
    await client.associate()
    const items = [{ attribute: attribute(1, '0.0.42.0.0.255', 2) }, { attribute: attribute(1, '0.0.0.0.0.0', 2) }]
    expect(await client.ask({ kind: 'get-request-with-list', invokeIdAndPriority: 0xc1, items })).toEqual({
      kind: 'get-response-with-list',
      invokeIdAndPriority: 0xc1,
      results: [{ data: cosem.octetString(fromAscii('GRC0000000000001')) }, { accessResult: 4 }],
    })
  })
})

describe('long GET', () => {
  const next = (blockNumber: number): XdlmsApdu => ({
    kind: 'get-request-next',
    invokeIdAndPriority: 0xc1,
    blockNumber,
  })

  test('refuses a next block when no transfer is under way', async () => {
    const client = bench()
    await client.associate()
    expect(await client.ask(next(1))).toMatchObject({ lastBlock: true, result: { accessResult: 16 } })
  })

  test('refuses a wrong block number and ends the transfer', async () => {
    const client = bench()
    await client.associate()
    expect(await client.ask(getRequest(profile))).toMatchObject({ blockNumber: 1, lastBlock: false })
    expect(await client.ask(next(2))).toMatchObject({ lastBlock: true, result: { accessResult: 19 } })
    expect(await client.ask(next(1))).toMatchObject({ lastBlock: true, result: { accessResult: 16 } })
  })

  test('another service ends the transfer', async () => {
    const client = bench()
    await client.associate()
    await client.ask(getRequest(profile))
    await client.ask(getRequest(clock))
    expect(await client.ask(next(1))).toMatchObject({ result: { accessResult: 16 } })
    await client.ask(getRequest(profile))
    await client.ask({ kind: 'set-request-normal', invokeIdAndPriority: 0xc1, attribute: clock, value: cosem.nullData })
    expect(await client.ask(next(1))).toMatchObject({ result: { accessResult: 16 } })
  })

  test('without blocks agreed a long answer is refused', async () => {
    const client = bench()
    await client.associate({ conformance: conformanceOf('get') })
    expect(await client.get(profile)).toBe(250)
  })

  test('an answer beyond all bounds is refused', async () => {
    const client = bench(sampleDevice({ maxResponseBytes: 10_000 }))
    await client.associate()
    expect(await client.get(profile)).toBe(250)
  })

  test.each([64, 65, 128, 500, 1024])('blocks fit PDUs of %i octets and make the whole value', async (maxPduBytes) => {
    const client = bench()
    await client.associate({ maxPduBytes })
    const selection = {
      selector: 2,
      parameters: cosem.structure(
        cosem.doubleLongUnsigned(1),
        cosem.doubleLongUnsigned(40),
        cosem.longUnsigned(1),
        cosem.longUnsigned(0),
      ),
    }
    let plaintext = emitApdu({ kind: 'get-request-normal', invokeIdAndPriority: 0xc1, attribute: profile, selection })
    let rawData = ''
    for (let blockNumber = 1; ; blockNumber++) {
      const answer = await client.send(await client.protect(plaintext, 0xc8))
      expect(answer.length).toBeLessThanOrEqual(maxPduBytes)
      const block = await client.open(answer)
      if (block.kind !== 'get-response-with-datablock' || !('rawData' in block.result)) throw new Error(block.kind)
      expect(block.blockNumber).toBe(blockNumber)
      rawData += toHex(block.result.rawData)
      if (block.lastBlock) break
      plaintext = emitApdu(next(blockNumber))
    }
    const rows = Array.from({ length: 40 }, (_unused, i) => cosem.structure(...profileEntry(i + 1)))
    expect(rawData).toBe(toHex(emitData(cosem.array(rows))))
  })

  test('a long list goes in blocks too', async () => {
    const client = bench()
    await client.associate()
    const items = [{ attribute: profile }, { attribute: clock }]
    const first = await client.ask({ kind: 'get-request-with-list', invokeIdAndPriority: 0xc1, items })
    expect(first).toMatchObject({ kind: 'get-response-with-datablock', blockNumber: 1, lastBlock: false })
  })
})

describe('SET', () => {
  const note = attribute(1, '0.0.96.1.9.255', 2)
  const set = (ref: AttributeRef, value: CosemData): XdlmsApdu => ({
    kind: 'set-request-normal',
    invokeIdAndPriority: 0xc1,
    attribute: ref,
    value,
  })

  test.each<[string, AttributeRef, number]>([
    ['an attribute that may only be read', attribute(3, '1.0.1.8.0.255', 2), 3],
    ['an attribute that nobody writes', attribute(8, '0.0.1.0.0.255', 3), 3],
    ['an object that is not there', attribute(1, '0.0.9.9.9.255', 2), 4],
  ])('refuses %s', async (_name, ref, result) => {
    const client = bench()
    await client.associate()
    expect(await client.ask(set(ref, cosem.unsigned(1)))).toMatchObject({ kind: 'set-response-normal', result })
  })

  test('refuses a selection', async () => {
    const client = bench()
    await client.associate()
    const selection = { selector: 1, parameters: cosem.nullData }
    const request = { ...set(note, cosem.nullData), selection } as XdlmsApdu
    expect(await client.ask(request)).toMatchObject({ result: 13 })
  })

  test('writes, and reads back', async () => {
    const client = bench()
    await client.associate()
    expect(await client.ask(set(note, cosem.unsigned(7)))).toMatchObject({ result: 0 })
    expect(client.written).toEqual([cosem.unsigned(7)])
    expect(await client.get(note)).toEqual(cosem.unsigned(7))
  })

  test('a list writes what it may and tells each result', async () => {
    const client = bench()
    await client.associate()
    const request: XdlmsApdu = {
      kind: 'set-request-with-list',
      invokeIdAndPriority: 0xc1,
      items: [{ attribute: note }, { attribute: attribute(3, '1.0.1.8.0.255', 2) }],
      values: [cosem.unsigned(1), cosem.unsigned(2)],
    }
    expect(await client.ask(request)).toMatchObject({ kind: 'set-response-with-list', results: [0, 3] })
    expect(await client.ask({ ...request, values: [cosem.unsigned(1)] })).toMatchObject({ results: [12, 12] })
    expect(client.written).toHaveLength(1)
  })

  describe('in blocks', () => {
    const rawData = emitData(cosem.octetString(new Uint8Array(50)))
    const first = (lastBlock: boolean, data: Uint8Array = rawData.slice(0, 30), blockNumber = 1): XdlmsApdu => ({
      kind: 'set-request-with-first-datablock',
      invokeIdAndPriority: 0xc1,
      attribute: note,
      block: { lastBlock, blockNumber, rawData: data },
    })
    const more = (blockNumber: number, lastBlock: boolean, data: Uint8Array = rawData.slice(30)): XdlmsApdu => ({
      kind: 'set-request-with-datablock',
      invokeIdAndPriority: 0xc1,
      block: { lastBlock, blockNumber, rawData: data },
    })

    test('refuses a block without a first', async () => {
      const client = bench()
      await client.associate()
      expect(await client.ask(more(2, true))).toMatchObject({ kind: 'set-response-last-datablock', result: 18 })
    })

    test('refuses blocks out of order, and empty ones that never end', async () => {
      const client = bench()
      await client.associate()
      expect(await client.ask(first(false, rawData, 2))).toMatchObject({ result: 19 })
      await client.ask(first(false))
      expect(await client.ask(more(3, true))).toMatchObject({ result: 19 })
      expect(await client.ask(more(2, true))).toMatchObject({ result: 18 })
      await client.ask(first(false))
      expect(await client.ask(more(2, false, new Uint8Array(0)))).toMatchObject({ result: 17 })
      expect(client.written).toEqual([])
    })

    test('refuses a value beyond the bound', async () => {
      const client = bench()
      await client.associate()
      let response = await client.ask(first(false, new Uint8Array(900)))
      for (let n = 2; response.kind === 'set-response-datablock'; n++) {
        response = await client.ask(more(n, false, new Uint8Array(900)))
      }
      expect(response).toMatchObject({ kind: 'set-response-last-datablock', result: 17, blockNumber: 73 })
    })

    test('refuses blocks that make no value', async () => {
      const client = bench()
      await client.associate()
      expect(await client.ask(first(true))).toMatchObject({ kind: 'set-response-last-datablock', result: 12 })
    })

    test('writes when the last block has come, not before', async () => {
      const client = bench()
      await client.associate()
      expect(await client.ask(first(false))).toMatchObject({ kind: 'set-response-datablock', blockNumber: 1 })
      expect(client.written).toEqual([])
      expect(await client.ask(more(2, true))).toMatchObject({ kind: 'set-response-last-datablock', result: 0 })
      expect(client.written).toEqual([cosem.octetString(new Uint8Array(50))])
    })

    test('a list in blocks', async () => {
      const client = bench()
      await client.associate()
      const request: XdlmsApdu = {
        kind: 'set-request-with-list-and-first-datablock',
        invokeIdAndPriority: 0xc1,
        items: [{ attribute: note }, { attribute: clock }],
        block: { lastBlock: false, blockNumber: 1, rawData: fromHex('02 1105') },
      }
      expect(await client.ask(request)).toMatchObject({ kind: 'set-response-datablock' })
      expect(await client.ask(more(2, true, fromHex('1106')))).toMatchObject({
        kind: 'set-response-last-datablock-with-list',
        results: [0, 3],
        blockNumber: 2,
      })
    })
  })
})

describe('ACTION', () => {
  const action = (classId: number, logicalName: string, methodIndex: number): XdlmsApdu => ({
    kind: 'action-request-normal',
    invokeIdAndPriority: 0xc1,
    method: { classId, logicalName, methodIndex },
    parameter: cosem.integer(0),
  })

  test.each<[string, XdlmsApdu, number]>([
    ['an object that is not there', action(70, '0.0.9.9.9.255', 1), 4],
    ['an object of another class', action(71, '0.0.96.3.10.255', 1), 9],
    ['method 0', action(70, '0.0.96.3.10.255', 0), 4],
    ['a method beyond the class', action(70, '0.0.96.3.10.255', 3), 4],
    ['a method that nobody serves', action(3, '1.0.1.8.0.255', 1), 3],
    ['reply_to_HLS once associated', action(15, '0.0.40.0.0.255', 1), 3],
    ['a key transfer', action(64, '0.0.43.0.2.255', 2), 250],
  ])('refuses %s', async (_name, request, result) => {
    const client = bench()
    await client.associate()
    expect(await client.ask(request)).toMatchObject({ kind: 'action-response-normal', result })
  })

  test('the public client may do nothing', async () => {
    const client = bench()
    await client.associatePublic()
    const request = emitApdu(action(70, '0.0.96.3.10.255', 1))
    expect(toHex(await client.sendAs(16, request))).toBe('C701C10300')
    expect(client.device.isConnected()).toBe(true)
  })

  test('the switch opens and closes', async () => {
    const client = bench()
    await client.associate()
    expect(await client.ask(action(70, '0.0.96.3.10.255', 1))).toMatchObject({ result: 0 })
    expect(client.device.isConnected()).toBe(false)
    expect(await client.get(attribute(70, '0.0.96.3.10.255', 3))).toEqual(cosem.enumeration(0))
    expect(await client.ask(action(70, '0.0.96.3.10.255', 2))).toMatchObject({ result: 0 })
    expect(client.device.isConnected()).toBe(true)
  })
})

describe('hostile bytes', () => {
  test('any octets in any state are answered, never thrown at', async () => {
    const idle = bench()
    const pending = bench()
    await pending.pend()
    const open = bench()
    await open.associatePublic()
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), anyApdu.map(emitApdu)), async (apdu) => {
        for (const client of [idle, pending, open]) {
          for (const sap of [1, 16]) expect(await client.sendAs(sap, apdu)).toBeInstanceOf(Uint8Array)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('any plaintext under the right key is answered too', async () => {
    const client = bench()
    await client.associate()
    const plaintexts = fc.oneof(fc.uint8Array({ maxLength: 100 }), anyApdu.map(emitApdu))
    await fc.assert(
      fc.asyncProperty(plaintexts, async (plaintext) => {
        const tag = { 192: 0xc8, 193: 0xc9, 195: 0xcb }[plaintext[0] ?? 0] ?? 0xc8
        expect(await client.send(await client.protect(plaintext, tag))).toBeInstanceOf(Uint8Array)
      }),
      { numRuns: 300 },
    )
  })
})
