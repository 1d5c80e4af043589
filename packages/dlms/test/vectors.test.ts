import { readFileSync } from 'node:fs'
import { concatBytes, equalBytes, fromAscii, fromHex, toHex } from '@gridcard/bytes'
import { createNodeCrypto, nodeCrypto } from '@gridcard/crypto/node'
import { describe, expect, test } from 'vitest'
import {
  type Apdu,
  applicationContexts,
  type CosemData,
  defaultHdlcParameters,
  emitApdu,
  emitData,
  emitHdlcFrame,
  emitHdlcParameters,
  emitWpdu,
  generalHeaderOctets,
  type HdlcFrame,
  HdlcSplitter,
  hdlcAddress,
  hdlcServerAddress,
  isRefusal,
  type KeySet,
  llcHeaders,
  mechanisms,
  memoryCounterStore,
  parseApdu,
  parseData,
  parseHdlcFrame,
  parseHdlcParameters,
  parseWpdu,
  type SecuritySuiteId,
  SoftwareSecurityModule,
  signedOctets,
} from '../src/index.ts'
import { otherInfoOf } from '../src/security/key-agreement.ts'
import { ivOf, openMessage, sealMessage } from '../src/security/message-cipher.ts'

interface Vector {
  readonly name: string
  readonly inputs: Readonly<Record<string, string | number>>
  readonly expected: Readonly<Record<string, unknown>>
}

// Collected from public test suites, captures and the standard's own examples; each entry names its source.
const file = readFileSync(new URL('./data/dlms-vectors.json', import.meta.url), 'utf8')
// The file is ours, and its shape is checked by every test below.
const { vectors } = JSON.parse(file) as { vectors: readonly Vector[] }

const hex = ({ inputs }: Vector, name: string): Uint8Array => fromHex(String(inputs[name]))
const counterOf = (vector: Vector): number => Number.parseInt(String(vector.inputs['invocationCounter']), 16)
const someTitle = fromHex('0000000000000001')

/** A module with the keys of the vector, whose next counter is the vector's. */
function moduleOf(
  vector: Vector,
  systemTitle: Uint8Array,
  peerSystemTitle: Uint8Array,
  suite: SecuritySuiteId = 0,
): SoftwareSecurityModule {
  return new SoftwareSecurityModule({
    crypto: nodeCrypto,
    systemTitle,
    slots: () => ({
      suite,
      blockCipherKey: hex(vector, 'blockCipherKey'),
      authenticationKey: hex(vector, 'authenticationKey'),
      peerSystemTitle,
    }),
    counters: memoryCounterStore({ 0: { send: counterOf(vector) } }),
  })
}

async function protectsTo(vector: Vector): Promise<void> {
  const module = moduleOf(vector, hex(vector, 'systemTitle'), someTitle)
  const securityControl = Number.parseInt(String(vector.inputs['securityControl']), 16)
  const plaintext = hex(vector, 'plaintext')
  const secured = await module.protect({ slot: 0, securityControl, plaintext })
  if (isRefusal(secured)) throw new Error(secured.refused)
  const tag = plaintext[0] === 0x01 ? 0x21 : 0xc8
  const frame: Apdu = { kind: 'glo-ciphered', tag, securityControl, ...secured }
  expect(toHex(emitApdu(frame))).toBe(vector.expected['apdu'])
  expect(parseApdu(emitApdu(frame))).toEqual(frame)
}

/** Opens the frame; `title` where the frame does not carry the sender's. */
async function opensTo(vector: Vector, title?: string, suite: SecuritySuiteId = 0): Promise<Apdu> {
  const frame = parseApdu(hex(vector, 'apdu'))
  if (frame.kind !== 'glo-ciphered' && frame.kind !== 'general-glo-ciphering') throw new Error(frame.kind)
  expect(toHex(emitApdu(frame))).toBe(vector.inputs['apdu'])
  const peerSystemTitle = frame.kind === 'general-glo-ciphering' ? frame.systemTitle : hex(vector, title ?? '')
  const opened = await moduleOf(vector, someTitle, peerSystemTitle, suite).unprotect({
    ...frame,
    slot: 0,
    peerSystemTitle,
  })
  if (isRefusal(opened)) throw new Error(opened.refused)
  expect(toHex(opened.plaintext)).toBe(vector.expected['plaintext'])
  return roundTrip(opened.plaintext)
}

