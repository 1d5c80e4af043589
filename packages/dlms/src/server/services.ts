import { emitXdlms, type XdlmsApdu } from '../apdu/apdu.ts'
import { type ConformanceBit, conforms } from '../apdu/conformance.ts'
import type { Caller } from '../interface-classes/cosem-object.ts'
import { serveAccess } from './access-service.ts'
import { ActionService } from './action-service.ts'
import { GetService } from './get-service.ts'
import type { ObjectAccess } from './object-access.ts'
import { pduTooLong, unknownService } from './refusals.ts'
import { neededConformance } from './requests.ts'
import { SetService } from './set-service.ts'

/** The services of one association. One of them at a time is in the middle of its blocks; any other request ends that. */
export class Services {
  readonly #access: ObjectAccess
  readonly #get: GetService
  readonly #set: SetService
  readonly #action: ActionService

  /** @param reportMisfit the name of an object whose answer does not fit */
  constructor(access: ObjectAccess, maxResponseBytes: number, reportMisfit: (logicalName: string) => void) {
    this.#access = access
    this.#get = new GetService(access, maxResponseBytes)
    this.#set = new SetService(access)
    this.#action = new ActionService(access, ({ logicalName }) => reportMisfit(logicalName))
  }

  /**
   * @param maxPduBytes octets that a plain answer may have
   * @param roomInBlocks the same for one that goes in general block transfer; undefined where that was not agreed on
   */
  async serve(
    request: XdlmsApdu,
    caller: Caller,
    maxPduBytes: number,
    roomInBlocks: number | undefined,
  ): Promise<Uint8Array> {
    const needed = neededConformance(request)
    if (needed === undefined || !needed.every((bit) => conforms(caller.conformance, bit))) return unknownService
    if (!request.kind.startsWith('get')) this.#get.abort()
    if (!request.kind.startsWith('set')) this.#set.abort()
    if (!request.kind.startsWith('action')) this.#action.abort()
    // Without blocks of its own a service has those of all services.
    const roomWith = (blocks: ConformanceBit): number =>
      roomInBlocks !== undefined && !conforms(caller.conformance, blocks) ? roomInBlocks : maxPduBytes
    switch (request.kind) {
      case 'get-request-normal':
      case 'get-request-next':
      case 'get-request-with-list':
        return this.#get.handle(request, caller, roomWith('block-transfer-with-get-or-read'))
      case 'set-request-normal':
      case 'set-request-with-list':
      case 'set-request-with-datablock':
      case 'set-request-with-first-datablock':
      case 'set-request-with-list-and-first-datablock':
        return emitXdlms(await this.#set.handle(request, caller))
      case 'action-request-normal':
      case 'action-request-next-pblock':
      case 'action-request-with-list':
      case 'action-request-with-first-pblock':
      case 'action-request-with-list-and-first-pblock':
      case 'action-request-with-pblock':
        return this.#action.handle(request, caller, roomWith('block-transfer-with-action'))
      case 'access-request': {
        const room = roomInBlocks ?? maxPduBytes
        return (await serveAccess(request, this.#access, caller, room)) ?? pduTooLong
      }
      default:
        return unknownService
    }
  }
}
