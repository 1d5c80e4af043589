import type { ApiLevel, ApiPackage } from '../api/api-package.ts'
import { apiPackages } from '../api/api-packages.ts'
import { type CapFile, HEADER_FLAGS, type Version } from '../capfile/cap-file.ts'
import { withDirectory } from '../capfile/component-info.ts'
import { ACC } from '../classfile/class-file.ts'
import { parseClassFile } from '../classfile/parse-class-file.ts'
import { buildDebugMap } from '../debug/build-debug-map.ts'
import { emitDebugComponent } from '../debug/debug-component.ts'
import type { DebugMap } from '../debug/debug-map.ts'
import type { ConvertFinding } from '../errors.ts'
import { instructionByMnemonic } from '../instructions/instruction-table.ts'
import { type AnalysedMethod, analyseMethods, type IntSupport } from './analyse-methods.ts'
import { type AppletSource, checkApplets, findInstallMethod } from './applets.ts'
import type { CardInstruction } from './card-instruction.ts'
import { checkClass, isMissingAsWhole } from './check-classes.ts'
import { buildClasses, type ClassSource, classOffsetsOf } from './class-component.ts'
import { type ClassLayout, layOutClasses } from './class-layout.ts'
import { ClassLibrary } from './class-library.ts'
import { orderClasses } from './class-order.ts'
import { type Addresses, ConstantPoolPlan } from './constant-pool-plan.ts'
import { buildDescriptor } from './descriptor-component.ts'
import { exportedPackage } from './exported-package.ts'
import { buildExport, exportedClasses, visibleStaticFields, visibleStaticMethods } from './exports.ts'
import { Findings } from './findings.ts'
import { localSlots, placeOfVariable } from './local-slots.ts'
import { buildMethods, type SelectedMethod } from './method-component.ts'
import { openNests } from './nestmates.ts'
import { OlderTokens } from './older-tokens.ts'
import {
  isVirtual,
  type JavaClass,
  type JavaField,
  type JavaMethod,
  type JavaVariable,
  javaClassOf,
  signatureKey,
} from './program.ts'
import { instanceFieldEntry, References } from './references.ts'
import { selectInstructions } from './select-instructions.ts'
import { buildStaticImage, type StaticImage } from './static-image.ts'

export interface ConvertOptions {
  /** All classes and interfaces of one package, in any order. */
  readonly classFiles: readonly Uint8Array[]
  /** Dotted: `com.example.purse` */
  readonly packageName: string
  /** 5..16 bytes */
  readonly packageAid: Uint8Array
  readonly packageVersion: Version
  readonly applets: readonly AppletSource[]
  readonly level: ApiLevel
  /** Tokens of packages beyond the API that the classes use. */
  readonly libraries?: readonly ApiPackage[]
  /** Take `int` as it is, which needs a card with int support. */
  readonly int?: boolean
  /** Export file of an earlier version of this package, whose tokens must hold on. */
  readonly olderExport?: ApiPackage
  /** Put the debug map into the file too, as the Debug component that other tools read. */
  readonly debugComponent?: boolean
}

export interface Conversion {
  readonly cap: CapFile
  /** Tokens of what the package shows to others, for `libraries` of later conversions; no classes when it shows none. */
  readonly exported: ApiPackage
  /** Where the byte code comes from; without lines and variables when the class files have none. */
  readonly debug: DebugMap
  /** What converts, but may not do what Java would. */
  readonly warnings: readonly ConvertFinding[]
}

/**
 * What the tools of each level write: 2.3 from level 3.1 on; before, 2.2 when a Debug component is there, which 2.1 has no
 * place for in its Directory, else 2.1.
 */
function formatVersionOf({ level, debugComponent }: ConvertOptions): Version {
  if (level === '3.1.0' || level === '3.2.0') return { major: 2, minor: 3 }
  return { major: 2, minor: debugComponent ? 2 : 1 }
}

/** Token of something that other packages cannot name. */
const NO_TOKEN = 0xff

/**
 * Makes a CAP file of class files. The same class files give the same bytes, in whatever order they come, and with
 * whatever debug information a compiler put in.
 *
 * @throws ConvertError with all findings when the classes use what a card does not have
 * @throws ClassFileError when a class file is broken
 */
export function convert(options: ConvertOptions): Conversion {
  const findings = new Findings()
  const older = options.olderExport && new OlderTokens(options.olderExport)
  const read = orderClasses(options.classFiles.map((bytes) => javaClassOf(parseClassFile(bytes))).filter(isForCards))
  const opened = openNests(read, findings)
  const classes = older ? opened.map((one) => older.reorder(one)) : opened
  const library = new ClassLibrary(classes, [...apiPackages(options.level), ...(options.libraries ?? [])])
  checkApplets(options, library, findings)
  const concrete = classes.filter((one) => !one.isInterface)
  const layouts = layOutClasses(concrete, library, findings)
  const plan = new ConstantPoolPlan(library)
  const references = new References({
    library,
    layouts,
    plan,
    findings,
    level: options.level,
    int: options.int === true,
  })
  const ints: IntSupport = options.int ? 'int' : 'short'
  for (const one of classes) checkClass(one, library, references, ints, findings)
  const whole = classes.filter((one) => !isMissingAsWhole(one))
  const analysed = whole.flatMap((one) => analyseMethods(one, ints, findings))
  planInstanceFields(analysed, library, layouts, plan)
  const selected = concrete.flatMap((one) => [
    ...analysed.filter((method) => method.class === one).map((method) => select(method, references, findings)),
    ...layouts.get(one.name)!.miranda.map((method): SelectedMethod => ({ class: one, method, handlers: [] })),
  ])
  const statics = buildStaticImage(
    whole,
    { mayHoldArrays: options.applets.length > 0, int: options.int === true },
    findings,
  )
  findings.throwIfAny()
  const conversion = assemble({ options, classes, library, layouts, plan, selected, statics, findings, older })
  older?.check(conversion.exported, findings)
  findings.throwIfAny()
  return conversion
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
  readonly options: ConvertOptions
  readonly classes: readonly JavaClass[]
  readonly library: ClassLibrary
  readonly layouts: ReadonlyMap<string, ClassLayout>
  readonly plan: ConstantPoolPlan
  readonly selected: readonly SelectedMethod[]
  readonly statics: StaticImage
  readonly findings: Findings
  readonly older: OlderTokens | undefined
}

