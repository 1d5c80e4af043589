import { BytesError, ByteWriter } from '@gridcard/bytes'
import type { DataLimits } from '../cosem/cosem-data.ts'
import { DlmsError } from '../errors.ts'
import { parseExactly } from '../malformed.ts'
import {
  type AccessRequest,
  type AccessResponse,
  readAccessRequest,
  readAccessResponse,
  writeAccessRequest,
  writeAccessResponse,
} from './access.ts'
import {
  type Aare,
  type Aarq,
  emitAare,
  emitAarq,
  emitRelease,
  parseAare,
  parseAarq,
  parseRelease,
  type Release,
} from './acse.ts'
import {
  type ActionRequest,
  type ActionResponse,
  readActionRequest,
  readActionResponse,
  writeActionRequest,
  writeActionResponse,
} from './action.ts'
import { apduTags, plainTagOf } from './apdu-tags.ts'
import {
  emitServiceCiphered,
  emitTitledCiphering,
  parseServiceCiphered,
  parseTitledCiphering,
  type ServiceCiphered,
  type TitledCiphering,
} from './ciphered.ts'
import {
  type DataNotification,
  type EventNotification,
  readDataNotification,
  readEventNotification,
  writeDataNotification,
  writeEventNotification,
} from './data-notification.ts'
import {
  type ConfirmedServiceError,
  type ExceptionResponse,
  readConfirmedServiceError,
  readExceptionResponse,
  writeConfirmedServiceError,
  writeExceptionResponse,
} from './exception-response.ts'
import {
  type GeneralBlockTransfer,
  readGeneralBlockTransfer,
  writeGeneralBlockTransfer,
} from './general-block-transfer.ts'
import { emitGeneralCiphering, type GeneralCiphering, parseGeneralCiphering } from './general-ciphering.ts'
import { emitGeneralSigning, type GeneralSigning, parseGeneralSigning } from './general-signing.ts'
import {
  type GetRequest,
  type GetResponse,
  readGetRequest,
  readGetResponse,
  writeGetRequest,
  writeGetResponse,
} from './get.ts'
import {
  type InitiateRequest,
  type InitiateResponse,
  readInitiateRequest,
  readInitiateResponse,
  writeInitiateRequest,
  writeInitiateResponse,
} from './initiate.ts'
import {
  readSetRequest,
  readSetResponse,
  type SetRequest,
  type SetResponse,
  writeSetRequest,
  writeSetResponse,
} from './set.ts'
import {
  readInformationReport,
  readReadRequest,
  readReadResponse,
  readWriteRequest,
  readWriteResponse,
  type ShortNameApdu,
  writeShortName,
} from './short-name.ts'

/** The plain xDLMS services, of logical and of short name referencing. */
export type XdlmsApdu =
  | InitiateRequest
  | InitiateResponse
  | GetRequest
  | GetResponse
  | SetRequest
  | SetResponse
  | ActionRequest
  | ActionResponse
  | ExceptionResponse
  | ConfirmedServiceError
  | DataNotification
  | EventNotification
  | AccessRequest
  | AccessResponse
  | GeneralBlockTransfer
  | ShortNameApdu

/** What carries another APDU in it, protected. */
export type ProtectedApdu = ServiceCiphered | TitledCiphering | GeneralCiphering | GeneralSigning

export type Apdu = XdlmsApdu | Aarq | Aare | Release | ProtectedApdu

/**
 * One APDU, whole.
 * @throws DlmsError `DLMS_MALFORMED`, also for services that are not spoken here; `DLMS_LIMIT_EXCEEDED`
 * @source Green Book ed. 8 §9.5
 */
export function parseApdu(bytes: Uint8Array, limits?: DataLimits): Apdu {
  const tag = bytes[0]
  switch (tag) {
    case apduTags.aarq:
      return parseAarq(bytes)
    case apduTags.aare:
      return parseAare(bytes)
    case apduTags.rlrq:
    case apduTags.rlre:
      return parseRelease(bytes)
    default:
      return isProtectedTag(tag) ? parseProtected(bytes) : parseXdlms(bytes, limits)
  }
}

const generalTags: readonly number[] = [
  apduTags['general-glo-ciphering'],
  apduTags['general-ded-ciphering'],
  apduTags['general-ciphering'],
  apduTags['general-signing'],
]

/** Whether an APDU that begins with this octet carries another one in it. */
export const isProtectedTag = (tag: number | undefined): boolean =>
  tag !== undefined && (plainTagOf(tag) !== undefined || generalTags.includes(tag))

/** One protected APDU, whole; what is inside stays as it is. @throws DlmsError `DLMS_MALFORMED` */
export function parseProtected(bytes: Uint8Array): ProtectedApdu {
  switch (bytes[0]) {
    case apduTags['general-glo-ciphering']:
    case apduTags['general-ded-ciphering']:
      return parseTitledCiphering(bytes)
    case apduTags['general-ciphering']:
      return parseGeneralCiphering(bytes)
    case apduTags['general-signing']:
      return parseGeneralSigning(bytes)
    default:
      return parseServiceCiphered(bytes)
  }
}

