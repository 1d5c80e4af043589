import { concatBytes } from '@gridcard/bytes'
import type { Aarq } from '../apdu/acse.ts'
import type { MechanismName } from '../apdu/acse-names.ts'
import { type ActionAnswer, readActionResult } from '../apdu/action.ts'
import { emitXdlms, parseXdlms, type XdlmsApdu } from '../apdu/apdu.ts'
import { apduTags } from '../apdu/apdu-tags.ts'
import { conforms } from '../apdu/conformance.ts'
import type { DataNotification, EventNotification } from '../apdu/data-notification.ts'
import { type AttributeSelection, type GetDataResult, readGetDataResult, readList } from '../apdu/fields.ts'
import type { GeneralBlockTransfer } from '../apdu/general-block-transfer.ts'
import type { GetRequest, GetResponse } from '../apdu/get.ts'
import type { AttributeRef, MethodRef, SelectiveAccess } from '../apdu/references.ts'
import { type ActionResult, actionResultName, type DataAccessResult, dataAccessResultName } from '../apdu/results.ts'
import { largestWindow } from '../block-transfer/block-limits.ts'
import { isUnconfirmedBlock, UnconfirmedBlocks } from '../block-transfer/unconfirmed-blocks.ts'
import type { AssociationCertificates } from '../certificates/association-certificates.ts'
import { ArrayElements } from '../cosem/array-elements.ts'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { emitData, parseData } from '../cosem/data-codec.ts'
import { DlmsError } from '../errors.ts'
import { parseExactly } from '../malformed.ts'
import { type OpenedFrame, overheadBytesOf, type ProtectionLayers } from '../security/frame-protection.ts'
import { isSameForm, withGeneralTags } from '../security/protection-layers.ts'
import { isRefusal, type SecurityModule, type SecurityRefusal } from '../security/security-module.ts'
import { type BlockExchangeOptions, collectBlocks, exchangeInBlocks } from './block-exchange.ts'
import { type CipheringOptions, requireSecurable } from './ciphering-options.ts'
import { type DlmsTransport, postUnanswered } from './dlms-transport.ts'
import { type ClientAssociation, openAssociation } from './open-association.ts'
import { release as releaseAssociation } from './release.ts'
import { exceptionOf, refusalError } from './response-errors.ts'
import { accessRequestOf, unconfirmedActions, unconfirmedSets } from './unconfirmed-requests.ts'

export interface DlmsClientOptions {
  readonly transport: Omit<DlmsTransport, 'close'>
  /**
   * `none`: public client. `lls`: mechanism 1 for old meters; the password goes over the line in clear. `hls` to
   * `hls-ecdsa` are mechanisms 2 to 7; `hls-md5` and `hls-sha1` need `allowsBrokenHashes`.
   */
  readonly mechanism: MechanismName
  /**
   * What every APDU of a ciphered association is protected with; `false` for one that is not ciphered, `{}` for suite 0,
   * authenticated and encrypted. Default: `{}` with `hls-gmac`, `hls-sha256` and `hls-ecdsa`, `false` with the others.
   */
  readonly ciphering?: CipheringOptions | false
  /** Mechanisms 3 and 4 trust hashes that are broken. Default false. */
  readonly allowsBrokenHashes?: boolean
  /** Needed for `lls`, 1..64 octets. */
  readonly password?: Uint8Array
  /** Needed for every HLS mechanism and for ciphering. */
  readonly security?: SecurityModule
  readonly slot?: number
  /** The title the server must answer with, 8 bytes; needed where titles are proved, and for ciphering. */
  readonly serverSystemTitle?: Uint8Array
  /** Of suites 1 and 2: what the AARQ carries, and what one in the AARE is believed by. */
  readonly certificates?: AssociationCertificates
  /**
   * `false`: the AARQ says that no response is allowed, and has none; nothing is negotiated, and only unconfirmed services
   * pass. For broadcasts, without HLS. Default true.
   */
  readonly isConfirmed?: boolean
  /** The user of this client, 0..255, where the server keeps a list of them. */
  readonly userId?: number
  /** Other fields of the AARQ, for servers that ask for them. */
  readonly acse?: AcseFields
  /**
   * Offers general block transfer, for requests and answers longer than one APDU. Default false: some servers then use it
   * for everything.
   */
  readonly generalBlockTransfer?: boolean | BlockTransferOptions
  /**
   * Gets what the server sends unasked in this association, protected as agreed; needs a transport with `next` and
   * `onWaiting`. Without it such an APDU is an answer to the wrong question.
   */
  readonly onNotification?: (notification: DataNotification | EventNotification) => void
  /** Largest APDU this client takes, 64..65535, default 65535. */
  readonly maxPduBytes?: number
  /** Bound of one reassembled value, default 4 MiB. */
  readonly maxValueBytes?: number
}

/** What an AARQ may say besides; see `Aarq`. */
export type AcseFields = Pick<
  Aarq,
  | 'protocolVersion'
  | 'calledApTitle'
  | 'calledAeQualifier'
  | 'calledApInvocationId'
  | 'calledAeInvocationId'
  | 'apInvocationId'
  | 'implementationInformation'
>