/** Places everything, then writes the components that name places. */
function assemble(converted: Converted): Conversion {
  const { options, classes, library, layouts, plan, statics } = converted
  const interfaces = classes.filter((one) => one.isInterface)
  const formatVersion = formatVersionOf(options)
  const source: ClassSource = {
    interfaces,
    classes: classes.filter((one) => !one.isInterface),
    layouts,
    library,
    formatVersion,
  }
  const classOffsets = classOffsetsOf(source)
  const methods = buildMethods(converted.selected, converted.findings)
  const addresses: Addresses = {
    classOffset: (name) => classOffsets.get(name) ?? 0,
    methodOffset: (method) => methods.place(method)?.offset ?? 0,
    imageOffset: statics.imageOffset,
  }
  const constantPool = plan.resolve(addresses)
  const classRef: ConstantPoolPlan['classRef'] = (name, offsets) => plan.classRef(name, offsets)
  const classComponent = buildClasses(source, { classRef, methodOffset: addresses.methodOffset }, classOffsets)
  const inOrder = [...source.interfaces, ...source.classes]
  const { older } = converted
  const inTokenOrder = older ? inOrder.toSorted((a, b) => older.compareClasses(a, b)) : inOrder
  const exported = exportedClasses(inTokenOrder, library, options.applets.length > 0)
  // Public classes have tokens even when they are not exported; those that are come first, by their place in Export.
  const shown = exported.map((one) => one.class)
  const tokenOrder = [...shown, ...inOrder.filter((one) => one.accessFlags & ACC.PUBLIC && !shown.includes(one))]
  const descriptor = buildDescriptor({
    classes: inOrder,
    constants: plan.entries,
    classRef: (name) => plan.classRef(name, addresses),
    classToken: (one) => tokenAt(tokenOrder.indexOf(one)),
    memberToken: (member) => memberToken(member, library, layouts),
    imageOffset: statics.imageOffset,
    fieldToken: (field) => layouts.get(field.owner)?.fieldTokens.get(field.name) ?? NO_TOKEN,
    place: methods.place,
    miranda: (one) => layouts.get(one.name)?.miranda ?? [],
    interfaceMethods: (one) => library.interfaceMethods(one.name),
    implementedInterfaces: (one) => (one.isInterface ? [] : library.interfaceClosure(one.interfaceNames)),
  })
  const info = { aid: options.packageAid, version: options.packageVersion }
  const debug = buildDebugMap({
    packageName: options.packageName,
    info,
    classes: inOrder,
    library,
    layouts,
    classOffsets,
    methods,
    statics,
  })
  const cap = withDirectory({
    packagePath: options.packageName.replaceAll('.', '/'),
    header: {
      formatVersion,
      flags:
        (usesInt(classes, converted.selected) ? HEADER_FLAGS.ACC_INT : 0) |
        (exported.length > 0 ? HEADER_FLAGS.ACC_EXPORT : 0) |
        (options.applets.length > 0 ? HEADER_FLAGS.ACC_APPLET : 0),
      package: info,
      ...(formatVersion.minor >= 2 && { packageName: '' }),
    },
    ...(options.applets.length > 0 && {
      applet: {
        applets: options.applets.map(({ className, aid }) => ({
          aid,
          installMethodOffset: addresses.methodOffset(findInstallMethod(className, library)!),
        })),
      },
    }),
    imports: plan.imports(),
    constantPool,
    classes: classComponent,
    methods: methods.component,
    staticFields: statics.component,
    referenceLocation: methods.referenceLocation,
    ...(exported.length > 0 && { export: buildExport(exported, addresses) }),
    descriptor,
    ...(options.debugComponent && { debug: emitDebugComponent(debug) }),
  })
  return {
    cap,
    exported: exportedPackage({
      name: options.packageName,
      info,
      formatVersion,
      isLibrary: options.applets.length === 0,
      imports: plan.importedPackages(),
      exported,
      library,
      layouts,
    }),
    debug,
    warnings: converted.findings.warnings,
  }
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
  const virtual = layouts.get(owner.name)!.tokens.get(signatureKey(member))!
  return virtual.token | (virtual.space === 'package' ? PACKAGE_VISIBLE : 0)
}

function tokenAt(index: number): number {
  return index < 0 ? NO_TOKEN : index
}