/** One plain xDLMS APDU, whole; never a ciphered one. @throws DlmsError as `parseApdu` */
export function parseXdlms(bytes: Uint8Array, limits?: DataLimits): XdlmsApdu {
  return parseExactly('xDLMS APDU', bytes, (reader) => {
    const tag = reader.u8()
    switch (tag) {
      case apduTags['initiate-request']:
        return readInitiateRequest(reader)
      case apduTags['initiate-response']:
        return readInitiateResponse(reader)
      case apduTags['get-request']:
        return readGetRequest(reader, limits)
      case apduTags['get-response']:
        return readGetResponse(reader, limits)
      case apduTags['set-request']:
        return readSetRequest(reader, limits)
      case apduTags['set-response']:
        return readSetResponse(reader)
      case apduTags['action-request']:
        return readActionRequest(reader, limits)
      case apduTags['action-response']:
        return readActionResponse(reader, limits)
      case apduTags['exception-response']:
        return readExceptionResponse(reader)
      case apduTags['confirmed-service-error']:
        return readConfirmedServiceError(reader)
      case apduTags['data-notification']:
        return readDataNotification(reader, limits)
      case apduTags['event-notification-request']:
        return readEventNotification(reader, limits)
      case apduTags['access-request']:
        return readAccessRequest(reader, limits)
      case apduTags['access-response']:
        return readAccessResponse(reader, limits)
      case apduTags['general-block-transfer']:
        return readGeneralBlockTransfer(reader)
      case apduTags['read-request']:
        return readReadRequest(reader, limits)
      case apduTags['read-response']:
        return readReadResponse(reader, limits)
      case apduTags['write-request']:
        return readWriteRequest(reader, 'write-request', limits)
      case apduTags['unconfirmed-write-request']:
        return readWriteRequest(reader, 'unconfirmed-write-request', limits)
      case apduTags['write-response']:
        return readWriteResponse(reader)
      case apduTags['information-report-request']:
        return readInformationReport(reader, limits)
      default:
        throw new DlmsError('DLMS_MALFORMED', 'no service spoken here', { tag })
    }
  })
}

export function emitApdu(apdu: Apdu): Uint8Array {
  switch (apdu.kind) {
    case 'aarq':
      return emitAarq(apdu)
    case 'aare':
      return emitAare(apdu)
    case 'rlrq':
    case 'rlre':
      return emitRelease(apdu)
    case 'glo-ciphered':
    case 'ded-ciphered':
      return emitServiceCiphered(apdu)
    case 'general-glo-ciphering':
    case 'general-ded-ciphering':
      return emitTitledCiphering(apdu)
    case 'general-ciphering':
      return emitGeneralCiphering(apdu)
    case 'general-signing':
      return emitGeneralSigning(apdu)
    default:
      return emitXdlms(apdu)
  }
}

/** @throws DlmsError `DLMS_NOT_REPRESENTABLE` for a value outside its type */
export function emitXdlms(apdu: XdlmsApdu): Uint8Array {
  const writer = new ByteWriter()
  try {
    writeXdlms(writer, apdu)
  } catch (error) {
    if (!(error instanceof BytesError)) throw error
    throw new DlmsError('DLMS_NOT_REPRESENTABLE', 'a field is out of range', { service: apdu.kind })
  }
  return writer.toBytes()
}

function writeXdlms(writer: ByteWriter, apdu: XdlmsApdu): void {
  switch (apdu.kind) {
    case 'initiate-request':
      writeInitiateRequest(writer.u8(apduTags['initiate-request']), apdu)
      break
    case 'initiate-response':
      writeInitiateResponse(writer.u8(apduTags['initiate-response']), apdu)
      break
    case 'get-request-normal':
    case 'get-request-next':
    case 'get-request-with-list':
      writeGetRequest(writer.u8(apduTags['get-request']), apdu)
      break
    case 'get-response-normal':
    case 'get-response-with-datablock':
    case 'get-response-with-list':
      writeGetResponse(writer.u8(apduTags['get-response']), apdu)
      break
    case 'set-request-normal':
    case 'set-request-with-first-datablock':
    case 'set-request-with-datablock':
    case 'set-request-with-list':
    case 'set-request-with-list-and-first-datablock':
      writeSetRequest(writer.u8(apduTags['set-request']), apdu)
      break
    case 'set-response-normal':
    case 'set-response-datablock':
    case 'set-response-last-datablock':
    case 'set-response-last-datablock-with-list':
    case 'set-response-with-list':
      writeSetResponse(writer.u8(apduTags['set-response']), apdu)
      break
    case 'action-request-normal':
    case 'action-request-next-pblock':
    case 'action-request-with-list':
    case 'action-request-with-first-pblock':
    case 'action-request-with-list-and-first-pblock':
    case 'action-request-with-pblock':
      writeActionRequest(writer.u8(apduTags['action-request']), apdu)
      break
    case 'action-response-normal':
    case 'action-response-with-pblock':
    case 'action-response-with-list':
    case 'action-response-next-pblock':
      writeActionResponse(writer.u8(apduTags['action-response']), apdu)
      break
    case 'exception-response':
      writeExceptionResponse(writer.u8(apduTags['exception-response']), apdu)
      break
    case 'confirmed-service-error':
      writeConfirmedServiceError(writer.u8(apduTags['confirmed-service-error']), apdu)
      break
    case 'data-notification':
      writeDataNotification(writer.u8(apduTags['data-notification']), apdu)
      break
    case 'event-notification-request':
      writeEventNotification(writer.u8(apduTags['event-notification-request']), apdu)
      break
    case 'access-request':
      writeAccessRequest(writer.u8(apduTags['access-request']), apdu)
      break
    case 'access-response':
      writeAccessResponse(writer.u8(apduTags['access-response']), apdu)
      break
    case 'general-block-transfer':
      writeGeneralBlockTransfer(writer.u8(apduTags['general-block-transfer']), apdu)
      break
    default:
      writeShortName(writer.u8(apduTags[apdu.kind]), apdu)
  }
}
