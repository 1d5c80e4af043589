import { toHex } from '@gridcard/bytes'
import type { CosemData } from '../cosem/cosem-data.ts'
import { DlmsError } from '../errors.ts'
import type { AccessResponse, AccessSpecification } from './access.ts'
import type { Aare, Aarq } from './acse.ts'
import type { ActionAnswer } from './action.ts'
import { type Apdu, parseApdu } from './apdu.ts'
import { apduNameOf } from './apdu-tags.ts'
import type { SecuredBody } from './ciphered.ts'
import type { AttributeSelection, DataBlock, GetDataResult } from './fields.ts'
import type { GeneralBlockTransfer } from './general-block-transfer.ts'
import type { KeyInfo } from './general-ciphering.ts'
import type { GeneralHeader } from './general-header.ts'
import type { AttributeRef, MethodRef } from './references.ts'
import { actionResultName, dataAccessResultName } from './results.ts'
import type { ReadResult, VariableAccess, WriteResult } from './short-name.ts'

/** Any octets as an APDU, for traces: what can be told about them without a key and without telling a reading. */
export interface ApduView {
  /** Undefined for no octets. */
  readonly tag: number | undefined
  /** The standard's name for the tag. */
  readonly name: string
  readonly lengthBytes: number
  /** References, results, types and lengths of values, counters; never values, challenges or keys. */
  readonly summary: string
  /** Why it is not a well-formed APDU that is spoken here; `summary` is empty then. */
  readonly problem?: { readonly message: string; readonly offsetBytes: number | undefined }
}

/** The lenient look at an APDU: never throws. `parseApdu` is the strict one. */
export function apduView(bytes: Uint8Array): ApduView {
  const tag = bytes[0]
  const base = { tag, name: nameOf(tag), lengthBytes: bytes.length }
  try {
    return { ...base, summary: summaryOf(parseApdu(bytes)) }
  } catch (error) {
    if (!(error instanceof DlmsError)) throw error
    const offset = error.place['offsetBytes']
    const offsetBytes = typeof offset === 'number' ? offset : undefined
    return { ...base, summary: '', problem: { message: error.message, offsetBytes } }
  }
}

/** One line: `get-request (13) normal id 1: 8 0.0.1.0.0.255 2`. */
export function traceApdu(bytes: Uint8Array): string {
  const { name, lengthBytes, summary, problem } = apduView(bytes)
  const head = `${name} (${lengthBytes})`
  if (problem === undefined) return summary === '' ? head : `${head} ${summary}`
  const at = problem.offsetBytes === undefined ? '' : ` at ${problem.offsetBytes}`
  return `${head} ! ${problem.message}${at}`
}

function nameOf(tag: number | undefined): string {
  if (tag === undefined) return 'empty'
  return apduNameOf(tag) ?? `tag ${tag.toString(16).toUpperCase().padStart(2, '0')}`
}

function summaryOf(apdu: Apdu): string {
  switch (apdu.kind) {
    case 'aarq':
      return `${acseSummary(apdu)}${apdu.apTitle === undefined ? '' : ` from ${toHex(apdu.apTitle)}`}`
    case 'aare':
      return `result ${apdu.result} ${apdu.diagnostic.source} ${apdu.diagnostic.code} ${acseSummary(apdu)}`
    case 'rlrq':
    case 'rlre':
      return `reason ${apdu.reason ?? '-'}`
    case 'glo-ciphered':
    case 'ded-ciphered':
      return securedSummary(apdu)
    case 'general-glo-ciphering':
    case 'general-ded-ciphering':
      return `from ${toHex(apdu.systemTitle)} ${securedSummary(apdu)}`
    case 'general-ciphering':
      return `${partiesText(apdu)} ${keyInfoText(apdu.keyInfo)} ${securedSummary(apdu)}`
    case 'general-signing':
      return `${partiesText(apdu)} signature ${apdu.signature.length} around ${nameOf(apdu.content[0])} (${apdu.content.length})`
    case 'initiate-request':
    case 'initiate-response':
      return `conformance ${apdu.conformance.toString(16).padStart(6, '0')} max ${apdu.maxPduBytes}`
    case 'confirmed-service-error':
      return `service ${apdu.service} class ${apdu.errorClass} value ${apdu.value}`
    case 'exception-response':
      return `state ${apdu.stateError} service ${apdu.serviceError}`
    case 'data-notification':
      return `id ${apdu.longInvokeIdAndPriority} ${typeSummary(apdu.body)}`
    case 'access-request':
      return `id ${apdu.longInvokeIdAndPriority & 0xff_ffff}: ${apdu.specifications.map(accessSummary).join(', ')}`
    case 'access-response':
      return `id ${apdu.longInvokeIdAndPriority & 0xff_ffff}: ${apdu.results.map(accessResultText).join(', ')}`
    case 'general-block-transfer':
      return blockTransferSummary(apdu)
    case 'event-notification-request':
      return `${referenceText(apdu.attribute)} ${typeSummary(apdu.value)}`
    case 'read-request':
    case 'write-request':
    case 'unconfirmed-write-request':
    case 'information-report-request':
      return apdu.variables.map(variableText).join(', ')
    case 'read-response':
    case 'write-response':
      return apdu.results.map(shortResultText).join(', ')
    default:
      return `${apdu.kind.replace(/^[a-z]+-(request|response)-/, '')} id ${apdu.invokeIdAndPriority & 15}: ${serviceSummary(apdu)}`
  }
}

