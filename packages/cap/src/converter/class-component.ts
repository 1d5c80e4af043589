import {
  CLASS_FLAGS,
  type ClassComponent,
  type ClassInfo,
  type ClassRef,
  type InterfaceInfo,
  type RemoteInterfaceInfo,
} from '../capfile/cap-file.ts'
import { classInfoSizeBytes, interfaceInfoSizeBytes } from '../capfile/class-component.ts'
import { FORMAT_2_2, FORMAT_2_3, type FormatNumber } from '../capfile/component-codec.ts'
import type { ClassLayout, VirtualTable } from './class-layout.ts'
import type { ClassLibrary } from './class-library.ts'
import { type JavaClass, type JavaMethod, signatureKey } from './program.ts'
import { remoteInfoOf, type Sha1, SignaturePool, simpleNameOf } from './remote-types.ts'

/** In tables: the method is inherited from another package. */
const INHERITED_FROM_IMPORT = 0xffff

export interface ClassSource {
  readonly interfaces: readonly JavaClass[]
  /** Superclasses first. */
  readonly classes: readonly JavaClass[]
  readonly layouts: ReadonlyMap<string, ClassLayout>
  readonly library: ClassLibrary
  readonly format: FormatNumber
  /** Needed when a class is remote. */
  readonly sha1?: Sha1
}

export interface ClassTargets {
  classRef(name: string, offsets: { classOffset(name: string): number }): ClassRef
  methodOffset(method: JavaMethod): number
}

/** Offsets of all classes, which follow from sizes alone. */
export function classOffsetsOf(source: ClassSource): ReadonlyMap<string, number> {
  const offsets = new Map<string, number>()
  const anywhere: ClassTargets = { classRef: () => ({ kind: 'internal', classOffset: 0 }), methodOffset: () => 0 }
  const component = buildClasses(source, anywhere, offsets)
  for (const [i, one] of source.interfaces.entries()) offsets.set(one.name, component.interfaces[i]!.offset)
  for (const [i, one] of source.classes.entries()) offsets.set(one.name, component.classes[i]!.offset)
  return offsets
}

/** @source JCVM 3.1 §6.9 */
export function buildClasses(
  source: ClassSource,
  targets: ClassTargets,
  offsets: ReadonlyMap<string, number>,
): ClassComponent {
  const classOffset = (name: string): number => offsets.get(name) ?? 0
  const ref = (name: string): ClassRef => targets.classRef(name, { classOffset })
  const { format } = source
  const remoteInfos = new Map<string, RemoteInterfaceInfo>()
  const pool = new SignaturePool(ref)
  for (const one of source.classes.filter(({ name }) => source.library.isRemote(name))) {
    if (!source.sha1) throw new Error('assertion failed: remote classes without a digest are findings')
    remoteInfos.set(one.name, remoteInfoOf(source.layouts.get(one.name)!, source.library, pool, ref, source.sha1))
  }
  const signaturePool = format >= FORMAT_2_2 ? pool.emit() : undefined
  let offset = signaturePool ? 2 + signaturePool.length : 0
  const interfaces = source.interfaces.map((one): InterfaceInfo => {
    const info = interfaceInfoOf(one, source.library, ref)
    const placed = { ...info, offset }
    offset += interfaceInfoSizeBytes(info)
    return placed
  })
  const classes = source.classes.map((one): ClassInfo => {
    const remote = remoteInfos.get(one.name)
    const info = classInfoOf(source.layouts.get(one.name)!, source, ref, targets.methodOffset, remote)
    const placed = { ...info, offset }
    offset += classInfoSizeBytes(info, format)
    return placed
  })
  return { ...(signaturePool && { signaturePool }), interfaces, classes }
}

function interfaceInfoOf(
  one: JavaClass,
  library: ClassLibrary,
  ref: (name: string) => ClassRef,
): Omit<InterfaceInfo, 'offset'> {
  const shareable = library.isShareable(one.name) ? CLASS_FLAGS.ACC_SHAREABLE : 0
  const superinterfaces = library.interfaceClosure(one.interfaceNames).map(ref)
  const flags = CLASS_FLAGS.ACC_INTERFACE | shareable
  if (!library.isRemote(one.name)) return { flags, superinterfaces }
  return { flags: flags | CLASS_FLAGS.ACC_REMOTE, superinterfaces, interfaceName: simpleNameOf(one) }
}

function classInfoOf(
  layout: ClassLayout,
  { library, format }: ClassSource,
  ref: (name: string) => ClassRef,
  methodOffset: (method: JavaMethod) => number,
  remote: RemoteInterfaceInfo | undefined,
): Omit<ClassInfo, 'offset'> {
  const { class: one } = layout
  const entries = (table: VirtualTable): number[] =>
    table.entries.map((method) => (method ? methodOffset(method) : INHERITED_FROM_IMPORT))
  return {
    flags: (library.isShareable(one.name) ? CLASS_FLAGS.ACC_SHAREABLE : 0) | (remote ? CLASS_FLAGS.ACC_REMOTE : 0),
    superClass: ref(one.superName ?? 'java/lang/Object'),
    declaredInstanceSizeCells: layout.sizeCells,
    firstReferenceToken: layout.firstReferenceToken,
    referenceCount: layout.referenceCount,
    publicMethodTableBase: layout.publicTable.base,
    publicMethodTable: entries(layout.publicTable),
    packageMethodTableBase: layout.packageTable.base,
    packageMethodTable: entries(layout.packageTable),
    interfaces: library.interfaceClosure(one.interfaceNames).map((name) => ({
      interface: ref(name),
      index: library.interfaceMethods(name).map((method) => layout.tokens.get(signatureKey(method))?.token ?? 0),
    })),
    ...(remote && { remote }),
    ...(format >= FORMAT_2_3 && tokenMappingOf(layout)),
  }
}

const INTRODUCED_HERE = 0xff

/** Tokens of the superclass keep their numbers. @source JCVM 3.1 §6.9.2 */
function tokenMappingOf(
  layout: ClassLayout,
): Pick<ClassInfo, 'publicVirtualMethodTokenMapping' | 'cap22InheritablePublicMethodTokenCount'> {
  const { base, entries } = layout.publicTable
  return {
    publicVirtualMethodTokenMapping: Uint8Array.from({ length: base + entries.length }, (_, token) =>
      token < layout.inheritedPublicTokens ? token : INTRODUCED_HERE,
    ),
    cap22InheritablePublicMethodTokenCount: layout.publicTokens,
  }
}
