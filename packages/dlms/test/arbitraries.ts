import fc from 'fast-check'
import type {
  Aare,
  Aarq,
  Apdu,
  AttributeRef,
  CosemData,
  HdlcAddress,
  HdlcFrame,
  MethodRef,
  ReadResult,
  SelectiveAccess,
  TypeDescription,
  VariableAccess,
  WriteResult,
} from '../src/index.ts'
import { cipheredTags } from '../src/index.ts'

// Any value the types of this room allow, for round trips.

const octets = (maxLength = 40) => fc.uint8Array({ maxLength })
const octetsOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const u8 = fc.integer({ min: 0, max: 0xff })
const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const i8 = fc.integer({ min: -0x80, max: 0x7f })
const i16 = fc.integer({ min: -0x8000, max: 0x7fff })
const i32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff })
const latin1 = octets().map((codes) => String.fromCharCode(...codes))

const ranges = {
  'double-long': i32,
  'double-long-unsigned': u32,
  bcd: i8,
  integer: i8,
  long: i16,
  unsigned: u8,
  'long-unsigned': u16,
  enum: u8,
  float32: fc.float({ noNaN: true }),
  float64: fc.double({ noNaN: true }),
  'delta-integer': i8,
  'delta-long': i16,
  'delta-double-long': i32,
  'delta-unsigned': u8,
  'delta-long-unsigned': u16,
  'delta-double-long-unsigned': u32,
} as const

type SimpleType = Exclude<CosemData['type'], 'array' | 'structure' | 'compact-array'>

const numberTypes = Object.keys(ranges) as (keyof typeof ranges)[]

const simpleByType: Readonly<Record<SimpleType, fc.Arbitrary<CosemData>>> = {
  // Each number type is paired with its own range, which the mapped type cannot see.
  ...(Object.fromEntries(
    numberTypes.map((type) => [type, ranges[type].map((value): CosemData => ({ type, value }))]),
  ) as Record<keyof typeof ranges, fc.Arbitrary<CosemData>>),
  'null-data': fc.constant({ type: 'null-data' }),
  'dont-care': fc.constant({ type: 'dont-care' }),
  boolean: fc.boolean().map((value) => ({ type: 'boolean', value })),
  'bit-string': fc
    .integer({ min: 0, max: 200 })
    .chain((lengthBits) =>
      octetsOf(Math.ceil(lengthBits / 8)).map((value): CosemData => ({ type: 'bit-string', lengthBits, value })),
    ),
  'octet-string': octets(300).map((value) => ({ type: 'octet-string', value })),
  'visible-string': latin1.map((value) => ({ type: 'visible-string', value })),
  'utf8-string': fc.string({ unit: 'binary' }).map((value) => ({ type: 'utf8-string', value })),
  long64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ type: 'long64', value })),
  'long64-unsigned': fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => ({ type: 'long64-unsigned', value })),
  'date-time': octetsOf(12).map((value) => ({ type: 'date-time', value })),
  date: octetsOf(5).map((value) => ({ type: 'date', value })),
  time: octetsOf(4).map((value) => ({ type: 'time', value })),
}

const simpleTypes = Object.keys(simpleByType) as SimpleType[]
const simple = fc.oneof(...Object.values(simpleByType))

const { description } = fc.letrec<{ description: TypeDescription }>((tie) => ({
  description: fc.oneof(
    { depthSize: 'small' },
    fc
      .constantFrom(...simpleTypes.filter((type) => type !== 'null-data' && type !== 'dont-care'))
      .map((type) => ({ type })),
    fc
      .tuple(fc.integer({ min: 1, max: 4 }), tie('description'))
      .map(([length, element]): TypeDescription => ({ type: 'array', length, element })),
    fc
      .array(tie('description'), { minLength: 1, maxLength: 4 })
      .map((elements): TypeDescription => ({ type: 'structure', elements })),
  ),
}))

