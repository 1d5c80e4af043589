import { emitXdlms } from '../apdu/apdu.ts'
import { conforms } from '../apdu/conformance.ts'
import { actionResultName, dataAccessResultName } from '../apdu/results.ts'
import { DlmsError } from '../errors.ts'
import { withGeneralTags } from '../security/protection-layers.ts'
import type { ClientConversation } from './client-conversation.ts'
import type { AccessItem, AccessOptions, ActionItemResult } from './client-items.ts'
import type { ClientAssociation } from './open-association.ts'
import { accessRequestOf } from './unconfirmed-requests.ts'

/** ACCESS: gets, sets and actions in one request. @source Green Book ed. 8 §9.3.5 */
export class AccessRequests {
  readonly #conversation: ClientConversation

  constructor(conversation: ClientConversation) {
    this.#conversation = conversation
  }

  #requireAccess(): ClientAssociation {
    const association = this.#conversation.requireAssociation()
    if (conforms(association.info.conformance, 'access')) return association
    throw new DlmsError('DLMS_CONFIGURATION', 'the server has not agreed to ACCESS')
  }

  async access(items: readonly AccessItem[], options: AccessOptions): Promise<ActionItemResult[]> {
    const { layers } = this.#requireAccess()
    const accessRequest = accessRequestOf(items, {
      ...options,
      isConfirmed: true,
      id: this.#conversation.nextInvokeId() & 0x0f,
    })
    const { longInvokeIdAndPriority } = accessRequest
    const request = emitXdlms(accessRequest)
    const general = withGeneralTags(layers)
    const room = this.#conversation.roomInBlocks(general)
    const response = await this.#conversation.exchange(this.#conversation.requireFitting(request, room), general)
    const isOurs = response.kind === 'access-response' && response.longInvokeIdAndPriority === longInvokeIdAndPriority
    if (!isOurs || response.data.length !== items.length || response.results.length !== items.length) {
      throw this.#conversation.unexpected(response)
    }
    return response.results.map(({ service, result }, i): ActionItemResult => {
      if (service !== items[i]!.service) throw this.#conversation.unexpected(response)
      const data = response.data[i]!
      // A get has a value, though it be null-data; a set has none, and an action may have one.
      const hasData = service === 'get' || (service === 'action' && data.type !== 'null-data')
      if (result === 0) return { ok: true, data: hasData ? data : undefined }
      return { ok: false, result: (service === 'action' ? actionResultName : dataAccessResultName)(result) ?? result }
    })
  }

  /** The same without an answer. */
  async accessUnconfirmed(items: readonly AccessItem[], options: AccessOptions): Promise<void> {
    const { layers } = this.#requireAccess()
    const id = this.#conversation.nextInvokeId() & 0x0f
    const request = emitXdlms(accessRequestOf(items, { ...options, isConfirmed: false, id }))
    const general = withGeneralTags(layers)
    await this.#conversation.tell(
      this.#conversation.requireFitting(request, this.#conversation.roomIn(general)),
      general,
    )
  }
}
