import { cipheredTags } from '../apdu/apdu-tags.ts'
import { serviceErrors, stateErrors } from '../apdu/exception-response.ts'
import { actionResults, dataAccessResults } from '../apdu/results.ts'
import {
  type Asn1Type,
  type Asn1TypeRef,
  bits,
  boolean,
  choice,
  conformance,
  enumerated,
  fixedOctets,
  integer8,
  integer16,
  integer32,
  integer64,
  nullType,
  octets,
  sequence,
  sequenceOf,
  text,
  unsigned8,
  unsigned16,
  unsigned32,
  unsigned64,
} from './asn1-type.ts'

/*
 * The module COSEMpdu, names and tags as the standard has them: elements of the DLMS User Association's XML are called
 * after them. The ACSE part is BER and stands in `acse-xml.ts`.
 * @source Green Book ed. 9 §9.5 and §9.6 (COSEMpdu, XML schema http://www.dlms.com/COSEMpdu)
 */

// Types that are in themselves come as functions, and so does what stands below.
export const data = (): Asn1Type => dataChoice
const typeDescription = (): Asn1Type => typeDescriptionChoice

const plainTypes = {
  boolean: [3, boolean],
  'bit-string': [4, bits],
  'double-long': [5, integer32],
  'double-long-unsigned': [6, unsigned32],
  'octet-string': [9, octets],
  'visible-string': [10, text],
  'utf8-string': [12, text],
  bcd: [13, integer8],
  integer: [15, integer8],
  long: [16, integer16],
  unsigned: [17, unsigned8],
  'long-unsigned': [18, unsigned16],
  long64: [20, integer64],
  'long64-unsigned': [21, unsigned64],
  enum: [22, unsigned8],
  float32: [23, fixedOctets(4)],
  float64: [24, fixedOctets(8)],
  'date-time': [25, fixedOctets(12)],
  date: [26, fixedOctets(5)],
  time: [27, fixedOctets(4)],
  'delta-integer': [28, integer8],
  'delta-long': [29, integer16],
  'delta-double-long': [30, integer32],
  'delta-unsigned': [31, unsigned8],
  'delta-long-unsigned': [32, unsigned16],
  'delta-double-long-unsigned': [33, unsigned32],
  'dont-care': [255, nullType],
} satisfies Record<string, readonly [number, Asn1TypeRef]>

const dataChoice = choice({
  'null-data': [0, nullType],
  array: [1, sequenceOf(data)],
  structure: [2, sequenceOf(data)],
  'compact-array': [19, sequence({ 'contents-description': typeDescription, 'array-contents': octets })],
  ...plainTypes,
})

const typeDescriptionChoice = choice({
  'null-data': [0, nullType],
  array: [1, sequence({ 'number-of-elements': unsigned16, 'type-description': typeDescription })],
  structure: [2, sequenceOf(typeDescription)],
  ...Object.fromEntries(Object.entries(plainTypes).map(([name, [tag]]) => [name, [tag, nullType] as const])),
})

const dataAccessResult = enumerated(dataAccessResults)
const actionResult = enumerated(actionResults)

// Short names
const variableAccessSpecification = choice({
  'variable-name': [2, integer16],
  'parameterized-access': [4, sequence({ 'variable-name': integer16, selector: unsigned8, parameter: data })],
  'block-number-access': [5, sequence({ 'block-number': unsigned16 })],
  'read-data-block-access': [6, sequence({ 'last-block': boolean, 'block-number': unsigned16, 'raw-data': octets })],
  'write-data-block-access': [7, sequence({ 'last-block': boolean, 'block-number': unsigned16 })],
})
const variables = sequenceOf(variableAccessSpecification, 'Variable-Access-Specification')
const listOfData = sequenceOf(data, 'Data')
const writeRequest = sequence({ 'variable-access-specification': variables, 'list-of-data': listOfData })
const readResponse = sequenceOf(
  choice({
    data: [0, data],
    'data-access-error': [1, dataAccessResult],
    'data-block-result': [2, sequence({ 'last-block': boolean, 'block-number': unsigned16, 'raw-data': octets })],
    'block-number': [3, unsigned16],
  }),
  'CHOICE',
)
const writeResponse = sequenceOf(
  choice({ success: [0, nullType], 'data-access-error': [1, dataAccessResult], 'block-number': [2, unsigned16] }),
  'CHOICE',
)

