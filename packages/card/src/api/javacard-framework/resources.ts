import type { Jcre } from '../../runtime/jcre.ts'
import { ACCESS } from '../../vm/firewall.ts'
import type { PackageInstance } from '../../vm/machine.ts'
import { BYTE_ARRAY_TYPE, JCRE_OWNER, TYPE } from '../../vm/memory/handle-entry.ts'
import { type JcreMethod, shortAt } from '../native-call.ts'
import { newView } from './array-views.ts'

/**
 * javacard.framework.Resources: the static resources of the CAP file whose applet is running, as read-only views of the
 * bytes in the load file.
 *
 * Unverified, since only the signatures could be read: a number that no resource has is an IOException, a CAP file
 * without any gives an object that has none.
 *
 * @source API 3.1 Resources; JCVM 3.1 §6.16
 */
interface Resource {
  readonly address: number
  readonly lengthBytes: number
}

const getResources: JcreMethod = (jcre) => {
  const type = jcre.natives.requireClassId('javacard/framework/Resources') | TYPE.temporaryEntryPoint
  const handle = jcre.memory.newVolatile(JCRE_OWNER, jcre.memory.nvSizeBytes, type, 0)
  return handle !== 0 ? handle : jcre.machine.throwNew('javacard/framework/SystemException', 5) // NO_RESOURCE
}

function callersPackage(jcre: Jcre): PackageInstance | undefined {
  const { machine } = jcre
  return machine.packageList.find((one) => one.context === machine.context)
}

/** @returns never, with an IOException, if the package of the caller has no such resource */
function requireResource(jcre: Jcre, resourceId: number): Resource {
  const instance = callersPackage(jcre)
  const found = instance?.linked.staticResources.get(resourceId & 0xffff)
  if (instance === undefined || found === undefined) return jcre.machine.throwNew('java/io/IOException')
  return { address: jcre.memory.addressOf(instance.loadFile) + found.offsetBytes, lengthBytes: found.sizeBytes }
}

function viewOf(jcre: Jcre, address: number, length: number): number {
  const { context } = jcre.machine
  return newView(jcre, { address, type: BYTE_ARRAY_TYPE, length, context, attributes: ACCESS.read })
}

const getView: JcreMethod = (jcre, at) => {
  const { address, lengthBytes } = requireResource(jcre, shortAt(jcre, at + 1))
  return viewOf(jcre, address, lengthBytes)
}

const getPartialView: JcreMethod = (jcre, at) => {
  const { address, lengthBytes } = requireResource(jcre, shortAt(jcre, at + 1))
  const offset = shortAt(jcre, at + 2)
  const length = shortAt(jcre, at + 3)
  if (offset < 0 || length < 0 || offset + length > lengthBytes) {
    jcre.machine.throwNew('java/lang/ArrayIndexOutOfBoundsException')
  }
  return viewOf(jcre, address + offset, length)
}

export const resourcesMethods: Readonly<Record<string, JcreMethod>> = {
  'Resources.getResources()Ljavacard/framework/Resources;': getResources,
  'Resources.getSize(S)S': (jcre, at) => requireResource(jcre, shortAt(jcre, at + 1)).lengthBytes,
  'Resources.getView(S)[B': getView,
  'Resources.getView(SSS)[B': getPartialView,
}
