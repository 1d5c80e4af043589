import {
  type CapFile,
  type ClassInfo,
  type ClassRef,
  METHOD_FLAGS,
  type MethodDescriptor,
  STATIC_ARRAY_TYPES,
} from '../capfile/cap-file.ts'
import { readMethodHeader } from '../capfile/method-component.ts'
import { namedMethodOffsets } from '../instructions/method-code.ts'
import {
  type ClassNode,
  isSameType,
  isSubclassOf,
  type ObjectType,
  type ValueType,
  valueTypeText,
  wordsOf,
} from './class-node.ts'
import { isSameSignature, type Signature } from './class-world.ts'
import { checkClassFlags, checkDescriptorRules, checkHandlerIndex } from './descriptor-rules.ts'
import { type FieldFact, isMissing, type MemberTypes, type MethodFact, type Missing } from './member-types.ts'
import type { VerifyRule } from './verify-finding.ts'

export interface PackagePlace {
  readonly node?: ClassNode | undefined
  readonly methodOffset?: number
}
export type ReportPackage = (rule: VerifyRule, message: string, place?: PackagePlace) => void

const INHERITED_FROM_OTHER_PACKAGE = 0xffff
const PACKAGE_VISIBLE = 0x80
const NO_TOKEN = 0xff
const CLASS_HAS_NO_TYPE = 0xffff

/** What has to hold between classes, fields and methods before any byte code is looked at. */
export function checkPackageRules(members: MemberTypes, report: ReportPackage): void {
  const { cap } = members.world
  for (const node of members.world.ownClasses()) checkClass(members, node, report)
  checkApplets(members, report)
  if (!cap.descriptor) return
  checkDescriptorRules(members, report)
  checkMethods(members, report)
  checkHandlerIndex(members, report)
  checkFields(members, report)
  checkConstantTypes(members, report)
}

/** Types of unknown imports go by different names, so they pass for each other. */
function isSame(a: ValueType, b: ValueType): boolean {
  return isSameType(a, b) || a === 'unknown' || b === 'unknown' || isUnknown(a) || isUnknown(b)
}

function isUnknown(type: ValueType): boolean {
  if (typeof type === 'string') return false
  const node = (type as ObjectType).kind === 'class' ? (type as { class: ClassNode }).class : elementOf(type)
  return node !== undefined && !node.isKnown
}

function elementOf(type: ObjectType): ClassNode | undefined {
  return type.kind === 'array' && typeof type.element !== 'string' ? type.element : undefined
}

function signatureText({ parameters, returns }: Signature): string {
  return `(${parameters.map(valueTypeText).join(', ')}) ${valueTypeText(returns)}`
}

function checkClass(members: MemberTypes, node: ClassNode, report: ReportPackage): void {
  const { own, ownInterface } = node
  const refs = own ? own.interfaces.map((one) => one.interface) : (ownInterface?.superinterfaces ?? [])
  for (const ref of refs) {
    const above = members.world.find(ref)
    if (!above) report('no-such-member', 'an interface that its package does not have', { node })
    else if (above.isInterface === false) report('class-hierarchy', `${above.name} is no interface`, { node })
  }
  checkClassFlags(members, node, report)
  if (!own) return
  checkSuperclass(members, node, own, report)
  if (!members.world.cap.descriptor) return
  checkTable(members, node, own, report)
  checkInterfaces(members, node, own, report)
  if (!node.isAbstract) checkNotAbstract(members, node, own, report)
}

function checkSuperclass(members: MemberTypes, node: ClassNode, own: ClassInfo, report: ReportPackage): void {
  const above = own.superClass && members.world.find(own.superClass)
  if (!own.superClass) report('class-hierarchy', 'no superclass: only java.lang.Object has none', { node })
  if (own.superClass && !above) report('no-such-member', 'a superclass that its package does not have', { node })
  if (above?.isInterface) report('class-hierarchy', `the superclass ${above.name} is an interface`, { node })
  if (above?.isFinal) report('class-hierarchy', `the superclass ${above.name} is final`, { node })
}

