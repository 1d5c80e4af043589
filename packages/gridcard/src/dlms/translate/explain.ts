import { equalBytes, GridcardError, toHex } from '@gridcard/bytes'
import {
  type Aare,
  type Aarq,
  type Apdu,
  actionResultName,
  apduNameOf,
  apduView,
  applicationContexts,
  associateDiagnostics,
  associationResults,
  type CosemData,
  conformanceNames,
  dataAccessResultName,
  type GeneralHeader,
  hdlcFlag,
  type KeyInfo,
  mechanisms,
  type ProtectedApdu,
  parseApdu,
  parseData,
  parseWpdu,
  type SelectiveAccess,
  serviceErrors,
  stateErrors,
} from '@gridcard/dlms'
import type { AssociationKeys } from '../keys/association-keys.ts'
import { attributeText, methodText } from '../reference.ts'
import { dateTimeText, valueLines, wrapped } from '../value-text.ts'
import { explainHdlc } from './explain-hdlc.ts'
import { type Layer, unread } from './layer.ts'
import { openProtected } from './open-ciphered.ts'
import { isSecretAttribute, isSecretMethod } from './secrets.ts'

type Field = Layer['fields'][number]

const WRAPPER_BYTES = 8
/** An APDU inside an APDU inside an APDU: more than any honest one, and an end for the others. */
const MAX_DEPTH = 4
/** Of a block of a value; the rest is one more line of hex. */
const BLOCK_SHOWN_BYTES = 64

/**
 * Any octets, layer by layer: frames of the wrapper or of HDLC, one after another, or an APDU. Never throws: what cannot be read is
 * told in the layer where it stands, with what could be read before.
 */
export async function explain(bytes: Uint8Array, keys?: AssociationKeys): Promise<Layer[]> {
  if (bytes.length === 0) return [unread('nothing', bytes, 'no octets')]
  if (bytes[0] === 0x00 && bytes[1] === 0x01) return explainWrapped(bytes, keys)
  if (bytes[0] === hdlcFlag) return explainHdlc(bytes, (apdu) => explainApdu(apdu, keys))
  return [await explainApdu(bytes, keys)]
}

async function explainWrapped(bytes: Uint8Array, keys?: AssociationKeys): Promise<Layer[]> {
  const layers: Layer[] = []
  for (let at = 0; at < bytes.length; ) {
    const rest = bytes.subarray(at)
    const lengthBytes = WRAPPER_BYTES + (rest.length < WRAPPER_BYTES ? 0 : rest[6]! * 256 + rest[7]!)
    try {
      const { sourceWPort, destinationWPort, apdu } = parseWpdu(rest.subarray(0, lengthBytes))
      layers.push({
        name: 'wrapper',
        lengthBytes,
        fields: [
          ['from', portText(sourceWPort)],
          ['to', portText(destinationWPort)],
        ],
        inside: [await explainApdu(apdu, keys)],
      })
      at += lengthBytes
    } catch (error) {
      if (!(error instanceof GridcardError)) throw error
      layers.push(await brokenWrapper(rest, lengthBytes, keys))
      break
    }
  }
  return layers
}

async function brokenWrapper(rest: Uint8Array, lengthBytes: number, keys?: AssociationKeys): Promise<Layer> {
  if (rest[0] !== 0 || rest[1] !== 1) return unread('rest', rest, 'no further frame of the wrapper')
  if (rest.length < WRAPPER_BYTES) return unread('wrapper', rest, 'cut off in its header of 8 bytes')
  const problem = `the header tells of ${lengthBytes - WRAPPER_BYTES} bytes, ${rest.length - WRAPPER_BYTES} are there`
  const apdu = rest.subarray(WRAPPER_BYTES)
  const inside = apdu.length === 0 ? [] : [await explainApdu(apdu, keys)]
  return { name: 'wrapper', lengthBytes: rest.length, fields: [], problem, inside }
}

const portText = (port: number): string => {
  const meaning = { 1: ', management', 16: ', public client' }[port]
  return `${port}${meaning ?? ''}`
}