// Association and errors
const initiateRequest = sequence({
  'dedicated-key?': octets,
  'response-allowed=true': boolean,
  'proposed-quality-of-service?': integer8,
  'proposed-dlms-version-number': unsigned8,
  'proposed-conformance': conformance,
  'client-max-receive-pdu-size': unsigned16,
})
const initiateResponse = sequence({
  'negotiated-quality-of-service?': integer8,
  'negotiated-dlms-version-number': unsigned8,
  'negotiated-conformance': conformance,
  'server-max-receive-pdu-size': unsigned16,
  'vaa-name': integer16,
})
const named = (...names: readonly string[]): Asn1Type =>
  enumerated(Object.fromEntries(names.map((name, value) => [name, value])))
const serviceError = choice({
  'application-reference': [
    0,
    named(
      'other',
      'time-elapsed',
      'application-unreachable',
      'application-reference-invalid',
      'application-context-unsupported',
      'provider-communication-error',
      'deciphering-error',
    ),
  ],
  'hardware-resource': [
    1,
    named(
      'other',
      'memory-unavailable',
      'processor-resource-unavailable',
      'mass-storage-unavailable',
      'other-resource-unavailable',
    ),
  ],
  'vde-state-error': [2, named('other', 'no-dlms-context', 'loading-data-set', 'status-nochange', 'status-inoperable')],
  service: [3, named('other', 'pdu-size', 'service-unsupported')],
  definition: [4, named('other', 'object-undefined', 'object-class-inconsistent', 'object-attribute-inconsistent')],
  access: [
    5,
    named('other', 'scope-of-access-violated', 'object-access-violated', 'hardware-fault', 'object-unavailable'),
  ],
  initiate: [
    6,
    named(
      'other',
      'dlms-version-too-low',
      'incompatible-conformance',
      'pdu-size-too-short',
      'refused-by-the-VDE-Handler',
    ),
  ],
  'load-data-set': [
    7,
    named(
      'other',
      'primitive-out-of-sequence',
      'not-loadable',
      'dataset-size-too-large',
      'not-awaited-segment',
      'interpretation-failure',
      'storage-failure',
      'data-set-not-ready',
    ),
  ],
  task: [9, named('other', 'no-remote-control', 'ti-stopped', 'ti-running', 'ti-unusable')],
  other: [10, named('other')],
})
const confirmedServices =
  'initiateError getStatus getNameList getVariableAttribute read write getDataSetAttribute getTIAttribute changeScope start stop resume makeUsable initiateLoad loadSegment terminateLoad initiateUpLoad upLoadSegment terminateUpLoad'.split(
    ' ',
  )
const confirmedServiceError = choice(
  Object.fromEntries(confirmedServices.map((name, index) => [name, [index + 1, serviceError] as const])),
)
const exceptionResponse = sequence({
  'state-error': enumerated(stateErrors),
  'service-error': choice(
    Object.fromEntries(
      Object.entries(serviceErrors).map(([name, tag]) => [
        name,
        [tag, name === 'invocation-counter-error' ? unsigned32 : nullType] as const,
      ]),
    ),
  ),
})

// Logical names
const attribute = sequence({ 'class-id': unsigned16, 'instance-id': fixedOctets(6), 'attribute-id': integer8 })
const method = sequence({ 'class-id': unsigned16, 'instance-id': fixedOctets(6), 'method-id': integer8 })
const accessSelection = sequence({ 'access-selector': unsigned8, 'access-parameters': data })
const attributes = sequenceOf(
  sequence({ 'cosem-attribute-descriptor': attribute, 'access-selection?': accessSelection }),
  'Cosem-Attribute-Descriptor-With-Selection',
)
const methods = sequenceOf(method, 'Cosem-Method-Descriptor')
const getDataResult = choice({ data: [0, data], 'data-access-result': [1, dataAccessResult] })
const block = sequence({ 'last-block': boolean, 'block-number': unsigned32, 'raw-data': octets })
const invokeId = { 'invoke-id-and-priority': unsigned8 }
const blockNumber = sequence({ ...invokeId, 'block-number': unsigned32 })