function checkTable(members: MemberTypes, node: ClassNode, own: ClassInfo, report: ReportPackage): void {
  checkTables(node, own, report)
  own.publicMethodTable.forEach((offset, i) => {
    checkEntry(members, node, own.publicMethodTableBase + i, offset, report)
  })
  own.packageMethodTable.forEach((offset, i) => {
    checkEntry(members, node, PACKAGE_VISIBLE | (own.packageMethodTableBase + i), offset, report)
  })
}

/** @source JCVM 3.1 §4.3.7.6: public virtual tokens of a class are 0 to 127 */
const MOST_VIRTUAL_METHODS = 128

/**
 * A table goes on where that of the superclass ends, or begins before and overrides; it leaves out none behind its first.
 * What an imported superclass has depends on the version that the card has of it, so its last methods may be missing.
 *
 * @source JCVM 3.1 §6.9.2 public_method_table_count, package_method_table_count
 */
function checkTables(node: ClassNode, own: ClassInfo, report: ReportPackage): void {
  const inherited = node.superClass?.own
  const bad = (message: string) => report('method-table', message, { node })
  if (own.publicMethodTableBase + own.publicMethodTable.length > MOST_VIRTUAL_METHODS) bad('more than 128 methods')
  if (node.superClass?.api) {
    const known = node.superClass.api.methods.filter(({ space }) => space === 'virtual').length
    if (own.publicMethodTableBase > known)
      bad(`the table begins at ${own.publicMethodTableBase}, ${known} are inherited`)
    if (own.packageMethodTableBase !== 0) bad('package-visible methods of another package')
  }
  if (!inherited) return
  for (const [space, base] of [
    ['publicMethodTable', 'publicMethodTableBase'],
    ['packageMethodTable', 'packageMethodTableBase'],
  ] as const) {
    const [end, least] = [own[base] + own[space].length, inherited[base] + inherited[space].length]
    if (own[base] > least) bad(`the table begins at virtual method ${own[base]}, the superclass has ${least}`)
    if (end < least) bad(`the table ends before virtual method ${end}, the superclass has ${least}`)
  }
}

function checkEntry(members: MemberTypes, node: ClassNode, token: number, offset: number, report: ReportPackage): void {
  const inherited = node.superClass && members.virtual(node.superClass, token)
  if (offset === INHERITED_FROM_OTHER_PACKAGE) {
    if (inherited && isMissing(inherited) && inherited.missing === 'absent') {
      report('no-such-member', `virtual method ${token} is inherited from nowhere`, { node })
    }
    return
  }
  const method = members.own(offset)
  if (isMissing(method)) return // a method that is not in Descriptor is reported once, as such
  if (method.kind !== 'instance')
    report('method-kind', `virtual method ${token} is ${method.kind}`, { node, methodOffset: offset })
  if (method.declaring && isSubclassOf(node, method.declaring) === 'no') {
    report('class-hierarchy', `virtual method ${token} is one of ${method.declaring.name}`, {
      node,
      methodOffset: offset,
    })
  }
  if (inherited && !isMissing(inherited) && inherited.methodOffset !== offset) {
    checkOverride(node, token, method, inherited, report)
  }
}

function checkOverride(
  node: ClassNode,
  token: number,
  method: MethodFact,
  inherited: MethodFact,
  report: ReportPackage,
): void {
  const place = { node, ...(method.methodOffset !== undefined && { methodOffset: method.methodOffset }) }
  if (!isSameSignature(method, inherited, isSame)) {
    const texts = `${signatureText(method)}, not ${signatureText(inherited)}`
    report('override-type', `virtual method ${token} has ${texts}`, place)
  }
  if (isMoreVisible(inherited, method)) report('override-type', `virtual method ${token} is less visible`, place)
  if (inherited.isFinal) report('override-type', `virtual method ${token} is final in the superclass`, place)
}

const VISIBILITY = { private: 0, package: 1, protected: 2, public: 3 } as const

