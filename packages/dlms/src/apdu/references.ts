import type { CosemData } from '../cosem/cosem-data.ts'

/** Which attribute of which object. `logicalName` as text, `1.0.1.8.0.255`. */
export interface AttributeRef {
  readonly classId: number
  readonly logicalName: string
  readonly attributeIndex: number
}

export interface MethodRef {
  readonly classId: number
  readonly logicalName: string
  readonly methodIndex: number
}

/** A part of an attribute; the class says what selector and parameters mean. */
export interface SelectiveAccess {
  readonly selector: number
  readonly parameters: CosemData
}
