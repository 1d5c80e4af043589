import { concatBytes } from '@gridcard/bytes'
import { emitXdlms, parseXdlms, type XdlmsApdu } from '../apdu/apdu.ts'
import { apduTags } from '../apdu/apdu-tags.ts'
import { conforms } from '../apdu/conformance.ts'
import { readList } from '../apdu/fields.ts'
import { vaaNameSn } from '../apdu/initiate.ts'
import type { AttributeRef, MethodRef, SelectiveAccess } from '../apdu/references.ts'
import { dataAccessResultName } from '../apdu/results.ts'
import type {
  InformationReport,
  ReadResult,
  ShortBlock,
  VariableAccess,
  WriteRequest,
  WriteResult,
} from '../apdu/short-name.ts'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { parseData, readData } from '../cosem/data-codec.ts'
import { logicalNameText } from '../cosem/obis-code.ts'
import { DlmsError } from '../errors.ts'
import { parseExactly } from '../malformed.ts'
import { overheadBytesOf } from '../security/frame-protection.ts'
import { isSameForm } from '../security/protection-layers.ts'
import { isRefusal } from '../security/security-module.ts'
import { requireSecurable } from './ciphering-options.ts'
import type { AssociationInfo, DlmsClientOptions } from './client-options.ts'
import { postUnanswered } from './dlms-transport.ts'
import { type ClientAssociation, openAssociation } from './open-association.ts'
import { release as releaseAssociation } from './release.ts'
import { exceptionOf, refusalError } from './response-errors.ts'
import { firstMethodOffset } from './short-name-methods.ts'

/** One object of a meter with short names. */
export interface ShortNameObject {
  /** 0..0xFFF8; attribute n stands at `baseName + 8 (n - 1)`. */
  readonly baseName: number
  readonly classId: number
  readonly version: number
  readonly logicalName: string
}

export interface ShortNameClientOptions extends DlmsClientOptions {
  /**
   * Gets what the meter reports unasked in this association, protected as agreed; needs a transport with `next` and
   * `onWaiting`. Without it a report is an answer to the wrong question.
   */
  readonly onReport?: (report: InformationReport) => void
}

export interface ShortNameWrite {
  readonly name: number
  readonly value: CosemData
  /** Parameterised access: a part of the attribute. */
  readonly selection?: SelectiveAccess
}

export type ReadOutcome =
  | { readonly ok: true; readonly data: CosemData }
  | { readonly ok: false; readonly result: string | number }

const DEFAULT_MAX_VALUE_BYTES = 4 * 1024 * 1024
const BYTES_PER_NAME = 8
/** Tag, counts, choices, number, last-block and the longest length field of a block. */
const BLOCK_OVERHEAD_BYTES = 16
/** For the answer behind a report that came in between. */
const ANSWER_TIMEOUT_MS = 10_000
const OBJECT_LIST = vaaNameSn + BYTES_PER_NAME

/**
 * The client of one association with a meter that knows short names only. `read` and `write` take names as the wire has
 * them; `get`, `set` and `action` take logical names and look the short ones up in the meter's object list, which is read once.
 * @source Green Book ed. 8 §9.3.14 to §9.3.17
 */
export class ShortNameClient {
  readonly #options: ShortNameClientOptions
  readonly #maxPduBytes: number
  readonly #maxValueBytes: number
  #association: ClientAssociation | undefined
  #objects: readonly ShortNameObject[] | undefined
  #queue: Promise<unknown> = Promise.resolve()