function isMoreVisible(one: MethodFact, other: MethodFact): boolean {
  return one.access !== undefined && other.access !== undefined && VISIBILITY[one.access] > VISIBILITY[other.access]
}

function checkInterfaces(members: MemberTypes, node: ClassNode, own: ClassInfo, report: ReportPackage): void {
  for (const { interface: ref, index } of own.interfaces) {
    const above = members.world.find(ref)
    if (!above) continue
    const { api } = above
    const wanted = api?.methods.filter(({ space }) => space === 'interface').length
    if (wanted !== undefined && index.length < wanted) {
      report('interface-map', `${index.length} of ${wanted} methods of ${above.name}`, { node })
    }
    const missing = members.declaredTokens(above).filter((token) => token >= index.length)
    if (missing.length > 0) report('interface-map', `nothing for method ${missing[0]} of ${above.name}`, { node })
    for (const one of above.interfaces) {
      if (!listsInterface(node, one)) report('interface-map', `${above.name} without ${one.name} above it`, { node })
    }
    index.forEach((token, i) => {
      const declared = members.promisedInterfaceMethod(above, i)
      const given = members.virtual(node, token)
      if (isMissing(given)) {
        if (given.missing === 'absent') report('interface-map', `method ${i} of ${above.name}: ${given.text}`, { node })
      } else if (declared && !isSameSignature(given, declared, isSame)) {
        const texts = `${signatureText(given)}, not ${signatureText(declared)}`
        report('interface-map', `method ${i} of ${above.name} has ${texts}`, { node })
      } else if (given.access !== 'public' && given.access !== undefined) {
        report('interface-map', `method ${i} of ${above.name} is not public`, { node })
      }
    })
  }
}

/** Calls look for the very interface, in the class and its superclasses. */
function listsInterface(node: ClassNode, wanted: ClassNode): boolean {
  for (let at: ClassNode | undefined = node; at; at = at.superClass) {
    if (at.interfaces.includes(wanted) || !at.isKnown) return true
  }
  return !wanted.isKnown
}

function checkNotAbstract(members: MemberTypes, node: ClassNode, own: ClassInfo, report: ReportPackage): void {
  const tokens = own.publicMethodTableBase + own.publicMethodTable.length
  for (let token = 0; token < tokens; token++) requireNotAbstract(members, node, token, report)
  for (let i = 0; i < own.packageMethodTableBase + own.packageMethodTable.length; i++) {
    requireNotAbstract(members, node, PACKAGE_VISIBLE | i, report)
  }
  for (let at = node.superClass; at; at = at.superClass) {
    if (!at.api) continue
    for (const { space, token } of at.api.methods) {
      if (space === 'virtual' && token >= tokens) requireNotAbstract(members, node, token, report)
    }
    return
  }
}

function requireNotAbstract(members: MemberTypes, node: ClassNode, token: number, report: ReportPackage): void {
  const method = members.virtual(node, token)
  if (!isMissing(method) && method.isAbstract) {
    report('abstract-method', `virtual method ${token} is abstract`, { node })
  }
}

/** @source JCVM 3.1 §6.6 */
function checkApplets(members: MemberTypes, report: ReportPackage): void {
  const { cap } = members.world
  for (const { installMethodOffset } of cap.applet?.applets ?? []) {
    const place = { methodOffset: installMethodOffset }
    const install = members.own(installMethodOffset)
    if (isMissing(install)) continue
    if (install.kind === undefined) {
      if (install.parameters.length !== 3) report('applet-install', 'install does not take three words', place)
      continue
    }
    const isRight = install.kind === 'static' && signatureText(install) === '(byte[], short, byte) void'
    if (!isRight) report('applet-install', `install is ${install.kind} ${signatureText(install)}`, place)
  }
}