/** How blocks of general block transfer go; they need a transport with `post` and `next`, else they go one by one. */
export interface BlockTransferOptions {
  /** Blocks the server may send in a row, 1..63; default 8. */
  readonly window?: number
  /** Silence after which blocks count as lost and are asked for again; default 1 s, over HDLC its timeout. */
  readonly quietMs?: number
  /** Silences in a row after which the transfer is given up, default 5. */
  readonly maxRetries?: number
}

/** What the server agreed to. */
export interface AssociationInfo {
  readonly conformance: number
  readonly serverMaxPduBytes: number
  readonly serverSystemTitle: Uint8Array | undefined
  /** X.509 in DER, as it came; believed only where there is `certificates.trust`. */
  readonly serverCertificate: Uint8Array | undefined
  readonly implementationInformation: Uint8Array | undefined
}

export type GetResult =
  | { readonly ok: true; readonly data: CosemData }
  | { readonly ok: false; readonly result: DataAccessResult | number }

export interface SetItem {
  readonly attribute: AttributeRef
  readonly value: CosemData
}

export type SetResult = { readonly ok: true } | { readonly ok: false; readonly result: DataAccessResult | number }

export interface ActionItem {
  readonly method: MethodRef
  readonly parameter?: CosemData
}

export type ActionItemResult =
  /** `data` is undefined when there is none. */
  | { readonly ok: true; readonly data: CosemData | undefined }
  | { readonly ok: false; readonly result: ActionResult | DataAccessResult | number }

/** `value` is what to set, or the parameter of an action. */
export type AccessItem =
  | ({ readonly service: 'get' } & AttributeSelection)
  | ({ readonly service: 'set'; readonly value: CosemData } & AttributeSelection)
  | { readonly service: 'action'; readonly method: MethodRef; readonly value?: CosemData }

export interface AccessOptions {
  /** What stands after a failure is not tried. Default false. */
  readonly breakOnError?: boolean
}

const DEFAULT_MAX_VALUE_BYTES = 4 * 1024 * 1024
/** For the answer behind a notification that came in between. */
const ANSWER_TIMEOUT_MS = 10_000
const notificationTags: ReadonlySet<number | undefined> = new Set([
  apduTags['data-notification'],
  apduTags['event-notification-request'],
])
const defaultBlocks: Required<BlockTransferOptions> = { window: 8, quietMs: 1000, maxRetries: 5 }
/** Bound of a request that goes in general block transfer. */
const MAX_BLOCKS_BYTES = 65_536
/** Confirmed service, high priority; the invoke id goes in the low nibble. */
const CONFIRMED_HIGH = 0xc0
/** Largest header before the data of a SET or ACTION block: tag, choice, invoke id, last-block, number, length. */
const BLOCK_HEADER_BYTES = 1 + 1 + 1 + 1 + 4 + 3

/**
 * The client of one association. Calls made at the same time wait for each other. When an answer is not protected as
 * agreed, or not the answer to the request, the association is over: `associate` again, best on a new connection. An
 * answer that is genuine but does not parse (DLMS_MALFORMED; meters have such objects) costs only its request.
 */
export class DlmsClient {
  readonly #options: DlmsClientOptions
  readonly #maxPduBytes: number
  readonly #maxValueBytes: number
  readonly #blocks: Required<BlockTransferOptions>
  #association: ClientAssociation | undefined
  #invokeId = 0
  /** Of a notification that comes in blocks. */
  readonly #unaskedBlocks: UnconfirmedBlocks
  /** An APDU that was opened to see whether it is a notification. */
  #opened: { readonly apdu: Uint8Array; readonly opened: OpenedFrame | SecurityRefusal } | undefined
  #queue: Promise<unknown> = Promise.resolve()

