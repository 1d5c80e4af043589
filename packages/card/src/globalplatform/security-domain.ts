import { fromHex } from '@gridcard/bytes'
import { register } from '../api/javacard-framework/applet.ts'
import { byteAt, handleAt, type JcreMethod, natives, shortAt } from '../api/native-call.ts'
import { LinkedMethod, type LinkedPackage } from '../vm/link/linked-package.ts'
import type { NativeImplementation } from '../vm/link/native-library.ts'
import { processDomainCommand } from './domain-commands.ts'
import { globalPlatformOf } from './globalplatform.ts'

/** The class behind every security domain: an applet like others, but for its language. */
export const SECURITY_DOMAIN_CLASS = 'gridcard/globalplatform/SecurityDomain'
export const SECURITY_DOMAIN_MODULE_AID = fromHex('A000000151535041')
const PACKAGE_AID = 'A0000001515350'

const process: JcreMethod = (jcre) => {
  const gp = globalPlatformOf(jcre)
  const session = jcre.apdu
  if (gp === undefined || session === undefined) return jcre.machine.throwNew('java/lang/SecurityException')
  const { owner } = jcre.machine
  const { data, statusWord } = processDomainCommand(gp, owner, session.command)
  if (data.length > 0) {
    session.announcedBytes = data.length
    session.send(data)
  }
  if (statusWord !== 0x9000) jcre.machine.throwNew('javacard/framework/ISOException', (statusWord << 16) >> 16)
  return 0
}

const select: JcreMethod = (jcre) => {
  globalPlatformOf(jcre)?.endPersonalizations(jcre.machine.owner)
  return 1
}

export const securityDomainImplementation: NativeImplementation = {
  id: 59,
  name: SECURITY_DOMAIN_CLASS,
  superClass: 'javacard/framework/Applet',
  interfaces: ['javacard/framework/MultiSelectable'],
  hiddenBytes: 0,
  methods: natives({
    'process(Ljavacard/framework/APDU;)V': process,
    'select()Z': select,
    'deselect()V': () => 0,
    'select(Z)Z': select,
    'deselect(Z)V': () => 0,
  }),
}

/** install([BSB)V: bArray begins with the AID of the instance. */
const install: JcreMethod = (jcre, at) => {
  const { machine, memory } = jcre
  const applet = machine.newObject(jcre.requireClass(SECURITY_DOMAIN_CLASS))
  if (applet === 0) machine.throwNew('javacard/framework/SystemException', 5)
  const first = memory.addressOf(handleAt(jcre, at)) + shortAt(jcre, at + 1)
  if (byteAt(jcre, at + 2) === 0) return 0
  register(jcre, applet, memory.u8.slice(first + 1, first + 1 + memory.u8[first]!))
  return 0
}

/** One for each card: a linked package knows which card it is on by itself. */
export function securityDomainPackage(): LinkedPackage {
  const linked: LinkedPackage = {
    aid: PACKAGE_AID,
    version: { major: 1, minor: 0 },
    name: 'gridcard/globalplatform',
    key: 'gridcard/globalplatform',
    code: new Int32Array(0),
    capOffsets: new Int32Array(0),
    handlers: [],
    classes: [],
    exportedClasses: [],
    exports: [],
    classReferences: [],
    externalMethods: [],
    externalStatics: [],
    applets: [],
    imports: [],
    staticReferenceCount: 0,
    staticImageBytes: 0,
    methods: [],
    staticResources: new Map(),
  }
  const native = natives({ install })['install']!
  const name = `${SECURITY_DOMAIN_CLASS}.install([BSB)V`
  const method = new LinkedMethod({ package: linked, name, nargs: 3, returnWords: 0, native, isNativeStatic: true })
  return { ...linked, applets: [{ aid: SECURITY_DOMAIN_MODULE_AID, install: method }] }
}
