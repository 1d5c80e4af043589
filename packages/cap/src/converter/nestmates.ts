import { ACC } from '../classfile/class-file.ts'
import type { MemberRef } from '../classfile/jvm-instruction.ts'
import type { Findings } from './findings.ts'
import { CONSTRUCTOR, isPrivate, type JavaClass, type JavaMethod, signatureKey } from './program.ts'

/**
 * From Java 11 on class files let the classes of a nest (a class and what is written inside it) use each other's private
 * members; before, compilers wrote accessors for that. A card knows no nests: what another class uses becomes visible in
 * the package, as the accessor would be.
 *
 * @source JVMS 17 §5.4.4; JCVM 3.1 §6.14.3, §6.14.4 (ACC_PRIVATE: of the class alone)
 */
export function openNests(classes: readonly JavaClass[], findings: Findings): readonly JavaClass[] {
  const byName = new Map(classes.map((one) => [one.name, one]))
  const opened = new Set<string>()
  for (const one of classes) {
    for (const { member, pc, method } of usesOf(one)) {
      const owner = member.owner === one.name ? undefined : byName.get(member.owner)
      const target = owner && [...owner.fields, ...owner.methods].find((own) => isNamed(own, member) && isPrivate(own))
      if (!owner || !target) continue
      if (isDispatched(target) && isDeclaredElsewhere(target, owner, classes)) {
        const message = `${member.name} is private in ${owner.name.replaceAll('/', '.')}, and a subclass or superclass has one too`
        findings.add({ class: one, method, pc }, message, 'give it another name, or compile for Java 8')
      } else opened.add(keyOf(target))
    }
  }
  if (opened.size === 0) return classes
  const open = <T extends MemberOfClass>(own: T): T =>
    opened.has(keyOf(own)) ? { ...own, accessFlags: own.accessFlags & ~ACC.PRIVATE } : own
  return classes.map((one) => ({ ...one, fields: one.fields.map(open), methods: one.methods.map(open) }))
}

interface MemberOfClass {
  readonly owner: string
  readonly name: string
  readonly descriptor: string
  readonly accessFlags: number
}

function* usesOf(
  one: JavaClass,
): Generator<{ readonly member: MemberRef; readonly pc: number; readonly method: JavaMethod }> {
  for (const method of one.methods) {
    for (const instruction of method.code?.instructions ?? []) {
      const { kind } = instruction
      if (kind !== 'getField' && kind !== 'putField' && kind !== 'invoke') continue
      yield { member: instruction.member, pc: instruction.pc, method }
    }
  }
}

function isNamed(own: MemberOfClass, member: MemberRef): boolean {
  return own.name === member.name && own.descriptor === member.descriptor
}

/** It will have a place in the method table, where overriding counts. */
function isDispatched(own: MemberOfClass): boolean {
  return own.descriptor.startsWith('(') && !(own.accessFlags & ACC.STATIC) && own.name !== CONSTRUCTOR
}

/** Two private methods of one name do not override each other; once visible they would. */
function isDeclaredElsewhere(own: MemberOfClass, owner: JavaClass, classes: readonly JavaClass[]): boolean {
  return classes.some((one) => one !== owner && one.methods.some((other) => signatureKey(other) === signatureKey(own)))
}

function keyOf({ owner, name, descriptor }: MemberOfClass): string {
  return `${owner}.${name} ${descriptor}`
}
