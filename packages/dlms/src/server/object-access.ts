import type { AttributeSelection } from '../apdu/fields.ts'
import type { MethodRef } from '../apdu/references.ts'
import type { ActionResult, DataAccessResult } from '../apdu/results.ts'
import type { CosemData } from '../cosem/cosem-data.ts'
import { emitData } from '../cosem/data-codec.ts'
import {
  type AccessKind,
  type AccessRefusal,
  type ActionOutcome,
  type Caller,
  type CosemObject,
  isAccessRefusal,
  supportsAccess,
} from '../interface-classes/cosem-object.ts'
import { isStreamedArray } from '../interface-classes/streamed-array.ts'
import { requestProtections, responseProtections, suffices } from '../security/security-policy.ts'
import { type LongValue, streamedValueOf } from './long-value.ts'
import type { SecurityEventKind } from './server-options.ts'

/** Bound of a stream that has to be whole. */
const DEFAULT_MOST_BYTES = 4 * 1024 * 1024

export const isStream = (answer: Uint8Array | LongValue | AccessRefusal): answer is LongValue => 'take' in answer

type Report = (kind: SecurityEventKind, reason: string) => void
type Refusal = Exclude<DataAccessResult, 'success'> & ActionResult

/** The objects of a server as one caller may see them. Rights and ranges are checked here, before an object is asked. */
export class ObjectAccess {
  readonly #objects: ReadonlyMap<string, readonly CosemObject[]>
  readonly #report: Report

  constructor(objects: ReadonlyMap<string, readonly CosemObject[]>, report: Report) {
    this.#objects = objects
    this.#report = report
  }

  /** The encoded value, so that one that does not fit its type is found out here; a stream is gathered, up to a bound. */
  async read(
    item: AttributeSelection,
    caller: Caller,
    mostBytes = DEFAULT_MOST_BYTES,
  ): Promise<Uint8Array | AccessRefusal> {
    const answer = await this.readLong(item, caller)
    if (!isStream(answer)) return answer
    return this.#guard(item.attribute.logicalName, { refused: 'other-reason' } as const, async () => {
      const { octets, isLast } = await answer.take(mostBytes)
      if (isLast) return octets
      answer.leave()
      return { refused: 'other-reason' } as const
    })
  }

  /** The encoded value, or one that is encoded as it goes out. */
  async readLong(
    { attribute, selection }: AttributeSelection,
    caller: Caller,
  ): Promise<Uint8Array | LongValue | AccessRefusal> {
    const { attributeIndex } = attribute
    const object = this.#permitted(attribute, attributeIndex, 'read', caller)
    if (typeof object === 'string') return { refused: object }
    return this.#guard(attribute.logicalName, { refused: 'other-reason' } as const, async () => {
      const answer = await object.read(attributeIndex, selection, caller)
      if (isAccessRefusal(answer)) return answer
      return isStreamedArray(answer) ? streamedValueOf(answer) : emitData(answer)
    })
  }

  /** An object that throws in the middle of its stream. */
  reportFailed(logicalName: string, error: unknown): void {
    this.#report('object-failed', `${logicalName}: ${error instanceof Error ? error.name : 'unknown'}`)
  }

  async write(
    { attribute, selection }: AttributeSelection,
    value: CosemData,
    caller: Caller,
  ): Promise<DataAccessResult> {
    const { attributeIndex } = attribute
    const object = this.#permitted(attribute, attributeIndex, 'write', caller)
    if (typeof object === 'string') return object
    if (selection !== undefined) return 'scope-of-access-violated'
    return this.#guard(attribute.logicalName, 'other-reason', async () => {
      const refusal = await object.write?.(attributeIndex, value, caller)
      return refusal?.refused ?? 'success'
    })
  }

  async invoke(method: MethodRef, parameter: CosemData | undefined, caller: Caller): Promise<ActionOutcome> {
    const object = this.#permitted(method, method.methodIndex, 'invoke', caller)
    if (typeof object === 'string') return { result: object }
    return this.#guard(method.logicalName, { result: 'other-reason' }, async () => {
      return (await object.invoke?.(method.methodIndex, parameter, caller)) ?? { result: 'read-write-denied' }
    })
  }

  #permitted(
    ref: { readonly classId: number; readonly logicalName: string },
    index: number,
    kind: AccessKind,
    caller: Caller,
  ): CosemObject | Refusal {
    const named = this.#objects.get(ref.logicalName)
    if (named === undefined) return 'object-undefined'
    const object = named.find(({ classId }) => classId === ref.classId)
    if (object === undefined) return 'object-class-inconsistent'
    const count = kind === 'invoke' ? object.methodCount : object.attributeCount
    if (index < 1 || index > count) return 'object-undefined'
    if (!caller.association.access(object, index, kind)) {
      this.#report('access-denied', `${kind} ${ref.classId} ${ref.logicalName} ${index}`)
      return 'read-write-denied'
    }
    if (!supportsAccess(object, kind, index)) return 'read-write-denied'
    const demanded = caller.association.protection?.(object, index, kind) ?? 0
    if (demanded === 0) return object
    if (!suffices(caller.protection, requestProtections(demanded))) {
      this.#report(
        'access-denied',
        `${kind} ${ref.classId} ${ref.logicalName} ${index} with less protection than it needs`,
      )
      return 'read-write-denied'
    }
    caller.demandOfAnswer(responseProtections(demanded))
    return object
  }

  async #guard<T>(logicalName: string, failed: T, act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      this.reportFailed(logicalName, error)
      return failed
    }
  }
}