function variableText(variable: VariableAccess): string {
  switch (variable.kind) {
    case 'variable-name':
      return variable.name.toString(16).padStart(4, '0')
    case 'parameterized-access':
      return `${variable.name.toString(16).padStart(4, '0')} selector ${variable.selector} ${typeSummary(variable.parameter)}`
    case 'read-data-block-access':
      return `block ${variable.block.blockNumber}${variable.block.lastBlock ? ' last' : ''} ${variable.block.rawData.length} bytes`
    default:
      return `block ${variable.blockNumber}`
  }
}

function shortResultText(result: ReadResult | WriteResult): string {
  if ('data' in result) return typeSummary(result.data)
  if ('accessResult' in result) return accessText(result.accessResult)
  if ('ok' in result) return 'success'
  if ('blockNumber' in result) return `block ${result.blockNumber}`
  return `block ${result.block.blockNumber}${result.block.lastBlock ? ' last' : ''} ${result.block.rawData.length} bytes`
}

type ServiceApdu = Extract<Apdu, { invokeIdAndPriority: number }>

function serviceSummary(apdu: ServiceApdu): string {
  switch (apdu.kind) {
    case 'get-request-normal':
      return selectionSummary(apdu)
    case 'get-request-next':
      return `block ${apdu.blockNumber}`
    case 'get-request-with-list':
    case 'set-request-with-list':
      return apdu.items.map(selectionSummary).join(', ')
    case 'get-response-normal':
      return resultSummary(apdu.result)
    case 'get-response-with-datablock': {
      const content =
        'rawData' in apdu.result ? `${apdu.result.rawData.length} bytes` : accessText(apdu.result.accessResult)
      return `block ${apdu.blockNumber}${apdu.lastBlock ? ' last' : ''} ${content}`
    }
    case 'get-response-with-list':
      return apdu.results.map(resultSummary).join(', ')
    case 'set-request-normal':
      return `${selectionSummary(apdu)} ${typeSummary(apdu.value)}`
    case 'set-request-with-first-datablock':
      return `${selectionSummary(apdu)} block ${apdu.block.blockNumber} ${apdu.block.rawData.length} bytes`
    case 'set-request-with-datablock':
      return `block ${apdu.block.blockNumber} ${apdu.block.rawData.length} bytes`
    case 'set-request-with-list-and-first-datablock':
      return `${apdu.items.map(selectionSummary).join(', ')} block ${apdu.block.blockNumber}`
    case 'set-response-normal':
      return accessText(apdu.result)
    case 'set-response-datablock':
      return `block ${apdu.blockNumber}`
    case 'set-response-last-datablock':
      return `block ${apdu.blockNumber} ${accessText(apdu.result)}`
    case 'set-response-with-list':
    case 'set-response-last-datablock-with-list':
      return apdu.results.map(accessText).join(', ')
    case 'action-request-normal':
      return `${referenceText(apdu.method)}${apdu.parameter === undefined ? '' : ` ${typeSummary(apdu.parameter)}`}`
    case 'action-request-next-pblock':
    case 'action-response-next-pblock':
      return `block ${apdu.blockNumber}`
    case 'action-request-with-list':
      return apdu.methods.map(referenceText).join(', ')
    case 'action-request-with-first-pblock':
      return `${referenceText(apdu.method)} ${blockSummary(apdu.block)}`
    case 'action-request-with-list-and-first-pblock':
      return `${apdu.methods.map(referenceText).join(', ')} ${blockSummary(apdu.block)}`
    case 'action-request-with-pblock':
    case 'action-response-with-pblock':
      return blockSummary(apdu.block)
    case 'action-response-with-list':
      return apdu.results.map(actionSummary).join(', ')
    case 'action-response-normal':
      return actionSummary(apdu)
  }
}

