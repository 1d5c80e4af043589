import type { AttributeSelection } from '../apdu/fields.ts'
import type { AttributeRef, MethodRef } from '../apdu/references.ts'
import type { ActionResult, DataAccessResult } from '../apdu/results.ts'
import type { CosemData } from '../cosem/cosem-data.ts'

// What a client asks for, and what it is answered, one item of a list at a time.

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
