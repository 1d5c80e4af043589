import type { ApiLevel, ApiPackage } from '../api/api-package.ts'
import { apiPackages } from '../api/api-packages.ts'
import { newestPackages } from '../api/known-packages.ts'
import {
  type CapFile,
  type CapFileParts,
  type ClassComponent,
  type ClassInfo,
  type ExceptionHandler,
  HEADER_FLAGS,
  type HeaderComponent,
  type InterfaceInfo,
  METHOD_BLOCK_SPAN,
  type MethodComponent,
  type PackageInfo,
} from '../capfile/cap-file.ts'
import { type CapQuirks, checkCapFile } from '../capfile/check-cap-file.ts'
import { classInfoSizeBytes, interfaceInfoSizeBytes } from '../capfile/class-component.ts'
import { FORMAT_2_2, type FormatNumber, formatNumber, layoutNumber } from '../capfile/component-codec.ts'
import { withDirectory } from '../capfile/component-info.ts'
import { COMPONENT_TAGS } from '../capfile/component-table.ts'
import { emitMethodHeader, joinBlocks, joinMethods } from '../capfile/method-component.ts'
import { decodeInstructions } from '../instructions/decode-instruction.ts'
import { createReferenceLocation } from '../instructions/reference-locations.ts'
import { ApiNames } from './api-names.ts'
import { assembleDescriptor } from './assemble-descriptor.ts'
import { AssembledConstantPool } from './assembled-constant-pool.ts'
import type { OperandText } from './code-text.ts'
import { type CodeLayout, emitCode, labelOffset, layOutCode, type OperandResolver } from './emit-code.ts'
import { encloses } from './handler-ranges.ts'
import type { ClassText, HandlerText, MethodText, PackageText } from './package-text.ts'
import { parsePackageText } from './parse-package-text.ts'
import { replaceRawComponents } from './raw-components.ts'
import { References } from './references.ts'
import { numberOf, refuse, type Token } from './tokens.ts'

export interface AssembleOptions {
  /** Packages whose names may be used; the newest version of all known ones by default. */
  readonly packages?: readonly ApiPackage[]
  /** Level whose versions are imported when a name needs a package that `.import` does not list; 3.0.5 by default. */
  readonly level?: ApiLevel
  /** Faults to tolerate in the package that comes out. */
  readonly quirks?: CapQuirks
}

export interface AssembledPackage {
  readonly cap: CapFile
  /** Offset in Method of each `.method` label. */
  readonly methodOffsets: ReadonlyMap<string, number>
  /** Offset in Class of each `.class` and `.interface` label. */
  readonly classOffsets: ReadonlyMap<string, number>
}

/**
 * Makes a package from assembler text; the language is described in the README of this package.
 *
 * @throws AssemblerError for the text, CapFormatError when it describes an impossible package
 */
export function assemble(text: string, options: AssembleOptions = {}): CapFile {
  return assemblePackage(text, options).cap
}

/** As `assemble`, and tells where the labels ended up. */
export function assemblePackage(text: string, options: AssembleOptions = {}): AssembledPackage {
  const names = new ApiNames(options.packages ?? newestPackages())
  const source = parsePackageText(text, names)
  const classOffsets = layOutClasses(source)
  const methods = layOutMethods(source)
  const imports: PackageInfo[] = [...source.imports]
  const labels = { classOffsets, methodOffsets: methods.offsets }
  const levelPackages = apiPackages(options.level ?? '3.0.5')
  const references = new References({ names, labels, imports, levelPackages })
  const cap = resolvePackage({ source, methods, references, imports, constantPool: new AssembledConstantPool() })
  checkCapFile(cap, options.quirks)
  return { cap, classOffsets, methodOffsets: methods.offsets }
}

/** A package whose labels have offsets. */
interface LaidOutPackage {
  readonly source: PackageText
  readonly methods: MethodLayouts
  readonly references: References
  readonly imports: readonly PackageInfo[]
  readonly constantPool: AssembledConstantPool
}

interface MethodLayouts {
  readonly offsets: ReadonlyMap<string, number>
  readonly code: ReadonlyMap<MethodText, CodeLayout & { readonly offset: number; readonly codeOffset: number }>
}

function define(labels: Map<string, number>, label: Token, offset: number): void {
  if (labels.has(label.text)) refuse('CAP_ASM_DUPLICATE', `label ${label.text} twice`, label.line)
  labels.set(label.text, offset)
}

function layOutClasses(source: PackageText): Map<string, number> {
  const offsets = new Map<string, number>()
  const format = layoutOf(source)
  let at = format >= FORMAT_2_2 ? 2 + (source.signatures?.length ?? 0) : 0
  const placeholder = { kind: 'internal', classOffset: 0 } as const
  for (const one of source.interfaces) {
    define(offsets, one.label, at)
    at += interfaceInfoSizeBytes({ flags: one.flags, superinterfaces: one.superinterfaces.map(() => placeholder) })
  }
  for (const one of source.classes) {
    define(offsets, one.label, at)
    at += classInfoSizeBytes(
      classInfoOf(
        one,
        () => placeholder,
        () => 0,
      ),
      format,
    )
  }
  return offsets
}

