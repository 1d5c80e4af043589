import type { ApiLevel, ApiPackage } from '../api/api-package.ts'
import { apiPackages } from '../api/api-packages.ts'
import { type CapFile, HEADER_FLAGS, type PackageInfo, type StaticResource, type Version } from '../capfile/cap-file.ts'
import { layoutNumber } from '../capfile/component-codec.ts'
import { withDirectory } from '../capfile/component-info.ts'
import { ACC } from '../classfile/class-file.ts'
import { parseClassFile } from '../classfile/parse-class-file.ts'
import { buildDebugMap } from '../debug/build-debug-map.ts'
import { emitDebugComponent } from '../debug/debug-component.ts'
import type { DebugMap } from '../debug/debug-map.ts'
import type { ConvertFinding } from '../errors.ts'
import { instructionByMnemonic } from '../instructions/instruction-table.ts'
import { type AnalysedMethod, analyseMethods, type IntSupport } from './analyse-methods.ts'
import { checkApplets, findInstallMethod } from './applets.ts'
import type { CardInstruction } from './card-instruction.ts'
import { checkClass, isMissingAsWhole } from './check-classes.ts'
import { buildClasses, type ClassSource, classOffsetsOf } from './class-component.ts'
import { type ClassLayout, layOutClasses } from './class-layout.ts'
import { ClassLibrary } from './class-library.ts'
import { orderClasses } from './class-order.ts'
import { type Addresses, ConstantPoolPlan } from './constant-pool-plan.ts'
import { buildDescriptor } from './descriptor-component.ts'
import { exportedPackage } from './exported-package.ts'
import { buildExport, visibleStaticFields, visibleStaticMethods } from './exports.ts'
import { Findings } from './findings.ts'
import { localSlots, placeOfVariable } from './local-slots.ts'
import { buildMethods, type SelectedMethod } from './method-component.ts'
import { openNests } from './nestmates.ts'
import { OlderTokens } from './older-tokens.ts'
import {
  checkCounts,
  checkShownPackages,
  type PlacedPackage,
  placePackages,
  referencesOf,
  type SourcePackage,
} from './placed-packages.ts'
import {
  isVirtual,
  type JavaClass,
  type JavaField,
  type JavaMethod,
  type JavaVariable,
  javaClassOf,
  overridingKey,
  packageOf,
} from './program.ts'
import { instanceFieldEntry, References } from './references.ts'
import type { Sha1 } from './remote-types.ts'
import { selectInstructions } from './select-instructions.ts'
import { buildStaticImage, type StaticImage } from './static-image.ts'

/** What becomes one CAP file: one package in compact format, one or several in extended format. */
export interface PackagesSource {
  readonly format: 'compact' | 'extended'
  readonly formatVersion: Version
  /** Of the package, or of the CAP file; dotted. */
  readonly name: string
  /** Of the package, or of the CAP file. */
  readonly info: PackageInfo
  /** At least one, the one in compact format with `info`. */
  readonly packages: readonly SourcePackage[]
  /** Only in extended format. */
  readonly resources?: readonly StaticResource[]
  readonly classFiles: readonly Uint8Array[]
  readonly level: ApiLevel
  readonly libraries?: readonly ApiPackage[]
  readonly int?: boolean
  readonly debugComponent?: boolean
  readonly sha1?: Sha1
}

export interface ConvertedPackages {
  readonly cap: CapFile
  /** Of a compact CAP file its package; of an extended one each public package that shows something. */
  readonly exported: readonly ApiPackage[]
  readonly debug: DebugMap
  readonly warnings: readonly ConvertFinding[]
}

/** Token of something that other packages cannot name. */
const NO_TOKEN = 0xff

/**
 * Converts all packages of one CAP file together: what one uses of another is then a place in the same file.
 *
 * @throws ConvertError with all findings when the classes use what a card does not have
 * @throws ClassFileError when a class file is broken
 */
