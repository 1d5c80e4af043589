import { equalBytes } from '@gridcard/bytes'
import type { ClassLibrary } from './class-library.ts'
import { dotted, type Findings } from './findings.ts'
import { isAbstract, type JavaMethod } from './program.ts'

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

interface PackageSource {
  readonly packageName: string
  readonly packageAid: Uint8Array
  readonly applets: readonly AppletSource[]
}

/** The package and its applets are what a CAP file can say of them. @source JCVM 3.1 §4.2, §6.6 */
export function checkApplets(source: PackageSource, library: ClassLibrary, findings: Findings): void {
  const prefix = `${source.packageName.replaceAll('.', '/')}/`
  for (const one of library.own) {
    if (one.name.startsWith(prefix) && !one.name.slice(prefix.length).includes('/')) continue
    findings.add({ class: one }, `is not in package ${source.packageName}`, 'convert one package at a time')
  }
  checkAid(source.packageName, source.packageAid, findings)
  for (const { className, aid } of source.applets) {
    checkAid(className, aid, findings)
    if (!equalBytes(aid.subarray(0, RID_BYTES), source.packageAid.subarray(0, RID_BYTES))) {
      findings.addFinding({
        className,
        message: 'the applet AID does not begin with the first five bytes of the package AID',
        advice: 'take both from the same owner, and give another AID when the applet is installed',
      })
    }
    checkAppletClass(className, library, findings)
  }
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