  /** @throws DlmsError `DLMS_CONFIGURATION` when a mechanism or the ciphering lacks what it needs */
  constructor(options: DlmsClientOptions) {
    requireSecurable(options)
    if (options.isConfirmed === false && options.mechanism.startsWith('hls')) {
      throw new DlmsError('DLMS_CONFIGURATION', `${options.mechanism} needs answers`)
    }
    this.#options = options
    this.#maxPduBytes = options.maxPduBytes ?? 0xffff
    this.#maxValueBytes = options.maxValueBytes ?? DEFAULT_MAX_VALUE_BYTES
    this.#unaskedBlocks = new UnconfirmedBlocks(this.#maxValueBytes)
    const blocks = typeof options.generalBlockTransfer === 'object' ? options.generalBlockTransfer : {}
    const { quietMs = defaultBlocks.quietMs } = options.transport
    this.#blocks = { ...defaultBlocks, quietMs, ...blocks }
    const { window } = this.#blocks
    if (options.onNotification !== undefined) {
      options.transport.onWaiting?.(() => void this.#exclusively(() => this.#hearUnasked()).catch(() => {}))
    }
    if (!Number.isInteger(window) || window < 1 || window > largestWindow) {
      throw new DlmsError('DLMS_CONFIGURATION', 'a window of general block transfer is 1..63')
    }
  }

  get isAssociated(): boolean {
    return this.#association !== undefined
  }

  /**
   * Opens the association; both ends have proved themselves when it resolves.
   * @throws DlmsError `DLMS_ASSOCIATION_REFUSED` (place: result, diagnostic), `DLMS_AUTHENTICATION_FAILED`,
   * `DLMS_REPLAYED`, `DLMS_UNPROTECTED_RESPONSE`, `DLMS_UNEXPECTED_RESPONSE`, `DLMS_SECURITY_REFUSED`, transport errors
   */
  associate(): Promise<AssociationInfo> {
    return this.#exclusively(async () => {
      this.#leave()
      this.#association = await openAssociation({
        ...this.#options,
        maxPduBytes: this.#maxPduBytes,
        send: (apdu) => this.#send(apdu),
        post: (apdu) => this.#postUnanswered(apdu),
      })
      return this.#association.info
    })
  }

  /**
   * One attribute, whole or a part of it; blocks are put together.
   * @throws DlmsError `DLMS_ACCESS_REFUSED` with `place.result`, `DLMS_EXCEPTION_RESPONSE`, `DLMS_LIMIT_EXCEEDED`
   */
  get(attribute: AttributeRef, selection?: SelectiveAccess): Promise<CosemData> {
    return this.#exclusively(async () => {
      const result = await this.#get({ attribute, selection })
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
    const held = this.#exclusively(() => {
      turn.resolve()
      return end.promise
    })
    await turn.promise
    try {
      yield* this.#elements({ attribute, selection })
    } finally {
      end.resolve()
      await held
    }
  }

  /** Several attributes, each with its own answer; in one request where the server takes that. */
  getWithList(items: readonly AttributeSelection[]): Promise<GetResult[]> {
    return this.#exclusively(async () => (await this.#getList(items)).map(getResultOf))
  }

  /** @throws DlmsError `DLMS_ACCESS_REFUSED` with `place.result`, `DLMS_EXCEPTION_RESPONSE`, `DLMS_LIMIT_EXCEEDED` */
  set(attribute: AttributeRef, value: CosemData): Promise<void> {
    return this.#exclusively(async () => {
      const result = await this.#set(attribute, value)
      if (result !== 0) throw accessRefused('set', attribute, result)
    })
  }

  /**
   * Gives what the method returned, undefined for nothing.
   * @throws DlmsError `DLMS_ACTION_REFUSED` with `place.result`, `DLMS_EXCEPTION_RESPONSE`, `DLMS_LIMIT_EXCEEDED`
   */
  action(method: MethodRef, parameter?: CosemData): Promise<CosemData | undefined> {
    return this.#exclusively(async () => {
      const outcome = actionOutcomeOf(await this.#action(method, parameter))
      if (outcome.ok) return outcome.data
      throw actionRefused(method, outcome.result)
    })
  }

  /** Several attributes, each with its own answer; in one request, or blocks of one, where the server takes that. */
  setWithList(items: readonly SetItem[]): Promise<SetResult[]> {
    return this.#exclusively(async () => (await this.#setList(items)).map(setResultOf))
  }

  /** Several methods, each with its own answer; in one request where the server takes that. */
  actionWithList(items: readonly ActionItem[]): Promise<ActionItemResult[]> {
    return this.#exclusively(async () => (await this.#actionList(items)).map(actionOutcomeOf))
  }

  /**
   * Gets, sets and actions in one request, each with its own answer. Ciphered, it goes in a general form.
   * @throws DlmsError `DLMS_CONFIGURATION` where the server has not agreed to ACCESS
   */
  access(items: readonly AccessItem[], options: AccessOptions = {}): Promise<ActionItemResult[]> {
    return this.#exclusively(() => this.#access(items, options))
  }

  /**
   * Writes without an answer; whether anything came of it is not known. Without a list the items go one by one. Needs a
   * transport with `post` or `postUnconfirmed`, as all unconfirmed services do.
   * @throws DlmsError `DLMS_LIMIT_EXCEEDED` for what does not fit one APDU, `DLMS_CONFIGURATION`
   */
  setUnconfirmed(items: readonly SetItem[]): Promise<void> {
    return this.#exclusively(() => this.#tellAll(unconfirmedSets(items, this.#numbering)))
  }

  /** Invokes methods without an answer. @throws DlmsError as `setUnconfirmed` */
  actionUnconfirmed(items: readonly ActionItem[]): Promise<void> {
    return this.#exclusively(() => this.#tellAll(unconfirmedActions(items, this.#numbering)))
  }

  /** Sets and actions in one request without an answer. @throws DlmsError as `setUnconfirmed` */
  accessUnconfirmed(items: readonly AccessItem[], options: AccessOptions = {}): Promise<void> {
    return this.#exclusively(async () => {
      const { layers } = this.#requireAccess()
      const id = this.#nextInvokeId() & 0x0f
      const request = emitXdlms(accessRequestOf(items, { ...options, isConfirmed: false, id }))
      const general = withGeneralTags(layers)
      await this.#tell(this.#requireFitting(request, this.#roomIn(general)), general)
    })
  }

  /** Leaves the association; the transport stays open. Without one there is nothing to do. */
  release(): Promise<void> {
    return this.#exclusively(async () => {
      const association = this.#association
      if (association === undefined) return
      this.#association = undefined
      try {
        await releaseAssociation(association, {
          send: (apdu) => this.#send(apdu),
          post: (apdu) => this.#postUnanswered(apdu),
        })
      } finally {
        association.protection?.close()
      }
    })
  }

  // ---- GET

  async #get(item: AttributeSelection): Promise<GetDataResult> {
    const invokeIdAndPriority = this.#nextInvokeId()
    const response = await this.#requestGet({ kind: 'get-request-normal', invokeIdAndPriority, ...item })
    switch (response.kind) {
      case 'get-response-normal':
        return response.result
      case 'get-response-with-datablock': {
        const rawData = await this.#collect(response)
        return typeof rawData === 'number' ? { accessResult: rawData } : { data: parseData(rawData) }
      }
      default:
        throw this.#unexpected(response)
    }
  }

  async *#elements(item: AttributeSelection): AsyncGenerator<CosemData, void, undefined> {
    const refused = (code: number) => accessRefused('get', item.attribute, code)
    const response = await this.#requestGet({
      kind: 'get-request-normal',
      invokeIdAndPriority: this.#nextInvokeId(),
      ...item,
    })
    if (response.kind === 'get-response-normal') {
      if ('accessResult' in response.result) throw refused(response.result.accessResult)
      const { data } = response.result
      if (data.type !== 'array' && data.type !== 'compact-array') throw noArray(data.type)
      yield* data.value
      return
    }
    if (response.kind !== 'get-response-with-datablock') throw this.#unexpected(response)
    const elements = new ArrayElements(this.#maxValueBytes)
    for await (const rawData of this.#blocksOf(response)) {
      if (typeof rawData === 'number') throw refused(rawData)
      const whole = elements.push(rawData)
      if (whole === undefined) throw noArray('another type')
      yield* whole
    }
    elements.end()
  }

  async #getList(items: readonly AttributeSelection[]): Promise<readonly GetDataResult[]> {
    const { info } = this.#requireAssociation()
    const results: GetDataResult[] = []
    if (items.length <= 1 || !conforms(info.conformance, 'multiple-references')) {
      for (const item of items) results.push(await this.#get(item))
      return results
    }
    const invokeIdAndPriority = this.#nextInvokeId()
    const request = { kind: 'get-request-with-list', invokeIdAndPriority, items } as const
    if (emitXdlms(request).length > this.#room()) {
      const half = Math.ceil(items.length / 2)
      return [...(await this.#getList(items.slice(0, half))), ...(await this.#getList(items.slice(half)))]
    }
    return this.#listResults(await this.#requestGet(request), items.length)
  }

  async #listResults(response: GetResponse, count: number): Promise<readonly GetDataResult[]> {
    const results = await this.#resultsOf(response, count)
    if (results.length !== count) throw this.#unexpected(response)
    return results
  }

  async #resultsOf(response: GetResponse, count: number): Promise<readonly GetDataResult[]> {
    if (response.kind === 'get-response-with-list') return response.results
    const refusedWhole = (accessResult: number) =>
      Array.from({ length: count }, (): GetDataResult => ({ accessResult }))
    if (response.kind === 'get-response-normal') {
      if ('data' in response.result) throw this.#unexpected(response)
      return refusedWhole(response.result.accessResult)
    }
    const rawData = await this.#collect(response)
    if (typeof rawData === 'number') return refusedWhole(rawData)
    return parseExactly('list of results', rawData, (reader) => readList(reader, () => readGetDataResult(reader)))
  }

  async #requestGet(request: GetRequest): Promise<GetResponse> {
    const response = await this.#invoke(this.#requireFitting(emitXdlms(request)), request.invokeIdAndPriority)
    if (!isGetResponse(response)) throw this.#unexpected(response)
    return response
  }

  /** All blocks from the first on, put together; a number is the data-access-result that ended it. */
  async #collect(first: Extract<GetResponse, { kind: 'get-response-with-datablock' }>): Promise<Uint8Array | number> {
    const parts: Uint8Array[] = []
    let bytes = 0
    for await (const rawData of this.#blocksOf(first)) {
      if (typeof rawData === 'number') return rawData
      bytes += rawData.length
      if (bytes > this.#maxValueBytes)
        throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'value longer than allowed', { bytes })
      parts.push(rawData)
    }
    return concatBytes(...parts)
  }

  /** One block after the other, asked for when it is wanted; a number is the data-access-result that ends it. */
  async *#blocksOf(
    first: Extract<GetResponse, { kind: 'get-response-with-datablock' }>,
  ): AsyncGenerator<Uint8Array | number, void, undefined> {
    let block = first
    for (let number = 1; ; number++) {
      if ('accessResult' in block.result) {
        yield block.result.accessResult
        return
      }
      const { rawData } = block.result
      // Blocks in order, and each but the last with something in it, or the server could keep us here for ever.
      if (block.blockNumber !== number || (rawData.length === 0 && !block.lastBlock)) throw this.#unexpected(block)
      yield rawData
      if (block.lastBlock) return
      const { invokeIdAndPriority, blockNumber } = block
      const next = await this.#requestGet({ kind: 'get-request-next', invokeIdAndPriority, blockNumber })
      if (next.kind !== 'get-response-with-datablock') throw this.#unexpected(next)
      block = next
    }
  }

  // ---- SET

  async #set(attribute: AttributeRef, value: CosemData): Promise<number> {
    const invokeIdAndPriority = this.#nextInvokeId()
    const { info } = this.#requireAssociation()
    const whole = emitXdlms({ kind: 'set-request-normal', invokeIdAndPriority, attribute, value })
    if (whole.length > this.#room() && conforms(info.conformance, 'block-transfer-with-set-or-write')) {
      return this.#setInBlocks(attribute, emitData(value), invokeIdAndPriority)
    }
    const response = await this.#invoke(this.#requireFitting(whole, this.#roomInBlocks()), invokeIdAndPriority)
    if (response.kind !== 'set-response-normal') throw this.#unexpected(response)
    return response.result
  }

  async #setInBlocks(attribute: AttributeRef, rawData: Uint8Array, invokeIdAndPriority: number): Promise<number> {
    // The first block also names the attribute: two octets of class, six of name, index and an absent selection.
    const blockBytes = this.#room() - BLOCK_HEADER_BYTES - 10
    if (blockBytes < 1) throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'no room for a block')
    for (let blockNumber = 1, offset = 0; ; blockNumber++, offset += blockBytes) {
      const lastBlock = offset + blockBytes >= rawData.length
      const block = { lastBlock, blockNumber, rawData: rawData.slice(offset, offset + blockBytes) }
      const request =
        blockNumber === 1
          ? ({ kind: 'set-request-with-first-datablock', invokeIdAndPriority, attribute, block } as const)
          : ({ kind: 'set-request-with-datablock', invokeIdAndPriority, block } as const)
      const response = await this.#invoke(emitXdlms(request), invokeIdAndPriority)
      if (response.kind === 'set-response-last-datablock') return response.result
      // A server may also end a transfer it gives up with the plain form.
      if (response.kind === 'set-response-normal' && response.result !== 0) return response.result
      if (response.kind !== 'set-response-datablock' || response.blockNumber !== blockNumber || lastBlock) {
        throw this.#unexpected(response)
      }
    }
  }

  async #setList(items: readonly SetItem[]): Promise<readonly number[]> {
    const { info } = this.#requireAssociation()
    if (items.length <= 1 || !conforms(info.conformance, 'multiple-references')) {
      const results: number[] = []
      for (const { attribute, value } of items) results.push(await this.#set(attribute, value))
      return results
    }
    const invokeIdAndPriority = this.#nextInvokeId()
    const values = items.map(({ value }) => value)
    const whole = emitXdlms({ kind: 'set-request-with-list', invokeIdAndPriority, items, values })
    if (whole.length <= this.#room()) {
      const response = await this.#invoke(whole, invokeIdAndPriority)
      // A server may refuse the whole list with the plain form.
      if (response.kind === 'set-response-normal' && response.result !== 0) return items.map(() => response.result)
      if (response.kind !== 'set-response-with-list' || response.results.length !== items.length) {
        throw this.#unexpected(response)
      }
      return response.results
    }
    // Too long for one request: halves cost no more exchanges than blocks, and every server takes them.
    const half = Math.ceil(items.length / 2)
    return [...(await this.#setList(items.slice(0, half))), ...(await this.#setList(items.slice(half)))]
  }

  // ---- ACTION

  async #action(method: MethodRef, parameter: CosemData | undefined): Promise<ActionAnswer> {
    const { info } = this.#requireAssociation()
    const invokeIdAndPriority = this.#nextInvokeId()
    const whole = emitXdlms({ kind: 'action-request-normal', invokeIdAndPriority, method, parameter })
    const hasBlocks = conforms(info.conformance, 'block-transfer-with-action')
    const response =
      whole.length > this.#room() && hasBlocks && parameter !== undefined
        ? await this.#actionInBlocks(method, emitData(parameter), invokeIdAndPriority)
        : await this.#invoke(this.#requireFitting(whole, this.#roomInBlocks()), invokeIdAndPriority)
    if (response.kind === 'action-response-normal') return response
    if (response.kind !== 'action-response-with-pblock') throw this.#unexpected(response)
    const collected = await this.#collectAction(response)
    return isAnswer(collected)
      ? collected
      : parseExactly('ACTION answer', collected, (reader) => readActionResult(reader))
  }

  async #actionInBlocks(method: MethodRef, rawData: Uint8Array, invokeIdAndPriority: number): Promise<XdlmsApdu> {
    // The first block also names the method, in nine octets.
    const blockBytes = this.#room() - BLOCK_HEADER_BYTES - 9
    if (blockBytes < 1) throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'no room for a block')
    for (let blockNumber = 1, offset = 0; ; blockNumber++, offset += blockBytes) {
      const lastBlock = offset + blockBytes >= rawData.length
      const block = { lastBlock, blockNumber, rawData: rawData.slice(offset, offset + blockBytes) }
      const request =
        blockNumber === 1
          ? ({ kind: 'action-request-with-first-pblock', invokeIdAndPriority, method, block } as const)
          : ({ kind: 'action-request-with-pblock', invokeIdAndPriority, block } as const)
      const response = await this.#invoke(emitXdlms(request), invokeIdAndPriority)
      if (response.kind !== 'action-response-next-pblock') return response
      if (response.blockNumber !== blockNumber || lastBlock) throw this.#unexpected(response)
    }
  }

  /** All blocks from the first on, or the answer that ended it. */
  async #collectAction(
    first: Extract<XdlmsApdu, { kind: 'action-response-with-pblock' }>,
  ): Promise<Uint8Array | ActionAnswer> {
    const parts: Uint8Array[] = []
    let bytes = 0
    let response = first
    for (;;) {
      const { lastBlock, blockNumber, rawData } = response.block
      if (blockNumber !== parts.length + 1 || (rawData.length === 0 && !lastBlock)) throw this.#unexpected(response)
      bytes += rawData.length
      if (bytes > this.#maxValueBytes)
        throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'value longer than allowed', { bytes })
      parts.push(rawData)
      if (lastBlock) return concatBytes(...parts)
      const { invokeIdAndPriority } = response
      const request = { kind: 'action-request-next-pblock', invokeIdAndPriority, blockNumber } as const
      const next = await this.#invoke(emitXdlms(request), invokeIdAndPriority)
      if (next.kind === 'action-response-normal' && next.result !== 0) return next
      if (next.kind !== 'action-response-with-pblock') throw this.#unexpected(next)
      response = next
    }
  }

  async #actionList(items: readonly ActionItem[]): Promise<readonly ActionAnswer[]> {
    const { info } = this.#requireAssociation()
    if (items.length <= 1 || !conforms(info.conformance, 'multiple-references')) {
      const results: ActionAnswer[] = []
      for (const { method, parameter } of items) results.push(await this.#action(method, parameter))
      return results
    }
    const invokeIdAndPriority = this.#nextInvokeId()
    const methods = items.map(({ method }) => method)
    const parameters = items.map(({ parameter }) => parameter ?? cosem.nullData)
    const request = emitXdlms({ kind: 'action-request-with-list', invokeIdAndPriority, methods, parameters })
    if (request.length > this.#room()) {
      const half = Math.ceil(items.length / 2)
      return [...(await this.#actionList(items.slice(0, half))), ...(await this.#actionList(items.slice(half)))]
    }
    const response = await this.#invoke(request, invokeIdAndPriority)
    if (response.kind === 'action-response-normal' && response.result !== 0) return items.map(() => response)
    const results = await this.#actionResultsOf(response)
    if (results.length !== items.length) throw this.#unexpected(response)
    return results
  }

  async #actionResultsOf(response: XdlmsApdu): Promise<readonly ActionAnswer[]> {
    if (response.kind === 'action-response-with-list') return response.results
    if (response.kind !== 'action-response-with-pblock') throw this.#unexpected(response)
    const collected = await this.#collectAction(response)
    if (isAnswer(collected)) throw this.#unexpected(response)
    return parseExactly('list of ACTION answers', collected, (reader) =>
      readList(reader, () => readActionResult(reader)),
    )
  }

  // ---- ACCESS

  #requireAccess(): ClientAssociation {
    const association = this.#requireAssociation()
    if (conforms(association.info.conformance, 'access')) return association
    throw new DlmsError('DLMS_CONFIGURATION', 'the server has not agreed to ACCESS')
  }

  async #access(items: readonly AccessItem[], options: AccessOptions): Promise<ActionItemResult[]> {
    const { layers } = this.#requireAccess()
    const accessRequest = accessRequestOf(items, { ...options, isConfirmed: true, id: this.#nextInvokeId() & 0x0f })
    const { longInvokeIdAndPriority } = accessRequest
    const request = emitXdlms(accessRequest)
    const general = withGeneralTags(layers)
    const room = this.#roomInBlocks(general)
    const response = await this.#exchange(this.#requireFitting(request, room), general)
    const isOurs = response.kind === 'access-response' && response.longInvokeIdAndPriority === longInvokeIdAndPriority
    if (!isOurs || response.data.length !== items.length || response.results.length !== items.length) {
      throw this.#unexpected(response)
    }
    return response.results.map(({ service, result }, i): ActionItemResult => {
      if (service !== items[i]!.service) throw this.#unexpected(response)
      const data = response.data[i]!
      // A get has a value, though it be null-data; a set has none, and an action may have one.
      const hasData = service === 'get' || (service === 'action' && data.type !== 'null-data')
      if (result === 0) return { ok: true, data: hasData ? data : undefined }
      return { ok: false, result: (service === 'action' ? actionResultName : dataAccessResultName)(result) ?? result }
    })
  }

  // ---- requests without an answer

  get #numbering() {
    const hasLists = conforms(this.#requireAssociation().info.conformance, 'multiple-references')
    return { hasLists, nextId: () => this.#nextInvokeId() & 0x0f }
  }

  /** All are made, and fit, before the first goes out. */
  async #tellAll(requests: readonly XdlmsApdu[]): Promise<void> {
    const { layers } = this.#requireAssociation()
    const plaintexts = requests.map((request) => this.#requireFitting(emitXdlms(request)))
    for (const plaintext of plaintexts) await this.#tell(plaintext, layers)
  }

  async #tell(plaintext: Uint8Array, layers: ProtectionLayers): Promise<void> {
    const { protection } = this.#requireAssociation()
    const request = protection === undefined ? plaintext : await protection.protect(plaintext, layers)
    if (isRefusal(request)) throw this.#broken(refusalError(request))
    await this.#postUnanswered(request)
  }

  async #postUnanswered(apdu: Uint8Array): Promise<void> {
    try {
      await postUnanswered(this.#options.transport, apdu)
    } catch (error) {
      this.#leave()
      throw error
    }
  }

  // ---- one request

  /** The checked, parsed answer to a plain APDU of a service with a short invoke id. */
  async #invoke(plaintext: Uint8Array, invokeIdAndPriority: number): Promise<XdlmsApdu> {
    const response = await this.#exchange(plaintext, this.#requireAssociation().layers)
    const hasOwnId = 'invokeIdAndPriority' in response && response.invokeIdAndPriority === invokeIdAndPriority
    if (!hasOwnId) throw this.#unexpected(response)
    return response
  }

  /** Sends a plain APDU as the association demands; an exception is thrown. */
  async #exchange(plaintext: Uint8Array, layers: ProtectionLayers): Promise<XdlmsApdu> {
    const { protection, isConfirmed } = this.#requireAssociation()
    if (!isConfirmed) throw new DlmsError('DLMS_CONFIGURATION', 'an association without confirmation has no answers')
    const request = protection === undefined ? plaintext : await protection.protect(plaintext, layers)
    if (isRefusal(request)) throw this.#broken(refusalError(request))
    let answer = await this.#sendWhole(request)
    for (;;) {
      // Not authenticated, so it can only be an error, never a value.
      if (answer[0] === apduTags['exception-response']) throw exceptionOf(answer)
      const early = this.#opened?.apdu === answer ? this.#opened.opened : undefined
      this.#opened = undefined
      const opened = early ?? (await protection?.unprotect(answer))
      if (opened !== undefined && isRefusal(opened)) throw this.#broken(refusalError(opened))
      const content = opened?.plaintext ?? answer
      if (!this.#tellIfNotification(content)) {
        if (opened !== undefined && !isSameForm(layers, opened.layers)) {
          throw this.#broken(refusalError({ refused: 'not-permitted' }))
        }
        return parseXdlms(content)
      }
      answer = await this.#nextAnswer()
    }
  }

  /** Behind a notification that came in between. */
  async #answerBehind(): Promise<Uint8Array> {
    const answer = await this.#nextOfBlocks(ANSWER_TIMEOUT_MS)
    if (answer === undefined) throw this.#broken(new DlmsError('DLMS_TIMEOUT', 'no answer behind a notification'))
    return answer
  }

  async #nextAnswer(): Promise<Uint8Array> {
    const answer = await this.#answerBehind()
    return answer[0] === apduTags['general-block-transfer'] ? collectBlocks(answer, this.#blockExchange()) : answer
  }

  // ---- what nobody asked for

  /** @returns false for something else; then the listener has heard nothing */
  #tellIfNotification(plaintext: Uint8Array): boolean {
    const { onNotification } = this.#options
    if (onNotification === undefined || !notificationTags.has(plaintext[0])) return false
    const notification = parseXdlms(plaintext)
    const isOne = notification.kind === 'data-notification' || notification.kind === 'event-notification-request'
    if (isOne) onNotification(notification)
    return isOne
  }

  async #hearUnasked(): Promise<void> {
    for (let apdu = await this.#next(0); apdu !== undefined; apdu = await this.#next(0)) await this.#takeUnasked(apdu)
  }

  /** What is no notification of this association, or cannot be trusted, is passed over: it may be a late block. */
  async #takeUnasked(came: Uint8Array): Promise<boolean> {
    const { protection } = this.#requireAssociation()
    const block = unconfirmedBlockIn(came)
    const apdu = block === undefined ? came : this.#unaskedBlocks.take(block)
    if (apdu === undefined) return false
    const opened = protection === undefined ? { plaintext: apdu } : await protection.unprotect(apdu)
    return !isRefusal(opened) && this.#tellIfNotification(opened.plaintext)
  }

  /**
   * Takes an APDU that came by another way, in an HDLC UI frame say, and tells the listener of the notification in it, or in
   * the blocks of which this is the last.
   * @returns whether it was one of this association, protected as agreed
   * @throws DlmsError `DLMS_NOT_ASSOCIATED`, `DLMS_MALFORMED`
   */
  receiveNotification(apdu: Uint8Array): Promise<boolean> {
    return this.#exclusively(() => this.#takeUnasked(apdu))
  }

  /** In blocks where that was agreed on. */
  async #sendWhole(apdu: Uint8Array): Promise<Uint8Array> {
    const { info } = this.#requireAssociation()
    if (!conforms(info.conformance, 'general-block-transfer')) return this.#send(apdu)
    try {
      return await exchangeInBlocks(apdu, this.#blockExchange())
    } catch (error) {
      if (error instanceof DlmsError) throw this.#broken(error)
      throw error
    }
  }

  #blockExchange(): BlockExchangeOptions {
    const { transport } = this.#options
    const { post, next } = transport
    return {
      transport: {
        send: async (block) => {
          const answer = await this.#send(block)
          const isListening = this.#options.onNotification !== undefined
          if (!isListening || unconfirmedBlockIn(answer) === undefined) return answer
          await this.#takeUnasked(answer)
          return this.#answerBehind()
        },
        ...(post && { post: (block) => post.call(transport, block) }),
        ...(next && { next: (quietMs) => this.#nextOfBlocks(quietMs) }),
      },
      serverMaxPduBytes: this.#requireAssociation().info.serverMaxPduBytes,
      maxAnswerBytes: this.#maxValueBytes,
      ...this.#blocks,
    }
  }

  /** A notification that comes between blocks is told; anything else stays opened, for its counter counts once. */
  async #nextOfBlocks(quietMs: number): Promise<Uint8Array | undefined> {
    for (;;) {
      const apdu = await this.#next(quietMs)
      const isListening = this.#options.onNotification !== undefined
      if (apdu === undefined || !isListening || apdu[0] === apduTags['exception-response']) return apdu
      if (unconfirmedBlockIn(apdu) !== undefined) {
        await this.#takeUnasked(apdu)
        continue
      }
      if (apdu[0] === apduTags['general-block-transfer']) return apdu
      const { protection } = this.#requireAssociation()
      const opened = await protection?.unprotect(apdu)
      const isTold = (opened === undefined || !isRefusal(opened)) && this.#tellIfNotification(opened?.plaintext ?? apdu)
      if (isTold) continue
      this.#opened = opened && { apdu, opened }
      return apdu
    }
  }

  /** Nothing is longer than agreed. */
  async #next(quietMs: number): Promise<Uint8Array | undefined> {
    const apdu = await this.#options.transport.next?.(quietMs)
    if (apdu !== undefined) this.#requireAgreedLength(apdu)
    return apdu
  }

  async #send(apdu: Uint8Array): Promise<Uint8Array> {
    let answer: Uint8Array
    try {
      answer = await this.#options.transport.send(apdu)
    } catch (error) {
      this.#leave()
      throw error
    }
    this.#requireAgreedLength(answer)
    return answer
  }

  #requireAgreedLength({ length }: Uint8Array): void {
    if (length <= this.#maxPduBytes) return
    throw this.#broken(new DlmsError('DLMS_LIMIT_EXCEEDED', 'answer longer than agreed', { lengthBytes: length }))
  }

  /** Octets that a plain request may have. */
  #room(): number {
    return this.#roomIn(this.#requireAssociation().layers)
  }

  /** The same where one longer than the server takes goes in general block transfer. */
  #roomInBlocks(layers = this.#requireAssociation().layers): number {
    const { info } = this.#requireAssociation()
    const hasBlocks = conforms(info.conformance, 'general-block-transfer')
    return this.#roomIn(layers, hasBlocks ? MAX_BLOCKS_BYTES : info.serverMaxPduBytes)
  }

  #roomIn(layers: ProtectionLayers, most = this.#requireAssociation().info.serverMaxPduBytes): number {
    return most - overheadBytesOf(layers, this.#suite())
  }

  #suite() {
    return this.#requireAssociation().protection?.suite
  }

  #requireFitting(plaintext: Uint8Array, room = this.#room()): Uint8Array {
    if (plaintext.length <= room) return plaintext
    throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'request longer than the server takes', {
      lengthBytes: plaintext.length,
    })
  }

  #requireAssociation(): ClientAssociation {
    if (this.#association !== undefined) return this.#association
    throw new DlmsError('DLMS_NOT_ASSOCIATED', 'no association: associate first')
  }

  /** 1..15, so that an answer that is late by one is not taken for the next. */
  #nextInvokeId(): number {
    this.#invokeId = (this.#invokeId % 15) + 1
    return CONFIRMED_HIGH | this.#invokeId
  }

  #exclusively<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(act, act)
    this.#queue = result
    return result
  }

  #unexpected(response: XdlmsApdu): DlmsError {
    return this.#broken(
      new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'not the answer to the request', { kind: response.kind }),
    )
  }

  #broken(error: DlmsError): DlmsError {
    this.#leave()
    return error
  }

  #leave(): void {
    this.#association?.protection?.close()
    this.#association = undefined
  }
}