function described(type: TypeDescription): fc.Arbitrary<CosemData> {
  switch (type.type) {
    case 'array':
      return fc
        .array(described(type.element), { minLength: type.length, maxLength: type.length })
        .map((value) => ({ type: 'array', value }))
    case 'structure':
      return fc.tuple(...type.elements.map(described)).map((value) => ({ type: 'structure', value }))
    default:
      return simpleByType[type.type]
  }
}

const compactArray: fc.Arbitrary<CosemData> = description.chain((elementType) =>
  fc.array(described(elementType), { maxLength: 4 }).map((value) => ({ type: 'compact-array', elementType, value })),
)

export const { data: cosemData } = fc.letrec<{ data: CosemData }>((tie) => ({
  data: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    simple,
    fc.array(tie('data'), { maxLength: 6 }).map((value): CosemData => ({ type: 'array', value })),
    fc.array(tie('data'), { maxLength: 6 }).map((value): CosemData => ({ type: 'structure', value })),
    compactArray,
  ),
}))

const logicalName = octetsOf(6).map((groups) => groups.join('.'))
const attribute: fc.Arbitrary<AttributeRef> = fc.record({ classId: u16, logicalName, attributeIndex: i8 })
const method: fc.Arbitrary<MethodRef> = fc.record({ classId: u16, logicalName, methodIndex: i8 })
const selection: fc.Arbitrary<SelectiveAccess> = fc.record({ selector: u8, parameters: cosemData })
const item = fc.record({ attribute, selection }, { requiredKeys: ['attribute'] })
const items = fc.array(item, { maxLength: 4 })
const block = fc.record({ lastBlock: fc.boolean(), blockNumber: u32, rawData: octets(300) })
const result = fc.oneof(fc.record({ data: cosemData }), fc.record({ accessResult: u8 }))
const invokeIdAndPriority = u8
const kind = <T extends string>(name: T) => fc.constant(name)
const conformance = fc.integer({ min: 0, max: 0xff_ffff })
const oid = fc.uint8Array({ minLength: 1, maxLength: 10 })
const acseNumber = fc.integer({ min: 0, max: 0x7fff_ffff })

const acseFields = {
  protocolVersion: octets(3),
  apTitle: octets(8),
  aeQualifier: octets(),
  apInvocationId: acseNumber,
  aeInvocationId: acseNumber,
  acseRequirements: fc.boolean(),
  mechanismName: oid,
  authenticationValue: octets(64),
  implementationInformation: octets(),
  userInformation: octets(300),
}

export const aarq: fc.Arbitrary<Aarq> = fc.record(
  {
    kind: kind('aarq'),
    applicationContextName: oid,
    calledApTitle: octets(8),
    calledAeQualifier: octets(),
    calledApInvocationId: acseNumber,
    calledAeInvocationId: acseNumber,
    ...acseFields,
  },
  { requiredKeys: ['kind', 'applicationContextName'] },
)

export const aare: fc.Arbitrary<Aare> = fc.record(
  {
    kind: kind('aare'),
    applicationContextName: oid,
    result: u8,
    diagnostic: fc.record({
      source: fc.constantFrom('acse-service-user', 'acse-service-provider'),
      code: u8,
    }),
    ...acseFields,
  },
  { requiredKeys: ['kind', 'applicationContextName', 'result', 'diagnostic'] },
)

const headerFields = [
  'transactionId',
  'originatorSystemTitle',
  'recipientSystemTitle',
  'dateTime',
  'otherInformation',
] as const
const generalHeader = {
  transactionId: octets(9),
  originatorSystemTitle: octets(8),
  recipientSystemTitle: octets(8),
  dateTime: octets(12),
  otherInformation: octets(20),
}
const secured = { securityControl: u8, invocationCounter: u32, body: octets(300) }

const answer = fc.record({ result: u8, returned: result }, { requiredKeys: ['result'] })
const specification = fc.oneof(
  fc.record(
    { service: fc.constantFrom('get', 'set'), attribute, selection },
    { requiredKeys: ['service', 'attribute'] },
  ),
  fc.record({ service: kind('action'), method }),
)
const specifications = fc.array(specification, { maxLength: 4 })
const manyData = fc.array(cosemData, { maxLength: 4 })

