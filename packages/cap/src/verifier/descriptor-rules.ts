import {
  CLASS_DESCRIPTOR_FLAGS,
  CLASS_FLAGS,
  type ClassDescriptor,
  type ClassInfo,
  type FieldDescriptor,
  MEMBER_DESCRIPTOR_FLAGS,
  type MethodDescriptor,
} from '../capfile/cap-file.ts'
import { readMethodHeader } from '../capfile/method-component.ts'
import type { ClassNode } from './class-node.ts'
import type { MemberTypes } from './member-types.ts'
import type { ReportPackage } from './package-rules.ts'
import type { VerifyRule } from './verify-finding.ts'

const { ACC_PUBLIC, ACC_PRIVATE, ACC_PROTECTED, ACC_STATIC, ACC_FINAL, ACC_ABSTRACT, ACC_INIT } =
  MEMBER_DESCRIPTOR_FLAGS
const FIELD_FLAGS = ACC_PUBLIC | ACC_PRIVATE | ACC_PROTECTED | ACC_STATIC | ACC_FINAL
const NO_TOKEN = 0xff
const PACKAGE_VISIBLE = 0x80

type Report = (rule: Extract<VerifyRule, `descriptor-${string}`>, message: string) => void

/**
 * Descriptor by itself: it describes each class once, its flags do not contradict each other, and its tokens are those that
 * the places of methods in Class and the rules of numbering give.
 *
 * @source JCVM 3.1 §6.14, §4.3.7
 */
export function checkDescriptorRules(members: MemberTypes, report: ReportPackage): void {
  const { world } = members
  const described = new Set<ClassNode>()
  for (const one of world.cap.descriptor?.classes ?? []) {
    const node = world.find(one.thisClass)
    const reportHere: Report = (rule, message) => report(rule, message, { node })
    if (!node?.own && !node?.ownInterface) {
      reportHere('descriptor-missing', 'Descriptor describes a class that is not one of the package')
      continue
    }
    const [listed, implemented] = [one.interfaces, node.own?.interfaces.map((other) => other.interface) ?? []].map(
      (refs) =>
        refs
          .map((ref) => world.find(ref)?.name)
          .sort()
          .join(),
    )
    if (listed !== implemented)
      reportHere('descriptor-missing', `Descriptor lists the interfaces ${listed}, Class ${implemented}`)
    if (described.has(node)) reportHere('descriptor-missing', 'Descriptor describes the class twice')
    described.add(node)
    checkClassDescriptor(one, node, reportHere)
    checkFieldTokens(one.fields, reportHere)
    if (node.own) checkMethodTokens(one.methods, node.own, reportHere)
    else checkInterfaceMethods(one.methods, reportHere)
  }
  for (const node of world.ownClasses()) {
    if (!described.has(node)) report('descriptor-missing', 'Descriptor does not describe the class', { node })
  }
}

function checkClassDescriptor({ flags, token }: ClassDescriptor, node: ClassNode, report: Report): void {
  const isInterface = node.ownInterface !== undefined
  const {
    ACC_PUBLIC: PUBLIC,
    ACC_FINAL: FINAL,
    ACC_INTERFACE: INTERFACE,
    ACC_ABSTRACT: ABSTRACT,
  } = CLASS_DESCRIPTOR_FLAGS
  if (isInterface !== ((flags & INTERFACE) !== 0)) {
    report('descriptor-flags', 'only one of Class and Descriptor says interface')
  }
  if (flags & ~(PUBLIC | FINAL | INTERFACE | ABSTRACT)) report('descriptor-flags', `a class with flags ${flags}`)
  if (isInterface && !(flags & ABSTRACT)) report('descriptor-flags', 'an interface that is not abstract')
  if ((flags & FINAL) !== 0 && (flags & ABSTRACT) !== 0) report('descriptor-flags', 'a final class that is abstract')
  const isPublic = (flags & PUBLIC) !== 0
  if (isPublic !== (token !== NO_TOKEN)) report('descriptor-token', `class token ${token} with flags ${flags}`)
}

/** Public, protected, private or none of them, but not two. */
function isOneAccess(flags: number): boolean {
  const access = flags & (ACC_PUBLIC | ACC_PRIVATE | ACC_PROTECTED)
  return (access & (access - 1)) === 0
}

function isVisibleOutside(flags: number): boolean {
  return (flags & (ACC_PUBLIC | ACC_PROTECTED)) !== 0
}

/** Instance fields are left out: what converters write as their token differs. */
function checkFieldTokens(fields: readonly FieldDescriptor[], report: Report): void {
  for (const { flags, token, field } of fields) {
    if (!isOneAccess(flags) || flags & ~FIELD_FLAGS) report('descriptor-flags', `a field with flags ${flags}`)
    if (field.kind === 'static' && !isVisibleOutside(flags) && token !== NO_TOKEN) {
      report('descriptor-token', `token ${token} for a static field that is not visible outside`)
    }
  }
  const visible = fields.filter(({ field, flags }) => field.kind === 'static' && isVisibleOutside(flags))
  requireNumbered(visible, 'static fields', report)
}

/** Tokens from 0 on, each once, in any order. */
function requireNumbered(members: readonly { readonly token: number }[], what: string, report: Report): void {
  const tokens = members.map(({ token }) => token).sort((a, b) => a - b)
  if (tokens.some((token, i) => token !== i)) report('descriptor-token', `${what} are numbered ${tokens.join()}`)
}