export function convertPackages(source: PackagesSource): ConvertedPackages {
  const findings = new Findings()
  const older = olderTokensOf(source)
  const read = orderClasses(source.classFiles.map((bytes) => javaClassOf(parseClassFile(bytes))).filter(isForCards))
  const classes = openNests(read, findings).map((one) => older.get(packageOf(one.name))?.reorder(one) ?? one)
  const library = new ClassLibrary(classes, [...apiPackages(source.level), ...(source.libraries ?? [])])
  checkApplets(source, library, findings)
  const concrete = classes.filter((one) => !one.isInterface)
  const layouts = layOutClasses(concrete, library, findings)
  const plan = new ConstantPoolPlan(library)
  const int = source.int === true
  const references = new References({ library, layouts, plan, findings, level: source.level, int })
  const ints: IntSupport = int ? 'int' : 'short'
  for (const one of classes) checkClass(one, library, references, ints, findings)
  checkRemoteObjects(classes, source, library, findings)
  const whole = classes.filter((one) => !isMissingAsWhole(one))
  const analysed = whole.flatMap((one) => analyseMethods(one, ints, findings))
  planInstanceFields(analysed, library, layouts, plan)
  const selected = concrete.flatMap((one) => [
    ...analysed.filter((method) => method.class === one).map((method) => select(method, references, findings)),
    ...layouts.get(one.name)!.miranda.map((method): SelectedMethod => ({ class: one, method, handlers: [] })),
  ])
  const mayHoldArrays = source.packages.some((one) => one.applets.length > 0)
  const statics = buildStaticImage(whole, { mayHoldArrays, int }, findings)
  findings.throwIfAny()
  const converted = assemble({ source, classes, library, layouts, plan, selected, statics, findings, older })
  findings.throwIfAny()
  return converted
}

function checkRemoteObjects(
  classes: readonly JavaClass[],
  { format, sha1 }: PackagesSource,
  library: ClassLibrary,
  findings: Findings,
): void {
  for (const one of classes.filter(({ name }) => library.isRemote(name))) {
    if (format === 'extended') {
      findings.add({ class: one }, 'is remote, in an extended CAP file', 'put it into a CAP file of one package')
    } else if (!sha1) {
      findings.add({ class: one }, 'is remote: its methods are named by SHA-1 digests', 'give the conversion sha1')
    }
  }
}

/** By internal name of the package. */
function olderTokensOf({ packages }: PackagesSource): ReadonlyMap<string, OlderTokens> {
  return new Map(
    packages.flatMap(({ name, olderExport }) =>
      olderExport ? [[name.replaceAll('.', '/'), new OlderTokens(olderExport)] as const] : [],
    ),
  )
}

/** Annotations are read by compilers; nothing on a card asks for them. */
function isForCards(one: JavaClass): boolean {
  return !(one.accessFlags & ACC.ANNOTATION) && !/(^|\/)(package|module)-info$/.test(one.name)
}

/** The most used fields come first: their indices then fit the one-byte operand of the short instructions. */
function planInstanceFields(
  analysed: readonly AnalysedMethod[],
  library: ClassLibrary,
  layouts: ReadonlyMap<string, ClassLayout>,
  plan: ConstantPoolPlan,
): void {
  const uses = new Map<JavaField, number>()
  for (const instruction of analysed.flatMap((one) => one.reachable)) {
    if ((instruction.kind !== 'getField' && instruction.kind !== 'putField') || instruction.isStatic) continue
    const found = library.findField(instruction.member.owner, instruction.member.name)
    if (found?.kind === 'own') uses.set(found.field, (uses.get(found.field) ?? 0) + 1)
  }
  const ordered = [...uses].toSorted(([, a], [, b]) => b - a)
  for (const [field] of ordered) plan.index(instanceFieldEntry(field, layouts))
}

