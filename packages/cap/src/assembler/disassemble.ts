import { equalBytes, toHex } from '@gridcard/bytes'
import type { ApiPackage } from '../api/api-package.ts'
import { newestPackages } from '../api/known-packages.ts'
import {
  type CapFile,
  CLASS_FLAGS,
  type ClassInfo,
  HEADER_FLAGS,
  type InterfaceInfo,
  type ReferenceLocationComponent,
  STATIC_ARRAY_TYPES,
  type Version,
} from '../capfile/cap-file.ts'
import { createDirectory, emitComponentInfo } from '../capfile/component-info.ts'
import { COMPONENT_TAGS, componentByTag } from '../capfile/component-table.ts'
import { blockRanges } from '../capfile/method-component.ts'
import { createReferenceLocation } from '../instructions/reference-locations.ts'
import { ApiNames } from './api-names.ts'
import { descriptorLines, inPackages } from './disassemble-descriptor.ts'
import { MethodDisassembler } from './disassemble-method.ts'
import { type LabelledPackage, labelPackage } from './labelled-package.ts'
import { methodRoles } from './method-roles.ts'
import type { ReferenceWords } from './reference-words.ts'
import { wordOf } from './words.ts'

export interface DisassembleOptions {
  /** Packages whose names are shown; the newest version of all known ones by default. `assemble` needs the same ones. */
  readonly packages?: readonly ApiPackage[]
}

/**
 * Writes a package as assembler text; `assemble` makes the same components from it, byte for byte. What cannot be
 * shown in words (byte code that does not decode, remote classes) stands there as `.raw` bytes.
 */
export function disassemble(cap: CapFile, options: DisassembleOptions = {}): string {
  const labelled = labelPackage(cap, new ApiNames(options.packages ?? newestPackages()))
  return `${[
    ...headerLines(cap),
    ...importLines(labelled),
    ...appletLines(labelled),
    ...classLines(labelled),
    ...staticLines(cap),
    ...constantLines(labelled),
    ...methodLines(labelled),
    ...exportLines(labelled),
    ...(cap.descriptor ? ['', ...descriptorLines(cap.descriptor, labelled)] : []),
    ...opaqueLines(cap),
    ...directoryLines(cap),
  ].join('\n')}\n`
}

function versionText({ major, minor }: Version): string {
  return `${major}.${minor}`
}

/** An `info` item, as a line of its own. */
function rawLine(cap: CapFile, tag: number): string {
  return `.raw ${componentByTag(tag)!.name} ${toHex(emitComponentInfo(cap, tag) ?? new Uint8Array())}`
}

function headerLines({ header, packagePath }: CapFile): string[] {
  const name = header.packageName ? ` name ${wordOf(header.packageName)}` : ''
  const int = header.flags & HEADER_FLAGS.ACC_INT ? ' int' : ''
  return [
    `.format ${versionText(header.formatVersion)}`,
    ...(packagePath === undefined ? [] : [`.path ${wordOf(packagePath)}`]),
    `${header.packages ? '.cap' : '.package'} ${toHex(header.package.aid)} ${versionText(header.package.version)}${name}${int}`,
    ...(header.packages ?? []).map((one) => `.package ${toHex(one.aid)} ${versionText(one.version)}`),
  ]
}

function importLines({ cap, names }: LabelledPackage): string[] {
  return cap.imports.map(({ aid, version }) => {
    const known = names.packageOf(aid)
    return `.import ${toHex(aid)} ${versionText(version)}${known ? ` // ${known.name}` : ''}`
  })
}

function appletLines({ cap, words }: LabelledPackage): string[] {
  return (cap.applet?.applets ?? []).map((one) => {
    return `.applet ${toHex(one.aid)} ${words.methodWord(one.installMethodOffset)}`
  })
}

function classLines(labelled: LabelledPackage): string[] {
  const { cap, words } = labelled
  if (!labelled.areClassesShown) return ['', rawLine(cap, COMPONENT_TAGS.class)]
  const { signaturePool, interfaces, classes } = cap.classes
  return [
    ...(signaturePool && signaturePool.length > 0 ? ['', `.signatures ${toHex(signaturePool)}`] : []),
    ...interfaces.flatMap((one) => ['', interfaceLine(one, words)]),
    ...classes.flatMap((one) => ['', ...oneClassLines(one, words)]),
  ]
}

function interfaceLine(one: InterfaceInfo, words: ReferenceWords): string {
  const label = words.classWord({ kind: 'internal', classOffset: one.offset })
  const shareable = one.flags & CLASS_FLAGS.ACC_SHAREABLE ? ' shareable' : ''
  const supers = one.superinterfaces.map((ref) => ` ${words.classWord(ref)}`).join('')
  return `.interface ${label}${shareable}${supers && ` extends${supers}`}`
}

const INHERITED_FROM_OTHER_PACKAGE = 0xffff

