import { applicationState, setApplicationState } from '../../globalplatform/application-requests.ts'
import type { Application } from '../../globalplatform/content-registry.ts'
import { PRIVILEGE, type PrivilegeName, privilegeBytes } from '../../globalplatform/privileges.ts'
import { SERVICES_TAG, servicesOf } from '../../globalplatform/services.ts'
import type { Jcre } from '../../runtime/jcre.ts'
import type { NativeImplementation } from '../../vm/link/native-library.ts'
import { aidBytes } from '../javacard-framework/aid.ts'
import {
  byteAt,
  byteRange,
  handleAt,
  type JcreMethod,
  natives,
  putResult,
  requireObject,
  shortAt,
} from '../native-call.ts'
import { failIso, hiddenBytesOf, requireGlobalPlatform } from './entry-points.ts'

/** org.globalplatform.GPRegistryEntry. Hidden state: length and bytes of the AID, looked up in each call. */
export const REGISTRY_ENTRY_CLASS = 'gridcard/globalplatform/RegistryEntry'
const HIDDEN_BYTES = 18
const CONDITIONS = 0x6985
const REFERENCED_DATA_NOT_FOUND = 0x6a88

const NAMES = new Map(Object.entries(PRIVILEGE).map(([name, number]) => [number as number, name as PrivilegeName]))

export function registryEntryOf(aid: Uint8Array): Uint8Array {
  const hidden = new Uint8Array(HIDDEN_BYTES)
  hidden.set([aid.length, ...aid])
  return hidden
}

/** The application of the entry; deleted since: 6985. */
function applicationOf(jcre: Jcre, at: number): Application {
  const hidden = hiddenBytesOf(jcre, handleAt(jcre, at), HIDDEN_BYTES)
  const aid = hidden.subarray(1, 1 + hidden[0]!)
  return requireGlobalPlatform(jcre).registry.applicationByAid(aid) ?? failIso(jcre, CONDITIONS)
}

/** Only for oneself, with the privilege, and a name not registered by anybody else. @source GPC 2.3.1 §8.1.2 */
const registerService: JcreMethod = (jcre, at) => {
  const { registry } = requireGlobalPlatform(jcre)
  const { entry } = applicationOf(jcre, at)
  const service = shortAt(jcre, at + 1) & 0xffff
  if (entry.owner !== jcre.machine.owner || !registry.hasPrivilege(entry.owner, 'globalService'))
    failIso(jcre, CONDITIONS)
  const isTaken = registry.applications().some((one) => servicesOf(one).includes(service))
  if (isTaken) failIso(jcre, CONDITIONS)
  const value = Uint8Array.of(service >> 8, service)
  registry.saveApplication({ ...entry, objects: [...entry.objects, { tag: SERVICES_TAG, value }] })
  return 0
}

const deregisterService: JcreMethod = (jcre, at) => {
  const { registry } = requireGlobalPlatform(jcre)
  const { entry, applet } = applicationOf(jcre, at)
  const service = shortAt(jcre, at + 1) & 0xffff
  if (entry.owner !== jcre.machine.owner) failIso(jcre, CONDITIONS)
  const services = servicesOf({ entry, applet })
  if (!services.includes(service)) failIso(jcre, REFERENCED_DATA_NOT_FOUND)
  const others = entry.objects.filter(({ tag }) => tag !== SERVICES_TAG)
  const kept = services.filter((one) => one !== service)
  const objects = kept.map((one) => ({ tag: SERVICES_TAG, value: Uint8Array.of(one >> 8, one) }))
  registry.saveApplication({ ...entry, objects: [...others, ...objects] })
  return 0
}

export const registryEntryImplementation: NativeImplementation = {
  id: 60,
  name: REGISTRY_ENTRY_CLASS,
  interfaces: ['org/globalplatform/GPRegistryEntry'],
  hiddenBytes: HIDDEN_BYTES,
  hiddenReferences: [],
  methods: natives({
    'deregisterService(S)V': deregisterService,
    'getAID()Ljavacard/framework/AID;': (jcre, at) => applicationOf(jcre, at).applet.aidObject,
    'getPrivileges([BS)S': (jcre, at) => {
      const bytes = privilegeBytes(applicationOf(jcre, at).entry.privileges)
      const offset = shortAt(jcre, at + 2)
      putResult(jcre, byteRange(jcre, handleAt(jcre, at + 1), offset, bytes.length), bytes)
      return offset + bytes.length
    },
    'getState()B': (jcre, at) => applicationState(requireGlobalPlatform(jcre), applicationOf(jcre, at).entry.owner),
    'isAssociated(Ljavacard/framework/AID;)Z': (jcre, at) => {
      const aid = handleAt(jcre, at + 1)
      requireObject(jcre, aid, 'javacard/framework/AID')
      const { domain } = applicationOf(jcre, at).entry
      return jcre.registry.find(aidBytes(jcre, aid))?.owner === domain ? 1 : 0
    },
    'isPrivileged(B)Z': (jcre, at) => {
      const { registry } = requireGlobalPlatform(jcre)
      const name = NAMES.get(byteAt(jcre, at + 1))
      return name !== undefined && registry.hasPrivilege(applicationOf(jcre, at).entry.owner, name) ? 1 : 0
    },
    'registerService(S)V': registerService,
    'setState(B)Z': (jcre, at) => {
      const { entry } = applicationOf(jcre, at)
      const request = { by: jcre.machine.owner, of: entry.owner, state: byteAt(jcre, at + 1) & 0xff }
      return setApplicationState(requireGlobalPlatform(jcre), request) ? 1 : 0
    },
  }),
}
