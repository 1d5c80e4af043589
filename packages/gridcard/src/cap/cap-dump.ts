import { toHex } from '@gridcard/bytes'
import {
  type CapFile,
  COMPONENTS_IN_INSTALL_ORDER,
  decodeMethods,
  emitComponentInfo,
  exportedPackages,
  HEADER_FLAGS,
  knownPackageName,
  readMethodHeader,
  type Version,
} from '@gridcard/cap'
import { exitCodes } from '../exit-code.ts'
import { counted, wrap } from '../workbench/text-layout.ts'
import { type CapIo, readCap } from './cap-io.ts'

export interface CapDumpOptions {
  readonly json?: boolean
}

/** What a package consists of, as `--json` prints it. */
export interface CapSummary {
  readonly format: string
  readonly package: { readonly aid: string; readonly version: string; readonly path?: string }
  /** Of an extended CAP file: its public packages. */
  readonly publicPackages?: readonly { readonly aid: string; readonly version: string; readonly classes: number }[]
  readonly flags: readonly string[]
  readonly components: readonly { readonly name: string; readonly bytes: number }[]
  readonly imports: readonly { readonly aid: string; readonly version: string; readonly name?: string }[]
  readonly applets: readonly { readonly aid: string; readonly installOffset: number }[]
  readonly interfaces: number
  readonly classes: readonly { readonly offset: number; readonly cells: number; readonly virtualMethods: number }[]
  readonly methods: {
    readonly count: number
    readonly byteCodeBytes: number
    readonly handlers: number
    /** Of an extended CAP file. */
    readonly blocks?: number
  }
  readonly constants: Readonly<Record<string, number>>
  readonly staticFields: { readonly imageBytes: number; readonly references: number; readonly arrays: number }
  readonly exportedClasses: number
  readonly resources?: readonly { readonly id: number; readonly bytes: number }[]
  readonly hasDescriptor: boolean
  readonly hasDebug: boolean
  /** Frame of the most demanding method, in words. */
  readonly largestFrameWords: number
}

/** `gridcard cap dump`. */
export function dumpCap(io: CapIo, file: string, options: CapDumpOptions = {}): number {
  const summary = summaryOf(readCap(file))
  io.out(options.json ? `${JSON.stringify(summary)}\n` : summaryText(file, summary))
  return exitCodes.done
}

function versionText({ major, minor }: Version): string {
  return `${major}.${minor}`
}

export function summaryOf(cap: CapFile): CapSummary {
  const { header } = cap
  const methods = decodeMethods(cap)
  const constants: Record<string, number> = {}
  for (const { kind } of cap.constantPool) constants[kind] = (constants[kind] ?? 0) + 1
  return {
    format: versionText(header.formatVersion),
    package: {
      aid: toHex(header.package.aid),
      version: versionText(header.package.version),
      ...(cap.packagePath !== undefined && { path: cap.packagePath }),
    },
    ...(header.packages && {
      publicPackages: exportedPackages(cap).map(({ package: one, classes }) => {
        return { aid: toHex(one.aid), version: versionText(one.version), classes: classes.length }
      }),
    }),
    flags: Object.entries(HEADER_FLAGS).flatMap(([name, bit]) => (header.flags & bit ? [name] : [])),
    components: COMPONENTS_IN_INSTALL_ORDER.flatMap(({ tag, name }) => {
      const bytes = emitComponentInfo(cap, tag)?.length
      return bytes === undefined ? [] : [{ name, bytes }]
    }),
    imports: cap.imports.map(({ aid, version }) => {
      const name = knownPackageName(toHex(aid))
      return { aid: toHex(aid), version: versionText(version), ...(name !== undefined && { name }) }
    }),
    applets: (cap.applet?.applets ?? []).map(({ aid, installMethodOffset }) => {
      return { aid: toHex(aid), installOffset: installMethodOffset }
    }),
    interfaces: cap.classes.interfaces.length,
    classes: cap.classes.classes.map((one) => ({
      offset: one.offset,
      cells: one.declaredInstanceSizeCells,
      virtualMethods: one.publicMethodTable.length + one.packageMethodTable.length,
    })),
    methods: {
      count: methods.length,
      byteCodeBytes: methods.reduce((sum, one) => sum + one.endOffset - one.header.codeOffset, 0),
      handlers: cap.methods.handlers.length,
      ...(cap.methods.blockSizesBytes && { blocks: cap.methods.blockSizesBytes.length }),
    },
    constants,
    staticFields: {
      imageBytes: cap.staticFields.imageSizeBytes,
      references: cap.staticFields.referenceCount,
      arrays: cap.staticFields.arrayInits.length,
    },
    exportedClasses: cap.export?.classes.length ?? 0,
    ...(cap.staticResources && {
      resources: cap.staticResources.resources.map(({ resourceId, content }) => {
        return { id: resourceId, bytes: content.length }
      }),
    }),
    hasDescriptor: cap.descriptor !== undefined,
    hasDebug: cap.debug !== undefined,
    largestFrameWords: methods.reduce((most, { header: { offset } }) => {
      const { maxStack, nargs, maxLocals } = readMethodHeader(cap.methods, offset)
      return Math.max(most, maxStack + nargs + maxLocals)
    }, 0),
  }
}