/** One APDU, and the ones inside. */
export async function explainApdu(bytes: Uint8Array, keys?: AssociationKeys, depth = 0): Promise<Layer> {
  const tag = bytes[0]
  if (tag === undefined) return unread('APDU', bytes, 'no octets')
  const name = nameOf(tag)
  if (depth > MAX_DEPTH) return unread(name, bytes, 'too many APDUs inside each other')
  let apdu: Apdu
  try {
    apdu = parseApdu(bytes)
  } catch (error) {
    if (!(error instanceof GridcardError)) throw error
    return notAnApdu(name, bytes, error)
  }
  const fields = fieldsOf(apdu, bytes)
  const inside: Layer[] = []
  let problem: string | undefined
  if ('userInformation' in apdu && apdu.userInformation !== undefined) {
    inside.push(await explainApdu(apdu.userInformation, keys, depth + 1))
  }
  if (isProtectedApdu(apdu)) {
    const signed = apdu.kind === 'general-signing' ? apdu.content : undefined
    const isSigning = signed !== undefined
    const opened = keys === undefined ? undefined : await openProtected(apdu, keys)
    if (opened === undefined) {
      fields.push(['content', isSigning ? 'signed; --key-file checks it' : 'ciphered; --key-file opens it'])
    } else if ('problem' in opened) problem = opened.problem
    else fields.push([isSigning ? 'checked' : 'opened', openedText(apdu, opened.sender)])
    const content = opened !== undefined && 'content' in opened ? opened.content : signed
    if (content !== undefined) inside.push(await explainApdu(content, keys, depth + 1))
  }
  return { name, lengthBytes: bytes.length, fields, problem, inside }
}

const isProtectedApdu = (apdu: Apdu): apdu is ProtectedApdu =>
  'securityControl' in apdu || apdu.kind === 'general-signing'

function openedText(apdu: ProtectedApdu, sender: 'client' | 'server'): string {
  if (apdu.kind === 'general-signing') return `signature right, signed by the ${sender}`
  const isProved = (apdu.securityControl & 0x10) !== 0
  return isProved ? `tag right, sent by the ${sender}` : 'encrypted only: nothing proves who sent it, or what'
}

const nameOf = (tag: number): string => apduNameOf(tag) ?? `tag ${toHex(Uint8Array.of(tag))}`

/** Octets that are no APDU may still be a bare value; else as much as their tag says. */
function notAnApdu(name: string, bytes: Uint8Array, error: GridcardError): Layer {
  try {
    const data = parseData(bytes)
    if (apduNameOf(bytes[0]!) === undefined || bytes.length > 2) {
      return { name: 'a bare value', lengthBytes: bytes.length, fields: [['value', ...valueLines(data)]], inside: [] }
    }
  } catch (dataError) {
    if (!(dataError instanceof GridcardError)) throw dataError
  }
  const offset = error.place['offsetBytes']
  const known = apduNameOf(bytes[0]!)
  const where = typeof offset === 'number' ? ` at byte ${offset}` : ''
  if (known === undefined) return unread('unknown', bytes, 'neither a frame, nor an APDU, nor a value')
  const why =
    error.message === 'no service spoken here' ? 'this service is not read here yet' : `${error.message}${where}`
  return unread(name, bytes, why)
}

