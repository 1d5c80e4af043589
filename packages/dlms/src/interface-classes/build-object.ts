import type { SelectiveAccess } from '../apdu/references.ts'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { logicalNameBytes } from '../cosem/obis-code.ts'
import type { AccessKind, AccessRefusal, ActionOutcome, AttributeAnswer, Caller, CosemObject } from './cosem-object.ts'
import type { InterfaceClass } from './interface-class-table.ts'

type Awaitable<T> = T | Promise<T>

export interface AttributeHandler {
  read(caller: Caller, selection: SelectiveAccess | undefined): Awaitable<AttributeAnswer>
  write?: ((value: CosemData, caller: Caller) => Awaitable<AccessRefusal | undefined>) | undefined
  /** Whether `read` knows selective access; a selection is refused otherwise. */
  readonly isSelective?: true
}

export type MethodHandler = (parameter: CosemData | undefined, caller: Caller) => Awaitable<ActionOutcome>

/**
 * An object from its class and one handler per attribute and method that is there. Attribute 1 is always the logical
 * name; what has no handler is not supported and shows as no access in the object list.
 */
export function buildObject(parts: {
  readonly interfaceClass: InterfaceClass
  readonly logicalName: string
  readonly attributes: Readonly<Record<number, AttributeHandler>>
  readonly methods?: Readonly<Record<number, MethodHandler | undefined>>
}): CosemObject {
  const name = cosem.octetString(logicalNameBytes(parts.logicalName))
  const attributes: Readonly<Record<number, AttributeHandler>> = { ...parts.attributes, 1: { read: () => name } }
  const methods = parts.methods ?? {}
  return {
    classId: parts.interfaceClass.classId,
    version: parts.interfaceClass.version,
    logicalName: parts.logicalName,
    attributeCount: parts.interfaceClass.attributes.length,
    methodCount: parts.interfaceClass.methods.length,
    supports(kind: AccessKind, index: number): boolean {
      if (kind === 'invoke') return methods[index] !== undefined
      return kind === 'read' ? attributes[index] !== undefined : attributes[index]?.write !== undefined
    },
    read(index, selection, caller) {
      const attribute = attributes[index]
      if (attribute === undefined) return { refused: 'read-write-denied' }
      if (selection !== undefined && attribute.isSelective !== true) return { refused: 'scope-of-access-violated' }
      return attribute.read(caller, selection)
    },
    write(index, value, caller) {
      const write = attributes[index]?.write
      return write === undefined ? { refused: 'read-write-denied' } : write(value, caller)
    },
    invoke(index, parameter, caller) {
      const method = methods[index]
      return method === undefined ? { result: 'read-write-denied' } : method(parameter, caller)
    },
  }
}