/** Parses, and checks that emitting gives the same octets. */
function roundTrip(bytes: Uint8Array): Apdu {
  const apdu = parseApdu(bytes)
  expect(toHex(emitApdu(apdu))).toBe(toHex(bytes))
  return apdu
}

/** The key under the master key of the vector, taken over as the unicast key. */
async function unwrapsTo(vector: Vector, suite: SecuritySuiteId): Promise<void> {
  const stored: Partial<KeySet>[] = []
  const { keyManagement } = new SoftwareSecurityModule({
    crypto: nodeCrypto,
    systemTitle: someTitle,
    slots: () => ({ suite, masterKey: hex(vector, 'kek'), peerSystemTitle: fromHex('0000000000000002') }),
    storeKeys: (_slot, changes) => void stored.push(changes),
    counters: memoryCounterStore(),
  })
  const wrapped = fromHex(String(vector.expected['wrapped']))
  const received = (keyData: Uint8Array) => keyManagement!.receiveKeys(0, [{ keyId: 0, keyData }])
  expect(await received(wrapped.with(3, wrapped[3]! ^ 1))).toEqual({ refused: 'authentication-failed' })
  expect(await received(wrapped)).toEqual({ ok: true })
  expect(stored).toEqual([])
  await keyManagement!.commit(0)
  expect(stored).toEqual([{ blockCipherKey: hex(vector, 'key') }])
}

const parsed = (vector: Vector): Apdu => roundTrip(hex(vector, 'apdu'))

const nothing = new Uint8Array(0)

/** The frame, whose check sequences are the vector's and come back the same. */
function hdlc(vector: Vector): HdlcFrame {
  const bytes = hex(vector, 'frame')
  const frame = parseHdlcFrame(bytes)
  expect(toHex(emitHdlcFrame(frame))).toBe(toHex(bytes))
  expect(toHex(bytes.slice(-3, -1))).toBe(vector.expected['fcs'])
  expect(new HdlcSplitter().push(bytes)).toEqual([bytes])
  return frame
}

const between = (client: number, upper: number, lower: number) => ({
  source: hdlcAddress(client),
  destination: hdlcServerAddress(upper, lower),
})

const number = (value: CosemData): unknown =>
  'value' in value && Array.isArray(value.value) ? value.value.map(number) : 'value' in value ? value.value : undefined

async function answersTo(vector: Vector, own: string, challenge: string): Promise<void> {
  const module = moduleOf(vector, hex(vector, own), someTitle)
  const answer = await module.hlsAnswer(0, hex(vector, challenge))
  if (isRefusal(answer)) throw new Error(answer.refused)
  expect(toHex(answer)).toBe(vector.expected['reply'])
}