function fieldsOf(apdu: Apdu, bytes: Uint8Array): Field[] {
  switch (apdu.kind) {
    case 'aarq':
      return aarqFields(apdu)
    case 'aare':
      return aareFields(apdu)
    case 'rlrq':
    case 'rlre':
      return [['reason', releaseText(apdu.reason)]]
    case 'glo-ciphered':
    case 'ded-ciphered':
      return securedFields(apdu.securityControl, apdu.invocationCounter, apdu.body)
    case 'general-glo-ciphering':
    case 'general-ded-ciphering':
      return [
        ['system title', titleText(apdu.systemTitle)],
        ...securedFields(apdu.securityControl, apdu.invocationCounter, apdu.body),
      ]
    case 'general-ciphering':
      return [
        ...partyFields(apdu),
        ['key', keyInfoText(apdu.keyInfo)],
        ...securedFields(apdu.securityControl, apdu.invocationCounter, apdu.body),
      ]
    case 'general-signing':
      return [...partyFields(apdu), ['signature', `${apdu.signature.length} bytes`]]
    case 'initiate-request':
      return [
        ['DLMS version', String(apdu.dlmsVersion)],
        ...conformanceFields('proposed', apdu.conformance),
        ['longest APDU', sizeText(apdu.maxPduBytes)],
        ...(apdu.dedicatedKey === undefined
          ? []
          : [['dedicated key', `${apdu.dedicatedKey.length} bytes, not shown`] as const]),
      ]
    case 'initiate-response':
      return [
        ['DLMS version', String(apdu.dlmsVersion)],
        ...conformanceFields('agreed', apdu.conformance),
        ['longest APDU', sizeText(apdu.maxPduBytes)],
        ['referencing', apdu.vaaName === 7 ? 'logical names' : `VAA name ${toHex16(apdu.vaaName)}`],
      ]
    case 'confirmed-service-error':
      return [['error', `service ${apdu.service}, class ${apdu.errorClass}, value ${apdu.value}`]]
    case 'exception-response':
      return [
        ['state', named(stateErrors, apdu.stateError)],
        ['service', named(serviceErrors, apdu.serviceError)],
        ...(apdu.expectedCounter === undefined ? [] : [['expected counter', String(apdu.expectedCounter)] as const]),
      ]
    case 'data-notification':
      return [
        ['invoke id', String(apdu.longInvokeIdAndPriority & 0xffffff)],
        ...(apdu.dateTime === undefined ? [] : [['time', dateTimeText(apdu.dateTime)] as const]),
        ['value', ...valueLines(apdu.body)],
      ]
    default:
      if (!('invokeIdAndPriority' in apdu)) return summaryFields(bytes)
      return [['invoke id', invokeText(apdu.invokeIdAndPriority)], ...serviceFields(apdu, bytes)]
  }
}

type ServiceApdu = Extract<Apdu, { invokeIdAndPriority: number }>

function serviceFields(apdu: ServiceApdu, bytes: Uint8Array): Field[] {
  const kind = apdu.kind.replace(/^(get|set|action)-(request|response)-/, '').replaceAll('-', ' ')
  const form: Field = ['form', kind]
  switch (apdu.kind) {
    case 'get-request-normal':
      return [['attribute', attributeText(apdu.attribute)], ...selectionFields(apdu.selection)]
    case 'get-request-next':
      return [['next after block', String(apdu.blockNumber)]]
    case 'get-request-with-list':
      return apdu.items.flatMap(({ attribute, selection }) => [
        ['attribute', attributeText(attribute)] as const,
        ...selectionFields(selection),
      ])
    case 'get-response-normal':
      return [resultField(apdu.result)]
    case 'get-response-with-list':
      return [form, ...apdu.results.map(resultField)]
    case 'get-response-with-datablock':
      return 'accessResult' in apdu.result
        ? [form, ['result', accessText(apdu.result.accessResult)]]
        : [form, ...blockFields({ ...apdu, rawData: apdu.result.rawData }, false)]
    case 'set-request-normal':
      return [
        ['attribute', attributeText(apdu.attribute)],
        ...selectionFields(apdu.selection),
        valueField('value', apdu.value, isSecretAttribute(apdu.attribute)),
      ]
    case 'set-request-with-list':
      return [
        form,
        ...apdu.items.flatMap(({ attribute }, i): Field[] => {
          const value = apdu.values[i]
          const field = value && valueField('value', value, isSecretAttribute(attribute))
          return [['attribute', attributeText(attribute)], ...(field ? [field] : [])]
        }),
      ]
    case 'set-request-with-first-datablock':
      return [
        form,
        ['attribute', attributeText(apdu.attribute)],
        ...blockFields(apdu.block, isSecretAttribute(apdu.attribute)),
      ]
    case 'set-request-with-list-and-first-datablock':
      return [
        form,
        ...apdu.items.map(({ attribute }) => ['attribute', attributeText(attribute)] as const),
        ...blockFields(
          apdu.block,
          apdu.items.some(({ attribute }) => isSecretAttribute(attribute)),
        ),
      ]
    case 'set-request-with-datablock':
      // Which attribute it belongs to stands in an earlier APDU; it may be a secret.
      return [form, ...blockFields(apdu.block, true)]
    case 'set-response-normal':
      return [['result', accessText(apdu.result)]]
    case 'set-response-datablock':
      return [form, ['block', String(apdu.blockNumber)]]
    case 'set-response-last-datablock':
      return [form, ['block', String(apdu.blockNumber)], ['result', accessText(apdu.result)]]
    case 'set-response-with-list':
    case 'set-response-last-datablock-with-list':
      return [form, ...apdu.results.map((result) => ['result', accessText(result)] as const)]
    case 'action-request-normal':
      return [
        ['method', methodText(apdu.method)],
        ...(apdu.parameter === undefined
          ? [['parameter', 'none'] as const]
          : [valueField('parameter', apdu.parameter, isSecretMethod(apdu.method))]),
      ]
    case 'action-response-normal':
      return [
        ['result', `${actionResultName(apdu.result) ?? `code ${apdu.result}`}`],
        ...(apdu.returned === undefined ? [] : [resultField(apdu.returned)]),
      ]
    default:
      return [form, ...summaryFields(bytes)]
  }
}