function summaryText(file: string, summary: CapSummary): string {
  const { package: own, components, imports, applets, classes, methods, staticFields } = summary
  const total = components.reduce((sum, one) => sum + one.bytes, 0)
  const flags = summary.flags.length > 0 ? summary.flags.join(' ') : 'none'
  const kinds = Object.entries(summary.constants).map(([kind, count]) => `${count} ${kind}`)
  const cells = classes.reduce((sum, one) => sum + one.cells, 0)
  const isExtended = summary.publicPackages !== undefined
  const blocks = methods.blocks === undefined ? '' : ` in ${counted(methods.blocks, 'block')}`
  const lines = [
    `${file}: CAP format ${summary.format}, ${total} bytes of components`,
    `${isExtended ? 'CAP file' : 'Package '}       ${own.aid} ${own.version}${own.path === undefined ? '' : ` ${own.path}`}`,
    ...(summary.publicPackages ?? []).map(
      (one) => `Public package ${one.aid} ${one.version}, ${one.classes === 1 ? '1 class' : `${one.classes} classes`}`,
    ),
    `Flags          ${flags}`,
    ...applets.map((one) => `Applet         ${one.aid} install at ${one.installOffset}`),
    ...imports.map(
      (one, i) => `${`Import ${i}`.padEnd(15)}${one.aid} ${one.version}${one.name === undefined ? '' : ` ${one.name}`}`,
    ),
    `Classes        ${classes.length} with ${counted(cells, 'cell')} of fields, ${counted(summary.interfaces, 'interface')}`,
    `Methods        ${methods.count} with ${methods.byteCodeBytes} bytes of byte code${blocks}, ${counted(methods.handlers, 'handler')}, largest frame ${summary.largestFrameWords} words`,
    `Constants      ${kinds.length > 0 ? kinds.join(', ') : 'none'}`,
    `Static fields  ${staticFields.imageBytes} bytes, ${counted(staticFields.references, 'reference')}, ${counted(staticFields.arrays, 'array')}`,
    `Exports        ${summary.exportedClasses === 1 ? '1 class' : `${summary.exportedClasses} classes`}`,
    ...(summary.resources ?? []).map((one) => `Resource       ${one.id} of ${counted(one.bytes, 'byte')}`),
    'Components',
    ...components.map((one) => `  ${one.name.padEnd(16)}${String(one.bytes).padStart(7)} bytes`),
  ]
  return `${lines.map((line) => wrap(line, ' '.repeat(15))).join('\n')}\n`
}
