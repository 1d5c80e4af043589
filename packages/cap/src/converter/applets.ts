import { equalBytes } from '@gridcard/bytes'
import type { PackageInfo } from '../capfile/cap-file.ts'
import type { ClassLibrary } from './class-library.ts'
import { dotted, type Findings } from './findings.ts'
import { isAbstract, type JavaClass, type JavaMethod, packageOf } from './program.ts'

export interface AppletSource {
  /** Dotted: `com.example.purse.Purse` */
  readonly className: string
  /** 5..16 bytes, the first five those of the package; an installer may give instances other AIDs. */
  readonly aid: Uint8Array
}

const APPLET = 'javacard/framework/Applet'
/** Registered application provider identifier: the part of an AID that names its owner. @source ISO/IEC 7816-5 */
const RID_BYTES = 5
const INSTALL = { name: 'install', descriptor: '([BSB)V' } as const

interface PackagesOfApplets {
  readonly format: 'compact' | 'extended'
  /** Of the package, or of the CAP file. */
  readonly name: string
  readonly info: PackageInfo
  readonly packages: readonly {
    readonly name: string
    readonly info?: PackageInfo
    readonly applets: readonly AppletSource[]
  }[]
}

/** The packages and their applets are what a CAP file can say of them. @source JCVM 3.1 §4.2, §6.6 */
export function checkApplets(source: PackagesOfApplets, library: ClassLibrary, findings: Findings): void {
  checkPackages(source, library, findings)
  checkAid(source.name, source.info.aid, findings)
  for (const { name, info, applets } of source.packages) {
    if (info && info !== source.info) checkAid(name, info.aid, findings)
    for (const one of applets) checkApplet(one, name, source, library, findings)
  }
  const classes = source.packages.flatMap(({ applets }) =>
    applets.flatMap(({ className }) => library.findOwn(className.replaceAll('.', '/')) ?? []),
  )
  checkMultiSelectable(classes, library, findings)
}

/** They share a context, which is active on several channels for all of them or for none. @source JCRE 3.0.5 §4.2.2 */
function checkMultiSelectable(applets: readonly JavaClass[], library: ClassLibrary, findings: Findings): void {
  const isMultiSelectable = (one: JavaClass): boolean => library.implements(one, 'javacard/framework/MultiSelectable')
  if (applets.every(isMultiSelectable)) return
  for (const one of applets.filter(isMultiSelectable)) {
    const advice = 'let all applets implement javacard.framework.MultiSelectable, or none'
    findings.add({ class: one }, 'is multiselectable, and another applet of the same CAP file is not', advice)
  }
}

function checkPackages({ format, packages }: PackagesOfApplets, library: ClassLibrary, findings: Findings): void {
  const names = packages.map(({ name }) => name.replaceAll('.', '/'))
  for (const one of library.own) {
    if (names.includes(packageOf(one.name))) continue
    if (format === 'extended') {
      findings.add({ class: one }, 'is in no package of the CAP file', 'name its package, or leave the class out')
    } else findings.add({ class: one }, `is not in package ${packages[0]!.name}`, 'convert one package at a time')
  }
  if (format === 'compact') return
  for (const [i, name] of names.entries()) {
    if (library.own.some((one) => packageOf(one.name) === name)) continue
    const className = packages[i]!.name
    findings.addFinding({ className, message: 'the package has no classes', advice: 'leave it out, or compile it' })
  }
}

function checkApplet(
  { className, aid }: AppletSource,
  packageName: string,
  { format, info }: PackagesOfApplets,
  library: ClassLibrary,
  findings: Findings,
): void {
  checkAid(className, aid, findings)
  if (!equalBytes(aid.subarray(0, RID_BYTES), info.aid.subarray(0, RID_BYTES))) {
    const owner = format === 'extended' ? 'CAP file' : 'package'
    findings.addFinding({
      className,
      message: `the applet AID does not begin with the first five bytes of the ${owner} AID`,
      advice: 'take both from the same owner, and give another AID when the applet is installed',
    })
  }
  const name = className.replaceAll('.', '/')
  if (library.findOwn(name) && packageOf(name) !== packageName.replaceAll('.', '/')) {
    const advice = 'name it with its own package'
    findings.addFinding({ className, message: `the applet class is not in package ${packageName}`, advice })
  }
  checkAppletClass(className, library, findings)
}

function checkAid(className: string, aid: Uint8Array, findings: Findings): void {
  if (aid.length >= 5 && aid.length <= 16) return
  findings.addFinding({ className, message: `the AID has ${aid.length} bytes`, advice: 'give it 5 to 16' })
}

function checkAppletClass(className: string, library: ClassLibrary, findings: Findings): void {
  const name = className.replaceAll('.', '/')
  const own = library.findOwn(name)
  if (!own) {
    findings.addFinding({ className, message: 'the applet class is not among the class files', advice: 'compile it' })
    return
  }
  if (!library.isSubclass(name, APPLET) || isAbstract(own)) {
    findings.add({ class: own }, `is not a class that extends ${dotted(APPLET)}`, 'name the applet class itself')
  }
  if (!findInstallMethod(className, library)) {
    const advice = 'declare it: the runtime environment calls it to create the applet'
    findings.add({ class: own }, 'has no public static void install(byte[], short, byte)', advice)
  }
}

/** The install method of an applet class, which it may inherit from a class of the package. */
export function findInstallMethod(className: string, library: ClassLibrary): JavaMethod | undefined {
  const found = library.findMethod(className.replaceAll('.', '/'), INSTALL.name, INSTALL.descriptor)
  return found?.kind === 'own' && found.method.isStatic ? found.method : undefined
}