const getRequest = choice({
  'get-request-normal': [
    1,
    sequence({ ...invokeId, 'cosem-attribute-descriptor': attribute, 'access-selection?': accessSelection }),
  ],
  'get-request-next': [2, blockNumber],
  'get-request-with-list': [3, sequence({ ...invokeId, 'attribute-descriptor-list': attributes })],
})
const getResponse = choice({
  'get-response-normal': [1, sequence({ ...invokeId, result: getDataResult })],
  'get-response-with-datablock': [
    2,
    sequence({
      ...invokeId,
      result: sequence({
        'last-block': boolean,
        'block-number': unsigned32,
        result: choice({ 'raw-data': [0, octets], 'data-access-result': [1, dataAccessResult] }),
      }),
    }),
  ],
  'get-response-with-list': [3, sequence({ ...invokeId, result: sequenceOf(getDataResult, 'Get-Data-Result') })],
})
const setRequest = choice({
  'set-request-normal': [
    1,
    sequence({
      ...invokeId,
      'cosem-attribute-descriptor': attribute,
      'access-selection?': accessSelection,
      value: data,
    }),
  ],
  'set-request-with-first-datablock': [
    2,
    sequence({
      ...invokeId,
      'cosem-attribute-descriptor': attribute,
      'access-selection?': accessSelection,
      datablock: block,
    }),
  ],
  'set-request-with-datablock': [3, sequence({ ...invokeId, datablock: block })],
  'set-request-with-list': [
    4,
    sequence({ ...invokeId, 'attribute-descriptor-list': attributes, 'value-list': listOfData }),
  ],
  'set-request-with-list-and-first-datablock': [
    5,
    sequence({ ...invokeId, 'attribute-descriptor-list': attributes, datablock: block }),
  ],
})
const accessResults = sequenceOf(dataAccessResult, 'Data-Access-Result')
const setResponse = choice({
  'set-response-normal': [1, sequence({ ...invokeId, result: dataAccessResult })],
  'set-response-datablock': [2, blockNumber],
  'set-response-last-datablock': [3, sequence({ ...invokeId, result: dataAccessResult, 'block-number': unsigned32 })],
  'set-response-last-datablock-with-list': [
    4,
    sequence({ ...invokeId, result: accessResults, 'block-number': unsigned32 }),
  ],
  'set-response-with-list': [5, sequence({ ...invokeId, result: accessResults })],
})
const actionRequest = choice({
  'action-request-normal': [
    1,
    sequence({ ...invokeId, 'cosem-method-descriptor': method, 'method-invocation-parameters?': data }),
  ],
  'action-request-next-pblock': [2, blockNumber],
  'action-request-with-list': [
    3,
    sequence({
      ...invokeId,
      'cosem-method-descriptor-list': methods,
      'method-invocation-parameters': listOfData,
    }),
  ],
  'action-request-with-first-pblock': [4, sequence({ ...invokeId, 'cosem-method-descriptor': method, pblock: block })],
  'action-request-with-list-and-first-pblock': [
    5,
    sequence({ ...invokeId, 'cosem-method-descriptor-list': methods, pblock: block }),
  ],
  'action-request-with-pblock': [6, sequence({ ...invokeId, pblock: block })],
})
const actionResponseWithOptionalData = sequence({ result: actionResult, 'return-parameters?': getDataResult })
const actionResponse = choice({
  'action-response-normal': [1, sequence({ ...invokeId, 'single-response': actionResponseWithOptionalData })],
  'action-response-with-pblock': [2, sequence({ ...invokeId, pblock: block })],
  'action-response-with-list': [
    3,
    sequence({
      ...invokeId,
      'list-of-responses': sequenceOf(actionResponseWithOptionalData, 'Action-Response-With-Optional-Data'),
    }),
  ],
  'action-response-next-pblock': [4, blockNumber],
})

