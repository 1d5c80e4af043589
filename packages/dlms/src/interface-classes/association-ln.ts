import { applicationContexts, mechanisms } from '../apdu/acse-names.ts'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { logicalNameBytes } from '../cosem/obis-code.ts'
import type { AssociationConfig } from '../server/server-options.ts'
import { buildObject } from './build-object.ts'
import { type AccessKind, type Caller, type CosemObject, supportsAccess } from './cosem-object.ts'
import { interfaceClasses } from './interface-class-table.ts'

/**
 * Class 15 version 1: what this association may see and do. Without `association` it is the current one, whichever
 * that is (0.0.40.0.0.255). The secret is never readable. Method 1, reply_to_HLS_authentication, is the server's own:
 * it answers it while the association is pending, before any object is asked.
 * @source Blue Book ed. 14 §4.4.4, version 1 in §5
 */
export function associationLnObject(parts: {
  readonly logicalName: string
  readonly association?: AssociationConfig
  /** All objects of the server; asked at each read, so that this object can be among them. */
  readonly objects: () => readonly CosemObject[]
  /** Logical name of the security setup of an association; undefined gives 0.0.0.0.0.0. */
  readonly securitySetup?: (association: AssociationConfig) => string | undefined
}): CosemObject {
  const associationFor = (caller: Caller) => parts.association ?? caller.association
  const attribute = (read: (association: AssociationConfig, caller: Caller) => CosemData) => ({
    read: (caller: Caller) => read(associationFor(caller), caller),
  })
  return buildObject({
    interfaceClass: interfaceClasses.associationLn,
    logicalName: parts.logicalName,
    attributes: {
      2: attribute((association) => objectList(parts.objects(), association)),
      3: attribute((association) =>
        cosem.structure(cosem.integer(association.clientSap), cosem.longUnsigned(association.serverSap)),
      ),
      4: attribute((association) =>
        cosem.octetString(association.ciphered ? applicationContexts['ln-ciphered'] : applicationContexts.ln),
      ),
      5: attribute(contextInfo),
      6: attribute((association) => cosem.octetString(mechanisms[association.mechanism])),
      8: attribute((association, caller) => cosem.enumeration(caller.isAssociated(association) ? 2 : 0)),
      9: attribute((association) => {
        const setup = parts.securitySetup?.(association)
        return cosem.octetString(logicalNameBytes(setup ?? '0.0.0.0.0.0'))
      }),
    },
  })
}

function objectList(objects: readonly CosemObject[], association: AssociationConfig): CosemData {
  return cosem.array(
    objects
      .filter((object) => association.access(object, 1, 'read'))
      .map((object) =>
        cosem.structure(
          cosem.longUnsigned(object.classId),
          cosem.unsigned(object.version),
          cosem.octetString(logicalNameBytes(object.logicalName)),
          accessRights(object, association),
        ),
      ),
  )
}

// Access modes of version 1: the authenticated ones are three above the plain ones.
const AUTHENTICATED_ATTRIBUTE = 3
const READ = 1
const WRITE = 2
const METHOD_ACCESS = 1
const METHOD_AUTHENTICATED_ACCESS = 2

function accessRights(object: CosemObject, association: AssociationConfig): CosemData {
  const may = (kind: AccessKind, index: number) =>
    supportsAccess(object, kind, index) && association.access(object, index, kind)
  const attributes = indices(object.attributeCount).map((index) => {
    const plain = (may('read', index) ? READ : 0) + (may('write', index) ? WRITE : 0)
    const mode = plain > 0 && association.ciphered ? plain + AUTHENTICATED_ATTRIBUTE : plain
    return cosem.structure(cosem.integer(index), cosem.enumeration(mode), cosem.nullData)
  })
  const methods = indices(object.methodCount).map((index) => {
    const granted = association.ciphered ? METHOD_AUTHENTICATED_ACCESS : METHOD_ACCESS
    return cosem.structure(cosem.integer(index), cosem.enumeration(may('invoke', index) ? granted : 0))
  })
  return cosem.structure(cosem.array(attributes), cosem.array(methods))
}

const indices = (count: number): number[] => Array.from({ length: count }, (_unused, i) => i + 1)

function contextInfo(association: AssociationConfig, caller: Caller): CosemData {
  const isOwn = association === caller.association
  const { conformance } = caller
  const bits = Uint8Array.of(conformance >>> 16, (conformance >>> 8) & 0xff, conformance & 0xff)
  return cosem.structure(
    cosem.bitString(bits),
    cosem.longUnsigned(caller.serverMaxPduBytes),
    cosem.longUnsigned(isOwn ? caller.clientMaxPduBytes : 0),
    cosem.unsigned(6),
    cosem.integer(0),
    cosem.octetString(new Uint8Array(0)),
  )
}