/** For what the stack reads and this table does not know: its own line for traces, which tells no values. */
function summaryFields(bytes: Uint8Array): Field[] {
  const { summary } = apduView(bytes)
  return summary === '' ? [] : [['content', summary]]
}

function valueField(name: string, value: CosemData, isSecret: boolean): Field {
  return isSecret ? [name, `${value.type}, not shown: it may hold keys`] : [name, ...valueLines(value)]
}

const resultField = (result: { data: CosemData } | { accessResult: number }): Field =>
  'data' in result ? ['value', ...valueLines(result.data)] : ['result', accessText(result.accessResult)]

function blockFields(
  block: { lastBlock: boolean; blockNumber: number; rawData: Uint8Array },
  isSecret: boolean,
): Field[] {
  const last = block.lastBlock ? ', the last' : ''
  const shown = toHex(block.rawData.subarray(0, BLOCK_SHOWN_BYTES))
  const more = block.rawData.length > BLOCK_SHOWN_BYTES ? '...' : ''
  const content = isSecret ? 'not shown: it may hold keys' : `${shown}${more}`
  return [
    ['block', `${block.blockNumber}${last}`],
    ['part of a value', `${block.rawData.length} bytes`, ...wrapped(content, 76)],
  ]
}

function selectionFields(selection: SelectiveAccess | undefined): Field[] {
  return selection === undefined
    ? []
    : [['selection', `selector ${selection.selector}`, ...valueLines(selection.parameters)]]
}

function aarqFields(apdu: Aarq): Field[] {
  return [...associateFields(apdu, 'client title'), ...titleField('called title', apdu.calledApTitle)]
}

function aareFields(apdu: Aare): Field[] {
  const { source, code } = apdu.diagnostic
  const diagnostic = source === 'acse-service-user' ? named(associateDiagnostics, code) : `code ${code}`
  return [
    ['result', named(associationResults, apdu.result)],
    ['diagnostic', `${diagnostic} (${source})`],
    ...associateFields(apdu, 'server title'),
  ]
}

function associateFields(apdu: Aarq | Aare, title: string): Field[] {
  const mechanism = apdu.mechanismName && oidText(mechanisms, apdu.mechanismName)
  return [
    ['context', oidText(applicationContexts, apdu.applicationContextName)],
    ...titleField(title, apdu.apTitle),
    ...(mechanism === undefined ? [] : [['mechanism', mechanism] as const]),
    ...authenticationField(apdu.authenticationValue, mechanism),
    ...(apdu.aeInvocationId === undefined ? [] : [['user', String(apdu.aeInvocationId)] as const]),
  ]
}

/** A challenge may be seen by all; what stands there for mechanism 1, or an unknown one, is a password. */
function authenticationField(value: Uint8Array | undefined, mechanism: string | undefined): Field[] {
  if (value === undefined) return []
  if (mechanism?.startsWith('hls')) return [['challenge', toHex(value)]]
  return [['password', `${value.length} bytes, not shown`]]
}

