import type { CosemData } from '../cosem/cosem-data.ts'
import { buildObject } from './build-object.ts'
import type { AccessRefusal, Caller, CosemObject } from './cosem-object.ts'
import { interfaceClasses } from './interface-class-table.ts'

/** Class 1: one value. Without `write` it is read-only whatever the rights say. @source Blue Book ed. 14 §4.3.1 */
export function dataObject(parts: {
  readonly logicalName: string
  readonly value: (caller: Caller) => CosemData | AccessRefusal | Promise<CosemData | AccessRefusal>
  readonly write?: (value: CosemData, caller: Caller) => AccessRefusal | undefined | Promise<AccessRefusal | undefined>
}): CosemObject {
  return buildObject({
    interfaceClass: interfaceClasses.data,
    logicalName: parts.logicalName,
    attributes: { 2: { read: parts.value, write: parts.write } },
  })
}