/** Every kind of APDU this room speaks. */
const shortBlock = fc.record({ lastBlock: fc.boolean(), blockNumber: u16, rawData: octets() })
const variable: fc.Arbitrary<VariableAccess> = fc.oneof(
  fc.record({ kind: kind('variable-name'), name: u16 }),
  fc.record({ kind: kind('parameterized-access'), name: u16, selector: u8, parameter: cosemData }),
  fc.record({ kind: kind('block-number-access'), blockNumber: u16 }),
  fc.record({ kind: kind('read-data-block-access'), block: shortBlock }),
  fc.record({ kind: kind('write-data-block-access'), lastBlock: fc.boolean(), blockNumber: u16 }),
)
const readResult: fc.Arbitrary<ReadResult> = fc.oneof(
  fc.record({ data: cosemData }),
  fc.record({ accessResult: u8 }),
  fc.record({ block: shortBlock }),
  fc.record({ blockNumber: u16 }),
)
const writeResult: fc.Arbitrary<WriteResult> = fc.oneof(
  fc.constant({ ok: true as const }),
  fc.record({ accessResult: u8 }),
  fc.record({ blockNumber: u16 }),
)

export const apdu: fc.Arbitrary<Apdu> = fc.oneof(
  aarq,
  aare,
  fc.record(
    { kind: fc.constantFrom('rlrq', 'rlre'), reason: acseNumber, userInformation: octets() },
    { requiredKeys: ['kind'] },
  ),
  fc.record(
    {
      kind: kind('initiate-request'),
      dedicatedKey: octetsOf(16),
      responseAllowed: fc.boolean(),
      qualityOfService: i8,
      dlmsVersion: u8,
      conformance,
      maxPduBytes: u16,
    },
    { requiredKeys: ['kind', 'responseAllowed', 'dlmsVersion', 'conformance', 'maxPduBytes'] },
  ),
  fc.record(
    {
      kind: kind('initiate-response'),
      qualityOfService: i8,
      dlmsVersion: u8,
      conformance,
      maxPduBytes: u16,
      vaaName: u16,
    },
    { requiredKeys: ['kind', 'dlmsVersion', 'conformance', 'maxPduBytes', 'vaaName'] },
  ),
  fc.record({ kind: kind('read-request'), variables: fc.array(variable, { maxLength: 4 }) }),
  fc.record({ kind: kind('read-response'), results: fc.array(readResult, { maxLength: 4 }) }),
  fc.record({
    kind: fc.constantFrom('write-request', 'unconfirmed-write-request'),
    variables: fc.array(variable, { maxLength: 4 }),
    values: fc.array(cosemData, { maxLength: 4 }),
  }),
  fc.record({ kind: kind('write-response'), results: fc.array(writeResult, { maxLength: 4 }) }),
  fc.record(
    {
      kind: kind('information-report-request'),
      currentTime: latin1,
      variables: fc.array(variable, { maxLength: 4 }),
      values: fc.array(cosemData, { maxLength: 4 }),
    },
    { requiredKeys: ['kind', 'variables', 'values'] },
  ),
  fc.record({ kind: kind('confirmed-service-error'), service: u8, errorClass: u8, value: u8 }),
  fc.oneof(
    fc.record({ kind: kind('exception-response'), stateError: u8, serviceError: u8.filter((code) => code !== 6) }),
    fc.record({
      kind: kind('exception-response'),
      stateError: u8,
      serviceError: fc.constant(6),
      expectedCounter: u32,
    }),
  ),
  fc.record(
    {
      kind: kind('data-notification'),
      longInvokeIdAndPriority: u32,
      dateTime: octetsOf(12),
      body: cosemData,
    },
    { requiredKeys: ['kind', 'longInvokeIdAndPriority', 'body'] },
  ),
  fc.record(
    { kind: kind('event-notification-request'), time: octetsOf(12), attribute, value: cosemData },
    { requiredKeys: ['kind', 'attribute', 'value'] },
  ),
  fc.record(
    { kind: kind('get-request-normal'), invokeIdAndPriority, attribute, selection },
    { requiredKeys: ['kind', 'invokeIdAndPriority', 'attribute'] },
  ),
  fc.record({ kind: kind('get-request-next'), invokeIdAndPriority, blockNumber: u32 }),
  fc.record({ kind: kind('get-request-with-list'), invokeIdAndPriority, items }),
  fc.record({ kind: kind('get-response-normal'), invokeIdAndPriority, result }),
  fc.record({
    kind: kind('get-response-with-datablock'),
    invokeIdAndPriority,
    lastBlock: fc.boolean(),
    blockNumber: u32,
    result: fc.oneof(fc.record({ rawData: octets(300) }), fc.record({ accessResult: u8 })),
  }),
  fc.record({
    kind: kind('get-response-with-list'),
    invokeIdAndPriority,
    results: fc.array(result, { maxLength: 4 }),
  }),
  fc.record(
    { kind: kind('set-request-normal'), invokeIdAndPriority, attribute, selection, value: cosemData },
    { requiredKeys: ['kind', 'invokeIdAndPriority', 'attribute', 'value'] },
  ),
  fc.record(
    { kind: kind('set-request-with-first-datablock'), invokeIdAndPriority, attribute, selection, block },
    { requiredKeys: ['kind', 'invokeIdAndPriority', 'attribute', 'block'] },
  ),
  fc.record({ kind: kind('set-request-with-datablock'), invokeIdAndPriority, block }),
  fc.record({
    kind: kind('set-request-with-list'),
    invokeIdAndPriority,
    items,
    values: fc.array(cosemData, { maxLength: 4 }),
  }),
  fc.record({ kind: kind('set-request-with-list-and-first-datablock'), invokeIdAndPriority, items, block }),
  fc.record({ kind: kind('set-response-normal'), invokeIdAndPriority, result: u8 }),
  fc.record({ kind: kind('set-response-datablock'), invokeIdAndPriority, blockNumber: u32 }),
  fc.record({ kind: kind('set-response-last-datablock'), invokeIdAndPriority, result: u8, blockNumber: u32 }),
  fc.record({
    kind: kind('set-response-last-datablock-with-list'),
    invokeIdAndPriority,
    results: fc.array(u8, { maxLength: 4 }),
    blockNumber: u32,
  }),
  fc.record({
    kind: kind('set-response-with-list'),
    invokeIdAndPriority,
    results: fc.array(u8, { maxLength: 4 }),
  }),
  fc.record(
    { kind: kind('action-request-normal'), invokeIdAndPriority, method, parameter: cosemData },
    { requiredKeys: ['kind', 'invokeIdAndPriority', 'method'] },
  ),
  fc.record(
    { kind: kind('action-response-normal'), invokeIdAndPriority, result: u8, returned: result },
    { requiredKeys: ['kind', 'invokeIdAndPriority', 'result'] },
  ),
  fc.record({ kind: kind('action-request-next-pblock'), invokeIdAndPriority, blockNumber: u32 }),
  fc.record({
    kind: kind('action-request-with-list'),
    invokeIdAndPriority,
    methods: fc.array(method, { maxLength: 4 }),
    parameters: manyData,
  }),
  fc.record({ kind: kind('action-request-with-first-pblock'), invokeIdAndPriority, method, block }),
  fc.record({
    kind: kind('action-request-with-list-and-first-pblock'),
    invokeIdAndPriority,
    methods: fc.array(method, { maxLength: 4 }),
    block,
  }),
  fc.record({ kind: fc.constantFrom('action-request-with-pblock'), invokeIdAndPriority, block }),
  fc.record({ kind: fc.constantFrom('action-response-with-pblock'), invokeIdAndPriority, block }),
  fc.record({
    kind: kind('action-response-with-list'),
    invokeIdAndPriority,
    results: fc.array(answer, { maxLength: 4 }),
  }),
  fc.record({ kind: kind('action-response-next-pblock'), invokeIdAndPriority, blockNumber: u32 }),
  fc.record(
    {
      kind: kind('access-request'),
      longInvokeIdAndPriority: u32,
      dateTime: octetsOf(12),
      specifications,
      data: manyData,
    },
    { requiredKeys: ['kind', 'longInvokeIdAndPriority', 'specifications', 'data'] },
  ),
  fc.record(
    {
      kind: kind('access-response'),
      longInvokeIdAndPriority: u32,
      dateTime: octetsOf(12),
      specifications,
      data: manyData,
      results: fc.array(fc.record({ service: fc.constantFrom('get', 'set', 'action'), result: u8 }), { maxLength: 4 }),
    },
    { requiredKeys: ['kind', 'longInvokeIdAndPriority', 'data', 'results'] },
  ),
  fc.record({
    kind: kind('general-block-transfer'),
    lastBlock: fc.boolean(),
    streaming: fc.boolean(),
    window: fc.integer({ min: 0, max: 63 }),
    blockNumber: u16,
    blockNumberAck: u16,
    blockData: octets(300),
  }),
  fc.record({
    kind: kind('glo-ciphered'),
    tag: fc.constantFrom(...Object.values(cipheredTags).map(([, glo]) => glo)),
    ...secured,
  }),
  fc.record({
    kind: kind('ded-ciphered'),
    tag: fc.constantFrom(...Object.values(cipheredTags).map(([, , ded]) => ded)),
    ...secured,
  }),
  fc.record({ kind: kind('general-glo-ciphering'), systemTitle: octets(8), ...secured }),
  fc.record({ kind: kind('general-ded-ciphering'), systemTitle: octets(8), ...secured }),
  fc.record(
    {
      kind: kind('general-ciphering'),
      ...generalHeader,
      keyInfo: fc.oneof(
        fc.record({ kind: kind('identified-key'), keyId: u8 }),
        fc.record({ kind: kind('wrapped-key'), kekId: u8, keyCipheredData: octets(40) }),
        fc.record({ kind: kind('agreed-key'), keyParameters: octets(2), keyCipheredData: octets(200) }),
      ),
      ...secured,
    },
    { requiredKeys: ['kind', ...headerFields, 'securityControl', 'invocationCounter', 'body'] },
  ),
  fc.record({ kind: kind('general-signing'), ...generalHeader, content: octets(300), signature: octets(96) }),
)