function checkMethods(members: MemberTypes, report: ReportPackage): void {
  const { cap } = members.world
  const described = members.describedMethods()
  for (const methodOffset of namedMethodOffsets(cap)) {
    if (!described.has(methodOffset)) report('descriptor-missing', 'the method is not in Descriptor', { methodOffset })
  }
  let endOfLast = 0
  for (const [methodOffset, { owner, descriptor }] of [...described].sort(([a], [b]) => a - b)) {
    const place = { node: owner, methodOffset }
    const fact = members.own(methodOffset)
    if (isMissing(fact)) report('descriptor-type', fact.text, place)
    else checkHeader(cap, descriptor, fact, (message) => report('descriptor-header', message, place))
    if (methodOffset < endOfLast) report('descriptor-header', 'the method begins inside the one before it', place)
    endOfLast = readMethodHeader(cap.methods, methodOffset).codeOffset + descriptor.bytecodeSizeBytes
  }
}

function checkHeader(
  cap: CapFile,
  descriptor: MethodDescriptor,
  fact: MethodFact,
  report: (message: string) => void,
): void {
  const header = readMethodHeader(cap.methods, descriptor.methodOffset)
  const words = fact.parameters.reduce((sum, type) => sum + wordsOf(type), fact.kind === 'static' ? 0 : 1)
  if (words !== header.nargs)
    report(`the header has ${header.nargs} argument words, ${signatureText(fact)} has ${words}`)
  const isAbstract = (header.flags & METHOD_FLAGS.ACC_ABSTRACT) !== 0
  if (isAbstract !== fact.isAbstract) report('only one of header and Descriptor says abstract')
  if (isAbstract !== (descriptor.bytecodeSizeBytes === 0)) {
    report(isAbstract ? 'an abstract method with byte code' : 'no byte code in a method that is not abstract')
  }
  if (fact.kind === 'constructor' && fact.returns !== 'void') report('a constructor that returns something')
}

/** Fields of each type lie in the part of the image or instance that is for their type. */
function checkFields(members: MemberTypes, report: ReportPackage): void {
  const { cap } = members.world
  const taken = new Map<number, string>()
  const cells = new Map<ClassNode, Map<number, number>>()
  for (const node of members.world.ownClasses()) if (node.own) cells.set(node, new Map())
  for (const one of cap.descriptor?.classes ?? []) {
    const node = members.world.find(one.thisClass)
    for (const { field, type } of one.fields) {
      const fieldType = members.fieldType(type)
      if (fieldType === undefined) report('descriptor-type', `no field type at ${type}`, { node })
      else if (field.kind === 'instance') checkInstanceField(members, field, fieldType, cells, report)
      else if (field.ref.kind === 'internal') {
        checkStaticField(cap, field.ref.imageOffset, fieldType, taken, (message) =>
          report('field-layout', message, { node }),
        )
      }
    }
  }
  for (const [node, taken] of cells) {
    if (node.own!.referenceCount === 0 && node.own!.firstReferenceToken !== NO_TOKEN) {
      report('field-layout', 'a first reference among no references', { node })
    }
    if (taken.size >= node.own!.declaredInstanceSizeCells) continue
    report('field-layout', `${node.own!.declaredInstanceSizeCells} cells, Descriptor has fields in ${taken.size}`, {
      node,
    })
  }
}

function checkInstanceField(
  members: MemberTypes,
  { class: ref, token }: { readonly class: ClassRef; readonly token: number },
  type: ValueType,
  cells: Map<ClassNode, Map<number, number>>,
  report: ReportPackage,
): void {
  const node = members.world.find(ref)
  const own = node?.own
  if (!own) {
    report('field-layout', `field ${token} of something that is no class here`, { node })
    return
  }
  const taken = cells.get(node) ?? new Map<number, number>()
  cells.set(node, taken)
  for (let cell = token; cell < token + wordsOf(type); cell++) {
    const index = cell - own.firstReferenceToken
    const isInReferences = own.referenceCount > 0 && index >= 0 && index < own.referenceCount
    if (cell >= own.declaredInstanceSizeCells) {
      report('field-layout', `field ${token} is behind the end of the instance`, { node })
    } else if (isInReferences !== (typeof type === 'object')) {
      const place = isInReferences ? 'among' : 'outside'
      report('field-layout', `field ${token} of type ${valueTypeText(type)} lies ${place} the references`, { node })
    }
    const other = taken.get(cell)
    if (other !== undefined) report('field-layout', `fields ${other} and ${token} overlap`, { node })
    taken.set(cell, token)
  }
}