function select(analysed: AnalysedMethod, references: References, findings: Findings): SelectedMethod {
  const { class: owner, method, code, reachable, ints } = analysed
  if (!code) return { class: owner, method, handlers: [] }
  const instructions = selectInstructions({ class: owner, method, code, references, findings, reachable, ints })
  const canRun = (handler: { startPc: number; endPc: number }): boolean =>
    reachable.some((one) => one.pc >= handler.startPc && one.pc < handler.endPc)
  const handlers = code.handlers.filter(canRun).map(({ startPc, endPc, handlerPc, catchType }) => ({
    startPc,
    endPc,
    handlerPc,
    catchTypeIndex:
      catchType === undefined ? 0 : references.classIndex(catchType, { class: owner, method, pc: handlerPc }),
  }))
  if (!ints.any) return { class: owner, method, instructions, handlers }
  const slots = localSlots(method, reachable, ints)
  const variablePlace = (variable: JavaVariable) => placeOfVariable(variable, reachable, ints, slots)
  return { class: owner, method, instructions, handlers, variablePlace }
}

interface Converted {
  readonly source: PackagesSource
  readonly classes: readonly JavaClass[]
  readonly library: ClassLibrary
  readonly layouts: ReadonlyMap<string, ClassLayout>
  readonly plan: ConstantPoolPlan
  readonly selected: readonly SelectedMethod[]
  readonly statics: StaticImage
  readonly findings: Findings
  readonly older: ReadonlyMap<string, OlderTokens>
}

/** Places everything, then writes the components that name places. */
function assemble(converted: Converted): ConvertedPackages {
  const { source, classes, library, layouts, plan, statics, findings } = converted
  const { format, sha1 } = source
  const hasRemote = classes.some((one) => library.isRemote(one.name))
  const formatVersion = hasRemote ? atLeast(FORMAT_OF_REMOTE, source.formatVersion) : source.formatVersion
  const classSource: ClassSource = {
    interfaces: classes.filter((one) => one.isInterface),
    classes: classes.filter((one) => !one.isInterface),
    layouts,
    library,
    format: layoutNumber({ formatVersion, flags: format === 'extended' ? HEADER_FLAGS.ACC_EXTENDED : 0 }),
    ...(sha1 && { sha1 }),
  }
  const inOrder = [...classSource.interfaces, ...classSource.classes]
  const classOffsets = classOffsetsOf(classSource)
  const methods = buildMethods(converted.selected, format, findings)
  const addresses: Addresses = {
    classOffset: (name) => classOffsets.get(name) ?? 0,
    methodOffset: (method) => methods.place(method)?.offset ?? 0,
    imageOffset: statics.imageOffset,
  }
  const constantPool = plan.resolve(addresses)
  const classRef: ConstantPoolPlan['classRef'] = (name, offsets) => plan.classRef(name, offsets)
  const classComponent = buildClasses(classSource, { classRef, methodOffset: addresses.methodOffset }, classOffsets)
  const packages = placePackages(source, inOrder, library, converted.older)
  const shown = packages.filter(({ exported }) => exported.length > 0)
  checkCounts(packages, findings)
  if (format === 'extended') checkShownPackages(shown, library, findings)
  findings.throwIfAny()
  const descriptor = buildDescriptor({
    packages: packages.map((one) => one.classes),
    isExtended: format === 'extended',
    constants: plan.entries,
    classRef: (name) => plan.classRef(name, addresses),
    classToken: (one) => tokenAt(packages.find(({ name }) => name === packageOf(one.name))!.tokenOrder.indexOf(one)),
    memberToken: (member) => memberToken(member, library, layouts),
    imageOffset: statics.imageOffset,
    fieldToken: (field) => layouts.get(field.owner)?.fieldTokens.get(field.name) ?? NO_TOKEN,
    place: methods.place,
    miranda: (one) => layouts.get(one.name)?.miranda ?? [],
    interfaceMethods: (one) => library.interfaceMethods(one.name),
    implementedInterfaces: (one) => (one.isInterface ? [] : library.interfaceClosure(one.interfaceNames)),
  })
  const debug = buildDebugMap({
    packageName: source.name,
    info: source.info,
    classes: inOrder,
    library,
    layouts,
    classOffsets,
    methods,
    statics,
  })
  const applets = source.packages.flatMap((one) => one.applets)
  const imports = plan.imports()
  const cap = withDirectory({
    packagePath: source.name.replaceAll('.', '/'),
    header: {
      formatVersion,
      flags:
        (usesInt(classes, converted.selected) ? HEADER_FLAGS.ACC_INT : 0) |
        (shown.length > 0 ? HEADER_FLAGS.ACC_EXPORT : 0) |
        (applets.length > 0 ? HEADER_FLAGS.ACC_APPLET : 0) |
        (format === 'extended' ? HEADER_FLAGS.ACC_EXTENDED : 0),
      package: source.info,
      ...(format === 'extended'
        ? { packages: shown.map(({ info }) => info!), packageNames: shown.map(() => '') }
        : formatVersion.minor >= 2 && { packageName: hasRemote ? source.name.replaceAll('.', '/') : '' }),
    },
    ...(applets.length > 0 && {
      applet: {
        applets: applets.map(({ className, aid }) => ({
          aid,
          installMethodOffset: addresses.methodOffset(findInstallMethod(className, library)!),
        })),
      },
    }),
    imports,
    constantPool,
    classes: classComponent,
    methods: methods.component,
    staticFields: statics.component,
    referenceLocation: methods.referenceLocation,
    ...(shown.length > 0 && { export: buildExport(shown, format, addresses) }),
    descriptor,
    ...(source.debugComponent && { debug: emitDebugComponent(debug, format) }),
    ...(source.resources?.length && { staticResources: { resources: source.resources } }),
  })
  const isSole = format === 'compact'
  const exported = packages.flatMap(exportOf)
  return {
    cap,
    exported: exported.filter((one) => isSole || one.classes.length > 0),
    debug,
    warnings: findings.warnings,
  }

  function exportOf(one: PlacedPackage): ApiPackage[] {
    if (!one.info) return []
    const made = exportedPackage({
      name: one.name.replaceAll('/', '.'),
      info: one.info,
      formatVersion,
      isLibrary: !one.hasApplets,
      references: (apiClasses) => referencesOf(one, apiClasses, shown, library),
      exported: one.exported,
      library,
      layouts,
    })
    converted.older.get(one.name)?.check(made, findings)
    return [made]
  }
}