  /** @throws DlmsError `DLMS_CONFIGURATION` when a mechanism or the ciphering lacks what it needs */
  constructor(options: ShortNameClientOptions) {
    requireSecurable(options)
    this.#options = options
    if (options.onReport !== undefined) {
      options.transport.onWaiting?.(() => void this.#exclusively(() => this.#hearUnasked()).catch(() => {}))
    }
    this.#maxPduBytes = options.maxPduBytes ?? 0xffff
    this.#maxValueBytes = options.maxValueBytes ?? DEFAULT_MAX_VALUE_BYTES
  }

  get isAssociated(): boolean {
    return this.#association !== undefined
  }

  /** @throws DlmsError as `DlmsClient.associate` */
  associate(): Promise<AssociationInfo> {
    return this.#exclusively(async () => {
      this.#leave()
      this.#objects = undefined
      this.#association = await openAssociation({
        ...this.#options,
        referencing: 'sn',
        hasPost: (this.#options.transport.postUnconfirmed ?? this.#options.transport.post) !== undefined,
        maxPduBytes: this.#maxPduBytes,
        send: (apdu) => this.#options.transport.send(apdu),
        post: (apdu) => postUnanswered(this.#options.transport, apdu),
      })
      return this.#association.info
    })
  }

  /**
   * Several variables in one request, each with its own answer; blocks are put together, and made where the request is
   * longer than the server takes.
   */
  read(variables: readonly VariableAccess[]): Promise<readonly ReadOutcome[]> {
    return this.#exclusively(() => this.#read(variables))
  }

  /** In blocks where it is longer than the server takes. @throws DlmsError `DLMS_ACCESS_REFUSED` for the first that is refused */
  write(items: readonly ShortNameWrite[]): Promise<void> {
    return this.#exclusively(() => this.#write(items))
  }

  /**
   * Writes without an answer; whether anything came of it is not known. Needs a transport with `post` or `postUnconfirmed`.
   * @throws DlmsError `DLMS_CONFIGURATION` where the meter has not agreed to it, `DLMS_LIMIT_EXCEEDED`
   */
  writeUnconfirmed(items: readonly ShortNameWrite[]): Promise<void> {
    return this.#exclusively(async () => {
      const { info, protection, layers } = this.#requireAssociation()
      if (!conforms(info.conformance, 'unconfirmed-write')) {
        throw new DlmsError('DLMS_CONFIGURATION', 'the meter has not agreed to unconfirmed writes')
      }
      const request = this.#requireFitting(emitXdlms(writeRequestOf(items, 'unconfirmed-write-request')))
      const secured = protection === undefined ? request : await protection.protect(request, layers)
      if (!(secured instanceof Uint8Array)) throw this.#broken(refusalError(secured))
      await postUnanswered(this.#options.transport, secured)
    })
  }

  /**
   * Takes an APDU that came by another way, and tells the listener of the report in it.
   * @returns whether it was one, protected as agreed
   */
  receiveReport(apdu: Uint8Array): Promise<boolean> {
    return this.#exclusively(() => this.#takeUnasked(apdu))
  }

  /** Every object of the meter with its base name; read once in an association. */
  objectList(): Promise<readonly ShortNameObject[]> {
    return this.#exclusively(() => this.#objectList())
  }

  /** @throws DlmsError `DLMS_ACCESS_REFUSED`, `object-undefined` for what the object list does not have */
  get(attribute: AttributeRef, selection?: SelectiveAccess): Promise<CosemData> {
    return this.#exclusively(async () => {
      const name = (await this.#find(attribute)).baseName + BYTES_PER_NAME * (attribute.attributeIndex - 1)
      const variable: VariableAccess =
        selection === undefined
          ? { kind: 'variable-name', name }
          : { kind: 'parameterized-access', name, selector: selection.selector, parameter: selection.parameters }
      return dataOf(await this.#read([variable]), { service: 'get', ...attribute })
    })
  }

  set(attribute: AttributeRef, value: CosemData): Promise<void> {
    return this.#exclusively(async () => {
      const name = (await this.#find(attribute)).baseName + BYTES_PER_NAME * (attribute.attributeIndex - 1)
      await this.#write([{ name, value }])
    })
  }

  /** A method is invoked by writing its parameter, and read for one that returns something. */
  action(
    method: MethodRef,
    parameter: CosemData = cosem.integer(0),
    o: { returns?: boolean } = {},
  ): Promise<CosemData | undefined> {
    return this.#exclusively(async () => {
      const { baseName, classId } = await this.#find(method)
      const first = firstMethodOffset.get(classId)
      if (first === undefined) {
        throw new DlmsError('DLMS_CONFIGURATION', `no short names are known for methods of class ${classId}`, {
          classId,
        })
      }
      const name = baseName + first + BYTES_PER_NAME * (method.methodIndex - 1)
      if (o.returns !== true) {
        await this.#write([{ name, value: parameter }])
        return undefined
      }
      const read = await this.#read([{ kind: 'parameterized-access', name, selector: 1, parameter }])
      return dataOf(read, { service: 'action', ...method })
    })
  }

  release(): Promise<void> {
    return this.#exclusively(async () => {
      const association = this.#association
      if (association === undefined) return
      this.#association = undefined
      try {
        await releaseAssociation(association, {
          send: (apdu) => this.#options.transport.send(apdu),
          post: (apdu) => postUnanswered(this.#options.transport, apdu),
        })
      } finally {
        association.protection?.close()
      }
    })
  }

  // ---- objects

  async #objectList(): Promise<readonly ShortNameObject[]> {
    if (this.#objects !== undefined) return this.#objects
    const list = dataOf(await this.#read([{ kind: 'variable-name', name: OBJECT_LIST }]), { service: 'object list' })
    this.#objects = objectsOf(list)
    return this.#objects
  }

  async #find({ classId, logicalName }: { classId: number; logicalName: string }): Promise<ShortNameObject> {
    const objects = await this.#objectList()
    const found = objects.find((one) => one.logicalName === logicalName && one.classId === classId)
    if (found !== undefined) return found
    const result = objects.some((one) => one.logicalName === logicalName)
      ? 'object-class-inconsistent'
      : 'object-undefined'
    throw new DlmsError('DLMS_ACCESS_REFUSED', `${logicalName}: ${result}`, { result, classId, logicalName })
  }

  // ---- READ

  async #read(variables: readonly VariableAccess[]): Promise<readonly ReadOutcome[]> {
    const { info } = this.#requireAssociation()
    const request = emitXdlms({ kind: 'read-request', variables })
    const isList = variables.length > 1
    const fits = request.length <= this.#room()
    if (isList && (!conforms(info.conformance, 'multiple-references') || !fits)) {
      const half = Math.ceil(variables.length / 2)
      return [...(await this.#read(variables.slice(0, half))), ...(await this.#read(variables.slice(half)))]
    }
    const hasBlocks = conforms(info.conformance, 'block-transfer-with-get-or-read')
    const results =
      fits || !hasBlocks
        ? await this.#readResults(this.#requireFitting(request))
        : await this.#readInBlocks(request.subarray(1))
    const first = results[0]
    const whole =
      results.length === 1 && first !== undefined && 'block' in first ? await this.#collect(first.block) : results
    if (whole.length !== variables.length) throw this.#unexpected()
    return whole.map((one) => this.#outcomeOf(one))
  }

  async #readResults(request: Uint8Array): Promise<readonly ReadResult[]> {
    const response = await this.#exchange(request)
    if (response.kind !== 'read-response') throw this.#unexpected()
    return response.results
  }

  /** @param list the list of variables, as it stands in the request */
  async #readInBlocks(list: Uint8Array): Promise<readonly ReadResult[]> {
    for (const block of this.#blocksOf(list)) {
      const results = await this.#readResults(
        emitXdlms({ kind: 'read-request', variables: [{ kind: 'read-data-block-access', block }] }),
      )
      if (block.lastBlock || !isNextAsked(results, block)) return results
    }
    throw this.#unexpected()
  }

  /** @throws DlmsError `DLMS_LIMIT_EXCEEDED` for what is longer than blocks can carry */
  #blocksOf(octets: Uint8Array): readonly ShortBlock[] {
    const blockBytes = this.#room() - BLOCK_OVERHEAD_BYTES
    const count = Math.ceil(octets.length / Math.max(1, blockBytes))
    if (blockBytes < 1 || count > 0xffff) throw this.#tooLong(octets.length)
    return Array.from({ length: count }, (_unused, i) => ({
      lastBlock: i === count - 1,
      blockNumber: i + 1,
      rawData: octets.slice(i * blockBytes, (i + 1) * blockBytes),
    }))
  }

  async #collect(first: Extract<ReadResult, { block: unknown }>['block']): Promise<readonly ReadResult[]> {
    const parts: Uint8Array[] = []
    let bytes = 0
    for (let block = first; ; ) {
      const isNext = block.blockNumber === parts.length + 1 && (block.rawData.length > 0 || block.lastBlock)
      if (!isNext) throw this.#unexpected()
      bytes += block.rawData.length
      if (bytes > this.#maxValueBytes)
        throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'value longer than allowed', { bytes })
      parts.push(block.rawData)
      if (block.lastBlock) break
      const { blockNumber } = block
      const next = await this.#readResults(
        emitXdlms({ kind: 'read-request', variables: [{ kind: 'block-number-access', blockNumber }] }),
      )
      const [result] = next
      if (result === undefined || !('block' in result)) throw this.#unexpected()
      block = result.block
    }
    return readBlocks(concatBytes(...parts))
  }

  #outcomeOf(result: ReadResult): ReadOutcome {
    if ('data' in result) return { ok: true, data: result.data }
    if ('accessResult' in result) {
      return { ok: false, result: dataAccessResultName(result.accessResult) ?? result.accessResult }
    }
    throw this.#unexpected()
  }

  // ---- WRITE

  async #write(items: readonly ShortNameWrite[]): Promise<void> {
    const { info } = this.#requireAssociation()
    const request = emitXdlms(writeRequestOf(items, 'write-request'))
    const hasBlocks = conforms(info.conformance, 'block-transfer-with-set-or-write')
    const results =
      request.length <= this.#room() || !hasBlocks
        ? await this.#writeResults(this.#requireFitting(request))
        : await this.#writeInBlocks(request.subarray(1))
    if (results.length !== items.length) throw this.#unexpected()
    for (const [i, one] of results.entries()) {
      if ('ok' in one) continue
      if (!('accessResult' in one)) throw this.#unexpected()
      const result = dataAccessResultName(one.accessResult) ?? one.accessResult
      throw new DlmsError('DLMS_ACCESS_REFUSED', `write refused: ${result}`, {
        service: 'write',
        result,
        name: items[i]!.name,
      })
    }
  }

  async #writeResults(request: Uint8Array): Promise<readonly WriteResult[]> {
    const response = await this.#exchange(request)
    if (response.kind !== 'write-response') throw this.#unexpected()
    return response.results
  }

  /** @param lists variables and values, as they stand in the request */
  async #writeInBlocks(lists: Uint8Array): Promise<readonly WriteResult[]> {
    for (const block of this.#blocksOf(lists)) {
      const { lastBlock, blockNumber, rawData } = block
      const results = await this.#writeResults(
        emitXdlms({
          kind: 'write-request',
          variables: [{ kind: 'write-data-block-access', lastBlock, blockNumber }],
          values: [cosem.octetString(rawData)],
        }),
      )
      if (lastBlock) return results
      if (!isNextAsked(results, block)) throw this.#endedEarly(results)
    }
    throw this.#unexpected()
  }

  /** A refusal of a block is one of the whole. */
  #endedEarly([first]: readonly WriteResult[]): DlmsError {
    if (first === undefined || !('accessResult' in first)) return this.#unexpected()
    const result = dataAccessResultName(first.accessResult) ?? first.accessResult
    return new DlmsError('DLMS_ACCESS_REFUSED', `write refused: ${result}`, { service: 'write', result })
  }

  // ---- reports

  async #hearUnasked(): Promise<void> {
    const next = async () => this.#options.transport.next?.(0)
    for (let apdu = await next(); apdu !== undefined; apdu = await next()) await this.#takeUnasked(apdu)
  }

  /** What is no report of this association, or cannot be trusted, is passed over. */
  async #takeUnasked(apdu: Uint8Array): Promise<boolean> {
    const { protection } = this.#requireAssociation()
    const opened = protection === undefined ? { plaintext: apdu } : await protection.unprotect(apdu)
    return !isRefusal(opened) && this.#tellIfReport(opened.plaintext)
  }

  #tellIfReport(plaintext: Uint8Array): boolean {
    const { onReport } = this.#options
    if (onReport === undefined || plaintext[0] !== apduTags['information-report-request']) return false
    const report = parseXdlms(plaintext)
    if (report.kind !== 'information-report-request') return false
    onReport(report)
    return true
  }

  // ---- one request

  async #exchange(plaintext: Uint8Array): Promise<XdlmsApdu> {
    const { protection, layers } = this.#requireAssociation()
    const request = protection === undefined ? plaintext : await protection.protect(plaintext, layers)
    if (!(request instanceof Uint8Array)) throw this.#broken(refusalError(request))
    let answer = await this.#options.transport.send(request)
    for (;;) {
      // Not authenticated, so it can only be an error, never a value.
      if (answer[0] === apduTags['exception-response']) throw exceptionOf(answer)
      const opened = await protection?.unprotect(answer)
      if (opened !== undefined && isRefusal(opened)) throw this.#broken(refusalError(opened))
      const content = opened?.plaintext ?? answer
      if (!this.#tellIfReport(content)) {
        if (opened !== undefined && !isSameForm(layers, opened.layers)) {
          throw this.#broken(refusalError({ refused: 'not-permitted' }))
        }
        return this.#served(parseXdlms(content))
      }
      const next = await this.#options.transport.next?.(ANSWER_TIMEOUT_MS)
      if (next === undefined) throw this.#broken(new DlmsError('DLMS_TIMEOUT', 'no answer behind a report'))
      answer = next
    }
  }

  /** Octets that a plain request may have. */
  #room(): number {
    const { info, layers, protection } = this.#requireAssociation()
    return info.serverMaxPduBytes - overheadBytesOf(layers, protection?.suite)
  }

  #requireFitting(request: Uint8Array): Uint8Array {
    if (request.length <= this.#room()) return request
    throw this.#tooLong(request.length)
  }

  #tooLong(bytes: number): DlmsError {
    return new DlmsError('DLMS_LIMIT_EXCEEDED', 'request longer than the server takes', { bytes })
  }

  /** Meters with short names refuse a whole request with a confirmed-service-error. */
  #served(response: XdlmsApdu): XdlmsApdu {
    if (response.kind !== 'confirmed-service-error') return response
    const { service, errorClass, value } = response
    throw new DlmsError('DLMS_EXCEPTION_RESPONSE', 'the server refused the request', { service, errorClass, value })
  }

  #requireAssociation(): ClientAssociation {
    if (this.#association === undefined) throw new DlmsError('DLMS_NOT_ASSOCIATED', 'associate first')
    return this.#association
  }

  #unexpected(): DlmsError {
    return this.#broken(new DlmsError('DLMS_UNEXPECTED_RESPONSE', 'not the answer to this request'))
  }

  #broken(error: DlmsError): DlmsError {
    this.#leave()
    return error
  }

  #leave(): void {
    this.#association?.protection?.close()
    this.#association = undefined
  }

  #exclusively<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(act, act)
    this.#queue = turn.catch(() => {})
    return turn
  }
}