const sequenceNumber = fc.integer({ min: 0, max: 7 })
const part7 = fc.integer({ min: 0, max: 0x7f })
const part14 = fc.integer({ min: 0, max: 0x3fff })
const hdlcAddress: fc.Arbitrary<HdlcAddress> = fc.oneof(
  fc.record({ lengthBytes: fc.constant(1 as const), upper: part7 }),
  fc.record({ lengthBytes: fc.constant(2 as const), upper: part7, lower: part7 }),
  fc.record({ lengthBytes: fc.constant(4 as const), upper: part14, lower: part14 }),
)
const hdlcCommon = { destination: hdlcAddress, source: hdlcAddress, pollFinal: fc.boolean() }
const filled = fc.uint8Array({ minLength: 1, maxLength: 300 })

/** Every kind of HDLC frame. */
export const hdlcFrame: fc.Arbitrary<HdlcFrame> = fc.oneof(
  fc.record({
    kind: kind('i'),
    ...hdlcCommon,
    sendNumber: sequenceNumber,
    receiveNumber: sequenceNumber,
    isSegmented: fc.boolean(),
    information: filled,
  }),
  fc.record({ kind: fc.constantFrom('rr', 'rnr'), ...hdlcCommon, receiveNumber: sequenceNumber }),
  fc.record({
    kind: fc.constantFrom('snrm', 'disc', 'ua', 'dm', 'frmr'),
    ...hdlcCommon,
    information: octets(300),
  }),
  fc.record({ kind: kind('ui'), ...hdlcCommon, isSegmented: fc.boolean(), information: octets(300) }),
)
