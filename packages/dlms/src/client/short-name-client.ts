import { concatBytes } from '@gridcard/bytes'
import { emitXdlms, parseXdlms, type XdlmsApdu } from '../apdu/apdu.ts'
import { apduTags } from '../apdu/apdu-tags.ts'
import { conforms } from '../apdu/conformance.ts'
import { readList } from '../apdu/fields.ts'
import { vaaNameSn } from '../apdu/initiate.ts'
import type { AttributeRef, MethodRef, SelectiveAccess } from '../apdu/references.ts'
import { dataAccessResultName } from '../apdu/results.ts'
import type { ReadResult, VariableAccess } from '../apdu/short-name.ts'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { parseData, readData } from '../cosem/data-codec.ts'
import { logicalNameText } from '../cosem/obis-code.ts'
import { DlmsError } from '../errors.ts'
import { parseExactly } from '../malformed.ts'
import { isSameForm } from '../security/protection-layers.ts'
import { isRefusal } from '../security/security-module.ts'
import { requireSecurable } from './ciphering-options.ts'
import type { AssociationInfo, DlmsClientOptions } from './dlms-client.ts'
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

export type ReadOutcome =
  | { readonly ok: true; readonly data: CosemData }
  | { readonly ok: false; readonly result: string | number }

const DEFAULT_MAX_VALUE_BYTES = 4 * 1024 * 1024
const BYTES_PER_NAME = 8
const OBJECT_LIST = vaaNameSn + BYTES_PER_NAME

/**
 * The client of one association with a meter that knows short names only. `read` and `write` take names as the wire has
 * them; `get`, `set` and `action` take logical names and look the short ones up in the meter's object list, which is read once.
 * @source Green Book ed. 8 §9.3.14 to §9.3.17
 */
export class ShortNameClient {
  readonly #options: DlmsClientOptions
  readonly #maxPduBytes: number
  readonly #maxValueBytes: number
  #association: ClientAssociation | undefined
  #objects: readonly ShortNameObject[] | undefined
  #queue: Promise<unknown> = Promise.resolve()

  /** @throws DlmsError `DLMS_CONFIGURATION` when a mechanism or the ciphering lacks what it needs */
  constructor(options: DlmsClientOptions) {
    requireSecurable(options)
    this.#options = options
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
        maxPduBytes: this.#maxPduBytes,
        send: (apdu) => this.#options.transport.send(apdu),
        post: (apdu) => postUnanswered(this.#options.transport, apdu),
      })
      return this.#association.info
    })
  }

  /** Several variables in one request, each with its own answer; blocks are put together. */
  read(variables: readonly VariableAccess[]): Promise<readonly ReadOutcome[]> {
    return this.#exclusively(() => this.#read(variables))
  }

  /** @throws DlmsError `DLMS_ACCESS_REFUSED` for the first that is refused */
  write(items: readonly { readonly name: number; readonly value: CosemData }[]): Promise<void> {
    return this.#exclusively(() => this.#write(items))
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
    const fits = request.length <= info.serverMaxPduBytes
    if (isList && (!conforms(info.conformance, 'multiple-references') || !fits)) {
      const half = Math.ceil(variables.length / 2)
      return [...(await this.#read(variables.slice(0, half))), ...(await this.#read(variables.slice(half)))]
    }
    if (!fits)
      throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'request longer than the server takes', { bytes: request.length })
    const results = await this.#readResults(request)
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

  async #write(items: readonly { readonly name: number; readonly value: CosemData }[]): Promise<void> {
    const { info } = this.#requireAssociation()
    const variables = items.map(({ name }): VariableAccess => ({ kind: 'variable-name', name }))
    const request = emitXdlms({ kind: 'write-request', variables, values: items.map(({ value }) => value) })
    if (request.length > info.serverMaxPduBytes) {
      throw new DlmsError('DLMS_LIMIT_EXCEEDED', 'request longer than the server takes', { bytes: request.length })
    }
    const response = await this.#exchange(request)
    if (response.kind !== 'write-response' || response.results.length !== items.length) throw this.#unexpected()
    for (const [i, one] of response.results.entries()) {
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

  // ---- one request

  async #exchange(plaintext: Uint8Array): Promise<XdlmsApdu> {
    const { protection, layers } = this.#requireAssociation()
    const request = protection === undefined ? plaintext : await protection.protect(plaintext, layers)
    if (!(request instanceof Uint8Array)) throw this.#broken(refusalError(request))
    const answer = await this.#options.transport.send(request)
    // Not authenticated, so it can only be an error, never a value.
    if (answer[0] === apduTags['exception-response']) throw exceptionOf(answer)
    if (protection === undefined) return this.#served(parseXdlms(answer))
    const opened = await protection.unprotect(answer)
    if (isRefusal(opened)) throw this.#broken(refusalError(opened))
    if (!isSameForm(layers, opened.layers)) throw this.#broken(refusalError({ refused: 'not-permitted' }))
    return this.#served(parseXdlms(opened.plaintext))
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