const blockSummary = ({ blockNumber, lastBlock, rawData }: DataBlock): string =>
  `block ${blockNumber}${lastBlock ? ' last' : ''} ${rawData.length} bytes`

function actionSummary({ result, returned }: ActionAnswer): string {
  return `${actionResultName(result) ?? result}${returned === undefined ? '' : ` ${resultSummary(returned)}`}`
}

const accessSummary = (item: AccessSpecification): string =>
  `${item.service} ${item.service === 'action' ? referenceText(item.method) : selectionSummary(item)}`

const accessResultText = ({ service, result }: AccessResponse['results'][number]): string =>
  `${service} ${(service === 'action' ? actionResultName(result) : dataAccessResultName(result)) ?? result}`

function blockTransferSummary(block: GeneralBlockTransfer): string {
  const flags = `${block.lastBlock ? ' last' : ''}${block.streaming ? ' streaming' : ''}`
  return `block ${block.blockNumber}${flags} ack ${block.blockNumberAck} window ${block.window} ${block.blockData.length} bytes`
}

function acseSummary(apdu: Aarq | Aare): string {
  const context = `context ${apdu.applicationContextName.at(-1) ?? '-'}`
  const mechanism = apdu.mechanismName === undefined ? '' : ` mechanism ${apdu.mechanismName.at(-1) ?? '-'}`
  const tag = apdu.userInformation?.[0]
  return `${context}${mechanism}${tag === undefined ? '' : ` ${nameOf(tag)}`}`
}

function securedSummary(frame: SecuredBody): string {
  const control = frame.securityControl.toString(16).toUpperCase().padStart(2, '0')
  return `sc ${control} ic ${frame.invocationCounter} ${frame.body.length} bytes`
}

const partiesText = ({ transactionId, originatorSystemTitle, recipientSystemTitle }: GeneralHeader): string =>
  `transaction ${toHex(transactionId) || '-'} from ${toHex(originatorSystemTitle) || '-'} to ${toHex(recipientSystemTitle) || '-'}`

function keyInfoText(keyInfo: KeyInfo | undefined): string {
  switch (keyInfo?.kind) {
    case undefined:
      return 'key not told'
    case 'identified-key':
      return `key ${keyInfo.keyId}`
    case 'wrapped-key':
      return `key wrapped under ${keyInfo.kekId}`
    case 'agreed-key':
      return `key agreed by scheme ${toHex(keyInfo.keyParameters)}`
  }
}

const referenceText = (ref: AttributeRef | MethodRef): string =>
  `${ref.classId} ${ref.logicalName} ${'methodIndex' in ref ? ref.methodIndex : ref.attributeIndex}`

const selectionSummary = ({ attribute, selection }: AttributeSelection): string =>
  `${referenceText(attribute)}${selection === undefined ? '' : ` selector ${selection.selector}`}`

const accessText = (code: number): string => dataAccessResultName(code) ?? `result ${code}`

const resultSummary = (result: GetDataResult): string =>
  'data' in result ? typeSummary(result.data) : accessText(result.accessResult)

/** `array(96)`, `octet-string(12)`, `double-long-unsigned`. */
function typeSummary(data: CosemData): string {
  if (!('value' in data) || typeof data.value === 'number' || typeof data.value === 'bigint') return data.type
  return typeof data.value === 'boolean' ? data.type : `${data.type}(${data.value.length})`
}