function classInfoOf(
  one: ClassText,
  classRef: (token: Token) => NonNullable<ClassInfo['superClass']>,
  methodOffset: (token: Token) => number,
): Omit<ClassInfo, 'offset'> {
  return {
    flags: one.flags,
    superClass: one.superClass && classRef(one.superClass),
    declaredInstanceSizeCells: one.declaredInstanceSizeCells,
    firstReferenceToken: one.firstReferenceToken,
    referenceCount: one.referenceCount,
    publicMethodTableBase: one.publicMethodTableBase,
    publicMethodTable: one.publicMethodTable.map(methodOffset),
    packageMethodTableBase: one.packageMethodTableBase,
    packageMethodTable: one.packageMethodTable.map(methodOffset),
    interfaces: one.interfaces.map((each) => ({ interface: classRef(each.interface), index: each.index })),
    ...(one.tokenMapping && { publicVirtualMethodTokenMapping: one.tokenMapping }),
    ...(one.inheritableCount !== undefined && { cap22InheritablePublicMethodTokenCount: one.inheritableCount }),
  }
}

/** What decides the layout of components. */
function layoutOf({ formatVersion, packages }: PackageText): FormatNumber {
  return layoutNumber({ formatVersion, flags: packages ? HEADER_FLAGS.ACC_EXTENDED : 0 })
}

/** Methods as they stand in the blocks of an extended CAP file; in a compact one they are one block. */
function blocksOf({ methods, blockStarts, packages }: PackageText): (MethodText | Uint8Array)[][] {
  const starts = packages ? [0, ...blockStarts] : [0]
  return starts.map((start, i) => methods.slice(start, starts[i + 1]))
}

function layOutMethods(source: PackageText): MethodLayouts {
  const offsets = new Map<string, number>()
  const code = new Map<MethodText, CodeLayout & { offset: number; codeOffset: number }>()
  for (const [i, block] of blocksOf(source).entries()) {
    const handlers = methodTexts(block).reduce((count, one) => count + one.handlers.length, 0)
    const first = joinMethods(
      Array.from({ length: handlers }, () => NO_HANDLER),
      [],
    ).info.length
    let at = i * METHOD_BLOCK_SPAN + first
    for (const one of block) {
      if (one instanceof Uint8Array) {
        at += one.length
        continue
      }
      define(offsets, one.label, at)
      const layout = layOutCode(one.code)
      const codeOffset = at + emitMethodHeader(one).length
      code.set(one, { ...layout, offset: at, codeOffset })
      at = codeOffset + layout.sizeBytes
    }
  }
  return { offsets, code }
}

const NO_HANDLER: ExceptionHandler = {
  startOffset: 0,
  activeLengthBytes: 0,
  stop: false,
  handlerOffset: 0,
  catchTypeIndex: 0,
}

function methodTexts(methods: readonly (MethodText | Uint8Array)[]): MethodText[] {
  return methods.filter((one): one is MethodText => !(one instanceof Uint8Array))
}

function resolvePackage(laidOut: LaidOutPackage): CapFile {
  const { source, references, constantPool, imports } = laidOut
  for (const { kind, name } of source.constants) constantPool.append(references.entry(kind, name))
  const methods = emitMethods(laidOut)
  const applets = source.applets.map(({ aid, install }) => {
    return { aid, installMethodOffset: references.methodOffset(install) }
  })
  const { statics, arrays } = source
  const parts: CapFileParts = {
    ...(source.packagePath !== undefined && { packagePath: source.packagePath }),
    header: headerOf(source),
    ...(applets.length > 0 && { applet: { applets } }),
    classes: classComponentOf(source, references),
    methods,
    staticFields: {
      imageSizeBytes: 2 * statics.referenceCount + statics.defaultValueCount + statics.values.length,
      referenceCount: statics.referenceCount,
      arrayInits: arrays,
      defaultValueCount: statics.defaultValueCount,
      nonDefaultValues: statics.values,
    },
    referenceLocation: createReferenceLocation(methods.handlers, assembledInstructions(laidOut, methods)),
    ...(isExporting(source) && {
      export: {
        classes: exportsOf(source, references),
        ...(source.packages && { packageClassCounts: source.exportCounts }),
      },
    }),
    ...(source.descriptor && { descriptor: assembleDescriptor(source.descriptor, laidOut) }),
    ...(source.debug && { debug: source.debug }),
    ...(source.resources.length > 0 && { staticResources: { resources: source.resources } }),
    ...(source.custom.length > 0 && { custom: source.custom }),
    // Both grew while the rest was resolved, so they come last.
    imports,
    constantPool: constantPool.entries,
  }
  return replaceRawComponents(withDirectory(parts), source.raw)
}

function isExporting({ exports, exportCounts }: PackageText): boolean {
  return exports.length > 0 || exportCounts.length > 0
}

