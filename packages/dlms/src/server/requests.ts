import { longInvokeBits } from '../apdu/access.ts'
import type { ActionRequestNormal } from '../apdu/action.ts'
import { parseXdlms, type XdlmsApdu } from '../apdu/apdu.ts'
import type { ConformanceBit } from '../apdu/conformance.ts'
import type { InitiateRequest } from '../apdu/initiate.ts'
import { DlmsError } from '../errors.ts'

/** Later blocks, which name no objects any more. */
const continuing: ReadonlySet<string> = new Set([
  'get-request-next',
  'set-request-with-datablock',
  'action-request-next-pblock',
  'action-request-with-pblock',
])

export const isContinuing = ({ kind }: XdlmsApdu): boolean => continuing.has(kind)

/** Bit 6 of an invoke-id-and-priority. @source Green Book ed. 8 §9.4.6.4 */
const CONFIRMED = 0x40

/** Whether the client waits for an answer. */
export function isConfirmed(request: XdlmsApdu): boolean {
  if ('invokeIdAndPriority' in request) return (request.invokeIdAndPriority & CONFIRMED) !== 0
  return !('longInvokeIdAndPriority' in request) || (request.longInvokeIdAndPriority & longInvokeBits.confirmed) !== 0
}

export function isReplyToHls({ method }: ActionRequestNormal): boolean {
  return method.classId === 15 && method.logicalName === '0.0.40.0.0.255' && method.methodIndex === 1
}

/** The conformance bits a request lives on; undefined for what is no request. */
export function neededConformance(request: XdlmsApdu): readonly ConformanceBit[] | undefined {
  switch (request.kind) {
    case 'get-request-normal':
      return request.selection === undefined ? ['get'] : ['get', 'selective-access']
    case 'get-request-next':
      return ['get', 'block-transfer-with-get-or-read']
    case 'get-request-with-list':
      return ['get', 'multiple-references']
    case 'set-request-normal':
      return ['set']
    case 'set-request-with-list':
      return ['set', 'multiple-references']
    case 'set-request-with-first-datablock':
    case 'set-request-with-datablock':
      return ['set', 'block-transfer-with-set-or-write']
    case 'set-request-with-list-and-first-datablock':
      return ['set', 'multiple-references', 'block-transfer-with-set-or-write']
    case 'action-request-normal':
      return ['action']
    case 'action-request-with-list':
      return ['action', 'multiple-references']
    case 'action-request-with-first-pblock':
    case 'action-request-with-pblock':
    case 'action-request-next-pblock':
      return ['action', 'block-transfer-with-action']
    case 'action-request-with-list-and-first-pblock':
      return ['action', 'multiple-references', 'block-transfer-with-action']
    case 'access-request':
      return ['access']
    default:
      return undefined
  }
}

/** Undefined for what is no initiate-request. */
export function initiateIn(userInformation: Uint8Array | undefined): InitiateRequest | undefined {
  const initiate = userInformation === undefined ? undefined : parsed(() => parseXdlms(userInformation))
  return initiate?.kind === 'initiate-request' ? initiate : undefined
}

/** Undefined instead of a DlmsError. */
export function parsed<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}