const titleField = (name: string, title: Uint8Array | undefined): Field[] =>
  title === undefined ? [] : [[name, titleText(title)]]

/** The first three octets are the maker's letters. */
function titleText(title: Uint8Array): string {
  const maker = title.subarray(0, 3)
  const isLetters = title.length === 8 && maker.every((octet) => octet >= 0x41 && octet <= 0x5a)
  return isLetters ? `${toHex(title)} (${String.fromCharCode(...maker)})` : toHex(title)
}

function oidText(names: Readonly<Record<string, Uint8Array>>, octets: Uint8Array): string {
  return Object.keys(names).find((name) => equalBytes(names[name]!, octets)) ?? `object identifier ${toHex(octets)}`
}

function securedFields(control: number, counter: number, body: Uint8Array): Field[] {
  const parts = [
    `suite ${control & 0x0f}`,
    control & 0x10 ? 'authenticated' : undefined,
    control & 0x20 ? 'encrypted' : undefined,
    control & 0x40 ? 'broadcast key' : undefined,
    control & 0x80 ? 'compressed' : undefined,
  ].filter((part) => part !== undefined)
  return [
    ['security control', `${toHex(Uint8Array.of(control))}: ${parts.join(', ')}`],
    ['invocation counter', String(counter)],
    ['body', `${body.length} bytes${control & 0x10 ? ', the last 12 are the tag' : ''}`],
  ]
}

function conformanceFields(name: string, conformance: number): Field[] {
  const lines: string[] = []
  for (const bit of conformanceNames(conformance)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + bit.length < 48) lines[lines.length - 1] = `${last}, ${bit}`
    else lines.push(bit)
  }
  return [[name, `conformance ${conformance.toString(16).toUpperCase().padStart(6, '0')}`, ...lines]]
}

const sizeText = (bytes: number): string => (bytes === 0 ? 'no bound' : `${bytes} bytes`)
const accessText = (code: number): string => dataAccessResultName(code) ?? `code ${code}`
const toHex16 = (value: number): string => value.toString(16).toUpperCase().padStart(4, '0')

function invokeText(octet: number): string {
  const priority = octet & 0x80 ? 'high priority' : 'normal priority'
  return `${octet & 0x0f}, ${octet & 0x40 ? 'confirmed' : 'unconfirmed'}, ${priority}`
}

const releaseText = (reason: number | undefined): string =>
  reason === undefined ? 'not told' : ({ 0: 'normal', 1: 'urgent or not finished' }[reason] ?? `code ${reason}`)

function named(table: Readonly<Record<string, number>>, code: number): string {
  return Object.keys(table).find((name) => table[name] === code) ?? `code ${code}`
}

function partyFields(header: GeneralHeader): Field[] {
  return [
    ['transaction', toHex(header.transactionId) || 'none'],
    ['originator', titleText(header.originatorSystemTitle)],
    ['recipient', titleText(header.recipientSystemTitle)],
    ...(header.dateTime.length > 0 ? [['date-time', toHex(header.dateTime)] as const] : []),
    ...(header.otherInformation.length > 0 ? [['other information', toHex(header.otherInformation)] as const] : []),
  ]
}

function keyInfoText(keyInfo: KeyInfo | undefined): string {
  switch (keyInfo?.kind) {
    case undefined:
      return 'not told'
    case 'identified-key':
      return keyInfo.keyId === 0
        ? 'global unicast'
        : keyInfo.keyId === 1
          ? 'global broadcast'
          : `number ${keyInfo.keyId}`
    case 'wrapped-key':
      return 'comes along, wrapped under the master key'
    case 'agreed-key':
      return `agreed: ${agreementText(keyInfo.keyParameters)}`
  }
}

function agreementText(parameters: Uint8Array): string {
  const scheme = parameters.length === 1 ? parameters[0] : undefined
  if (scheme === 1) return 'one-pass Diffie-Hellman C(1e, 1s)'
  return scheme === 2 ? 'static unified model C(0e, 2s)' : `scheme ${toHex(parameters)}`
}