function headerOf(source: PackageText): HeaderComponent {
  const isExported = isExporting(source) || source.raw.has(COMPONENT_TAGS.export)
  const hasApplets = source.applets.length > 0 || source.raw.has(COMPONENT_TAGS.applet)
  return {
    formatVersion: source.formatVersion,
    flags:
      (source.usesInt ? HEADER_FLAGS.ACC_INT : 0) |
      (isExported ? HEADER_FLAGS.ACC_EXPORT : 0) |
      (hasApplets ? HEADER_FLAGS.ACC_APPLET : 0) |
      (source.packages ? HEADER_FLAGS.ACC_EXTENDED : 0),
    package: { aid: source.aid, version: source.version },
    ...(source.packages
      ? { packages: source.packages, packageNames: source.packages.map(() => '') }
      : formatNumber(source.formatVersion) >= FORMAT_2_2 && { packageName: source.packageName ?? '' }),
  }
}

/** Entry of a method table whose method lives in another package. */
const INHERITED_FROM_OTHER_PACKAGE = 0xffff

function classComponentOf(source: PackageText, references: References): ClassComponent {
  const format: FormatNumber = formatNumber(source.formatVersion)
  const classRef = (token: Token) => references.classRef(token)
  const methodOffset = (token: Token) =>
    token.text === '-' ? INHERITED_FROM_OTHER_PACKAGE : references.methodOffset(token)
  const interfaces: InterfaceInfo[] = source.interfaces.map((one) => ({
    offset: references.classOffset(one.label),
    flags: one.flags,
    superinterfaces: one.superinterfaces.map(classRef),
  }))
  const classes: ClassInfo[] = source.classes.map((one) => ({
    offset: references.classOffset(one.label),
    ...classInfoOf(one, classRef, methodOffset),
  }))
  const signaturePool = format >= FORMAT_2_2 ? (source.signatures ?? new Uint8Array()) : undefined
  return { ...(signaturePool && { signaturePool }), interfaces, classes }
}

function emitMethods(laidOut: LaidOutPackage): MethodComponent {
  const { source, references } = laidOut
  const resolver: OperandResolver = {
    constantIndex: (operand) => constantIndex(operand, laidOut),
    interfaceMethodToken: (name) => references.interfaceMethodToken(name),
  }
  const blocks = blocksOf(source).map((block, i) => {
    const start = i * METHOD_BLOCK_SPAN
    const handlers = methodTexts(block).flatMap((one) => one.handlers.map((each) => handlerOf(each, one, laidOut)))
    const inBlock = handlers.map(({ stop, ...handler }, at) => ({
      ...handler,
      startOffset: handler.startOffset - start,
      handlerOffset: handler.handlerOffset - start,
      stop: stop ?? !handlers.slice(at + 1).some((later) => encloses(later, handler)),
    }))
    const methods = block.map((one) => {
      if (one instanceof Uint8Array) return one
      const code = emitCode(one.code, laidOut.methods.code.get(one)!, resolver)
      return Uint8Array.of(...emitMethodHeader(one), ...code)
    })
    return joinMethods(inBlock, methods)
  })
  return source.packages ? joinBlocks(blocks.map((one) => one.info)) : blocks[0]!
}

function constantIndex(
  { kinds, name }: Extract<OperandText, { kind: 'constant' }>,
  { references, constantPool }: LaidOutPackage,
): number {
  if (name.text.startsWith('#')) return numberOf({ ...name, text: name.text.slice(1) }, 'constant pool index')
  const isSuper = name.text.startsWith('super:')
  const kind = kinds.find((one) => (one === 'superMethod') === isSuper)
  if (kind === undefined) refuse('CAP_ASM_SYNTAX', `${name.text} is not possible here`, name.line)
  const token = isSuper ? { ...name, text: name.text.slice('super:'.length) } : name
  return constantPool.indexOf(references.entry(kind, token))
}

function catchIndex(name: Token, { references, constantPool }: LaidOutPackage): number {
  if (name.text.startsWith('#')) return numberOf({ ...name, text: name.text.slice(1) }, 'constant pool index')
  return constantPool.catchIndexOf(references.entry('class', name))
}

type UnstoppedHandler = Omit<ExceptionHandler, 'stop'> & { readonly stop: boolean | undefined }

function handlerOf(text: HandlerText, method: MethodText, laidOut: LaidOutPackage): UnstoppedHandler {
  const layout = laidOut.methods.code.get(method)!
  const at = (label: Token) => layout.codeOffset + labelOffset(label, layout)
  const startOffset = at(text.from)
  const { catchType } = text
  return {
    startOffset,
    activeLengthBytes: at(text.to) - startOffset,
    handlerOffset: at(text.target),
    catchTypeIndex: catchType ? catchIndex(catchType, laidOut) : 0,
    stop: text.stop,
  }
}

function assembledInstructions({ methods }: LaidOutPackage, component: MethodComponent) {
  return [...methods.code.values()].flatMap(({ codeOffset, sizeBytes }) => {
    return decodeInstructions(component.info, codeOffset, codeOffset + sizeBytes)
  })
}

function exportsOf(source: PackageText, references: References) {
  return source.exports.map((one) => ({
    classOffset: references.classOffset(one.class),
    staticFieldOffsets: one.staticFieldOffsets,
    staticMethodOffsets: one.staticMethods.map((token) => references.methodOffset(token)),
  }))
}