/** Older ones have no remote types. @source JCVM 3.0.5 §6.9 */
const FORMAT_OF_REMOTE: Version = { major: 2, minor: 2 }

function atLeast(least: Version, version: Version): Version {
  return version.minor < least.minor ? least : version
}

/** @source JCVM 3.1 §6.4 ACC_INT */
function usesInt(classes: readonly JavaClass[], selected: readonly SelectedMethod[]): boolean {
  const declares = classes.some((one) =>
    [...one.fields, ...one.methods].some(({ descriptor }) => mentionsInt(descriptor)),
  )
  const isInt = ({ mnemonic }: CardInstruction): boolean => instructionByMnemonic(mnemonic)?.usesInt === true
  return declares || selected.some(({ instructions }) => instructions?.some(isInt))
}

/** Outside the names of classes. */
function mentionsInt(descriptor: string): boolean {
  return descriptor.replaceAll(/L[^;]*;/g, '').includes('I')
}

/** Bit of a token in the space of package-visible methods. */
const PACKAGE_VISIBLE = 0x80

function memberToken(
  member: JavaField | JavaMethod,
  library: ClassLibrary,
  layouts: ReadonlyMap<string, ClassLayout>,
): number {
  const owner = library.findOwn(member.owner)!
  if ('type' in member) return tokenAt(visibleStaticFields(owner).indexOf(member))
  if (!isVirtual(member)) return tokenAt(visibleStaticMethods(owner).indexOf(member))
  const virtual = layouts.get(owner.name)!.tokens.get(overridingKey(member))!
  return virtual.token | (virtual.space === 'package' ? PACKAGE_VISIBLE : 0)
}

/** What cannot be counted has no token; of exported members that is a finding. */
function tokenAt(index: number): number {
  return index < 0 || index > NO_TOKEN ? NO_TOKEN : index
}