const checks: Readonly<Record<string, (vector: Vector) => unknown>> = {
  'glo-get-request, authenticated encryption': protectsTo,
  'glo-get-request, authentication only': protectsTo,
  'glo-initiate-request with dedicated key': async (vector) => {
    await protectsTo(vector)
    expect(roundTrip(hex(vector, 'plaintext'))).toMatchObject({
      kind: 'initiate-request',
      dedicatedKey: fromHex('00112233445566778899AABBCCDDEEFF'),
      conformance: 0x007e1f,
      maxPduBytes: 1200,
    })
  },
  // Readable, but unauthenticated: no module makes or takes it.
  'glo-get-request, encryption only': async (vector) => {
    const frame = roundTrip(fromHex(String(vector.expected['apdu'])))
    if (frame.kind !== 'glo-ciphered') throw new Error(frame.kind)
    expect(frame).toMatchObject({ securityControl: 0x20, invocationCounter: 0x01234567 })
    const peerSystemTitle = hex(vector, 'systemTitle')
    const module = moduleOf(vector, someTitle, peerSystemTitle)
    expect(await module.unprotect({ ...frame, slot: 0, peerSystemTitle })).toEqual({ refused: 'not-permitted' })
    const request = { slot: 0, securityControl: 0x20, plaintext: hex(vector, 'plaintext') }
    expect(await module.protect(request)).toEqual({ refused: 'not-permitted' })
  },
  'GCM tag is the 16-byte tag truncated to its first 12 bytes': async (vector) => {
    const module = moduleOf(vector, hex(vector, 'systemTitle'), someTitle)
    const secured = await module.protect({ slot: 0, securityControl: 0x30, plaintext: hex(vector, 'plaintext') })
    if (isRefusal(secured)) throw new Error(secured.refused)
    expect(toHex(secured.body.slice(-12))).toBe(vector.expected['tag12'])
    expect(String(vector.expected['tag16']).slice(0, 24)).toBe(vector.expected['tag12'])
  },
  'HLS mechanism 5 f(StoC), client to server': (vector) => answersTo(vector, 'clientSystemTitle', 'StoC'),
  'HLS mechanism 5 f(CtoS), server to client': (vector) => answersTo(vector, 'serverSystemTitle', 'CtoS'),
  'general-glo-ciphering of a data-notification (push)': async (vector) => {
    expect(await opensTo(vector)).toMatchObject({ kind: 'data-notification', longInvokeIdAndPriority: 0x1db })
  },
  'general-glo-ciphering GET request, suite 0': async (vector) => {
    expect(await opensTo(vector)).toMatchObject({
      kind: 'get-request-normal',
      attribute: { classId: 15, logicalName: '0.0.40.0.0.255', attributeIndex: 2 },
    })
  },
  'glo-action-request carrying the HLS reply, suite 0': async (vector) => {
    expect(await opensTo(vector, 'systemTitle')).toMatchObject({
      kind: 'action-request-normal',
      method: { classId: 15, logicalName: '0.0.40.0.0.255', methodIndex: 1 },
      parameter: { type: 'octet-string', value: fromHex('1000000053258FF5242602560EE775E8ED') },
    })
  },
  'glo-initiate-response inside AARE, suite 0': async (vector) => {
    expect(await opensTo(vector, 'serverSystemTitle')).toMatchObject({
      kind: 'initiate-response',
      dlmsVersion: 6,
      conformance: 0x401e1d,
      maxPduBytes: 512,
      vaaName: 7,
    })
  },
  'AARQ, LN, no security': (vector) => {
    const aarq = parsed(vector)
    if (aarq.kind !== 'aarq') throw new Error(aarq.kind)
    expect(aarq.applicationContextName).toEqual(applicationContexts.ln)
    expect(aarq.mechanismName ?? null).toBe(vector.expected['mechanism'])
    expect(roundTrip(aarq.userInformation!)).toMatchObject({ conformance: 0x007e1f, maxPduBytes: 1200 })
  },
  'AARQ, LLS password 12345678': (vector) => {
    expect(parsed(vector)).toMatchObject({
      acseRequirements: true,
      mechanismName: mechanisms.lls,
      authenticationValue: fromAscii('12345678'),
    })
  },
  'AARQ, HLS5 challenge': (vector) => {
    expect(parsed(vector)).toMatchObject({
      mechanismName: mechanisms['hls-gmac'],
      authenticationValue: fromHex(String(vector.expected['CtoS'])),
    })
  },
  'AARQ, LN with ciphering, glo-initiate-request': (vector) => {
    const aarq = parsed(vector)
    if (aarq.kind !== 'aarq') throw new Error(aarq.kind)
    expect(aarq.applicationContextName).toEqual(applicationContexts['ln-ciphered'])
    expect(toHex(aarq.apTitle!)).toBe(vector.expected['systemTitle'])
    expect(roundTrip(aarq.userInformation!)).toMatchObject({ kind: 'glo-ciphered', tag: 0x21 })
  },
  'AARE accepted': (vector) => {
    const aare = parsed(vector)
    if (aare.kind !== 'aare') throw new Error(aare.kind)
    expect(aare).toMatchObject({ result: 0, diagnostic: { source: 'acse-service-user', code: 0 } })
    expect(roundTrip(aare.userInformation!)).toMatchObject({ conformance: 0x00501f, maxPduBytes: 500, vaaName: 7 })
  },
  'AARE rejected, application context not supported': (vector) => {
    expect(parsed(vector)).toMatchObject({ result: 1, diagnostic: { source: 'acse-service-user', code: 2 } })
  },
  'AARE rejected with confirmed-service-error': (vector) => {
    const aare = parsed(vector)
    if (aare.kind !== 'aare') throw new Error(aare.kind)
    expect(toHex(aare.userInformation!)).toBe(vector.expected['userInformation'])
    const error = { kind: 'confirmed-service-error', service: 1, errorClass: 6, value: 1 }
    expect(roundTrip(aare.userInformation!)).toEqual(error)
  },
  'AARE accepted, HLS5, StoC': (vector) => {
    expect(parsed(vector)).toMatchObject({
      diagnostic: { code: vector.expected['diagnostic'] },
      mechanismName: mechanisms['hls-gmac'],
      authenticationValue: fromHex(String(vector.expected['StoC'])),
    })
  },
  'GET request normal, invocation counter': (vector) => {
    const { classId, ln: logicalName, attribute: attributeIndex } = vector.expected
    expect(parsed(vector)).toMatchObject({ attribute: { classId, logicalName, attributeIndex } })
  },
  'GET response normal, double-long-unsigned': (vector) => {
    const data = { type: 'double-long-unsigned', value: vector.expected['value'] }
    expect(parsed(vector)).toMatchObject({ kind: 'get-response-normal', result: { data } })
  },
  'GET response data-access-error': (vector) => {
    expect(parsed(vector)).toMatchObject({ result: { accessResult: vector.expected['accessResult'] } })
  },
  'GET request with-list, two attributes': (vector) => {
    const apdu = parsed(vector)
    if (apdu.kind !== 'get-request-with-list') throw new Error(apdu.kind)
    const items = apdu.items.map(({ attribute: a }) => [a.classId, a.logicalName, a.attributeIndex])
    expect(items).toEqual(vector.expected['items'])
  },
  'GET request next block 1': (vector) => {
    expect(parsed(vector)).toMatchObject({ kind: 'get-request-next', blockNumber: vector.expected['block'] })
  },
  'SET request normal, clock time': (vector) => {
    const value = { type: 'octet-string', value: fromHex(String(vector.expected['dateTime'])) }
    expect(parsed(vector)).toMatchObject({ kind: 'set-request-normal', value })
  },
  'SET response success': (vector) => {
    expect(parsed(vector)).toMatchObject({ kind: 'set-response-normal', result: vector.expected['result'] })
  },
  'ACTION request reply_to_HLS_authentication': (vector) => {
    const { classId, method: methodIndex, parameter } = vector.expected
    expect(parsed(vector)).toMatchObject({
      method: { classId, methodIndex },
      parameter: { type: 'octet-string', value: fromHex(String(parameter)) },
    })
  },
  'ACTION response with HLS reply': (vector) => {
    const data = { type: 'octet-string', value: fromHex(String(vector.expected['data'])) }
    expect(parsed(vector)).toMatchObject({ kind: 'action-response-normal', result: 0, returned: { data } })
  },
  'data-notification without date-time': (vector) => {
    const apdu = parsed(vector)
    if (apdu.kind !== 'data-notification') throw new Error(apdu.kind)
    expect(apdu.dateTime).toBeUndefined()
    expect(apdu.body).toMatchObject({ type: 'octet-string', value: { length: vector.expected['bodyLength'] } })
  },
  'release request / response, normal': (vector) => {
    expect(parsed(vector)).toEqual({ kind: 'rlrq', reason: 0 })
    expect(roundTrip(fromHex(String(vector.expected['response'])))).toEqual({ kind: 'rlre', reason: 0 })
  },
  'exception-response: invocation-counter-error, carrying the counter the server expects': (vector) => {
    expect(parsed(vector)).toMatchObject(vector.expected)
  },
  'exception-response: deciphering-error': (vector) => {
    expect(parsed(vector)).toMatchObject(vector.expected)
  },
  'compact-array of structure{long-unsigned,unsigned}': (vector) => {
    const data = parseData(hex(vector, 'apdu'))
    expect(number(data)).toEqual(vector.expected['value'])
    expect(toHex(emitData(data))).toBe(vector.inputs['apdu'])
  },
  'compact-array of long-unsigned': (vector) => {
    const data = parseData(hex(vector, 'apdu'))
    expect(number(data)).toEqual(vector.expected['value'])
    expect(toHex(emitData(data))).toBe(vector.inputs['apdu'])
  },
  'HDLC SNRM without parameters': (vector) => {
    expect(hdlc(vector)).toMatchObject({ kind: 'snrm', ...between(16, 1, 17), information: nothing })
  },
  'HDLC UA with negotiated parameters': (vector) => {
    const frame = hdlc(vector)
    if (frame.kind !== 'ua') throw new Error(frame.kind)
    const expected = {
      transmitInformationBytes: 154,
      receiveInformationBytes: 154,
      transmitWindow: 1,
      receiveWindow: 1,
    }
    expect(parseHdlcParameters(frame.information)).toEqual(expected)
    expect(toHex(emitHdlcParameters(expected))).toBe(toHex(frame.information))
  },
  'HDLC UA, four-byte server address': (vector) => {
    const frame = hdlc(vector)
    if (frame.kind !== 'ua') throw new Error(frame.kind)
    expect(frame.source).toEqual({ lengthBytes: 4, upper: 1, lower: 17 })
    // Its lengths stand in two octets where one would do, so only the values come back.
    expect(parseHdlcParameters(frame.information)).toEqual(defaultHdlcParameters)
  },
  'HDLC I-frame carrying AARQ': (vector) => {
    const frame = hdlc(vector)
    if (frame.kind !== 'i') throw new Error(frame.kind)
    expect(frame).toMatchObject({ ...between(16, 1, 17), sendNumber: 0, receiveNumber: 0, isSegmented: false })
    expect(toHex(frame.information.slice(0, 3))).toBe(toHex(llcHeaders.command))
    expect(roundTrip(frame.information.slice(3))).toMatchObject({ kind: 'aarq' })
  },
  'HDLC I-frame carrying AARE': (vector) => {
    const frame = hdlc(vector)
    if (frame.kind !== 'i') throw new Error(frame.kind)
    expect(frame).toMatchObject({ destination: hdlcAddress(16), sendNumber: 0, receiveNumber: 1 })
    expect(toHex(frame.information.slice(0, 3))).toBe(toHex(llcHeaders.response))
    expect(roundTrip(frame.information.slice(3))).toMatchObject({ kind: 'aare', result: 0 })
  },
  'HDLC I-frame GET clock time': (vector) => {
    const frame = hdlc(vector)
    if (frame.kind !== 'i') throw new Error(frame.kind)
    expect(frame).toMatchObject({ destination: hdlcAddress(74), source: hdlcAddress(58) })
    expect(roundTrip(frame.information.slice(3))).toMatchObject({ kind: 'get-request-normal' })
  },
  'HDLC I-frame SET clock time': (vector) => {
    const frame = hdlc(vector)
    if (frame.kind !== 'i') throw new Error(frame.kind)
    expect(roundTrip(frame.information.slice(3))).toMatchObject({ kind: 'set-request-normal' })
  },
  'HDLC disconnected-mode / UA short': (vector) => {
    expect(hdlc(vector)).toMatchObject({ kind: 'ua', destination: hdlcAddress(16), source: hdlcAddress(1) })
  },
  'general-block-transfer, client acknowledging block 1': (vector) => {
    const { lastBlock, streaming, window, blockNumber, blockNumberAck } = vector.expected
    expect(parsed(vector)).toEqual({
      kind: 'general-block-transfer',
      lastBlock,
      streaming,
      window,
      blockNumber,
      blockNumberAck,
      blockData: nothing,
    })
  },
  'general-glo-ciphering, suite 1 (security control 31)': async (vector) => {
    expect(await opensTo(vector, undefined, 1)).toMatchObject({ kind: 'get-request-normal' })
  },
  'general-glo-ciphering, suite 2 (AES-256-GCM, security control 32)': async (vector) => {
    expect(await opensTo(vector, undefined, 2)).toMatchObject({ kind: 'get-request-normal' })
  },
  'general-ciphering (suite 1, agreed key): AAD includes the whole header': async (vector) => {
    const aad = hex(vector, 'aad')
    const [transactionId, originatorSystemTitle, recipientSystemTitle] = [
      fromHex('0000000000000002'),
      fromHex('4142434445464748'),
      fromHex('4354543030303030'),
    ]
    const header = {
      transactionId,
      originatorSystemTitle,
      recipientSystemTitle,
      dateTime: nothing,
      otherInformation: nothing,
    }
    expect(toHex(generalHeaderOctets(header))).toBe(toHex(aad.slice(17)))
    // The key was agreed on between parties whose private keys the vector does not tell; the rest is as on the wire.
    const module = new SoftwareSecurityModule({
      crypto: nodeCrypto,
      systemTitle: recipientSystemTitle,
      slots: () => ({
        suite: 1,
        blockCipherKey: hex(vector, 'agreedKey'),
        authenticationKey: aad.slice(1, 17),
        peerSystemTitle: originatorSystemTitle,
      }),
      counters: memoryCounterStore(),
    })
    const opened = await module.unprotect({
      slot: 0,
      securityControl: aad[0]!,
      invocationCounter: 2,
      body: concatBytes(hex(vector, 'ciphertext'), hex(vector, 'tag')),
      peerSystemTitle: originatorSystemTitle,
      header: generalHeaderOctets(header),
    })
    if (isRefusal(opened)) throw new Error(opened.refused)
    expect(toHex(opened.plaintext)).toBe(vector.expected['plaintext'])
  },
  'HLS mechanism 7 (ECDSA P-256, SHA-256): signature over ST-C || ST-S || StoC || CtoS, raw r||s': async (vector) => {
    const [clientTitle, StoC, CtoS] = [hex(vector, 'clientSystemTitle'), hex(vector, 'StoC'), hex(vector, 'CtoS')]
    // The server's end, whose challenge is the vector's.
    const module = new SoftwareSecurityModule({
      crypto: createNodeCrypto({ randomBytes: () => StoC }),
      systemTitle: hex(vector, 'serverSystemTitle'),
      slots: () => ({ suite: 1, signing: { peerPublicKey: hex(vector, 'publicKeyXY') }, peerSystemTitle: clientTitle }),
      counters: memoryCounterStore(),
    })
    const verdictOf = async (signature: Uint8Array) => {
      await module.hlsChallenge(0, StoC.length)
      return module.hlsVerify(0, signature, { mechanism: 'hls-ecdsa', otherChallenge: CtoS })
    }
    const signature = hex(vector, 'signature')
    expect(await verdictOf(signature.with(0, signature[0]! ^ 1))).toEqual({ refused: 'authentication-failed' })
    expect(await verdictOf(signature)).toEqual({ ok: vector.expected['valid'] })
  },
  'key_transfer wrapping, suite 0/1 (AES-128 key wrap)': (vector) => unwrapsTo(vector, 0),
  'key_transfer wrapping, suite 2 (AES-256 key wrap of a 256-bit key)': (vector) => unwrapsTo(vector, 2),
  'general-signing (tag DF): signature covers everything after the tag up to and including the content': async (
    vector,
  ) => {
    const apdu = parsed(vector)
    if (apdu.kind !== 'general-signing') throw new Error(apdu.kind)
    expect(toHex(signedOctets(apdu))).toBe(vector.inputs['signedPart'])
    const { signatures } = new SoftwareSecurityModule({
      crypto: nodeCrypto,
      systemTitle: someTitle,
      slots: () => ({
        suite: 1,
        signing: { peerPublicKey: hex(vector, 'publicKeyXY') },
        peerSystemTitle: apdu.originatorSystemTitle,
      }),
      counters: memoryCounterStore(),
    })
    const wrong = signedOctets({ ...apdu, otherInformation: nothing })
    expect(await signatures.verify(0, wrong, apdu.signature)).toEqual({ refused: 'authentication-failed' })
    expect(await signatures.verify(0, signedOctets(apdu), apdu.signature)).toEqual({ ok: true })
  },
  'concatenation KDF after ECDH P-256 (GBCS profile: algorithm id 60857406080300)': (vector) => {
    // The British profile has an arc of its own for the algorithm id; what follows is laid out as here.
    const otherInfo = otherInfoOf(fromHex('60857406080300'), {
      originatorSystemTitle: fromHex('90B3D51F30010000'),
      transactionId: fromHex('0100000000000003F1'),
      recipientSystemTitle: fromHex('00DB1234567890A0'),
    })
    expect(toHex(otherInfo)).toBe(vector.inputs['otherInfo'])
    const key = nodeCrypto.concatenationKdf('sha256', hex(vector, 'Z'), otherInfo, 16)
    expect(toHex(key)).toBe(vector.expected['key'])
  },
  'general-ciphering around general-signing, MAC only (DD ... DF ...)': (vector) => {
    const apdu = roundTrip(hex(vector, 'frame'))
    if (apdu.kind !== 'general-ciphering') throw new Error(apdu.kind)
    const signing = roundTrip(apdu.body.slice(0, -12))
    if (signing.kind !== 'general-signing') throw new Error(signing.kind)
    expect(apdu).toMatchObject({ securityControl: 0x11, invocationCounter: 0, transactionId: nothing })
    expect(apdu.keyInfo).toBeUndefined()
    // The British profile has no authentication key and an empty header; a module here demands both ends' titles, so
    // the layout is checked with the cipher alone.
    const settings = {
      keys: { cipher: nodeCrypto.openGcmKey(hex(vector, 'key')), authenticationKey: nothing },
      securityControl: apdu.securityControl,
      iv: ivOf(signing.originatorSystemTitle, apdu.invocationCounter),
      header: generalHeaderOctets(apdu),
    }
    expect(toHex(settings.iv)).toBe(vector.inputs['iv'])
    const sealed = sealMessage(settings, emitApdu(signing))
    expect(toHex(sealed.slice(-12))).toBe(vector.expected['mac'])
    expect(toHex(sealed)).toBe(toHex(apdu.body))
    expect(openMessage(nodeCrypto, settings, apdu.body.with(20, apdu.body[20]! ^ 1))).toBeUndefined()
  },
  'IP wrapper header': (vector) => {
    const wpdu = { sourceWPort: 16, destinationWPort: 1, apdu: hex(vector, 'apdu') }
    expect(toHex(emitWpdu(wpdu))).toBe(vector.expected['wpdu'])
    expect(equalBytes(parseWpdu(emitWpdu(wpdu)).apdu, wpdu.apdu)).toBe(true)
  },
}

describe('reference vectors', () => {
  test('every vector is checked, and each name exists', () => {
    expect(Object.keys(checks).toSorted()).toEqual(vectors.map(({ name }) => name).toSorted())
  })

  for (const vector of vectors) {
    test(vector.name, () => checks[vector.name]!(vector))
  }
})