/** Undefined for anything but a block that nobody acknowledges, so one of a notification. */
function unconfirmedBlockIn(apdu: Uint8Array): GeneralBlockTransfer | undefined {
  if (apdu[0] !== apduTags['general-block-transfer']) return undefined
  try {
    const block = parseXdlms(apdu)
    return block.kind === 'general-block-transfer' && isUnconfirmedBlock(block) ? block : undefined
  } catch (error) {
    if (error instanceof DlmsError) return undefined
    throw error
  }
}

function isGetResponse(response: XdlmsApdu): response is GetResponse {
  return response.kind.startsWith('get-response')
}

function getResultOf(result: GetDataResult): GetResult {
  if ('data' in result) return { ok: true, data: result.data }
  return { ok: false, result: dataAccessResultName(result.accessResult) ?? result.accessResult }
}

const isAnswer = (collected: Uint8Array | ActionAnswer): collected is ActionAnswer => 'result' in collected

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

const noArray = (type: string): DlmsError =>
  new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'the value is no array', { type })

function accessRefused(service: 'get' | 'set', attribute: AttributeRef, code: number): DlmsError {
  const result = dataAccessResultName(code) ?? code
  return new DlmsError('DLMS_ACCESS_REFUSED', `${service} refused: ${result}`, { service, result, ...attribute })
}

function actionRefused(method: MethodRef, result: ActionResult | DataAccessResult | number): DlmsError {
  return new DlmsError('DLMS_ACTION_REFUSED', `action refused: ${result}`, { result, ...method })
}
