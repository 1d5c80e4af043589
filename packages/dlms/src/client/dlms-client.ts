import type { ActionAnswer } from '../apdu/action.ts'
import { conforms } from '../apdu/conformance.ts'
import type { AttributeSelection, GetDataResult } from '../apdu/fields.ts'
import type { AttributeRef, MethodRef, SelectiveAccess } from '../apdu/references.ts'
import { actionResultName, dataAccessResultName } from '../apdu/results.ts'
import type { CosemData } from '../cosem/cosem-data.ts'
import { AccessRequests } from './access-requests.ts'
import { ActionRequests } from './action-requests.ts'
import { ClientConversation } from './client-conversation.ts'
import type {
  AccessItem,
  AccessOptions,
  ActionItem,
  ActionItemResult,
  GetResult,
  SetItem,
  SetResult,
} from './client-items.ts'
import type { AssociationInfo, DlmsClientOptions } from './client-options.ts'
import { GetRequests } from './get-requests.ts'
import { accessRefused, actionRefused } from './response-errors.ts'
import { SetRequests } from './set-requests.ts'
import { unconfirmedActions, unconfirmedSets } from './unconfirmed-requests.ts'

/**
 * The client of one association. Calls made at the same time wait for each other. When an answer is not protected as
 * agreed, or not the answer to the request, the association is over: `associate` again, best on a new connection. An
 * answer that is genuine but does not parse (DLMS_MALFORMED; meters have such objects) costs only its request.
 */
export class DlmsClient {
  readonly #conversation: ClientConversation
  readonly #get: GetRequests
  readonly #set: SetRequests
  readonly #action: ActionRequests
  readonly #access: AccessRequests

  /** @throws DlmsError `DLMS_CONFIGURATION` when a mechanism or the ciphering lacks what it needs */
  constructor(options: DlmsClientOptions) {
    this.#conversation = new ClientConversation(options)
    this.#get = new GetRequests(this.#conversation)
    this.#set = new SetRequests(this.#conversation)
    this.#action = new ActionRequests(this.#conversation)
    this.#access = new AccessRequests(this.#conversation)
  }

  get isAssociated(): boolean {
    return this.#conversation.isAssociated
  }

  /**
   * Opens the association; both ends have proved themselves when it resolves.
   * @throws DlmsError `DLMS_ASSOCIATION_REFUSED` (place: result, diagnostic), `DLMS_AUTHENTICATION_FAILED`,
   * `DLMS_REPLAYED`, `DLMS_UNPROTECTED_RESPONSE`, `DLMS_UNEXPECTED_RESPONSE`, `DLMS_SECURITY_REFUSED`, transport errors
   */
  associate(): Promise<AssociationInfo> {
    return this.#conversation.exclusively(() => this.#conversation.associate())
  }

