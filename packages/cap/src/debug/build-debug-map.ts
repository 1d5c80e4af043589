import { toHex } from '@gridcard/bytes'
import type { PackageInfo } from '../capfile/cap-file.ts'
import type { ClassLayout } from '../converter/class-layout.ts'
import type { ClassLibrary } from '../converter/class-library.ts'
import type { BuiltMethods, PlacedMethod } from '../converter/method-component.ts'
import {
  type JavaClass,
  type JavaField,
  type JavaMethod,
  lineOf,
  packageOf,
  STATIC_INITIALISER,
} from '../converter/program.ts'
import type { StaticImage } from '../converter/static-image.ts'
import type { DebugClass, DebugField, DebugLine, DebugMap, DebugMethod, DebugVariable } from './debug-map.ts'

/** All that a conversion knows of places. */
export interface DebugSource {
  /** Of the package, or of the CAP file. */
  readonly packageName: string
  readonly info: PackageInfo
  /** In order of their places in Class. */
  readonly classes: readonly JavaClass[]
  readonly library: ClassLibrary
  readonly layouts: ReadonlyMap<string, ClassLayout>
  readonly classOffsets: ReadonlyMap<string, number>
  readonly methods: BuiltMethods
  readonly statics: StaticImage
}

export function buildDebugMap(source: DebugSource): DebugMap {
  const { info, classes } = source
  const pathOf = (one: JavaClass): string | undefined => one.sourceFile && `${packageOf(one.name)}/${one.sourceFile}`
  const sources = [...new Set(classes.flatMap((one) => pathOf(one) ?? []))].sort()
  return {
    format: 'gridcard-debug-map',
    version: 1,
    package: {
      name: source.packageName,
      aid: toHex(info.aid),
      version: `${info.version.major}.${info.version.minor}`,
    },
    sources,
    classes: classes.map((one): DebugClass => {
      const path = pathOf(one)
      return {
        name: one.name,
        ...(path !== undefined && { source: sources.indexOf(path) }),
        ...(one.superName !== undefined && { superName: one.superName }),
        interfaces: source.library.interfaceClosure(one.interfaceNames),
        accessFlags: one.accessFlags,
        offset: source.classOffsets.get(one.name) ?? 0,
        fields: one.fields.flatMap((field) => debugField(field, source) ?? []),
      }
    }),
    methods: classes
      .flatMap((one, index) => [
        ...one.methods.flatMap((method) => debugMethod(method, index, source.methods) ?? []),
        ...(source.layouts.get(one.name)?.miranda ?? []).flatMap(
          (method) => debugMethod(method, index, source.methods) ?? [],
        ),
      ])
      .toSorted((a, b) => a.offset - b.offset),
  }
}

function debugField(field: JavaField, source: DebugSource): DebugField | undefined {
  const { name, descriptor, accessFlags } = field
  const place = placeOf(field, source)
  return place && { name, descriptor, accessFlags, ...place }
}

function placeOf(field: JavaField, source: DebugSource): Pick<DebugField, 'token' | 'imageOffset' | 'constant'> {
  if (field.constantValue !== undefined) return { constant: field.constantValue }
  if (field.isStatic) return { imageOffset: source.statics.imageOffset(field) }
  return { token: source.layouts.get(field.owner)?.fieldTokens.get(field.name) ?? 0 }
}

function debugMethod(method: JavaMethod, classIndex: number, methods: BuiltMethods): DebugMethod | undefined {
  const place = methods.place(method)
  if (!place || method.name === STATIC_INITIALISER) return undefined
  return {
    class: classIndex,
    name: method.name,
    descriptor: method.descriptor,
    accessFlags: method.accessFlags,
    offset: place.offset,
    codeOffset: place.codeOffset,
    codeSizeBytes: place.bytecodeSizeBytes,
    lines: linesOf(method, place.instructions),
    variables: variablesOf(method, place),
  }
}

/** Where the line changes from one instruction to the next. */
function linesOf(
  { code }: JavaMethod,
  instructions: readonly { readonly pc: number; readonly offset: number }[],
): DebugLine[] {
  const lines: DebugLine[] = []
  for (const { pc, offset } of instructions) {
    const line = code && lineOf(code, pc)
    if (line !== undefined && lines.at(-1)?.line !== line) lines.push({ offset, line })
  }
  return lines
}

function variablesOf({ code }: JavaMethod, { offsetOf, variablePlace }: PlacedMethod): DebugVariable[] {
  return (code?.variables ?? [])
    .map((variable) => {
      const { name, descriptor, startPc, lengthBytes } = variable
      const { slot, isInt } = variablePlace?.(variable) ?? { slot: variable.slot, isInt: false }
      return {
        name,
        descriptor: descriptor === 'I' && !isInt ? 'S' : descriptor,
        slot,
        startOffset: offsetOf(startPc),
        endOffset: offsetOf(startPc + lengthBytes),
      }
    })
    .filter((one) => one.startOffset < one.endOffset)
    .toSorted((a, b) => a.startOffset - b.startOffset || a.slot - b.slot)
}
