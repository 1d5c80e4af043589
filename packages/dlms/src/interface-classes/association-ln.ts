import { applicationContexts, mechanisms } from '../apdu/acse-names.ts'
import type { SelectiveAccess } from '../apdu/references.ts'
import { type CosemData, cosem } from '../cosem/cosem-data.ts'
import { logicalNameBytes } from '../cosem/obis-code.ts'
import { isRefusal, type SecurityModule } from '../security/security-module.ts'
import { protections, suffices } from '../security/security-policy.ts'
import type { AssociationUser } from '../server/server-options.ts'
import { type AssociationConfig, policyOf } from '../server/server-options.ts'
import { buildObject, type MethodHandler } from './build-object.ts'
import { type AccessKind, type ActionOutcome, type Caller, type CosemObject, supportsAccess } from './cosem-object.ts'
import { interfaceClasses } from './interface-class-table.ts'
import { objectFilterOf } from './object-list-selection.ts'
import { type ObjectListChange, type ObjectRights, objectListElementIn } from './object-rights.ts'
import { octetsOf } from './security-setup-data.ts'

export type AssociationLnVersion = 1 | 2 | 3

/**
 * Class 15: what this association may see and do. Without `association` it is the current one, whichever that is
 * (0.0.40.0.0.255). The secret is never readable. Method 1, reply_to_HLS_authentication, is the server's own: it answers
 * it while the association is pending, before any object is asked. Version 2 has users; version 3 tells access rights
 * in bits, with the protection each attribute and method needs.
 * @source Blue Book ed. 14 §4.4.4, versions 1 and 2 in §5
 */
export function associationLnObject(parts: {
  readonly logicalName: string
  /** Default 1. */
  readonly version?: AssociationLnVersion
  readonly association?: AssociationConfig
  /** All objects of the server; asked at each read, so that this object can be among them. */
  readonly objects: () => readonly CosemObject[]
  /** Logical name of the security setup of an association; undefined gives 0.0.0.0.0.0. */
  readonly securitySetup?: (association: AssociationConfig) => string | undefined
  /** Objects that can be added and removed; they are those of the association's own `access`. Without it the list stands. */
  readonly rights?: (association: AssociationConfig) => ObjectRights | undefined
  /** The module that holds the HLS secrets, which it can change with `keyManagement`; without it they stand. */
  readonly security?: SecurityModule
  /** Takes a new password of LLS, 1..64 octets, and makes it durable. Without it the password stands. */
  readonly changePassword?: (association: AssociationConfig, password: Uint8Array) => void | Promise<void>
}): CosemObject {
  const { version = 1 } = parts
  const { associationLn } = interfaceClasses
  const hasUsers = version >= 2
  const associationFor = (caller: Caller) => parts.association ?? caller.association
  const attribute = (read: (association: AssociationConfig, caller: Caller) => CosemData) => ({
    read: (caller: Caller) => read(associationFor(caller), caller),
  })
  return buildObject({
    interfaceClass: {
      ...associationLn,
      version,
      attributes: [...associationLn.attributes, ...(hasUsers ? ['user_list', 'current_user'] : [])],
      methods: [...associationLn.methods, ...(hasUsers ? ['add_user', 'remove_user'] : [])],
    },
    logicalName: parts.logicalName,
    attributes: {
      2: {
        read: (caller: Caller, selection: SelectiveAccess | undefined) => {
          const isWanted = selection === undefined ? () => true : objectFilterOf(selection)
          if (isWanted === undefined) return { refused: 'scope-of-access-violated' } as const
          return objectList(parts.objects().filter(isWanted), associationFor(caller), version)
        },
        isSelective: true,
      },
      3: attribute((association) =>
        cosem.structure(cosem.integer(association.clientSap), cosem.longUnsigned(association.serverSap)),
      ),
      4: attribute((association) =>
        cosem.octetString(association.ciphered ? applicationContexts['ln-ciphered'] : applicationContexts.ln),
      ),
      5: attribute(contextInfo),
      6: attribute((association) => cosem.octetString(mechanisms[association.mechanism])),
      ...(parts.changePassword && {
        7: {
          read: () => ({ refused: 'read-write-denied' }) as const,
          async write(value: CosemData, caller: Caller) {
            const password = octetsOf(value)
            if (!isProved(caller) || associationFor(caller).mechanism !== 'lls') {
              return { refused: 'read-write-denied' } as const
            }
            if (password === undefined || password.length < 1 || password.length > 64) {
              return { refused: 'type-unmatched' } as const
            }
            await parts.changePassword?.(associationFor(caller), password)
            return undefined
          },
        },
      }),
      8: attribute((association, caller) => cosem.enumeration(caller.isAssociated(association) ? 2 : 0)),
      9: attribute((association) => {
        const setup = parts.securitySetup?.(association)
        return cosem.octetString(logicalNameBytes(setup ?? '0.0.0.0.0.0'))
      }),
      ...(hasUsers && {
        10: attribute((association) => cosem.array((association.users?.list() ?? []).map(userData))),
        11: attribute((association, caller) =>
          userData((association === caller.association ? caller.user : undefined) ?? { id: 0, name: '' }),
        ),
      }),
    },
    methods: {
      2: (parameter, caller) => changeHlsSecret(parts.security, associationFor(caller), parameter, caller),
      ...(parts.rights && {
        3: objectMethod('added', parts.objects, (caller) => parts.rights?.(associationFor(caller)), version),
        4: objectMethod('removed', parts.objects, (caller) => parts.rights?.(associationFor(caller)), version),
      }),
      ...(hasUsers && {
        5: userMethod(associationFor, (users, user) => users.add(user)),
        6: userMethod(associationFor, (users, user) => users.remove(user)),
      }),
    },
  })
}