  /**
   * One attribute, whole or a part of it; blocks are put together.
   * @throws DlmsError `DLMS_ACCESS_REFUSED` with `place.result`, `DLMS_EXCEPTION_RESPONSE`, `DLMS_LIMIT_EXCEEDED`
   */
  get(attribute: AttributeRef, selection?: SelectiveAccess): Promise<CosemData> {
    return this.#conversation.exclusively(async () => {
      const result = await this.#get.get({ attribute, selection })
      if ('data' in result) return result.data
      throw accessRefused('get', attribute, result.accessResult)
    })
  }

  /**
   * The elements of an array as its blocks come: a load profile of any length in little memory. Other requests of this
   * client wait until it is read to its end, or left early.
   * @throws DlmsError as `get`; `DLMS_UNEXPECTED_RESPONSE` for what is no array; `DLMS_LIMIT_EXCEEDED` for one element
   * longer than `maxValueBytes`
   */
  async *getElements(attribute: AttributeRef, selection?: SelectiveAccess): AsyncGenerator<CosemData, void, undefined> {
    const turn = Promise.withResolvers<void>()
    const end = Promise.withResolvers<void>()
    const held = this.#conversation.exclusively(() => {
      turn.resolve()
      return end.promise
    })
    await turn.promise
    try {
      yield* this.#get.elements({ attribute, selection })
    } finally {
      end.resolve()
      await held
    }
  }

  /** Several attributes, each with its own answer; in one request where the server takes that. */
  getWithList(items: readonly AttributeSelection[]): Promise<GetResult[]> {
    return this.#conversation.exclusively(async () => (await this.#get.getList(items)).map(getResultOf))
  }

  /** @throws DlmsError `DLMS_ACCESS_REFUSED` with `place.result`, `DLMS_EXCEPTION_RESPONSE`, `DLMS_LIMIT_EXCEEDED` */
  set(attribute: AttributeRef, value: CosemData): Promise<void> {
    return this.#conversation.exclusively(async () => {
      const result = await this.#set.set(attribute, value)
      if (result !== 0) throw accessRefused('set', attribute, result)
    })
  }

  /**
   * Gives what the method returned, undefined for nothing.
   * @throws DlmsError `DLMS_ACTION_REFUSED` with `place.result`, `DLMS_EXCEPTION_RESPONSE`, `DLMS_LIMIT_EXCEEDED`
   */
  action(method: MethodRef, parameter?: CosemData): Promise<CosemData | undefined> {
    return this.#conversation.exclusively(async () => {
      const outcome = actionOutcomeOf(await this.#action.action(method, parameter))
      if (outcome.ok) return outcome.data
      throw actionRefused(method, outcome.result)
    })
  }

  /** Several attributes, each with its own answer; in one request, or blocks of one, where the server takes that. */
  setWithList(items: readonly SetItem[]): Promise<SetResult[]> {
    return this.#conversation.exclusively(async () => (await this.#set.setList(items)).map(setResultOf))
  }

  /** Several methods, each with its own answer; in one request where the server takes that. */
  actionWithList(items: readonly ActionItem[]): Promise<ActionItemResult[]> {
    return this.#conversation.exclusively(async () => (await this.#action.actionList(items)).map(actionOutcomeOf))
  }

  /**
   * Gets, sets and actions in one request, each with its own answer. Ciphered, it goes in a general form.
   * @throws DlmsError `DLMS_CONFIGURATION` where the server has not agreed to ACCESS
   */
  access(items: readonly AccessItem[], options: AccessOptions = {}): Promise<ActionItemResult[]> {
    return this.#conversation.exclusively(() => this.#access.access(items, options))
  }

  /**
   * Writes without an answer; whether anything came of it is not known. Without a list the items go one by one. Needs a
   * transport with `post` or `postUnconfirmed`, as all unconfirmed services do.
   * @throws DlmsError `DLMS_LIMIT_EXCEEDED` for what does not fit one APDU, `DLMS_CONFIGURATION`
   */
  setUnconfirmed(items: readonly SetItem[]): Promise<void> {
    return this.#conversation.exclusively(() => this.#conversation.tellAll(unconfirmedSets(items, this.#numbering)))
  }

  /** Invokes methods without an answer. @throws DlmsError as `setUnconfirmed` */
  actionUnconfirmed(items: readonly ActionItem[]): Promise<void> {
    return this.#conversation.exclusively(() => this.#conversation.tellAll(unconfirmedActions(items, this.#numbering)))
  }

  /** Sets and actions in one request without an answer. @throws DlmsError as `setUnconfirmed` */
  accessUnconfirmed(items: readonly AccessItem[], options: AccessOptions = {}): Promise<void> {
    return this.#conversation.exclusively(() => this.#access.accessUnconfirmed(items, options))
  }

  /** Leaves the association; the transport stays open. Without one there is nothing to do. */
  release(): Promise<void> {
    return this.#conversation.exclusively(() => this.#conversation.release())
  }

  /**
   * Takes an APDU that came by another way, in an HDLC UI frame say, and tells the listener of the notification in it, or in
   * the blocks of which this is the last.
   * @returns whether it was one of this association, protected as agreed
   * @throws DlmsError `DLMS_NOT_ASSOCIATED`, `DLMS_MALFORMED`
   */
  receiveNotification(apdu: Uint8Array): Promise<boolean> {
    return this.#conversation.exclusively(() => this.#conversation.takeUnasked(apdu))
  }

  get #numbering() {
    const hasLists = conforms(this.#conversation.requireAssociation().info.conformance, 'multiple-references')
    return { hasLists, nextId: () => this.#conversation.nextInvokeId() & 0x0f }
  }
}

function getResultOf(result: GetDataResult): GetResult {
  if ('data' in result) return { ok: true, data: result.data }
  return { ok: false, result: dataAccessResultName(result.accessResult) ?? result.accessResult }
}

function setResultOf(code: number): SetResult {
  return code === 0 ? { ok: true } : { ok: false, result: dataAccessResultName(code) ?? code }
}

function actionOutcomeOf({ result, returned }: ActionAnswer): ActionItemResult {
  if (result !== 0) return { ok: false, result: actionResultName(result) ?? result }
  if (returned === undefined) return { ok: true, data: undefined }
  if ('data' in returned) return { ok: true, data: returned.data }
  // Some servers return "no data" as a result of success.
  if (returned.accessResult === 0) return { ok: true, data: undefined }
  return { ok: false, result: dataAccessResultName(returned.accessResult) ?? returned.accessResult }
}
