import type { SelectiveAccess } from '../apdu/references.ts'
import type { ActionResult, DataAccessResult } from '../apdu/results.ts'
import type { CosemData } from '../cosem/cosem-data.ts'
import type { AssociationConfig, AssociationUser } from '../server/server-options.ts'
import type { StreamedArray } from './streamed-array.ts'

/** Who asks: the association the request came through. */
export interface Caller {
  readonly association: AssociationConfig
  readonly clientSap: number
  readonly serverSap: number
  /** Known in ciphered associations. */
  readonly clientSystemTitle: Uint8Array | undefined
  /** The one the client has named, of the association's users. */
  readonly user?: AssociationUser | undefined
  /** Negotiated conformance (24 bits) and PDU sizes. */
  readonly conformance: number
  readonly clientMaxPduBytes: number
  readonly serverMaxPduBytes: number
  /** What was proved of this request: authenticated, encrypted, signed; see `protections`. */
  readonly protection: number
  /** Asks for at least this protection of the answer. */
  demandOfAnswer(protection: number): void
  /** Runs when the answer to this request was protected: new keys must not be in it yet. */
  afterAnswer(act: () => Promise<void>): void
  /** Whether anyone is in this association now, on any connection. */
  isAssociated(association: AssociationConfig): boolean
}

/** A value, or one that comes in pieces. */
export type AttributeAnswer = CosemData | StreamedArray | AccessRefusal

/** A read or write answered with a data-access-result instead of a value. */
export interface AccessRefusal {
  readonly refused: Exclude<DataAccessResult, 'success'>
}

export interface ActionOutcome {
  readonly result: ActionResult
  readonly data?: CosemData
}

export type AccessKind = 'read' | 'write' | 'invoke'

type Awaitable<T> = T | Promise<T>

/**
 * One COSEM object on a server. The server has checked the class, the index range and the access rights of the
 * association before it calls; a throw becomes `other-reason` for the client and an `object-failed` event.
 */
export interface CosemObject {
  readonly classId: number
  readonly version: number
  /** `1.0.1.8.0.255` */
  readonly logicalName: string
  readonly attributeCount: number
  readonly methodCount: number
  /** What the object can do at all, whatever the rights; attributes read by default, all else not. */
  supports?(kind: AccessKind, index: number): boolean
  read(attributeIndex: number, selection: SelectiveAccess | undefined, caller: Caller): Awaitable<AttributeAnswer>
  write?(attributeIndex: number, value: CosemData, caller: Caller): Awaitable<AccessRefusal | undefined>
  invoke?(methodIndex: number, parameter: CosemData | undefined, caller: Caller): Awaitable<ActionOutcome>
}

export function isAccessRefusal(answer: AttributeAnswer): answer is AccessRefusal {
  return 'refused' in answer
}

export function supportsAccess(object: CosemObject, kind: AccessKind, index: number): boolean {
  return object.supports === undefined ? kind === 'read' : object.supports(kind, index)
}