function writeRequestOf(items: readonly ShortNameWrite[], kind: WriteRequest['kind']): WriteRequest {
  const variables = items.map(({ name, selection }): VariableAccess => {
    if (selection === undefined) return { kind: 'variable-name', name }
    return { kind: 'parameterized-access', name, selector: selection.selector, parameter: selection.parameters }
  })
  return { kind, variables, values: items.map(({ value }) => value) }
}

/** The server has this block, and wants the next. */
const isNextAsked = (results: readonly (ReadResult | WriteResult)[], { blockNumber }: ShortBlock): boolean =>
  results.length === 1 && results.every((one) => 'blockNumber' in one && one.blockNumber === blockNumber)

/**
 * What the blocks of one answer are together: a list of results as a short answer has it, or, from servers that were met,
 * the value of the only variable by itself.
 */
function readBlocks(rawData: Uint8Array): readonly ReadResult[] {
  if (rawData[1] !== 0 && rawData[1] !== 1) return [{ data: parseData(rawData) }]
  try {
    return parseExactly('list of read results', rawData, (reader) =>
      readList(
        reader,
        (): ReadResult => (reader.u8() === 0 ? { data: readData(reader) } : { accessResult: reader.u8() }),
      ),
    )
  } catch (error) {
    if (!(error instanceof DlmsError)) throw error
    return [{ data: parseData(rawData) }]
  }
}

function dataOf(outcomes: readonly ReadOutcome[], place: Record<string, string | number>): CosemData {
  const [outcome] = outcomes
  if (outcome?.ok) return outcome.data
  const result = outcome?.result ?? 'other-reason'
  throw new DlmsError('DLMS_ACCESS_REFUSED', `${place['service']} refused: ${result}`, { ...place, result })
}

/** `object_list` of class 12: base name, class, version, logical name. @source Blue Book ed. 14 §4.4.3 */
function objectsOf(list: CosemData): readonly ShortNameObject[] {
  const malformed = () => new DlmsError('DLMS_MALFORMED', 'no list of objects with short names')
  if (list.type !== 'array') throw malformed()
  return list.value.map((entry): ShortNameObject => {
    if (entry.type !== 'structure') throw malformed()
    const [base, classId, version, name] = entry.value
    if (base?.type !== 'long' || classId?.type !== 'long-unsigned' || version?.type !== 'unsigned') throw malformed()
    if (name?.type !== 'octet-string' || name.value.length !== 6) throw malformed()
    const baseName = base.value & 0xffff
    return { baseName, classId: classId.value, version: version.value, logicalName: logicalNameText(name.value) }
  })
}
