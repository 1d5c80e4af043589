import { toHex } from '@gridcard/bytes'
import type { ApiClass, ApiPackage, ApiPackageReference } from '../api/api-package.ts'
import type { PackageInfo } from '../capfile/cap-file.ts'
import { ACC } from '../classfile/class-file.ts'
import { type JvmType, parseFieldDescriptor, parseMethodDescriptor } from '../classfile/descriptor.ts'
import type { AppletSource } from './applets.ts'
import type { ClassLibrary } from './class-library.ts'
import { type ExportedClass, exportedClasses } from './exports.ts'
import { dotted, type Findings } from './findings.ts'
import type { OlderTokens } from './older-tokens.ts'
import { type JavaClass, packageOf } from './program.ts'

/** A package of the CAP file to be made. */
export interface SourcePackage {
  /** Dotted: `com.example.purse` */
  readonly name: string
  /** Absent for a private package of an extended CAP file, which no other file can import. */
  readonly info?: PackageInfo
  readonly applets: readonly AppletSource[]
  readonly olderExport?: ApiPackage
}

/** A package with its classes in the order of the Class component and what it shows to other CAP files. */
export interface PlacedPackage {
  /** Internal: `com/example/purse` */
  readonly name: string
  /** Absent for private packages. */
  readonly info?: PackageInfo
  readonly hasApplets: boolean
  readonly classes: readonly JavaClass[]
  /** In token order. */
  readonly exported: readonly ExportedClass[]
  /** The index is the class token: what is exported, then the other public classes. */
  readonly tokenOrder: readonly JavaClass[]
}

/**
 * Those that show something come first. A public package that shows nothing is as good as private: nothing can import it,
 * and Header, as the vendor's converter writes it, does not name it.
 *
 * @param inOrder all classes in the order of the Class component
 * @source JCVM 3.1 §6.4, §6.13, §6.14
 */
export function placePackages(
  { packages }: { readonly packages: readonly SourcePackage[] },
  inOrder: readonly JavaClass[],
  library: ClassLibrary,
  older: ReadonlyMap<string, OlderTokens>,
): PlacedPackage[] {
  const placed = packages.map((one): PlacedPackage => {
    const name = one.name.replaceAll('.', '/')
    const classes = inOrder.filter((own) => packageOf(own.name) === name)
    const tokens = older.get(name)
    const inTokenOrder = tokens ? classes.toSorted((a, b) => tokens.compareClasses(a, b)) : classes
    const hasApplets = one.applets.length > 0
    const exported = one.info ? exportedClasses(inTokenOrder, library, hasApplets) : []
    const shown = exported.map((own) => own.class)
    const others = classes.filter((own) => own.accessFlags & ACC.PUBLIC && !shown.includes(own))
    return {
      name,
      ...(one.info && { info: one.info }),
      hasApplets,
      classes,
      exported,
      tokenOrder: [...shown, ...others],
    }
  })
  return placed.toSorted((a, b) => Number(b.exported.length > 0) - Number(a.exported.length > 0))
}

/** Counts in Export and Descriptor have one byte, and so have the tokens that others name members by. */
const MOST_COUNTED = 0xff

/** @source JCVM 3.1 §6.13, §6.14 */
export function checkCounts(packages: readonly PlacedPackage[], findings: Findings): void {
  for (const { classes, exported } of packages) {
    const first = classes[0]
    if (first && classes.length > MOST_COUNTED) {
      const message = `the package has ${classes.length} classes and interfaces, ${MOST_COUNTED} are possible`
      findings.add({ class: first }, message, 'split it')
    }
    for (const { class: one, staticFields, staticMethods } of exported) {
      for (const [what, members] of [
        ['static fields', staticFields],
        ['static methods and constructors', staticMethods],
      ] as const) {
        if (members.length <= MOST_COUNTED) continue
        const message = `shows others ${members.length} ${what}, ${MOST_COUNTED} are possible`
        findings.add({ class: one }, message, 'make some package-visible or private, or split the class')
      }
    }
  }
}

/** What other CAP files see of a package must be there for them: nothing of it may come from a package they cannot import. */
export function checkShownPackages(shown: readonly PlacedPackage[], library: ClassLibrary, findings: Findings): void {
  const visible = new Set(shown.flatMap((one) => one.exported.map((own) => own.class.name)))
  const isHidden = (name: string): boolean => library.findOwn(name) !== undefined && !visible.has(name)
  for (const { class: one } of shown.flatMap((own) => own.exported)) {
    const above = [...library.ownChain(one).map((own) => own.name), ...library.interfaceClosure(one.interfaceNames)]
    for (const name of new Set(above.filter((own) => own !== one.name && isHidden(own)))) {
      const message = `is visible to other CAP files, but extends or implements ${dotted(name)}, which is not`
      findings.add({ class: one }, message, 'make both visible, or this class package-visible')
    }
    for (const member of [...one.fields, ...one.methods]) {
      if (!(member.accessFlags & (ACC.PUBLIC | ACC.PROTECTED))) continue
      const isElsewhere = (name: string): boolean => isHidden(name) && packageOf(name) !== packageOf(one.name)
      for (const name of classesOf(member.descriptor).filter(isElsewhere)) {
        const message = `${member.name} is visible to other CAP files, but names ${dotted(name)}, which is not`
        findings.add({ class: one }, message, 'make the class visible, or the member package-visible or private')
      }
    }
  }
}

function classesOf(descriptor: string): string[] {
  const types = descriptor.startsWith('(') ? typesOfMethod(descriptor) : [parseFieldDescriptor(descriptor)]
  return types.flatMap((type) => {
    const base = type.kind === 'array' ? type.element : type
    return base.kind === 'class' ? [base.name] : []
  })
}

function typesOfMethod(descriptor: string): JvmType[] {
  const { parameters, returns } = parseMethodDescriptor(descriptor)
  return [...parameters, ...(returns.kind === 'void' ? [] : [returns])]
}

/** The other packages that the shown classes of one name, in the order in which they do. @source JCVM 3.1 §5.5 */
export function referencesOf(
  own: PlacedPackage,
  classes: readonly ApiClass[],
  shown: readonly PlacedPackage[],
  library: ClassLibrary,
): ApiPackageReference[] {
  const references = new Map<string, ApiPackageReference>()
  for (const name of classes.flatMap(mentionsOf)) {
    const found = library.findImported(name)?.package ?? referenceTo(shown.find((one) => one.name === packageOf(name)))
    if (found && packageOf(name) !== own.name) references.set(found.aid, found)
  }
  return [...references.values()]
}

function mentionsOf({ supers, interfaces, fields, methods }: ApiClass): string[] {
  return [...supers, ...interfaces, ...[...fields, ...methods].flatMap(({ desc }) => classesOf(desc))]
}

function referenceTo(one: PlacedPackage | undefined): ApiPackageReference | undefined {
  if (!one?.info) return undefined
  const { major, minor } = one.info.version
  return { name: one.name.replaceAll('/', '.'), aid: toHex(one.info.aid), version: `${major}.${minor}` }
}
