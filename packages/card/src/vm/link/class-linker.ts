import { type CapFile, CLASS_FLAGS, type ClassInfo, type InterfaceInfo } from '@gridcard/cap'
import { linkError } from './link-error.ts'
import {
  type InterfaceMethods,
  LinkedClass,
  type LinkedMethod,
  type LinkedPackage,
  RETURNS_UNKNOWN,
  type RemoteClass,
  type RemoteInterface,
} from './linked-package.ts'
import type { References } from './references.ts'

const METHOD_ELSEWHERE = 0xffff
const MAX_INSTANCE_BYTES = 0x7fff

/** Builds the classes of a package, superclasses first, into `references.classes`. @source JCVM 3.1 §6.9, §4.3.7 */
export function linkClasses(cap: CapFile, owner: LinkedPackage, references: References): LinkedClass[] {
  const tokens = exportedTokens(cap)
  const linked: LinkedClass[] = []
  const interfaceReturns = new Map<LinkedClass, number[]>()
  const infos = new Map<number, InterfaceInfo>(cap.classes.interfaces.map((one) => [one.offset, one]))
  const inProgress = new Set<number>()

  const linkInterface = (info: InterfaceInfo): LinkedClass => {
    const known = references.classes.get(info.offset)
    if (known) return known
    if (inProgress.has(info.offset)) {
      throw linkError('CARD_LINK_BAD_CLASS', owner.name, 'an interface extends itself')
    }
    inProgress.add(info.offset)
    const interfaces = info.superinterfaces.map((ref) => {
      const own = ref.kind === 'internal' ? infos.get(ref.classOffset) : undefined
      return own ? linkInterface(own) : references.classOf(ref)
    })
    const returns: number[] = []
    const one = new LinkedClass({
      ...common(owner, cap.classes.interfaces.indexOf(info), info.offset),
      isInterface: true,
      isShareable: (info.flags & CLASS_FLAGS.ACC_SHAREABLE) !== 0,
      superClass: undefined,
      interfaces: [...new Set(interfaces.flatMap((extended) => [...extended.supertypes]))],
      fieldBytes: 0,
      hiddenBytes: 0,
      referenceCells: [],
      virtualMethods: [],
      packageMethods: [],
      interfaceReturnWords: returns,
      remote: remoteInterface(cap, info),
      ...exportsOf(cap, tokens, info.offset, references),
      findInterfaceMethods: () => [],
    })
    interfaceReturns.set(one, returns)
    references.classes.set(info.offset, one)
    return one
  }

  const linkClass = (info: ClassInfo, index: number): LinkedClass => {
    const superClass = info.superClass && references.classOf(info.superClass)
    if (superClass === undefined || superClass.isInterface) {
      throw linkError('CARD_LINK_BAD_CLASS', owner.name, `class at Class+${info.offset} has no superclass`)
    }
    const implemented = new Map<LinkedClass, readonly number[]>()
    for (const one of info.interfaces) implemented.set(references.classOf(one.interface), one.index)
    const fieldBytes = superClass.fieldBytes + info.declaredInstanceSizeCells * 2
    if (fieldBytes + superClass.hiddenBytes > MAX_INSTANCE_BYTES) {
      throw linkError('CARD_LINK_TOO_LARGE', owner.name, `instances of the class at Class+${info.offset}`)
    }
    const isSamePackage = superClass.package === owner
    const one = new LinkedClass({
      ...common(owner, cap.classes.interfaces.length + index, info.offset),
      isInterface: false,
      isShareable:
        (info.flags & CLASS_FLAGS.ACC_SHAREABLE) !== 0 ||
        superClass.isShareable ||
        [...implemented.keys()].some((interfaceClass) => interfaceClass.isShareable),
      superClass,
      interfaces: [...implemented.keys()].flatMap((interfaceClass) => [...interfaceClass.supertypes]),
      fieldBytes,
      hiddenBytes: superClass.hiddenBytes,
      referenceCells: referenceCells(superClass, info),
      virtualMethods: methodTable(
        superClass.virtualMethods,
        info.publicMethodTableBase,
        info.publicMethodTable,
        references,
      ),
      packageMethods: methodTable(
        isSamePackage ? superClass.packageMethods : [],
        info.packageMethodTableBase,
        info.packageMethodTable,
        references,
      ),
      interfaceReturnWords: [],
      remote: remoteClass(cap, info, references),
      ...exportsOf(cap, tokens, info.offset, references),
      findInterfaceMethods: (receiver, wanted): InterfaceMethods => {
        const own = implemented.get(wanted)
        if (own) return own.map((token) => receiver.virtualMethods[token])
        return superClass.findInterfaceMethods(receiver, wanted)
      },
    })
    references.classes.set(info.offset, one)
    return one
  }

  linked.push(...cap.classes.interfaces.map(linkInterface), ...cap.classes.classes.map(linkClass))
  inferReturnWords(linked, interfaceReturns)
  return linked
}