/** Authenticated and encrypted, whatever the access rights say: secrets are in it. */
const isProved = (caller: Caller): boolean =>
  suffices(caller.protection, protections.authenticated | protections.encrypted)

/** The new secret counts from the next association on. */
async function changeHlsSecret(
  security: SecurityModule | undefined,
  { mechanism, slot }: AssociationConfig,
  parameter: CosemData | undefined,
  caller: Caller,
): Promise<ActionOutcome> {
  const hasSecret = mechanism.startsWith('hls') && mechanism !== 'hls-gmac' && mechanism !== 'hls-ecdsa'
  if (!isProved(caller)) return { result: 'read-write-denied' }
  const keys = security?.keyManagement
  const secret = octetsOf(parameter)
  if (!hasSecret || keys === undefined || slot === undefined) return { result: 'other-reason' }
  if (secret === undefined) return { result: 'type-unmatched' }
  // An AES key.
  if (mechanism === 'hls' && secret.length !== 16) return { result: 'type-unmatched' }
  if (isRefusal(await keys.changeHlsSecret(slot, secret))) return { result: 'other-reason' }
  caller.afterAnswer(() => keys.commit(slot))
  return { result: 'success' }
}

const userData = ({ id, name }: AssociationUser): CosemData =>
  cosem.structure(cosem.unsigned(id), cosem.visibleString(name))

function userMethod(
  associationFor: (caller: Caller) => AssociationConfig,
  act: (users: NonNullable<AssociationConfig['users']>, user: AssociationUser) => void | Promise<void>,
): MethodHandler {
  return async (parameter, caller) => {
    const { users } = associationFor(caller)
    if (users === undefined || (caller.protection & protections.authenticated) === 0)
      return { result: 'read-write-denied' }
    const user = userIn(parameter)
    if (user === undefined) return { result: 'type-unmatched' }
    await act(users, user)
    return { result: 'success' }
  }
}

/** Changes who may do what, so it has to be authenticated; this association itself stays in its list. */
function objectMethod(
  kind: ObjectListChange['kind'],
  objects: () => readonly CosemObject[],
  rightsFor: (caller: Caller) => ObjectRights | undefined,
  version: AssociationLnVersion,
): MethodHandler {
  return async (parameter, caller) => {
    const rights = rightsFor(caller)
    if (rights === undefined || (caller.protection & protections.authenticated) === 0) {
      return { result: 'read-write-denied' }
    }
    const element = objectListElementIn(parameter)
    if (element === undefined) return { result: 'type-unmatched' }
    const object = objects().find(
      ({ classId, logicalName }) => classId === element.classId && logicalName === element.logicalName,
    )
    if (object === undefined) return { result: 'object-undefined' }
    if (object.version !== element.version) return { result: 'object-class-inconsistent' }
    if (kind === 'removed' && object.classId === interfaceClasses.associationLn.classId)
      return { result: 'other-reason' }
    await rights.change({ kind, element }, version >= 3)
    return { result: 'success' }
  }
}

function userIn(data: CosemData | undefined): AssociationUser | undefined {
  const [id, name] = data?.type === 'structure' && data.value.length === 2 ? data.value : []
  if (id?.type !== 'unsigned') return undefined
  if (name?.type === 'visible-string') return { id: id.value, name: name.value }
  return name?.type === 'octet-string' ? { id: id.value, name: String.fromCharCode(...name.value) } : undefined
}

function objectList(
  objects: readonly CosemObject[],
  association: AssociationConfig,
  version: AssociationLnVersion,
): CosemData {
  return cosem.array(
    objects
      .filter((object) => association.access(object, 1, 'read'))
      .map((object) =>
        cosem.structure(
          cosem.longUnsigned(object.classId),
          cosem.unsigned(object.version),
          cosem.octetString(logicalNameBytes(object.logicalName)),
          accessRights(object, association, version),
        ),
      ),
  )
}

// Access modes of versions 1 and 2: the authenticated ones are three above the plain ones. Those of version 3 are bits:
// read, write (methods: access), and from bit 2 on the protection that is needed.
const AUTHENTICATED_ATTRIBUTE = 3
const READ = 1
const WRITE = 2
const METHOD_ACCESS = 1
const METHOD_AUTHENTICATED_ACCESS = 2

function accessRights(object: CosemObject, association: AssociationConfig, version: AssociationLnVersion): CosemData {
  const needed = (index: number, kinds: readonly AccessKind[]) =>
    kinds.reduce((bits, kind) => bits | (association.protection?.(object, index, kind) ?? 0), policyOf(association)) &
    0xfc
  const may = (kind: AccessKind, index: number) =>
    supportsAccess(object, kind, index) && association.access(object, index, kind)
  const attributes = indices(object.attributeCount).map((index) => {
    const plain = (may('read', index) ? READ : 0) + (may('write', index) ? WRITE : 0)
    const mode =
      version === 3
        ? plain > 0
          ? plain | needed(index, ['read', 'write'])
          : 0
        : plain > 0 && association.ciphered
          ? plain + AUTHENTICATED_ATTRIBUTE
          : plain
    return cosem.structure(cosem.integer(index), cosem.enumeration(mode), cosem.nullData)
  })
  const methods = indices(object.methodCount).map((index) => {
    const granted =
      version === 3
        ? METHOD_ACCESS | needed(index, ['invoke'])
        : association.ciphered
          ? METHOD_AUTHENTICATED_ACCESS
          : METHOD_ACCESS
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