function oneClassLines(one: ClassInfo, words: ReferenceWords): string[] {
  const label = words.classWord({ kind: 'internal', classOffset: one.offset })
  const shareable = one.flags & CLASS_FLAGS.ACC_SHAREABLE ? ' shareable' : ''
  const table = (offsets: readonly number[]) =>
    offsets.map((offset) => ` ${offset === INHERITED_FROM_OTHER_PACKAGE ? '-' : words.methodWord(offset)}`).join('')
  const from = one.firstReferenceToken === 0xff ? '' : ` from ${one.firstReferenceToken}`
  const mapping = one.publicVirtualMethodTokenMapping
  return [
    `.class ${label}${shareable} extends ${one.superClass ? words.classWord(one.superClass) : 'nothing'}`,
    `  .instance ${one.declaredInstanceSizeCells} references ${one.referenceCount}${from}`,
    `  .public ${one.publicMethodTableBase}${table(one.publicMethodTable)}`,
    `  .package ${one.packageMethodTableBase}${table(one.packageMethodTable)}`,
    ...one.interfaces.map((each) => `  .implements ${[words.classWord(each.interface), ...each.index].join(' ')}`),
    ...(mapping ? [`  .tokens ${one.cap22InheritablePublicMethodTokenCount} ${toHex(mapping)}`] : []),
    '.end',
  ]
}

function staticLines({ staticFields }: CapFile): string[] {
  const { referenceCount, arrayInits, defaultValueCount, nonDefaultValues } = staticFields
  const values = nonDefaultValues.length > 0 ? ` values ${toHex(nonDefaultValues)}` : ''
  const words = Object.entries(STATIC_ARRAY_TYPES)
  return [
    '',
    `.statics references ${referenceCount} default ${defaultValueCount}${values}`,
    ...arrayInits.map((one) => `.array ${words.find(([, type]) => type === one.type)![0]} ${toHex(one.values)}`),
  ]
}

function constantLines({ cap, words }: LabelledPackage): string[] {
  const entries = cap.constantPool.map((entry, i) => `  ${entry.kind} ${words.entryWord(entry)} // ${i}`)
  return ['', '.constants', ...entries, '.end']
}

function methodLines(labelled: LabelledPackage): string[] {
  const { cap, words, methods } = labelled
  if (!methods) return ['', rawLine(cap, COMPONENT_TAGS.method), rawLine(cap, COMPONENT_TAGS.referenceLocation)]
  const disassembler = new MethodDisassembler(cap, words)
  const roles = methodRoles(labelled)
  const lines: string[] = []
  for (const { start, firstMethod, end } of blockRanges(cap.methods)) {
    if (start > 0) lines.push('', '.block')
    let at = firstMethod
    const gap = (to: number) => (at < to ? ['', `.bytes ${toHex(cap.methods.info.subarray(at, to))}`] : [])
    for (const method of methods.filter(({ header: { offset } }) => offset >= start && offset < end)) {
      lines.push(...gap(method.header.offset), '')
      lines.push(...(roles.get(method.header.offset) ?? []).map((role) => `// ${role}`), ...disassembler.lines(method))
      at = method.endOffset
    }
    lines.push(...gap(end))
  }
  const derived = createReferenceLocation(
    cap.methods.handlers,
    methods.flatMap((one) => one.instructions),
  )
  if (!sameLocations(derived, cap.referenceLocation)) lines.push('', rawLine(cap, COMPONENT_TAGS.referenceLocation))
  return lines
}

function sameLocations(a: ReferenceLocationComponent, b: ReferenceLocationComponent): boolean {
  const same = (one: readonly number[], other: readonly number[]) =>
    one.length === other.length && one.every((offset, i) => offset === other[i])
  return same(a.byteIndexOffsets, b.byteIndexOffsets) && same(a.byte2IndexOffsets, b.byte2IndexOffsets)
}

function exportLines({ cap, words }: LabelledPackage): string[] {
  if (!cap.export) return []
  const { packageClassCounts } = cap.export
  if (cap.export.classes.length === 0 && !packageClassCounts) return ['', rawLine(cap, COMPONENT_TAGS.export)]
  const lines = cap.export.classes.map(({ classOffset, staticFieldOffsets, staticMethodOffsets }) => {
    const name = words.classWord({ kind: 'internal', classOffset })
    const fields = staticFieldOffsets.length > 0 ? ` fields ${staticFieldOffsets.join(' ')}` : ''
    const methods = staticMethodOffsets.map((offset) => ` ${words.methodWord(offset)}`).join('')
    return `.export ${name}${fields}${methods && ` methods${methods}`}`
  })
  return ['', ...inPackages(lines, packageClassCounts, '.exports')]
}

function opaqueLines({ debug, staticResources, custom }: CapFile): string[] {
  const lines = [
    ...(debug ? [`.debug ${toHex(debug)}`] : []),
    ...(staticResources?.resources ?? []).map((one) => `.resource ${one.resourceId} ${toHex(one.content)}`),
    ...(custom ?? []).map(({ tag, aid, fileName, info }) => {
      const file = fileName === undefined ? '' : ` file ${wordOf(fileName)}`
      return `.custom ${tag} ${toHex(aid)}${file} ${toHex(info)}`
    }),
  ]
  if (staticResources?.resources.length === 0) lines.push('.raw StaticResources 0000')
  return lines.length > 0 ? ['', ...lines] : []
}

/** Directory follows from the rest, except where a Descriptor or Debug was announced and left behind. */
function directoryLines(cap: CapFile): string[] {
  const said = emitComponentInfo(cap, COMPONENT_TAGS.directory)!
  const derived = emitComponentInfo({ ...cap, directory: createDirectory(cap) }, COMPONENT_TAGS.directory)!
  return equalBytes(said, derived) ? [] : ['', rawLine(cap, COMPONENT_TAGS.directory)]
}