function remoteInterface(cap: CapFile, info: InterfaceInfo): RemoteInterface | undefined {
  const { interfaceName } = info
  return interfaceName === undefined
    ? undefined
    : { kind: 'interface', packageName: cap.header.packageName ?? '', name: interfaceName }
}

function remoteClass(cap: CapFile, info: ClassInfo, references: References): RemoteClass | undefined {
  const { remote } = info
  return (
    remote && {
      kind: 'class',
      packageName: cap.header.packageName ?? '',
      name: remote.className,
      hashModifier: remote.hashModifier,
      methods: remote.methods,
      interfaces: remote.interfaces.map((ref) => references.classOf(ref)),
      signaturePool: cap.classes.signaturePool ?? new Uint8Array(),
    }
  )
}

/** Own fields follow those of loaded superclasses; hidden cells of a native superclass move up behind them. */
function referenceCells(superClass: LinkedClass, info: ClassInfo): number[] {
  const inheritedFields = superClass.fieldBytes >> 1
  const declared = info.declaredInstanceSizeCells
  const inherited = superClass.referenceCells.map((cell) => (cell < inheritedFields ? cell : cell + declared))
  const first = info.firstReferenceToken
  const count = Math.max(0, Math.min(info.referenceCount, declared - first))
  return [...inherited, ...Array.from({ length: count }, (_, i) => inheritedFields + first + i)]
}

const common = (owner: LinkedPackage, index: number, offset: number) => ({
  package: owner,
  index,
  name: `${owner.name} Class+0x${offset.toString(16)}`,
  capOffset: offset,
})

/** Class token by offset. */
function exportedTokens(cap: CapFile): Map<number, number> {
  return new Map(cap.export?.classes.map((one, token) => [one.classOffset, token]))
}

function exportsOf(cap: CapFile, tokens: Map<number, number>, classOffset: number, references: References) {
  const token = tokens.get(classOffset)
  const exported = token === undefined ? undefined : cap.export?.classes[token]
  return {
    staticMethods: exported?.staticMethodOffsets.map((offset) => references.methodAt(offset)) ?? [],
    staticFieldOffsets: exported?.staticFieldOffsets ?? [],
  }
}

/** Inherited methods, with those of this class over them. @source JCVM 3.1 §6.9.2 */
function methodTable(
  inherited: readonly (LinkedMethod | undefined)[],
  base: number,
  offsets: readonly number[],
  references: References,
): (LinkedMethod | undefined)[] {
  const table = inherited.slice()
  offsets.forEach((offset, i) => {
    if (offset !== METHOD_ELSEWHERE) table[base + i] = references.methodAt(offset)
  })
  return table
}

function inferFromOverriding(
  methods: readonly (LinkedMethod | undefined)[],
  overriding: readonly (LinkedMethod | undefined)[],
  owner: LinkedPackage,
): void {
  methods.forEach((method, token) => {
    const isOpen = method?.returnWords === RETURNS_UNKNOWN && method.package === owner
    if (isOpen) method.returnWords = overriding[token]?.returnWords ?? RETURNS_UNKNOWN
  })
}

/**
 * A CAP file without Descriptor does not say what abstract methods return; their implementations do. Where none is in
 * the package it stays unknown, and the caller's stack is watched at run time.
 */
function inferReturnWords(classes: readonly LinkedClass[], interfaceReturns: ReadonlyMap<LinkedClass, number[]>): void {
  for (const one of classes) {
    for (let above = one.superClass; above !== undefined; above = above.superClass) {
      inferFromOverriding(above.virtualMethods, one.virtualMethods, one.package)
      // Tokens of package-visible methods mean nothing in another package.
      if (above.package === one.package) inferFromOverriding(above.packageMethods, one.packageMethods, one.package)
    }
    if (one.isInterface) continue
    for (const [interfaceClass, returns] of interfaceReturns) {
      if (!one.isKindOf(interfaceClass)) continue
      one.interfaceMethods(interfaceClass).forEach((method, token) => {
        const known = method?.returnWords ?? RETURNS_UNKNOWN
        if ((returns[token] ?? RETURNS_UNKNOWN) === RETURNS_UNKNOWN) returns[token] = known
      })
    }
  }
}
