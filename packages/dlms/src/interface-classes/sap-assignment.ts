import { fromAscii } from '@gridcard/bytes'
import { cosem } from '../cosem/cosem-data.ts'
import { buildObject } from './build-object.ts'
import type { CosemObject } from './cosem-object.ts'
import { interfaceClasses } from './interface-class-table.ts'

export interface LogicalDevice {
  readonly sap: number
  /** 16 characters at most: three letters of the maker and a number. */
  readonly name: string
}

/** Class 17: which logical devices live behind this address. @source Blue Book ed. 14 §4.4.5 */
export function sapAssignmentObject(parts: {
  readonly logicalName?: string
  readonly devices: () => readonly LogicalDevice[]
}): CosemObject {
  return buildObject({
    interfaceClass: interfaceClasses.sapAssignment,
    logicalName: parts.logicalName ?? '0.0.41.0.0.255',
    attributes: {
      2: {
        read: () =>
          cosem.array(
            parts
              .devices()
              .map(({ sap, name }) => cosem.structure(cosem.longUnsigned(sap), cosem.octetString(fromAscii(name)))),
          ),
      },
    },
  })
}