const INITIAL_ARRAY_TYPES: ReadonlyMap<number, string> = new Map(
  Object.entries(STATIC_ARRAY_TYPES).map(([word, type]) => [type, word]),
)

const STATIC_SIZES_BYTES: Readonly<Record<string, number>> = { boolean: 1, byte: 1, short: 2, int: 4 }

function checkStaticField(
  { staticFields }: CapFile,
  imageOffset: number,
  type: ValueType,
  taken: Map<number, string>,
  report: (message: string) => void,
): void {
  const size = typeof type === 'object' ? 2 : STATIC_SIZES_BYTES[type]!
  const references = staticFields.referenceCount * 2
  const text = valueTypeText(type)
  if (imageOffset + size > staticFields.imageSizeBytes) report(`static field ${imageOffset} reaches out of the image`)
  if (typeof type === 'object' ? imageOffset >= references || imageOffset % 2 !== 0 : imageOffset < references) {
    report(`static field ${imageOffset} of type ${text} lies where such fields do not`)
  }
  const initial = staticFields.arrayInits[imageOffset / 2]
  if (initial && text !== `${INITIAL_ARRAY_TYPES.get(initial.type)}[]`) {
    report(
      `static field ${imageOffset} of type ${text} begins with an array of ${INITIAL_ARRAY_TYPES.get(initial.type)}`,
    )
  }
  for (let at = imageOffset; at < imageOffset + size; at++) {
    const key = `${imageOffset} ${text}`
    const other = taken.get(at)
    if (other !== undefined && other !== key) report(`static fields overlap at ${at}`)
    taken.set(at, key)
  }
}

/** What Descriptor says of each constant pool entry is what the entry names. @source JCVM 3.1 §6.14.4 */
function checkConstantTypes(members: MemberTypes, report: ReportPackage): void {
  const { cap } = members.world
  const claimed = cap.descriptor!.types.constantPoolTypes
  for (const [i, entry] of cap.constantPool.entries()) {
    const type = claimed[i]!
    const bad: ReportConstant = (message) => report('constant-type', `constant ${i}: ${message}`)
    if (entry.kind === 'class') {
      if (type !== CLASS_HAS_NO_TYPE) bad('a class with a type')
      if (!members.world.find(entry.class)) report('no-such-member', `constant ${i}: no such class`)
    } else if (entry.kind === 'staticField' || entry.kind === 'instanceField') {
      const fact = members.fieldOfEntry(i)
      if (isMissing(fact)) reportMissing(i, fact, report)
      else checkFieldConstant(members.fieldType(type), fact, bad)
    } else {
      const fact = members.ofEntry(i)
      if (isMissing(fact)) reportMissing(i, fact, report)
      else checkMethodConstant(members.signatureAt(type), fact, bad)
    }
  }
}

type ReportConstant = (message: string) => void

function checkFieldConstant(claimed: ValueType | undefined, fact: FieldFact, bad: ReportConstant): void {
  if (claimed === undefined) bad('its type is no type of a field')
  else if (!isSame(claimed, fact.type)) bad(`${valueTypeText(claimed)}, not ${valueTypeText(fact.type)}`)
}

function checkMethodConstant(claimed: Signature | undefined, fact: MethodFact, bad: ReportConstant): void {
  if (!claimed) bad('its type is no signature')
  else if (!isSameSignature(claimed, fact, isSame)) bad(`${signatureText(claimed)}, not ${signatureText(fact)}`)
}

function reportMissing(index: number, { missing, text }: Missing, report: ReportPackage): void {
  if (missing === 'absent') report('no-such-member', `constant ${index}: ${text}`)
  if (missing === 'undescribed') report('descriptor-missing', `constant ${index}: ${text}`)
}