function checkInterfaceMethods(methods: readonly MethodDescriptor[], report: Report): void {
  requireNumbered(methods, 'methods of an interface', report)
  for (const one of methods) {
    if (one.flags !== (ACC_PUBLIC | ACC_ABSTRACT))
      report('descriptor-flags', `an interface method with flags ${one.flags}`)
    if (one.methodOffset !== 0) report('descriptor-token', 'a method of an interface has a place in Method')
    if (one.bytecodeSizeBytes + one.exceptionHandlerCount + one.exceptionHandlerIndex > 0) {
      report('descriptor-handlers', 'a method of an interface has byte code or handlers')
    }
  }
}

function checkMethodTokens(methods: readonly MethodDescriptor[], own: ClassInfo, report: Report): void {
  const offsets = methods.map((one) => one.methodOffset)
  if (new Set(offsets).size !== offsets.length) report('descriptor-token', 'a method is described twice')
  for (const one of methods) {
    checkMethodFlags(one, report)
    const { flags, token, methodOffset } = one
    if (!isVirtual(flags)) {
      if (!isVisibleOutside(flags) && token !== NO_TOKEN) {
        report('descriptor-token', `token ${token} for a method that is neither virtual nor visible outside`)
      }
    } else if (methodInTable(own, token) !== methodOffset || isVisibleOutside(flags) === token >= PACKAGE_VISIBLE) {
      report('descriptor-token', `virtual method ${token} stands elsewhere in the tables of its class`)
    }
  }
  const visible = methods.filter(({ flags }) => !isVirtual(flags) && isVisibleOutside(flags))
  requireNumbered(visible, 'static methods and constructors', report)
}

/** Found through a table of its class. */
function isVirtual(flags: number): boolean {
  return (flags & (ACC_STATIC | ACC_INIT | ACC_PRIVATE)) === 0
}

function methodInTable(own: ClassInfo, token: number): number | undefined {
  return token & PACKAGE_VISIBLE
    ? own.packageMethodTable[(token & 0x7f) - own.packageMethodTableBase]
    : own.publicMethodTable[token - own.publicMethodTableBase]
}

function checkMethodFlags({ flags }: MethodDescriptor, report: Report): void {
  const known = FIELD_FLAGS | ACC_ABSTRACT | ACC_INIT
  const isAbstractWithCode =
    (flags & ACC_ABSTRACT) !== 0 && (flags & (ACC_PRIVATE | ACC_STATIC | ACC_FINAL | ACC_INIT)) !== 0
  const isOddConstructor = (flags & ACC_INIT) !== 0 && (flags & (ACC_STATIC | ACC_FINAL)) !== 0
  if (!isOneAccess(flags) || flags & ~known || isAbstractWithCode || isOddConstructor) {
    report('descriptor-flags', `a method with flags ${flags}`)
  }
}

/**
 * ACC_SHAREABLE stands on interfaces that extend Shareable and on classes that implement such, ACC_REMOTE likewise.
 * @source JCVM 3.1 §6.9
 */
export function checkClassFlags(members: MemberTypes, node: ClassNode, report: ReportPackage): void {
  const flags = (node.own ?? node.ownInterface)?.flags ?? 0
  const above = allInterfaces(node)
  if ([...above].some((one) => !one.isKnown)) return
  for (const [name, flag] of [
    ['javacard/framework/Shareable', CLASS_FLAGS.ACC_SHAREABLE],
    ['java/rmi/Remote', CLASS_FLAGS.ACC_REMOTE],
  ] as const) {
    const isAbove = above.has(members.world.named(name))
    if (isAbove === ((flags & flag) !== 0)) continue
    report('class-flags', `${isAbove ? 'below' : 'not below'} ${name}, with flags ${flags}`, { node })
  }
}

function allInterfaces(node: ClassNode): Set<ClassNode> {
  const all = new Set<ClassNode>()
  const pending = [node]
  for (let at = pending.pop(); at; at = pending.pop()) {
    for (const one of [...at.interfaces, ...(at.superClass ? [at.superClass] : [])]) {
      if (all.has(one)) continue
      all.add(one)
      pending.push(one)
    }
  }
  return all
}

/** The handlers Descriptor gives a method are those whose range lies in it. @source JCVM 3.1 §6.14.3 */
export function checkHandlerIndex(members: MemberTypes, report: ReportPackage): void {
  const { cap } = members.world
  for (const [methodOffset, { owner, descriptor }] of members.describedMethods()) {
    const { codeOffset } = readMethodHeader(cap.methods, methodOffset)
    const end = codeOffset + descriptor.bytecodeSizeBytes
    const own = cap.methods.handlers.flatMap(({ startOffset }, i) =>
      startOffset >= codeOffset && startOffset < end ? [i] : [],
    )
    const { exceptionHandlerCount: count, exceptionHandlerIndex: index } = descriptor
    const isRight =
      own.length === 0 ? count === 0 && index === 0 : count === own.length && own.every((one, i) => one === index + i)
    if (isRight) continue
    const message = `Descriptor gives ${count} handlers from ${index} on, those of the method are ${own.join() || 'none'}`
    report('descriptor-handlers', message, { node: owner, methodOffset })
  }
}