const longInvokeId = { 'long-invoke-id-and-priority': unsigned32, 'date-time': octets }
const onAttribute = sequence({ 'cosem-attribute-descriptor': attribute })
const onPart = sequence({ 'cosem-attribute-descriptor': attribute, 'access-selection': accessSelection })
const accessRequestSpecification = sequenceOf(
  choice({
    'access-request-get': [1, onAttribute],
    'access-request-set': [2, onAttribute],
    'access-request-action': [3, sequence({ 'cosem-method-descriptor': method })],
    'access-request-get-with-selection': [4, onPart],
    'access-request-set-with-selection': [5, onPart],
  }),
  'Access-Request-Specification',
)
const accessRequest = sequence({
  ...longInvokeId,
  'access-request-body': sequence({
    'access-request-specification': accessRequestSpecification,
    'access-request-list-of-data': listOfData,
  }),
})
const accessResponse = sequence({
  ...longInvokeId,
  'access-response-body': sequence({
    'access-request-specification?': accessRequestSpecification,
    'access-response-list-of-data': listOfData,
    'access-response-specification': sequenceOf(
      choice({
        'access-response-get': [1, sequence({ result: dataAccessResult })],
        'access-response-set': [2, sequence({ result: dataAccessResult })],
        'access-response-action': [3, sequence({ result: actionResult })],
      }),
      'Access-Response-Specification',
    ),
  }),
})

// General forms
const generalGlo = sequence({ 'system-title': octets, 'ciphered-content': octets })
const generalHeader = {
  'transaction-id': octets,
  'originator-system-title': octets,
  'recipient-system-title': octets,
  'date-time': octets,
  'other-information': octets,
}
const keyInfo = choice({
  'identified-key': [
    0,
    sequence({
      'key-id': named('global-unicast-encryption-key', 'global-broadcast-encryption-key'),
    }),
  ],
  'wrapped-key': [1, sequence({ 'kek-id': named('master-key'), 'key-ciphered-data': octets })],
  'agreed-key': [2, sequence({ 'key-parameters': octets, 'key-ciphered-data': octets })],
})

/** The service-specific ciphered forms, under the global and the dedicated key. */
const ciphered = Object.fromEntries(
  Object.entries(cipheredTags).flatMap(([name, [plain, glo, ded]]) => {
    // What came from DLMS, before COSEM, is written in one word.
    const spelled = plain < 0xc0 ? name.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase()) : name
    return [
      [`glo-${spelled}`, [glo, octets]],
      [`ded-${spelled}`, [ded, octets]],
    ] as const
  }),
)

export const xdlmsApdu = choice({
  initiateRequest: [1, initiateRequest],
  readRequest: [5, variables],
  writeRequest: [6, writeRequest],
  initiateResponse: [8, initiateResponse],
  readResponse: [12, readResponse],
  writeResponse: [13, writeResponse],
  confirmedServiceError: [14, confirmedServiceError],
  'data-notification': [15, sequence({ ...longInvokeId, 'notification-body': sequence({ 'data-value': data }) })],
  'data-notification-confirm': [16, sequence(longInvokeId)],
  unconfirmedWriteRequest: [22, writeRequest],
  informationReportRequest: [
    24,
    sequence({ 'current-time?': text, 'variable-access-specification': variables, 'list-of-data': listOfData }),
  ],
  ...ciphered,
  'get-request': [192, getRequest],
  'set-request': [193, setRequest],
  'event-notification-request': [
    194,
    sequence({ 'time?': octets, 'cosem-attribute-descriptor': attribute, 'attribute-value': data }),
  ],
  'action-request': [195, actionRequest],
  'get-response': [196, getResponse],
  'set-response': [197, setResponse],
  'action-response': [199, actionResponse],
  'exception-response': [216, exceptionResponse],
  'access-request': [217, accessRequest],
  'access-response': [218, accessResponse],
  'general-glo-ciphering': [219, generalGlo],
  'general-ded-ciphering': [220, generalGlo],
  'general-ciphering': [221, sequence({ ...generalHeader, 'key-info?': keyInfo, 'ciphered-content': octets })],
  'general-signing': [223, sequence({ ...generalHeader, content: octets, signature: octets })],
  'general-block-transfer': [
    224,
    sequence({
      'block-control': unsigned8,
      'block-number': unsigned16,
      'block-number-ack': unsigned16,
      'block-data': octets,
    }),
  ],
})
